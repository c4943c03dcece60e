//! One line of an order's history: the person, the action, the times at each hop, and the reason.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Action, Actor, Code, CommandId, EdgeId, FenceEnd, FenceEnding, OrderStatus, PaymentStatus,
    RaceRule, Source, UnixMillis, Verdict,
};

/// When a command passed each hop. Device and edge clocks are shown, never trusted for order.
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
    /// The ground on which an order's provider could read its address from a line of history on.
    AddressShown {
        /// The cloud decided his acceptance.
        Decided "decided",
        /// An edge promised him the order, before the cloud heard of it.
        Firm "firm",
        /// He started the work at an edge on an undecided acceptance, and his region's rule shows
        /// the address then.
        Started "started",
    }
}
words_from_text!(AddressShown);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub version: u64,
    /// Absent for the order's creation, and for a change of its payment.
    #[schema(required)]
    pub action: Option<Action>,
    pub actor: Actor,
    #[schema(required)]
    pub from: Option<OrderStatus>,
    /// Equal to `from` where the attempt changed nothing, as a lost acceptance does.
    pub to: OrderStatus,
    /// Why it changed nothing, or a note on what it did.
    #[schema(required)]
    pub code: Option<Code>,
    #[schema(required)]
    pub reason: Option<String>,
    pub hops: Hops,
    pub command_id: CommandId,
    pub source: Source,
    /// The op's place in the edge's log, and what the edge said at once, where it came from one.
    /// Another edge than `source`, or one where that is the portal, held the region and was asked.
    #[schema(required)]
    pub edge: Option<EdgeId>,
    #[schema(required)]
    pub epoch: Option<u64>,
    #[schema(required)]
    pub seq: Option<u64>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// The address was shown to the actor by this, also where the attempt failed in the end.
    #[serde(default)]
    #[schema(required)]
    pub address_shown: Option<AddressShown>,
    /// Of an acceptance that got the order: the rule by which others lose to it. Absent of one from
    /// before the rule was kept.
    #[serde(default)]
    #[schema(required)]
    pub race_rule: Option<RaceRule>,
    /// The firm answer that the person had to it, also from an epoch that is over.
    #[serde(default)]
    #[schema(required)]
    pub promise: Option<EdgePromise>,
    /// The payment of the order became this.
    #[serde(default)]
    #[schema(required)]
    pub payment_status: Option<PaymentStatus>,
}

impl TimelineEntry {
    /// True of an acceptance that found the order with another provider.
    pub fn was_beaten(&self) -> bool {
        let beaten = |code: Code| code == Code::OrderAlreadyAccepted || code.is_broken_promise();
        self.code.is_some_and(beaten) && self.to.has_provider()
    }
}

impl EdgePromise {
    /// Why it does not hold, if it does not.
    pub fn broken(&self) -> Option<FenceEnding> {
        let ended = self.end.as_ref().map(|end| end.how).filter(|how| how.is_take_back());
        ended.or(self.why)
    }
}

/// An edge's firm answer, and the end of the right that it rested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgePromise {
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
    /// Why it gives no right, by the edge that logged it anew.
    #[schema(required)]
    pub why: Option<FenceEnding>,
    /// Absent while the right stands.
    #[schema(required)]
    pub end: Option<FenceEnd>,
}
