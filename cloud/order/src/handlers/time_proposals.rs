//! Another time for an accepted order: one of its two people proposes it, the other one agrees or
//! declines.

use axum::extract::State;
use process::{
    problem::{CreatedJson, Json, Path, Problem},
    tokens::Caller,
    trace::RequestTrace,
};
use rules::{ProposalRefusal, check_may_propose};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Action, Code, CommandBody, OrderId, PlannedTime, ProposalId, Role, UnixMillis,
    check_proposal_note,
};

use super::{CommandReply, CommandSender, commands::send, messages::find_own_order};
use crate::{
    actions::Service,
    say,
    store::{NewTimeProposal, TimeProposalRow},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct TimeProposalForm {
    /// Ahead, and other than the order's present time.
    service_start_time: UnixMillis,
    #[serde(default)]
    service_end_time: Option<UnixMillis>,
    /// At most 300 characters. The other person of the order reads it.
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TimeProposalPlace {
    id: OrderId,
    proposal: ProposalId,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TimeProposalView {
    id: ProposalId,
    /// The part in the order of the one who proposes.
    by: Role,
    service_start_time: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_end_time: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    proposed_at: UnixMillis,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StandingTimeProposal {
    /// Absent if none stands.
    #[schema(required)]
    proposal: Option<TimeProposalView>,
    /// You may propose another time, in place of the one that stands.
    may_propose: bool,
    /// You may agree to the proposal, or decline it.
    may_answer: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TimeProposalEnd {
    /// False if none of yours stood.
    ended: bool,
}

impl From<TimeProposalRow> for TimeProposalView {
    fn from(row: TimeProposalRow) -> Self {
        Self {
            id: row.id,
            by: row.proposer_role(),
            service_start_time: row.service_start_time,
            service_end_time: row.service_end_time,
            note: row.note,
            proposed_at: row.proposed_at,
        }
    }
}

pub(crate) async fn show_proposal(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<StandingTimeProposal>, Problem> {
    let reader = caller.actor;
    let order = find_own_order(&service, reader, id).await?;
    let standing = service.store.find_time_proposal(&order).await?;
    let may_answer = standing
        .as_ref()
        .is_some_and(|row| row.proposer_role() != reader.role);
    Ok(Json(StandingTimeProposal {
        proposal: standing.map(TimeProposalView::from),
        may_propose: check_may_propose(&order, reader).is_ok(),
        may_answer,
    }))
}

pub(crate) async fn propose(
    State(service): State<Service>,
    caller: Caller,
    Path(order_id): Path<OrderId>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<TimeProposalForm>,
) -> Result<CreatedJson<TimeProposalView>, Problem> {
    let note = check_proposal_note(form.note.as_deref())?;
    let new = NewTimeProposal {
        order_id,
        proposer: caller.actor,
        time: PlannedTime {
            service_start_time: form.service_start_time,
            service_end_time: form.service_end_time,
        },
        note,
        trace: String::from(trace),
    };
    let proposed = service.store.propose_time(&new).await?;
    let row = proposed.map_err(refusal_to_problem)?;
    tracing::info!(order.id = %order_id, "Another time was proposed");
    Ok(CreatedJson(row.into()))
}

fn refusal_to_problem(refusal: ProposalRefusal) -> Problem {
    match refusal {
        ProposalRefusal::Code(code) => code.into(),
        ProposalRefusal::Field(error) => error.into(),
    }
}

pub(crate) async fn take_back(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<TimeProposalEnd>, Problem> {
    let ended = service.store.take_back_time(id, caller.actor).await?;
    Ok(Json(TimeProposalEnd { ended }))
}

pub(crate) async fn decline(
    State(service): State<Service>,
    caller: Caller,
    Path(TimeProposalPlace { id, proposal }): Path<TimeProposalPlace>,
    RequestTrace(trace): RequestTrace,
) -> Result<Json<TimeProposalEnd>, Problem> {
    let trace = String::from(trace);
    service
        .store
        .decline_time(id, proposal, caller.actor, &trace)
        .await?;
    tracing::info!(order.id = %id, "A proposed time was declined");
    Ok(Json(TimeProposalEnd { ended: true }))
}

pub(crate) async fn agree(
    state: State<Service>,
    Path(TimeProposalPlace { id, proposal }): Path<TimeProposalPlace>,
    sender: CommandSender,
) -> Result<CommandReply, Problem> {
    let role = sender.caller.actor.role;
    let body = CommandBody::RescheduleOrder {
        order_id: id,
        proposal,
    };
    let agreed = send(state, sender, Action::Reschedule, body).await;
    agreed.map_err(|problem| match (problem.code(), role) {
        // The sentence of this code speaks to the provider.
        (Code::DoubleBooked, Role::Customer) => problem.with_detail(say::provider_booked),
        _ => problem,
    })
}
