//! Takes an edge out of service, and issues it a new key. Admins only; each act is audited.

use axum::extract::State;
use process::{
    problem::{CreatedJson, ItemList, Json, Path, Problem},
    tokens::AdminCaller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EdgeId, FenceRecord, HubKey, UnixMillis, enrolment_code};

use super::{state::HubState, wording::since_out_of_range};
use crate::{
    domain::enrolment,
    session::disabling::DisablingResult,
    store::disabling::{DisableRequest, EdgeAct, EdgeActKind, RekeyRequest},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisablingForm {
    /// Ops received from the edge since then are rejected if undecided and listed if decided. At
    /// most 35 days ago.
    since: UnixMillis,
    why: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetirementForm {
    why: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DisabledEdge {
    edge: EdgeId,
    /// Every region assignment that the edge held, with its end.
    rights: Vec<FenceRecord>,
    /// Decided commands that are now listed for manual review.
    cases: u64,
    /// The order service has confirmed. Otherwise rights and cases follow once it is reachable.
    settled: bool,
    /// Ops that still wait for a decision.
    undecided: u64,
    /// Ops that the edge last reported as unsent. They will not arrive.
    not_received: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyForm {
    /// Keep the old key valid until the code is used. Otherwise it is refused at once.
    #[serde(default)]
    keep_old: bool,
    why: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct NewKeyCode {
    edge: EdgeId,
    /// Shown once: only its hash is stored. Its second half identifies the hub's key.
    code: String,
    expires_at: UnixMillis,
}

/// Older raw ops may be deleted.
const SINCE_MS_MAX: i64 = 35 * 24 * 60 * 60 * 1000;

/// `POST /api/v1/admin/edges/{id}/disabling`
pub(super) async fn disable(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(DisablingForm { since, why }): Json<DisablingForm>,
) -> Result<Json<DisabledEdge>, Problem> {
    let now = hub.sessions.clock.now();
    if since > now || now.ms_since(since) > SINCE_MS_MAX {
        return Err(Problem::wrong_field("since", since_out_of_range));
    }
    let request = DisableRequest {
        since: Some(since),
        why: validate_reason(&why)?,
        retires: false,
        by: caller.actor.user_id,
    };
    take_out_of_service(&hub, edge, &request).await
}

/// `POST /api/v1/admin/edges/{id}/retirement`
pub(super) async fn retire(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(RetirementForm { why }): Json<RetirementForm>,
) -> Result<Json<DisabledEdge>, Problem> {
    let request = DisableRequest {
        since: None,
        why: validate_reason(&why)?,
        retires: true,
        by: caller.actor.user_id,
    };
    take_out_of_service(&hub, edge, &request).await
}

/// `POST /api/v1/admin/edges/{id}/key`
pub(super) async fn rekey(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(NewKeyForm { keep_old, why }): Json<NewKeyForm>,
) -> Result<CreatedJson<NewKeyCode>, Problem> {
    let why = why.as_deref().map(validate_reason).transpose()?;
    let kind = if keep_old {
        EdgeActKind::Rotated
    } else {
        EdgeActKind::Rekeyed
    };
    let code = enrolment_code(
        process::random::draw_bytes(),
        &HubKey(hub.sessions.key.public_key()),
    );
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    let request = RekeyRequest {
        kind,
        code_hash: enrolment::hash_of(&code),
        by,
        why,
    };
    let until = hub
        .sessions
        .store
        .issue_rekey_code(&edge, &request, now)
        .await?;
    let expires_at = until.ok_or(Code::NotFound)?;
    hub.sessions.signals.wake_sessions(&edge);
    tracing::warn!(edge.id = %edge, keep_old, user.id = %by, "Made a code for a new key of edge `{edge}`");
    Ok(CreatedJson(NewKeyCode {
        edge,
        code,
        expires_at,
    }))
}

/// `GET /api/v1/admin/edges/{id}/acts`
pub(super) async fn acts(
    _: AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<ItemList<EdgeAct>, Problem> {
    Ok(ItemList::from_all_items(
        hub.sessions.store.list_edge_acts(&edge).await?,
    ))
}

async fn take_out_of_service(
    hub: &HubState,
    edge: EdgeId,
    request: &DisableRequest,
) -> Result<Json<DisabledEdge>, Problem> {
    let sessions = &hub.sessions;
    let now = sessions.clock.now();
    if !sessions.store.disable_edge(&edge, request, now).await? {
        return Err(Code::NotFound.into());
    }
    let DisableRequest { retires, by, .. } = *request;
    tracing::warn!(edge.id = %edge, retires, user.id = %by, "Disabled edge `{edge}`");
    // Its sessions on other replicas notice within a second.
    sessions.signals.wake_sessions(&edge);
    let result = sessions
        .settle_disabling(&edge)
        .await
        .unwrap_or_else(|error| {
            let cause = process::problem::format_error_chain(&error);
            tracing::error!(edge.id = %edge, cause,
                "Could not revoke the leases and open the cases of `{edge}` yet; will retry");
            DisablingResult::default()
        });
    let DisablingResult {
        rights,
        cases,
        settled,
    } = result;
    let (undecided, not_received) = sessions.store.count_unsettled_ops(&edge).await?;
    Ok(Json(DisabledEdge {
        edge,
        rights,
        cases,
        settled,
        undecided,
        not_received,
    }))
}

fn validate_reason(why: &str) -> Result<String, Problem> {
    wire::check_reason(why).map_err(|error| Problem::wrong_field("why", error.why))
}
