//! The MQTT broker for tablets. It need not be durable: the log is, and a tablet resends each
//! command until it gets a reply.

mod access;
mod door;
mod embedded;
mod inbound;
mod refusal;
mod websocket;

use serde::{Deserialize, Serialize};

pub use embedded::Broker;
pub use inbound::{answer_queued_commands, command_queue};
pub use websocket::router as websocket;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MqttKind {
    #[default]
    Embedded,
    /// Mosquitto, EMQX or another broker, used as a client. Reserved: an edge does not start with
    /// it yet.
    External,
}

#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    #[error("edge.mqtt: the external broker is not available yet; use `embedded`")]
    ExternalUnavailable,
    #[error(transparent)]
    Bind(#[from] process::web::BindError),
    #[error("could not find the address on which the broker listens")]
    Address(#[source] std::io::Error),
    #[error("could not start the broker")]
    Broker(#[source] mqtt5::MqttError),
}
