//! The MQTT broker for tablets, within this process. It need not be durable: the log is, and a
//! tablet resends each command until it gets a reply.
//!
//! Invariants: only `connections` accepts connections, and only at the configured addresses; a
//! command goes to the intake and is never routed, so no client receives another's command; every
//! queue and packet is bounded.

mod access;
mod command_queue;
mod connections;
mod publisher;

use std::{
    net::Ipv4Addr,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use mqtt5::broker::{
    BrokerConfig, BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent,
    ClientPublishEvent, MqttBroker, PublishAction, StorageBackendType, StorageConfig,
    config::{AuthConfig, RateLimitConfig},
    router::MessageRouter,
};
use process::{metrics, tasks::Tasks};
use wire::{DeviceId, topics};

use crate::{
    authentication::TabletSender, config::MqttKind, context::EdgeContext,
    listeners::BrokerListeners, people::PeopleRegistry, store::EdgeIdentity,
};
use access::{AccessControl, RefusalLog, TabletSession, TabletSessions};
use command_queue::CommandQueue;
use connections::{MqttServer, PACKET_BYTES_MAX};
use publisher::Broker;

pub(crate) use command_queue::{answer_queued_commands, command_queue};
pub(crate) use connections::websocket_routes;
pub(crate) use publisher::{Changes, LogHead, TabletPublisher};

#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    #[error("edge.mqtt: the external broker is not available yet; use `embedded`")]
    ExternalUnavailable,
    #[error("could not find the address on which the broker listens")]
    Address(#[source] std::io::Error),
    #[error("could not start the broker")]
    Broker(#[source] mqtt5::MqttError),
}

/// Beyond this a slow tablet loses its oldest messages; it resends every unanswered command.
const QUEUED_MESSAGES_MAX: usize = 1_000;
const QUEUED_BYTES_MAX: usize = 512 * 1024;
/// A kept session would still receive a device's messages after another person has signed in there.
const SESSION_KEPT: Duration = Duration::ZERO;
/// Replies, own outcomes, board changes and head, times two.
const SUBSCRIPTIONS_MAX: usize = 8;
/// The head is the only retained message.
const RETAINED_MAX: usize = 4;
const RETAINED_BYTES_MAX: usize = 4 * 1024;
/// In-flight messages for one tablet.
const CLIENT_CHANNEL_MAX: usize = 256;

pub(crate) async fn start_broker(
    context: &EdgeContext,
    inbox: CommandQueue,
    listeners: BrokerListeners,
    tasks: &Tasks,
) -> Result<Broker, MqttError> {
    if context.config.mqtt == MqttKind::External {
        return Err(MqttError::ExternalUnavailable);
    }
    let identity = context.identity.clone();
    let authenticator = context.authenticator.clone();
    let signed_in = Arc::new(TabletSessions::new(
        context.config.connections_per_person.get(),
    ));
    let hook = Arc::new(BrokerEventHook {
        identity: identity.clone(),
        inbox,
        signed_in: Arc::clone(&signed_in),
        people: context.people.clone(),
        router: OnceLock::new(),
    });
    let access = AccessControl {
        identity,
        authenticator: authenticator.clone(),
        signed_in: Arc::clone(&signed_in),
        people: context.people.clone(),
        refusals: RefusalLog::new(context.clock.clone()),
    };
    let config = broker_config(Arc::clone(&hook));
    let broker = MqttBroker::with_config(config.clone())
        .await
        .map_err(MqttError::Broker)?;
    let router = broker.router();
    let _ = hook.router.set(Arc::clone(&router));
    let server = MqttServer::new(&broker, config, Arc::new(access));
    let BrokerListeners {
        mqtt,
        websockets,
        slots,
    } = listeners;
    let mqtt_at = mqtt.local_addr().map_err(MqttError::Address)?;
    let websocket_at = websockets.local_addr().map_err(MqttError::Address)?;
    tasks.spawn(
        "mqtt",
        server
            .clone()
            .accept_until_stopped(mqtt, slots.clone(), tasks.stop_token()),
    );
    let served = connections::serve_websockets(
        websockets,
        server.clone(),
        context.callers.clone(),
        slots,
        tasks.stop_token(),
    );
    tasks.spawn("mqtt-websocket", served);
    let people = context.people.clone();
    Ok(Broker {
        router,
        signed_in,
        people,
        authenticator,
        server,
        addresses: (mqtt_at, websocket_at),
    })
}

/// The broker insists on a listener, which is closed before anything connects: `connections`
/// listens.
fn broker_config(hook: Arc<BrokerEventHook>) -> BrokerConfig {
    let storage = StorageConfig {
        backend: StorageBackendType::Memory,
        // In memory; required for the queue limits.
        enable_persistence: true,
        max_queued_messages_per_client: QUEUED_MESSAGES_MAX,
        max_queued_bytes_per_client: QUEUED_BYTES_MAX,
        ..StorageConfig::default()
    };
    // Replaced by `access` before the broker runs.
    let auth_config = AuthConfig {
        rate_limit: RateLimitConfig {
            enabled: false,
            ..RateLimitConfig::default()
        },
        ..AuthConfig::default()
    };
    BrokerConfig {
        bind_addresses: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        session_expiry_interval: SESSION_KEPT,
        max_packet_size: PACKET_BYTES_MAX,
        topic_alias_maximum: 16,
        wildcard_subscription_available: false,
        shared_subscription_available: false,
        max_subscriptions_per_client: SUBSCRIPTIONS_MAX,
        max_retained_messages: RETAINED_MAX,
        max_retained_message_size: RETAINED_BYTES_MAX,
        client_channel_capacity: CLIENT_CHANNEL_MAX,
        auth_config,
        websocket_config: None,
        storage_config: storage,
        sys_topics_enabled: false,
        ..BrokerConfig::default()
    }
    .with_event_handler(hook)
}

struct BrokerEventHook {
    identity: EdgeIdentity,
    inbox: CommandQueue,
    signed_in: Arc<TabletSessions>,
    people: PeopleRegistry,
    router: OnceLock<Arc<MessageRouter>>,
}

type HookFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl BrokerEventHandler for BrokerEventHook {
    fn on_client_publish<'a>(&'a self, event: ClientPublishEvent) -> HookFuture<'a, PublishAction> {
        Box::pin(async move {
            let EdgeIdentity {
                edge_id: name,
                region,
            } = &self.identity;
            // The topic rules allow only commands.
            let device = topics::parse_command_topic(*region, name, &event.topic);
            if let (Some(device), Some(session)) = (device, parse_session(event.user_id.as_deref()))
            {
                let sender = TabletSender {
                    device,
                    actor: session.actor(),
                };
                let known = self.people.is_known(sender.actor.user_id);
                // The command may repeat a stored one, so a full queue gets no reply. The tablet
                // resends it.
                if !self.inbox.try_enqueue(sender, event.payload, known) {
                    metrics::EDGE_COMMANDS.add(["unknown"], 1);
                }
            }
            // Sends PUBACK at once: clients must not wait for the disk. The receipt is the real
            // acknowledgement.
            PublishAction::Handled
        })
    }

    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> HookFuture<'a, ()> {
        metrics::EDGE_TABLETS.change_by([], 1);
        Box::pin(async move {
            let session = parse_session(event.user_id.as_deref());
            let (Some(session), Some(device)) =
                (session, DeviceId::from_client_id(&event.client_id))
            else {
                return;
            };
            let user = session.pass.user_id;
            let owns = self.people.owns_device(user, &device);
            let ending = self
                .signed_in
                .register_connection(&event.client_id, session, owns);
            if let Some(router) = self.router.get() {
                for client_id in &ending {
                    router.unregister_client(client_id).await;
                }
            }
            if !ending.iter().any(|ended| **ended == *event.client_id) {
                self.people.record_device_use(user, &device).await;
            }
        })
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> HookFuture<'a, ()> {
        if let Some(session) = parse_session(event.user_id.as_deref()) {
            self.signed_in.remove_connection(&event.client_id, session);
        }
        if DeviceId::from_client_id(&event.client_id).is_some() {
            metrics::EDGE_TABLETS.change_by([], -1);
        }
        Box::pin(std::future::ready(()))
    }
}

/// Parses the user id written by `access`.
fn parse_session(user_id: Option<&str>) -> Option<TabletSession> {
    user_id?.parse().ok()
}
