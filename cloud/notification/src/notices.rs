//! Notices: messages that an admin or another service writes to one person.
//!
//! Invariants: the recipient has an open account in auth. The notice is recorded with its author
//! before its inbox line is written. An author's idempotency key creates one notice, however often
//! it arrives.

use platform::upstream::UpstreamError;
use process::problem::{Problem, format_error_chain};
use uuid::Uuid;
use wire::{Code, OrderId, Role, UserId};

use crate::{
    delivery::NotificationDispatcher,
    domain::{Channel, InboxOwner, LineId, NoticeParams},
    say,
    store::{Notice, NoticeId, NoticeStore},
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const HOUR_S: u32 = 60 * 60;
/// Per recipient across all authors, so a faulty service cannot flood an inbox. Concurrent notices
/// may slightly exceed it.
pub const TO_ONE_PER_HOUR: usize = 20;
/// Per admin; admins write by hand.
pub const BY_ONE_ADMIN_PER_HOUR: usize = 100;

#[derive(Clone)]
pub struct NoticeWriter {
    pub store: NoticeStore,
    pub dispatcher: NotificationDispatcher,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeAuthor {
    Admin(UserId),
    Service(String),
}

/// A validated notice, not stored yet.
#[derive(Debug, Clone)]
pub struct NoticeDraft {
    pub author: NoticeAuthor,
    /// The author's idempotency key: one notice per key.
    pub key: Uuid,
    pub to: UserId,
    pub order_id: Option<OrderId>,
    pub words: NoticeParams,
    /// The only delivery channel; `None` follows the person's preferences.
    pub channel: Option<Channel>,
}

impl NoticeWriter {
    pub async fn write_notice(&self, draft: NoticeDraft) -> Result<(NoticeId, Notice), Problem> {
        let author = draft.author.to_string();
        let known = self.store.find_by_key(&author, draft.key).await?;
        let (id, notice) = match known {
            Some(known) => known,
            None => self.store_new_notice(&author, &draft).await?,
        };
        let told = (notice.user_id, notice.order_id, &notice.words);
        if told != (draft.to, draft.order_id, &draft.words) {
            return Err(Code::CommandIdReused.into());
        }
        let line = notice.to_line(id);
        let line_id = LineId(self.dispatcher.clock.new_id());
        if self.dispatcher.inboxes.add_line(line_id, &line).await? {
            tracing::info!(user.id = %notice.user_id, notice.id = %id, "Stored a notice from `{author}`");
        }
        match draft.channel {
            Some(channel) => self.dispatcher.plan_on_channel(&line, channel).await?,
            None => {
                self.dispatcher
                    .plan_deliveries(std::iter::once(&line))
                    .await?
            }
        }
        Ok((id, notice))
    }

    /// Returns the stored notice: this one, or an earlier one under its key.
    async fn store_new_notice(
        &self,
        author: &str,
        draft: &NoticeDraft,
    ) -> Result<(NoticeId, Notice), Problem> {
        let role = self.role_of(draft.to).await?;
        self.check_pace(author, draft).await?;
        let clock = &self.dispatcher.clock;
        let id = NoticeId(clock.new_id());
        let to = InboxOwner {
            user_id: draft.to,
            role,
        };
        let mut notice = Notice::new(
            author.to_owned(),
            draft.key,
            to,
            draft.words.clone(),
            clock.now(),
        );
        notice.order_id = draft.order_id;
        notice.channel = draft
            .channel
            .filter(|one| self.dispatcher.can_send_by(*one, role));
        if self.store.insert_notice(id, &notice).await? {
            return Ok((id, notice));
        }
        let first = self.store.find_by_key(author, draft.key).await?;
        first.ok_or_else(|| Problem::new(Code::Unavailable).retry_after(1))
    }

    async fn role_of(&self, to: UserId) -> Result<Role, Problem> {
        let contact = self
            .dispatcher
            .fetch_contact(to)
            .await
            .map_err(auth_unavailable)?;
        if !contact.is_open() {
            return Err(Problem::new(Code::NotFound).with_detail(say::notice_person_unknown));
        }
        // The previous version of auth returns no role, so the inbox is undetermined.
        let role = contact
            .role
            .ok_or_else(|| Problem::new(Code::Unavailable).retry_after(1))?;
        match role {
            Role::Admin => Err(Problem::wrong_field(
                "user_id",
                say::notice_admin_has_no_inbox,
            )),
            Role::Customer | Role::Provider => Ok(role),
        }
    }

    async fn check_pace(&self, author: &str, draft: &NoticeDraft) -> Result<(), Problem> {
        let since = self.dispatcher.clock.now().plus_ms(-HOUR_MS);
        let to_one = self
            .store
            .count_to_person(draft.to, since, TO_ONE_PER_HOUR)
            .await?;
        let too_many = Problem::new(Code::RateLimited).retry_after(HOUR_S);
        if to_one >= TO_ONE_PER_HOUR as u64 {
            return Err(too_many.with_detail(say::notice_too_many_to_one));
        }
        if let NoticeAuthor::Admin(_) = draft.author {
            let own = self
                .store
                .count_by_author(author, since, BY_ONE_ADMIN_PER_HOUR)
                .await?;
            if own >= BY_ONE_ADMIN_PER_HOUR as u64 {
                return Err(too_many.with_detail(say::notice_too_many_of_one));
            }
        }
        Ok(())
    }
}

fn auth_unavailable(error: UpstreamError) -> Problem {
    tracing::warn!(
        cause = format_error_chain(&error),
        "Could not ask auth about the recipient of a notice"
    );
    Problem::new(Code::Unavailable).retry_after(1)
}

impl std::fmt::Display for NoticeAuthor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Admin(admin) => write!(f, "admin:{admin}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}
