//! Tablets at an edge's broker by hand-written MQTT, and what the edge has stored of their commands.

use process::clock::Clock;
use serde_json::json;
use support::Mqtt;
use wire::{
    CmdFrame, CommandBody, CommandId, DeviceId, EdgeId, Hop, OrderId, Region, Reply, Verdict,
    topics,
};

use crate::{
    AttackedPlatform, HttpCall, MqttGreeting, MqttLine, MqttReason, Somebody, Station, new_frame,
    post_frame,
};

const REGION: Region = Region::North;

/// A connected tablet that listens for replies to its commands and for its person's decisions.
pub struct RawTablet {
    line: MqttLine,
    edge: EdgeId,
    device: DeviceId,
}

/// A command, and a token of the person in whose name it was sent.
#[derive(Clone)]
pub struct SentCommand {
    pub id: CommandId,
    pub token: String,
}

impl RawTablet {
    /// Sends a command at QoS 1. Returns the reason code of the PUBACK.
    ///
    /// # Panics
    /// If there is none.
    pub async fn send(&mut self, frame: &CmdFrame) -> u8 {
        let topic = topics::command_topic(REGION, &self.edge, &self.device);
        self.send_on(&topic, frame).await
    }

    /// Like `send`, on any topic.
    ///
    /// # Panics
    /// If there is no PUBACK.
    pub async fn send_on(&mut self, topic: &str, frame: &CmdFrame) -> u8 {
        let message = serde_json::to_vec(frame).expect("a frame");
        let acknowledged = self.line.publish_acknowledged(topic, &message).await;
        acknowledged.expect("a PUBACK")
    }

    /// Waits for the edge's own reply to a command, or for the decision.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn reply_to(&mut self, command: CommandId, hop: Hop) -> Reply {
        loop {
            let message = match self.line.heard.pop() {
                Some(message) => message,
                None => self.line.message().await.expect("a message"),
            };
            let reply = read_reply(&message);
            if reply.command_id == Some(command) && reply.hop == hop {
                return reply;
            }
        }
    }

    /// Returns all replies that the edge has sent by now and that nothing has read yet.
    ///
    /// # Panics
    /// If the connection has ended.
    pub async fn heard_replies(&mut self) -> Vec<Reply> {
        // The edge sends in order, so everything before its answer is here.
        let topic = topics::reply_topic(REGION, &self.edge, &self.device);
        self.line.subscribe(&topic).await.expect("a SUBACK");
        let heard = std::mem::take(&mut self.line.heard);
        heard.iter().map(|message| read_reply(message)).collect()
    }

    /// Waits until the edge ends the connection, and returns its reason.
    ///
    /// # Panics
    /// If the connection stays open.
    pub async fn await_end(mut self) -> Option<MqttReason> {
        self.line.await_end().await.expect("an end")
    }

    /// Accepts an order for this person, and waits until the cloud has applied it. By then the
    /// cloud also has each command that the edge logged before.
    ///
    /// # Panics
    /// If the acceptance fails.
    pub async fn accept(&mut self, who: &Somebody, order_id: OrderId) -> SentCommand {
        let frame = new_frame(&who.edge_token, CommandBody::AcceptOrder { order_id });
        self.send(&frame).await;
        let stored = self.reply_to(frame.id, Hop::Stored).await;
        assert_eq!(stored.verdict, Verdict::Provisional, "{stored:?}");
        let decided = self.reply_to(frame.id, Hop::Decided).await;
        let outcome = decided.outcome.expect("an outcome");
        assert!(outcome.has_succeeded(), "{outcome:?}");
        SentCommand {
            id: frame.id,
            token: frame.token,
        }
    }
}

/// A topic has no brace, so the first one begins the payload.
fn read_reply(message: &[u8]) -> Reply {
    let start = message.iter().position(|byte| *byte == b'{').unwrap_or(0);
    serde_json::from_slice(&message[start..])
        .unwrap_or_else(|_| panic!("no reply: {}", String::from_utf8_lossy(message)))
}

impl AttackedPlatform {
    /// # Panics
    /// Never: the supervisor names its edges.
    pub fn edge_id(&self) -> EdgeId {
        EdgeId::new(&self.edge().edge).expect("a name")
    }

    /// Connects a person's tablet.
    ///
    /// # Panics
    /// If the edge refuses it.
    pub async fn tablet(&self, who: &Somebody, device: &str, version: Mqtt) -> RawTablet {
        let greeting = MqttGreeting::of(device, &who.edge_token);
        let port = self.edge().mqtt;
        let opened = MqttLine::open_by(version, who.station, port, &greeting).await;
        let (reason, mut line) = opened.expect("an answer");
        assert_eq!(reason.code, 0, "{device}: {}", reason.text);
        let edge = self.edge_id();
        let device = DeviceId::new(device).expect("a name");
        for topic in [
            topics::reply_topic(REGION, &edge, &device),
            topics::provider_topic(REGION, &edge, who.person.user_id),
        ] {
            assert_eq!(line.subscribe(&topic).await.expect("an answer"), 1);
        }
        RawTablet { line, edge, device }
    }

    /// Asserts that neither the edge nor the cloud has stored any of the refused commands. The
    /// cloud has applied the witness, which was sent after them, and both must know it.
    ///
    /// # Panics
    /// If one of them is stored.
    pub async fn has_stored_none(
        &self,
        admin: &Somebody,
        refused: &[SentCommand],
        witness: &SentCommand,
    ) {
        assert!(self.is_at_edge(witness).await, "the edge has the witness");
        assert!(
            self.is_in_cloud(admin, witness).await,
            "and so has the cloud"
        );
        for command in refused {
            assert!(
                !self.is_at_edge(command).await,
                "at the edge: {}",
                command.id
            );
            let in_cloud = self.is_in_cloud(admin, command).await;
            assert!(!in_cloud, "in the cloud: {}", command.id);
        }
    }

    /// Sends another body under the same id: the edge refuses it by that id if it has stored the
    /// command, even if the person is revoked meanwhile.
    async fn is_at_edge(&self, command: &SentCommand) -> bool {
        let order_id = OrderId(Clock::system().new_id());
        let probe = CmdFrame {
            id: command.id,
            ..new_frame(&command.token, CommandBody::AcceptOrder { order_id })
        };
        let answer = Station::fresh()
            .ask(self.edge().http, &post_frame(&probe))
            .await
            .expect("an answer");
        let shown = answer.json();
        // A problem carries the reply.
        let reply = shown.get("reply").unwrap_or(&shown);
        assert_eq!(reply["verdict"], json!("not_taken"), "{shown}");
        reply["code"] == json!("command_id_reused")
    }

    async fn is_in_cloud(&self, admin: &Somebody, command: &SentCommand) -> bool {
        let path = format!("/api/v1/admin/commands/{}", command.id);
        let list = admin.done(HttpCall::get(&path)).await;
        !list["items"].as_array().expect("a list").is_empty()
    }
}
