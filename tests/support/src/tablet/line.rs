//! A tablet's connection to the edge's broker, in either version of MQTT: it reconnects
//! automatically, subscribes each time, and drops messages it cannot send (the tablet resends).

use std::time::Duration;

use process::tasks::Tasks;
use rumqttc::{NetworkOptions, v5};
use tokio::time::sleep;
use wire::DeviceId;

use super::{Mqtt, Place};

pub(super) enum Line {
    V311(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

const KEEP_ALIVE: Duration = Duration::from_secs(10);
const BEFORE_RECONNECT: Duration = Duration::from_millis(200);
/// Frames waiting for the connection; further ones are dropped and come back with the next send.
const WAITING_MAX: usize = 256;
/// rumqttc reserves memory for the whole window: 14 MB a client by default.
const IN_FLIGHT_MAX: u16 = 100;
const PACKET_BYTES_MAX: usize = 256 * 1024;

impl Line {
    pub(super) fn open(
        tasks: &Tasks,
        place: &Place,
        device: &DeviceId,
        token: &str,
        mqtt: Mqtt,
        listened: Vec<String>,
        hear: impl Fn(&[u8]) + Send + 'static,
    ) -> Self {
        let id = device.as_str();
        match mqtt {
            Mqtt::V311 => {
                let mut options = rumqttc::MqttOptions::new(id, &place.host, place.port);
                options
                    .set_credentials(id, token)
                    .set_keep_alive(KEEP_ALIVE);
                options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
                options.set_inflight(IN_FLIGHT_MAX);
                let (client, mut events) = rumqttc::AsyncClient::new(options, WAITING_MAX);
                events.network_options = prompt();
                let subscriber = client.clone();
                tasks.spawn("tablet line", async move {
                    loop {
                        match events.poll().await {
                            Ok(rumqttc::Event::Incoming(rumqttc::Packet::ConnAck(_))) => {
                                for topic in &listened {
                                    let _ =
                                        subscriber.try_subscribe(topic, rumqttc::QoS::AtLeastOnce);
                                }
                            }
                            Ok(rumqttc::Event::Incoming(rumqttc::Packet::Publish(heard))) => {
                                hear(&heard.payload);
                            }
                            Ok(_) => {}
                            Err(_) => sleep(BEFORE_RECONNECT).await,
                        }
                    }
                });
                Self::V311(client)
            }
            Mqtt::V5 => {
                let mut options = v5::MqttOptions::new(id, &place.host, place.port);
                options
                    .set_credentials(id, token)
                    .set_keep_alive(KEEP_ALIVE);
                options.set_outgoing_inflight_upper_limit(IN_FLIGHT_MAX);
                options.set_network_options(prompt());
                let (client, mut events) = v5::AsyncClient::new(options, WAITING_MAX);
                let subscriber = client.clone();
                tasks.spawn("tablet line", async move {
                    use v5::mqttbytes::{QoS, v5::Packet};
                    loop {
                        match events.poll().await {
                            Ok(v5::Event::Incoming(Packet::ConnAck(_))) => {
                                for topic in &listened {
                                    let _ = subscriber.try_subscribe(topic, QoS::AtLeastOnce);
                                }
                            }
                            Ok(v5::Event::Incoming(Packet::Publish(heard))) => {
                                hear(&heard.payload);
                            }
                            Ok(_) => {}
                            Err(_) => sleep(BEFORE_RECONNECT).await,
                        }
                    }
                });
                Self::V5(client)
            }
        }
    }

    pub(super) fn publish(&self, topic: &str, bytes: Vec<u8>) {
        // A full queue means the connection is down; the tablet resends anyway.
        let _ = match self {
            Self::V311(client) => client
                .try_publish(topic, rumqttc::QoS::AtLeastOnce, false, bytes)
                .map_err(|error| error.to_string()),
            Self::V5(client) => client
                .try_publish(topic, v5::mqttbytes::QoS::AtLeastOnce, false, bytes)
                .map_err(|error| error.to_string()),
        };
    }

    pub(super) fn close(&self) {
        let _ = match self {
            Self::V311(client) => client.try_disconnect().map_err(|error| error.to_string()),
            Self::V5(client) => client.try_disconnect().map_err(|error| error.to_string()),
        };
    }
}

/// Without this, Nagle's algorithm delays a command by up to 40 ms.
fn prompt() -> NetworkOptions {
    let mut options = NetworkOptions::new();
    options.set_tcp_nodelay(true);
    options
}
