//! `GET /internal/stream`: each new line, the unread count and the newest line. The gateway opens
//! it on the person's behalf and watches their session.
//!
//! Invariant: a page that sends its last line's id gets every later one, from any replica.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::HeaderValue;
use platform::{cache::CacheStamp, documents::DocumentsError};
use process::{
    problem::{Problem, format_error_chain},
    sse::{self, EventSender, LAST_EVENT_ID, ProcessStop, StreamLimit},
    tasks::Tasks,
    tokens::Caller,
};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, sleep};
use uuid::Uuid;
use wire::{Code, EventType, OrderId, UnixMillis};

use super::{Service, inbox::reader_from_caller};
use crate::{
    NAME,
    domain::{InboxOwner, InboxReader, KEPT_MS, LineId, PageRequest, StoredLine},
};

/// Per replica. Further requests are refused, and the gateway retries.
const STREAMS_MAX: usize = 2_000;
const REFUSED_RETRY_S: u32 = 5;
/// The cache's stamp, or without a cache the store, reveals changes by other replicas.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
const POLLS_PER_STORE_READ: u32 = 10;
/// Debounce: many changes cause one poll.
const DEBOUNCE: Duration = Duration::from_millis(250);
/// A poll that finds this many new lines leaves the rest to the next.
const LINES_PER_POLL_MAX: usize = 100;
/// A page may miss a line whose write takes longer than this from id to commit. The next state
/// message still covers it.
const OVERLAP_MS: i64 = 5_000;

/// Stream permits and tasks. Clones share them.
#[derive(Clone)]
pub struct InboxStreams {
    tasks: Tasks,
    permits: StreamLimit,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct InboxSummary {
    unread: u64,
    newest: Option<LineSummary>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct LineSummary {
    id: LineId,
    #[serde(rename = "type")]
    event_type: Option<EventType>,
    order_id: Option<OrderId>,
    created_at: UnixMillis,
}

impl InboxStreams {
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            permits: StreamLimit::new(NAME, STREAMS_MAX),
        }
    }
}

pub(crate) async fn open_inbox_stream(
    State(service): State<Service>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let InboxStreams { tasks, permits } = &service.streams;
    let permit = permits
        .open()
        .ok_or_else(|| Problem::new(Code::TooManyStreams).retry_after(REFUSED_RETRY_S))?;
    let (sender, response) = sse::open_stream();
    let stop = request
        .extensions()
        .get::<ProcessStop>()
        .map(|ProcessStop(stop)| stop.clone());
    let stop = stop.unwrap_or_else(|| tasks.stop_token());
    let ends_at = UnixMillis(caller.claims.exp.saturating_mul(1_000));
    let left_ms = ends_at.ms_since(service.verifier.clock.now());
    let left = Duration::from_millis(left_ms.unsigned_abs());
    let place = StreamPosition::from_last_event_id(
        request.headers().get(LAST_EVENT_ID),
        service.verifier.clock.now(),
    );
    let service = service.clone();
    let reader = reader_from_caller(&caller);
    tasks.spawn_once("stream", async move {
        tokio::select! {
            () = run_stream(&service, reader, place, &sender) => {}
            () = stop.cancelled() => {}
            () = sleep(left) => {}
        }
        drop(permit);
    });
    Ok(response)
}

/// Runs until the reader disconnects. Cancel-safe.
async fn run_stream(
    service: &Service,
    reader: InboxReader,
    place: StreamPosition,
    to: &EventSender,
) {
    let owner = reader.owner;
    let mut changes = service.store.subscribe_to_user(owner.user_id);
    let mut poll_timer = tokio::time::interval(POLL_INTERVAL);
    poll_timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = InboxStreamSession {
        reader,
        place,
        told: None,
        stamp: None,
        is_behind: false,
    };
    if !to.send(sse::format_position(&session.place.id())).await {
        return;
    }
    let mut polls = 0;
    loop {
        let was_notified = tokio::select! {
            () = to.wait_until_closed() => return,
            _ = poll_timer.tick() => false,
            // The service holds the store, which holds the notifier.
            was_notified = changes.changed() => match was_notified {
                Ok(()) => true,
                Err(_) => return,
            },
        };
        if was_notified {
            sleep(DEBOUNCE).await;
            changes.mark_unchanged();
        }
        let is_due = polls % POLLS_PER_STORE_READ == 0;
        polls += u32::from(!was_notified);
        let stamp = service.store.read_stamp(owner).await;
        if !was_notified && !is_due && !session.is_behind && stamp == session.stamp {
            continue;
        }
        session.stamp = stamp;
        // If this fails, the next poll retries.
        let news = match session.poll_messages(service).await {
            Ok(news) => news,
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not read an inbox for a page's event stream; the next poll retries"
                );
                session.stamp = None;
                vec![sse::format_comment()]
            }
        };
        for message in news {
            if !to.send(message).await {
                return;
            }
        }
    }
}

/// One stream's record of sent messages.
struct InboxStreamSession {
    reader: InboxReader,
    place: StreamPosition,
    told: Option<InboxSummary>,
    stamp: Option<CacheStamp>,
    /// The last poll left lines for the next.
    is_behind: bool,
}

impl InboxStreamSession {
    /// The new lines, then the inbox state; a keep-alive comment if nothing changed.
    async fn poll_messages(&mut self, service: &Service) -> Result<Vec<Bytes>, DocumentsError> {
        let arrived = self.load_unsent_lines(service).await?;
        let news = self.load_summary(service).await?;
        self.is_behind = arrived.len() >= LINES_PER_POLL_MAX;
        // Recorded last: if a read above fails, the next poll sends these lines.
        let mut messages: Vec<_> = arrived
            .iter()
            .filter(|stored| self.place.mark_sent(stored.id.0))
            .map(|stored| (stored.id, LineSummary::from(stored)))
            .map(|(id, notice)| sse::format_event("notice", Some(&id.to_string()), &notice))
            .collect();
        if self.told.as_ref() != Some(&news) {
            messages.push(sse::format_event("inbox", None, &news));
            self.told = Some(news);
        }
        if messages.is_empty() {
            messages.push(sse::format_comment());
        }
        Ok(messages)
    }

    /// Lines not sent yet. In a busy inbox, whole pages within the overlap may be sent already;
    /// skip them.
    async fn load_unsent_lines(
        &self,
        service: &Service,
    ) -> Result<Vec<StoredLine>, DocumentsError> {
        let mut untold = Vec::new();
        let mut since = self.place.scan_start();
        loop {
            let page = service
                .store
                .find_lines_arrived_since(self.reader.owner, since, LINES_PER_POLL_MAX)
                .await?;
            let is_last = page.len() < LINES_PER_POLL_MAX;
            since = page.last().map_or(since, |stored| stored.id.0);
            let shown = page
                .into_iter()
                .filter(|stored| self.reader.shown.includes_event(stored.line.event_type));
            untold.extend(shown.filter(|stored| !self.place.told.contains(&stored.id.0)));
            if is_last || untold.len() >= LINES_PER_POLL_MAX {
                return Ok(untold);
            }
        }
    }

    async fn load_summary(&self, service: &Service) -> Result<InboxSummary, DocumentsError> {
        let InboxOwner { user_id, role } = self.reader.owner;
        let read_since = service.verifier.clock.now().plus_ms(-KEPT_MS);
        let unread = service.store.count_unread_for_reader(&self.reader).await?;
        let request = PageRequest {
            user_id,
            role,
            unread_only: false,
            after: None,
            limit: 1,
            read_since,
        };
        let page = service
            .store
            .read_page_for_reader(&self.reader, &request)
            .await?;
        Ok(InboxSummary {
            unread,
            newest: page.lines.first().map(LineSummary::from),
        })
    }
}

/// A stream's position among the lines of an inbox, ordered by id, which begins with the arrival
/// time. A line from another replica may appear slightly after a younger one, so each poll starts
/// somewhat earlier. A page that resumes at another replica may get a line twice.
struct StreamPosition {
    at: Uuid,
    /// The sent lines within the overlap.
    told: BTreeSet<Uuid>,
}

impl StreamPosition {
    /// Without a position, only lines that arrive from now on.
    fn from_last_event_id(last: Option<&HeaderValue>, now: UnixMillis) -> Self {
        let last = last
            .and_then(|last| last.to_str().ok())
            .and_then(|last| last.parse().ok());
        match last {
            Some(at) => Self {
                at,
                told: BTreeSet::from([at]),
            },
            None => Self {
                at: first_id_at(now.0),
                told: BTreeSet::new(),
            },
        }
    }

    fn id(&self) -> String {
        self.at.to_string()
    }

    fn scan_start(&self) -> Uuid {
        let at = i64::try_from(self.at.as_u128() >> 80).unwrap_or_default();
        match self.told.is_empty() {
            true => self.at,
            false => first_id_at(at - OVERLAP_MS),
        }
    }

    /// Records the line as sent; returns false if it already was.
    fn mark_sent(&mut self, line: Uuid) -> bool {
        let is_new = self.told.insert(line);
        self.at = self.at.max(line);
        let since = self.scan_start();
        self.told.retain(|told| *told >= since);
        is_new
    }
}

/// The smallest id of that time.
fn first_id_at(at_ms: i64) -> Uuid {
    Uuid::from_u128(u128::from(at_ms.max(0).unsigned_abs()) << 80)
}

impl From<&StoredLine> for LineSummary {
    fn from(stored: &StoredLine) -> Self {
        Self {
            id: stored.id,
            event_type: stored.line.event_type,
            order_id: stored.line.order_id,
            created_at: stored.line.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at_ms: i64, n: u128) -> Uuid {
        Uuid::from_u128(first_id_at(at_ms).as_u128() + n)
    }

    #[test]
    fn a_line_that_is_seen_late_is_told_and_none_is_told_twice() {
        let mut place = StreamPosition::from_last_event_id(None, UnixMillis(100_000));
        assert_eq!(
            place.scan_start(),
            first_id_at(100_000),
            "what stood before is not told"
        );
        assert!(place.mark_sent(line(101_000, 1)));
        assert!(!place.mark_sent(line(101_000, 1)));
        // Written by another replica at the same time, but visible later.
        assert!(place.scan_start() < line(100_900, 2));
        assert!(place.mark_sent(line(100_900, 2)));
        assert_eq!(place.id(), line(101_000, 1).to_string());
        place.mark_sent(line(500_000, 3));
        assert_eq!(place.told.len(), 1, "what is long past is forgotten");
    }

    #[test]
    fn a_page_goes_on_where_it_was() {
        let last = line(100_000, 7);
        let header = HeaderValue::from_str(&last.to_string()).unwrap();
        let mut place = StreamPosition::from_last_event_id(Some(&header), UnixMillis(900_000));
        assert!(!place.mark_sent(last));
        assert!(place.mark_sent(line(100_001, 8)));
        let strange = HeaderValue::from_static("strange");
        assert_eq!(
            StreamPosition::from_last_event_id(Some(&strange), UnixMillis(5)).at,
            first_id_at(5)
        );
    }
}
