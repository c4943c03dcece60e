//! Pushes to a person's browsers: one delivery reaches each device.
//!
//! Invariant: a retry leaves out the devices that took the message or refused it for good. If the
//! process dies between a service's answer and the record, the device gets the message again under
//! the same tag, which replaces the first.

use futures::{StreamExt, stream::FuturesUnordered};
use platform::{
    documents::{Document, DocumentsError},
    web_push::{PushContent, PushUrgency, WebPush, WebPushError},
};
use wire::UnixMillis;

use super::{
    NotificationDispatcher, PAUSE_MAX_MS, RenderedMessage, final_result, retry_or_give_up,
};
use crate::store::{
    DeliveryResult, DeliveryState, NotificationDelivery, PushDevice, SettledDevice,
};

/// The devices of one attempt that may take the message later.
#[derive(Default)]
struct OpenDevices {
    /// The last error.
    why: Option<String>,
    /// The longest wait that a service requested.
    pause_ms: i64,
}

impl NotificationDispatcher {
    pub(super) async fn send_to_devices(
        &self,
        web_push: &WebPush,
        due: &Document<NotificationDelivery>,
        said: &RenderedMessage,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let mut settled = due.body.settled_devices.clone();
        let mut devices = self.devices.find_devices_of(due.body.user_id).await?;
        devices.retain(|device| settled.iter().all(|settled| settled.device != device.id));
        let content = PushContent {
            title: &said.brief.title,
            text: &said.brief.content,
            path: &said.path,
            tag: due.id,
        };
        let urgency = push_urgency(&due.body);
        let sends = devices.iter().map(async |device| {
            let sent = match device.body.subscription(web_push.services()) {
                Some(to) => web_push.send(&to, &content, urgency, now).await,
                None => Err(WebPushError::Unsendable(
                    "the push service of the device is no longer in the list",
                )),
            };
            (device, sent)
        });
        let mut sends: FuturesUnordered<_> = sends.collect();
        let mut open = OpenDevices::default();
        while let Some((device, sent)) = sends.next().await {
            let is_settled = self
                .record_device(device, &sent, &mut settled, &mut open, now)
                .await?;
            if is_settled {
                self.delivery_store
                    .record_settled_devices(due.id, &settled)
                    .await?;
            }
        }
        Ok(conclude_delivery(&due.body, &settled, open, now))
    }

    /// Returns true if the device is settled: do not retry it.
    async fn record_device(
        &self,
        device: &Document<PushDevice>,
        sent: &Result<(), WebPushError>,
        settled: &mut Vec<SettledDevice>,
        open: &mut OpenDevices,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let error = match sent {
            Ok(()) => {
                self.devices.record_delivery(device.id, now).await?;
                settled.push(SettledDevice::new_told(device.id));
                return Ok(true);
            }
            Err(WebPushError::Ended) => {
                self.devices.end_device(device).await?;
                return Ok(false);
            }
            Err(error) => error,
        };
        self.devices.record_failure(device.id, now).await?;
        if !error.is_passing() {
            settled.push(SettledDevice::new_refused(device.id, error.to_string()));
            return Ok(true);
        }
        open.why = Some(error.to_string());
        let pause = error.retry_after().unwrap_or_default().as_millis();
        let pause = i64::try_from(pause).unwrap_or(PAUSE_MAX_MS);
        open.pause_ms = open.pause_ms.max(pause.min(PAUSE_MAX_MS));
        Ok(false)
    }
}

/// News of the account may reveal an attacker; a digest can wait for a device that saves power.
fn push_urgency(delivery: &NotificationDelivery) -> PushUrgency {
    match delivery.kind {
        Some(kind) if kind.is_urgent() => PushUrgency::High,
        Some(_) => PushUrgency::Normal,
        None => PushUrgency::Low,
    }
}

/// One device that took the message makes the delivery a success; `why` then names the others.
fn conclude_delivery(
    delivery: &NotificationDelivery,
    settled: &[SettledDevice],
    open: OpenDevices,
    now: UnixMillis,
) -> DeliveryResult {
    let is_told = settled.iter().any(SettledDevice::is_told);
    let refusal = settled.iter().find_map(|settled| settled.refusal.clone());
    if let Some(why) = open.why {
        let result = retry_or_give_up(delivery, now, None, why);
        if result.state == DeliveryState::GivenUp && is_told {
            return final_result(DeliveryState::Sent, None, result.why);
        }
        let asked = now.plus_ms(open.pause_ms);
        return DeliveryResult {
            due_at: result.due_at.map(|due_at| due_at.max(asked)),
            ..result
        };
    }
    match (is_told, refusal) {
        (true, refusal) => final_result(DeliveryState::Sent, None, refusal),
        (false, Some(refusal)) => final_result(DeliveryState::GivenUp, None, Some(refusal)),
        (false, None) => {
            let why = "no device of the person takes pushes".to_owned();
            final_result(DeliveryState::Dropped, None, Some(why))
        }
    }
}
