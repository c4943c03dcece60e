//! What follows from a decision: all of it is written in the one transaction that the snapshot was
//! read in, or none of it.

use wire::{
    Code, CommandId, EdgePromise, EventType, OpDecision, OrderEvent, OrderId, OrderStatus, Region,
    ShareAct, TimelineEntry, UnixMillis, UserId, words, words_from_text,
};

use crate::{AssignmentTurn, OrderState, StoredAnswer};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// One answer per request, in the order of the requests.
    pub answers: Vec<OpDecision>,
    /// New answers to keep; a command that consumed nothing has none.
    pub commands: Vec<StoredAnswer>,
    /// The orders that changed, by id, each once with its last state.
    pub orders: Vec<OrderWrite>,
    pub timeline: Vec<Line>,
    /// Firm answers that came to nothing and that a line of before does not tell yet.
    pub promises: Vec<LatePromise>,
    /// In the order in which they happened.
    pub events: Vec<EventDraft>,
    /// For a person to look at.
    pub cases: Vec<NewCase>,
    /// The shares that providers have used up.
    pub acts: Vec<ProviderAct>,
    /// The changes of how regions assign, in their order.
    pub turns: Vec<(Region, AssignmentTurn)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderWrite {
    /// `None` for a new order.
    pub guard: Option<Guard>,
    pub after: OrderState,
}

/// The version and status that were read: the write must still find them, or the decision is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    pub version: u64,
    pub status: OrderStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub order_id: OrderId,
    pub entry: TimelineEntry,
}

/// A firm answer to a command that was decided, and has its line, in another log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatePromise {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub user_id: UserId,
    pub promise: EdgePromise,
}

/// An event to publish. Its id is given where it is stored, since ids are not drawn here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    pub kind: EventType,
    pub trace: String,
    pub body: OrderEvent,
}

/// An acceptance or a withdrawal of a provider, at the moment when it was first taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderAct {
    pub provider_id: UserId,
    pub act: ShareAct,
    pub at: UnixMillis,
}

/// Something for a person to look at. Items of one order, person and kind are one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    pub order_id: OrderId,
    pub user_id: UserId,
    pub kind: CaseKind,
    pub command_id: CommandId,
    /// The code of the command's answer, where that was more than a plain success.
    pub code: Option<Code>,
}

words! {
    CaseKind {
        /// A firm accept found the order cancelled or rejected; with it, all that its provider then
        /// did on the order.
        MetClosed "met_closed",
        /// A firm answer to a revoked person, where its edge could not know of the revocation.
        RevokedMeanwhile "revoked_meanwhile",
        /// A firm answer to the acceptance of a provider who is not verified, or no longer is.
        UnverifiedHolder "unverified_holder",
        /// A decision of an edge under the region's offline rules.
        OfflineRule "offline_rule",
        /// A firm accept that lost because the right it stood on was taken back.
        TakenBack "taken_back",
        /// A job in the hand of a person who was revoked.
        RevokedHolder "revoked_holder",
        /// Work that its provider completed at an edge, and that counts for nothing. Where a firm
        /// accept met the closed order, it is gathered in the case of that.
        WorkedInVain "worked_in_vain",
        /// A withdrawal at an edge that arrived when the order was cancelled at a fee, a share of
        /// which is its provider's.
        WithdrewBeforeFee "withdrew_before_fee",
        /// A decided command that an edge sent after the moment from which an operator trusts it no
        /// longer.
        EdgeDistrusted "edge_distrusted",
    }
}
words_from_text!(CaseKind);
