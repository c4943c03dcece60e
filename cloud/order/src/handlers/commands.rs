//! People's commands on an order: one route per action, the status alias over the same actions, and
//! the preview of a cancel's price.

use axum::extract::State;
use process::{
    idempotency::Idempotency,
    problem::{Json, MaybeJson, Path, Problem},
    tokens::Caller,
};
use rules::{Attempt, Cancellation, OrderState, Origin, preview_cancellation};
use serde::{Deserialize, Serialize};
use texts::Phrase;
use utoipa::ToSchema;
use wire::{
    Action, Actor, Amount, Code, Command, CommandBody, Currency, OpDecision, OrderId, OrderStatus,
    Role, StartCode, UnixMillis, order_visible_to,
};

use super::{CommandReply, CommandSender, OrderView, require_success};
use crate::{
    actions::{self, Service},
    say,
    store::CancelBasis,
};

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = ReasonForm)]
pub(crate) struct ReasonForm {
    #[serde(default)]
    pub(super) reason: Option<String>,
}

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = CancelForm)]
pub(crate) struct CancelForm {
    #[serde(default)]
    reason: Option<String>,
    /// The fee as shown by `GET orders/{id}/cancellation`; defaults to none. If the cancel now
    /// costs a different fee, nothing is done: `terms_changed`, with the new price.
    #[serde(default)]
    fee: Option<Amount>,
}

#[derive(Deserialize, Default, ToSchema)]
#[schema(as = StartForm)]
pub(crate) struct StartForm {
    /// As the customer read it out. Orders without a start code need none.
    #[serde(default)]
    start_code: Option<StartCode>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = StatusForm)]
pub(crate) struct StatusForm {
    status: OrderStatus,
    #[serde(default)]
    reason: Option<String>,
    /// For a start.
    #[serde(default)]
    start_code: Option<StartCode>,
}

macro_rules! routes {
    ($($route:ident $action:ident),+ $(,)?) => {$(
        pub(crate) async fn $route(
            state: State<Service>,
            id: Path<OrderId>,
            sender: CommandSender,
            MaybeJson(ReasonForm { reason }): MaybeJson<ReasonForm>,
        ) -> Result<CommandReply, Problem> {
            send_action(state, id, sender, Action::$action, reason).await
        }
    )+};
}

routes! {
    approve Approve,
    reject Reject,
    accept Accept,
    withdraw Withdraw,
    complete Complete,
}

pub(crate) async fn start(
    state: State<Service>,
    Path(order_id): Path<OrderId>,
    sender: CommandSender,
    MaybeJson(StartForm { start_code }): MaybeJson<StartForm>,
) -> Result<CommandReply, Problem> {
    let body = CommandBody::StartOrder {
        order_id,
        start_code,
        photos: Vec::new(),
    };
    send(state, sender, Action::Start, body).await
}

pub(crate) async fn cancel(
    state: State<Service>,
    id: Path<OrderId>,
    sender: CommandSender,
    MaybeJson(CancelForm { reason, fee }): MaybeJson<CancelForm>,
) -> Result<CommandReply, Problem> {
    let service = state.0.clone();
    let actor = sender.caller.actor;
    let order = id.0;
    check_optional_reason(reason.as_deref())?;
    let body = CommandBody::CancelOrder {
        order_id: order,
        reason,
        fee,
    };
    let refused = match send(state, sender, Action::Cancel, body).await {
        Err(problem) if problem.code() == Code::TermsChanged => problem,
        done => return done,
    };
    Err(match load_cancellation_view(&service, actor, order).await {
        Ok(preview) => refused.with_member("cancellation", preview),
        // It can no longer be cancelled.
        Err(_) => refused,
    })
}

/// Performs the action by which this person reaches the status.
pub(crate) async fn status(
    state: State<Service>,
    id: Path<OrderId>,
    sender: CommandSender,
    Json(form): Json<StatusForm>,
) -> Result<CommandReply, Problem> {
    let StatusForm {
        status,
        reason,
        start_code,
    } = form;
    let action = action_to(status, sender.caller.actor.role)
        .ok_or_else(|| Problem::wrong_field("status", say::status_out_of_reach))?;
    if action == Action::Start {
        return start(state, id, sender, MaybeJson(StartForm { start_code })).await;
    }
    send_action(state, id, sender, action, reason).await
}

async fn send_action(
    State(service): State<Service>,
    Path(order_id): Path<OrderId>,
    sender: CommandSender,
    action: Action,
    reason: Option<String>,
) -> Result<CommandReply, Problem> {
    let body = build_command_body(action, sender.caller.actor.role, order_id, reason)?;
    send(State(service), sender, action, body).await
}

pub(super) async fn send(
    State(service): State<Service>,
    sender: CommandSender,
    action: Action,
    body: CommandBody,
) -> Result<CommandReply, Problem> {
    let CommandSender {
        caller,
        token,
        idempotency,
        language,
    } = sender;
    let id = idempotency.command_id;
    let actor = caller.actor;
    let order_id = body.order_id();
    let attempt = build_attempt(&caller, idempotency, body);
    let mut decision = service.submit_command(attempt.clone()).await?;
    if matches!(decision, OpDecision::Held(_)) {
        // Waiting commands are unchecked; do not forward an accept that this role may never make.
        if !action.allowed_roles().contains(&actor.role) {
            return Err(Problem::new(Code::ProvidersOnly));
        }
        let command = attempt.command.clone();
        match actions::forward_accept_to_holder(&service, command, actor, token).await {
            Ok(()) => {
                let message = say::acceptance_waits.text_in(language);
                let state = "pending";
                return Ok(CommandReply::Waiting {
                    order_id,
                    command_id: id,
                    state,
                    message,
                });
            }
            // An earlier attempt may have waited at the hub and been decided since we looked. The
            // hub has dropped it then, and the sender must not get a refusal.
            Err(problem) if problem.code() == Code::RegionAssigningOffline => {
                decision = service.submit_command(attempt).await?;
            }
            Err(problem) => return Err(problem),
        }
    }
    let order = require_success(decision, actor)?;
    Ok(CommandReply::Done {
        order_id: order.id,
        status: order.status,
        provider_id: order.provider_id,
        message: success_message(action).text_in(language),
        order: OrderView::for_reader(order, actor),
    })
}

/// The command of a person at the portal.
pub(super) fn build_attempt(
    caller: &Caller,
    idempotency: Idempotency,
    body: CommandBody,
) -> Attempt {
    let Idempotency { command_id, trace } = idempotency;
    Attempt {
        command: Command {
            id: command_id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace,
        },
        actor: Some(caller.actor),
        verification: Some(caller.claims.provider_mark()),
        origin: Origin::Portal,
    }
}

/// The action by which this role brings an order to `status`.
fn action_to(status: OrderStatus, role: Role) -> Option<Action> {
    match (status, role) {
        (OrderStatus::Pending, Role::Provider) => Some(Action::Withdraw),
        (OrderStatus::Pending, _) => Some(Action::Approve),
        (OrderStatus::Rejected, _) => Some(Action::Reject),
        (OrderStatus::Accepted, _) => Some(Action::Accept),
        (OrderStatus::InProgress, _) => Some(Action::Start),
        (OrderStatus::Completed, _) => Some(Action::Complete),
        (OrderStatus::Cancelled, _) => Some(Action::Cancel),
        // Orders start in the first; the review service sets the second.
        (OrderStatus::PendingReview | OrderStatus::Reviewed, _) => None,
    }
}

fn build_command_body(
    action: Action,
    role: Role,
    order_id: OrderId,
    reason: Option<String>,
) -> Result<CommandBody, Problem> {
    // The record of an admin's withdrawal includes the reason.
    if action == Action::Reject || (action, role) == (Action::Withdraw, Role::Admin) {
        wire::check_reason(reason.as_deref().unwrap_or_default())?;
    }
    check_optional_reason(reason.as_deref())?;
    Ok(match action {
        Action::Approve => CommandBody::ApproveOrder { order_id },
        Action::Reject => CommandBody::RejectOrder {
            order_id,
            reason: reason.unwrap_or_default(),
        },
        Action::Accept => CommandBody::AcceptOrder { order_id },
        Action::Withdraw => CommandBody::WithdrawAcceptance { order_id, reason },
        Action::Start => CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        Action::Complete => CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        Action::Cancel => CommandBody::CancelOrder {
            order_id,
            reason,
            fee: None,
        },
        // Each has a route with its own form.
        Action::Review | Action::Report | Action::Answer | Action::Reschedule | Action::Message => {
            return Err(Code::UnknownOp.into());
        }
    })
}

/// The rules repeat this check; only here can the response name the field.
pub(super) fn check_optional_reason(reason: Option<&str>) -> Result<(), Problem> {
    match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(given) => Ok(wire::check_reason(given).map(drop)?),
        None => Ok(()),
    }
}

fn success_message(action: Action) -> Phrase {
    match action {
        Action::Approve => say::done_approve,
        Action::Reject => say::done_reject,
        Action::Accept => say::done_accept,
        Action::Withdraw => say::done_withdraw,
        Action::Start => say::done_start,
        Action::Complete => say::done_complete,
        Action::Cancel => say::done_cancel,
        Action::Review => say::done_review,
        Action::Report => say::done_report,
        Action::Answer => say::done_answer,
        Action::Reschedule => say::done_reschedule,
        Action::Message => say::done_message,
    }
}

/// The money, to the cent, if the order is cancelled now.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub(crate) struct CancellationView {
    order_id: OrderId,
    /// Goes to the provider. The cancel repeats this fee and fails if it has changed.
    pub(super) fee: Amount,
    /// Goes back to the customer. Payments the order service has not received yet are also returned
    /// in full.
    refund: Amount,
    /// In custody now: fee plus refund.
    held: Amount,
    currency: Currency,
    /// From this time on, a cancel by the customer costs a fee if the price is in custody. Absent
    /// if it never does.
    #[schema(required)]
    free_until: Option<UnixMillis>,
    /// When this was calculated.
    at: UnixMillis,
}

pub(crate) async fn cancellation_of(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<CancellationView>, Problem> {
    Ok(Json(
        load_cancellation_view(&service, caller.actor, id).await?,
    ))
}

pub(super) async fn load_cancellation_view(
    service: &Service,
    actor: Actor,
    id: OrderId,
) -> Result<CancellationView, Problem> {
    let basis = service
        .store
        .load_cancel_basis(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    let CancelBasis {
        state,
        policies,
        rules,
        at,
    } = basis;
    if order_visible_to(&state.order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let Cancellation {
        fee,
        refund,
        free_until,
    } = preview_cancellation(&state, actor, &policies, &rules, at)?;
    let OrderState { order, held, .. } = state;
    Ok(CancellationView {
        order_id: id,
        fee,
        refund,
        held,
        currency: order.currency,
        free_until,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_status_names_the_action_that_leads_there() {
        for from in OrderStatus::ALL {
            for action in Action::ALL {
                for &role in action.allowed_roles() {
                    let is_approval = (action, role) == (Action::Withdraw, Role::Admin);
                    if is_approval || action.keeps_status() {
                        // The status alone would mean the approval, or does not change.
                        continue;
                    }
                    let Some(to) = from.next_status(action) else {
                        continue;
                    };
                    let expected = (action != Action::Review).then_some(action);
                    assert_eq!(action_to(to, role), expected, "{from} --{action}--> {to}");
                }
            }
        }
    }
}
