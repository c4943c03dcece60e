//! What follows from a decision: all of it is written in the one transaction that the snapshot was
//! read in, or none of it.

use std::{fmt, str::FromStr};

use wire::{
    Code, CommandId, EventType, OpDecision, OrderEvent, OrderId, OrderStatus, Region,
    TimelineEntry, UserId,
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
    /// In the order in which they happened.
    pub events: Vec<EventDraft>,
    /// For a person to look at.
    pub cases: Vec<NewCase>,
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

/// An event to publish. Its id is given where it is stored, since ids are not drawn here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    pub kind: EventType,
    pub trace: String,
    pub body: OrderEvent,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseKind {
    /// A firm accept found the order cancelled or rejected; with it, all that its provider then did
    /// on the order.
    MetClosed,
    /// A firm answer to a revoked person, where its edge could not know of the revocation.
    RevokedMeanwhile,
    /// A decision of an edge under the region's offline rules.
    OfflineRule,
    /// A firm accept that lost because the right it stood on was taken back.
    TakenBack,
}

impl CaseKind {
    pub const ALL: [Self; 4] =
        [Self::MetClosed, Self::RevokedMeanwhile, Self::OfflineRule, Self::TakenBack];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetClosed => "met_closed",
            Self::RevokedMeanwhile => "revoked_meanwhile",
            Self::OfflineRule => "offline_rule",
            Self::TakenBack => "taken_back",
        }
    }
}

impl fmt::Display for CaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CaseKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| "an unknown kind of case".to_owned())
    }
}
