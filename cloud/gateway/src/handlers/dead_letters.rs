//! Admin routes for dead letters and replays. The gateway collects them from all parts, since only
//! a part reaches its own queues.
//!
//! Invariant: an unavailable part is listed as missing and does not hide another part's dead
//! letters.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use platform::{
    bus::{DeadLetterBox, topology},
    dead_letters::{
        LetterBoxItem, LetterForm, LetterItem, LetterList, ReplayForm, ReplayItem, SettledLetters,
    },
};
use process::{
    openapi::{ApiDocument, RouteDescription},
    parts::CloudPart,
    problem::{Json, Problem, log_fault},
    routes::{GET, POST, admin},
    trace::{RequestTrace, TraceId},
    web::BODY_BYTES_MAX,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use utoipa::ToSchema;
use wire::{Code, Permission};

use crate::{
    call::{CanonicalPath, body_problem, build_uri, request_as_caller, set_identity},
    caller::{RequestCaller, VerifiedCaller},
    routes::{DEAD_LETTER_BOXES, DEAD_LETTERS, DROP_DEAD_LETTERS, REDRIVE_DEAD_LETTERS, REPLAYS},
    state::Gateway,
};

/// A timely list without one part beats a late one.
pub(super) const PART_LIMIT: Duration = Duration::from_secs(3);
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Dead letter boxes, and the parts that did not answer.
#[derive(Serialize, ToSchema)]
pub(super) struct LetterBoxes {
    items: Vec<LetterBoxItem>,
    /// Parts that were unavailable.
    missing: Vec<&'static str>,
}

/// Dead letters of one box, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownLetters {
    items: Vec<LetterItem>,
}

/// Replays, newest first within each part, and the parts that did not answer.
#[derive(Serialize, ToSchema)]
pub(super) struct Replays {
    items: Vec<ReplayItem>,
    missing: Vec<&'static str>,
}

pub(super) async fn list_boxes(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
) -> Result<Json<LetterBoxes>, Problem> {
    let (items, missing) =
        collect_from_parts(&gateway, &caller, &trace, "/internal/letters").await?;
    Ok(Json(LetterBoxes { items, missing }))
}

pub(super) async fn list_replays(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
) -> Result<Json<Replays>, Problem> {
    let (items, missing) =
        collect_from_parts(&gateway, &caller, &trace, "/internal/replays").await?;
    Ok(Json(Replays { items, missing }))
}

/// Forwards a request about one box to the part that owns it.
pub(super) async fn forward_box_request(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
    Extension(CanonicalPath(path)): Extension<CanonicalPath>,
    request: Request,
) -> Result<Response, Problem> {
    let rest = path
        .strip_prefix(DEAD_LETTER_BOXES)
        .unwrap_or(&path)
        .trim_start_matches('/');
    let name = rest.split('/').next().unwrap_or_default();
    let letter_box: DeadLetterBox = name.parse().map_err(|()| Code::NotFound)?;
    let part = letter_box.owning_part().ok_or(Code::NotFound)?;
    let uri = build_uri(&format!("/internal/letters/{rest}"), request.uri().query())?;
    let method = request.method().clone();
    let body = read_body(request).await?;
    let method = if method == Method::HEAD {
        Method::GET
    } else {
        method
    };
    let mut passed = request_as_caller(method, uri, &caller.token, &trace);
    set_identity(passed.headers_mut(), &caller);
    with_json(&mut passed, body);
    Ok(gateway.parts.send(part, passed).await)
}

/// Starts the replay at each part that publishes events to the queue.
pub(super) async fn request_replay(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
    Json(form): Json<ReplayForm>,
) -> Result<Response, Problem> {
    let queue = topology::find_queue(&form.queue).ok_or(Code::NotFound)?;
    let body = serde_json::to_vec(&form)
        .map_err(|error| log_fault("Could not serialize a replay request", error))?;
    let sources = queue
        .bindings
        .iter()
        .map(|(of, _)| topology::publishing_part(*of));
    let sources: BTreeSet<CloudPart> = sources.collect();
    let mut items = Vec::new();
    let mut missing = Vec::new();
    for part in sources {
        let uri = build_uri("/internal/replays", None)?;
        let mut asked = request_as_caller(Method::POST, uri, &caller.token, &trace);
        set_identity(asked.headers_mut(), &caller);
        with_json(&mut asked, body.clone());
        let answer = gateway.parts.send(part, asked).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            return Ok(answer);
        }
        match read_answer::<LetterList<ReplayItem>>(answer).await {
            Some(list) => items.extend(list.items),
            None => missing.push(part.name()),
        }
    }
    Ok(Json(Replays { items, missing }).into_response())
}

async fn collect_from_parts<T: DeserializeOwned>(
    gateway: &Gateway,
    caller: &VerifiedCaller,
    trace: &TraceId,
    path: &'static str,
) -> Result<(Vec<T>, Vec<&'static str>), Problem> {
    let uri = build_uri(path, None)?;
    let parts: Vec<CloudPart> = CloudPart::behind_the_gateway().collect();
    let asked = parts.iter().map(|part| {
        let mut request = request_as_caller(Method::GET, uri.clone(), &caller.token, trace);
        set_identity(request.headers_mut(), caller);
        async move {
            let asking = async { read_answer(gateway.parts.send(*part, request).await).await };
            tokio::time::timeout(PART_LIMIT, asking)
                .await
                .ok()
                .flatten()
        }
    });
    let answers: Vec<Option<LetterList<T>>> = futures::future::join_all(asked).await;
    let mut items = Vec::new();
    let mut missing = Vec::new();
    for (part, answer) in parts.into_iter().zip(answers) {
        match answer {
            Some(list) => items.extend(list.items),
            None => missing.push(part.name()),
        }
    }
    Ok((items, missing))
}

/// `None` if the part failed or answered in another format.
pub(super) async fn read_answer<T: DeserializeOwned>(answer: Response) -> Option<T> {
    if !answer.status().is_success() {
        return None;
    }
    let bytes = to_bytes(answer.into_body(), BYTES_MAX).await.ok()?;
    serde_json::from_slice(&bytes)
        .map_err(|error| {
            log_fault(
                "Could not parse a part's answer about dead letters, replays or events",
                error,
            )
        })
        .ok()
}

async fn read_body(request: Request) -> Result<Vec<u8>, Problem> {
    let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX)
        .await
        .map_err(body_problem)?;
    Ok(bytes.to_vec())
}

pub(super) fn with_json(request: &mut Request, body: Vec<u8>) {
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Body::from(body);
}

fn add_name_parameter(route: &mut RouteDescription) {
    let text = json!({ "type": "string" });
    route.add_parameter(
        "path",
        "name",
        true,
        text,
        "The name of a queue or an exchange.",
    );
}

pub(super) fn add_routes(document: ApiDocument) -> ApiDocument {
    add_replay_routes(add_settling_routes(add_reading_routes(document)))
}

fn add_reading_routes(document: ApiDocument) -> ApiDocument {
    document
        .with_public_route(
            "letterBoxes",
            admin(GET, DEAD_LETTER_BOXES, &[Permission::ReadPlatform]),
            "List the queues and exchanges with dead-lettered events, and how many",
            |route| route.answers_json::<LetterBoxes>(StatusCode::OK),
        )
        .with_public_route(
            "letters",
            admin(GET, DEAD_LETTERS, &[Permission::ReadPlatform]),
            "Show the dead-lettered events of one queue or exchange, oldest first, with the \
             reasons",
            |route| {
                add_name_parameter(route);
                let number = json!({ "type": "integer", "minimum": 1, "maximum": 500 });
                route.add_parameter("query", "limit", false, number, "The default is 50.");
                route.answers_json::<ShownLetters>(StatusCode::OK);
                route.add_refusal_codes(&[Code::NotFound, Code::InvalidInput, Code::Unavailable]);
            },
        )
}

fn add_settling_routes(document: ApiDocument) -> ApiDocument {
    const AGAIN: &str = "a repeat acts on the events that wait now, and finds none";
    document
        .with_public_route(
            "redriveLetters",
            admin(POST, REDRIVE_DEAD_LETTERS, &[Permission::ManageEdges]).without_key(AGAIN),
            "Send dead-lettered events back to their queue; events that reached no queue are \
             published again",
            describe_settling,
        )
        .with_public_route(
            "dropLetters",
            admin(POST, DROP_DEAD_LETTERS, &[Permission::ManageEdges]).without_key(AGAIN),
            "Drop dead-lettered events",
            describe_settling,
        )
}

fn describe_settling(route: &mut RouteDescription) {
    add_name_parameter(route);
    let form = route.schema::<LetterForm>();
    route.takes_json(form, true);
    route.answers_json::<SettledLetters>(StatusCode::OK);
    route.add_refusal_codes(&[Code::NotFound, Code::Unavailable]);
}

fn add_replay_routes(document: ApiDocument) -> ApiDocument {
    document
        .with_public_route(
            "replays",
            admin(GET, REPLAYS, &[Permission::ReadPlatform]),
            "List replays and their progress",
            |route| route.answers_json::<Replays>(StatusCode::OK),
        )
        .with_public_route(
            "askReplay",
            admin(POST, REPLAYS, &[Permission::ManageEdges]).without_key(
                "a repeat starts its own replay, and the consumer ignores duplicate events",
            ),
            "Replay to a queue the events that it missed since a given time",
            |route| {
                let form = route.schema::<ReplayForm>();
                route.takes_json(form, true);
                route.answers_json::<Replays>(StatusCode::OK);
                route.add_refusal_codes(&[Code::NotFound, Code::TooManyRequests]);
            },
        )
}
