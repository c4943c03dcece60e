//! A provider reports that something happened at a job, and the customer answers a report of more
//! work. The order's history shows both.

use axum::extract::State;
use process::problem::{Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    Action, Amount, CommandBody, CommandId, IncidentKind, IncidentReport, OrderId, check_incident,
};

use super::{CommandReply, CommandSender, commands::send};
use crate::actions::Service;

#[derive(Deserialize, ToSchema)]
pub(crate) struct IncidentForm {
    kind: IncidentKind,
    /// At most 500 characters. The order's people read it in its history.
    #[serde(default)]
    note: Option<String>,
    /// The price of more work, in the order's currency; required for `more_work`, and for no other
    /// kind.
    #[serde(default)]
    extra_price: Option<Amount>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct IncidentAnswerForm {
    /// The agreement is on record only. The work is paid as an order of its own.
    agreed: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct IncidentPlace {
    id: OrderId,
    /// The command of the report, as the order's history has it.
    incident: CommandId,
}

pub(crate) async fn report(
    state: State<Service>,
    Path(order_id): Path<OrderId>,
    sender: CommandSender,
    Json(form): Json<IncidentForm>,
) -> Result<CommandReply, Problem> {
    let IncidentForm {
        kind,
        note,
        extra_price,
    } = form;
    // The rules repeat this check; only here can the response name the field.
    check_incident(IncidentReport { kind, extra_price }, note.as_deref())?;
    let body = CommandBody::ReportIncident {
        order_id,
        kind,
        note,
        extra_price,
    };
    send(state, sender, Action::Report, body).await
}

pub(crate) async fn answer(
    state: State<Service>,
    Path(IncidentPlace { id, incident }): Path<IncidentPlace>,
    sender: CommandSender,
    Json(IncidentAnswerForm { agreed }): Json<IncidentAnswerForm>,
) -> Result<CommandReply, Problem> {
    let body = CommandBody::AnswerIncident {
        order_id: id,
        incident,
        agreed,
    };
    send(state, sender, Action::Answer, body).await
}
