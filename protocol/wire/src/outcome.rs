//! The cloud's final decision, with the facts that explain it to a person, and the reply that
//! brings the edge's answer or that decision to a tablet.

use minicbor::{Decode, Decoder, Encode, decode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use texts::Text;
use utoipa::ToSchema;

use crate::{
    assignment::{FenceEnd, FenceEnding},
    code::Code,
    command::{Receipt, Verdict},
    ids::{CommandId, OrderId},
    money::{Amount, Currency},
    order::{Order, OrderCode, OrderStatus, Source},
    share::LimitReached,
    time::UnixMillis,
    validation::FieldError,
};

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    OutcomeKind {
        Applied = 0 "applied",
        /// The same command arrived earlier by another route; `first` has that decision.
        Duplicate = 1 "duplicate",
        Rejected = 2 "rejected",
    }
}

/// The result that a duplicate repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(array)]
pub struct FirstResult {
    #[n(0)]
    pub applied: bool,
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct Outcome {
    #[n(0)]
    pub kind: OutcomeKind,
    /// The reason for a rejection, or a note on a success, such as `order_cancelled_meanwhile`.
    #[n(1)]
    pub code: Option<Code>,
    #[n(2)]
    pub first: Option<FirstResult>,
    /// The current order, if there is one.
    #[n(3)]
    pub order: Option<Order>,
    #[n(4)]
    pub lost: Option<Lost>,
    #[n(5)]
    pub decided_at: UnixMillis,
    /// The limit that blocked a rejected command.
    #[n(6)]
    pub limit: Option<LimitReached>,
}

impl Outcome {
    /// Returns true if a valid token named the person for whom this was decided.
    pub fn names_its_person(&self) -> bool {
        !(self.kind == OutcomeKind::Rejected && self.code == Some(Code::InvalidToken))
    }

    pub fn new_applied(order: Order, decided_at: UnixMillis) -> Self {
        let kind = OutcomeKind::Applied;
        Self {
            order: Some(order),
            ..Self::new_plain(kind, decided_at)
        }
    }

    pub fn new_rejected(code: Code, order: Option<Order>, decided_at: UnixMillis) -> Self {
        let kind = OutcomeKind::Rejected;
        Self {
            code: Some(code),
            order,
            ..Self::new_plain(kind, decided_at)
        }
    }

    /// An outcome without optional fields.
    pub fn new_plain(kind: OutcomeKind, decided_at: UnixMillis) -> Self {
        Self {
            kind,
            code: None,
            first: None,
            order: None,
            lost: None,
            decided_at,
            limit: None,
        }
    }

    /// Returns true if the command achieved its aim, now or when it first arrived.
    pub fn has_succeeded(&self) -> bool {
        match self.kind {
            OutcomeKind::Applied => true,
            OutcomeKind::Rejected => false,
            OutcomeKind::Duplicate => self.first.as_ref().is_some_and(|first| first.applied),
        }
    }
}

words! {
    /// The rule by which an acceptance came before all others.
    #[derive(Encode)]
    #[cbor(index_only)]
    RaceRule {
        /// It reached the cloud first.
        FirstInCloud = 0 "first_in_cloud",
        /// It came first in the log of the edge that held the region.
        FirstInLog = 1 "first_in_log",
        /// The edge that held the region had promised it.
        Promised = 2 "promised",
    }
    or
    /// A rule of a newer peer.
    Unrecognised = 65535 "unrecognised"
}

words_from_text!(RaceRule);

impl<'b, C> Decode<'b, C> for RaceRule {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let index = usize::try_from(d.u32()?).unwrap_or(usize::MAX);
        Ok(Self::ALL.get(index).copied().unwrap_or(Self::Unrecognised))
    }
}

/// Why an acceptance lost, and the open jobs nearby.
#[skip_serializing_none]
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct Lost {
    /// When the winner's acceptance was decided.
    #[n(0)]
    pub winner_decided_at: Option<UnixMillis>,
    /// Where the winner's acceptance came from: `portal`, or the edge's name.
    #[n(1)]
    pub winner_source: Option<Source>,
    #[n(2)]
    pub tapped_at: Option<UnixMillis>,
    #[n(3)]
    pub edge_at: Option<UnixMillis>,
    /// At most three open jobs in the same region, closest in kind and price first.
    #[n(4)]
    #[serde(default)]
    #[schema(required)]
    pub nearby: Vec<NearbyJob>,
    /// How the right of the promising edge ended, if an edge had promised the order.
    #[n(5)]
    pub taken_back: Option<FenceEnd>,
    /// The rule by which the winner's acceptance came first.
    #[n(6)]
    pub race_rule: Option<RaceRule>,
    /// The order's status at that time.
    #[n(7)]
    pub status: Option<OrderStatus>,
    /// Why the promise does not hold, if an edge had promised the order.
    #[n(8)]
    pub promise_ended: Option<FenceEnding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(array)]
pub struct NearbyJob {
    #[n(0)]
    pub order_id: OrderId,
    #[n(1)]
    pub code: OrderCode,
    #[n(2)]
    pub title: String,
    #[n(3)]
    pub price: Amount,
    #[n(4)]
    pub currency: Currency,
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
