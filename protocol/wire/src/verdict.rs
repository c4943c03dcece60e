//! The immediate answer of an edge, the receipt that makes it binding, and the tablet's reply.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    Code, CommandId, EdgeId, FieldError, Hash, LimitReached, Order, Outcome, Text, UserId,
};

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Verdict {
        /// Nothing happened and nothing is stored.
        NotTaken = 0 "not_taken",
        /// Stored for good; the cloud decides.
        Provisional = 1 "provisional",
        /// Stored for good, and the answer is already final.
        Firm = 2 "firm",
    }
}

words_from_text!(Verdict);

/// The edge's signed word that it holds the command: given only after the commit is on disk.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(array)]
pub struct Receipt {
    #[n(0)]
    pub edge: EdgeId,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub seq: u64,
    #[n(3)]
    pub hash: Hash,
    #[n(4)]
    pub command_id: CommandId,
    #[n(5)]
    pub verdict: Verdict,
    #[n(6)]
    pub fence: Option<u64>,
    /// Ed25519 by the edge's key over `signed_bytes`, base64url without padding.
    #[n(7)]
    #[serde(default)]
    pub sig: String,
    /// Whose command it is: ids are a person's own, so a receipt vouches for nobody else's.
    #[n(8)]
    pub user_id: Option<UserId>,
    /// The hash of the command's body: the receipt vouches for no other. Receipts of older edges
    /// have none.
    #[n(9)]
    pub body: Option<Hash>,
}

impl Receipt {
    /// The signed bytes: every field but the signature itself.
    pub fn signed_bytes(&self) -> Vec<u8> {
        crate::op::encoded(&Self { sig: String::new(), ..self.clone() })
    }
}

/// How far along its way the answer in a reply was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The edge answered; with `not_taken` it stored nothing.
    Stored,
    /// The cloud decided.
    Decided,
}

/// The reply that the edge publishes on a tablet's `reply` topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// Absent only where the frame was too broken to hold one.
    #[schema(required)]
    pub command_id: Option<CommandId>,
    pub hop: Hop,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
    /// Of `invalid_input` and `malformed_body`: the fields to correct, as a problem over HTTP names
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The limit in the way of a command that was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitReached>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_rank_as_tablets_must_show_them() {
        assert!(Verdict::NotTaken < Verdict::Provisional && Verdict::Provisional < Verdict::Firm);
        assert!(Hop::Stored < Hop::Decided);
    }
}
