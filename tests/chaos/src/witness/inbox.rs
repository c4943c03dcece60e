//! Checks the newest lines of a person's inbox against the notification service's documents.

use std::collections::HashSet;

use http::Method;
use mongodb::bson::{self, doc};
use serde::Deserialize;
use support::Person;
use uuid::Uuid;
use wire::{OrderId, Role, UserId};

use super::{Question, Silence, Witness, outside, unequal};

const LINES: usize = 20;
/// Lines sort by the time of their event, so a late one pushes others down.
const READ: i64 = 60;
const OF_PROVIDERS: &str = "provider_inbox";
const LOSS: &str = "order.acceptance_lost";

pub(super) struct Inbox<'a> {
    pub witness: &'a Witness<'a>,
    pub person: &'a Person,
}

#[derive(Debug, PartialEq)]
pub(super) struct StoredInbox {
    lines: Vec<Line>,
    /// Lines are never removed during the rounds.
    count: u64,
    unread: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Line {
    id: Uuid,
    event_id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    order_id: Option<Uuid>,
    is_read: bool,
}

#[derive(Debug, Deserialize)]
struct StoredLine {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    event_id: bson::Uuid,
    #[serde(rename = "type")]
    kind: String,
    order_id: Option<bson::Uuid>,
    is_read: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct InboxWord {
    items: Vec<Line>,
    unread: u64,
}

/// The cap on the unread count.
const UNREAD_MAX: u64 = 1_000;

impl Question for Inbox<'_> {
    type State = StoredInbox;
    type Word = InboxWord;
    const NAME: &'static str = "an inbox";
    const IS_CACHED: bool = true;

    async fn state(&self) -> Option<StoredInbox> {
        let name = match self.person.role {
            Role::Provider => OF_PROVIDERS,
            Role::Customer | Role::Admin => "customer_inbox",
        };
        let lines = self.witness.inboxes.collection::<StoredLine>(name);
        let own = doc! {"user_id": stored(self.person.user_id.0)};
        let mut unread = own.clone();
        unread.insert("is_read", false);
        let count = lines.count_documents(own.clone()).await.expect("a count");
        let unread = lines
            .count_documents(unread)
            .await
            .expect("a count")
            .min(UNREAD_MAX);
        let newest = doc! {"created_at": -1, "_id": -1};
        let mut found = lines
            .find(own)
            .sort(newest)
            .limit(READ)
            .await
            .expect("lines");
        let mut lines = Vec::new();
        while found.advance().await.expect("a line") {
            lines.push(found.deserialize_current().expect("a line").into());
        }
        Some(StoredInbox {
            lines,
            count,
            unread,
        })
    }

    async fn word(&self) -> Result<InboxWord, Silence> {
        let path = format!("/api/v1/notifications?limit={LINES}");
        Ok(self
            .witness
            .scene
            .api
            .call(Method::GET, &path, Some(self.person), None)
            .await?)
    }

    fn difference(state: &StoredInbox, word: &InboxWord) -> Option<String> {
        let lines = unequal("the list of lines", &state.newest(), &word.items.as_slice());
        lines.or_else(|| unequal("the number of unread lines", &state.unread, &word.unread))
    }

    fn beyond(before: &StoredInbox, word: &InboxWord, after: &StoredInbox) -> Option<String> {
        let unread = outside(
            "the number of unread lines",
            before.unread,
            word.unread,
            after.unread,
        );
        let came = usize::try_from(after.count.saturating_sub(before.count)).unwrap_or(usize::MAX);
        let is_unknown = |line: &&Line| !before.lines.contains(line) && !after.lines.contains(line);
        let unknown = word.items.iter().find(is_unknown);
        let is_missing = |line: &&Line| !word.items.contains(line);
        let missing: Vec<&Line> = before.newest().iter().filter(is_missing).collect();
        unread
            .or_else(|| unknown.map(|line| format!("there is no such line: {line:?}")))
            .or_else(|| (missing.len() > came).then(|| format!("lines are missing: {missing:?}")))
    }

    fn kinds(state: &StoredInbox) -> Vec<&'static str> {
        let has_loss = state.newest().iter().any(|line| line.kind == LOSS);
        has_loss
            .then_some("an inbox with a loss")
            .into_iter()
            .collect()
    }

    fn falsify(word: &mut InboxWord) {
        word.unread += 1;
    }
}

impl StoredInbox {
    fn newest(&self) -> &[Line] {
        &self.lines[..self.lines.len().min(LINES)]
    }
}

impl Witness<'_> {
    /// The orders with a loss in the provider's inbox.
    pub(super) async fn losses_of(&self, user: UserId) -> HashSet<OrderId> {
        let lines = self.inboxes.collection::<StoredLine>(OF_PROVIDERS);
        let mut found = lines
            .find(doc! {"user_id": stored(user.0)})
            .await
            .expect("lines");
        let mut losses = HashSet::new();
        while found.advance().await.expect("a line") {
            let line: Line = found.deserialize_current().expect("a line").into();
            if line.kind == LOSS {
                losses.extend(line.order_id.map(OrderId));
            }
        }
        losses
    }
}

fn stored(id: Uuid) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_bytes())
}

impl From<StoredLine> for Line {
    fn from(stored: StoredLine) -> Self {
        let id = |id: bson::Uuid| Uuid::from_bytes(id.bytes());
        Self {
            id: id(stored.id),
            event_id: id(stored.event_id),
            kind: stored.kind,
            order_id: stored.order_id.map(id),
            is_read: stored.is_read,
        }
    }
}
