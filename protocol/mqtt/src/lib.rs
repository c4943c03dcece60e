//! MQTT connections without IO: bytes and the time go in, bytes come out. `Connection` is a
//! server's side in versions 3.1.1 and 5; a `ConnectionHandler` decides what its client may do.
//! `ClientConnection` is a client's side in version 5.
//!
//! The server has only what an edge's tablets need: sessions end with their connection, and messages
//! to the client have at most QoS 1. Section numbers in comments are those of the MQTT 5
//! specification unless they name the version.

mod client;
mod connection;
mod decode;
mod encode;
mod handler;
mod packets;
mod properties;

pub use client::{BrokerError, ClientConnection, ClientEvent, ClientOptions};
pub use connection::Connection;
pub use handler::{ConnectionHandler, ConnectionLimits, OutgoingMessage};
pub use packets::{
    Connect, Publish, Qos, Reason, ReasonCode, RetainHandling, TopicFilter, Version, Will,
};
