//! Rules on one command against one order: its author, the order and its owner, then its status.
//! An acceptance is decided by `rule_on_accept`.
//!
//! Also prices a cancellation: the preview, and the terms of the cancel that follows. Both use the
//! same `custody` calculation on the current order.

use custody::{CancelPreview, CancelPricing, FeePolicy, TermsChanged};
use wire::{
    Action, Actor, Amount, CancelCharge, Code, CommandBody, Draft, FieldError, IncidentReport,
    Order, OrderId, OrderStatus, PaymentStatus, Role, UnixMillis, WorkEvidence, check_draft,
    check_evidence, check_incident, check_optional_note, check_optional_reason, check_photos,
    check_reason, is_party,
};

use crate::{
    OfflineRules, OrderRule, OrderState, disclosure,
    incident_rules::rule_on_incident,
    is_disabled,
    message_rules::rule_on_message,
    reschedule_rules::rule_on_reschedule,
    ruling::{
        Ruling, RulingContext, is_closed, rule_on_accept, rule_on_wrong_status, status_after,
        wrong_status_code,
    },
};

/// Checks the author, the order and its owner, then its status; the first failed check is the
/// answer.
pub(crate) fn rule_on_command(context: RulingContext<'_>, state: Option<&OrderState>) -> Ruling {
    let body = &context.attempt.command.body;
    let ruled = match (body, body.order_action()) {
        (CommandBody::PublishOrder { order_id, order }, _) => {
            rule_on_publish(context, state, *order_id, order)
        }
        (CommandBody::SendMessage { text, photo, .. }, Some(action)) => {
            check_author(action, context, state)
                .and_then(|state| rule_on_message(context, state, text, *photo))
        }
        (_, Some(action)) => check_author(action, context, state)
            .and_then(|state| Ok((state, checked_reason(body)?)))
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
    // The order service makes the codes, so an edge's hash would fit none.
    if draft.start_code.is_some() && context.attempt.op().is_some() {
        return Err(Code::InvalidInput);
    }
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

fn check_author<'a>(
    action: Action,
    context: RulingContext<'_>,
    state: Option<&'a OrderState>,
) -> Result<&'a OrderState, Code> {
    let actor = context.actor;
    let by_rule = state.is_some_and(|state| is_offline_approval(action, context, &state.order));
    if !action.allowed_roles().contains(&actor.role) && !by_rule {
        let accept = action == Action::Accept;
        return Err(if accept {
            Code::ProvidersOnly
        } else {
            Code::RoleForbidden
        });
    }
    // The review service decides reviews. Reports are answered, and times agreed, at the portal.
    let is_for_portal = matches!(action, Action::Answer | Action::Reschedule);
    if action == Action::Review || (is_for_portal && context.attempt.op().is_some()) {
        return Err(Code::UnknownOp);
    }
    let state = state.ok_or(Code::OrderNotFound)?;
    let order = &state.order;
    match (
        can_ever_act(action, actor, order),
        disclosure::is_hidden(order, actor, context.attempt),
    ) {
        (true, false) => Ok(state),
        (true, true) => Err(Code::OrderNotFound),
        (false, hidden) => Err(foreign_order_code(context, order, action, hidden)),
    }
}

/// True if the holding edge approved this under the region's offline rules, for an admin on site or
/// the order's own customer. Only the edge knew the customer's standing, so its promise counts, and
/// a case lets an admin check it.
fn is_offline_approval(action: Action, context: RulingContext<'_>, order: &Order) -> bool {
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
        Action::Withdraw | Action::Start | Action::Complete | Action::Report => {
            order.provider_id == Some(actor.user_id)
        }
        Action::Cancel => actor.role == Role::Admin || order.customer_id == actor.user_id,
        Action::Review | Action::Answer => order.customer_id == actor.user_id,
        Action::Reschedule | Action::Message => is_party(order, actor),
    }
}

/// Why a person may not work on an order that is not theirs. A firm accept may still give it to
/// them: one that met a closed order, or one that is only in the holder's log so far.
fn foreign_order_code(
    context: RulingContext<'_>,
    order: &Order,
    action: Action,
    hidden: bool,
) -> Code {
    let works = match action {
        Action::Withdraw | Action::Start | Action::Complete | Action::Report => true,
        Action::Message => context.actor.role == Role::Provider && context.attempt.op().is_some(),
        _ => false,
    };
    match order.status {
        OrderStatus::Cancelled | OrderStatus::Rejected if works && context.met_closed => {
            wrong_status_code(order.status, action)
        }
        OrderStatus::PendingReview | OrderStatus::Pending if works && context.held_elsewhere => {
            Code::AcceptanceNotArrived
        }
        // The messages of others do not exist.
        _ if hidden || action == Action::Message => Code::OrderNotFound,
        _ => Code::NotYours,
    }
}

/// The reason given, the note on completed work, or the text of a report. Only a rejection requires
/// one.
pub(crate) fn checked_reason(body: &CommandBody) -> Result<Option<String>, Code> {
    let checked = match body {
        CommandBody::RejectOrder { reason, .. } => check_reason(reason).map(Some),
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => check_optional_reason(reason.as_deref()),
        CommandBody::CompleteOrder { note, evidence, .. } => {
            check_completion(note.as_deref(), evidence.as_ref())
        }
        CommandBody::StartOrder { photos, .. } => check_photos(photos).map_or(Ok(None), Err),
        CommandBody::ReportIncident {
            kind,
            note,
            extra_price,
            ..
        } => {
            let report = IncidentReport {
                kind: *kind,
                extra_price: *extra_price,
            };
            check_incident(report, note.as_deref())
        }
        _ => Ok(None),
    };
    checked.map_err(|_| Code::InvalidInput)
}

fn check_completion(
    note: Option<&str>,
    evidence: Option<&WorkEvidence>,
) -> Result<Option<String>, FieldError> {
    let wrong = evidence.map(check_evidence).unwrap_or_default();
    match wrong.into_iter().next() {
        Some(error) => Err(error),
        None => check_optional_note(note),
    }
}

fn rule_on_action(
    action: Action,
    context: RulingContext<'_>,
    state: &OrderState,
    reason: Option<String>,
) -> Result<Ruling, Code> {
    if action == Action::Accept {
        return rule_on_accept(context, state);
    }
    let order = &state.order;
    let cancels_any = action == Action::Cancel && is_disabled(OrderRule::CancelStages);
    let anyhow = (cancels_any && !is_closed(order.status)).then_some(OrderStatus::Cancelled);
    let next = status_after(action, context.actor.role, order, context.rules);
    let Some(status) = next.or(anyhow) else {
        return rule_on_wrong_status(context, order.status, action);
    };
    if let CommandBody::RescheduleOrder { proposal, .. } = context.attempt.command.body {
        return rule_on_reschedule(context, state, proposal);
    }
    if action.keeps_status() {
        return rule_on_incident(context, state, reason);
    }
    if (action, context.actor.role) == (Action::Withdraw, Role::Admin) && reason.is_none() {
        // It may overturn a promise, so the record needs a reason.
        return Err(Code::InvalidInput);
    }
    if action == Action::Start && order.start_code.is_some() {
        check_start_code(context)?;
    }
    if let Some(reached) = context.limit.filter(|_| !context.backing.is_firm()) {
        return Ok(Ruling::OverLimit(reached));
    }
    let lacks_funds = action == Action::Start
        && order.payment_status != PaymentStatus::Held
        && !context.rules.is_paid_afterwards(order);
    let needs_funds = lacks_funds && !may_start_unpaid(context, order);
    if needs_funds && !is_disabled(OrderRule::HeldFirst) {
        return Err(Code::FundsNotHeld);
    }
    let under_rule = lacks_funds || is_offline_approval(action, context, order);
    let mut after = state.with_status(status, context.now);
    match action {
        Action::Withdraw => {
            after.order.provider_id = None;
            after.acceptance = None;
        }
        Action::Cancel => after.terms = Some(cancel_terms(context, state)?),
        Action::Approve
        | Action::Reject
        | Action::Accept
        | Action::Start
        | Action::Complete
        | Action::Review
        | Action::Report
        | Action::Answer
        | Action::Reschedule
        | Action::Message => {}
    }
    Ok(Ruling::Changed {
        after: Box::new(after),
        reason,
        under_rule,
    })
}

/// Edges limit wrong tries themselves, and their logs must not wait because of tries elsewhere.
fn check_start_code(context: RulingContext<'_>) -> Result<(), Code> {
    let CommandBody::StartOrder { start_code, .. } = &context.attempt.command.body else {
        return Ok(());
    };
    let entered = start_code.as_ref().ok_or(Code::StartCodeRequired)?;
    if context.is_start_locked && context.attempt.op().is_none() {
        return Err(Code::StartCodeLocked);
    }
    if context.start_code == Some(entered) {
        Ok(())
    } else {
        Err(Code::StartCodeWrong)
    }
}

fn may_start_unpaid(context: RulingContext<'_>, order: &Order) -> bool {
    let Some(op) = context.attempt.op() else {
        return false;
    };
    let ignores_link = is_disabled(OrderRule::UnpaidWhileLinked);
    let cut_off = op.evidence.cut_off.filter(|_| !ignores_link);
    context.rules.starts_unpaid_at_edge(order, cut_off)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    pub fee: Amount,
    pub refund: Amount,
    /// Cancelling costs a fee from this time on, if the price is then in custody. Absent if it
    /// never does.
    pub free_until: Option<UnixMillis>,
}

/// Previews the cancellation for this person, or returns why they cannot cancel. The caller checks
/// read access.
pub fn preview_cancellation(
    state: &OrderState,
    actor: Actor,
    policies: &[FeePolicy],
    rules: &OfflineRules,
    now: UnixMillis,
) -> Result<Cancellation, Code> {
    let order = &state.order;
    let own = actor.role == Role::Admin || order.customer_id == actor.user_id;
    if !Action::Cancel.allowed_roles().contains(&actor.role) || !own {
        return Err(Code::RoleForbidden);
    }
    if status_after(Action::Cancel, actor.role, order, rules).is_none() {
        return Err(wrong_status_code(order.status, Action::Cancel));
    }
    let question = cancel_question(state, actor.role, policies, now);
    let CancelPreview {
        fee_minor,
        refund_minor,
    } = question.preview_fee();
    let policy = question.policy;
    let costs = actor.role == Role::Customer && policy.cancel_fee_minor(question.price_minor) > 0;
    let free_until = agreed_start(order).filter(|_| costs);
    let free_until = free_until.map(|start| start.plus_ms(-policy.cancel_notice_ms));
    Ok(Cancellation {
        fee: to_amount(fee_minor)?,
        refund: to_amount(refund_minor)?,
        free_until,
    })
}

/// The terms of a cancel, bound to the preview its sender saw [PREVIEW_BOUND]. An edge's cancel is
/// priced at the time it was logged.
pub(crate) fn cancel_terms(
    context: RulingContext<'_>,
    state: &OrderState,
) -> Result<CancelCharge, Code> {
    let shown = match &context.attempt.command.body {
        CommandBody::CancelOrder { fee, .. } => fee.map(Amount::minor_units),
        _ => None,
    };
    let at = context.attempt.edge_at().unwrap_or(context.now);
    let question = cancel_question(state, context.actor.role, context.cancel_policies, at);
    match question.confirm_terms(shown) {
        Ok(terms) => Ok(CancelCharge {
            fee: to_amount(terms.fee_minor)?,
            provider_id: terms.provider_id,
        }),
        Err(TermsChanged(_)) => Err(Code::TermsChanged),
    }
}

/// The money to return to the customer of a cancelled order.
pub(crate) fn refund_amount(cancelled: &OrderState) -> Option<Amount> {
    let rest = cancelled.held.minor_units() - cancelled.terms?.fee.minor_units();
    Amount::from_minor(rest).ok()
}

fn cancel_question(
    state: &OrderState,
    by: Role,
    policies: &[FeePolicy],
    at: UnixMillis,
) -> CancelPricing {
    let order = &state.order;
    CancelPricing {
        by,
        status: order.status,
        payment_status: order.payment_status,
        provider_id: order.provider_id,
        price_minor: order.price.minor_units(),
        held_minor: state.held.minor_units(),
        starts_at: agreed_start(order),
        at,
        policy: FeePolicy::find_in_force(policies, order.created_at, at),
    }
}

/// An order without an agreed hour reserves none, so a cancel requires no notice.
fn agreed_start(order: &Order) -> Option<UnixMillis> {
    order.service_hours().map(|hours| hours.start)
}

/// Never fails in practice: fee and refund are parts of the price.
fn to_amount(minor: i64) -> Result<Amount, Code> {
    Amount::from_minor(minor).map_err(|_| Code::Internal)
}
