//! MQTT between the edge and its tablets: by a broker within this process, or as a client of an
//! external one. Neither need be durable: the log is, and a tablet resends each command until it
//! gets a reply.
//!
//! Invariants: only `connections` accepts connections, and only at the configured addresses; the
//! embedded broker passes a command to the intake and never routes it, so no client receives
//! another's; every queue and packet is bounded.

mod access;
mod answers;
mod asyncapi;
mod command_queue;
mod connections;
mod delivery;
mod external;
mod publisher;
mod tablet;

use std::sync::Arc;

use process::tasks::Tasks;
use wire::topics;

use crate::{
    config::MqttKind, context::EdgeContext, listeners::BrokerListeners, store::EdgeIdentity,
};
use access::{AccessControl, RefusalLog, TabletSessions};
use command_queue::CommandQueue;
use connections::MqttServer;
use delivery::Delivery;
use external::{BrokerAddressError, ExternalBroker};
use publisher::{Broker, EmbeddedBroker, Presence, TabletAddresses};
use tablet::BrokerContext;

pub(crate) use answers::answer_queued_commands;
pub use asyncapi::asyncapi_document;
pub(crate) use command_queue::command_queue;
pub(crate) use publisher::{Changes, LogHead, TabletPublisher};

#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    #[error(transparent)]
    External(#[from] BrokerAddressError),
    #[error("could not find the address on which the broker listens")]
    Address(#[source] std::io::Error),
}

/// `listeners` are absent with an external broker.
pub(crate) async fn start_broker(
    context: &EdgeContext,
    inbox: CommandQueue,
    listeners: Option<BrokerListeners>,
    tasks: &Tasks,
) -> Result<Broker, MqttError> {
    match (context.config.mqtt, listeners) {
        (MqttKind::Embedded, Some(listeners)) => {
            start_embedded(context, inbox, listeners, tasks).map(Broker::Embedded)
        }
        (MqttKind::Embedded, None) | (MqttKind::External, _) => {
            let broker = ExternalBroker::start(context, inbox, tasks).await?;
            Ok(Broker::External(broker))
        }
    }
}

fn start_embedded(
    context: &EdgeContext,
    inbox: CommandQueue,
    listeners: BrokerListeners,
    tasks: &Tasks,
) -> Result<EmbeddedBroker, MqttError> {
    let signed_in = Arc::new(TabletSessions::new(
        context.config.connections_per_person.get(),
    ));
    let delivery = Arc::<Delivery>::default();
    let access = AccessControl {
        identity: context.identity.clone(),
        authenticator: context.authenticator.clone(),
        signed_in: Arc::clone(&signed_in),
        people: context.people.clone(),
        refusals: RefusalLog::new(context.clock.clone()),
    };
    let shared = BrokerContext {
        access,
        inbox,
        delivery: Arc::clone(&delivery),
    };
    let server = MqttServer::new(shared, tasks.stop_token());
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
    publish_presence(&context.identity, &delivery);
    Ok(EmbeddedBroker {
        delivery,
        signed_in,
        people: context.people.clone(),
        authenticator: context.authenticator.clone(),
        server,
        addresses: TabletAddresses {
            mqtt: mqtt_at,
            websocket: websocket_at,
        },
    })
}

/// Tablets of an embedded broker see the end of their connection when the edge ends.
fn publish_presence(identity: &EdgeIdentity, delivery: &Delivery) {
    let topic = topics::presence_topic(identity.region, &identity.edge_id);
    let payload = Presence::encode(&identity.edge_id, true);
    delivery.publish(&topic, payload, true);
}
