//! Tablet clients on rumqttc, version 3.1.1.

use std::net::SocketAddr;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
    SubscribeReasonCode,
};
use serde_json::Value;
use wire::{EdgeId, Region, Reply, UserId, topics};

use super::{PATIENCE, id};

pub(crate) struct Tablet {
    pub client: AsyncClient,
    events: EventLoop,
    device: wire::DeviceId,
}

pub(crate) const REGION: Region = Region::North;

pub(crate) fn edge_id() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

impl Tablet {
    /// Connects, or returns the edge's refusal.
    pub(crate) async fn connect(
        at: SocketAddr,
        client_id: &str,
        username: &str,
        token: &str,
    ) -> Result<Self, ConnectReturnCode> {
        Self::open(at, client_id, username, token, true).await
    }

    /// Connects and resumes its previous session.
    pub(crate) async fn resume(
        at: SocketAddr,
        client_id: &str,
        username: &str,
        token: &str,
    ) -> Result<Self, ConnectReturnCode> {
        Self::open(at, client_id, username, token, false).await
    }

    async fn open(
        at: SocketAddr,
        client_id: &str,
        username: &str,
        token: &str,
        clean: bool,
    ) -> Result<Self, ConnectReturnCode> {
        let mut options = MqttOptions::new(client_id, at.ip().to_string(), at.port());
        options.set_credentials(username, token);
        options.set_clean_session(clean);
        options.set_max_packet_size(128 * 1024, 128 * 1024);
        let (client, mut events) = AsyncClient::new(options, 1_024);
        let mut network = events.network_options();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        let answer = tokio::time::timeout(PATIENCE, events.poll()).await.unwrap();
        match answer {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {}
            Err(ConnectionError::ConnectionRefused(code)) => return Err(code),
            other => panic!("{other:?}"),
        }
        let device = client_id.split('.').next().unwrap();
        Ok(Self {
            client,
            events,
            device: wire::DeviceId::new(device).unwrap(),
        })
    }

    /// Signs in as that person and subscribes to all topics of a tablet.
    pub(crate) async fn of(at: SocketAddr, device: &str, token: &str, user: u128) -> Self {
        let mut tablet = Self::connect(at, device, device, token).await.unwrap();
        for topic in [
            topics::reply_topic(REGION, &edge_id(), &tablet.device),
            topics::provider_topic(REGION, &edge_id(), UserId(id(user))),
            topics::changes_topic(REGION, &edge_id()),
            topics::head_topic(REGION, &edge_id()),
        ] {
            assert!(tablet.subscribe(&topic).await, "{topic}");
        }
        tablet
    }

    /// False if the edge refused.
    pub(crate) async fn subscribe(&mut self, topic: &str) -> bool {
        self.client
            .subscribe(topic, QoS::AtLeastOnce)
            .await
            .unwrap();
        loop {
            if let Packet::SubAck(ack) = self.packet().await {
                return ack.return_codes == [SubscribeReasonCode::Success(QoS::AtLeastOnce)];
            }
        }
    }

    pub(crate) async fn send(&self, frame: Vec<u8>) {
        self.publish(
            &topics::command_topic(REGION, &edge_id(), &self.device),
            frame,
        )
        .await;
    }

    pub(crate) async fn publish(&self, topic: &str, payload: Vec<u8>) {
        self.client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await
            .unwrap();
    }

    /// The next reply to this device's commands.
    pub(crate) async fn reply(&mut self) -> Reply {
        let topic = topics::reply_topic(REGION, &edge_id(), &self.device);
        self.hear(&topic).await
    }

    pub(crate) async fn hear<T: serde::de::DeserializeOwned>(&mut self, topic: &str) -> T {
        loop {
            let (heard, value) = self.message().await;
            if heard == topic {
                return serde_json::from_value(value).unwrap();
            }
        }
    }

    pub(crate) async fn message(&mut self) -> (String, Value) {
        loop {
            if let Packet::Publish(publish) = self.packet().await {
                let value = serde_json::from_slice(&publish.payload).unwrap();
                return (publish.topic, value);
            }
        }
    }

    /// Disconnects. Further polling would reconnect, so it stops once DISCONNECT is sent.
    pub(crate) async fn leave(mut self) {
        self.client.disconnect().await.unwrap();
        let leaving = async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, leaving)
            .await
            .expect("the goodbye stays");
    }

    /// Waits until the edge ends the connection.
    pub(crate) async fn ended(&mut self) {
        let ending = async { while self.events.poll().await.is_ok() {} };
        tokio::time::timeout(PATIENCE, ending)
            .await
            .expect("the connection stays");
    }

    pub(crate) async fn packet(&mut self) -> Packet {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.poll()).await;
            if let Event::Incoming(packet) = event.expect("the edge said nothing").unwrap() {
                return packet;
            }
        }
    }
}
