//! The order service's decisions: permissions, the winner of a collision, the explanation for the
//! loser, and the resulting answers, order changes, timeline entries and events.
//!
//! Invariants: nothing here does IO, reads a clock or draws a random number, so one snapshot and
//! one list of requests always give the same result. A command is decided once; repeats get its
//! stored answer. An order has at most one provider. HTTP requests and edge log batches go through
//! the same `decide_submissions`.
//!
//! An [`OrderRule`] is a rule that the simulator can disable to show its purpose.

mod assignment;
mod batch;
mod bookings;
mod decide;
mod disclosure;
mod incident_rules;
mod input;
mod message_rules;
mod message_thread;
mod offer_rules;
mod order_rules;
mod recurrence;
mod reschedule_rules;
mod ruling;

pub use assignment::{
    Assignment, AssignmentTransition, HolderEpoch, NextAssignment, OpIdentity, RequestedAssignment,
};
pub use batch::{
    CaseKind, EventDraft, LatePromise, NewCase, NewTimelineEntry, OrderVersionGuard, OrderWrite,
    ProviderAct, Writes,
};
pub use decide::decide_submissions;
pub use disclosure::regions_to_explain;
pub use input::{
    Acceptance, Attempt, Booking, CommandKey, EdgeOp, KnownIncident, OrderState, Origin, Snapshot,
    StoredAnswer, Submission, TimeProposal, submissions_from_batch,
};
pub use message_rules::{find_message_close, find_message_recipient};
pub use message_thread::{
    KnownMessage, KnownMessages, MessageDirection, MessageThread, NewMessage,
};
pub use offer_rules::{list_newly_offered, rule_on_offer};
pub use order_rules::{Cancellation, preview_cancellation};
pub use recurrence::{OCCURRENCES_MAX, Recurrence, RecurrenceRefusal, RecurrenceRule};
pub use reschedule_rules::{ProposalRefusal, check_may_answer, check_may_propose, check_proposal};
pub use wire::OfflineRules;

/// Returns true only in a simulator that has disabled the rule.
#[inline]
pub(crate) fn is_disabled(rule: OrderRule) -> bool {
    planted::is_planted(rule)
}

/// A rule of the order service's decisions. Each variant states the defect that follows when the
/// rule is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderRule {
    /// Decides an accept without a fence while another edge holds the region.
    NonfenceHeld,
    /// The same for an accept under an old fence.
    OldfenceHeld,
    /// Refuses at once a command that would be refused, even in a held region.
    HeldBeforeChecks,
    /// Answers a waiting command with a final refusal.
    HeldNotFinal,
    /// Decides an edge's op before an earlier one that waits.
    HeldKeepsOrder,
    /// A policy change ends the right without its holder's release.
    ReleaseOp,
    /// Releasing an old fence ends the right under the new one.
    AnyReleaseEnds,
    /// Refuses a firm accept on a cancelled or rejected order.
    CancelHeld,
    /// Judges a firm answer by revocations the edge could not have seen.
    RevokeSeen,
    /// Judges a firm answer by rules the edge could not have seen.
    RuleVersion,
    /// The rule for disconnected edges starts unpaid work at a connected edge.
    UnpaidWhileLinked,
    /// Every HTTP refusal uses up its command id.
    RefuseNotConsume,
    /// Opens no case for work done in vain.
    VainCase,
    /// Ignores stored answers.
    AnswersKept,
    /// Stores a repeat of a message again.
    MessageOnce,
    /// Gives a provider two jobs at the same time.
    BookedOnce,
    /// Gives a job that is offered to a few providers to another one.
    OfferKept,
    /// Starts work before its price is in custody.
    HeldFirst,
    /// Work in progress can be cancelled too.
    CancelStages,
}
