//! Delivers the edge's messages to subscribed tablets, through a bounded mailbox for each
//! connection.
//!
//! Invariant: a slow tablet never delays the publisher; beyond the bounds of its mailbox it loses
//! the oldest messages, and resends every command that has no reply.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mqtt_protocol::{Qos, Reason, RetainHandling, TopicFilter};
use tokio::sync::Notify;

const QUEUED_MESSAGES_MAX: usize = 1_000;
const QUEUED_BYTES_MAX: usize = 512 * 1024;

/// A message for one tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueuedMessage {
    pub topic: Arc<str>,
    pub payload: Bytes,
    pub qos: Qos,
    pub retain: bool,
}

/// The messages that wait for one connection, or the reason why it must end.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    queue: Mutex<MessageQueue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct MessageQueue {
    messages: VecDeque<QueuedMessage>,
    bytes: usize,
    /// Set once; no message follows.
    ending: Option<Reason>,
}

impl Mailbox {
    pub(super) fn put_message(&self, message: QueuedMessage) {
        let size = measure_message(&message);
        let mut queue = self.lock_queue();
        if queue.ending.is_some() {
            return;
        }
        while queue.messages.len() >= QUEUED_MESSAGES_MAX || queue.bytes + size > QUEUED_BYTES_MAX {
            let Some(oldest) = queue.messages.pop_front() else {
                break;
            };
            queue.bytes -= measure_message(&oldest);
        }
        queue.bytes += size;
        queue.messages.push_back(message);
        drop(queue);
        self.changed.notify_one();
    }

    pub(super) fn take_message(&self) -> Option<QueuedMessage> {
        let mut queue = self.lock_queue();
        let message = queue.messages.pop_front()?;
        queue.bytes -= measure_message(&message);
        Some(message)
    }

    /// Ends the connection; the first reason counts.
    pub(super) fn end_connection(&self, reason: Reason) {
        let mut queue = self.lock_queue();
        queue.messages.clear();
        queue.bytes = 0;
        queue.ending.get_or_insert(reason);
        drop(queue);
        self.changed.notify_one();
    }

    pub(super) fn find_ending(&self) -> Option<Reason> {
        self.lock_queue().ending.clone()
    }

    /// Returns at once if something changed since the last call.
    pub(super) async fn wait_for_change(&self) {
        self.changed.notified().await;
    }

    fn lock_queue(&self) -> MutexGuard<'_, MessageQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn measure_message(message: &QueuedMessage) -> usize {
    message.topic.len() + message.payload.len()
}

/// The subscriptions of all connections, by topic, and the retained messages.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    topics: Mutex<Topics>,
}

#[derive(Debug, Default)]
struct Topics {
    subscribers: HashMap<String, Vec<Subscriber>>,
    /// Only the edge publishes, and retains only its head.
    retained: HashMap<Arc<str>, Bytes>,
}

#[derive(Debug)]
struct Subscriber {
    mailbox: Arc<Mailbox>,
    qos: Qos,
    retain_as_published: bool,
}

impl Delivery {
    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        let topic: Arc<str> = topic.into();
        let payload = Bytes::from(payload);
        let mut topics = self.lock_topics();
        if retain {
            topics.retained.insert(Arc::clone(&topic), payload.clone());
        }
        for subscriber in topics.subscribers.get(&*topic).into_iter().flatten() {
            subscriber.mailbox.put_message(QueuedMessage {
                topic: Arc::clone(&topic),
                payload: payload.clone(),
                qos: subscriber.qos,
                retain: retain && subscriber.retain_as_published,
            });
        }
    }

    /// Adds or replaces a subscription, and delivers the retained message.
    pub(super) fn subscribe(&self, mailbox: &Arc<Mailbox>, filter: &TopicFilter<'_>) {
        let mut topics = self.lock_topics();
        let subscribers = topics.subscribers.entry(filter.filter.to_owned());
        let subscribers = subscribers.or_default();
        let before = subscribers.len();
        subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.mailbox, mailbox));
        let is_new = subscribers.len() == before;
        subscribers.push(Subscriber {
            mailbox: Arc::clone(mailbox),
            qos: filter.qos,
            retain_as_published: filter.retain_as_published,
        });
        let wants_retained = match filter.retain_handling {
            RetainHandling::Always => true,
            RetainHandling::IfNew => is_new,
            RetainHandling::Never => false,
        };
        if wants_retained
            && let Some((topic, payload)) = topics.retained.get_key_value(filter.filter)
        {
            mailbox.put_message(QueuedMessage {
                topic: Arc::clone(topic),
                payload: payload.clone(),
                qos: filter.qos,
                retain: true,
            });
        }
    }

    /// True if there was such a subscription.
    pub(super) fn unsubscribe(&self, mailbox: &Arc<Mailbox>, filter: &str) -> bool {
        let mut topics = self.lock_topics();
        let Some(subscribers) = topics.subscribers.get_mut(filter) else {
            return false;
        };
        let before = subscribers.len();
        subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.mailbox, mailbox));
        let existed = subscribers.len() < before;
        if subscribers.is_empty() {
            topics.subscribers.remove(filter);
        }
        existed
    }

    fn lock_topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use mqtt_protocol::ReasonCode;

    use super::*;

    fn filter(filter: &str) -> TopicFilter<'_> {
        TopicFilter {
            filter,
            qos: Qos::AtLeastOnce,
            retain_as_published: false,
            retain_handling: RetainHandling::Always,
        }
    }

    fn message(payload: Vec<u8>) -> QueuedMessage {
        QueuedMessage {
            topic: "t".into(),
            payload: payload.into(),
            qos: Qos::AtLeastOnce,
            retain: false,
        }
    }

    fn payloads(mailbox: &Mailbox) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| mailbox.take_message())
            .map(|message| message.payload.to_vec())
            .collect()
    }

    #[test]
    fn a_slow_tablet_loses_its_oldest_messages_beyond_the_number_and_the_bytes() {
        let mailbox = Mailbox::default();
        for n in 0..=QUEUED_MESSAGES_MAX {
            mailbox.put_message(message(n.to_be_bytes().to_vec()));
        }
        let kept = payloads(&mailbox);
        assert_eq!(kept.len(), QUEUED_MESSAGES_MAX);
        assert_eq!(kept[0], 1_usize.to_be_bytes());
        let large = QUEUED_BYTES_MAX / 4;
        for n in 0..6 {
            mailbox.put_message(message(vec![n; large]));
        }
        let kept: Vec<u8> = payloads(&mailbox)
            .iter()
            .map(|payload| payload[0])
            .collect();
        assert_eq!(kept, [3, 4, 5]);
    }

    #[test]
    fn only_subscribers_of_the_topic_get_a_message_until_they_unsubscribe() {
        let delivery = Delivery::default();
        let [one, other] = [(); 2].map(|()| Arc::<Mailbox>::default());
        delivery.subscribe(&one, &filter("t"));
        delivery.subscribe(&one, &filter("t"));
        delivery.subscribe(&other, &filter("u"));
        delivery.publish("t", b"1".to_vec(), false);
        assert_eq!(payloads(&one), [b"1"]);
        assert!(payloads(&other).is_empty());
        assert!(!delivery.unsubscribe(&one, "u"));
        assert!(delivery.unsubscribe(&one, "t") && !delivery.unsubscribe(&one, "t"));
        delivery.publish("t", b"2".to_vec(), false);
        assert!(payloads(&one).is_empty());
    }

    #[test]
    fn a_subscription_gets_the_retained_message_as_it_wishes() {
        let delivery = Delivery::default();
        let mailbox = Arc::<Mailbox>::default();
        delivery.publish("head", b"1".to_vec(), true);
        delivery.publish("head", b"2".to_vec(), true);
        let with = |retain_handling| TopicFilter {
            retain_handling,
            ..filter("head")
        };
        let retained_for = |handling| {
            delivery.subscribe(&mailbox, &with(handling));
            mailbox.take_message()
        };
        assert_eq!(retained_for(RetainHandling::Never), None);
        assert_eq!(
            retained_for(RetainHandling::IfNew),
            None,
            "the subscription exists"
        );
        let again = retained_for(RetainHandling::Always).unwrap();
        assert_eq!((&again.payload[..], again.retain), (&b"2"[..], true));
        delivery.publish("head", b"3".to_vec(), true);
        assert!(!mailbox.take_message().unwrap().retain, "a live message");
        let as_published = TopicFilter {
            retain_as_published: true,
            ..with(RetainHandling::Never)
        };
        delivery.subscribe(&mailbox, &as_published);
        delivery.publish("head", b"4".to_vec(), true);
        assert!(mailbox.take_message().unwrap().retain);
    }

    #[test]
    fn a_connection_that_must_end_gets_no_more_messages_and_keeps_its_first_reason() {
        let mailbox = Mailbox::default();
        mailbox.put_message(message(b"1".to_vec()));
        let reason = |code| Reason {
            code,
            text: String::new(),
        };
        mailbox.end_connection(reason(ReasonCode::SessionTakenOver));
        mailbox.end_connection(reason(ReasonCode::ServerShuttingDown));
        mailbox.put_message(message(b"2".to_vec()));
        assert_eq!(mailbox.take_message(), None);
        let ending = mailbox.find_ending().unwrap();
        assert_eq!(ending.code, ReasonCode::SessionTakenOver);
    }
}
