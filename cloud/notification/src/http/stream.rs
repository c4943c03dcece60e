//! `GET /internal/stream`: how many lines a person has not read, and the newest line. The gateway asks
//! in their name and watches their session.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    response::Response,
};
use process::{
    problem::{Problem, chain},
    sse::{self, EventSender, ProcessStop, StreamLimit},
    tasks::Tasks,
    tokens::Caller,
};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, sleep};
use wire::{Actor, Code, EventType, OrderId, UnixMillis};

use super::Service;
use crate::{
    NAME,
    domain::{LineId, PageRequest, READ_KEPT_MS},
    store::InboxStore,
};

/// Streams of a replica. One more is refused: the gateway asks again.
const STREAMS_MAX: usize = 2_000;
const REFUSED_RETRY_S: u32 = 5;
/// Lines that another replica has written are found by looking.
const LOOK: Duration = Duration::from_secs(10);
/// Many lines at once are one message.
const PACE: Duration = Duration::from_millis(250);

/// The places for streams, and where these run. Clones share them.
#[derive(Clone)]
pub struct InboxStreams {
    tasks: Tasks,
    seats: StreamLimit,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct InboxNews {
    unread: u64,
    newest: Option<NewestLine>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct NewestLine {
    id: LineId,
    #[serde(rename = "type")]
    event_type: EventType,
    order_id: OrderId,
    created_at: UnixMillis,
}

impl InboxStreams {
    pub fn new(tasks: Tasks) -> Self {
        Self { tasks, seats: StreamLimit::new(NAME, STREAMS_MAX) }
    }
}

pub async fn stream(
    State(service): State<Service>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let InboxStreams { tasks, seats } = &service.streams;
    let refused = || Problem::new(Code::TooManyStreams).retry_after(REFUSED_RETRY_S);
    let seat = seats.open().ok_or_else(refused)?;
    let (sender, response) = sse::answer();
    let stop = request.extensions().get::<ProcessStop>().map(|ProcessStop(stop)| stop.clone());
    let stop = stop.unwrap_or_else(|| tasks.token());
    let ends_at = UnixMillis(caller.claims.exp.saturating_mul(1_000));
    let left_ms = ends_at.since(service.verifier.clock.now());
    let left = Duration::from_millis(left_ms.unsigned_abs());
    let (service, actor) = (service.clone(), caller.actor);
    tasks.spawn_once("stream", async move {
        tokio::select! {
            () = tell(&service, actor, &sender) => {}
            () = stop.cancelled() => {}
            () = sleep(left) => {}
        }
        drop(seat);
    });
    Ok(response)
}

/// Tells until the reader is gone. It may be dropped at any time.
async fn tell(service: &Service, actor: Actor, to: &EventSender) {
    let mut bell = service.store.listen(actor.user_id);
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        let rang = tokio::select! {
            () = to.closed() => return,
            _ = look.tick() => false,
            // The bell lives as long as the store, which the service holds.
            rang = bell.changed() => match rang {
                Ok(()) => true,
                Err(_) => return,
            },
        };
        if rang {
            sleep(PACE).await;
            bell.mark_unchanged();
        }
        let is_there = match news(service, actor).await {
            Some(news) if told.as_ref() != Some(&news) => {
                let is_there = to.send(sse::event("inbox", None, &news)).await;
                told = Some(news);
                is_there
            }
            _ => to.send(sse::comment()).await,
        };
        if !is_there {
            return;
        }
    }
}

/// `None` where the store cannot be read now: the next look tells.
async fn news(service: &Service, actor: Actor) -> Option<InboxNews> {
    let read_since = service.verifier.clock.now().plus_ms(-READ_KEPT_MS);
    match read(&service.store, actor, read_since).await {
        Ok(news) => Some(news),
        Err(error) => {
            tracing::warn!(cause = chain(&error), "An inbox cannot be read for a page yet");
            None
        }
    }
}

async fn read(
    store: &InboxStore,
    actor: Actor,
    read_since: UnixMillis,
) -> Result<InboxNews, platform::documents::DocumentsError> {
    let Actor { user_id, role } = actor;
    let unread = store.unread(user_id, role).await?;
    let request =
        PageRequest { user_id, role, unread_only: false, after: None, limit: 1, read_since };
    let newest = store.page(&request).await?.lines.into_iter().next().map(|stored| NewestLine {
        id: stored.id,
        event_type: stored.line.event_type,
        order_id: stored.line.order_id,
        created_at: stored.line.created_at,
    });
    Ok(InboxNews { unread, newest })
}
