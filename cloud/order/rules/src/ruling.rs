//! Rules on one command against one order. The only place that decides who wins a collision.

use wire::{
    Action, Actor, Code, CommandBody, Draft, FenceEnd, FenceEnding, LimitReached, Order, OrderId,
    OrderStatus, PaymentStatus, RaceRule, Role, UnixMillis, check_draft, check_optional_note,
    check_optional_reason, check_reason,
};

use custody::FeePolicy;

use crate::{
    Acceptance, Attempt, DisabledRule, OfflineRules, OrderState, backing::PromiseBacking, pricing,
    view,
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
    pub may_accept: bool,
    /// The limit this would break. A promise under the assignment right holds regardless.
    pub limit: Option<LimitReached>,
    pub cancel_policies: &'a [FeePolicy],
    pub disabled: Option<DisabledRule>,
    pub now: UnixMillis,
}

/// Checks the author, the order and its owner, then its status; the first failed check is the
/// answer.
pub(crate) fn rule_on_case(context: RulingContext<'_>, state: Option<&OrderState>) -> Ruling {
    let body = &context.attempt.command.body;
    let ruled = match (body, body.order_action()) {
        (CommandBody::PublishOrder { order_id, order }, _) => {
            rule_on_publish(context, state, *order_id, order)
        }
        (_, Some(action)) => check_asker(action, context, state)
            .and_then(|state| Ok((state, reason_of(body)?)))
            .and_then(|(state, reason)| rule_on_action(action, context, state, reason)),
        (_, None) => Err(Code::UnknownOp),
    };
    ruled.unwrap_or_else(Ruling::Refused)
}

fn rule_on_publish(
    context: RulingContext<'_>,
    state: Option<&OrderState>,
    order_id: OrderId,
    draft: &Draft,
) -> Result<Ruling, Code> {
    if context.actor.role != Role::Customer {
        return Err(Code::RoleForbidden);
    }
    let draft = check_draft(draft).map_err(|_| Code::InvalidInput)?;
    if state.is_some() {
        return Err(Code::OrderExists);
    }
    if let Some(reached) = context.limit.filter(|_| !context.backing.is_firm()) {
        return Ok(Ruling::OverLimit(reached));
    }
    let customer = context.actor.user_id;
    let source = context.attempt.source();
    let order = Order::new_published(order_id, draft, customer, context.now, source);
    let after = Box::new(OrderState::new_unpaid(order, None));
    Ok(Ruling::Changed {
        after,
        reason: None,
        under_rule: false,
    })
}

fn check_asker<'a>(
    action: Action,
    context: RulingContext<'_>,
    state: Option<&'a OrderState>,
) -> Result<&'a OrderState, Code> {
    let actor = context.actor;
    let by_rule = state.is_some_and(|state| is_by_rule(action, context, &state.order));
    if !action.allowed_roles().contains(&actor.role) && !by_rule {
        let accept = action == Action::Accept;
        return Err(if accept {
            Code::ProvidersOnly
        } else {
            Code::RoleForbidden
        });
    }
    // The review service decides reviews.
    if action == Action::Review {
        return Err(Code::UnknownOp);
    }
    let state = state.ok_or(Code::OrderNotFound)?;
    let order = &state.order;
    match (
        can_ever_act(action, actor, order),
        view::is_hidden(order, actor, context.attempt),
    ) {
        (true, false) => Ok(state),
        (true, true) => Err(Code::OrderNotFound),
        (false, hidden) => Err(why_not_his(context, order, action, hidden)),
    }
}

/// True if the holding edge approved this under the region's offline rules, for an admin on site or
/// the order's own customer. Only the edge knew the customer's standing, so its promise counts, and
/// a case lets an admin check it.
fn is_by_rule(action: Action, context: RulingContext<'_>, order: &Order) -> bool {
    let actor = context.actor;
    let asked = actor.role == Role::Admin || actor.user_id == order.customer_id;
    action == Action::Approve
        && context.backing.is_firm()
        && asked
        && context
            .rules
            .list_approval_rules(true)
            .any(|rule| rule.allows_order(order))
}

/// True if this person may ever perform the action on this order.
fn can_ever_act(action: Action, actor: Actor, order: &Order) -> bool {
    match action {
        Action::Approve | Action::Reject | Action::Accept => true,
        Action::Withdraw if actor.role == Role::Admin => true,
        Action::Withdraw | Action::Start | Action::Complete => {
            order.provider_id == Some(actor.user_id)
        }
        Action::Cancel => actor.role == Role::Admin || order.customer_id == actor.user_id,
        Action::Review => order.customer_id == actor.user_id,
    }
}

/// Why someone may not work on an order that is not theirs. It may yet become theirs, through a
/// firm accept that met a closed order or one that exists only in the holder's log so far.
fn why_not_his(context: RulingContext<'_>, order: &Order, action: Action, hidden: bool) -> Code {
    let works = matches!(action, Action::Withdraw | Action::Start | Action::Complete);
    match order.status {
        OrderStatus::Cancelled | OrderStatus::Rejected if works && context.met_closed => {
            why_not(order.status, action)
        }
        OrderStatus::PendingReview | OrderStatus::Pending if works && context.held_elsewhere => {
            Code::AcceptanceNotArrived
        }
        _ if hidden => Code::OrderNotFound,
        _ => Code::NotYours,
    }
}

/// The reason given, or the note on completed work. Only a rejection requires one.
pub(crate) fn reason_of(body: &CommandBody) -> Result<Option<String>, Code> {
    let checked = match body {
        CommandBody::RejectOrder { reason, .. } => check_reason(reason).map(Some),
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => check_optional_reason(reason.as_deref()),
        CommandBody::CompleteOrder { note, .. } => check_optional_note(note.as_deref()),
        _ => Ok(None),
    };
    checked.map_err(|_| Code::InvalidInput)
}

fn rule_on_action(
    action: Action,
    context: RulingContext<'_>,
    state: &OrderState,
    reason: Option<String>,
) -> Result<Ruling, Code> {
    let order = &state.order;
    if action == Action::Accept && has_accepted(order, context.actor) {
        return Ok(Ruling::AlreadySo);
    }
    if action == Action::Accept && !context.may_accept && !context.backing.is_firm() {
        return Err(Code::NotVerified);
    }
    let lapsed = action == Action::Cancel && context.disabled == Some(DisabledRule::CancelStages);
    let anyhow = (lapsed && !is_closed(order.status)).then_some(OrderStatus::Cancelled);
    let next = status_after(action, context.actor.role, order, context.rules);
    let Some(status) = next.or(anyhow) else {
        return leads_nowhere(context, order.status, action);
    };
    if (action, context.actor.role) == (Action::Withdraw, Role::Admin) && reason.is_none() {
        // It may overturn a promise, so the record needs a reason.
        return Err(Code::InvalidInput);
    }
    if let Some(reached) = context.limit.filter(|_| !context.backing.is_firm()) {
        return Ok(Ruling::OverLimit(reached));
    }
    let lacks_funds = action == Action::Start
        && order.payment_status != PaymentStatus::Held
        && !context.rules.is_paid_afterwards(order);
    let is_lapse = context.disabled == Some(DisabledRule::HeldFirst);
    if lacks_funds && !may_start_unpaid(context, order) && !is_lapse {
        return Err(Code::FundsNotHeld);
    }
    let under_rule = lacks_funds || is_by_rule(action, context, order);
    let mut after = Box::new(state.clone());
    after.order.status = status;
    after.order.version += 1;
    after.order.updated_at = context.now;
    match action {
        Action::Accept => {
            let source = context.attempt.source();
            let rule = Some(race_rule(context));
            after.order.provider_id = Some(context.actor.user_id);
            after.acceptance = Some(Acceptance {
                decided_at: context.now,
                source,
                rule,
            });
        }
        Action::Withdraw => {
            after.order.provider_id = None;
            after.acceptance = None;
        }
        Action::Cancel => after.terms = Some(pricing::cancel_terms(context, state)?),
        Action::Approve | Action::Reject | Action::Start | Action::Complete | Action::Review => {}
    }
    Ok(Ruling::Changed {
        after,
        reason,
        under_rule,
    })
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

/// The ruling on an action the order's status does not allow. An edge may have promised it before
/// the cloud's change reached it.
fn leads_nowhere(
    context: RulingContext<'_>,
    status: OrderStatus,
    action: Action,
) -> Result<Ruling, Code> {
    use Action::{Accept, Approve};
    let refused = Err(why_not(status, action));
    match (context.backing, action, status) {
        (PromiseBacking::Stands, Accept | Approve, _)
            if context.disabled == Some(DisabledRule::CancelHeld) =>
        {
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
        // The order is already approved, or further along.
        (PromiseBacking::Stands | PromiseBacking::TakenBack(_), Approve, _) => {
            Ok(Ruling::AlreadySo)
        }
        _ => refused,
    }
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

fn is_closed(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Cancelled | OrderStatus::Rejected)
}

fn may_start_unpaid(context: RulingContext<'_>, order: &Order) -> bool {
    let Some(op) = context.attempt.op() else {
        return false;
    };
    let is_lapse = context.disabled == Some(DisabledRule::UnpaidWhileLinked);
    let cut_off = op.evidence.cut_off.filter(|_| !is_lapse);
    context.rules.starts_unpaid_at_edge(order, cut_off)
}

pub(crate) fn why_not(status: OrderStatus, action: Action) -> Code {
    match (status, action) {
        (OrderStatus::Cancelled, _) => Code::OrderCancelled,
        (OrderStatus::Rejected, _) => Code::OrderRejected,
        (OrderStatus::PendingReview, Action::Accept) => Code::OrderNotApproved,
        (_, Action::Accept) => Code::OrderAlreadyAccepted,
        _ => Code::WrongState,
    }
}
