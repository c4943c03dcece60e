//! Declares each topic exchange with an alternate exchange and a queue for its unrouted events, and
//! each queue with a dead letter queue and an exchange that routes to it alone. All are quorum
//! queues. Existing exchanges and queues stay unchanged.
//!
//! Publishes runs of events in order and waits for their confirms together; sends single messages
//! to one queue.

use std::collections::BTreeSet;

use lapin::{
    BasicProperties, Confirmation, Connection, ErrorKind, ExchangeKind, PublisherConfirm,
    options::{BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};
use process::clock::Clock;
use wire::{Event, Exchange};

use super::{RabbitConnection, await_broker};
use crate::bus::{
    BusError, PublishResult,
    topology::{QueueSpec, UNROUTED_TTL, unrouted_queue},
};

/// The dead letter exchange; the routing key is the name of the original queue.
const DEAD_LETTERS: &str = "dead_letters";
/// A message delivered this often without being settled crashes its consumers.
const DELIVERIES_MAX: i64 = 100;

impl QueueSpec {
    pub(super) async fn declare_queue(&self, connection: &Connection) -> Result<(), lapin::Error> {
        // A separate channel: a refused declaration closes its channel.
        let channel = connection.create_channel().await?;
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let dead = self.dead_letter_name();
        channel
            .queue_declare(dead.as_str().into(), durable, quorum_arguments())
            .await?;
        channel
            .queue_declare(self.name.into(), durable, self.queue_arguments())
            .await?;
        let redrives = redrive_exchange(self.name);
        let stands = durable_exchange();
        let none = FieldTable::default();
        let kind = ExchangeKind::Fanout;
        channel
            .exchange_declare(redrives.as_str().into(), kind, stands, none)
            .await?;
        let sources: BTreeSet<Exchange> = self.bindings.iter().map(|(of, _)| *of).collect();
        let replays: Vec<String> = sources.into_iter().map(replay_exchange).collect();
        let replays = replays
            .iter()
            .map(|from| (self.name, from.as_str(), self.name));
        let own = self
            .bindings
            .iter()
            .map(|(exchange, key)| (self.name, exchange.as_str(), *key));
        let others = [
            (dead.as_str(), DEAD_LETTERS, self.name),
            (self.name, redrives.as_str(), self.name),
        ];
        for (queue, exchange, key) in own.chain(others).chain(replays) {
            let bound = QueueBindOptions::default();
            let none = FieldTable::default();
            channel
                .queue_bind(queue.into(), exchange.into(), key.into(), bound, none)
                .await?;
        }
        channel.close(200, "declared".into()).await
    }

    fn queue_arguments(&self) -> FieldTable {
        let mut arguments = quorum_arguments();
        arguments.insert(
            "x-message-ttl".into(),
            AMQPValue::LongLongInt(self.ttl_ms()),
        );
        arguments.insert(
            "x-delivery-limit".into(),
            AMQPValue::LongLongInt(DELIVERIES_MAX),
        );
        arguments.insert("x-dead-letter-exchange".into(), amqp_string(DEAD_LETTERS));
        arguments.insert("x-dead-letter-routing-key".into(), amqp_string(self.name));
        // A message leaves its queue only after the dead letter queue stores it. That requires a
        // queue that rejects publishes when full instead of dropping its oldest message.
        arguments.insert(
            "x-dead-letter-strategy".into(),
            amqp_string("at-least-once"),
        );
        arguments.insert("x-overflow".into(), amqp_string("reject-publish"));
        arguments
    }
}

/// The exchange for replays from a publisher to one queue; the routing key is the queue's name.
fn replay_exchange(exchange: Exchange) -> String {
    format!("{}.replay", exchange.as_str())
}

/// The exchange that routes redriven letters to one queue alone.
fn redrive_exchange(queue: &str) -> String {
    format!("{queue}.redrive")
}

pub(super) async fn declare_exchanges(connection: &Connection) -> Result<(), lapin::Error> {
    for exchange in Exchange::ALL {
        as_it_is(declare_unrouted(connection, exchange).await)?;
        as_it_is(declare_exchange(connection, exchange).await)?;
        as_it_is(declare_replays(connection, exchange).await)?;
    }
    let channel = connection.create_channel().await?;
    let kind = ExchangeKind::Direct;
    let none = FieldTable::default();
    channel
        .exchange_declare(DEAD_LETTERS.into(), kind, durable_exchange(), none)
        .await?;
    channel.close(200, "declared".into()).await
}

/// A refused declaration closes its channel, so each has a separate one.
async fn declare_exchange(connection: &Connection, exchange: Exchange) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert(
        "alternate-exchange".into(),
        amqp_string(&unrouted_queue(exchange)),
    );
    let kind = ExchangeKind::Topic;
    channel
        .exchange_declare(
            exchange.as_str().into(),
            kind,
            durable_exchange(),
            arguments,
        )
        .await?;
    channel.close(200, "declared".into()).await
}

async fn declare_replays(connection: &Connection, exchange: Exchange) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let kind = ExchangeKind::Direct;
    let none = FieldTable::default();
    let name = replay_exchange(exchange);
    channel
        .exchange_declare(name.as_str().into(), kind, durable_exchange(), none)
        .await?;
    channel.close(200, "declared".into()).await
}

/// The alternate exchange and its queue share one name.
async fn declare_unrouted(connection: &Connection, exchange: Exchange) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let name = unrouted_queue(exchange);
    let kind = ExchangeKind::Fanout;
    let none = FieldTable::default();
    channel
        .exchange_declare(name.as_str().into(), kind, durable_exchange(), none)
        .await?;
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = quorum_arguments();
    let ttl_ms = i64::try_from(UNROUTED_TTL.as_millis()).unwrap_or(i64::MAX);
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl_ms));
    channel
        .queue_declare(name.as_str().into(), durable, arguments)
        .await?;
    let bound = QueueBindOptions::default();
    let none = FieldTable::default();
    let queue = name.as_str();
    channel
        .queue_bind(queue.into(), queue.into(), "".into(), bound, none)
        .await?;
    channel.close(200, "declared".into()).await
}

/// The broker has no queue of that name.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(refusal) = error.kind() else {
        return false;
    };
    *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
}

/// Accepts a refused declaration: an exchange declared by an older version stays without an
/// alternate, and one that this part may not declare is its publisher's job.
fn as_it_is(declared: Result<(), lapin::Error>) -> Result<(), lapin::Error> {
    let Err(error) = declared else { return Ok(()) };
    let ErrorKind::ProtocolError(refusal) = error.kind() else {
        return Err(error);
    };
    match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::ACCESSREFUSED) => {
            tracing::debug!(%error, "The broker refused to change an exchange; using it as it is");
            Ok(())
        }
        _ => Err(error),
    }
}

fn durable_exchange() -> ExchangeDeclareOptions {
    ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    }
}

fn quorum_arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), amqp_string("quorum"));
    arguments
}

fn amqp_string(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

const PERSISTENT: u8 = 2;
/// Headers of a dead letter.
pub(super) const REASON: &str = "holdfast-reason";
pub(super) const DIED_AT: &str = "holdfast-died-at";

pub(super) async fn in_order(link: &RabbitConnection, events: &[Event]) -> PublishResult {
    let mut sent = Vec::with_capacity(events.len());
    let mut failed = None;
    for event in events {
        match send(link, event).await {
            Ok(confirm) => sent.push(confirm),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let mut count = 0;
    for (confirm, event) in sent.into_iter().zip(events) {
        if let Err(error) = confirm_or_reroute(link, confirm, event).await {
            return PublishResult {
                count,
                error: Some(error),
            };
        }
        count += 1;
    }
    PublishResult {
        count,
        error: failed,
    }
}

/// Puts a message among the dead letters of a queue. `false` if the queue has no dead letter queue.
pub(super) async fn publish_dead_letter(
    link: &RabbitConnection,
    queue: &str,
    body: &[u8],
    reason: &str,
) -> Result<bool, BusError> {
    let mut headers = FieldTable::default();
    headers.insert(REASON.into(), AMQPValue::LongString(reason.into()));
    let now = Clock::system().now().0;
    headers.insert(DIED_AT.into(), AMQPValue::LongLongInt(now));
    let properties = persistent_properties().with_headers(headers);
    await_confirm(publish_message(link, DEAD_LETTERS, queue, body, properties).await?).await
}

/// Sends a message to one queue alone.
pub(super) async fn redrive_to_queue(
    link: &RabbitConnection,
    queue: &str,
    body: &[u8],
) -> Result<(), BusError> {
    let exchange = redrive_exchange(queue);
    let confirm = publish_message(link, &exchange, queue, body, persistent_properties()).await?;
    if await_confirm(confirm).await? {
        Ok(())
    } else {
        Err(BusError::UnknownQueue(queue.to_owned()))
    }
}

/// Sends events to one queue alone and waits for their confirms together.
pub(super) async fn replay_to_queue(
    link: &RabbitConnection,
    queue: &str,
    events: &[Event],
) -> Result<(), BusError> {
    let mut sent = Vec::with_capacity(events.len());
    for event in events {
        let body = serde_json::to_vec(event)?;
        let exchange = replay_exchange(event.kind.exchange());
        sent.push(publish_message(link, &exchange, queue, &body, of_event(event)).await?);
    }
    for confirm in sent {
        if !await_confirm(confirm).await? {
            return Err(BusError::UnknownQueue(queue.to_owned()));
        }
    }
    Ok(())
}

async fn send(link: &RabbitConnection, event: &Event) -> Result<PublisherConfirm, BusError> {
    let body = serde_json::to_vec(event)?;
    publish_message(
        link,
        event.kind.exchange().as_str(),
        event.kind.as_str(),
        &body,
        of_event(event),
    )
    .await
}

/// The alternate exchange takes an event without a bound queue. An exchange declared by an older
/// version has no alternate: its event is returned, and this sends it to the unrouted queue.
async fn confirm_or_reroute(
    link: &RabbitConnection,
    confirm: PublisherConfirm,
    event: &Event,
) -> Result<(), BusError> {
    if await_confirm(confirm).await? {
        return Ok(());
    }
    let body = serde_json::to_vec(event)?;
    let unrouted = unrouted_queue(event.kind.exchange());
    let key = event.kind.as_str();
    let confirm = publish_message(link, &unrouted, key, &body, of_event(event)).await?;
    if await_confirm(confirm).await? {
        Ok(())
    } else {
        Err(BusError::UnknownQueue(unrouted))
    }
}

async fn publish_message(
    link: &RabbitConnection,
    exchange: &str,
    key: &str,
    body: &[u8],
    properties: BasicProperties,
) -> Result<PublisherConfirm, BusError> {
    // `mandatory`: the broker returns an unroutable message instead of dropping it.
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    await_broker(link.publisher.basic_publish(
        exchange.into(),
        key.into(),
        options,
        body,
        properties,
    ))
    .await
}

fn persistent_properties() -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
}

fn of_event(event: &Event) -> BasicProperties {
    persistent_properties()
        .with_message_id(event.id.to_string().into())
        .with_type(event.kind.as_str().into())
}

/// `true` if a queue stored the message; `false` if the broker returned it.
async fn await_confirm(confirm: PublisherConfirm) -> Result<bool, BusError> {
    match await_broker(confirm).await? {
        Confirmation::Ack(None) => Ok(true),
        Confirmation::Ack(Some(_)) => Ok(false),
        Confirmation::Nack(_) => Err(BusError::Refused(
            "the broker refused the message".to_owned(),
        )),
        Confirmation::NotRequested => Err(BusError::Refused(
            "publisher confirms are not enabled".to_owned(),
        )),
    }
}
