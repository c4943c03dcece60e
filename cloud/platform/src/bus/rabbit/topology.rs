//! Declares each topic exchange with an alternate exchange and a queue for its unrouted events, and
//! each queue with a dead letter queue and an exchange that routes to it alone. All are quorum
//! queues. Existing exchanges and queues stay unchanged.

use std::collections::BTreeSet;

use lapin::{
    Connection, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};
use wire::Exchange;

use crate::bus::{QueueSpec, UNROUTED_TTL, letters::unrouted_queue};

/// The dead letter exchange; the routing key is the name of the original queue.
pub(super) const DEAD_LETTERS: &str = "dead_letters";
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
pub(super) fn replay_exchange(exchange: Exchange) -> String {
    format!("{}.replay", exchange.as_str())
}

/// The exchange that routes redriven letters to one queue alone.
pub(super) fn redrive_exchange(queue: &str) -> String {
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
