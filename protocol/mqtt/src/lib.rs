//! The server's side of one MQTT connection, versions 3.1.1 and 5, without IO: bytes and the time
//! go in, bytes come out, and a `ConnectionHandler` decides what the client may do.
//!
//! Only what an edge's tablets need: sessions end with their connection, wills are discarded, and
//! messages to the client have at most QoS 1. Section numbers in comments are those of the MQTT 5
//! specification unless they name the version.

mod connection;
mod decode;
mod encode;
mod handler;
mod packets;
mod properties;

pub use connection::Connection;
pub use handler::{ConnectionHandler, ConnectionLimits, OutgoingMessage};
pub use packets::{
    Connect, Publish, Qos, Reason, ReasonCode, RetainHandling, TopicFilter, Version,
};
