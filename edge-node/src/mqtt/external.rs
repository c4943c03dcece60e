//! The edge as a client of an external broker, such as Mosquitto.
//!
//! The broker is not trusted: the token in each command counts. It must keep each device to its own
//! topics, so that only that device reads its replies (docs/operate.md).
//!
//! Invariants: a command is acknowledged once it is answered, so the broker keeps those that the
//! edge has not answered; while the broker is away, messages for tablets are discarded, as the
//! embedded broker does for tablets that are away, and only the newest head is kept.

mod address;
mod session;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mqtt_protocol::Qos;
use process::{problem::format_error_chain, random, tasks::Tasks};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use wire::{DeviceId, UserId};

use super::{
    command_queue::CommandQueue,
    delivery::{Mailbox, QueuedMessage},
};
use crate::{authentication::TokenAuthenticator, context::EdgeContext, store::EdgeIdentity};
use address::BrokerAddress;
use session::{BrokerSession, SessionError};

pub(super) use address::BrokerAddressError;

/// The edge's side of the broker, for publishers.
#[derive(Clone)]
pub(crate) struct ExternalBroker(Arc<Outgoing>);

struct Outgoing {
    /// While connected, the oldest messages beyond its bounds are dropped.
    outbox: Mailbox,
    /// The newest retained message: only the head is retained.
    head: watch::Sender<Option<QueuedMessage>>,
    status: watch::Sender<BrokerStatus>,
    last_users: Mutex<HashMap<DeviceId, UserId>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum BrokerStatus {
    /// For this reason.
    Away(String),
    /// Takes messages. The session's earlier commands may arrive before the subscription is
    /// confirmed.
    Accepted,
    /// The edge gets its tablets' commands.
    Subscribed,
}

/// Devices with a recorded last user. At the limit all are forgotten: a device then gets no
/// decisions until it sends a command again.
const DEVICES_MAX: usize = 20_000;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A connection of this length restarts the pauses.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

impl ExternalBroker {
    /// Connects in the background, so that the edge starts without its broker.
    pub(super) async fn start(
        context: &EdgeContext,
        inbox: CommandQueue,
        tasks: &Tasks,
    ) -> Result<Self, BrokerAddressError> {
        let address = BrokerAddress::from_config(&context.config, &context.clock).await?;
        let broker = Self::new();
        let client = BrokerClient {
            identity: context.identity.clone(),
            authenticator: context.authenticator.clone(),
            inbox,
            address,
            broker: broker.clone(),
        };
        tasks.spawn("mqtt client", client.run_until_stopped(tasks.stop_token()));
        Ok(broker)
    }

    fn new() -> Self {
        let away = BrokerStatus::Away("not connected yet".to_owned());
        Self(Arc::new(Outgoing {
            outbox: Mailbox::default(),
            head: watch::Sender::new(None),
            status: watch::Sender::new(away),
            last_users: Mutex::default(),
        }))
    }

    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        let message = QueuedMessage {
            topic: topic.into(),
            payload: Bytes::from(payload),
            qos: Qos::AtLeastOnce,
            retain,
        };
        if retain {
            self.0.head.send_replace(Some(message));
        } else if self.is_connected() {
            self.0.outbox.put_message(message);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        match &*self.0.status.borrow() {
            BrokerStatus::Accepted | BrokerStatus::Subscribed => true,
            BrokerStatus::Away(_) => false,
        }
    }

    pub(super) fn check_readiness(&self) -> Result<(), String> {
        match &*self.0.status.borrow() {
            BrokerStatus::Subscribed => Ok(()),
            BrokerStatus::Accepted => Err("subscribing at the broker".to_owned()),
            BrokerStatus::Away(why) => Err(format!(
                "the broker at edge.broker_url is away ({why}); tablets can use HTTP"
            )),
        }
    }

    /// True if the device's newest command was this person's.
    pub(super) fn is_last_user(&self, device: &DeviceId, user: UserId) -> bool {
        self.lock_last_users().get(device) == Some(&user)
    }

    fn record_last_user(&self, device: &DeviceId, user: UserId) {
        let mut last_users = self.lock_last_users();
        if last_users.len() >= DEVICES_MAX && !last_users.contains_key(device) {
            last_users.clear();
        }
        last_users.insert(device.clone(), user);
    }

    fn set_accepted(&self) {
        self.discard_messages();
        self.0.status.send_replace(BrokerStatus::Accepted);
    }

    fn set_subscribed(&self) {
        self.0.status.send_replace(BrokerStatus::Subscribed);
    }

    /// True if it was subscribed before.
    fn set_away(&self, why: String) -> bool {
        let before = self.0.status.send_replace(BrokerStatus::Away(why));
        self.discard_messages();
        before == BrokerStatus::Subscribed
    }

    fn discard_messages(&self) {
        while self.0.outbox.take_message().is_some() {}
    }

    fn lock_last_users(&self) -> MutexGuard<'_, HashMap<DeviceId, UserId>> {
        self.0
            .last_users
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a connection to the broker.
struct BrokerClient {
    identity: EdgeIdentity,
    authenticator: TokenAuthenticator,
    inbox: CommandQueue,
    address: BrokerAddress,
    broker: ExternalBroker,
}

impl BrokerClient {
    async fn run_until_stopped(self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut is_first_failure = true;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let Err(error) = Box::pin(self.run_session(&stop)).await else {
                break;
            };
            let why = format_error_chain(&error);
            let was_subscribed = self.broker.set_away(why.clone());
            // One line per outage: the readiness report has the newest reason.
            if was_subscribed || is_first_failure {
                tracing::warn!(why, broker = %self.address, "The MQTT broker is away");
            }
            is_first_failure = false;
            if was_subscribed && started.elapsed() >= SETTLED_AFTER {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = sleep(shorten_pause(pause)) => {}
                () = stop.cancelled() => break,
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        self.broker.set_away("the edge is stopping".to_owned());
    }

    /// Runs one connection until the stop.
    async fn run_session(&self, stop: &CancellationToken) -> Result<(), SessionError> {
        let stream = tokio::select! {
            stream = self.address.connect() => stream.map_err(SessionError::Connect)?,
            () = stop.cancelled() => return Ok(()),
        };
        BrokerSession::new(self, stream).run(stop).await
    }
}

/// Shortens by up to a quarter, so that a shop's edges do not reconnect at once.
fn shorten_pause(pause: Duration) -> Duration {
    let [share] = random::draw_bytes::<1>();
    pause - pause / 4 * u32::from(share) / 255
}
