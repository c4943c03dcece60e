//! One connection to the external broker: commands in, messages out.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use mqtt_protocol::{
    BrokerError, ClientConnection, ClientEvent, ClientOptions, OutgoingMessage, Qos,
};
use process::metrics;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use wire::{CmdFrame, Code, DeviceId, topics};

use super::{BrokerClient, address::ByteStream};
use crate::{
    authentication::TabletSender,
    intake::not_taken_reply,
    mqtt::{
        command_queue::{PendingAck, UNANSWERED_MAX},
        connections::{OUTPUT_BYTES_MAX, PACKET_BYTES_MAX, write_output},
        delivery::QueuedMessage,
        publisher::Presence,
    },
};

/// How long the broker keeps commands for an edge that is away. Tablets also resend them.
const SESSION_EXPIRY: Duration = Duration::from_hours(1);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Time to send the last packet.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
const INPUT_BYTES: usize = 8 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("could not connect to the broker")]
    Connect(#[source] io::Error),
    #[error("the connection to the broker broke")]
    Broken(#[source] io::Error),
    #[error("the broker closed the connection")]
    Closed,
    #[error(transparent)]
    Client(#[from] BrokerError),
}

pub(super) struct BrokerSession<'a> {
    client: &'a BrokerClient,
    connection: ClientConnection,
    started: Instant,
    reader: ReadHalf<Box<dyn ByteStream>>,
    writer: WriteHalf<Box<dyn ByteStream>>,
    /// False if the stream may hold written bytes back, as TLS does.
    is_flushed: bool,
    head: watch::Receiver<Option<QueuedMessage>>,
    /// Commands to acknowledge, as they are answered.
    acks: mpsc::Receiver<u16>,
    ack_sender: mpsc::Sender<u16>,
}

impl<'a> BrokerSession<'a> {
    pub(super) fn new(client: &'a BrokerClient, stream: Box<dyn ByteStream>) -> Self {
        let edge = &client.identity.edge_id;
        let client_id = format!("holdfast-{edge}");
        let presence = topics::presence_topic(client.identity.region, edge);
        let offline = Presence::encode(edge, false);
        let credentials = &client.address.credentials;
        let options = ClientOptions {
            client_id: &client_id,
            user_name: credentials.user_name.as_deref(),
            password: credentials.password.as_deref().map(str::as_bytes),
            keep_alive: KEEP_ALIVE,
            connect_within: CONNECT_WITHIN,
            session_expiry: SESSION_EXPIRY,
            receive_maximum: UNANSWERED_MAX,
            maximum_packet_size: u32::try_from(PACKET_BYTES_MAX).unwrap_or(u32::MAX),
            will: retained_message(&presence, &offline),
        };
        let connection = ClientConnection::new(&options);
        let (reader, writer) = split(stream);
        let (ack_sender, acks) = mpsc::channel(UNANSWERED_MAX.into());
        Self {
            client,
            connection,
            started: Instant::now(),
            reader,
            writer,
            is_flushed: true,
            head: client.broker.0.head.subscribe(),
            acks,
            ack_sender,
        }
    }

    /// Runs until the stop, then lets the broker publish the will.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<(), SessionError> {
        let mut received = BytesMut::with_capacity(INPUT_BYTES);
        loop {
            self.send_messages();
            let has_output = !self.connection.output().is_empty() || !self.is_flushed;
            let may_send = self.may_send();
            let may_read = self.connection.output().len() < OUTPUT_BYTES_MAX;
            let next_tick = self.started + self.connection.next_tick();
            tokio::select! {
                read = self.reader.read_buf(&mut received), if may_read => {
                    if read.map_err(SessionError::Broken)? == 0 {
                        return Err(SessionError::Closed);
                    }
                    self.connection.input().extend_from_slice(&received.split());
                    self.handle_events()?;
                }
                flushed = write_output(&mut self.writer, self.connection.output()),
                    if has_output =>
                {
                    self.is_flushed = flushed.map_err(SessionError::Broken)?;
                }
                Some(packet_id) = self.acks.recv() => self.connection.acknowledge(packet_id),
                () = self.client.broker.0.outbox.wait_for_change(), if may_send => {}
                _ = self.head.changed(), if may_send => self.head.mark_changed(),
                () = sleep_until(next_tick) => self.connection.tick(self.started.elapsed())?,
                () = stop.cancelled() => break,
            }
        }
        self.close().await;
        Ok(())
    }

    fn handle_events(&mut self) -> Result<(), SessionError> {
        while let Some(event) = self.connection.next_event(self.started.elapsed())? {
            match event {
                ClientEvent::Connected { session_present } => {
                    tracing::info!(
                        broker = %self.client.address, session_present,
                        "Connected to the MQTT broker"
                    );
                    self.client.broker.set_accepted();
                    self.subscribe();
                }
                ClientEvent::Subscribed => self.client.broker.set_subscribed(),
                ClientEvent::Message {
                    topic,
                    payload,
                    packet_id,
                } => self.take_command(&topic, payload, packet_id),
            }
        }
        Ok(())
    }

    fn subscribe(&mut self) {
        let identity = &self.client.identity;
        let filter = topics::command_filter(identity.region, &identity.edge_id);
        self.connection.subscribe(&filter);
        let presence = topics::presence_topic(identity.region, &identity.edge_id);
        let online = Presence::encode(&identity.edge_id, true);
        self.connection
            .publish(&retained_message(&presence, &online));
        self.head.mark_changed();
    }

    fn take_command(&self, topic: &str, payload: Vec<u8>, packet_id: Option<u16>) {
        // Dropping it acknowledges the command: the intake has nothing to answer.
        let ack = PendingAck::new(packet_id, self.ack_sender.clone());
        let identity = &self.client.identity;
        let device = topics::parse_command_topic(identity.region, &identity.edge_id, topic);
        let Some(device) = device else {
            tracing::debug!(topic, "Discarded a message on a topic of no device");
            return;
        };
        match self.find_sender(device.clone(), &payload) {
            Ok(sender) => {
                let broker = &self.client.broker;
                broker.record_last_user(&device, sender.actor.user_id);
                let inbox = &self.client.inbox;
                if !inbox.try_enqueue_from_broker(sender, Bytes::from(payload), ack) {
                    metrics::EDGE_COMMANDS.add(["unknown"], 1);
                }
            }
            Err(code) => self.refuse_token(&device, &payload, code),
        }
    }

    /// Identifies the person by the command's token: only the broker sees the connected client.
    fn find_sender(&self, device: DeviceId, payload: &[u8]) -> Result<TabletSender, Code> {
        let token = CmdFrame::extract_token(payload).ok_or(Code::InvalidToken)?;
        let authenticator = &self.client.authenticator;
        let checked = authenticator
            .check_token(&token, Some(&device))
            .ok_or(Code::InvalidToken)?;
        if checked.refusal == Some(Code::ProofRequired) {
            // The sender may be a thief, so decisions must not go to this device.
            return Err(Code::ProofRequired);
        }
        Ok(TabletSender {
            device,
            actor: checked.claims.actor(),
        })
    }

    /// Gives no other reason, so strangers do not learn which frames this edge can read.
    fn refuse_token(&self, device: &DeviceId, payload: &[u8], code: Code) {
        let id = match CmdFrame::read(payload) {
            Ok(frame) => Some(frame.id),
            Err(unreadable) => unreadable.id,
        };
        metrics::EDGE_COMMANDS.add(["not_taken"], 1);
        let reply = not_taken_reply(id, code);
        let identity = &self.client.identity;
        let topic = topics::reply_topic(identity.region, &identity.edge_id, device);
        match serde_json::to_vec(&reply) {
            Ok(reply) => self.client.broker.publish(&topic, reply, false),
            Err(error) => tracing::error!(%error, "Could not serialize a refusal"),
        }
    }

    fn may_send(&mut self) -> bool {
        self.connection.can_publish() && self.connection.output().len() < OUTPUT_BYTES_MAX
    }

    /// Moves messages to the output while the broker takes them, the head first.
    fn send_messages(&mut self) {
        while self.may_send() {
            let Some(message) = self.take_message() else {
                return;
            };
            let QueuedMessage {
                topic,
                payload,
                qos,
                retain,
            } = &message;
            let taken = self.connection.publish(&OutgoingMessage {
                topic,
                payload,
                qos: *qos,
                retain: *retain,
            });
            if !taken {
                let bytes = payload.len();
                tracing::warn!(
                    topic = %topic, bytes,
                    "Dropped a message that is larger than the broker takes"
                );
            }
        }
    }

    fn take_message(&mut self) -> Option<QueuedMessage> {
        let mut head = None;
        if self.head.has_changed().unwrap_or_default() {
            head = self.head.borrow_and_update().clone();
        }
        head.or_else(|| self.client.broker.0.outbox.take_message())
    }

    /// Commands that are not acknowledged stay with the broker.
    async fn close(&mut self) {
        self.connection.close();
        let closing = async {
            let output = self.connection.output();
            while !write_output(&mut self.writer, output).await? {}
            self.writer.shutdown().await
        };
        // If this fails, the broker publishes the will.
        let _ = timeout(CLOSE_WITHIN, closing).await;
    }
}

fn retained_message<'m>(topic: &'m str, payload: &'m [u8]) -> OutgoingMessage<'m> {
    OutgoingMessage {
        topic,
        payload,
        qos: Qos::AtLeastOnce,
        retain: true,
    }
}
