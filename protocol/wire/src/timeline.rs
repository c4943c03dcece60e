//! One entry of an order's history: the person, the action, the times at each hop, and the reason.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Action, Actor, Code, CommandId, EdgeId, FenceEnd, FenceEnding, OrderStatus, PaymentStatus,
    RaceRule, Source, UnixMillis, Verdict,
};

/// When a command passed each hop. Device and edge clocks are shown, never used for ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Hops {
    #[schema(required)]
    pub tapped_at: Option<UnixMillis>,
    #[schema(required)]
    pub edge_at: Option<UnixMillis>,
    #[schema(required)]
    pub cloud_at: Option<UnixMillis>,
}

words! {
    /// Why an order's provider could read its address from a given history entry on.
    AddressShown {
        /// The cloud decided their acceptance.
        Decided "decided",
        /// An edge promised them the order before the cloud received it.
        Firm "firm",
        /// They started the work at an edge on an undecided acceptance, and the region's rule shows
        /// the address at that point.
        Started "started",
    }
}
words_from_text!(AddressShown);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub version: u64,
    /// Absent for the order's creation and for payment changes.
    #[schema(required)]
    pub action: Option<Action>,
    pub actor: Actor,
    #[schema(required)]
    pub from: Option<OrderStatus>,
    /// Equals `from` if the attempt changed nothing, as a lost acceptance does.
    pub to: OrderStatus,
    /// Why nothing changed, or a note on the effect.
    #[schema(required)]
    pub code: Option<Code>,
    #[schema(required)]
    pub reason: Option<String>,
    pub hops: Hops,
    pub command_id: CommandId,
    pub source: Source,
    /// The edge whose log has the op, with its place there and the immediate verdict. If it differs
    /// from `source`, it held the region and the accept was put to it.
    #[schema(required)]
    pub edge: Option<EdgeId>,
    #[schema(required)]
    pub epoch: Option<u64>,
    #[schema(required)]
    pub seq: Option<u64>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// This entry showed the address to the actor, even if the attempt failed in the end.
    #[serde(default)]
    #[schema(required)]
    pub address_shown: Option<AddressShown>,
    /// The rule by which others lose to this winning acceptance. Absent if it predates that record.
    #[serde(default)]
    #[schema(required)]
    pub race_rule: Option<RaceRule>,
    /// The firm answer that the person had received, even from an ended epoch.
    #[serde(default)]
    #[schema(required)]
    pub promise: Option<EdgePromise>,
    /// The order's new payment status.
    #[serde(default)]
    #[schema(required)]
    pub payment_status: Option<PaymentStatus>,
}

impl TimelineEntry {
    /// Returns true for an acceptance that found the order with another provider.
    pub fn was_beaten(&self) -> bool {
        let is_beaten = self
            .code
            .is_some_and(|code| code == Code::OrderAlreadyAccepted || code.is_broken_promise());
        is_beaten && self.to.has_provider()
    }
}

impl EdgePromise {
    /// Why the promise does not hold, if it does not.
    pub fn broken_by(&self) -> Option<FenceEnding> {
        let ended = self
            .end
            .as_ref()
            .map(|end| end.how)
            .filter(|how| how.is_take_back());
        ended.or(self.why)
    }
}

/// An edge's firm answer, and the end of the right behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgePromise {
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
    /// Why it grants no right, according to the edge that logged it again.
    #[schema(required)]
    pub why: Option<FenceEnding>,
    /// Absent while the right is in force.
    #[schema(required)]
    pub end: Option<FenceEnd>,
}
