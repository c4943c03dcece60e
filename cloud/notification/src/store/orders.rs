//! Records of an order for inboxes: the providers it was proposed to, with reasons, and the
//! reminder if it was completed unpaid.
//!
//! Invariants: one fan-out per order, the first one stored. One reminder per order; after it has
//! ended, no late event restarts it.

use platform::documents::{
    CollectionSchema, Document, DocumentBody, DocumentsError, Field, Index, IndexCondition,
    IndexQuery, Update, millis,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Event, EventId, Order, OrderId, UnixMillis, UserId};

use super::InboxStore;

/// Longer than redelivery of the order's events.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

const IS_WAITING: Field<bool> = Field::new("is_waiting");
const DUE_AT: Field<UnixMillis> = Field::new("due_at");
const AT: Field<UnixMillis> = Field::new("at");
const TOLD: Field<i64> = Field::new("told");

const DUE: Index = Index::new("due", &[DUE_AT.ascending_key()])
    .with_conditions(&[IndexCondition::Is(IS_WAITING.path(), true)]);
const OLD: Index = Index::new("old", &[AT.ascending_key()]).with_expiry(KEPT_MS);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    pub order_id: OrderId,
    /// The event that triggered it.
    pub event_id: EventId,
    pub at: UnixMillis,
    pub matched: Vec<MatchedProvider>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedProvider {
    pub user_id: UserId,
    pub reasons: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FanOutDocument {
    event_id: EventId,
    #[serde(with = "millis")]
    at: UnixMillis,
    matched: Vec<MatchedProvider>,
}

impl DocumentBody for FanOutDocument {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[AT.path()],
        indexes: &[OLD],
    };
}

impl FanOut {
    pub fn from_matches(order: &Order, event: &Event, matched: Vec<MatchedProvider>) -> Self {
        Self {
            order_id: order.id,
            event_id: event.id,
            at: event.at,
            matched,
        }
    }
}

impl InboxStore {
    pub async fn find_fan_out(&self, order_id: OrderId) -> Result<Option<FanOut>, DocumentsError> {
        let found = self.fan_outs.get(order_id.0).await?;
        Ok(found.map(|found| {
            let FanOutDocument {
                event_id,
                at,
                matched,
            } = found.body;
            FanOut {
                order_id,
                event_id,
                at,
                matched,
            }
        }))
    }

    /// Returns the stored one, which may be an earlier one.
    pub async fn store_first_fan_out(&self, fan_out: FanOut) -> Result<FanOut, DocumentsError> {
        let FanOut {
            order_id,
            event_id,
            at,
            ref matched,
        } = fan_out;
        let body = FanOutDocument {
            event_id,
            at,
            matched: matched.clone(),
        };
        if self.fan_outs.insert(order_id.0, &body, &[]).await? {
            return Ok(fan_out);
        }
        Ok(self.find_fan_out(order_id).await?.unwrap_or(fan_out))
    }
}

/// Stored under the order's id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentReminder {
    /// Nil if it ended before it began.
    pub customer_id: UserId,
    /// The completion; its line in the customer's inbox supplies the text.
    pub event_id: EventId,
    /// The number of reminders sent.
    pub told: i64,
    is_waiting: bool,
    #[serde(with = "millis")]
    pub due_at: UnixMillis,
    #[serde(with = "millis")]
    at: UnixMillis,
}

impl DocumentBody for PaymentReminder {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[IS_WAITING.path(), DUE_AT.path(), AT.path(), TOLD.path()],
        indexes: &[DUE, OLD],
    };
}

impl InboxStore {
    /// Does nothing if it began or ended before.
    pub async fn start_reminder(
        &self,
        order: OrderId,
        customer_id: UserId,
        event_id: EventId,
        at: UnixMillis,
        due_at: UnixMillis,
    ) -> Result<(), DocumentsError> {
        let reminder = PaymentReminder {
            customer_id,
            event_id,
            told: 0,
            is_waiting: true,
            due_at,
            at,
        };
        self.reminders
            .insert(order.0, &reminder, &[])
            .await
            .map(drop)
    }

    /// Ends it permanently, even before it began.
    pub async fn stop_reminder(
        &self,
        order: OrderId,
        at: UnixMillis,
    ) -> Result<(), DocumentsError> {
        let ended = PaymentReminder {
            customer_id: UserId(Uuid::nil()),
            event_id: EventId(Uuid::nil()),
            told: 0,
            is_waiting: false,
            due_at: at,
            at,
        };
        if self.reminders.insert(order.0, &ended, &[]).await? {
            return Ok(());
        }
        let end = Update::default().set(&IS_WAITING, false);
        self.reminders
            .update(order.0, IS_WAITING.is_equal_to(true), end, &[])
            .await
            .map(drop)
    }

    /// Longest due first.
    pub async fn find_due_reminders(
        &self,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Document<PaymentReminder>>, DocumentsError> {
        self.reminders
            .find_documents(&due_reminders_query(now, limit))
            .await
    }

    /// Counts a sent reminder unless it ended meanwhile. Without `next`, it was the last.
    pub async fn record_reminder(
        &self,
        told: &Document<PaymentReminder>,
        next: Option<UnixMillis>,
    ) -> Result<(), DocumentsError> {
        let due_at = next.unwrap_or(told.body.due_at);
        let update = Update::default()
            .set(&IS_WAITING, next.is_some())
            .set(&DUE_AT, due_at)
            .add(&TOLD, 1);
        let is_same = IS_WAITING
            .is_equal_to(true)
            .and(TOLD.is_equal_to(told.body.told));
        self.reminders
            .update(told.id, is_same, update, &[])
            .await
            .map(drop)
    }
}

pub fn due_reminders_query(now: UnixMillis, limit: usize) -> IndexQuery {
    IndexQuery::from_index(
        DUE,
        IS_WAITING
            .is_equal_to(true)
            .and(DUE_AT.below(now.plus_ms(1))),
    )
    .with_limit(limit)
}
