//! A thief with an edge's key, who speaks the link protocol by hand with a fabricated log.

use attack::{AttackedPlatform, HttpCall, PATIENCE, Somebody, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use process::{
    clock::Clock,
    seal::SealVerifier,
    tokens::{Signer, edge_token},
};
use serde_json::{Value, json};
use support::eventually;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use wire::{
    Ack, Actor, BootNonce, ChainHead, Code, Command, CommandBody, CommandId, CommandOp, EdgeId,
    FeedChange, Frame, Hash, Hello, LinkSessionId, Op, OpsFrame, OrderId, Quarantine, Region,
    SessionRefusal, UnixMillis, Verdict,
};

pub(crate) const REGION: Region = Region::North;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An edge's key and log. Until the theft, the edge is honest.
pub(crate) struct Thief {
    pub edge: EdgeId,
    pub log: Vec<Vec<u8>>,
    pub feed_cursor: u64,
    feed_generation: u64,
    pub signer: Signer,
    /// Checks the hub's seals up to Welcome. Edges of the first versions check none.
    pub seals: Option<SealVerifier>,
    gateway: u16,
    epoch: u64,
    start: ChainHead,
    nonce: BootNonce,
    sent: usize,
    session: Option<(Socket, LinkSessionId)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Welcome,
    Refused(Code),
    Quarantined,
    /// The connection itself was refused.
    Status(u16),
    HungUp,
}

/// A command as an edge logs it.
pub(crate) struct ThiefEntry {
    pub actor: Actor,
    pub order: OrderId,
    pub token_seq: u64,
    pub received_at: UnixMillis,
}

impl ThiefEntry {
    pub(crate) fn op(&self) -> CommandOp {
        CommandOp {
            command: Command {
                id: CommandId(Clock::system().new_id()),
                body: CommandBody::AcceptOrder {
                    order_id: self.order,
                },
                device: None,
                device_seq: None,
                tapped_at: None,
                trace: None,
            },
            token_seq: self.token_seq,
            actor: self.actor,
            verdict: Verdict::Provisional,
            fence: None,
            received_at: self.received_at,
            policy_version: None,
            rules_version: None,
            revocations_version: None,
            relogged: None,
            cut_off: None,
        }
    }
}

pub(crate) fn new_key() -> Signer {
    Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
}

/// Enrols this key with a code.
pub(crate) async fn enrol(gateway: u16, code: &str, signer: &Signer) -> u16 {
    let public_key = URL_SAFE_NO_PAD.encode(signer.public_key());
    let form = json!({"code": code, "public_key": public_key});
    let call = HttpCall::post("/api/v1/edges/enrol").json(&form);
    Station::fresh().ask(gateway, &call).await.unwrap().status
}

impl Thief {
    /// Enrols a new edge of the region with the thief's key.
    pub(crate) async fn of(platform: &AttackedPlatform, name: &str) -> Self {
        let form = json!({"edge": name, "region": REGION});
        let invitation = HttpCall::post("/api/v1/admin/edges").json(&form);
        let invited = platform.admin().await.done(invitation).await;
        let code = invited["code"].as_str().unwrap().to_owned();
        let signer = new_key();
        let edge = EdgeId::new(name).unwrap();
        assert!(enrol(platform.gateway(), &code, &signer).await < 300);
        Self {
            start: ChainHead::start(&edge),
            edge,
            log: Vec::new(),
            feed_cursor: 0,
            feed_generation: 0,
            signer,
            seals: None,
            gateway: platform.gateway(),
            epoch: 1,
            nonce: BootNonce([9; 16]),
            sent: 0,
            session: None,
        }
    }

    pub(crate) async fn call(&mut self) -> CallEnd {
        self.session = None;
        let mut request = format!("ws://127.0.0.1:{}/link", self.gateway)
            .into_client_request()
            .unwrap();
        let token = edge_token(&self.signer, &self.edge, &Clock::system());
        request
            .headers_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        let mut socket = match connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(answer)) => return CallEnd::Status(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        socket
            .send(Message::Binary(self.hello().to_bytes().into()))
            .await
            .unwrap();
        let first = next(&mut socket).await.map(|frame| match &mut self.seals {
            Some(seals) => seals.verify_frame(frame).unwrap().0,
            None => frame,
        });
        match first {
            Some(Frame::Welcome(welcome)) => {
                if self.feed_generation != welcome.feed_generation {
                    (self.feed_generation, self.feed_cursor) = (welcome.feed_generation, 0);
                }
                self.session = Some((socket, welcome.link_session));
                CallEnd::Welcome
            }
            Some(Frame::Quarantine(given)) => {
                self.begin(&given);
                CallEnd::Quarantined
            }
            Some(Frame::Refused(SessionRefusal { code, .. })) => CallEnd::Refused(code),
            Some(other) => panic!("{other:?}"),
            None => CallEnd::HungUp,
        }
    }

    /// Returns the op's seq.
    pub(crate) fn append(&mut self, op: &Op) -> u64 {
        self.log.push(op.to_bytes());
        self.log.len() as u64
    }

    pub(crate) fn append_token(&mut self, token: &str) -> u64 {
        self.append(&Op::Token {
            token: token.to_owned(),
        })
    }

    pub(crate) async fn send_up(&mut self) {
        let first = self.sent;
        let link_session = self.session.as_ref().unwrap().1;
        self.sent = self.log.len();
        let up = OpsFrame {
            link_session,
            epoch: self.epoch,
            first_seq: first as u64 + 1,
            prev_hash: self.chain_at(first).hash,
            hash: self.chain_at(self.log.len()).hash,
            ops: self.log[first..].iter().cloned().map(Into::into).collect(),
            packed: None,
        };
        self.send(&Frame::Up(up)).await;
    }

    /// Reports the end of the log and the feed cursor, as an edge does every few seconds.
    pub(crate) async fn ack(&mut self) {
        let ack = Ack {
            link_session: self.session.as_ref().unwrap().1,
            outcome_cursor: 0,
            feed_cursor: self.feed_cursor,
            digest: Hash::ZERO,
            ahead: 0,
            pending: 0,
            oldest_pending_at: None,
            edge_now: Clock::system().now(),
            disk_free_bytes: None,
            last_seq: self.log.len() as u64,
            staged: None,
            snapshot: None,
            unproven: None,
            assignment: None,
            clock_error_ms: None,
            newcomers_waiting: None,
            disk: None,
            photos_waiting: None,
        };
        self.send(&Frame::Ack(ack)).await;
    }

    /// Reads the feed until it reports a revoked person.
    pub(crate) async fn read_to_a_revocation(&mut self) {
        let (socket, _) = self.session.as_mut().unwrap();
        let reading = async {
            loop {
                match next(socket).await {
                    Some(Frame::Down(down)) => {
                        self.feed_cursor = down.to;
                        let told = |change: &FeedChange| matches!(change, FeedChange::Revoked { users, .. } if !users.is_empty());
                        if down.changes.iter().any(told) {
                            return;
                        }
                    }
                    Some(_) => {}
                    None => panic!("the hub hung up"),
                }
            }
        };
        timeout(PATIENCE, reading)
            .await
            .expect("the feed tells of nobody");
    }

    pub(crate) async fn until_ended(&mut self) -> CallEnd {
        let (socket, _) = self.session.as_mut().unwrap();
        let listening = async {
            loop {
                match next(socket).await {
                    Some(Frame::Refused(SessionRefusal { code, .. })) => {
                        return CallEnd::Refused(code);
                    }
                    Some(_) => {}
                    None => return CallEnd::HungUp,
                }
            }
        };
        timeout(PATIENCE, listening)
            .await
            .expect("the hub goes on with the session")
    }

    pub(crate) fn hang_up(&mut self) {
        self.session = None;
    }

    /// The hub's record of the op, if any.
    pub(crate) async fn op(&self, admin: &Somebody, seq: u64) -> Option<Value> {
        let path = format!("/api/v1/admin/ops/{}/{}/{seq}", self.edge, self.epoch);
        let answer = admin.ask(HttpCall::get(&path)).await.unwrap();
        (answer.status == 200).then(|| answer.json())
    }

    /// Waits for an op's outcome. Returns its kind and code.
    pub(crate) async fn outcome(&self, admin: &Somebody, seq: u64) -> (String, String) {
        eventually("the op is decided", PATIENCE, async || {
            let outcome = self.op(admin, seq).await?["outcome"]["outcome"].clone();
            let text = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
            outcome["kind"]
                .is_string()
                .then(|| (text("kind"), text("code")))
        })
        .await
    }

    pub(crate) async fn until_state(&self, admin: &Somebody, seq: u64, state: &str) {
        eventually("the op stands there", PATIENCE, async || {
            (self.op(admin, seq).await?["state"] == state).then_some(())
        })
        .await;
    }

    async fn send(&mut self, frame: &Frame) {
        let (socket, _) = self.session.as_mut().unwrap();
        // The hub may have hung up.
        let _sent = socket.send(Message::Binary(frame.to_bytes().into())).await;
    }

    fn begin(&mut self, given: &Quarantine) {
        self.epoch = given.new_epoch;
        self.start = ChainHead::start_renewed_epoch(
            &self.edge,
            given.new_epoch,
            given.grant,
            given.last_accepted,
        );
        self.log.clear();
        self.sent = 0;
    }

    fn chain_at(&self, seq: usize) -> ChainHead {
        self.start
            .append_ops(self.log[..seq].iter().map(Vec::as_slice))
    }

    fn hello(&self) -> Frame {
        let end = self.chain_at(self.log.len());
        Frame::Hello(Hello {
            protocol_min: 1,
            protocol_max: 1,
            edge: self.edge.clone(),
            region: REGION,
            epoch: self.epoch,
            nonce: self.nonce,
            last_seq: end.seq,
            last_hash: end.hash,
            suspect: false,
            feed_generation: self.feed_generation,
            feed_cursor: self.feed_cursor,
            outcome_cursor: 0,
            codec: 0,
            version: "stolen".into(),
            settled: None,
            twin: None,
            snapshots: None,
            staged: None,
            codecs: None,
            challenge: self.seals.as_ref().map(SealVerifier::challenge),
            pinned: None,
            plain_line: None,
            plain_listeners: None,
        })
    }
}

/// The next frame, or `None` once the hub has hung up.
async fn next(socket: &mut Socket) -> Option<Frame> {
    loop {
        let message = timeout(PATIENCE, socket.next()).await;
        match message.expect("the hub says nothing") {
            Some(Ok(Message::Binary(bytes))) => return Frame::from_bytes(&bytes).ok(),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}
