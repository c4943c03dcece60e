//! Moves events between services: topic exchanges, one copy per bound queue, acknowledgement,
//! redelivery, dead letters. The embedded arm keeps RabbitMQ's guarantees with a single file.
//!
//! Invariants: when a publish returns `Ok`, the event is on disk in every bound queue. A message
//! leaves its queue only by `ack` or into the queue's dead letters, where it waits with its reason
//! for an operator. No event is dropped silently: an event without a bound queue also waits for an
//! operator.

mod delivery;
mod embedded;
mod letters;
mod rabbit;
mod store;
mod topic;
pub mod topology;

use std::time::Duration;

use process::{metrics, trust::CertificateAuthorities};
use wire::{Event, Exchange};

use crate::sealing::{DataKeys, SealError};
use delivery::DeliverySource;
pub use delivery::{Deliveries, Delivery};
pub use embedded::EmbeddedBus;
pub use letters::{
    DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, LETTERS_MAX, boxes_of,
};
pub use rabbit::RabbitBus;

#[derive(Clone)]
pub enum Bus {
    Embedded(EmbeddedBus),
    Rabbit(RabbitBus),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    pub name: &'static str,
    pub bindings: &'static [Binding],
    /// A message that waits longer moves to the dead letters.
    pub ttl: Duration,
}

/// How long an unrouted event waits for an operator: as long as its outbox keeps it.
const UNROUTED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Exchange and pattern: words separated by dots, `*` for one word, `#` for any number.
pub type Binding = (Exchange, &'static str);

impl QueueSpec {
    pub const TTL: Duration = Duration::from_secs(24 * 60 * 60);

    pub const fn new(name: &'static str, bindings: &'static [Binding]) -> Self {
        Self {
            name,
            bindings,
            ttl: Self::TTL,
        }
    }

    pub(crate) fn is_bound_for(&self, event: &Event) -> bool {
        let of = event.kind.exchange();
        let key = event.kind.as_str();
        self.bindings
            .iter()
            .any(|(exchange, pattern)| *exchange == of && topic::matches_pattern(pattern, key))
    }

    fn dead_letter_name(&self) -> String {
        dead_letter_queue(self.name)
    }

    fn ttl_ms(&self) -> i64 {
        i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The queue that holds the dead letters of `queue`. It accepts subscribers like any other.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}.dead")
}

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error(
        "a bus address is `embedded:PATH`, `amqp://USER:PASSWORD@HOST/VHOST` or, with TLS, `amqps://…`"
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
    #[error("the bus is unreachable: {0}")]
    Unreachable(String),
    #[error("the bus did not answer within {0} s")]
    TimedOut(u64),
    #[error("there is no queue `{0}`")]
    UnknownQueue(String),
    #[error("could not decrypt a message")]
    Sealed(#[from] SealError),
    #[error("could not write the event as JSON")]
    Encode(#[from] serde_json::Error),
}

/// The result of publishing a run of events: the first `count` are confirmed, and `error` is the
/// failure of the next one.
#[derive(Debug)]
pub struct PublishResult {
    pub count: usize,
    pub error: Option<BusError>,
}

impl Bus {
    /// `embedded:/path/bus.db` or `amqp://..`. A broker that is down is not an error here: calls
    /// fail until it is back.
    pub async fn open(url: &str) -> Result<Self, BusError> {
        Self::open_sealed(url, &DataKeys::without_keys()).await
    }

    /// Like [`Bus::open`], and seals messages in the embedded bus's file. A broker's files are its
    /// own responsibility.
    pub async fn open_sealed(url: &str, keys: &DataKeys) -> Result<Self, BusError> {
        Self::open_trusting(url, keys, &CertificateAuthorities::of_process()).await
    }

    /// Like [`Bus::open_sealed`], with the authorities that verify an `amqps://` broker.
    pub async fn open_trusting(
        url: &str,
        keys: &DataKeys,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, BusError> {
        if let Some(path) = url.strip_prefix("embedded:") {
            Ok(Self::Embedded(EmbeddedBus::open(path, keys.clone()).await?))
        } else if url.starts_with("amqp:") || url.starts_with("amqps:") {
            Ok(Self::Rabbit(RabbitBus::new(url, authorities)?))
        } else {
            Err(BusError::Address)
        }
    }

    /// Declares the queue, its dead letter queue and its bindings; leaves existing ones unchanged.
    pub async fn bind_queue(&self, queue: &QueueSpec) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.bind_queue(queue).await,
            Self::Rabbit(bus) => bus.bind_queue(queue).await,
        }
    }

    /// Returns once the event is on disk in every bound queue, or in its exchange's unrouted queue.
    pub async fn publish(&self, event: &Event) -> Result<(), BusError> {
        match self.publish_all(std::slice::from_ref(event)).await.error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Publishes in order and waits for all confirms together. Events after the first failure may
    /// or may not be stored: send them again.
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

    /// Sends events again, in order, to one bound queue only.
    pub async fn replay_events(&self, queue: &QueueSpec, events: &[Event]) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.replay_events(queue.name, events).await,
            Self::Rabbit(bus) => bus.replay_events(queue.name, events).await,
        }
    }

    /// Consumes a bound queue, with at most `prefetch` unsettled messages.
    pub async fn subscribe(&self, queue: &str, prefetch: u16) -> Result<Deliveries, BusError> {
        Ok(Deliveries(match self {
            Self::Embedded(bus) => DeliverySource::Embedded(bus.subscribe(queue, prefetch)?),
            Self::Rabbit(bus) => {
                DeliverySource::Rabbit(Box::new(bus.subscribe(queue, prefetch).await?))
            }
        }))
    }

    /// The number of messages waiting in a queue, without unsettled ones. RabbitMQ counts a
    /// requeued message a moment late, because its queues count only operations they have applied.
    pub async fn count_waiting(&self, queue: &str) -> Result<u64, BusError> {
        match self {
            Self::Embedded(bus) => bus.count_waiting(queue).await,
            Self::Rabbit(bus) => bus.count_waiting(queue).await,
        }
    }

    pub async fn ping(&self) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.ping().await,
            Self::Rabbit(bus) => bus.ping().await,
        }
    }

    /// Writes pending settlements and closes the file or connection.
    pub async fn close(&self) {
        match self {
            Self::Embedded(bus) => bus.close().await,
            Self::Rabbit(bus) => bus.close().await,
        }
    }
}
