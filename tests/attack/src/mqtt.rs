//! Hand-written MQTT 3.1.1, so that an attack can send packets that no client would.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{PATIENCE, Station};

#[derive(Debug, Clone, Default)]
pub struct MqttGreeting {
    pub client_id: String,
    pub username: String,
    pub password: String,
    /// Topic and message of a retained will.
    pub will: Option<(String, String)>,
}

/// A connection after its CONNACK.
pub struct MqttLine {
    stream: TcpStream,
    /// Messages that arrived while waiting for another packet.
    pub heard: Vec<Vec<u8>>,
}

const CONNECT: u8 = 0x10;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const PUBACK: u8 = 0x40;
const RETAIN: u8 = 0x01;
const LEVEL_1: u8 = 0x02;
const CLEAN: u8 = 0x02;
const WILL_RETAINED: u8 = 0x24;
const NAME_AND_PASSWORD: u8 = 0xc0;

impl MqttGreeting {
    pub fn of(device: &str, token: &str) -> Self {
        let name = device.split('.').next().unwrap_or(device);
        Self {
            client_id: device.into(),
            username: name.into(),
            password: token.into(),
            will: None,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut flags = CLEAN | NAME_AND_PASSWORD;
        let mut texts = vec![self.client_id.as_str()];
        if let Some((topic, message)) = &self.will {
            flags |= WILL_RETAINED;
            texts.extend([topic.as_str(), message]);
        }
        texts.extend([self.username.as_str(), &self.password]);
        let mut body = prefixed(b"MQTT");
        // Protocol level 4, keep-alive of 60 seconds.
        body.extend([4, flags, 0, 60]);
        body.extend(texts.into_iter().flat_map(|text| prefixed(text.as_bytes())));
        packet(CONNECT, &body)
    }
}

impl MqttLine {
    /// Connects to the broker. Return code 0 means accepted.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn open(from: Station, port: u16, greeting: &MqttGreeting) -> io::Result<(u8, Self)> {
        let mut stream = from.connect(port).await?;
        stream.write_all(&greeting.bytes()).await?;
        let mut line = Self {
            stream,
            heard: Vec::new(),
        };
        let (_, answer) = line.packet().await?;
        let code = answer.get(1).copied().ok_or(io::ErrorKind::InvalidData)?;
        Ok((code, line))
    }

    /// Returns the granted QoS, or 0x80 for a refusal.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn subscribe(&mut self, filter: &str) -> io::Result<u8> {
        let mut body = vec![0, 1];
        body.extend(prefixed(filter.as_bytes()));
        body.push(1);
        self.stream.write_all(&packet(SUBSCRIBE, &body)).await?;
        loop {
            let (kind, answer) = self.packet().await?;
            if kind == SUBACK {
                return answer
                    .last()
                    .copied()
                    .ok_or(io::ErrorKind::InvalidData.into());
            }
            self.heard.push(answer);
        }
    }

    /// Publishes at QoS 0, which the broker does not acknowledge.
    ///
    /// # Errors
    /// If the broker has closed the connection.
    pub async fn publish(&mut self, topic: &str, message: &[u8], retain: bool) -> io::Result<()> {
        self.stream
            .write_all(&Self::publication(topic, message, retain))
            .await
    }

    pub fn publication(topic: &str, message: &[u8], retain: bool) -> Vec<u8> {
        let mut body = prefixed(topic.as_bytes());
        body.extend(message);
        packet(if retain { PUBLISH | RETAIN } else { PUBLISH }, &body)
    }

    /// Receives the next message. Acknowledges QoS 1, or the broker would soon stop sending.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn message(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let (kind, message) = self.packet().await?;
            if kind & 0xf0 != PUBLISH {
                continue;
            }
            if kind & LEVEL_1 != 0 {
                let topic = message
                    .first_chunk()
                    .map_or(0, |length| u16::from_be_bytes(*length));
                let id = message
                    .get(usize::from(topic) + 2..)
                    .and_then(<[u8]>::first_chunk::<2>);
                let id = id.ok_or(io::ErrorKind::InvalidData)?;
                self.stream.write_all(&packet(PUBACK, id)).await?;
            }
            return Ok(message);
        }
    }

    /// Reads the next packet: its first byte and the rest.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn packet(&mut self) -> io::Result<(u8, Vec<u8>)> {
        timeout(PATIENCE, async {
            let kind = self.stream.read_u8().await?;
            let mut length = 0;
            for place in 0..4 {
                let byte = self.stream.read_u8().await?;
                length |= usize::from(byte & 0x7f) << (7 * place);
                if byte < 0x80 {
                    break;
                }
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            Ok((kind, body))
        })
        .await?
    }

    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Drops the connection without a DISCONNECT, so that the broker publishes the will.
    pub fn tear(self) {
        drop(self.stream);
    }
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    let mut left = body.len();
    loop {
        let low = u8::try_from(left % 128).unwrap_or_default();
        left /= 128;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}
