//! The bus in one SQLite file of this process, written by a `journal`. A publish is confirmed after
//! its commit, so it survives `kill -9`. Settled messages are removed in batches, so a crash may
//! redeliver a few, marked as such. When the disk is full, publishing fails and outboxes hold the
//! events.

mod dead_letters;
mod queue;
mod store;

pub(super) use queue::{EmbeddedDelivery, LocalSubscription};

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicI64},
};

use journal::{Journal, JournalError, State, WriteError};
use planted::{Defect, is_planted};
use process::{clock::Clock, metrics};
use rusqlite::Connection;
use wire::{Event, Exchange};

use super::{
    BusError, PublishResult,
    topology::{QueueSpec, UNROUTED_TTL, unrouted_queue},
};
use crate::sealing::{DataKeys, SealContext, SealError};
use queue::LocalQueue;
use store::{MessageRow, QueueRow};

#[derive(Clone)]
pub struct EmbeddedBus(Arc<Inner>);

struct Inner {
    journal: Journal<CommitNotifier>,
    queues: Queues,
    clock: Clock,
    keys: DataKeys,
    swept_at: AtomicI64,
    /// Used only by a planted defect: rows confirmed before they are written.
    late: Mutex<Vec<NewMessage>>,
}

/// Messages resealed in one commit.
const RESEALED_MAX: i64 = 200;

type Queues = Arc<RwLock<Vec<Arc<LocalQueue>>>>;

/// A message to insert into a queue.
#[derive(Clone)]
struct NewMessage {
    queue: Arc<LocalQueue>,
    body: Arc<[u8]>,
    expires_at: Option<i64>,
}

/// Wakes the consumers of queues that a commit filled, even if the caller of the write is gone.
struct CommitNotifier(Queues);

impl State for CommitNotifier {
    type Error = Infallible;

    fn load(_: &Connection) -> rusqlite::Result<Self> {
        Ok(Self(Queues::default()))
    }

    fn reload(&mut self, _: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }

    fn committed(&mut self, _: &Connection) -> Result<(), std::io::Error> {
        for queue in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            queue.notify_if_filled();
        }
        Ok(())
    }
}

impl EmbeddedBus {
    pub(super) async fn open(path: &str, keys: DataKeys) -> Result<Self, BusError> {
        let queues = Queues::default();
        let notifier = CommitNotifier(queues.clone());
        let journal = Journal::open(
            path,
            store::migrations(),
            |_| Ok::<_, Infallible>(notifier),
            |writes| {
                metrics::JOURNAL_COMMITS.add(["bus"], 1);
                let writes = u32::try_from(writes).unwrap_or(u32::MAX);
                metrics::JOURNAL_GROUP.observe(["bus"], writes.into());
            },
        )
        .map_err(|source| BusError::Open {
            path: path.to_owned(),
            source,
        })?;
        let inner = Inner {
            journal,
            queues,
            clock: Clock::system(),
            keys,
            swept_at: AtomicI64::new(0),
            late: Mutex::default(),
        };
        let bus = Self(Arc::new(inner));
        bus.write(add_unrouted_queues).await?;
        let known = bus
            .read(|conn| Ok((store::read_queues(conn)?, store::last_id(conn)?)))
            .await?;
        for row in known.0 {
            bus.register_queue(row, known.1);
        }
        bus.reseal_messages().await?;
        Ok(bus)
    }

    /// Seals plain messages and those under a former key before any are read. A process keeps the
    /// same keys for its lifetime. Dead letters may wait for an operator longer than a key lasts.
    async fn reseal_messages(&self) -> Result<(), BusError> {
        let mut above = 0;
        let mut sealed = 0;
        loop {
            let rows = self
                .read(move |conn| store::all_after(conn, above, RESEALED_MAX))
                .await?;
            let Some(last) = rows.last() else { break };
            above = last.id;
            let stale = rows
                .into_iter()
                .filter(|row| self.0.keys.is_stale(&row.body));
            // A message that does not open stays as it is and is reported when it is read.
            let opened = stale.filter_map(|row| {
                let body = self.0.keys.open(&message_seal_context(), row.body).ok()?;
                // Sealed together with the body.
                let reason = row
                    .reason
                    .and_then(|text| self.0.keys.open(&message_seal_context(), text).ok());
                let reason = reason.map(|text| self.0.keys.seal(&message_seal_context(), &text));
                Some(MessageRow {
                    body: self.0.keys.seal(&message_seal_context(), &body),
                    reason,
                    ..row
                })
            });
            let anew: Vec<MessageRow> = opened.collect();
            sealed += anew.len();
            if !anew.is_empty() {
                self.write(move |conn| store::rewrite_messages(conn, &anew))
                    .await?;
            }
        }
        if sealed > 0 {
            metrics::SEALED_ANEW.add(["bus.messages"], sealed as u64);
            tracing::info!(
                sealed,
                "Resealed the messages of the bus with the current data key"
            );
        }
        Ok(())
    }

    pub(super) async fn bind_queue(&self, spec: &QueueSpec) -> Result<(), BusError> {
        let spec = *spec;
        let rows = self
            .write(move |conn| {
                let dead = store::add_queue(conn, &spec.dead_letter_name(), None, None, &[])?;
                let ttl_ms = Some(spec.ttl_ms());
                store::add_queue(conn, spec.name, Some(dead), ttl_ms, spec.bindings)?;
                store::read_queues(conn)
            })
            .await?;
        for row in rows {
            self.register_queue(row, 0);
        }
        Ok(())
    }

    pub(super) async fn publish_all(&self, events: &[Event]) -> PublishResult {
        let (rows, count, mut error) = self.route_events(events);
        let stored = if is_planted(Defect::BusConfirmsBeforeWrite) {
            self.0
                .late
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(rows);
            Ok(())
        } else {
            self.insert_messages(rows).await
        };
        if let Err(failed) = stored {
            return PublishResult {
                count: 0,
                error: Some(failed),
            };
        }
        if let Err(failed) = self.sweep_if_due().await {
            tracing::warn!(error = %failed, "Could not remove expired messages; retrying later");
        }
        PublishResult {
            count,
            error: error.take(),
        }
    }

    pub(super) fn subscribe(
        &self,
        queue: &str,
        prefetch: u16,
    ) -> Result<LocalSubscription, BusError> {
        Ok(LocalSubscription::new(
            self.clone(),
            self.find_queue(queue)?,
            prefetch,
        ))
    }

    pub(super) async fn count_waiting(&self, queue: &str) -> Result<u64, BusError> {
        let queue = self.find_queue(queue)?;
        let id = queue.id;
        let all = self
            .read(move |conn| store::count_messages(conn, id))
            .await?;
        let all = usize::try_from(all).unwrap_or_default();
        Ok(all.saturating_sub(queue.not_waiting()) as u64)
    }

    pub(super) async fn ping(&self) -> Result<(), BusError> {
        self.read(|_| Ok(())).await
    }

    pub(super) async fn close(&self) {
        for queue in self.queues() {
            if let Err(error) = self.remove_settled(&queue).await {
                tracing::warn!(
                    error = %error,
                    "Could not remove handled messages of `{}`; some will be redelivered",
                    queue.name
                );
            }
        }
        self.0.journal.clone().close();
    }

    /// Builds the rows for the events. An event without a bound queue goes to its exchange's
    /// unrouted queue.
    fn route_events(&self, events: &[Event]) -> (Vec<NewMessage>, usize, Option<BusError>) {
        let queues = self.queues();
        let now = self.0.clock.now().0;
        let mut rows = Vec::with_capacity(events.len());
        for (count, event) in events.iter().enumerate() {
            let body: Arc<[u8]> = match serde_json::to_vec(event) {
                Ok(body) => self.0.keys.seal(&message_seal_context(), &body).into(),
                Err(error) => return (rows, count, Some(error.into())),
            };
            let before = rows.len();
            for queue in &queues {
                if let Some(expires_at) = queue.expiry_if_bound(event, now) {
                    rows.push(NewMessage {
                        queue: queue.clone(),
                        body: body.clone(),
                        expires_at,
                    });
                }
            }
            if rows.len() == before {
                let name = unrouted_queue(event.kind.exchange());
                match queues.iter().find(|queue| queue.name == name) {
                    Some(queue) => {
                        let expires_at = queue.expires_at(now);
                        rows.push(NewMessage {
                            queue: queue.clone(),
                            body,
                            expires_at,
                        });
                    }
                    None => return (rows, count, Some(BusError::UnknownQueue(name))),
                }
            }
        }
        (rows, events.len(), None)
    }

    async fn insert_messages(&self, rows: Vec<NewMessage>) -> Result<(), BusError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write(move |conn: &Connection| {
            for row in &rows {
                row.queue.mark_filled();
                store::insert_message(conn, row.queue.id, &row.body, row.expires_at)?;
            }
            Ok(())
        })
        .await
    }

    /// Writes the messages that a planted defect confirmed too early.
    async fn write_late(&self) -> Result<(), BusError> {
        let late = std::mem::take(&mut *self.0.late.lock().unwrap_or_else(PoisonError::into_inner));
        self.insert_messages(late).await
    }

    async fn read_page(
        &self,
        queue: &LocalQueue,
        above: i64,
        rows_max: usize,
    ) -> Result<Vec<MessageRow>, BusError> {
        let id = queue.id;
        let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let rows = self
            .read(move |conn| store::read_page(conn, id, above, rows_max))
            .await?;
        rows.into_iter().map(|row| self.open_message(row)).collect()
    }

    fn open_message(&self, row: MessageRow) -> Result<MessageRow, BusError> {
        match self.0.keys.open(&message_seal_context(), row.body) {
            Ok(body) => Ok(MessageRow { body, ..row }),
            // The body does not parse as an event, so it becomes a dead letter.
            Err(SealError::Broken { .. }) => Ok(MessageRow {
                body: Vec::new(),
                ..row
            }),
            // The message becomes readable again once its key is back.
            Err(unknown) => Err(unknown.into()),
        }
    }

    fn find_queue(&self, name: &str) -> Result<Arc<LocalQueue>, BusError> {
        let found = self.queues().into_iter().find(|queue| queue.name == name);
        found.ok_or_else(|| BusError::UnknownQueue(name.to_owned()))
    }

    fn queues(&self) -> Vec<Arc<LocalQueue>> {
        self.0
            .queues
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds or updates the in-memory queue to match its row.
    fn register_queue(&self, row: QueueRow, delivered_to: i64) {
        let mut queues = self
            .0
            .queues
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match queues.iter().find(|queue| queue.id == row.id) {
            Some(queue) => queue.update_definition(row),
            None => queues.push(Arc::new(LocalQueue::new(row, delivered_to))),
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BusError> {
        self.0
            .journal
            .write(move |conn, _| f(conn))
            .await
            .map_err(|error| match error {
                WriteError::Stopped => BusError::Unreachable("the bus is closed".to_owned()),
                WriteError::Fault(fault) => BusError::Refused(with_cause(&fault)),
                other => BusError::Refused(other.to_string()),
            })
    }

    async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BusError> {
        let result = self.0.journal.read(f).await;
        result.map_err(|error| BusError::Unreachable(with_cause(&error)))
    }
}

fn add_unrouted_queues(conn: &Connection) -> rusqlite::Result<()> {
    let ttl_ms = i64::try_from(UNROUTED_TTL.as_millis()).ok();
    for exchange in Exchange::ALL {
        store::add_queue(conn, &unrouted_queue(exchange), None, ttl_ms, &[])?;
    }
    Ok(())
}

/// Messages move between queues, so the seal is bound to the table only.
fn message_seal_context() -> SealContext {
    SealContext::anywhere_in("messages.body")
}

fn with_cause(error: &JournalError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
