//! Rules on an acceptance: `rule_on_accept` alone decides the winner of a collision.
//!
//! Below it are the parts that every ruling on a command uses: the right behind an edge's firm
//! answer, the offline rules that apply to it, and the status that an action leads to.

use custody::FeePolicy;
use wire::{
    Action, Actor, Code, FenceEnd, FenceEnding, LimitReached, Order, OrderStatus, RaceRule, Role,
    StartCode, UnixMillis, Verdict,
};

use crate::{
    Acceptance, Assignment, Attempt, KnownIncident, KnownMessages, NewMessage, OfflineRules,
    OrderRule, OrderState, Origin, TimeProposal, is_disabled,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    Changed {
        after: Box<OrderState>,
        reason: Option<String>,
        /// Only the region's offline rules allowed it.
        under_rule: bool,
    },
    /// An edge promised it, but the order is closed: the promise counts, and the order stays
    /// unchanged.
    Meanwhile(Code),
    /// This person already made the same change: succeeds without changing anything.
    AlreadySo,
    /// A message, which leaves the order as it is.
    Sent(Box<NewMessage>),
    Refused(Code),
    /// An edge's promise does not hold. Carries the end of its right if it was taken back.
    Overturned(FenceEnding, Option<FenceEnd>),
    /// The provider has used up a share of the work, or the customer has reached the limit of open
    /// orders.
    OverLimit(LimitReached),
}

#[derive(Clone, Copy)]
pub(crate) struct RulingContext<'a> {
    pub attempt: &'a Attempt,
    pub actor: Actor,
    pub backing: &'a PromiseBacking,
    pub rules: &'a OfflineRules,
    /// The region's holder is not the sending edge.
    pub held_elsewhere: bool,
    /// The region's holder is the sending edge.
    pub held_here: bool,
    /// A firm accept by this person found the order cancelled or rejected.
    pub met_closed: bool,
    /// The provider is verified, or need not be. A promise under the assignment right holds
    /// regardless.
    pub is_verified: bool,
    /// The provider has another job at the order's hours, or at the proposed ones. A promise under
    /// the assignment right holds regardless.
    pub is_double_booked: bool,
    /// The limit this would break. A promise under the assignment right holds regardless.
    pub limit: Option<LimitReached>,
    pub cancel_policies: &'a [FeePolicy],
    /// The order's start code, if it has one.
    pub start_code: Option<&'a StartCode>,
    /// Too many wrong codes were entered at the portal of late.
    pub is_start_locked: bool,
    /// The reports on the order so far.
    pub incidents: &'a [KnownIncident],
    /// Another time that one of the order's people proposes.
    pub proposal: Option<&'a TimeProposal>,
    /// The messages so far.
    pub messages: &'a KnownMessages,
    pub now: UnixMillis,
}

/// Decides an acceptance. The first acceptance decided wins the order. A promise under an
/// assignment right holds regardless of verification, offers, shares and other bookings.
pub(crate) fn rule_on_accept(
    context: RulingContext<'_>,
    state: &OrderState,
) -> Result<Ruling, Code> {
    let order = &state.order;
    if has_accepted(order, context.actor) {
        return Ok(Ruling::AlreadySo);
    }
    if !context.is_verified && !context.backing.is_firm() {
        return Err(Code::NotVerified);
    }
    let role = context.actor.role;
    let Some(status) = status_after(Action::Accept, role, order, context.rules) else {
        return rule_on_wrong_status(context, order.status, Action::Accept);
    };
    if is_offered_to_others(context, order) && !context.backing.is_firm() {
        return Err(Code::OfferedToOthers);
    }
    if let Some(reached) = context.limit.filter(|_| !context.backing.is_firm()) {
        return Ok(Ruling::OverLimit(reached));
    }
    if context.is_double_booked && !context.backing.is_firm() {
        return Err(Code::DoubleBooked);
    }
    let mut after = state.with_status(status, context.now);
    after.order.provider_id = Some(context.actor.user_id);
    after.acceptance = Some(Acceptance {
        decided_at: context.now,
        source: context.attempt.source(),
        rule: Some(race_rule(context)),
    });
    Ok(Ruling::Changed {
        after: Box::new(after),
        reason: None,
        under_rule: false,
    })
}

/// True if an admin's offer keeps the job for other providers until its end.
fn is_offered_to_others(context: RulingContext<'_>, order: &Order) -> bool {
    let is_kept = order.is_offered_to_others(context.actor.user_id, context.now);
    is_kept && !is_disabled(OrderRule::OfferKept)
}

/// True if this provider's acceptance still holds. Repeats of it succeed.
fn has_accepted(order: &Order, actor: Actor) -> bool {
    order.status.has_provider() && order.provider_id == Some(actor.user_id)
}

/// The rule that puts this acceptance before others.
fn race_rule(context: RulingContext<'_>) -> RaceRule {
    match (context.backing.is_firm(), context.held_here) {
        (true, _) => RaceRule::Promised,
        (false, true) => RaceRule::FirstInLog,
        (false, false) => RaceRule::FirstInCloud,
    }
}

/// The ruling on an action the order's status does not allow. An edge may have promised it before
/// the cloud's change reached it.
pub(crate) fn rule_on_wrong_status(
    context: RulingContext<'_>,
    status: OrderStatus,
    action: Action,
) -> Result<Ruling, Code> {
    use Action::{Accept, Approve};
    let refused = Err(wrong_status_code(status, action));
    match (context.backing, action, status) {
        (PromiseBacking::Stands, Accept | Approve, _) if is_disabled(OrderRule::CancelHeld) => {
            refused
        }
        (PromiseBacking::Stands, Accept, OrderStatus::Cancelled) => {
            Ok(Ruling::Meanwhile(Code::OrderCancelledMeanwhile))
        }
        (PromiseBacking::Stands, Accept | Approve, OrderStatus::Rejected) => {
            Ok(Ruling::Meanwhile(Code::OrderRejectedMeanwhile))
        }
        (PromiseBacking::TakenBack(end), Accept, _)
        | (PromiseBacking::TakenBack(end), Approve, OrderStatus::Rejected) => {
            Ok(Ruling::Overturned(end.how, Some(end.clone())))
        }
        // The original of a cloned machine still holds the right, or a log that was later restored
        // had released it.
        (PromiseBacking::None, Accept, status) if status.has_provider() || is_closed(status) => {
            let ended = context.attempt.promise_ended();
            ended.map_or(refused, |how| Ok(Ruling::Overturned(how, None)))
        }
        // The order is already approved or further along, or it was cancelled, so an approval has
        // nothing left to change.
        (PromiseBacking::Stands | PromiseBacking::TakenBack(_), Approve, _) => {
            Ok(Ruling::AlreadySo)
        }
        _ => refused,
    }
}

/// The order's status after this role performs the action. A customer may cancel work that runs
/// unpaid under an offline rule.
pub(crate) fn status_after(
    action: Action,
    role: Role,
    order: &Order,
    rules: &OfflineRules,
) -> Option<OrderStatus> {
    let cancels = (action, role) == (Action::Cancel, Role::Customer);
    let cancelled = cancels && rules.is_unpaid_work(order);
    order
        .status
        .next_status_by_role(action, role)
        .or(cancelled.then_some(OrderStatus::Cancelled))
}

pub(crate) fn wrong_status_code(status: OrderStatus, action: Action) -> Code {
    match (status, action) {
        (OrderStatus::Cancelled, _) => Code::OrderCancelled,
        (OrderStatus::Rejected, _) => Code::OrderRejected,
        (OrderStatus::PendingReview, Action::Accept) => Code::OrderNotApproved,
        (_, Action::Accept) => Code::OrderAlreadyAccepted,
        _ => Code::WrongState,
    }
}

pub(crate) fn is_closed(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Cancelled | OrderStatus::Rejected)
}

/// The right behind an edge's firm answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromiseBacking {
    /// Provisional answer, or its fence does not belong to this edge's epoch.
    None,
    /// The edge holds the region under that fence.
    Stands,
    /// The edge held it when it answered, possibly in an earlier epoch; the right was taken back
    /// since.
    TakenBack(FenceEnd),
}

impl PromiseBacking {
    pub(crate) fn from_evidence(attempt: &Attempt, assignment: &Assignment) -> Self {
        let Some(op) = attempt.op() else {
            return Self::None;
        };
        let name = &op.identity;
        let firm = op
            .evidence
            .fence
            .filter(|_| op.evidence.verdict == Verdict::Firm);
        if firm == Some(assignment.fence) && assignment.is_held_by(name) {
            return Self::Stands;
        }
        let first = op
            .evidence
            .relogged
            .as_ref()
            .filter(|first| first.verdict == Verdict::Firm);
        let promise = match (firm, first) {
            (Some(fence), _) => Some((&name.edge, name.epoch, fence)),
            (None, Some(first)) => first.fence.map(|fence| (&first.edge, first.epoch, fence)),
            (None, None) => None,
        };
        let Some((edge, epoch, fence)) = promise else {
            return Self::None;
        };
        let record = assignment.fences.get(&fence);
        let own = record.filter(|record| (&record.holder, record.epoch) == (edge, epoch));
        match own.and_then(|record| record.end.as_ref()) {
            Some(end) if end.how.is_take_back() => Self::TakenBack(end.clone()),
            _ => Self::None,
        }
    }

    pub(crate) fn is_firm(&self) -> bool {
        *self != Self::None
    }
}

/// True if this is judged by the edge's view at the time: firm answers, and later edge steps by the
/// provider who won the order through one.
pub(crate) fn is_judged_by_edge_view(
    attempt: &Attempt,
    actor: Actor,
    backing: &PromiseBacking,
    state: Option<&OrderState>,
) -> bool {
    let follows = state.is_some_and(|state| {
        let firm = state.acceptance.as_ref().is_some_and(Acceptance::is_firm);
        let accept = attempt.command.body.order_action() == Some(Action::Accept);
        firm && !accept && state.order.provider_id == Some(actor.user_id)
    });
    backing.is_firm() || (attempt.op().is_some() && follows)
}

pub(crate) fn applicable_rules(
    attempt: &Attempt,
    assignment: &Assignment,
    by_known: bool,
) -> OfflineRules {
    let named = attempt.op().and_then(|op| op.evidence.rules_version);
    let named = named.filter(|_| by_known && !is_disabled(OrderRule::RuleVersion));
    assignment.rules_at(named).clone()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevocationEffect {
    None,
    /// The edge could not have seen it: honour the answer and open a case for an admin.
    Later,
    Refuses,
}

pub(crate) fn revocation_effect(attempt: &Attempt, by_known: bool) -> RevocationEffect {
    let op = match &attempt.origin {
        // No edge promised anything, so today's revocation list counts.
        Origin::Waited { revoked: true } => return RevocationEffect::Refuses,
        Origin::Waited { revoked: false } | Origin::Portal => return RevocationEffect::None,
        Origin::Edge(op) => op,
    };
    let Some(revoked) = op.evidence.revoked_version else {
        return RevocationEffect::None;
    };
    let unseen = op
        .evidence
        .revocations_version
        .is_none_or(|seen| seen < revoked);
    if by_known && unseen && !is_disabled(OrderRule::RevokeSeen) {
        RevocationEffect::Later
    } else {
        RevocationEffect::Refuses
    }
}
