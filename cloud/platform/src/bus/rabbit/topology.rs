//! Declares the topic exchanges and, for each queue, a queue of its dead letters, both of them quorum
//! queues. A declaration leaves an existing exchange or queue as it is.

use lapin::{
    Connection, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use wire::Exchange;

use crate::bus::QueueSpec;

/// The exchange of dead letters; the routing key is the name of their queue.
const DEAD_LETTERS: &str = "dead_letters";
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
        let own = self.bindings.iter().map(|(exchange, key)| (self.name, exchange.as_str(), *key));
        for (queue, exchange, key) in own.chain([(dead.as_str(), DEAD_LETTERS, self.name)]) {
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
        // A dead letter leaves its queue only after the dead letter queue has it; that needs a queue
        // which refuses when it is full instead of dropping its oldest.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments
    }
}

pub(super) async fn declare_exchanges(connection: &Connection) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    for exchange in Exchange::ALL {
        let kind = ExchangeKind::Topic;
        let none = FieldTable::default();
        channel.exchange_declare(exchange.as_str().into(), kind, durable, none).await?;
    }
    let kind = ExchangeKind::Direct;
    channel.exchange_declare(DEAD_LETTERS.into(), kind, durable, FieldTable::default()).await?;
    channel.close(200, "declared".into()).await
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
