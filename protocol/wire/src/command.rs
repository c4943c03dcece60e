//! A command is one act of a person, under an id made on the device. Its identity is (id, user,
//! hash). The hash covers the canonical encoding of the decoded body, so MQTT, HTTP and all their
//! versions agree on it.

mod frame;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use frame::{CmdFrame, UnreadableFrame};

use crate::{
    Action, Amount, CommandId, Currency, DeviceId, Hash, OrderId, Region, ServiceType, UnixMillis,
};

/// The form that a customer fills in to publish an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct Draft {
    #[n(0)]
    pub title: String,
    #[n(1)]
    #[serde(default)]
    pub description: String,
    #[n(2)]
    pub service_type: ServiceType,
    #[n(3)]
    #[serde(alias = "amount")]
    pub price: Amount,
    #[n(4)]
    #[serde(default)]
    pub currency: Currency,
    #[n(5)]
    pub location: Region,
    #[n(6)]
    pub address: String,
    #[n(7)]
    pub service_start_time: Option<UnixMillis>,
    #[n(8)]
    pub service_end_time: Option<UnixMillis>,
}

impl Draft {
    /// A draft with only the required fields.
    pub fn new(
        title: &str,
        service_type: ServiceType,
        price: Amount,
        location: Region,
        address: &str,
    ) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            service_type,
            price,
            currency: Currency::default(),
            location,
            address: address.into(),
            service_start_time: None,
            service_end_time: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommandBody {
    #[n(0)]
    PublishOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        order: Draft,
    },
    #[n(1)]
    ApproveOrder {
        #[n(0)]
        order_id: OrderId,
    },
    #[n(2)]
    RejectOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: String,
    },
    #[n(3)]
    AcceptOrder {
        #[n(0)]
        order_id: OrderId,
    },
    #[n(4)]
    WithdrawAcceptance {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: Option<String>,
    },
    #[n(5)]
    StartOrder {
        #[n(0)]
        order_id: OrderId,
    },
    #[n(6)]
    CompleteOrder {
        #[n(0)]
        order_id: OrderId,
        /// The provider's note on the work, for the order's history.
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    #[n(7)]
    CancelOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: Option<String>,
        /// The fee shown to the person; absent if none was shown.
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee: Option<Amount>,
    },
    #[n(8)]
    SubmitReview {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        rating: u8,
        #[n(2)]
        #[serde(default)]
        comment: String,
    },
}

impl CommandBody {
    pub fn order_id(&self) -> OrderId {
        match self {
            Self::PublishOrder { order_id, .. }
            | Self::ApproveOrder { order_id }
            | Self::RejectOrder { order_id, .. }
            | Self::AcceptOrder { order_id }
            | Self::WithdrawAcceptance { order_id, .. }
            | Self::StartOrder { order_id }
            | Self::CompleteOrder { order_id, .. }
            | Self::CancelOrder { order_id, .. }
            | Self::SubmitReview { order_id, .. } => *order_id,
        }
    }

    /// The action on an existing order; `None` for publishing, which creates one.
    pub fn order_action(&self) -> Option<Action> {
        match self {
            Self::PublishOrder { .. } => None,
            Self::ApproveOrder { .. } => Some(Action::Approve),
            Self::RejectOrder { .. } => Some(Action::Reject),
            Self::AcceptOrder { .. } => Some(Action::Accept),
            Self::WithdrawAcceptance { .. } => Some(Action::Withdraw),
            Self::StartOrder { .. } => Some(Action::Start),
            Self::CompleteOrder { .. } => Some(Action::Complete),
            Self::CancelOrder { .. } => Some(Action::Cancel),
            Self::SubmitReview { .. } => Some(Action::Review),
        }
    }

    /// The name in JSON, logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PublishOrder { .. } => "publish_order",
            Self::ApproveOrder { .. } => "approve_order",
            Self::RejectOrder { .. } => "reject_order",
            Self::AcceptOrder { .. } => "accept_order",
            Self::WithdrawAcceptance { .. } => "withdraw_acceptance",
            Self::StartOrder { .. } => "start_order",
            Self::CompleteOrder { .. } => "complete_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::SubmitReview { .. } => "submit_review",
        }
    }

    /// The hash that identifies a command together with its id and user.
    pub fn hash(&self) -> Hash {
        Hash::digest_bytes(&crate::op::encode_canonical(self))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Command {
    #[n(0)]
    pub id: CommandId,
    #[n(1)]
    pub body: CommandBody,
    #[n(2)]
    pub device: Option<DeviceId>,
    #[n(3)]
    pub device_seq: Option<u64>,
    /// The device's clock when the person tapped: for display and audit, never for ordering.
    #[n(4)]
    pub tapped_at: Option<UnixMillis>,
    /// The W3C trace id (32 hex digits) that came with the command; otherwise its id is the trace
    /// id.
    #[n(5)]
    pub trace: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_same_command_over_any_transport() {
        let json = r#"{"type":"cancel_order","order_id":"0192f5d4-0000-7000-8000-000000000001"}"#;
        let spelled = r#"{"type":"cancel_order","reason":null,
            "order_id":"0192F5D4-0000-7000-8000-000000000001","unknown":1}"#;
        let one: CommandBody = serde_json::from_str(json).unwrap();
        let other: CommandBody = serde_json::from_str(spelled).unwrap();
        assert_eq!(one.hash(), other.hash());
        let bytes = crate::op::encode_canonical(&one);
        assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), one);
    }

    #[test]
    fn a_completion_without_a_note_is_the_one_from_before_notes() {
        let json = r#"{"type":"complete_order","order_id":"0192f5d4-0000-7000-8000-000000000001"}"#;
        let bare: CommandBody = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&bare).unwrap().len(), json.len());
        let noted = CommandBody::CompleteOrder {
            order_id: bare.order_id(),
            note: Some("Two washers replaced".into()),
        };
        assert_ne!(bare.hash(), noted.hash());
        let bytes = crate::op::encode_canonical(&noted);
        assert_eq!(minicbor::decode::<CommandBody>(&bytes).unwrap(), noted);
    }

    #[test]
    fn another_body_is_another_command() {
        let order_id = OrderId(uuid::Uuid::nil());
        let accept = CommandBody::AcceptOrder { order_id }.hash();
        assert_ne!(accept, CommandBody::StartOrder { order_id }.hash());
    }
}
