//! The broker that tablets talk to. Behind either arm stands the same intake; the log is durable, so
//! the broker need not be, and a tablet sends again until it has its reply.

mod access;
mod embedded;
mod inbound;
mod websocket;

use std::{convert::Infallible, net::SocketAddr};

use serde::{Deserialize, Serialize};
use wire::{DeviceId, UserId};

pub use embedded::{Embedded, Listen};
pub use inbound::{Inbound, Inbox, inbox, work};

/// Which broker, as configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MqttKind {
    #[default]
    Embedded,
    /// Mosquitto, EMQX or another, reached as a client.
    External,
}

/// Clones are the same broker.
#[derive(Clone)]
pub enum Mqtt {
    Embedded(Embedded),
    /// Its place is kept; configuration refuses it until it is there.
    #[expect(dead_code, reason = "nothing can construct it before it is there")]
    External(Infallible),
}

#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    #[error("edge.mqtt: the external broker is not available yet; use `embedded`")]
    ExternalUnavailable,
    #[error(transparent)]
    Bind(#[from] process::web::BindError),
    #[error("edge.{key}: `{text}` is no address such as 127.0.0.1:8101")]
    Address { key: &'static str, text: String },
    #[error("could not start the broker")]
    Broker(#[source] mqtt5::MqttError),
}

impl Mqtt {
    pub async fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        match self {
            Self::Embedded(broker) => broker.publish(topic, payload, retain).await,
            Self::External(never) => match *never {},
        }
    }

    /// Ends the connections of those whose token has run out or is revoked.
    pub async fn turn_out(&self) {
        match self {
            Self::Embedded(broker) => broker.turn_out().await,
            Self::External(never) => match *never {},
        }
    }

    /// Whether a message for that person may go to that device: nobody else is signed in on it.
    pub fn may_hear(&self, device: &DeviceId, user: UserId) -> bool {
        match self {
            Self::Embedded(broker) => broker.may_hear(device, user),
            Self::External(never) => match *never {},
        }
    }

    /// Whether that person is signed in here on any device.
    pub fn is_here(&self, user: UserId) -> bool {
        match self {
            Self::Embedded(broker) => broker.is_here(user),
            Self::External(never) => match *never {},
        }
    }

    /// Where tablets connect: TCP and WebSocket.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Self::Embedded(broker) => broker.addresses(),
            Self::External(never) => match *never {},
        }
    }
}
