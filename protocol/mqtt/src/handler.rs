//! The caller's side of a connection: its decisions, limits and messages.

use std::time::Duration;

use crate::packets::{Connect, Publish, Qos, Reason, ReasonCode, TopicFilter};

/// Decides about a client's requests, and carries out those that are allowed.
pub trait ConnectionHandler {
    /// # Errors
    /// If the client may not connect, or not with this will.
    fn admit_client(&mut self, connect: &Connect<'_>) -> Result<(), Reason>;

    /// Takes a message. Called once for each message, also of QoS 2.
    ///
    /// # Errors
    /// If the client may not publish it.
    fn take_message(&mut self, publish: &Publish<'_>) -> Result<(), ReasonCode>;

    /// Adds or replaces a subscription.
    ///
    /// # Errors
    /// If the client may not subscribe to the topic.
    fn subscribe(&mut self, filter: &TopicFilter<'_>) -> Result<(), ReasonCode>;

    /// True if there was such a subscription.
    fn unsubscribe(&mut self, filter: &str) -> bool;
}

#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Time for the first packet, and its size with the will; beyond them the connection ends in
    /// silence.
    pub connect_within: Duration,
    pub connect_bytes_max: usize,
    /// A larger packet ends the connection.
    pub packet_bytes_max: usize,
    /// Messages of QoS 2 from the client that it has not released; one more ends the connection.
    pub unreleased_max: u16,
    /// Messages to the client that it has not acknowledged; further ones wait with the caller.
    pub unacknowledged_max: u16,
}

/// A message to the client. QoS 2 goes out as QoS 1.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingMessage<'a> {
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub qos: Qos,
    pub retain: bool,
}
