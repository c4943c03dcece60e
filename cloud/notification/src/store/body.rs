//! The part of a line that is kept as JSON and never searched by.

use serde::{Deserialize, Serialize};
use wire::{EventType, OrderId, UserId};

use super::StoreError;
use crate::domain::{Line, Params};

#[derive(Serialize, Deserialize)]
pub struct Body {
    #[serde(rename = "type")]
    pub event_type: EventType,
    pub order_id: OrderId,
    pub counterpart: Option<UserId>,
    pub params: Params,
}

impl Body {
    pub fn of(line: &Line) -> Self {
        Self {
            event_type: line.event_type,
            order_id: line.order_id,
            counterpart: line.counterpart,
            params: line.params.clone(),
        }
    }
}

pub fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable(error.to_string())
}
