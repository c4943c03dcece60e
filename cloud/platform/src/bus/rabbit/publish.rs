//! Publishing a run of events in order, and waiting for their confirms together.

use lapin::{BasicProperties, Confirmation, PublisherConfirm, options::BasicPublishOptions};
use wire::Event;

use super::{Link, answered};
use crate::bus::{BusError, PublishResult};

const PERSISTENT: u8 = 2;

pub(super) async fn in_order(link: &Link, events: &[Event]) -> PublishResult {
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
        if let Err(error) = confirmed(confirm, event).await {
            return PublishResult { count, error: Some(error) };
        }
        count += 1;
    }
    PublishResult { count, error: failed }
}

async fn send(link: &Link, event: &Event) -> Result<PublisherConfirm, BusError> {
    let body = serde_json::to_vec(event)?;
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(event.id.to_string().into())
        .with_type(event.kind.as_str().into());
    // `mandatory`: a message for which no queue is bound comes back instead of vanishing.
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let exchange = event.kind.exchange().as_str();
    let key = event.kind.as_str();
    answered(link.publisher.basic_publish(exchange.into(), key.into(), options, &body, properties))
        .await
}

async fn confirmed(confirm: PublisherConfirm, event: &Event) -> Result<(), BusError> {
    match answered(confirm).await? {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) => {
            Err(BusError::Unrouted { event: event.kind.as_str().to_owned() })
        }
        Confirmation::Nack(_) => Err(BusError::Refused("the broker refused it".to_owned())),
        Confirmation::NotRequested => {
            Err(BusError::Refused("the broker was not asked to confirm".to_owned()))
        }
    }
}
