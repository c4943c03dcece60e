//! Owns the edge's answers over HTTP: the board, the head of the log, commands from tablets whose network
//! blocks MQTT, sign-in, the files of the app, health and metrics.

mod pages;
mod session;
mod standing;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::map_response,
    routing::get,
};
use process::{
    client::Client,
    health::{self, Readiness},
    openapi::{ApiDocument, RouteDescription, RouteTable},
    pages::CarriedFile,
    problem::{Json, Problem, fault},
    tokens::bearer,
    web,
};
use serde::Serialize;
use std::net::SocketAddr;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use wire::{CmdFrame, Code, EdgeId, Region, Reply};

use crate::{
    ground::EdgeGround,
    intake::{BODY_BYTES_MAX, Intake},
    link::LinkState,
    mqtt,
    store::{BoardItem, EdgeIdentity},
    voice::{Changes, LogHead, Voice},
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
    let document = CarriedFile::json(include_bytes!("../openapi.json"));
    let router = table(Router::new())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(rooms)
        .route("/openapi.json", get(async move |headers: HeaderMap| document.answer(&headers)))
        .merge(mqtt)
        .merge(health::router(ready))
        .fallback(pages::page);
    web::standard(router, NAME).layer(map_response(web::protect))
}

/// The routes for tablets.
#[rustfmt::skip]
fn table<T: RouteTable<Rooms>>(to: T) -> T {
    use Code::{DeviceInUse, InvalidToken, Revoked, TokenExpired, Unavailable};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const TOKEN: &[Code] = &[InvalidToken, TokenExpired, Revoked];
    to
        .at(GET, "/board", "The orders that you may read, as this edge sees them", TOKEN, board)
        .at(POST, "/commands", "Do a command, as over MQTT. A refusal is a reply, too", &[Unavailable],
            commands)
        .at(GET, "/api/head", "The end of the edge's log", &[Unavailable], head)
        .at(GET, "/standing", "How things stand between this edge and the cloud", &[], standing::standing)
        .at(GET, "/session", "The person of the token, or why it opens nothing here",
            &[InvalidToken, TokenExpired, Revoked, DeviceInUse], session::show)
        .at(POST, "/session", "Sign in: handed on to the cloud, answered with its token",
            &[Unavailable], session::sign_in)
        .at(Method::DELETE, "/session", "Sign out: handed on to the cloud",
            &[InvalidToken, Unavailable], session::sign_out)
}

/// The routes for tablets, and the messages that travel by MQTT.
pub fn document() -> ApiDocument {
    table(ApiDocument::of(NAME))
        .with::<Changes<'_>>()
        // These read or answer bytes that they hand on.
        .refined(&Method::POST, "/commands", |route| {
            let frame = route.schema::<CmdFrame>();
            route.takes(frame, true);
        })
        .refined(&Method::POST, "/session", |route| {
            let grant = RouteDescription::named("AccessGrant");
            route.takes(RouteDescription::named("LoginForm"), true);
            route.answers_with(StatusCode::OK, "application/json", &grant);
        })
}

#[derive(Serialize, ToSchema)]
struct Board {
    edge: EdgeId,
    region: Region,
    feed_seq: u64,
    items: Vec<BoardItem>,
}

async fn board(State(rooms): State<Rooms>, headers: HeaderMap) -> Result<Json<Board>, Problem> {
    let token = bearer(&headers).ok_or(Code::InvalidToken)?;
    let claims = rooms.ground.gate.admit(token, None)?;
    let seen = rooms.ground.store.board(&rooms.ground.identity, claims.actor()).await;
    let (feed_seq, items) = seen.map_err(|error| fault("The board could not be read", error))?;
    let EdgeIdentity { name: edge, region } = rooms.ground.identity;
    Ok(Json(Board { edge, region, feed_seq, items }))
}

/// Always a `Reply`, as over MQTT, unless nothing can be said.
async fn commands(State(rooms): State<Rooms>, body: Bytes) -> Result<Json<Reply>, Problem> {
    let Ok(taken) = rooms.intake.take(&body, None).await else {
        return Err(Problem::new(Code::Unavailable).retry_after(1));
    };
    if let Some(sight) = taken.changed {
        rooms.voice.changed(vec![sight], Vec::new()).await;
    }
    Ok(Json(taken.reply))
}

#[derive(Serialize, ToSchema)]
struct HeadAnswer {
    #[serde(flatten)]
    head: LogHead,
    link_up: bool,
}

async fn head(State(rooms): State<Rooms>) -> Result<Json<HeadAnswer>, Problem> {
    let head = rooms.head.borrow().clone().ok_or(Code::Unavailable)?;
    let link_up = rooms.link.borrow().up;
    Ok(Json(HeadAnswer { head, link_up }))
}
