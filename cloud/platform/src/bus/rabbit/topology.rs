//! Declares the topic exchanges and, for each queue, a queue of its dead letters, both of them quorum
//! queues. A declaration leaves an existing exchange or queue as it is.

use std::time::Duration;

use lapin::{
    Connection, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use wire::Exchange;

use super::super::{QueueSpec, dead_letter_queue};

/// The exchange of dead letters; the routing key is the name of their queue.
const DEAD_LETTERS: &str = "dead_letters";
/// A message that was handed out this often and never settled kills its consumers.
const DELIVERIES_MAX: i64 = 100;

#[derive(Debug, Clone)]
pub(super) struct RabbitQueue {
    pub(super) name: String,
    bindings: Vec<(Exchange, String)>,
    ttl: Duration,
}

impl RabbitQueue {
    pub(super) fn of(spec: &QueueSpec<'_>) -> Self {
        let bindings = spec.bindings.iter().map(|(exchange, key)| (*exchange, (*key).to_owned()));
        Self { name: spec.name.to_owned(), bindings: bindings.collect(), ttl: spec.ttl }
    }

    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), lapin::Error> {
        // A channel of its own: a refused declaration closes the channel it came on.
        let channel = connection.create_channel().await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let dead = dead_letter_queue(&self.name);
        channel.queue_declare(dead.as_str().into(), durable, quorum()).await?;
        let bound = QueueBindOptions::default();
        let none = FieldTable::default();
        channel
            .queue_bind(
                dead.as_str().into(),
                DEAD_LETTERS.into(),
                self.name.as_str().into(),
                bound,
                none.clone(),
            )
            .await?;
        channel.queue_declare(self.name.as_str().into(), durable, self.arguments()).await?;
        for (exchange, key) in &self.bindings {
            channel
                .queue_bind(
                    self.name.as_str().into(),
                    exchange.as_str().into(),
                    key.as_str().into(),
                    bound,
                    none.clone(),
                )
                .await?;
        }
        channel.close(200, "declared".into()).await
    }

    fn arguments(&self) -> FieldTable {
        let ttl_ms = i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX);
        let mut arguments = quorum();
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl_ms));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES_MAX));
        arguments.insert("x-dead-letter-exchange".into(), text(DEAD_LETTERS));
        arguments.insert("x-dead-letter-routing-key".into(), text(&self.name));
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
