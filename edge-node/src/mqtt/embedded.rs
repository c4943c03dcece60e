//! The broker inside this process.
//!
//! Invariants: it listens only where configuration says; a command is handed on and never routed, so
//! no client hears another's command; every queue and packet is bounded.

use std::{
    net::SocketAddr,
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
use process::{metrics, tasks::Tasks, web};
use tokio::{sync::mpsc, time::Instant};
use wire::{DeviceId, UserId, topics};

use super::{
    MqttError, MqttKind,
    access::{Access, Guest, Guests, device_of},
    inbound::Inbound,
    websocket,
};
use crate::{
    gate::Gate,
    ground::EdgeGround,
    intake::{BODY_BYTES_MAX, Sender},
    store::EdgeIdentity,
};

#[derive(Clone)]
pub struct Broker {
    router: Arc<MessageRouter>,
    signed_in: Arc<Guests>,
    gate: Gate,
    /// Where tablets connect: TCP and WebSocket.
    pub addresses: (SocketAddr, SocketAddr),
}

const CLIENTS_MAX: usize = 2_000;
/// A command frame and its topic; an edge splits its own messages to fit as well.
pub(super) const PACKET_BYTES_MAX: usize = BODY_BYTES_MAX + 16 * 1024;
/// Beyond that a slow tablet loses the oldest: it sends again every command that it has no answer to.
const QUEUED_MESSAGES_MAX: usize = 1_000;
const QUEUED_BYTES_MAX: usize = 512 * 1024;
/// A kept session would go on hearing messages to a device that another person may hold by then.
const SESSION_KEPT: Duration = Duration::ZERO;
/// Its own replies, its person's outcomes, the board and the head, and as many again.
const SUBSCRIPTIONS_MAX: usize = 8;
/// The head is the only retained message.
const RETAINED_MAX: usize = 4;
const RETAINED_BYTES_MAX: usize = 4 * 1024;
/// Messages on their way to one tablet that has not taken them yet.
const CLIENT_CHANNEL_MAX: usize = 256;
const EXPIRED_EVERY: Duration = Duration::from_secs(600);

impl Broker {
    pub async fn start(
        ground: &EdgeGround,
        inbox: mpsc::Sender<Inbound>,
        tasks: &Tasks,
    ) -> Result<Self, MqttError> {
        if ground.config.mqtt == MqttKind::External {
            return Err(MqttError::ExternalUnavailable);
        }
        let (identity, gate) = (ground.identity.clone(), ground.gate.clone());
        let bind = free(&ground.config.mqtt_bind).await?;
        let signed_in = Arc::<Guests>::default();
        let hook = Arc::new(Hook {
            identity: identity.clone(),
            inbox,
            signed_in: Arc::clone(&signed_in),
            router: OnceLock::new(),
        });
        let access = Access { identity, gate: gate.clone(), signed_in: Arc::clone(&signed_in) };
        let broker = MqttBroker::with_config(config(bind, Arc::clone(&hook))).await;
        let broker = broker.map_err(MqttError::Broker)?.with_auth_provider(Arc::new(access));
        let router = broker.router();
        let _ = hook.router.set(Arc::clone(&router));
        let mqtt = broker.local_addr().unwrap_or(bind);

        let listener = web::bind(&ground.config.ws_bind).await?;
        let websocket = listener.local_addr().unwrap_or(mqtt);
        tasks.spawn("mqtt", run(broker, tasks.clone()));
        tasks.spawn("mqtt-websocket", websocket::serve(listener, mqtt, tasks.token()));
        Ok(Self { router, signed_in, gate, addresses: (mqtt, websocket) })
    }

    pub async fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        let packet = PublishPacket::new(topic, payload, QoS::AtLeastOnce).with_retain(retain);
        // A message that finds a tablet's channel full is queued behind it at once: a slow tablet must not
        // make the link wait, whose outcomes are told through here.
        self.router.route_message_with_deadline(&packet, None, Instant::now()).await;
    }

    /// Whether a message for that person may go to that device: nobody else is signed in on it.
    pub fn may_hear(&self, device: &DeviceId, user: UserId) -> bool {
        self.signed_in.is_free_for(device, user)
    }

    pub fn is_here(&self, user: UserId) -> bool {
        self.signed_in.is_here(user)
    }

    /// Ends the connections of those whose token has run out or is revoked.
    pub async fn turn_out(&self) {
        for client_id in self.signed_in.unwelcome(&self.gate) {
            self.router.unregister_client(&client_id).await;
        }
    }
}

/// The broker's own error for a taken port is a paragraph; this one names the address.
async fn free(text: &str) -> Result<SocketAddr, MqttError> {
    drop(web::bind(text).await?);
    text.parse().map_err(|_| MqttError::Address(text.to_owned()))
}

fn config(bind: SocketAddr, hook: Arc<Hook>) -> BrokerConfig {
    let storage = StorageConfig {
        backend: StorageBackendType::Memory,
        cleanup_interval: EXPIRED_EVERY,
        // In memory: it bounds the queues.
        enable_persistence: true,
        max_queued_messages_per_client: QUEUED_MESSAGES_MAX,
        max_queued_bytes_per_client: QUEUED_BYTES_MAX,
        ..StorageConfig::default()
    };
    // Replaced by ours before the broker runs.
    let auth_config = AuthConfig {
        rate_limit: RateLimitConfig { enabled: false, ..RateLimitConfig::default() },
        ..AuthConfig::default()
    };
    BrokerConfig {
        bind_addresses: vec![bind],
        max_clients: CLIENTS_MAX,
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

async fn run(mut broker: MqttBroker, tasks: Tasks) {
    let handle = broker.shutdown_handle();
    let mut running = Box::pin(broker.run());
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = async { tasks.token().cancelled_owned().await } => {
            handle.shutdown();
            running.await
        }
    };
    if let Err(error) = ended {
        tracing::error!(%error, "The broker ended with an error");
    }
}

struct Hook {
    identity: EdgeIdentity,
    inbox: mpsc::Sender<Inbound>,
    signed_in: Arc<Guests>,
    router: OnceLock<Arc<MessageRouter>>,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl BrokerEventHandler for Hook {
    fn on_client_publish<'a>(&'a self, event: ClientPublishEvent) -> Answer<'a, PublishAction> {
        Box::pin(async move {
            let EdgeIdentity { name, region } = &self.identity;
            // The topic rules let nothing else through.
            let device = topics::device_of_cmd(*region, name, &event.topic);
            if let (Some(device), Some(guest)) = (device, guest(event.user_id.as_deref())) {
                let sender = Sender { device, actor: guest.actor() };
                let inbound = Inbound { sender, payload: event.payload };
                // It may be the repeat of a stored one, so nothing can be said; the tablet sends it again.
                if self.inbox.try_send(inbound).is_err() {
                    metrics::EDGE_COMMANDS.add(["unknown"], 1);
                }
            }
            // Answered at once: the receipt is the acknowledgement, and a client waits for no disk.
            PublishAction::Handled
        })
    }

    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Answer<'a, ()> {
        metrics::EDGE_TABLETS.change([], 1);
        Box::pin(async move {
            let guest = guest(event.user_id.as_deref());
            let stays = guest.is_some_and(|g| self.signed_in.connected(&event.client_id, g));
            if let (false, Some(router)) = (stays, self.router.get()) {
                router.unregister_client(&event.client_id).await;
            }
        })
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> Answer<'a, ()> {
        if let Some(guest) = guest(event.user_id.as_deref()) {
            self.signed_in.disconnected(&event.client_id, guest);
        }
        if device_of(&event.client_id).is_some() {
            metrics::EDGE_TABLETS.change([], -1);
        }
        Box::pin(std::future::ready(()))
    }
}

/// The guest, by the word that `Access` gave the broker.
fn guest(user_id: Option<&str>) -> Option<Guest> {
    user_id?.parse().ok()
}
