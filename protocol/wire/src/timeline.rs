//! One line of an order's history: the person, the action, the times at each hop, and the reason.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Action, Actor, Code, CommandId, EdgeId, OrderStatus, Source, UnixMillis, Verdict};

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
        /// He started the work at an edge on an undecided acceptance, and his region's rule shows the
        /// address then.
        Started "started",
    }
}
words_from_text!(AddressShown);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub version: u64,
    /// Absent for the order's creation.
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
}
