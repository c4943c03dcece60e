//! The MQTT broker for tablets, within this process. It need not be durable: the log is, and a
//! tablet resends each command until it gets a reply.
//!
//! Invariants: only `connections` accepts connections, and only at the configured addresses; a
//! command goes to the intake and is never routed, so no client receives another's command; every
//! queue and packet is bounded.

mod access;
mod answers;
mod command_queue;
mod connections;
mod delivery;
mod publisher;
mod tablet;

use std::sync::Arc;

use process::tasks::Tasks;

use crate::{config::MqttKind, context::EdgeContext, listeners::BrokerListeners};
use access::{AccessControl, RefusalLog, TabletSessions};
use command_queue::CommandQueue;
use connections::MqttServer;
use delivery::Delivery;
use publisher::Broker;
use tablet::BrokerContext;

pub(crate) use answers::answer_queued_commands;
pub(crate) use command_queue::command_queue;
pub(crate) use connections::websocket_routes;
pub(crate) use publisher::{Changes, LogHead, TabletPublisher};

#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    #[error("edge.mqtt: the external broker is not available yet; use `embedded`")]
    ExternalUnavailable,
    #[error("could not find the address on which the broker listens")]
    Address(#[source] std::io::Error),
}

pub(crate) async fn start_broker(
    context: &EdgeContext,
    inbox: CommandQueue,
    listeners: BrokerListeners,
    tasks: &Tasks,
) -> Result<Broker, MqttError> {
    if context.config.mqtt == MqttKind::External {
        return Err(MqttError::ExternalUnavailable);
    }
    let signed_in = Arc::new(TabletSessions::new(
        context.config.connections_per_person.get(),
    ));
    let delivery = Arc::<Delivery>::default();
    let access = AccessControl {
        authenticator: context.authenticator.clone(),
        signed_in: Arc::clone(&signed_in),
        people: context.people.clone(),
        refusals: RefusalLog::new(context.clock.clone()),
    };
    let shared = BrokerContext {
        identity: context.identity.clone(),
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
    Ok(Broker {
        delivery,
        signed_in,
        people: context.people.clone(),
        authenticator: context.authenticator.clone(),
        server,
        addresses: (mqtt_at, websocket_at),
    })
}
