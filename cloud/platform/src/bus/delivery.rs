//! A delivered message. Settle every delivery: an unsettled message is redelivered only after its
//! `Deliveries` is dropped.

use futures::FutureExt;
use process::metrics;
use wire::Event;

use super::{BusError, embedded, letters, rabbit};

pub struct Deliveries(pub(super) DeliverySource);

pub(super) enum DeliverySource {
    Embedded(embedded::LocalSubscription),
    Rabbit(Box<rabbit::RabbitSubscription>),
}

pub struct Delivery {
    event: Event,
    redelivered: bool,
    tag: DeliveryTag,
    body: Vec<u8>,
}

pub(super) enum DeliveryTag {
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

    /// Waits until the bus has every settlement. The embedded bus then has them on disk; RabbitMQ
    /// may still lose the last few with the channel and redelivers those messages, marked.
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
        let reason = letters::truncate_reason(reason);
        match self {
            Self::Embedded(in_hand) => in_hand.dead_letter(reason).await,
            Self::Rabbit(in_hand) => in_hand.dead_letter(body, reason).await,
        }
    }
}
