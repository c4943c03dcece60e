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

pub use seats::{StreamSeat, StreamSeats};

use crate::{
    Gateway,
    identity::{Identity, KnownCaller},
    session,
};
use leg::{Leg, LegNews};
use place::StreamPlace;

/// Interval between session checks. Each one also sends a keep-alive and renews the stream's lease.
const BEAT: Duration = Duration::from_secs(10);
/// Reconnect delay for browsers.
const RETRY: Duration = Duration::from_secs(1);
/// Messages queued from the legs. A full queue blocks the legs, so a slow page applies
/// backpressure.
const QUEUED_MAX: usize = 32;

/// The legs that are currently connected.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Sources {
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
struct End {
    why: EndReason,
}

struct Watch {
    identity: Identity,
    token: String,
    person: UserId,
    /// An admin's permissions when the legs opened.
    permissions: Option<Vec<Permission>>,
    ends_at: UnixMillis,
}

impl Gateway {
    pub(crate) async fn stream(
        &self,
        headers: &HeaderMap,
        stop: Option<CancellationToken>,
        caller: &KnownCaller,
        trace: &TraceId,
    ) -> Response {
        let seat = match self.seats.take(&caller.claims).await {
            Ok(seat) => seat,
            Err(problem) => return problem.into_response(),
        };
        let leg = |part, place| Leg {
            upstream: self.peers.of(part),
            part,
            token: caller.token.clone(),
            trace: trace.clone(),
            permissions: caller.permissions.as_deref().map(HeldPermissions::header),
            place,
        };
        let place = StreamPlace::of(headers.get(LAST_EVENT_ID));
        let header = |place: &Option<String>| HeaderValue::from_str(place.as_ref()?).ok();
        let legs = [
            leg(CloudPart::Hub, header(&place.orders)),
            leg(CloudPart::Notification, header(&place.inbox)),
        ];
        let watch = Watch {
            identity: self.identity.clone(),
            token: caller.token.clone(),
            person: caller.claims.sub,
            permissions: caller.permissions.clone(),
            ends_at: session::relied_on_until(caller, self.identity.clock.now()),
        };
        let (sender, response) = sse::answer();
        let stop = stop.unwrap_or_else(|| self.tasks.token());
        self.tasks.spawn_once("stream", async move {
            let watched = watch.until_over(&sender, &seat);
            if let Some(why) = conduct(legs, place, watched, stop, &sender).await {
                sender.send(sse::event("end", None, &End { why })).await;
            }
            seat.release().await;
        });
        response
    }
}

/// Runs the legs until the stream must end. `None` if the page disconnects.
async fn conduct(
    legs: [Leg; 2],
    place: StreamPlace,
    watched: impl Future<Output = Option<EndReason>>,
    stop: CancellationToken,
    to: &EventSender,
) -> Option<EndReason> {
    let (news, mut coming) = mpsc::channel(QUEUED_MAX);
    let [mut orders, mut inbox] = legs;
    let (for_orders, for_inbox) = (news.clone(), news);
    tokio::select! {
        () = orders.run(for_orders) => None,
        () = inbox.run(for_inbox) => None,
        () = to.closed() => None,
        () = stop.cancelled() => Some(EndReason::Stopping),
        why = watched => why,
        () = merge(&mut coming, place, to) => None,
    }
}

async fn merge(
    coming: &mut mpsc::Receiver<(CloudPart, LegNews)>,
    mut place: StreamPlace,
    to: &EventSender,
) {
    if !to.send(sse::retry(RETRY)).await {
        return;
    }
    let mut sources = Sources::default();
    while let Some((part, news)) = coming.recv().await {
        let message = match news {
            LegNews::Message(message) => place.carried(part, message),
            LegNews::IsUp(is_up) => {
                let before = sources;
                match part {
                    CloudPart::Hub => sources.orders = is_up,
                    _ => sources.inbox = is_up,
                }
                if before == sources {
                    continue;
                }
                sse::event("sources", None, &sources)
            }
        };
        if !to.send(message).await {
            return;
        }
    }
}

impl Watch {
    /// Returns why the stream must end, or `None` if the page disconnects.
    async fn until_over(&self, to: &EventSender, seat: &StreamSeat) -> Option<EndReason> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate, and the session was just checked.
        beat.tick().await;
        loop {
            beat.tick().await;
            if self.identity.clock.now() >= self.ends_at {
                return Some(EndReason::Renew);
            }
            match self.identity.live(&self.token).await {
                Err(problem) if problem.code() == Code::InvalidToken => {
                    return Some(EndReason::SignedOut);
                }
                // The check is unavailable. The stream ends with its token at the latest.
                Err(_) | Ok(_) => {}
            }
            if self.has_other_permissions().await {
                return Some(EndReason::Renew);
            }
            seat.renew().await;
            if !to.send(sse::comment()).await {
                return None;
            }
        }
    }

    /// A change ends the stream, so the next one opens with the new permissions. If cache and auth
    /// are unavailable, the stream continues.
    async fn has_other_permissions(&self) -> bool {
        let Some(known) = &self.permissions else { return false };
        let newest = self.identity.permissions_of(self.person).await;
        newest.is_ok_and(|newest| {
            newest.len() != known.len() || newest.iter().any(|one| !known.contains(one))
        })
    }
}
