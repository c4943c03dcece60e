//! Publishes runs of events in order and waits for their confirms together; sends single messages
//! to one queue.

use lapin::{
    BasicProperties, Confirmation, PublisherConfirm,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable},
};
use process::clock::Clock;
use wire::Event;

use super::{
    RabbitConnection, await_broker,
    topology::{DEAD_LETTERS, redrive_exchange, replay_exchange},
};
use crate::bus::{BusError, PublishResult, letters::unrouted_queue};

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
