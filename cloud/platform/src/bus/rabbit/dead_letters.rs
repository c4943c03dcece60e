//! Dead letters of a broker. They are read on a separate channel, which returns them when it
//! closes; so two concurrent reads get different letters.

use std::collections::HashSet;

use lapin::{
    Channel,
    message::BasicGetMessage,
    options::{BasicGetOptions, BasicNackOptions},
    types::{AMQPValue, FieldTable},
};
use wire::{Event, UnixMillis};

use super::{RabbitBus, RabbitConnection, ack_delivery, await_broker, exchanges};
use crate::bus::{
    BusError,
    dead_letters::{DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, LETTERS_MAX},
};

impl RabbitBus {
    pub(in crate::bus) async fn read_dead_letters(
        &self,
        queue: &str,
        letters_max: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let link = self.ensure_connected().await?;
        let channel = await_broker(link.connection.create_channel()).await?;
        let mut letters = Vec::new();
        let mut last = None;
        while letters.len() < letters_max {
            let Some(found) = get(&channel, queue).await? else {
                break;
            };
            letters.push(to_dead_letter(&found));
            last = Some(found);
        }
        give_back(&channel, last.as_ref()).await?;
        await_broker(channel.close(200, "seen".into())).await?;
        Ok(letters)
    }

    pub(in crate::bus) async fn settle_letters(
        &self,
        letter_box: &DeadLetterBox,
        choice: &DeadLetterSelection,
        action: DeadLetterAction,
    ) -> Result<u64, BusError> {
        let queue = letter_box.queue_name();
        let link = self.ensure_connected().await?;
        let channel = await_broker(link.connection.create_channel()).await?;
        let mut settled = 0;
        let mut kept = None;
        // A redriven letter may come back at once and belongs to the next action. The queue's
        // message count cannot bound the loop: the broker updates it late.
        let mut sent = HashSet::new();
        for _ in 0..LETTERS_MAX {
            let Some(found) = get(&channel, &queue).await? else {
                break;
            };
            let event = event_of(&found);
            let may = choice.includes_event(event.as_ref())
                && match action {
                    DeadLetterAction::Drop => true,
                    DeadLetterAction::Redrive => {
                        sent.insert(found.data.clone())
                            && self
                                .redrive_letter(&link, letter_box, &found, event)
                                .await?
                    }
                };
            if may {
                ack_delivery(&found.acker).await?;
                settled += 1;
            } else {
                kept = Some(found);
            }
        }
        give_back(&channel, kept.as_ref()).await?;
        await_broker(channel.close(200, "settled".into())).await?;
        Ok(settled)
    }

    /// Returns true once the letter is stored at its destination; `false` if it has no destination.
    async fn redrive_letter(
        &self,
        link: &RabbitConnection,
        letter_box: &DeadLetterBox,
        found: &BasicGetMessage,
        event: Option<Event>,
    ) -> Result<bool, BusError> {
        match (letter_box, event) {
            (DeadLetterBox::Dead(queue), _) => {
                exchanges::redrive_to_queue(link, queue, &found.data)
                    .await
                    .map(|()| true)
            }
            (DeadLetterBox::Unrouted(_), Some(event)) => {
                match exchanges::in_order(link, std::slice::from_ref(&event))
                    .await
                    .error
                {
                    Some(error) => Err(error),
                    None => Ok(true),
                }
            }
            (DeadLetterBox::Unrouted(_), None) => Ok(false),
        }
    }
}

async fn get(channel: &Channel, queue: &str) -> Result<Option<BasicGetMessage>, BusError> {
    await_broker(channel.basic_get(queue.into(), BasicGetOptions::default())).await
}

/// Requeues the last message and all earlier unsettled ones.
async fn give_back(channel: &Channel, last: Option<&BasicGetMessage>) -> Result<(), BusError> {
    let Some(last) = last else { return Ok(()) };
    let options = BasicNackOptions {
        multiple: true,
        requeue: true,
    };
    await_broker(channel.basic_nack(last.delivery_tag, options)).await
}

fn to_dead_letter(found: &BasicGetMessage) -> DeadLetter {
    let none = FieldTable::default();
    let headers = found.properties.headers().as_ref().unwrap_or(&none).inner();
    let reason = match (headers.get(exchanges::REASON), headers.get("x-death")) {
        (Some(AMQPValue::LongString(reason)), _) => reason.to_string(),
        (_, Some(AMQPValue::FieldArray(deaths))) => deaths
            .as_slice()
            .first()
            .and_then(death_reason)
            .unwrap_or_default(),
        _ => String::new(),
    };
    let at = match headers.get(exchanges::DIED_AT) {
        Some(AMQPValue::LongLongInt(at)) => Some(UnixMillis(*at)),
        _ => None,
    };
    DeadLetter {
        event: event_of(found),
        reason,
        at,
    }
}

/// The reason the broker itself gave for a dead letter: `expired` or `delivery_limit`.
fn death_reason(death: &AMQPValue) -> Option<String> {
    let AMQPValue::FieldTable(death) = death else {
        return None;
    };
    match death.inner().get("reason") {
        Some(AMQPValue::LongString(reason)) => Some(reason.to_string()),
        _ => None,
    }
}

fn event_of(found: &BasicGetMessage) -> Option<Event> {
    serde_json::from_slice(&found.data).ok()
}
