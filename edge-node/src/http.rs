//! Owns the edge's answers over HTTP: the board, the head of the log, commands from tablets whose network
//! blocks MQTT, sign-in, the files of the app, health and metrics.

mod pages;
mod session;
mod standing;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::HeaderMap,
    middleware::map_response,
    response::IntoResponse,
    routing::{get, post},
};
use process::{
    client::Client,
    health::{self, Readiness},
    problem::{Problem, fault},
    tokens::bearer,
    web,
};
use serde::Serialize;
use std::net::SocketAddr;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::{Code, EdgeId, Region, Reply};

use crate::{
    ground::EdgeGround,
    intake::{BODY_BYTES_MAX, Intake},
    link::LinkState,
    mqtt,
    store::{BoardItem, EdgeIdentity},
    voice::{LogHead, Voice},
};

#[derive(Clone)]
pub struct Rooms {
    pub ground: EdgeGround,
    pub intake: Intake,
    pub voice: Voice,
    pub head: watch::Receiver<Option<LogHead>>,
    pub link: watch::Receiver<LinkState>,
    /// Calls the gateway for people who sign in.
    pub cloud: Client,
    pub broker: SocketAddr,
}

pub const NAME: &str = "edge";

pub fn router(rooms: Rooms, stop: CancellationToken) -> Router {
    let mut ready = Readiness::new();
    let (gate, store) = (rooms.ground.gate.clone(), rooms.ground.store.clone());
    ready.add("keys", move || {
        let enrolled = !gate.keys.is_empty();
        async move { enrolled.then_some(()).ok_or_else(|| "not enrolled yet".to_owned()) }
    });
    ready.add("log", move || {
        let store = store.clone();
        async move { store.position().await.map(|_| ()).map_err(|error| error.to_string()) }
    });
    // A page talks MQTT to its own origin, which its policy can name.
    let mqtt = mqtt::websocket(&["/mqtt"], rooms.broker, stop);
    let router = Router::new()
        .route("/board", get(board))
        .route("/commands", post(commands).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .route("/api/head", get(head))
        .route("/standing", get(standing::show))
        .route("/session", get(session::show).post(session::sign_in).delete(session::sign_out))
        .with_state(rooms)
        .merge(mqtt)
        .merge(health::router(ready))
        .fallback(pages::page);
    web::standard(router, NAME).layer(map_response(web::protect))
}

#[derive(Serialize)]
struct Board {
    edge: EdgeId,
    region: Region,
    feed_seq: u64,
    items: Vec<BoardItem>,
}

async fn board(
    State(rooms): State<Rooms>,
    headers: HeaderMap,
) -> Result<axum::Json<Board>, Problem> {
    let token = bearer(&headers).ok_or(Code::InvalidToken)?;
    let claims = rooms.ground.gate.admit(token, None)?;
    let seen = rooms.ground.store.board(&rooms.ground.identity, claims.actor()).await;
    let (feed_seq, items) = seen.map_err(|error| fault("The board could not be read", error))?;
    let EdgeIdentity { name: edge, region } = rooms.ground.identity;
    Ok(axum::Json(Board { edge, region, feed_seq, items }))
}

/// Always a `Reply`, as over MQTT, unless nothing can be said.
async fn commands(State(rooms): State<Rooms>, body: Bytes) -> Result<axum::Json<Reply>, Problem> {
    let Ok(taken) = rooms.intake.take(&body, None).await else {
        return Err(Problem::new(Code::Unavailable).retry_after(1));
    };
    if let Some(sight) = taken.changed {
        rooms.voice.changed(vec![sight], Vec::new()).await;
    }
    Ok(axum::Json(taken.reply))
}

#[derive(Serialize)]
struct HeadAnswer {
    #[serde(flatten)]
    head: LogHead,
    link_up: bool,
}

async fn head(State(rooms): State<Rooms>) -> Result<impl IntoResponse, Problem> {
    let head = rooms.head.borrow().clone().ok_or(Code::Unavailable)?;
    let link_up = rooms.link.borrow().up;
    Ok(axum::Json(HeadAnswer { head, link_up }))
}
