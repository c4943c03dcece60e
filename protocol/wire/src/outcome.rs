//! The cloud's final decision, with the facts that explain it to a person.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    Amount, Code, Currency, FenceEnd, FenceEnding, LimitReached, Order, OrderCode, OrderId,
    OrderStatus, RaceRule, Source, UnixMillis,
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
