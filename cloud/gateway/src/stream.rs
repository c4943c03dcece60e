//! `GET /api/v1/stream`: the news of hub and notification in one stream to a page.
//!
//! Invariants: a stream lives no longer than the session it was opened with; each leg goes on from
//! the last place that the page has; neither a person nor all of them have more streams than their
//! bound, and new accounts leave a share of them to established ones.

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

/// Between two looks at the session. A sign of life goes out with each, and the place at all
/// replicas is renewed.
const BEAT: Duration = Duration::from_secs(10);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// Messages of the legs that wait here. One more waits for room: the page is read to at its own
/// pace.
const QUEUED_MAX: usize = 32;

/// The parts whose news comes now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Sources {
    orders: bool,
    inbox: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndReason {
    /// The token is to be renewed, which the next request does, or the role includes other work
    /// than before.
    Renew,
    SignedOut,
    Stopping,
}

#[derive(Serialize)]
struct End {
    why: EndReason,
}

/// A session, as long as a stream may rely on it.
struct Watch {
    identity: Identity,
    token: String,
    person: UserId,
    /// An admin's, with which the legs were opened.
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

/// Merges the legs until there is a reason to end. `None`: the page is gone.
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

/// Passes on what the legs bring, until the page is gone.
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
    /// Returns why the session is over for this stream, or `None` where the page is gone.
    async fn until_over(&self, to: &EventSender, seat: &StreamSeat) -> Option<EndReason> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once, and the session has just been looked at.
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
                // Nobody can tell now; the stream ends with its token at the latest.
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

    /// The next stream is opened with the newer permissions. If neither cache nor auth answers,
    /// this one goes on.
    async fn has_other_permissions(&self) -> bool {
        let Some(known) = &self.permissions else { return false };
        let newest = self.identity.permissions_of(self.person).await;
        newest.is_ok_and(|newest| {
            newest.len() != known.len() || newest.iter().any(|one| !known.contains(one))
        })
    }
}
