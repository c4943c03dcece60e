//! The edge's HTTP API: the board, the head of the log, commands from tablets whose network blocks
//! MQTT, sign-in, the app's files, health and metrics.

mod messages;
mod photos;
mod receipts;
mod session;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{
    carried_pages,
    client::Client,
    health::{self, Readiness},
    openapi::{ApiDocument, RouteDescription, RouteTable},
    pages::{EmbeddedFile, Pages, allow_position},
    problem::{Json, Problem, log_fault},
    routes::{DELETE, GET, POST, PUT, direct},
    tokens::bearer_token,
    web,
};
use serde::Serialize;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::watch;
use utoipa::ToSchema;
use wire::{
    Actor, CmdFrame, Code, CodeOffer, EdgeGrant, EdgeId, Hop, Region, Reply, SentCode, UnixMillis,
    UserId, Verdict,
};

pub(crate) use session::sign_in_rate_limiter;

use crate::{
    board::{Board, BoardCache, TaggedJson},
    clock_check::ClockStanding,
    context::{EdgeContext, LinkStatus},
    disk_ladder::DiskStanding,
    intake::{self, CommandIntake, IntakeReply},
    mqtt::{Changes, LogHead, TabletPublisher},
    photos::PhotoRoom,
    rate_limiter::RateLimiter,
    store::RegionStanding,
    trust_page,
};
pub(crate) use photos::PhotoGate;

#[derive(Clone)]
pub(crate) struct EdgeApiState {
    pub context: EdgeContext,
    pub intake: CommandIntake,
    pub publisher: TabletPublisher,
    pub head: watch::Receiver<Option<LogHead>>,
    pub link: watch::Receiver<LinkStatus>,
    /// Forwards sign-ins and sign-outs to the gateway.
    pub cloud: Client,
    pub boards: BoardCache,
    pub board_pace: Arc<RateLimiter<UserId>>,
    pub sign_in_pace: Arc<RateLimiter<IpAddr>>,
    pub photo_gate: PhotoGate,
}

pub(crate) const NAME: &str = "edge";

pub(crate) fn router(state: EdgeApiState) -> Router {
    let mut ready = Readiness::new();
    let EdgeContext {
        authenticator,
        store,
        disk,
        clock_check,
        callers,
        security,
        ..
    } = state.context.clone();
    ready.add("keys", move || {
        let enrolled = !authenticator.keys.is_empty();
        async move {
            enrolled
                .then_some(())
                .ok_or_else(|| "not enrolled yet".to_owned())
        }
    });
    ready.add("log", move || {
        let store = store.clone();
        async move {
            store
                .load_position()
                .await
                .map(|_| ())
                .map_err(|error| error.to_string())
        }
    });
    ready.add("clock", move || {
        std::future::ready(clock_check.check_readiness())
    });
    ready.add("disk", move || std::future::ready(disk.check_free_space()));
    let broker = state.publisher.broker.clone();
    ready.add("mqtt", move || std::future::ready(broker.check_readiness()));
    ready.add("certificate", move || {
        std::future::ready(security.check_readiness())
    });
    // Serve MQTT on the page's own origin too, so that its content security policy can name it.
    let mqtt = state.publisher.broker.websocket_routes(&["/mqtt"]);
    let document = EmbeddedFile::from_json(include_bytes!("../openapi.json"));
    let messages = EmbeddedFile::from_json(include_bytes!("../asyncapi.json"));
    let router = add_routes(messages::add_routes(Router::new()))
        .layer(DefaultBodyLimit::max(CmdFrame::BYTES_MAX))
        .with_state(state)
        .route(
            "/openapi.json",
            get(async move |headers: HeaderMap| document.build_response(&headers)),
        )
        .route(
            "/asyncapi.json",
            get(async move |headers: HeaderMap| messages.build_response(&headers)),
        )
        .route(trust_page::CHECK_PATH, get(trust_page::answer_check))
        .merge(mqtt)
        .merge(health::router(ready))
        .fallback(serve_page);
    let router = web::with_standard_layers(callers.guard(router), NAME);
    let exposed = [header::RETRY_AFTER, header::ETAG];
    let router = web::with_cors(router, callers.allowed_origins(), exposed);
    web::with_security_headers(router)
}

/// The routes for tablets.
#[rustfmt::skip]
fn add_routes<T: RouteTable<EdgeApiState>>(to: T) -> T {
    use Code::{
        AccountLocked, CodeNotSent, CodeOver, CodeWrong, CodesOff, DeviceClosed, DeviceInUse, ForeignPage,
        InvalidCredentials, InvalidToken, OrderNotFound, PasswordOnly, PhoneUnknown, PhotoDamaged, PhotoNotNamed,
        PhotoRoomFull, ProofRequired, ProvidersOnly, RateLimited, RegistrationQuota, Revoked, RoleForbidden,
        SessionEnded, StorageFull, TimedOut, TokenExpired, TooManyRequests, Unavailable, UnknownOp,
    };
    to
        .add_direct_route(direct(GET, "/board"),
            "List the orders that you may read, as this edge sees them",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests], board)
        .add_direct_route(
            direct(POST, "/receipts").without_key("only reads; its body hides the secret"),
            "Show an order that was published with your sign-in, by the code and the secret on its \
             receipt",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests,
                ForeignPage, OrderNotFound], receipts::follow)
        .add_direct_route(
            direct(POST, "/commands").without_key("is identified by the id of each command"),
            "Execute a command, as over MQTT. A refusal because of the order or the time is a \
             reply; any other refusal has it in `reply`",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, ProvidersOnly,
                RoleForbidden, ForeignPage, UnknownOp, Unavailable], commands)
        .add_direct_route(direct(GET, "/photos/{command_id}/{hash}"),
            "Show where a photo is that a command of yours names",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests,
                PhotoNotNamed], photos::show_photo_standing)
        .add_direct_route(
            direct(PUT, "/photos/{command_id}/{hash}").without_key("is identified by its offset"),
            "Upload the next part of a photo, at most 256 KiB. A part with another offset than \
             `have` stores nothing; go on from `have` of the answer",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests,
                ForeignPage, PhotoNotNamed, PhotoDamaged, PhotoRoomFull, StorageFull, TimedOut], photos::store_photo_part)
        .add_direct_route(direct(GET, "/api/head"),
            "Show the end of the edge's log and the key that verifies its receipts",
            &[Unavailable], head)
        .add_direct_route(direct(GET, "/standing"),
            "Show the state between this edge and the cloud", &[], standing)
        .add_direct_route(direct(GET, "/session"),
            "Show the person of the token, or why the edge refuses it",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, DeviceInUse], session::show)
        .add_direct_route(
            direct(POST, "/session")
                .without_key("signs in again; its answer is a token, which is not stored"),
            "Sign in: forwarded to the cloud, which answers with a token for this region's edges",
            &[InvalidCredentials, AccountLocked, TooManyRequests, RateLimited, ForeignPage, Unavailable], session::sign_in)
        .add_direct_route(direct(GET, "/session/nonce"),
            "Get a nonce to sign, for the proof of the key that a token is bound to", &[], session::issue_nonce)
        .add_direct_route(direct(GET, "/session/codes"),
            "Show whether customers may sign in with a code sent to their phone: forwarded to the cloud",
            &[TooManyRequests, Unavailable], session::code_offer)
        .add_direct_route(
            direct(POST, "/session/codes")
                .without_key("a repeat replaces the previous code; codes are not stored for replay"),
            "Send a code to a phone number: forwarded to the cloud. The code opens only this region's edges",
            &[CodesOff, CodeNotSent, TooManyRequests, RateLimited, ForeignPage, Unavailable], session::send_code)
        .add_direct_route(
            direct(POST, "/session/codes/sign-in")
                .without_key("a repeat fails because its code is spent; tokens are not stored for replay"),
            "Sign in with the code sent to a customer's phone: forwarded to the cloud, which answers with a \
             token for this region's edges; new people are registered as customers",
            &[CodesOff, CodeWrong, CodeOver, AccountLocked, PhoneUnknown, PasswordOnly, Revoked, RegistrationQuota,
                TooManyRequests, RateLimited, ForeignPage, Unavailable], session::sign_in_by_code)
        .add_direct_route(
            direct(DELETE, "/session")
                .without_key("ends the session that would authenticate a repeat"),
            "Sign out: forwarded to the cloud",
            &[InvalidToken, ProofRequired, RateLimited, ForeignPage, Unavailable], session::sign_out)
}

/// The tablet routes and the messages sent by MQTT.
pub fn api_document() -> ApiDocument {
    let document = add_routes(messages::add_routes(ApiDocument::for_part(NAME)));
    messages::describe_answers(document)
        .with_schema::<Changes<'_>>()
        // These handlers pass raw bytes, so the schemas are given here.
        .with_route_details(&Method::GET, "/board", |route| {
            let board = route.schema::<Board>();
            route.answers_with(StatusCode::OK, "application/json", &board);
        })
        .with_route_details(&Method::POST, "/commands", |route| {
            let frame = route.schema::<CmdFrame>();
            route.takes_json(frame, true);
        })
        .with_route_details(&Method::PUT, "/photos/{command_id}/{hash}", |route| {
            route.takes_file(&["application/octet-stream"]);
        })
        .with_route_details(&Method::POST, "/session", answer_with_grant)
        .with_route_details(&Method::POST, "/session/codes/sign-in", answer_with_grant)
        .with_route_details(&Method::GET, "/session/codes", |route| {
            let offer = route.schema::<CodeOffer>();
            route.answers_with(StatusCode::OK, "application/json", &offer);
        })
        .with_route_details(&Method::POST, "/session/codes", |route| {
            let sent = route.schema::<SentCode>();
            route.answers_with(StatusCode::OK, "application/json", &sent);
        })
}

fn answer_with_grant(route: &mut RouteDescription) {
    let grant = route.schema::<EdgeGrant>();
    route.answers_with(StatusCode::OK, "application/json", &grant);
}

/// Sustained interval and burst of board requests per person. A tablet reads the board whenever it
/// connects.
const BOARD_EVERY: Duration = Duration::from_millis(50);

const BOARDS_AT_ONCE: u32 = 100;

pub(crate) fn board_rate_limiter() -> Arc<RateLimiter<UserId>> {
    Arc::new(RateLimiter::new(BOARDS_AT_ONCE, BOARD_EVERY))
}

/// Answers 304 if `If-None-Match` names the current board.
async fn board(State(state): State<EdgeApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    let reader = admit_reader(&state, &headers)?;
    let board = state.boards.board_for_reader(reader).await;
    let board = board.map_err(|error| log_fault("Could not read the board", error))?;
    Ok(answer_unless_known(&headers, board))
}

/// Admits the token's person; one rate limit covers reads of boards and messages.
fn admit_reader(state: &EdgeApiState, headers: &HeaderMap) -> Result<Actor, Problem> {
    let token = bearer_token(headers).ok_or(Code::InvalidToken)?;
    let claims = state.context.authenticator.admit_token(token, None)?;
    if !state
        .board_pace
        .try_take(claims.sub, state.context.clock.elapsed())
    {
        return Err(Problem::new(Code::TooManyRequests).retry_after(1));
    }
    Ok(claims.actor())
}

/// 304 if `If-None-Match` names this answer.
fn answer_unless_known(headers: &HeaderMap, answer: TaggedJson) -> Response {
    let TaggedJson { body, etag } = answer;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == *etag);
    let etag = [(header::ETAG, etag)];
    if known {
        return (StatusCode::NOT_MODIFIED, etag).into_response();
    }
    (etag, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Answers with a `Reply`, as over MQTT. A refusal of the call itself becomes a problem that
/// carries the reply; 503 means that the command's fate is unknown.
async fn commands(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Reply>, Problem> {
    let Ok(IntakeReply { mut reply, changed }) = state.intake.answer_command(&body, None).await
    else {
        return Err(Problem::new(Code::Unavailable).retry_after(1));
    };
    if reply.code.is_some_and(is_unreadable)
        && let Err(refusal) = check_admitted(&state, &headers, &body)
    {
        reply = intake::not_taken_reply(reply.command_id, refusal);
    }
    if let Some(view) = changed {
        state.publisher.publish_changes(vec![view], Vec::new());
    }
    match reply.code.filter(|code| is_call_refusal(&reply, *code)) {
        Some(code) => Err(Problem::new(code)
            .with_field_errors(reply.errors.clone())
            .with_member("reply", &reply)),
        None => Ok(Json(reply)),
    }
}

/// Error details must not teach strangers which frames this edge can read. A readable frame was
/// judged by its own token; otherwise the header's token counts too.
fn check_admitted(state: &EdgeApiState, headers: &HeaderMap, body: &[u8]) -> Result<(), Code> {
    let own = CmdFrame::extract_token(body);
    let token = own
        .as_deref()
        .or(bearer_token(headers))
        .ok_or(Code::InvalidToken)?;
    state
        .context
        .authenticator
        .admit_token(token, None)
        .map(drop)
}

fn is_unreadable(code: Code) -> bool {
    matches!(code, Code::MalformedBody | Code::UnknownOp)
}

/// True if the call itself is wrong, for every sender or for this one. Other refusals concern the
/// order or the moment; tablets of earlier versions expect those in a reply with status 200.
fn is_call_refusal(reply: &Reply, code: Code) -> bool {
    use Code::{
        BodyTooLarge, DeviceClosed, InvalidInput, InvalidToken, MalformedBody, ProofRequired,
        ProvidersOnly, Revoked, RoleForbidden, SessionEnded, TokenExpired, UnknownOp,
    };
    let of_call = matches!(
        code,
        MalformedBody
            | BodyTooLarge
            | UnknownOp
            | InvalidInput
            | InvalidToken
            | ProofRequired
            | TokenExpired
            | SessionEnded
            | Revoked
            | DeviceClosed
            | ProvidersOnly
            | RoleForbidden
    );
    of_call && reply.hop == Hop::Stored && reply.verdict == Verdict::NotTaken
}

#[derive(Serialize, ToSchema)]
struct HeadAnswer {
    #[serde(flatten)]
    head: LogHead,
    link_up: bool,
    /// Verifies this edge's receipts: the raw 32 bytes of an Ed25519 key, base64url without
    /// padding.
    public_key: String,
}

async fn head(State(state): State<EdgeApiState>) -> Result<Json<HeadAnswer>, Problem> {
    let head = state.head.borrow().clone().ok_or(Code::Unavailable)?;
    let link_up = state.link.borrow().up;
    let public_key = URL_SAFE_NO_PAD.encode(state.context.signer.public_key());
    Ok(Json(HeadAnswer {
        head,
        link_up,
        public_key,
    }))
}

#[derive(Serialize, ToSchema)]
struct EdgeStanding {
    edge: EdgeId,
    region: Region,
    /// The time used by the edge.
    now: UnixMillis,
    link: LinkStatus,
    /// When the view last matched the cloud's.
    #[schema(required)]
    feed_as_of: Option<UnixMillis>,
    #[serde(flatten)]
    region_standing: RegionStanding,
    /// An accept of an open order is final here at once.
    firm: bool,
    /// The log may be an older copy of the one behind earlier answers, so nothing is firm here.
    suspect: bool,
    /// This is a copy of an edge, and the cloud takes nothing from it.
    twin: bool,
    /// The portal's address for people.
    portal: String,
    /// Tablets on other machines connect to it without encryption.
    plain_listeners: bool,
    /// The fault of the machine's clock.
    #[schema(required)]
    clock: Option<ClockStanding>,
    /// The disk with this edge's data; absent if the system does not report it.
    #[schema(required)]
    disk: Option<DiskStanding>,
    /// Days that the edge keeps its copy of a closed order; fewer if its disk runs short.
    closed_orders_days: u32,
    photos: PhotoRoom,
}

async fn standing(State(state): State<EdgeApiState>) -> Result<Json<EdgeStanding>, Problem> {
    let context = &state.context;
    let region_standing = context.store.load_standing().await;
    let region_standing =
        region_standing.map_err(|e| log_fault("Could not read the region lease", e))?;
    let now = context.clock.now();
    let age_ms = context
        .authenticator
        .feed_age()
        .and_then(|age| i64::try_from(age.as_millis()).ok());
    Ok(Json(EdgeStanding {
        edge: context.identity.edge_id.clone(),
        region: context.identity.region,
        now,
        link: *state.link.borrow(),
        feed_as_of: age_ms.map(|ms| now.plus_ms(-ms)),
        firm: region_standing.holds && context.authenticator.revocations_are_fresh(),
        suspect: region_standing.suspect,
        twin: context.store.is_twin(),
        portal: context.config.public_portal().to_owned(),
        plain_listeners: context.security.plain_tablets,
        region_standing,
        clock: context.clock_check.current_standing(),
        disk: context.disk.current_standing(),
        closed_orders_days: context.config.closed_orders_days,
        photos: photos::compute_room(&state),
    }))
}

carried_pages!(AppFiles, "app/dist");

const KIOSK_PATH: &str = "/kiosk";

/// The fallback for requests that match no route. The providers' app may use the tablet's position,
/// to show how far a job is; a kiosk may not.
async fn serve_page(request: Request<Body>) -> Response {
    let page = Pages::from_embedded::<AppFiles>().answer_request(&request);
    let page = page.unwrap_or_else(|| Problem::new(Code::NotFound).into_response());
    if request.uri().path().starts_with(KIOSK_PATH) {
        page
    } else {
        allow_position(page)
    }
}
