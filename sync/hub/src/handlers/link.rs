//! Opens the link: checks an edge's token before its connection becomes a WebSocket.

use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue};
use process::{
    metrics,
    problem::Problem,
    seal::sign_hub_time,
    tokens::{bearer_token, edge_claim, edge_clock_error, verify_edge},
};
use wire::{Code, EdgeId, HUB_TIME_HEADER, Region, Text, UnixMillis};

use super::HubState;

pub(crate) async fn open(
    State(hub): State<HubState>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let LinkCaller { edge, region, at } = match authenticate_edge(&hub, &headers).await {
        Ok(caller) => caller,
        Err(refusal) => return Ok(refuse_link(&hub, &headers, refusal).await),
    };
    let upgrade = upgrade.map_err(|rejection| {
        Problem::new(Code::MalformedBody)
            .with_detail(Text::from_untranslated(rejection.body_text()))
    })?;
    let bytes_max = hub.sessions.message_bytes_max();
    let upgrade = upgrade
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let tasks = hub.sessions.tasks.clone();
        tasks.spawn_once("session", hub.sessions.run(edge, region, at, socket));
    }))
}

/// The edge authenticated by the token, and the time of the check.
struct LinkCaller {
    edge: EdgeId,
    region: Region,
    at: UnixMillis,
}

/// The reason why a token opens no link.
enum LinkRefusal {
    Problem(Problem),
    /// The edge's own key signed the token, but its timestamps are off.
    ClockWrong {
        edge: EdgeId,
        error_ms: i64,
    },
}

impl From<Problem> for LinkRefusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Code> for LinkRefusal {
    fn from(code: Code) -> Self {
        Self::Problem(code.into())
    }
}

/// Returns the same answer for an unknown edge and a wrong key.
async fn authenticate_edge(hub: &HubState, headers: &HeaderMap) -> Result<LinkCaller, LinkRefusal> {
    let token = bearer_token(headers).ok_or(Code::InvalidToken)?;
    let edge = edge_claim(token).map_err(Problem::from)?;
    let key = hub
        .sessions
        .store
        .find_link_key(&edge)
        .await
        .map_err(Problem::from)?;
    let key = key.ok_or(Code::EdgeUnknown)?;
    let at = hub.sessions.clock.now();
    let is_good = verify_edge(token, &key.public_key, at).is_ok();
    let clock_error_ms = edge_clock_error(token, &key.public_key, at);
    match clock_error_ms {
        None => Err(Code::EdgeUnknown.into()),
        Some(_) if key.disabled => Err(Code::EdgeDisabled.into()),
        Some(_) if is_good => Ok(LinkCaller {
            edge,
            region: key.region,
            at,
        }),
        Some(error_ms) => Err(LinkRefusal::ClockWrong { edge, error_ms }),
    }
}

/// Refuses the connection. An edge with a wrong clock gets the hub's signed time.
async fn refuse_link(hub: &HubState, headers: &HeaderMap, refusal: LinkRefusal) -> Response {
    metrics::LINK_SESSIONS.add(["refused"], 1);
    let (edge, error_ms) = match refusal {
        LinkRefusal::Problem(problem) => {
            tracing::info!(code = %problem.code(), "Refused a link connection");
            return problem.into_response();
        }
        LinkRefusal::ClockWrong { edge, error_ms } => (edge, error_ms),
    };
    tracing::info!(edge.id = %edge, error_ms, "Refused `{edge}`: its clock is wrong");
    if let Err(error) = hub.sessions.store.note_clock_error(&edge, error_ms).await {
        tracing::warn!(%error, edge.id = %edge, "Could not record the clock error of `{edge}`");
    }
    let now = hub.sessions.clock.now();
    let time = sign_hub_time(
        &hub.sessions.key,
        &edge,
        bearer_token(headers).unwrap_or_default(),
        now,
    );
    let problem = Problem::new(Code::EdgeClockWrong).with_member("hub_time", now);
    let mut response = problem.into_response();
    if let Ok(value) = HeaderValue::from_str(&time.to_string()) {
        response.headers_mut().insert(HUB_TIME_HEADER, value);
    }
    response
}
