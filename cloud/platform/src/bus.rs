//! Moves events between services: topic exchanges, one copy per bound queue, acknowledgement,
//! redelivery, dead letters. The embedded arm keeps RabbitMQ's guarantees with a single file.
//!
//! Invariants: when a publish returns `Ok`, the event is on disk in every bound queue. A message
//! leaves its queue only by `ack` or into the queue's dead letters, where it waits with its reason
//! for an operator. No event is dropped silently: an event without a bound queue also waits for an
//! operator.
//!
//! Settle every delivery: an unsettled message is redelivered only after its `Deliveries` is
//! dropped.

pub(crate) mod dead_letters;
mod embedded;
mod rabbit;
pub mod topology;

pub use dead_letters::{
    DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, LETTERS_MAX, boxes_of,
};
pub use embedded::EmbeddedBus;
pub use rabbit::RabbitBus;
pub use topology::{Binding, QueueSpec, dead_letter_queue};

use futures::FutureExt;
use process::{metrics, trust::CertificateAuthorities};
use wire::Event;

use crate::sealing::{DataKeys, SealError};

#[derive(Clone)]
pub enum Bus {
    Embedded(EmbeddedBus),
    Rabbit(RabbitBus),
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

    /// The number of consumers of a queue, of all processes and machines. `None` on the embedded bus,
    /// where one process runs every part.
    pub async fn count_readers(&self, queue: &str) -> Result<Option<u64>, BusError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::Rabbit(bus) => bus.count_readers(queue).await.map(Some),
        }
    }

    pub async fn ping(&self) -> Result<(), BusError> {
        match self {
            Self::Embedded(bus) => bus.ping().await,
            Self::Rabbit(bus) => bus.ping().await,
        }
    }

    /// Writes pending acknowledgements and closes the file or connection.
    pub async fn close(&self) {
        match self {
            Self::Embedded(bus) => bus.close().await,
            Self::Rabbit(bus) => bus.close().await,
        }
    }
}

pub struct Deliveries(DeliverySource);

enum DeliverySource {
    Embedded(embedded::LocalSubscription),
    Rabbit(Box<rabbit::RabbitSubscription>),
}

pub struct Delivery {
    event: Event,
    redelivered: bool,
    tag: DeliveryTag,
    body: Vec<u8>,
}

enum DeliveryTag {
    Embedded(embedded::EmbeddedDelivery),
    Rabbit(rabbit::RabbitDelivery),
}

impl Deliveries {
    /// Waits for the next message without a time limit, even while the broker is down. Cancel-safe:
    /// loses no message if dropped while waiting.
    pub async fn next(&mut self) -> Delivery {
        loop {
            let (body, redelivered, tag) = match &mut self.0 {
                DeliverySource::Embedded(source) => {
                    let (body, redelivered, in_hand) = source.next().await;
                    (body, redelivered, DeliveryTag::Embedded(in_hand))
                }
                DeliverySource::Rabbit(source) => {
                    let (body, redelivered, in_hand) = source.next().await;
                    (body, redelivered, DeliveryTag::Rabbit(in_hand))
                }
            };
            let queue = self.queue().to_owned();
            if redelivered {
                metrics::BUS_REDELIVERED.add([&queue], 1);
            }
            match serde_json::from_slice(&body) {
                Ok(event) => {
                    return Delivery {
                        event,
                        redelivered,
                        tag,
                        body,
                    };
                }
                Err(error) => {
                    let reason = format!("not an event: {error}");
                    tracing::error!(queue, %error, "Dead-lettered a message of `{queue}`: it is not an event");
                    metrics::BUS_DEAD_LETTERED.add([&queue], 1);
                    if let Err(error) = tag.dead_letter(&body, &reason).await {
                        tracing::warn!(queue, %error, "Could not dead-letter the message; it will be redelivered");
                    }
                }
            }
        }
    }

    /// Up to `messages_max` messages that have already arrived; does not wait for more.
    pub fn at_hand(&mut self, messages_max: usize) -> Vec<Delivery> {
        let mut run = Vec::new();
        while run.len() < messages_max
            && let Some(delivery) = self.next().now_or_never()
        {
            run.push(delivery);
        }
        run
    }

    pub fn queue(&self) -> &str {
        match &self.0 {
            DeliverySource::Embedded(source) => source.queue(),
            DeliverySource::Rabbit(source) => source.queue(),
        }
    }

    /// Waits until the bus has every acknowledgement. The embedded bus then has them on disk;
    /// RabbitMQ may still lose the last few with the channel and redelivers those messages, marked.
    pub async fn close(self) {
        match self.0 {
            DeliverySource::Embedded(source) => source.close().await,
            DeliverySource::Rabbit(source) => source.close().await,
        }
    }
}

impl Delivery {
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// True if the message may have been delivered before.
    pub fn is_redelivered(&self) -> bool {
        self.redelivered
    }

    /// Marks the message as processed; it leaves the queue.
    pub async fn ack(self) -> Result<(), BusError> {
        match self.tag {
            DeliveryTag::Embedded(in_hand) => {
                in_hand.ack();
                Ok(())
            }
            DeliveryTag::Rabbit(in_hand) => rabbit::ack_delivery(&in_hand.acker).await,
        }
    }

    /// Acknowledges a run of messages in arrival order; the consumer must hold no earlier one.
    /// Messages from before a lost connection are redelivered.
    pub async fn ack_run(run: Vec<Self>) -> Result<(), BusError> {
        let mut newest = None;
        for delivery in run {
            match delivery.tag {
                DeliveryTag::Embedded(in_hand) => in_hand.ack(),
                DeliveryTag::Rabbit(in_hand) => newest = Some(in_hand.acker),
            }
        }
        match newest {
            Some(acker) => rabbit::ack_up_to(&acker).await,
            None => Ok(()),
        }
    }

    /// Returns the message to the front of the queue for the next consumer.
    pub async fn requeue(self) -> Result<(), BusError> {
        match self.tag {
            DeliveryTag::Embedded(in_hand) => {
                in_hand.requeue();
                Ok(())
            }
            DeliveryTag::Rabbit(in_hand) => rabbit::nack_delivery(&in_hand.acker, true).await,
        }
    }

    /// Moves the message, with its reason, to the dead letters, where it waits for an operator.
    pub async fn dead_letter(self, reason: &str) -> Result<(), BusError> {
        self.tag.dead_letter(&self.body, reason).await
    }
}

impl DeliveryTag {
    async fn dead_letter(self, body: &[u8], reason: &str) -> Result<(), BusError> {
        let reason = dead_letters::truncate_reason(reason);
        match self {
            Self::Embedded(in_hand) => in_hand.dead_letter(reason).await,
            Self::Rabbit(in_hand) => in_hand.dead_letter(body, reason).await,
        }
    }
}
