//! Notices: messages that an admin or another service writes to one person. Admins write by e-mail
//! or text message besides the inbox; services follow the person's preferences.
//!
//! Invariants: the recipient has an open account in auth. The notice is recorded with its author
//! before its inbox line is written. An author's idempotency key creates one notice, however often
//! it arrives.

use std::fmt;

use axum::extract::State;
use platform::upstream::UpstreamError;
use process::{
    idempotency::Idempotency,
    problem::{Json, Page, Problem, TimeCursor, format_error_chain},
    tokens::{Caller, ServiceCaller},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, FieldError, OrderId, Role, TextRule, UnixMillis, UserId, check_text};

use super::Service;
use crate::{
    delivery::NotificationDispatcher,
    domain::{Channel, InboxOwner, LineId, NoticeKind, NoticeParams},
    say,
    store::{Notice, NoticeId, NoticeStore},
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const HOUR_S: u32 = 60 * 60;
/// Per recipient across all authors, so a faulty service cannot flood an inbox. Concurrent notices
/// may slightly exceed it.
const TO_ONE_PER_HOUR: usize = 20;
/// Per admin; admins write by hand.
const BY_ONE_ADMIN_PER_HOUR: usize = 100;

const TITLE: TextRule = TextRule {
    chars_min: 1,
    chars_max: 120,
    lines: false,
};
const CONTENT: TextRule = TextRule {
    chars_min: 1,
    chars_max: 2_000,
    lines: true,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeForm {
    /// A customer or a provider; admins have no personal inbox.
    user_id: UserId,
    #[schema(max_length = 120)]
    title: String,
    #[schema(max_length = 2000)]
    content: String,
}

/// A notice from another service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceNoticeForm {
    /// The service's idempotency key.
    id: Uuid,
    user_id: UserId,
    kind: NoticeKind,
    title: String,
    content: String,
    /// The order that the line links to. The service guarantees that the person may read it.
    order_id: Option<OrderId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeItem {
    id: NoticeId,
    /// `admin:` and the admin's id, or `service:` and the service's name.
    author: String,
    user_id: UserId,
    role: Role,
    kind: NoticeKind,
    #[schema(required)]
    order_id: Option<OrderId>,
    title: String,
    content: String,
    /// The channel besides the inbox. `null` for a service's notice, which follows the person's
    /// preferences, and if the channel is off or does not reach this role.
    #[schema(required)]
    channel: Option<Channel>,
    created_at: UnixMillis,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeList {
    items: Vec<NoticeItem>,
    #[schema(required)]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct WrittenNotice {
    id: NoticeId,
}

pub(crate) async fn notify_by_email(
    State(service): State<Service>,
    admin: Caller,
    idempotency: Idempotency,
    Json(form): Json<NoticeForm>,
) -> Result<Json<NoticeItem>, Problem> {
    write_admin_notice(&service, admin, idempotency, form, Channel::Email).await
}

pub(crate) async fn notify_by_sms(
    State(service): State<Service>,
    admin: Caller,
    idempotency: Idempotency,
    Json(form): Json<NoticeForm>,
) -> Result<Json<NoticeItem>, Problem> {
    write_admin_notice(&service, admin, idempotency, form, Channel::Sms).await
}

async fn write_admin_notice(
    service: &Service,
    caller: Caller,
    Idempotency { command_id, .. }: Idempotency,
    NoticeForm {
        user_id,
        title,
        content,
    }: NoticeForm,
    channel: Channel,
) -> Result<Json<NoticeItem>, Problem> {
    let draft = NoticeDraft {
        author: NoticeAuthor::Admin(caller.actor.user_id),
        key: command_id.0,
        to: user_id,
        order_id: None,
        words: check_notice_text(NoticeKind::Account, &title, &content)?,
        channel: Some(channel),
    };
    let (id, notice) = service.notices.write_notice(draft).await?;
    Ok(Json(to_notice_item(id, notice)))
}

pub(crate) async fn notify_for_service(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(form): Json<ServiceNoticeForm>,
) -> Result<Json<WrittenNotice>, Problem> {
    let ServiceNoticeForm {
        id,
        user_id,
        kind,
        title,
        content,
        order_id,
    } = form;
    let draft = NoticeDraft {
        author: NoticeAuthor::Service(from),
        key: id,
        to: user_id,
        order_id,
        words: check_notice_text(kind, &title, &content)?,
        channel: None,
    };
    let (id, _) = service.notices.write_notice(draft).await?;
    Ok(Json(WrittenNotice { id }))
}

pub(crate) async fn notice_record(
    State(service): State<Service>,
    page: Page<TimeCursor>,
) -> Result<Json<NoticeList>, Problem> {
    let found = service
        .notices
        .store
        .read_page(page.after, page.limit)
        .await?;
    let items = found
        .items
        .into_iter()
        .map(|(id, notice)| to_notice_item(id, notice))
        .collect();
    Ok(Json(NoticeList {
        items,
        next: found.next.map(|next| next.to_string()),
    }))
}

fn check_notice_text(
    notice: NoticeKind,
    title: &str,
    content: &str,
) -> Result<NoticeParams, FieldError> {
    let title = check_text("title", title, TITLE)?;
    let content = check_text("content", content, CONTENT)?;
    Ok(NoticeParams {
        notice,
        title,
        content,
    })
}

fn to_notice_item(id: NoticeId, notice: Notice) -> NoticeItem {
    let Notice {
        author,
        user_id,
        role,
        order_id,
        words,
        channel,
        created_at,
        ..
    } = notice;
    let NoticeParams {
        notice: kind,
        title,
        content,
    } = words;
    NoticeItem {
        id,
        author,
        user_id,
        role,
        kind,
        order_id,
        title,
        content,
        channel,
        created_at,
    }
}

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
            Some(channel) => {
                self.dispatcher
                    .plan_delivery_on_channel(&line, channel)
                    .await?
            }
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
        let role = self.fetch_recipient_role(draft.to).await?;
        self.check_hourly_limits(author, draft).await?;
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

    async fn fetch_recipient_role(&self, to: UserId) -> Result<Role, Problem> {
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

    async fn check_hourly_limits(&self, author: &str, draft: &NoticeDraft) -> Result<(), Problem> {
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

impl fmt::Display for NoticeAuthor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin(admin) => write!(f, "admin:{admin}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
