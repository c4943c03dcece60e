//! The providers proposed for each order, with reasons.
//!
//! Invariant: one fan-out per order, the first one stored.

use platform::documents::{CollectionSchema, DocumentBody, DocumentsError, Field, Index, millis};
use serde::{Deserialize, Serialize};
use wire::{Event, EventId, Order, OrderId, UnixMillis, UserId};

use super::InboxStore;

/// Longer than redelivery of the order's events.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

const AT: Field<UnixMillis> = Field::new("at");
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
