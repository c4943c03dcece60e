//! Hand-written MQTT, so that an attack can send packets that no client would.

use std::io;

use support::Mqtt;
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
    version: Mqtt,
    /// Bodies of the PUBLISH packets that arrived while waiting for another packet.
    pub heard: Vec<Vec<u8>>,
}

/// A reason code, and in version 5 the reason string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttReason {
    pub code: u8,
    pub text: String,
}

const CONNECT: u8 = 0x10;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const PUBACK: u8 = 0x40;
const DISCONNECT: u8 = 0xe0;
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

    /// The CONNECT packet of version 3.1.1.
    pub fn bytes(&self) -> Vec<u8> {
        self.packet_of(Mqtt::V311)
    }

    fn packet_of(&self, version: Mqtt) -> Vec<u8> {
        let mut flags = CLEAN | NAME_AND_PASSWORD;
        let mut fields = prefixed(self.client_id.as_bytes());
        if let Some((topic, message)) = &self.will {
            flags |= WILL_RETAINED;
            fields.extend(no_properties(version));
            fields.extend(prefixed(topic.as_bytes()));
            fields.extend(prefixed(message.as_bytes()));
        }
        fields.extend(prefixed(self.username.as_bytes()));
        fields.extend(prefixed(self.password.as_bytes()));
        let level = match version {
            Mqtt::V311 => 4,
            Mqtt::V5 => 5,
        };
        let mut body = prefixed(b"MQTT");
        // Keep-alive of 60 seconds.
        body.extend([level, flags, 0, 60]);
        body.extend(no_properties(version));
        body.extend(fields);
        packet(CONNECT, &body)
    }
}

impl MqttLine {
    /// Connects to the broker by version 3.1.1. Return code 0 means accepted.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn open(from: Station, port: u16, greeting: &MqttGreeting) -> io::Result<(u8, Self)> {
        let (reason, line) = Self::open_by(Mqtt::V311, from, port, greeting).await?;
        Ok((reason.code, line))
    }

    /// Connects to the broker by that version. Code 0 means accepted.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn open_by(
        version: Mqtt,
        from: Station,
        port: u16,
        greeting: &MqttGreeting,
    ) -> io::Result<(MqttReason, Self)> {
        let mut stream = from.connect(port).await?;
        stream.write_all(&greeting.packet_of(version)).await?;
        let mut line = Self {
            stream,
            version,
            heard: Vec::new(),
        };
        let (_, answer) = line.packet().await?;
        // The first byte has flags.
        let answer = answer.get(1..).ok_or(io::ErrorKind::InvalidData)?;
        Ok((MqttReason::read(answer)?, line))
    }

    /// Returns the granted QoS, or 0x80 for a refusal.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn subscribe(&mut self, filter: &str) -> io::Result<u8> {
        let mut body = vec![0, 1];
        body.extend(no_properties(self.version));
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

    /// Publishes at QoS 1. Returns the reason code of the PUBACK, which is always 0 in version
    /// 3.1.1.
    ///
    /// # Errors
    /// If the broker closes the connection or stays silent.
    pub async fn publish_acknowledged(&mut self, topic: &str, message: &[u8]) -> io::Result<u8> {
        const PACKET_ID: [u8; 2] = [0, 7];
        let mut body = prefixed(topic.as_bytes());
        body.extend(PACKET_ID);
        body.extend(no_properties(self.version));
        body.extend(message);
        self.stream
            .write_all(&packet(PUBLISH | LEVEL_1, &body))
            .await?;
        loop {
            let (kind, answer) = self.packet().await?;
            if kind == PUBACK {
                return Ok(answer.get(PACKET_ID.len()).copied().unwrap_or_default());
            }
            if kind & 0xf0 == PUBLISH {
                self.acknowledge(kind, &answer).await?;
                self.heard.push(answer);
            }
        }
    }

    /// Waits for the end of the connection. Returns the reason of a DISCONNECT, which only version
    /// 5 has.
    ///
    /// # Errors
    /// If the broker leaves the connection open.
    pub async fn await_end(&mut self) -> io::Result<Option<MqttReason>> {
        let mut reason = None;
        loop {
            match self.packet().await {
                Ok((DISCONNECT, body)) => reason = Some(MqttReason::read(&body)?),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                Err(_) => return Ok(reason),
            }
        }
    }

    /// Publishes at QoS 0 and by version 3.1.1, without an acknowledgement.
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
            self.acknowledge(kind, &message).await?;
            return Ok(message);
        }
    }

    async fn acknowledge(&mut self, kind: u8, message: &[u8]) -> io::Result<()> {
        if kind & LEVEL_1 == 0 {
            return Ok(());
        }
        let topic = message
            .first_chunk()
            .map_or(0, |length| u16::from_be_bytes(*length));
        let id = message
            .get(usize::from(topic) + 2..)
            .and_then(<[u8]>::first_chunk::<2>);
        let id = id.ok_or(io::ErrorKind::InvalidData)?;
        self.stream.write_all(&packet(PUBACK, id)).await
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

impl MqttReason {
    /// Reads a code, and in version 5 the properties, of which the broker's only text is the reason
    /// string.
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let code = bytes.first().copied().ok_or(io::ErrorKind::InvalidData)?;
        // The length of all properties has a second byte from 128 on. The identifier and the
        // length of the text follow.
        let has_second = bytes.get(1).is_some_and(|low| low & 0x80 != 0);
        let start = 5 + usize::from(has_second);
        // An accepted CONNECT gets limits instead.
        let text = match bytes.get(start..) {
            Some(text) if code != 0 => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        Ok(Self { code, text })
    }

    /// The beginning of the reason string, before its sentence.
    pub fn name(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }
}

/// The empty properties of a packet of version 5.
fn no_properties(version: Mqtt) -> &'static [u8] {
    match version {
        Mqtt::V311 => &[],
        Mqtt::V5 => &[0],
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
