//! Declares the topic exchanges, each with an alternate exchange and a queue of its unrouted
//! events, and for each queue a queue of its dead letters and an exchange that leads to it alone.
//! All are quorum queues. A declaration leaves an existing exchange or queue as it is.

use std::collections::BTreeSet;

use lapin::{
    Connection, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};
use wire::Exchange;

use crate::bus::{QueueSpec, UNROUTED_TTL, letters::unrouted_queue};

/// The exchange of dead letters; the routing key is the name of their queue.
pub(super) const DEAD_LETTERS: &str = "dead_letters";
/// A message that was handed out this often and never settled kills its consumers.
const DELIVERIES_MAX: i64 = 100;

impl QueueSpec {
    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), lapin::Error> {
        // A channel of its own: a refused declaration closes the channel it came on.
        let channel = connection.create_channel().await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let dead = self.dead();
        channel.queue_declare(dead.as_str().into(), durable, quorum()).await?;
        channel.queue_declare(self.name.into(), durable, self.arguments()).await?;
        let redrives = redrive_exchange(self.name);
        let (stands, none) = (durable_exchange(), FieldTable::default());
        let kind = ExchangeKind::Fanout;
        channel.exchange_declare(redrives.as_str().into(), kind, stands, none).await?;
        let sources: BTreeSet<Exchange> = self.bindings.iter().map(|(of, _)| *of).collect();
        let replays: Vec<String> = sources.into_iter().map(replay_exchange).collect();
        let replays = replays.iter().map(|from| (self.name, from.as_str(), self.name));
        let own = self.bindings.iter().map(|(exchange, key)| (self.name, exchange.as_str(), *key));
        let others =
            [(dead.as_str(), DEAD_LETTERS, self.name), (self.name, redrives.as_str(), self.name)];
        for (queue, exchange, key) in own.chain(others).chain(replays) {
            let (bound, none) = (QueueBindOptions::default(), FieldTable::default());
            channel.queue_bind(queue.into(), exchange.into(), key.into(), bound, none).await?;
        }
        channel.close(200, "declared".into()).await
    }

    fn arguments(&self) -> FieldTable {
        let mut arguments = quorum();
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(self.ttl_ms()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES_MAX));
        arguments.insert("x-dead-letter-exchange".into(), text(DEAD_LETTERS));
        arguments.insert("x-dead-letter-routing-key".into(), text(self.name));
        // A dead letter leaves its queue only after the dead letter queue has it; that needs a
        // queue which refuses when it is full instead of dropping its oldest.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments
    }
}

/// Leads from the publisher of an exchange to one queue, by its name.
pub(super) fn replay_exchange(of: Exchange) -> String {
    format!("{}.replay", of.as_str())
}

/// Leads to one queue alone, for letters that go back to it.
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
    let (kind, none) = (ExchangeKind::Direct, FieldTable::default());
    channel.exchange_declare(DEAD_LETTERS.into(), kind, durable_exchange(), none).await?;
    channel.close(200, "declared".into()).await
}

/// A refused declaration closes its channel, so that each has its own.
async fn declare_exchange(connection: &Connection, of: Exchange) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("alternate-exchange".into(), text(&unrouted_queue(of)));
    let kind = ExchangeKind::Topic;
    channel.exchange_declare(of.as_str().into(), kind, durable_exchange(), arguments).await?;
    channel.close(200, "declared".into()).await
}

async fn declare_replays(connection: &Connection, of: Exchange) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let (kind, none) = (ExchangeKind::Direct, FieldTable::default());
    let name = replay_exchange(of);
    channel.exchange_declare(name.as_str().into(), kind, durable_exchange(), none).await?;
    channel.close(200, "declared".into()).await
}

/// The alternate exchange and its queue have one name.
async fn declare_unrouted(connection: &Connection, of: Exchange) -> Result<(), lapin::Error> {
    let (channel, name) = (connection.create_channel().await?, unrouted_queue(of));
    let (kind, none) = (ExchangeKind::Fanout, FieldTable::default());
    channel.exchange_declare(name.as_str().into(), kind, durable_exchange(), none).await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let mut arguments = quorum();
    let ttl_ms = i64::try_from(UNROUTED_TTL.as_millis()).unwrap_or(i64::MAX);
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl_ms));
    channel.queue_declare(name.as_str().into(), durable, arguments).await?;
    let (bound, none) = (QueueBindOptions::default(), FieldTable::default());
    let queue = name.as_str();
    channel.queue_bind(queue.into(), queue.into(), "".into(), bound, none).await?;
    channel.close(200, "declared".into()).await
}

/// An exchange that an older version has declared stays without its alternate, and one that this
/// part may not declare is its publisher's to declare.
fn as_it_is(declared: Result<(), lapin::Error>) -> Result<(), lapin::Error> {
    let Err(error) = declared else { return Ok(()) };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return Err(error) };
    match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::ACCESSREFUSED) => {
            tracing::debug!(%error, "An exchange stays as it is");
            Ok(())
        }
        _ => Err(error),
    }
}

fn durable_exchange() -> ExchangeDeclareOptions {
    ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
