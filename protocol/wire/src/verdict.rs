//! An edge's immediate answer, the receipt that makes it binding, and the reply to the tablet.

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
        /// The edge stored nothing and nothing happened.
        NotTaken = 0 "not_taken",
        /// Stored durably; the cloud decides.
        Provisional = 1 "provisional",
        /// Stored durably, and the answer is already final.
        Firm = 2 "firm",
    }
}

words_from_text!(Verdict);

/// The edge's signed acknowledgement of a command, issued only after the commit is on disk.
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
    /// The command's person. Ids are unique per person only, so a receipt covers no other person's.
    #[n(8)]
    pub user_id: Option<UserId>,
    /// The hash of the command's body; the receipt covers no other. Older edges omit it.
    #[n(9)]
    pub body: Option<Hash>,
}

impl Receipt {
    /// Every field except the signature.
    pub fn signed_bytes(&self) -> Vec<u8> {
        crate::op::encode_canonical(&Self {
            sig: String::new(),
            ..self.clone()
        })
    }
}

/// How far the command had come when the reply was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The edge answered; with `not_taken` it stored nothing.
    Stored,
    Decided,
}

/// The reply that the edge publishes on a tablet's `reply` topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// Absent only if the frame was too broken to contain one.
    #[schema(required)]
    pub command_id: Option<CommandId>,
    pub hop: Hop,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
    /// The fields to correct for `invalid_input` and `malformed_body`, as in an HTTP problem.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The limit that blocked the command.
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
