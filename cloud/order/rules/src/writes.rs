//! The result of a decision. It is written in full in the transaction that read the snapshot, or
//! not at all.

use wire::{
    Code, CommandId, EdgePromise, EventType, OpDecision, OrderEvent, OrderId, OrderStatus, Region,
    ShareAct, TimelineEntry, UnixMillis, UserId, words, words_from_text,
};

use crate::{AssignmentTransition, OrderState, StoredAnswer};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// One answer per request, in request order.
    pub answers: Vec<OpDecision>,
    /// New answers to store; a command that left its id unused has no entry.
    pub commands: Vec<StoredAnswer>,
    /// Changed orders by id, each once in its final state.
    pub orders: Vec<OrderWrite>,
    pub timeline: Vec<NewTimelineEntry>,
    /// Firm answers that lost, to add to an existing timeline entry.
    pub promises: Vec<LatePromise>,
    pub events: Vec<EventDraft>,
    /// For an admin to review.
    pub cases: Vec<NewCase>,
    pub acts: Vec<ProviderAct>,
    /// Assignment changes, in order.
    pub turns: Vec<(Region, AssignmentTransition)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderWrite {
    /// `None` for a new order.
    pub guard: Option<OrderVersionGuard>,
    pub after: OrderState,
}

/// The version and status as read: if the write finds others, the decision is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderVersionGuard {
    pub version: u64,
    pub status: OrderStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTimelineEntry {
    pub order_id: OrderId,
    pub entry: TimelineEntry,
}

/// A firm answer to a command that another log already brought, with an existing timeline entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatePromise {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub user_id: UserId,
    pub promise: EdgePromise,
}

/// An event to publish. The store assigns its id, since ids are not drawn here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    pub kind: EventType,
    pub trace: String,
    pub body: OrderEvent,
}

/// A provider's acceptance or withdrawal, at the time it was first received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderAct {
    pub provider_id: UserId,
    pub act: ShareAct,
    pub at: UnixMillis,
}

/// A new item for an admin. Items with the same order, person and kind form one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    pub order_id: OrderId,
    pub user_id: UserId,
    pub kind: CaseKind,
    pub command_id: CommandId,
    /// The code of the command's answer, unless it was a plain success.
    pub code: Option<Code>,
}

words! {
    CaseKind {
        /// A firm accept found the order cancelled or rejected. Also covers its provider's later
        /// acts on that order.
        MetClosed "met_closed",
        /// A firm answer to a revoked person whose edge could not have seen the revocation.
        RevokedMeanwhile "revoked_meanwhile",
        /// A firm accept by a provider without verification, or whose verification ended.
        UnverifiedHolder "unverified_holder",
        /// A decision an edge made under the region's offline rules.
        OfflineRule "offline_rule",
        /// A firm accept that lost because its right was taken back.
        TakenBack "taken_back",
        /// A job of a revoked provider.
        RevokedHolder "revoked_holder",
        /// Work completed at an edge that does not count. If a firm accept met the closed order,
        /// the work joins that case.
        WorkedInVain "worked_in_vain",
        /// An edge withdrawal that arrived after the order was cancelled at a fee the provider
        /// shares.
        WithdrewBeforeFee "withdrew_before_fee",
        /// A decided command that an edge sent after an operator stopped trusting it.
        EdgeDistrusted "edge_distrusted",
    }
}
words_from_text!(CaseKind);
