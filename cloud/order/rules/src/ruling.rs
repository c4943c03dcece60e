//! One command against one order: whether it may, and what the order becomes. The only place that
//! knows who wins.

use wire::{
    Action, Actor, Code, CommandBody, Draft, Order, OrderId, OrderStatus, PaymentStatus, Role,
    UnixMillis, check_draft, check_optional_reason, check_reason,
};

use crate::{Acceptance, Attempt, Lapse, OfflineRules, Origin, Standing, right::Right, view};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    Changed {
        after: Box<Standing>,
        reason: Option<String>,
        /// It was allowed by the region's offline rules alone.
        under_rule: bool,
    },
    /// What was promised at an edge finds the order cancelled or rejected: the promise counts, and the
    /// order stays as it is.
    Meanwhile(Code),
    /// What was asked for is already so, by the same person: a success that changes nothing.
    AlreadySo,
    Refused(Code),
}

/// A command of a known person, with what it is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub attempt: &'a Attempt,
    pub actor: Actor,
    /// The right under which an edge has answered it.
    pub right: &'a Right,
    pub rules: &'a OfflineRules,
    /// Someone else holds the region than the edge this comes from.
    pub held_elsewhere: bool,
    /// This person's firm accept found the order cancelled or rejected.
    pub met_closed: bool,
    /// The order's provider was promised it after he had been revoked.
    pub provider_revoked: bool,
    pub lapse: Option<Lapse>,
    pub now: UnixMillis,
}

/// Rules on a case. Checks run from who is asking, over whether the order exists and whose it is, to
/// what its state allows; the first that fails is the answer.
pub(crate) fn rule(case: Case<'_>, standing: Option<&Standing>) -> Ruling {
    let body = &case.attempt.command.body;
    let ruled = match (body, body.action()) {
        (CommandBody::PublishOrder { order_id, order }, _) => {
            publish(case, standing, *order_id, order)
        }
        (_, Some(action)) => check_asker(action, case, standing)
            .and_then(|standing| Ok((standing, reason_of(body)?)))
            .and_then(|(standing, reason)| act(action, case, standing, reason)),
        (_, None) => Err(Code::UnknownOp),
    };
    ruled.unwrap_or_else(Ruling::Refused)
}

fn publish(
    case: Case<'_>,
    standing: Option<&Standing>,
    order_id: OrderId,
    draft: &Draft,
) -> Result<Ruling, Code> {
    if case.actor.role != Role::Customer {
        return Err(Code::RoleForbidden);
    }
    let draft = check_draft(draft).map_err(|_| Code::InvalidInput)?;
    if standing.is_some() {
        return Err(Code::OrderExists);
    }
    let (customer, source) = (case.actor.user_id, case.attempt.source());
    let order = Order::published(order_id, draft, customer, case.now, source);
    let after = Box::new(Standing { order, acceptance: None });
    Ok(Ruling::Changed { after, reason: None, under_rule: false })
}

fn check_asker<'a>(
    action: Action,
    case: Case<'_>,
    standing: Option<&'a Standing>,
) -> Result<&'a Standing, Code> {
    let actor = case.actor;
    let by_rule = standing.is_some_and(|standing| is_by_rule(action, case, &standing.order));
    let for_revoked = is_for_revoked(action, case);
    if !action.roles().contains(&actor.role) && !by_rule && !for_revoked {
        let accept = action == Action::Accept;
        return Err(if accept { Code::ProvidersOnly } else { Code::RoleForbidden });
    }
    // Reviews are decided by the service that owns them.
    if action == Action::Review {
        return Err(Code::UnknownOp);
    }
    let standing = standing.ok_or(Code::OrderNotFound)?;
    let order = &standing.order;
    match (
        for_revoked || concerns(action, actor, order),
        view::is_hidden(order, actor, case.attempt),
    ) {
        (true, false) => Ok(standing),
        (true, true) => Err(Code::OrderNotFound),
        (false, hidden) => Err(why_not_his(case, order, action, hidden)),
    }
}

/// Whether the holding edge has approved this under the region's offline rule: in the name of an admin
/// who was there, or of the order's own customer.
fn is_by_rule(action: Action, case: Case<'_>, order: &Order) -> bool {
    let (actor, rule) = (case.actor, case.rules.approval.as_ref());
    let asked = actor.role == Role::Admin || actor.user_id == order.customer_id;
    action == Action::Approve
        && case.right.is_firm()
        && asked
        && rule.is_some_and(|rule| rule.allows(order))
}

/// Whether an admin withdraws what was promised to somebody who had been revoked: no edge could know
/// it, so that the promise was honoured first.
fn is_for_revoked(action: Action, case: Case<'_>) -> bool {
    action == Action::Withdraw && case.actor.role == Role::Admin && case.provider_revoked
}

/// Whether this order is one on which this person may do this at all.
fn concerns(action: Action, actor: Actor, order: &Order) -> bool {
    match action {
        Action::Approve | Action::Reject | Action::Accept => true,
        Action::Withdraw | Action::Start | Action::Complete => {
            order.provider_id == Some(actor.user_id)
        }
        Action::Cancel => actor.role == Role::Admin || order.customer_id == actor.user_id,
        Action::Review => order.customer_id == actor.user_id,
    }
}

/// Why someone may not work on an order that is not his here. It may yet be his: by a firm accept that
/// found it closed, or by one that stands only in the holder's log so far.
fn why_not_his(case: Case<'_>, order: &Order, action: Action, hidden: bool) -> Code {
    let works = matches!(action, Action::Withdraw | Action::Start | Action::Complete);
    match order.status {
        OrderStatus::Cancelled | OrderStatus::Rejected if works && case.met_closed => {
            why_not(order.status, action)
        }
        OrderStatus::PendingReview | OrderStatus::Pending if works && case.held_elsewhere => {
            Code::AcceptanceNotArrived
        }
        _ if hidden => Code::OrderNotFound,
        _ => Code::NotYours,
    }
}

/// The reason a person gave. Only a rejection needs one.
pub(crate) fn reason_of(body: &CommandBody) -> Result<Option<String>, Code> {
    let checked = match body {
        CommandBody::RejectOrder { reason, .. } => check_reason(reason).map(Some),
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => check_optional_reason(reason.as_deref()),
        _ => Ok(None),
    };
    checked.map_err(|_| Code::InvalidInput)
}

fn act(
    action: Action,
    case: Case<'_>,
    standing: &Standing,
    reason: Option<String>,
) -> Result<Ruling, Code> {
    let order = &standing.order;
    if action == Action::Accept && has_accepted(order, case.actor) {
        return Ok(Ruling::AlreadySo);
    }
    let Some(status) = order.status.after(action) else {
        return leads_nowhere(case, order.status, action);
    };
    if is_for_revoked(action, case) && reason.is_none() {
        // It overturns a promise, and the record has to say why.
        return Err(Code::InvalidInput);
    }
    let unpaid = action == Action::Start && order.payment_status != PaymentStatus::Held;
    if unpaid && !may_start_unpaid(case) {
        return Err(Code::FundsNotHeld);
    }
    let under_rule = unpaid || is_by_rule(action, case, order);
    let mut after = Box::new(standing.clone());
    after.order.status = status;
    after.order.version += 1;
    after.order.updated_at = case.now;
    match action {
        Action::Accept => {
            let source = case.attempt.source();
            after.order.provider_id = Some(case.actor.user_id);
            let firm = case.right.is_firm();
            after.acceptance = Some(Acceptance { decided_at: case.now, source, firm });
        }
        Action::Withdraw => {
            after.order.provider_id = None;
            after.acceptance = None;
        }
        Action::Approve
        | Action::Reject
        | Action::Start
        | Action::Complete
        | Action::Cancel
        | Action::Review => {}
    }
    Ok(Ruling::Changed { after, reason, under_rule })
}

/// What an action comes to that the order's state has no place for. An edge may have promised it by the
/// right to assign, before what the cloud knew could reach it.
fn leads_nowhere(case: Case<'_>, status: OrderStatus, action: Action) -> Result<Ruling, Code> {
    use Action::{Accept, Approve};
    let refused = Err(why_not(status, action));
    match (case.right, action, status) {
        (Right::Stands, Accept | Approve, _) if case.lapse == Some(Lapse::CancelHeld) => refused,
        (Right::Stands, Accept, OrderStatus::Cancelled) => {
            Ok(Ruling::Meanwhile(Code::OrderCancelledMeanwhile))
        }
        (Right::Stands, Accept | Approve, OrderStatus::Rejected) => {
            Ok(Ruling::Meanwhile(Code::OrderRejectedMeanwhile))
        }
        (Right::TakenBack(_), Accept, _)
        | (Right::TakenBack(_), Approve, OrderStatus::Rejected) => Err(Code::RegionTakenBack),
        // It is approved, or further on than that.
        (Right::Stands | Right::TakenBack(_), Approve, _) => Ok(Ruling::AlreadySo),
        _ => refused,
    }
}

/// Whether this provider's acceptance stands. A repeat of it, in whatever words, is a success.
fn has_accepted(order: &Order, actor: Actor) -> bool {
    let stands = match order.status {
        OrderStatus::Accepted
        | OrderStatus::InProgress
        | OrderStatus::Completed
        | OrderStatus::Reviewed => true,
        OrderStatus::PendingReview
        | OrderStatus::Pending
        | OrderStatus::Cancelled
        | OrderStatus::Rejected => false,
    };
    stands && order.provider_id == Some(actor.user_id)
}

fn may_start_unpaid(case: Case<'_>) -> bool {
    matches!(case.attempt.origin, Origin::Edge(_)) && case.rules.unpaid_start
}

/// What to tell someone whose action leads nowhere from here.
fn why_not(status: OrderStatus, action: Action) -> Code {
    match (status, action) {
        (OrderStatus::Cancelled, _) => Code::OrderCancelled,
        (OrderStatus::Rejected, _) => Code::OrderRejected,
        (OrderStatus::PendingReview, Action::Accept) => Code::OrderNotApproved,
        (_, Action::Accept) => Code::OrderAlreadyAccepted,
        _ => Code::WrongState,
    }
}
