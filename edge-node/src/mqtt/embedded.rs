//! The in-process broker.
//!
//! Invariants: only `door` accepts connections, and only at the configured addresses; a command
//! goes to the intake and is never routed, so no client receives another's command; every queue and
//! packet is bounded.

use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use mqtt5::{
    QoS,
    broker::{
        BrokerConfig, BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent,
        ClientPublishEvent, MqttBroker, PublishAction, StorageBackendType, StorageConfig,
        config::{AuthConfig, RateLimitConfig},
        router::MessageRouter,
    },
    packet::publish::PublishPacket,
};
use process::{
    metrics,
    tasks::Tasks,
    web::{self, ConnectionSlots},
};
use tokio::time::Instant;
use wire::{CmdFrame, DeviceId, UserId, topics};

use super::{
    MqttError, MqttKind,
    access::{AccessControl, TabletSession, TabletSessions},
    door::MqttServer,
    inbound::CommandQueue,
    refusal::RefusalLog,
    websocket,
};
use crate::{
    gate::TokenAuthenticator, ground::EdgeContext, intake::TabletSender, people::PeopleRegistry,
    store::EdgeIdentity,
};

#[derive(Clone)]
pub struct Broker {
    router: Arc<MessageRouter>,
    signed_in: Arc<TabletSessions>,
    people: PeopleRegistry,
    authenticator: TokenAuthenticator,
    pub server: MqttServer,
    /// Addresses for tablets: TCP and WebSocket.
    pub addresses: (SocketAddr, SocketAddr),
}

/// A command frame with its topic. The edge splits its own messages to fit too.
pub(super) const PACKET_BYTES_MAX: usize = CmdFrame::BYTES_MAX + 16 * 1024;
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

impl Broker {
    pub async fn start(
        context: &EdgeContext,
        inbox: CommandQueue,
        slots: &ConnectionSlots,
        tasks: &Tasks,
    ) -> Result<Self, MqttError> {
        if context.config.mqtt == MqttKind::External {
            return Err(MqttError::ExternalUnavailable);
        }
        let identity = context.identity.clone();
        let gate = context.authenticator.clone();
        let listener = web::bind_listener(&context.config.mqtt_bind).await?;
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
            authenticator: gate.clone(),
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
        let door = MqttServer::new(&broker, config, Arc::new(access));
        let mqtt = listener.local_addr().map_err(MqttError::Address)?;

        let websockets = web::bind_listener(&context.config.ws_bind).await?;
        let websocket = websockets.local_addr().map_err(MqttError::Address)?;
        tasks.spawn(
            "mqtt",
            door.clone()
                .accept_until_stopped(listener, slots.clone(), tasks.stop_token()),
        );
        let served =
            websocket::serve_listener(websockets, door.clone(), slots.clone(), tasks.stop_token());
        tasks.spawn("mqtt-websocket", served);
        let people = context.people.clone();
        Ok(Self {
            router,
            signed_in,
            people,
            authenticator: gate,
            server: door,
            addresses: (mqtt, websocket),
        })
    }

    pub async fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        let packet = PublishPacket::new(topic, payload, QoS::AtLeastOnce).with_retain(retain);
        // A full client channel must not block: the link publishes outcomes through here, and a
        // slow tablet must not delay it. The message is queued instead.
        self.router
            .route_message_with_deadline(&packet, None, Instant::now())
            .await;
    }

    /// True if that person's connection on that device would be admitted.
    pub fn would_admit(&self, device: &DeviceId, user: UserId) -> bool {
        self.signed_in.is_free_for(device, user) || self.people.owns_device(user, device)
    }

    /// True if a message for that person may go to that device: no other person is signed in on it.
    pub fn may_receive(&self, device: &DeviceId, user: UserId) -> bool {
        self.signed_in.is_free_for(device, user)
    }

    pub fn is_signed_in(&self, user: UserId) -> bool {
        self.signed_in.is_signed_in(user)
    }

    /// Ends connections whose token has expired or been revoked.
    pub async fn close_unauthorized_connections(&self) {
        for client_id in self.signed_in.find_unauthorized(&self.authenticator) {
            self.router.unregister_client(&client_id).await;
        }
    }
}

/// The broker insists on a listener, which is closed before anything connects: `door` listens.
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
            let device = topics::device_of_cmd(*region, name, &event.topic);
            if let (Some(device), Some(guest)) = (device, parse_session(event.user_id.as_deref())) {
                let sender = TabletSender {
                    device,
                    actor: guest.actor(),
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
            let guest = parse_session(event.user_id.as_deref());
            let (Some(guest), Some(device)) = (guest, DeviceId::from_client_id(&event.client_id))
            else {
                return;
            };
            let user = guest.pass.user_id;
            let owns = self.people.owns_device(user, &device);
            let ending = self
                .signed_in
                .register_connection(&event.client_id, guest, owns);
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
        if let Some(guest) = parse_session(event.user_id.as_deref()) {
            self.signed_in.remove_connection(&event.client_id, guest);
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
