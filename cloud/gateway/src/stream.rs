//! `GET /api/v1/stream`: live updates from hub and notification, merged into one stream. A leg is
//! the stream from one part.
//!
//! Invariants: a stream ends with its session; each leg resumes at the page's last position; the
//! stream count is bounded per person and in total, with a share that new accounts cannot use.

mod leg;
mod place;
mod seats;

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue};
use process::{
    parts::CloudPart,
    sse::{self, EventSender, LAST_EVENT_ID},
    tokens::HeldPermissions,
    trace::TraceId,
};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use wire::{Code, Permission, UnixMillis, UserId};

pub use seats::{StreamPermit, StreamPermits};

use crate::{
    Gateway,
    identity::{CallerVerifier, VerifiedCaller},
    session,
};
use leg::{LegEvent, StreamLeg};
use place::StreamCursor;

/// Interval between session checks. Each one also sends a keep-alive and renews the stream's lease.
const BEAT: Duration = Duration::from_secs(10);
/// Reconnect delay for browsers.
const RETRY: Duration = Duration::from_secs(1);
/// Messages queued from the legs. A full queue blocks the legs, so a slow page applies
/// backpressure.
const QUEUED_MAX: usize = 32;

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

impl Gateway {
    pub(crate) async fn open_stream(
        &self,
        headers: &HeaderMap,
        stop: Option<CancellationToken>,
        caller: &VerifiedCaller,
        trace: &TraceId,
    ) -> Response {
        let seat = match self.seats.acquire_permit(&caller.claims).await {
            Ok(seat) => seat,
            Err(problem) => return problem.into_response(),
        };
        let place = StreamCursor::from_last_event_id(headers.get(LAST_EVENT_ID));
        let legs = [
            self.prepare_leg(CloudPart::Hub, place.orders.as_deref(), caller, trace),
            self.prepare_leg(
                CloudPart::Notification,
                place.inbox.as_deref(),
                caller,
                trace,
            ),
        ];
        let watch = SessionWatch {
            identity: self.identity.clone(),
            token: caller.token.clone(),
            person: caller.claims.sub,
            permissions: caller.permissions.clone(),
            ends_at: session::stream_deadline(caller, self.identity.clock.now()),
        };
        let (sender, response) = sse::open_stream();
        let stop = stop.unwrap_or_else(|| self.tasks.stop_token());
        self.tasks.spawn_once("stream", async move {
            let watched = watch.watch_until_end(&sender, &seat);
            if let Some(why) = run_stream(legs, place, watched, stop, &sender).await {
                sender
                    .send(sse::format_event("end", None, &StreamEnd { why }))
                    .await;
            }
            seat.release().await;
        });
        response
    }

    fn prepare_leg(
        &self,
        part: CloudPart,
        place: Option<&str>,
        caller: &VerifiedCaller,
        trace: &TraceId,
    ) -> StreamLeg {
        let permissions = caller.permissions.as_deref();
        StreamLeg {
            upstream: self.peers.upstream_for(part),
            part,
            token: caller.token.clone(),
            trace: trace.clone(),
            permissions: permissions.map(HeldPermissions::to_header),
            place: place.and_then(|place| HeaderValue::from_str(place).ok()),
        }
    }
}

/// Runs the legs until the stream must end. `None` if the page disconnects.
async fn run_stream(
    legs: [StreamLeg; 2],
    place: StreamCursor,
    watched: impl Future<Output = Option<EndReason>>,
    stop: CancellationToken,
    to: &EventSender,
) -> Option<EndReason> {
    let (news, mut coming) = mpsc::channel(QUEUED_MAX);
    let [mut orders, mut inbox] = legs;
    let for_orders = news.clone();
    let for_inbox = news;
    tokio::select! {
        () = orders.run(for_orders) => None,
        () = inbox.run(for_inbox) => None,
        () = to.wait_until_closed() => None,
        () = stop.cancelled() => Some(EndReason::Stopping),
        why = watched => why,
        () = merge_legs(&mut coming, place, to) => None,
    }
}

async fn merge_legs(
    coming: &mut mpsc::Receiver<(CloudPart, LegEvent)>,
    mut place: StreamCursor,
    to: &EventSender,
) {
    if !to.send(sse::format_retry(RETRY)).await {
        return;
    }
    let mut sources = ConnectedLegs::default();
    while let Some((part, news)) = coming.recv().await {
        let message = match news {
            LegEvent::Message(message) => place.rewrite_event_id(part, message),
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
    async fn watch_until_end(&self, to: &EventSender, seat: &StreamPermit) -> Option<EndReason> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate, and the session was just checked.
        beat.tick().await;
        loop {
            beat.tick().await;
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
            seat.renew_lease().await;
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
