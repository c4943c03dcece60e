//! A consumer that survives broker restarts: when its channel ends it reconnects with a growing
//! backoff and continues. Unsettled messages are redelivered, marked as such.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use lapin::{
    Acker, Channel, Consumer,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use super::{RabbitBus, RabbitConnection, ack_delivery, await_broker, nack_delivery};
use crate::bus::BusError;

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

pub(in crate::bus) struct RabbitSubscription {
    rabbit: RabbitBus,
    queue: String,
    prefetch: u16,
    open: Option<ConsumerChannel>,
    pause: Duration,
}

/// An unsettled message.
pub(in crate::bus) struct RabbitDelivery {
    pub acker: Acker,
    rabbit: RabbitBus,
    queue: String,
}

impl RabbitDelivery {
    /// Removes the message from its queue only after the dead letter queue stores it; in between it
    /// is in both.
    pub(in crate::bus) async fn dead_letter(
        self,
        body: &[u8],
        reason: String,
    ) -> Result<(), BusError> {
        match self.rabbit.put_aside(&self.queue, body, &reason).await {
            Ok(true) => ack_delivery(&self.acker).await,
            // A dead letter that is dead-lettered again has no further queue.
            Ok(false) => nack_delivery(&self.acker, false).await,
            Err(error) => {
                nack_delivery(&self.acker, true).await?;
                Err(error)
            }
        }
    }
}

/// Dropped as a whole: closing the channel returns the unsettled messages.
struct ConsumerChannel {
    consumer: Consumer,
    channel: Channel,
    _link: Arc<RabbitConnection>,
}

impl RabbitSubscription {
    pub(super) async fn open(
        rabbit: RabbitBus,
        queue: String,
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let mut subscription = Self {
            rabbit,
            queue,
            prefetch,
            open: None,
            pause: PAUSE_MIN,
        };
        subscription.open = Some(subscription.start_consuming().await?);
        Ok(subscription)
    }

    pub(in crate::bus) async fn next(&mut self) -> (Vec<u8>, bool, RabbitDelivery) {
        loop {
            if let Some(open) = &mut self.open {
                match open.consumer.next().await {
                    Some(Ok(delivery)) => {
                        self.pause = PAUSE_MIN;
                        let rabbit = self.rabbit.clone();
                        let queue = self.queue.clone();
                        let in_hand = RabbitDelivery {
                            acker: delivery.acker,
                            rabbit,
                            queue,
                        };
                        return (delivery.data, delivery.redelivered, in_hand);
                    }
                    Some(Err(error)) => self.mark_interrupted(&error.to_string()),
                    None => self.mark_interrupted("the broker closed the subscription"),
                }
            }
            match self.start_consuming().await {
                Ok(open) => {
                    tracing::info!(queue = self.queue, "Subscribed to `{}` again", self.queue);
                    self.open = Some(open);
                }
                Err(error) => {
                    tracing::debug!(queue = self.queue, %error, "Could not subscribe to `{}`; retrying", self.queue);
                    tokio::time::sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    pub(in crate::bus) fn queue(&self) -> &str {
        &self.queue
    }

    pub(in crate::bus) async fn close(mut self) {
        if let Some(open) = self.open.take() {
            // A closed channel has already returned everything.
            let _ = await_broker(open.channel.close(200, "stopping".into())).await;
        }
    }

    fn mark_interrupted(&mut self, why: &str) {
        self.open = None;
        tracing::warn!(
            queue = self.queue,
            why,
            "The subscription to `{}` was interrupted",
            self.queue
        );
    }

    async fn start_consuming(&self) -> Result<ConsumerChannel, BusError> {
        let link = self.rabbit.ensure_connected().await?;
        let start = async {
            let channel = link.connection.create_channel().await?;
            channel
                .basic_qos(self.prefetch, BasicQosOptions::default())
                .await?;
            // An empty tag lets the broker choose one.
            let options = BasicConsumeOptions::default();
            let none = FieldTable::default();
            let consumer = channel
                .basic_consume(self.queue.as_str().into(), "".into(), options, none)
                .await?;
            Ok((channel, consumer))
        };
        let (channel, consumer) = await_broker(start).await?;
        Ok(ConsumerChannel {
            consumer,
            channel,
            _link: link,
        })
    }
}
