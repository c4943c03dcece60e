//! Owns messages between services: topic exchanges, a copy per bound queue, acknowledgement,
//! redelivery, dead letters. The embedded arm keeps RabbitMQ's promises on one file.
//!
//! Invariants: a publish that returned `Ok` stands on disk in every bound queue; a message leaves
//! its queue only by `ack` or into the queue's dead letters, where it waits for a person with its
//! reason; nothing is dropped in silence, so an event without a bound queue waits for a person,
//! too.

mod delivery;
mod embedded;
mod letters;
mod rabbit;
mod store;
mod topic;
pub mod topology;

use std::time::Duration;

use process::{metrics, trust::Authorities};
use wire::{Event, Exchange};

use crate::sealing::{DataKeys, SealError};
use delivery::Source;
pub use delivery::{Deliveries, Delivery};
pub use embedded::Embedded;
pub use letters::{LETTERS_MAX, Letter, LetterAct, LetterBox, LetterChoice, boxes_of};
pub use rabbit::Rabbit;

#[derive(Clone)]
pub enum Bus {
    Embedded(Embedded),
    Rabbit(Rabbit),
}

/// A durable queue and its bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    pub name: &'static str,
    pub bindings: &'static [Binding],
    /// A message that waits longer moves to the dead letters.
    pub ttl: Duration,
}

/// How long an event that no queue was bound for waits for a person: as long as its outbox keeps
/// it.
const UNROUTED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Exchange and pattern: words divided by dots, `*` for one word, `#` for any number.
pub type Binding = (Exchange, &'static str);

impl QueueSpec {
    pub const TTL: Duration = Duration::from_secs(24 * 60 * 60);

    pub const fn new(name: &'static str, bindings: &'static [Binding]) -> Self {
        Self { name, bindings, ttl: Self::TTL }
    }

    /// Whether it is bound for an event.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        let (of, key) = (event.kind.exchange(), event.kind.as_str());
        self.bindings.iter().any(|(exchange, pattern)| *exchange == of && topic::fits(pattern, key))
    }

    fn dead(&self) -> String {
        dead_letter_queue(self.name)
    }

    fn ttl_ms(&self) -> i64 {
        i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The queue where the dead letters of `queue` wait. It can be subscribed to like any other.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}.dead")
}

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error(
        "a bus address is `embedded:PATH` or `amqp://USER:PASSWORD@HOST/VHOST`, by TLS `amqps://`"
    )]
    Address,
    #[error("could not open the bus file {path}")]
    Open {
        path: String,
        #[source]
        source: journal::JournalError,
    },
    #[error("the bus could not store the message: {0}")]
    Refused(String),
    #[error("the bus is out of reach: {0}")]
    Unreachable(String),
    #[error("the bus did not answer within {0} s")]
    TimedOut(u64),
    #[error("no queue is called `{0}`")]
    UnknownQueue(String),
    #[error("a message could not be opened")]
    Sealed(#[from] SealError),
    #[error("the event could not be written as JSON")]
    Encode(#[from] serde_json::Error),
}

/// The result of publishing a run of events: the first `count` are confirmed, and `error` says why
/// the next one is not.
#[derive(Debug)]
pub struct PublishResult {
    pub count: usize,
    pub error: Option<BusError>,
}

impl Bus {
    /// `embedded:/path/bus.db` or `amqp://..`. A broker that is down is not an error here: later
    /// calls fail until it is back.
    pub async fn open(url: &str) -> Result<Self, BusError> {
        Self::open_sealed(url, &DataKeys::none()).await
    }

    /// The same, with sealed messages in the file of the embedded bus. A broker's files are the
    /// broker's.
    pub async fn open_sealed(url: &str, keys: &DataKeys) -> Result<Self, BusError> {
        Self::open_trusting(url, keys, &Authorities::of_process()).await
    }

    /// The same. A broker of `amqps://` is known by these authorities.
    pub async fn open_trusting(
        url: &str,
        keys: &DataKeys,
        authorities: &Authorities,
    ) -> Result<Self, BusError> {
        if let Some(path) = url.strip_prefix("embedded:") {
            Ok(Self::Embedded(Embedded::open(path, keys.clone()).await?))
        } else if url.starts_with("amqp:") || url.starts_with("amqps:") {
            Ok(Self::Rabbit(Rabbit::new(url, authorities)?))
        } else {
            Err(BusError::Address)
        }
    }

    /// Makes the queue, its dead letters and its bindings, and leaves existing ones as they are.
    pub async fn bind(&self, queue: &QueueSpec) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.bind(queue).await,
            Self::Rabbit(bus) => bus.bind(queue).await,
        }
    }

    /// Returns once the event stands on disk in every queue bound for it, or among the unrouted
    /// events of its exchange.
    pub async fn publish(&self, event: &Event) -> Result<(), BusError> {
        match self.publish_all(std::slice::from_ref(event)).await.error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Publishes in order, waiting for the confirms together. Those after the first that failed may
    /// stand in queues or not: send them again.
    pub async fn publish_all(&self, events: &[Event]) -> PublishResult {
        let confirmed = match self {
            Self::Embedded(bus) => bus.publish_all(events).await,
            Self::Rabbit(bus) => bus.publish_all(events).await,
        };
        for event in &events[..confirmed.count] {
            metrics::BUS_PUBLISHED.add([event.kind.exchange().as_str()], 1);
        }
        confirmed
    }

    /// Puts events into one bound queue once more, in order, and into no other.
    pub async fn replay(&self, queue: &QueueSpec, events: &[Event]) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.replay(queue.name, events).await,
            Self::Rabbit(bus) => bus.replay(queue.name, events).await,
        }
    }

    /// Takes messages from a bound queue, at most `prefetch` unsettled at a time.
    pub async fn subscribe(&self, queue: &str, prefetch: u16) -> Result<Deliveries, BusError> {
        Ok(Deliveries(match self {
            Self::Embedded(bus) => Source::Embedded(bus.subscribe(queue, prefetch)?),
            Self::Rabbit(bus) => Source::Rabbit(Box::new(bus.subscribe(queue, prefetch).await?)),
        }))
    }

    /// How many messages wait in a queue, not counting those handed out. One that was given back
    /// counts a moment later on RabbitMQ, whose queues answer this from what they have applied.
    pub async fn waiting(&self, queue: &str) -> Result<u64, BusError> {
        match self {
            Self::Embedded(bus) => bus.waiting(queue).await,
            Self::Rabbit(bus) => bus.waiting(queue).await,
        }
    }

    pub async fn ping(&self) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.ping().await,
            Self::Rabbit(bus) => bus.ping().await,
        }
    }

    /// Writes pending settlements and lets the file or the connection go.
    pub async fn close(&self) {
        match self {
            Self::Embedded(bus) => bus.close().await,
            Self::Rabbit(bus) => bus.close().await,
        }
    }
}
