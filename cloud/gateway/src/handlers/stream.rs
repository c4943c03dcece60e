//! `GET /api/v1/stream`: live updates from hub and notification, merged into one stream. A leg is
//! the stream from one part.
//!
//! Invariants: a stream ends with its session; each leg resumes at the page's last position; the
//! stream count is bounded per person and in total, with a share that new accounts cannot use.

use std::{sync::Arc, time::Duration};

use axum::{Extension, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use platform::upstream::Upstream;
use process::{
    openapi::ApiDocument,
    parts::CloudPart,
    problem::Problem,
    routes::{GET, narrowed},
    sse::{self, EventReader, EventSender, LAST_EVENT_ID, ProcessStop},
    tokens::{HeldPermissions, USER_PERMISSIONS},
    trace::{RequestTrace, TraceId},
};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use wire::{Code, Permission, UnixMillis, UserId};

use crate::{
    call::request_as_caller,
    caller::{RequestCaller, VerifiedCaller},
    identity::{CallerVerifier, stream_deadline},
    routes::UPDATE_STREAM,
    state::Gateway,
    stream_permits::StreamPermit,
};

/// Interval between session checks. Each one also sends a keep-alive and renews the stream's lease.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Reconnect delay for browsers.
const BROWSER_RETRY: Duration = Duration::from_secs(1);
/// Messages queued from the legs. A full queue blocks the legs, so a slow page applies
/// backpressure.
const QUEUED_MAX: usize = 32;
const INTERNAL_STREAM: &str = "/internal/stream";
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Parts send at least a comment every 15 seconds.
const SILENCE_LIMIT: Duration = Duration::from_secs(45);
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(15);

/// The legs that are currently connected.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct ConnectedLegs {
    orders: bool,
    inbox: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndReason {
    /// The next request renews the token, or the role's permissions changed.
    Renew,
    SignedOut,
    Stopping,
}

#[derive(Serialize)]
struct StreamEnd {
    why: EndReason,
}

struct SessionWatch {
    identity: CallerVerifier,
    token: String,
    person: UserId,
    /// An admin's permissions when the legs opened.
    permissions: Option<Vec<Permission>>,
    ends_at: UnixMillis,
}

pub(super) async fn open_stream(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
    stop: Option<Extension<ProcessStop>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let permit = gateway
        .stream_permits
        .acquire_permit(&caller.claims)
        .await?;
    let cursor = StreamCursor::from_last_event_id(headers.get(LAST_EVENT_ID));
    let legs = [
        prepare_leg(
            &gateway,
            CloudPart::Hub,
            cursor.orders.as_deref(),
            &caller,
            &trace,
        ),
        prepare_leg(
            &gateway,
            CloudPart::Notification,
            cursor.inbox.as_deref(),
            &caller,
            &trace,
        ),
    ];
    let watch = SessionWatch {
        identity: gateway.identity.clone(),
        token: caller.token.clone(),
        person: caller.claims.sub,
        permissions: caller.permissions.clone(),
        ends_at: stream_deadline(&caller, gateway.identity.clock.now()),
    };
    let (sender, response) = sse::open_stream();
    let stop = stop.map_or_else(
        || gateway.tasks.stop_token(),
        |Extension(ProcessStop(stop))| stop,
    );
    gateway.tasks.spawn_once("stream", async move {
        let watched = watch.watch_until_end(&sender, &permit);
        if let Some(why) = run_stream(legs, cursor, watched, stop, &sender).await {
            sender
                .send(sse::format_event("end", None, &StreamEnd { why }))
                .await;
        }
        permit.release().await;
    });
    Ok(response)
}

fn prepare_leg(
    gateway: &Gateway,
    part: CloudPart,
    place: Option<&str>,
    caller: &VerifiedCaller,
    trace: &TraceId,
) -> StreamLeg {
    let permissions = caller.permissions.as_deref();
    StreamLeg {
        upstream: gateway.parts.upstream_for(part),
        part,
        token: caller.token.clone(),
        trace: trace.clone(),
        permissions: permissions.map(HeldPermissions::to_header),
        place: place.and_then(|place| HeaderValue::from_str(place).ok()),
    }
}

/// Runs the legs until the stream must end. `None` if the page disconnects.
async fn run_stream(
    legs: [StreamLeg; 2],
    cursor: StreamCursor,
    watched: impl Future<Output = Option<EndReason>>,
    stop: CancellationToken,
    to: &EventSender,
) -> Option<EndReason> {
    let (events, mut incoming) = mpsc::channel(QUEUED_MAX);
    let [mut orders, mut inbox] = legs;
    let for_orders = events.clone();
    let for_inbox = events;
    tokio::select! {
        () = orders.run(for_orders) => None,
        () = inbox.run(for_inbox) => None,
        () = to.wait_until_closed() => None,
        () = stop.cancelled() => Some(EndReason::Stopping),
        why = watched => why,
        () = merge_legs(&mut incoming, cursor, to) => None,
    }
}

async fn merge_legs(
    incoming: &mut mpsc::Receiver<(CloudPart, LegEvent)>,
    mut cursor: StreamCursor,
    to: &EventSender,
) {
    if !to.send(sse::format_retry(BROWSER_RETRY)).await {
        return;
    }
    let mut sources = ConnectedLegs::default();
    while let Some((part, event)) = incoming.recv().await {
        let message = match event {
            LegEvent::Message(message) => cursor.rewrite_event_id(part, message),
            LegEvent::IsUp(is_up) => {
                let before = sources;
                match part {
                    CloudPart::Hub => sources.orders = is_up,
                    _ => sources.inbox = is_up,
                }
                if before == sources {
                    continue;
                }
                sse::format_event("sources", None, &sources)
            }
        };
        if !to.send(message).await {
            return;
        }
    }
}

impl SessionWatch {
    /// Returns why the stream must end, or `None` if the page disconnects.
    async fn watch_until_end(&self, to: &EventSender, permit: &StreamPermit) -> Option<EndReason> {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate, and the session was just checked.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if self.identity.clock.now() >= self.ends_at {
                return Some(EndReason::Renew);
            }
            match self.identity.verify_token(&self.token).await {
                Err(problem) if problem.code() == Code::InvalidToken => {
                    return Some(EndReason::SignedOut);
                }
                // The check is unavailable. The stream ends with its token at the latest.
                Err(_) | Ok(_) => {}
            }
            if self.has_other_permissions().await {
                return Some(EndReason::Renew);
            }
            permit.renew_lease().await;
            if !to.send(sse::format_comment()).await {
                return None;
            }
        }
    }

    /// A change ends the stream, so the next one opens with the new permissions. If cache and auth
    /// are unavailable, the stream continues.
    async fn has_other_permissions(&self) -> bool {
        let Some(known) = &self.permissions else {
            return false;
        };
        let newest = self.identity.load_permissions(self.person).await;
        newest.is_ok_and(|newest| {
            newest.len() != known.len() || newest.iter().any(|one| !known.contains(one))
        })
    }
}

/// The stream from one part. It reconnects with backoff and resumes at its last position.
struct StreamLeg {
    upstream: Upstream,
    part: CloudPart,
    token: String,
    trace: TraceId,
    /// An admin's permissions; the part filters its events by them.
    permissions: Option<HeaderValue>,
    /// The id of the last message that had one.
    place: Option<HeaderValue>,
}

enum LegEvent {
    Message(Bytes),
    IsUp(bool),
}

type LegSender = mpsc::Sender<(CloudPart, LegEvent)>;

impl StreamLeg {
    /// Runs until the receiver closes. May be dropped at any time.
    async fn run(&mut self, to: LegSender) {
        let mut pause = RECONNECT_PAUSE;
        loop {
            if let Some(reader) = self.connect().await {
                pause = RECONNECT_PAUSE;
                if self.relay_events(reader, &to).await.is_err() {
                    return;
                }
            }
            if to.send((self.part, LegEvent::IsUp(false))).await.is_err() {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(RECONNECT_PAUSE_MAX);
        }
    }

    async fn connect(&self) -> Option<EventReader> {
        let mut request = request_as_caller(
            Method::GET,
            Uri::from_static(INTERNAL_STREAM),
            &self.token,
            &self.trace,
        );
        if let Some(place) = &self.place {
            request.headers_mut().insert(LAST_EVENT_ID, place.clone());
        }
        if let Some(permissions) = &self.permissions {
            request
                .headers_mut()
                .insert(USER_PERMISSIONS, permissions.clone());
        }
        let part = self.part.name();
        match timeout(CONNECT_LIMIT, self.upstream.call(request)).await {
            Ok(Ok(response)) if response.status().is_success() => {
                Some(EventReader::new(response.into_body()))
            }
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                tracing::debug!(part, status, "A part refused its event stream");
                None
            }
            Ok(Err(error)) => {
                tracing::debug!(part, %error, "Could not reach a part for its event stream");
                None
            }
            Err(_) => None,
        }
    }

    /// Fails if the receiver is closed.
    async fn relay_events(
        &mut self,
        mut reader: EventReader,
        to: &LegSender,
    ) -> Result<(), mpsc::error::SendError<(CloudPart, LegEvent)>> {
        to.send((self.part, LegEvent::IsUp(true))).await?;
        while let Ok(Some(message)) = timeout(SILENCE_LIMIT, reader.next()).await {
            if sse::is_comment(&message) {
                continue;
            }
            if let Some(id) = sse::id_in(&message) {
                self.place = HeaderValue::from_str(id).ok();
            }
            to.send((self.part, LegEvent::Message(message))).await?;
        }
        Ok(())
    }
}

const ID_SEPARATOR: char = '~';

/// A page's position in both legs, encoded in each message id: the hub's position, then `~` and the
/// inbox's. Neither part uses `~` in its own ids.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct StreamCursor {
    orders: Option<String>,
    inbox: Option<String>,
}

impl StreamCursor {
    /// An id without `~` is a hub position.
    fn from_last_event_id(last: Option<&HeaderValue>) -> Self {
        let last = last.and_then(|last| last.to_str().ok()).unwrap_or_default();
        let (orders, inbox) = last.split_once(ID_SEPARATOR).unwrap_or((last, ""));
        Self {
            orders: non_empty_text(orders),
            inbox: non_empty_text(inbox),
        }
    }

    /// Replaces the message's id, if present, with the position in both legs.
    fn rewrite_event_id(&mut self, part: CloudPart, message: Bytes) -> Bytes {
        let Some(id) = sse::id_in(&message).map(str::to_owned) else {
            return message;
        };
        let before = format!("id: {id}\n");
        match part {
            CloudPart::Hub => self.orders = Some(id),
            _ => self.inbox = Some(id),
        }
        match std::str::from_utf8(&message) {
            Ok(text) => text
                .replacen(&before, &format!("id: {}\n", self.id()), 1)
                .into(),
            Err(_) => message,
        }
    }

    fn id(&self) -> String {
        let orders = self.orders.as_deref().unwrap_or_default();
        match &self.inbox {
            Some(inbox) => format!("{orders}{ID_SEPARATOR}{inbox}"),
            None => orders.to_owned(),
        }
    }
}

fn non_empty_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn add_route(document: ApiDocument) -> ApiDocument {
    document.with_public_route(
        "stream",
        narrowed(GET, UPDATE_STREAM),
        "Receive updates as server-sent events",
        |route| {
            let text = json!({ "type": "string" });
            let about =
                "The id of the last event that was received. The stream continues after it.";
            route.add_parameter("header", "Last-Event-ID", false, text.clone(), about);
            route.answers_with(StatusCode::OK, "text/event-stream", &text);
            route.add_refusal_codes(&[Code::TooManyStreams]);
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_carries_the_place_in_both_legs() {
        let mut place = StreamCursor::default();
        let order = sse::format_event("order", Some("1.2.3"), &1);
        assert_eq!(place.rewrite_event_id(CloudPart::Hub, order.clone()), order);
        let notice = place.rewrite_event_id(
            CloudPart::Notification,
            sse::format_event("notice", Some("n7"), &1),
        );
        assert_eq!(sse::id_in(&notice), Some("1.2.3~n7"));
        let later = place.rewrite_event_id(CloudPart::Hub, sse::format_position("1.2.4"));
        assert_eq!(sse::id_in(&later), Some("1.2.4~n7"));
        let state = sse::format_event("inbox", None, &1);
        assert_eq!(
            place.rewrite_event_id(CloudPart::Notification, state.clone()),
            state
        );
    }

    #[test]
    fn a_page_goes_on_in_both_legs() {
        for (id, orders, inbox) in [
            ("1.2.4~n7", Some("1.2.4"), Some("n7")),
            ("1.2.4", Some("1.2.4"), None),
            ("~n7", None, Some("n7")),
            ("", None, None),
        ] {
            let place = StreamCursor::from_last_event_id(Some(&HeaderValue::from_str(id).unwrap()));
            assert_eq!(
                (place.orders.as_deref(), place.inbox.as_deref()),
                (orders, inbox),
                "{id}"
            );
            assert_eq!(place.id(), id);
        }
        assert_eq!(
            StreamCursor::from_last_event_id(None),
            StreamCursor::default()
        );
    }
}
