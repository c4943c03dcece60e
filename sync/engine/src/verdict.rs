//! The edge's immediate answer: section 3 of `sync/engine/PROTOCOL.md` as a pure function of its
//! view of one order and its state in the region.
//!
//! Invariant: a `Firm` verdict always carries its fence and comes only from the two rows that allow
//! it. A view that contradicts a command never refuses it, because the cloud may have newer facts
//! [SOFT_REFUSAL]. The intake handles the earlier rows (known id, full disk, bad token). A customer
//! is in good standing at this edge by confirmed orders only, whose states and payments come from
//! the cloud; pending ops in the edge's log do not matter.

use std::time::Duration;

use wire::{
    Action, Actor, Code, CommandBody, Hash, Order, OrderStatus, PaymentStatus, UserId, Verdict,
};

use crate::view::{EdgeOrderView, find_doubt, lacks_funds};

/// A command with a checked token and shape.
#[derive(Debug, Clone, Copy)]
pub struct VerdictRequest<'a> {
    pub actor: Actor,
    pub body: &'a CommandBody,
    /// The command went to another edge before; such a repeat never gets a firm answer
    /// [REPEAT_NOT_FIRM].
    pub repeat: bool,
    /// The command carries a receipt from one of our edges, so this edge must accept it.
    pub receipted: bool,
    pub start_code: EnteredStartCode,
}

/// The start code that came with the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnteredStartCode {
    #[default]
    None,
    /// The entered code, hashed for the order.
    Hashed(Hash),
    /// The person has entered too many wrong codes for the order.
    Locked,
}

/// The edge's current state, which limits its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeState {
    pub right: RegionRight,
    /// The log may be restored or cloned: provisional answers only.
    pub suspect: bool,
    /// The gate admitted the user on fresh revocations, and so does the revocations version that
    /// the op will name.
    pub let_in: bool,
    /// The region's offline rule lets the holder publish and approve this order firmly.
    pub rule_allows: bool,
    /// The region's rules allow this order's work to start without held funds, or allowed it at its
    /// start.
    pub unpaid_start: bool,
}

impl EdgeState {
    /// The state of every edge under the policy `optimistic`, where no edge holds the region.
    pub const OPTIMISTIC: Self = Self {
        right: RegionRight::None,
        suspect: false,
        let_in: true,
        rule_allows: false,
        unpaid_start: false,
    };
}

/// True if the revocations are recent enough for a firm answer. `age` counts from the last
/// confirmation that the feed has no others, on a clock that never jumps or stops. An unknown age
/// is too old.
pub fn are_revocations_fresh(age: Option<Duration>, allowed: Duration) -> bool {
    age.is_some_and(|age| age <= allowed)
}

/// The holder of the region's right to assign, from this edge's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionRight {
    None,
    Elsewhere,
    /// This edge, under `fence`. Proven once the grant's digest matched the feed [GRANT_DIGEST].
    Held {
        fence: u64,
        proven: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandVerdict {
    /// The command is refused and not logged.
    NotTaken(Code),
    Taken(TakenVerdict),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenVerdict {
    pub verdict: Verdict,
    pub fence: Option<u64>,
    /// Why the cloud may refuse it: the view contradicts the command, another edge assigns the
    /// orders, or no funds are held for the work.
    pub doubt: Option<Code>,
}

/// Most ops that may wait on one order. Beyond that the holder refuses ops that cannot change it,
/// so that they never crowd out ops that can.
pub const WAITING_MAX: usize = 64;

/// Returns the answer of the first row that fits.
pub fn judge_command(
    request: &VerdictRequest<'_>,
    view: &EdgeOrderView,
    edge_state: &EdgeState,
) -> CommandVerdict {
    if exceeds_waiting_limit(request, view, edge_state) {
        return CommandVerdict::NotTaken(Code::TooManyRequests);
    }
    let doubt = match (&view.order, request.body.order_action()) {
        (None, None) => None,
        (None, Some(_)) if !request.receipted => {
            return CommandVerdict::NotTaken(Code::OrderNotFound);
        }
        (None, Some(_)) => Some(Code::LooksWrongState),
        (Some(_), None) => Some(Code::LooksWrongState),
        (Some(order), Some(action)) => {
            find_doubt(request.actor, action, order, view.is_unpaid_work)
                .or_else(|| doubt_offer(view))
                .or_else(|| doubt_double_booking(request, order, view))
        }
    };
    if doubt.is_none()
        && let Some(code) = refuse_start_code(request, view)
    {
        return CommandVerdict::NotTaken(code);
    }
    let fence = match doubt {
        None if may_be_firm(request, edge_state) => firm_fence(view, edge_state),
        _ => None,
    };
    let verdict = if fence.is_some() {
        Verdict::Firm
    } else {
        Verdict::Provisional
    };
    let doubt = doubt
        .or_else(|| doubt_held_elsewhere(request, edge_state))
        .or_else(|| doubt_unpaid_work(request, view, edge_state));
    CommandVerdict::Taken(TakenVerdict {
        verdict,
        fence,
        doubt,
    })
}

/// The cloud refuses the job to others than those it is offered to, so the edge promises it to none
/// of them [OFFER_KEPT].
fn doubt_offer(view: &EdgeOrderView) -> Option<Code> {
    view.is_offered_to_others.then_some(Code::LooksOffered)
}

/// The cloud refuses a second job at the same hours, so the edge promises none [BOOKED_ONCE].
fn doubt_double_booking(
    request: &VerdictRequest<'_>,
    order: &Order,
    view: &EdgeOrderView,
) -> Option<Code> {
    let theirs = order.provider_id == Some(request.actor.user_id);
    let books = request.body.order_action() == Some(Action::Accept) && !theirs;
    (books && view.is_double_booked).then_some(Code::LooksDoubleBooked)
}

/// Why this start may not be logged: its order has a start code, and the person did not enter it. A
/// start that any of our edges took before passed this check there.
fn refuse_start_code(request: &VerdictRequest<'_>, view: &EdgeOrderView) -> Option<Code> {
    let starts = request.body.order_action() == Some(Action::Start);
    let check = view.order.as_ref().and_then(|order| order.start_code)?;
    if !starts || request.receipted {
        return None;
    }
    match request.start_code {
        EnteredStartCode::None => Some(Code::StartCodeRequired),
        EnteredStartCode::Locked => Some(Code::StartCodeLocked),
        EnteredStartCode::Hashed(hash) => {
            (check.hash != Some(hash)).then_some(Code::StartCodeWrong)
        }
    }
}

/// Warns the user that their accept waits for the edge that holds the region.
fn doubt_held_elsewhere(request: &VerdictRequest<'_>, edge_state: &EdgeState) -> Option<Code> {
    let accept = request.body.order_action() == Some(Action::Accept);
    (accept && edge_state.right == RegionRight::Elsewhere).then_some(Code::RegionHeldElsewhere)
}

/// The cloud refuses a start without held funds and every op that builds on it, so warn the user
/// before they do the work.
fn doubt_unpaid_work(
    request: &VerdictRequest<'_>,
    view: &EdgeOrderView,
    edge_state: &EdgeState,
) -> Option<Code> {
    let is_unpaid = match request.body.order_action() {
        Some(Action::Start) => view.order.as_ref().is_some_and(lacks_funds),
        Some(Action::Complete) => view.unpaid_start.is_some(),
        _ => false,
    };
    (is_unpaid && !edge_state.unpaid_start).then_some(Code::LooksUnpaid)
}

fn may_be_firm(request: &VerdictRequest<'_>, edge_state: &EdgeState) -> bool {
    let covered = match request.body {
        CommandBody::AcceptOrder { .. } => true,
        CommandBody::PublishOrder { .. } | CommandBody::ApproveOrder { .. } => {
            edge_state.rule_allows
        }
        _ => false,
    };
    covered && !request.repeat && !edge_state.suspect && edge_state.let_in
}

/// The held fence, if it is proven and every pending op that can change the order uses the same
/// fence [FIRM_BASE].
fn firm_fence(view: &EdgeOrderView, edge_state: &EdgeState) -> Option<u64> {
    let RegionRight::Held {
        fence,
        proven: true,
    } = edge_state.right
    else {
        return None;
    };
    view.pending
        .iter()
        .all(|op| op.is_idle || op.fence == Some(fence))
        .then_some(fence)
}

/// Only a proven holder can rely on an op being idle.
fn exceeds_waiting_limit(
    request: &VerdictRequest<'_>,
    view: &EdgeOrderView,
    edge_state: &EdgeState,
) -> bool {
    let proven = matches!(edge_state.right, RegionRight::Held { proven: true, .. });
    proven
        && !request.receipted
        && view.pending.len() >= WAITING_MAX
        && !view.may_change(request.actor, request.body)
}

/// The payment state of one finished order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishedWorkPayment {
    Paid,
    Owed,
}

/// A customer's payment history over their finished orders: in good standing if they have paid for
/// finished work at this edge and owe for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentHistory {
    pub has_paid: bool,
    pub owes: bool,
}

impl FinishedWorkPayment {
    /// `None` if the work is unfinished, or refunded and thus neutral.
    pub fn from_order(order: &Order) -> Option<Self> {
        if !matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed) {
            return None;
        }
        match order.payment_status {
            PaymentStatus::Held | PaymentStatus::Paid => Some(Self::Paid),
            PaymentStatus::Unpaid => Some(Self::Owed),
            PaymentStatus::Refunded | PaymentStatus::PartiallyRefunded => None,
        }
    }
}

impl PaymentHistory {
    /// From one customer's confirmed orders.
    pub fn from_orders<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Self {
        let mut record = Self::default();
        for work in orders
            .into_iter()
            .filter_map(FinishedWorkPayment::from_order)
        {
            record.has_paid |= work == FinishedWorkPayment::Paid;
            record.owes |= work == FinishedWorkPayment::Owed;
        }
        record
    }

    /// False for a new account: it has paid for no work yet.
    pub fn is_good(self) -> bool {
        self.has_paid && !self.owes
    }
}

/// The customer to check for good standing on this command.
pub fn customer_of(actor: Actor, body: &CommandBody, seen: Option<&Order>) -> Option<UserId> {
    match body {
        CommandBody::PublishOrder { .. } => Some(actor.user_id),
        CommandBody::ApproveOrder { .. } => seen.map(|order| order.customer_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
