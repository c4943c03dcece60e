//! A fake hub with one edge, reachable or not.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::sync::oneshot::{Receiver, Sender};
use wire::{CurrentEpoch, EdgeId, ForwardedAccept, Region};

#[derive(Clone)]
pub(super) struct Hub(Arc<Mutex<Script>>);

pub(super) struct Script {
    pub seat: CurrentEpoch,
    pub reaches_holder: bool,
    pub asked: Vec<ForwardedAccept>,
    /// Signals that a request arrived, and answers when released.
    pub lingers: Option<(Sender<()>, Receiver<()>)>,
}

impl Hub {
    pub(super) fn new() -> Self {
        let edge = EdgeId::new("north-1").unwrap();
        let seat = CurrentEpoch {
            edge,
            region: Region::North,
            epoch: 1,
        };
        let script = Script {
            seat,
            reaches_holder: false,
            asked: Vec::new(),
            lingers: None,
        };
        Self(Arc::new(Mutex::new(script)))
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/internal/asks", post(ask))
            .route("/internal/seats/{edge}", get(seat))
            .with_state(self.clone())
    }
}

async fn ask(State(hub): State<Hub>, Json(accept): Json<ForwardedAccept>) -> Response {
    let lingers = hub.script().lingers.take();
    if let Some((asked, may_answer)) = lingers {
        asked.send(()).unwrap();
        may_answer.await.unwrap();
    }
    let mut script = hub.script();
    if !script.reaches_holder {
        return problem(StatusCode::CONFLICT, "region_assigning_offline");
    }
    script.asked.push(accept);
    Json(()).into_response()
}

async fn seat(State(hub): State<Hub>, Path(edge): Path<EdgeId>) -> Response {
    let seat = hub.script().seat.clone();
    if seat.edge == edge {
        return Json(seat).into_response();
    }
    problem(StatusCode::FORBIDDEN, "edge_unknown")
}

fn problem(status: StatusCode, code: &str) -> Response {
    let body = json!({
        "type": format!("urn:holdfast:{code}"), "title": "", "status": status.as_u16(), "code": code,
    });
    (status, Json(body)).into_response()
}
