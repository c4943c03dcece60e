//! The bus on RabbitMQ: durable topic exchanges, quorum queues, persistent messages, publisher
//! confirms.
//!
//! Connects on first use and reconnects when the connection is broken. No call waits for a broker
//! longer than `ANSWER_LIMIT`, except consumers, which have no other work.
//!
//! A consumer survives broker restarts: when its channel ends it reconnects with a growing backoff
//! and continues. Unsettled messages are redelivered, marked as such.

mod dead_letters;
mod exchanges;

use std::{
    sync::{Arc, Mutex as Guarded, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, ConnectionProperties, Consumer,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    runtime::default_runtime,
    tcp::OwnedTLSConfig,
    types::FieldTable,
    uri::AMQPUri,
};
use process::trust::CertificateAuthorities;
use tokio::sync::Mutex;
use wire::Event;

use super::{BusError, PublishResult, topology::QueueSpec};

/// Time limit for a connect, a declaration or a confirm.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// A dead connection is noticed after about two heartbeats.
const HEARTBEAT_SECONDS: u16 = 10;

#[derive(Clone)]
pub struct RabbitBus(Arc<Inner>);

struct Inner {
    uri: AMQPUri,
    authorities: CertificateAuthorities,
    link: Mutex<Option<Arc<RabbitConnection>>>,
    /// Bound queues; declared again if a broker comes back without them.
    queues: Guarded<Vec<QueueSpec>>,
}

/// A connection and its publishing channel.
struct RabbitConnection {
    connection: Connection,
    publisher: Channel,
}

impl RabbitBus {
    pub(super) fn new(url: &str, authorities: &CertificateAuthorities) -> Result<Self, BusError> {
        let mut uri: AMQPUri = url.parse().map_err(|_| BusError::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        let authorities = authorities.clone();
        let link = Mutex::default();
        let queues = Guarded::default();
        Ok(Self(Arc::new(Inner {
            uri,
            authorities,
            link,
            queues,
        })))
    }

    pub(super) async fn bind_queue(&self, queue: &QueueSpec) -> Result<(), BusError> {
        let link = self.ensure_connected().await?;
        await_broker(queue.declare_queue(&link.connection)).await?;
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|known| known.name != queue.name);
        queues.push(*queue);
        Ok(())
    }

    pub(super) async fn publish_all(&self, events: &[Event]) -> PublishResult {
        let link = match self.ensure_connected().await {
            Ok(link) => link,
            Err(error) => {
                return PublishResult {
                    count: 0,
                    error: Some(error),
                };
            }
        };
        let confirmed = exchanges::in_order(&link, events).await;
        self.forget_after(&link, confirmed.error.as_ref()).await;
        confirmed
    }

    pub(super) async fn replay_events(
        &self,
        queue: &str,
        events: &[Event],
    ) -> Result<(), BusError> {
        let link = self.ensure_connected().await?;
        let sent = exchanges::replay_to_queue(&link, queue, events).await;
        self.forget_after(&link, sent.as_ref().err()).await;
        sent
    }

    /// Copies a message, with the reason, to the dead letters of its queue. `false` if the queue
    /// has no dead letter queue.
    async fn copy_to_dead_letters(
        &self,
        queue: &str,
        body: &[u8],
        reason: &str,
    ) -> Result<bool, BusError> {
        let link = self.ensure_connected().await?;
        let put = exchanges::publish_dead_letter(&link, queue, body, reason).await;
        self.forget_after(&link, put.as_ref().err()).await;
        put
    }

    pub(super) async fn subscribe(
        &self,
        queue: &str,
        prefetch: u16,
    ) -> Result<RabbitSubscription, BusError> {
        RabbitSubscription::open(self.clone(), queue.to_owned(), prefetch).await
    }

    pub(super) async fn count_waiting(&self, queue: &str) -> Result<u64, BusError> {
        Ok(self.inspect_queue(queue).await?.message_count().into())
    }

    pub(super) async fn count_readers(&self, queue: &str) -> Result<u64, BusError> {
        Ok(self.inspect_queue(queue).await?.consumer_count().into())
    }

    /// A passive declaration, which needs no right: every part may count every queue.
    async fn inspect_queue(&self, queue: &str) -> Result<lapin::Queue, BusError> {
        let link = self.ensure_connected().await?;
        let ask = async {
            let channel = link.connection.create_channel().await?;
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let declared = channel
                .queue_declare(queue.into(), passive, FieldTable::default())
                .await;
            match declared {
                Err(error) if exchanges::is_missing(&error) => Ok(None),
                declared => declared.map(Some),
            }
        };
        let found = await_broker(ask).await?;
        found.ok_or_else(|| BusError::UnknownQueue(queue.to_owned()))
    }

    pub(super) async fn ping(&self) -> Result<(), BusError> {
        self.ensure_connected().await.map(drop)
    }

    pub(super) async fn close(&self) {
        let link = self.0.link.lock().await.take();
        if let Some(link) = link {
            // Closing fails if the broker is gone.
            let _ = await_broker(link.connection.close(200, "stopping".into())).await;
        }
    }

    /// Returns the current connection, or a new one with everything declared. The time limit
    /// includes waiting for another caller's connection attempt.
    async fn ensure_connected(&self) -> Result<Arc<RabbitConnection>, BusError> {
        await_broker(async {
            let mut current = self.0.link.lock().await;
            if let Some(link) = current.as_ref().filter(|link| link.is_connected()) {
                return Ok(link.clone());
            }
            *current = None;
            let link = Arc::new(self.open_connection().await?);
            *current = Some(link.clone());
            Ok(link)
        })
        .await
    }

    /// Drops a connection after such an error: a dead connection may look open until its heartbeat
    /// fails.
    async fn forget_after(&self, link: &Arc<RabbitConnection>, error: Option<&BusError>) {
        if !matches!(
            error,
            Some(BusError::Unreachable(_) | BusError::TimedOut(_))
        ) {
            return;
        }
        let mut current = self.0.link.lock().await;
        if current.as_ref().is_some_and(|now| Arc::ptr_eq(now, link)) {
            *current = None;
        }
    }

    async fn open_connection(&self) -> Result<RabbitConnection, lapin::Error> {
        let properties =
            ConnectionProperties::default().with_connection_name("holdfast-cloud".into());
        // Trusted in addition to the public authorities.
        let own = self.0.authorities.own_pem().map(str::to_owned);
        let tls = OwnedTLSConfig {
            identity: None,
            cert_chain: own,
        };
        let uri = self.0.uri.clone();
        let connecting =
            Connection::connect_uri_with_config(uri, properties, tls, default_runtime()?);
        let connection = connecting.await?;
        exchanges::declare_exchanges(&connection).await?;
        let known = self
            .0
            .queues
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for queue in known {
            queue.declare_queue(&connection).await?;
        }
        let publisher = connection.create_channel().await?;
        publisher
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(RabbitConnection {
            connection,
            publisher,
        })
    }
}

impl RabbitConnection {
    fn is_connected(&self) -> bool {
        self.connection.status().connected() && self.publisher.status().connected()
    }
}

pub(super) async fn ack_delivery(acker: &lapin::Acker) -> Result<(), BusError> {
    await_broker(acker.ack(BasicAckOptions::default()))
        .await
        .map(drop)
}

/// Acknowledges this message and all earlier ones on its channel.
pub(super) async fn ack_up_to(acker: &lapin::Acker) -> Result<(), BusError> {
    await_broker(acker.ack(BasicAckOptions { multiple: true }))
        .await
        .map(drop)
}

pub(super) async fn nack_delivery(acker: &lapin::Acker, requeue: bool) -> Result<(), BusError> {
    let options = BasicNackOptions {
        requeue,
        ..BasicNackOptions::default()
    };
    await_broker(acker.nack(options)).await.map(drop)
}

async fn await_broker<T>(
    work: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, BusError> {
    match tokio::time::timeout(ANSWER_LIMIT, work).await {
        Ok(result) => result.map_err(|error| BusError::Unreachable(error.to_string())),
        Err(_) => Err(BusError::TimedOut(ANSWER_LIMIT.as_secs())),
    }
}

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

pub(super) struct RabbitSubscription {
    rabbit: RabbitBus,
    queue: String,
    prefetch: u16,
    open: Option<ConsumerChannel>,
    pause: Duration,
}

/// An unsettled message.
pub(super) struct RabbitDelivery {
    pub acker: Acker,
    rabbit: RabbitBus,
    queue: String,
}

impl RabbitDelivery {
    /// Removes the message from its queue only after the dead letter queue stores it; in between it
    /// is in both.
    pub(super) async fn dead_letter(self, body: &[u8], reason: String) -> Result<(), BusError> {
        match self
            .rabbit
            .copy_to_dead_letters(&self.queue, body, &reason)
            .await
        {
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
    async fn open(rabbit: RabbitBus, queue: String, prefetch: u16) -> Result<Self, BusError> {
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

    pub(super) async fn next(&mut self) -> (Vec<u8>, bool, RabbitDelivery) {
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

    pub(super) fn queue(&self) -> &str {
        &self.queue
    }

    pub(super) async fn close(mut self) {
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
