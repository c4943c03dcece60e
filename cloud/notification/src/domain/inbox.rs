//! Owns the inbox line: one fact told to one person. It keeps facts, never sentences: the sentence is
//! written when the line is read, in the reader's language.
//!
//! Invariant: there is at most one line per person and event, however often the event arrives.

use std::fmt;

use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Amount, Code, Currency, EventId, EventType, Lost, OrderCode, OrderId, Region, Role, UnixMillis,
    UserId,
};

/// How long a line stays after it was read. An unread one stays until it is.
pub const READ_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct LineId(pub Uuid);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxLine {
    pub user_id: UserId,
    pub role: Role,
    pub event_type: EventType,
    pub order_id: OrderId,
    pub event_id: EventId,
    /// The other side of the order, where there is one.
    pub counterpart: Option<UserId>,
    pub params: Params,
    /// When it happened, not when it arrived: a redelivery makes no newer line.
    pub created_at: UnixMillis,
}

/// The values of the sentence. No address: an inbox is read on more screens than an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub title: String,
    pub code: OrderCode,
    pub price: Amount,
    pub currency: Currency,
    pub region: Region,
    /// As a person wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why an acceptance lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    pub id: LineId,
    pub line: InboxLine,
    pub read_at: Option<UnixMillis>,
}

#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    pub user_id: UserId,
    pub role: Role,
    pub unread_only: bool,
    pub after: Option<TimeCursor>,
    pub limit: usize,
    /// Lines read before this moment are as good as gone, also before the purge has come by.
    pub read_since: UnixMillis,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPage {
    pub lines: Vec<StoredLine>,
    pub next: Option<TimeCursor>,
}
