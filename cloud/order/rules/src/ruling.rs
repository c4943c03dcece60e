//! One command against one order: whether it may, and what the order becomes. The only place that
//! knows who wins.

use wire::{
    Action, Actor, Code, CommandBody, Draft, Order, OrderCode, OrderId, OrderStatus, PaymentStatus,
    Role, UnixMillis,
};

use crate::{
    Acceptance, Attempt, OfflineRules, Origin, Standing, check_draft, check_reason,
    text::check_optional_reason,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    Changed {
        after: Box<Standing>,
        reason: Option<String>,
    },
    /// What was asked for is already so, by the same person: a success that changes nothing.
    AlreadySo,
    Refused(Code),
}

/// A command of a known person, with what it is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub attempt: &'a Attempt,
    pub actor: Actor,
    pub rules: OfflineRules,
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
        (_, Some(action)) => check_asker(action, case.actor, standing)
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
    let order = new_order(case, order_id, draft);
    let after = Box::new(Standing { order, acceptance: None });
    Ok(Ruling::Changed { after, reason: None })
}

fn new_order(case: Case<'_>, id: OrderId, draft: Draft) -> Order {
    Order {
        id,
        code: OrderCode::of(draft.location, id),
        customer_id: case.actor.user_id,
        provider_id: None,
        title: draft.title,
        description: draft.description,
        service_type: draft.service_type,
        price: draft.price,
        currency: draft.currency,
        location: draft.location,
        address: draft.address,
        service_start_time: draft.service_start_time,
        service_end_time: draft.service_end_time,
        status: OrderStatus::PendingReview,
        payment_status: PaymentStatus::Unpaid,
        version: 1,
        created_at: case.now,
        updated_at: case.now,
        source: case.attempt.source(),
    }
}

fn check_asker(
    action: Action,
    actor: Actor,
    standing: Option<&Standing>,
) -> Result<&Standing, Code> {
    if !action.roles().contains(&actor.role) {
        let accept = action == Action::Accept;
        return Err(if accept { Code::ProvidersOnly } else { Code::RoleForbidden });
    }
    // Reviews are decided by the service that owns them.
    if action == Action::Review {
        return Err(Code::UnknownOp);
    }
    let standing = standing.ok_or(Code::OrderNotFound)?;
    if concerns(action, actor, &standing.order) { Ok(standing) } else { Err(Code::NotYours) }
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
    let status = order.status.after(action).ok_or_else(|| why_not(order.status, action))?;
    if action == Action::Start && !may_start(order, case) {
        return Err(Code::FundsNotHeld);
    }
    let mut after = Box::new(standing.clone());
    after.order.status = status;
    after.order.version += 1;
    after.order.updated_at = case.now;
    match action {
        Action::Accept => {
            let source = case.attempt.source();
            after.order.provider_id = Some(case.actor.user_id);
            after.acceptance = Some(Acceptance { decided_at: case.now, source });
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
    Ok(Ruling::Changed { after, reason })
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

fn may_start(order: &Order, case: Case<'_>) -> bool {
    let at_an_edge = matches!(case.attempt.origin, Origin::Edge(_));
    order.payment_status == PaymentStatus::Held || (at_an_edge && case.rules.unpaid_start)
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
