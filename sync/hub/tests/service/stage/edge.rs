//! A scripted edge.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use process::{
    clock::Clock,
    seal::SealVerifier,
    tokens::{Signer, edge_token},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest},
};
use wire::{
    Ack, BootNonce, ChainHead, Code, EdgeId, FeedChange, ForwardedAcceptFrame, Frame, FrameProof,
    Hash, HeldReason, Hello, LinkSessionId, MessageMark, MessagesAnswerFrame, MessagesQueryFrame,
    NumberedOutcome, OpsFrame, OrderId, PhotoAnswer, PhotoAnswerFrame, PhotoChunkFrame, Probe,
    ProbeReply, Quarantine, Region, SessionRefusal, Welcome,
};

use super::{PATIENCE, Replica};

pub(crate) struct Edge {
    pub id: EdgeId,
    pub region: Region,
    pub nonce: BootNonce,
    pub epoch: u64,
    /// The start of its epoch's chain.
    pub start: ChainHead,
    pub suspect: bool,
    /// Packs ops. The previous edge version cannot.
    pub packs: bool,
    /// Checks the hub's seals in the next session. The previous edge version does not.
    pub seals: Option<SealVerifier>,
    pub pinned: bool,
    pub plain_line: bool,
    pub plain_listeners: bool,
    pub settled: Option<ChainHead>,
    pub log: Vec<Vec<u8>>,
    pub outcomes: Vec<NumberedOutcome>,
    pub changes: Vec<FeedChange>,
    /// The held notices it received.
    pub held: Vec<(u64, HeldReason)>,
    /// The accepts it was asked to log.
    pub asks: Vec<ForwardedAcceptFrame>,
    /// The answers to its chunks of photos.
    pub photo_answers: Vec<PhotoAnswerFrame>,
    /// The answers to its questions for messages.
    pub message_answers: Vec<MessagesAnswerFrame>,
    pub feed_cursor: u64,
    pub feed_generation: u64,
    pub cursor: u64,
    pub signer: Signer,
    clock: Clock,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    link_session: Option<LinkSessionId>,
}

impl Edge {
    pub(crate) fn new(name: &str, region: Region, signer: Signer, clock: Clock) -> Self {
        let id = EdgeId::new(name).unwrap();
        Self {
            start: ChainHead::start(&id),
            id,
            region,
            nonce: BootNonce([1; 16]),
            epoch: 1,
            suspect: false,
            packs: false,
            seals: None,
            pinned: false,
            plain_line: false,
            plain_listeners: false,
            settled: None,
            log: Vec::new(),
            outcomes: Vec::new(),
            changes: Vec::new(),
            held: Vec::new(),
            asks: Vec::new(),
            photo_answers: Vec::new(),
            message_answers: Vec::new(),
            feed_cursor: 0,
            feed_generation: 0,
            cursor: 0,
            signer,
            clock,
            socket: None,
            link_session: None,
        }
    }

    /// A second run of the same edge.
    pub(crate) fn twin(&self, nonce: u8) -> Self {
        let signer = self.signer.clone();
        let mut twin = Self::new(self.id.as_str(), self.region, signer, self.clock.clone());
        twin.nonce = BootNonce([nonce; 16]);
        twin.log = self.log.clone();
        twin
    }

    pub(crate) fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.signer.public_key())
    }

    pub(crate) fn link_session(&self) -> LinkSessionId {
        self.link_session.expect("a session")
    }

    pub(crate) fn chain_at(&self, seq: usize) -> ChainHead {
        self.start
            .append_ops(self.log[..seq].iter().map(Vec::as_slice))
    }

    /// Connects and sends Hello, without reading the answer.
    pub(crate) async fn call(&mut self, replica: &Replica) -> Result<(), Box<tungstenite::Error>> {
        let token = edge_token(&self.signer, &self.id, &self.clock);
        self.connect(replica, &token).await?;
        self.send(&Frame::Hello(self.hello())).await;
        Ok(())
    }

    pub(crate) fn hello(&self) -> Hello {
        let end = self.chain_at(self.log.len());
        Hello {
            protocol_min: 1,
            protocol_max: 1,
            edge: self.id.clone(),
            region: self.region,
            epoch: self.epoch,
            nonce: self.nonce,
            last_seq: end.seq,
            last_hash: end.hash,
            suspect: self.suspect,
            feed_generation: self.feed_generation,
            feed_cursor: self.feed_cursor,
            outcome_cursor: self.outcomes.len() as u64,
            codec: 0,
            version: "scripted".into(),
            settled: self.settled,
            twin: None,
            snapshots: None,
            staged: None,
            codecs: self.packs.then(|| vec![wire::CODEC_PACKED]),
            challenge: self.seals.as_ref().map(SealVerifier::challenge),
            pinned: self.pinned.then_some(true),
            plain_line: self.plain_line.then_some(true),
            plain_listeners: self.plain_listeners.then_some(true),
        }
    }

    pub(crate) async fn connect(
        &mut self,
        replica: &Replica,
        token: &str,
    ) -> Result<(), Box<tungstenite::Error>> {
        let mut request = format!("ws://{}/link", replica.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request)
            .await
            .map_err(Box::new)?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Connects and is welcomed.
    pub(crate) async fn open(&mut self, replica: &Replica) -> Welcome {
        self.call(replica).await.unwrap();
        match self.next().await {
            Some(Frame::Welcome(welcome)) => {
                self.link_session = Some(welcome.link_session);
                if self.feed_generation != welcome.feed_generation {
                    self.feed_generation = welcome.feed_generation;
                    self.feed_cursor = 0;
                }
                self.cursor = welcome.cursor;
                welcome
            }
            other => panic!("no welcome but {other:?}"),
        }
    }

    /// Connects and returns the refusal.
    pub(crate) async fn refused(&mut self, replica: &Replica) -> Code {
        self.call(replica).await.unwrap();
        self.until_refused().await
    }

    pub(crate) async fn until_refused(&mut self) -> Code {
        loop {
            match self.next().await {
                Some(Frame::Refused(SessionRefusal { code, .. })) => return code,
                Some(frame) => self.take(frame),
                None => panic!("the hub hung up without a word"),
            }
        }
    }

    /// Connects and reads the whole quarantine: all parts with their ops.
    pub(crate) async fn confined(&mut self, replica: &Replica) -> (Quarantine, Vec<Vec<u8>>) {
        self.call(replica).await.unwrap();
        self.confinement().await
    }

    /// Reads the whole quarantine that answers its Hello.
    pub(crate) async fn confinement(&mut self) -> (Quarantine, Vec<Vec<u8>>) {
        let mut tail = Vec::new();
        loop {
            let Some(Frame::Quarantine(frame)) = self.next().await else {
                panic!("no quarantine")
            };
            assert_eq!((frame.old_epoch, frame.old_nonce), (self.epoch, self.nonce));
            tail.extend(frame.tail.iter().map(|op| op.to_vec()));
            if frame.part.is_none_or(|part| !part.more) {
                return (frame, tail);
            }
        }
    }

    /// Starts the granted epoch with an empty log.
    pub(crate) fn begin(&mut self, given: &Quarantine) {
        self.epoch = given.new_epoch;
        self.start = ChainHead::start_renewed_epoch(
            &self.id,
            given.new_epoch,
            given.grant,
            given.last_accepted,
        );
        (self.suspect, self.settled, self.cursor) = (false, None, 0);
        self.log.clear();
        self.outcomes.clear();
    }

    /// Reads and answers probes until the hub hangs up.
    pub(crate) async fn live(&mut self) {
        while let Some(frame) = self.next().await {
            match frame {
                Frame::Probe(Probe {
                    link_session,
                    number,
                }) => {
                    self.send(&Frame::Alive(ProbeReply {
                        link_session,
                        number,
                    }))
                    .await;
                }
                frame => self.take(frame),
            }
        }
    }

    /// Reads until the hub probes it, without answering.
    pub(crate) async fn until_probed(&mut self) -> Probe {
        loop {
            match self.next().await {
                Some(Frame::Probe(probe)) => return probe,
                Some(frame) => self.take(frame),
                None => panic!("the hub hung up"),
            }
        }
    }

    /// Sends a chunk and returns its answer.
    pub(crate) async fn send_photo(&mut self, chunk: &PhotoChunkFrame) -> PhotoAnswer {
        let answered = self.photo_answers.len();
        self.send(&Frame::PhotoChunk(chunk.clone())).await;
        self.until(|edge| edge.photo_answers.len() > answered).await;
        let frame = &self.photo_answers[answered];
        assert_eq!(frame.link_session, self.link_session());
        assert_eq!(
            (frame.command_id, frame.hash),
            (chunk.command_id, chunk.photo.hash)
        );
        frame.answer
    }

    pub(crate) async fn ask_for_messages(&mut self, marks: &[MessageMark]) {
        self.send(&Frame::MessagesQuery(MessagesQueryFrame {
            link_session: self.link_session(),
            marks: marks.to_vec(),
            photo: None,
        }))
        .await;
    }

    /// Asks and returns the answer.
    pub(crate) async fn hear_messages(&mut self, marks: &[MessageMark]) -> MessagesAnswerFrame {
        let answered = self.message_answers.len();
        self.ask_for_messages(marks).await;
        self.until(|edge| edge.message_answers.len() > answered)
            .await;
        self.message_answers[answered].clone()
    }

    /// Drops the connection without a close frame.
    pub(crate) fn vanish(&mut self) {
        self.socket = None;
    }

    pub(crate) async fn send(&mut self, frame: &Frame) {
        let bytes = frame.to_bytes();
        self.send_message(Message::Binary(bytes.into())).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        // An edge notices a closed connection only when it reads.
        let _ = self.socket.as_mut().expect("connected").send(message).await;
    }

    /// Sends ops `first..first + count` of the log.
    pub(crate) async fn up(&mut self, first: usize, count: usize) {
        let up = self.frame(first, count);
        let up = if self.packs { up.into_packed() } else { up };
        self.send(&Frame::Up(up)).await;
    }

    pub(crate) fn frame(&self, first: usize, count: usize) -> OpsFrame {
        let ops = self.log[first - 1..first - 1 + count]
            .iter()
            .cloned()
            .map(Into::into)
            .collect();
        OpsFrame {
            link_session: self.link_session(),
            epoch: self.epoch,
            first_seq: first as u64,
            prev_hash: self.chain_at(first - 1).hash,
            hash: self.chain_at(first - 1 + count).hash,
            ops,
            packed: None,
        }
    }

    pub(crate) async fn ack(&mut self, digest: Hash) {
        self.acks(digest, 0).await;
    }

    /// Sends an ack with this many orders ahead of the feed.
    pub(crate) async fn acks(&mut self, digest: Hash, ahead: u32) {
        let ack = Ack {
            link_session: self.link_session(),
            outcome_cursor: self.outcomes.len() as u64,
            feed_cursor: self.feed_cursor,
            digest,
            ahead,
            pending: u32::try_from(self.log.len() - self.outcomes.len()).unwrap(),
            oldest_pending_at: None,
            edge_now: self.clock.now(),
            disk_free_bytes: Some(1 << 30),
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

    /// The next frame; `None` if the hub has hung up.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let socket = self.socket.as_mut().expect("connected");
        loop {
            let message = tokio::time::timeout(PATIENCE, socket.next()).await;
            match message.expect("the hub says nothing") {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = Frame::from_bytes(&bytes).unwrap();
                    let Some(seals) = &mut self.seals else {
                        return Some(frame);
                    };
                    let (frame, proof) = seals.verify_frame(frame).unwrap();
                    assert_eq!(proof, FrameProof::Signed, "{frame:?}");
                    return Some(frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads until the condition holds.
    pub(crate) async fn until(&mut self, wish: impl Fn(&Self) -> bool) {
        while !wish(self) {
            match self.next().await {
                Some(frame) => self.take(frame),
                None => panic!("the hub hung up"),
            }
        }
    }

    /// The seqs with an outcome, in the order of the outcomes.
    pub(crate) fn outcome_seqs(&self) -> Vec<u64> {
        self.outcomes.iter().map(|outcome| outcome.seq).collect()
    }

    pub(crate) async fn until_outcomes(&mut self, count: usize) {
        self.until(|edge| edge.outcomes.len() >= count).await;
    }

    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Credit(credit) => self.cursor = credit.cursor,
            Frame::Held(notice) => self.held.push((notice.seq, notice.reason)),
            Frame::Ask(ask) => self.asks.push(ask),
            Frame::PhotoAnswer(answer) => self.photo_answers.push(answer),
            Frame::MessagesAnswer(answer) => self.message_answers.push(answer),
            Frame::Outcomes(frame) => {
                assert_eq!(
                    frame.from,
                    self.outcomes.len() as u64,
                    "outcomes leave no gap"
                );
                assert_eq!(Some(frame.link_session), self.link_session);
                self.outcomes.extend(frame.outcomes);
                assert_eq!(frame.to, self.outcomes.len() as u64);
            }
            Frame::Down(frame) => {
                assert_eq!(frame.from, self.feed_cursor, "the feed leaves no gap");
                self.feed_cursor = frame.to;
                self.changes.extend(frame.changes);
            }
            // This run hangs: it does not answer.
            Frame::Probe(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    /// The digest of the orders from the feed.
    pub(crate) fn digest(&self) -> Hash {
        let mut newest = std::collections::HashMap::new();
        for change in &self.changes {
            if let FeedChange::Order(order) = change {
                newest.insert(order.id, order.compute_digest());
            }
        }
        let mut digest = Hash::ZERO;
        newest
            .values()
            .for_each(|member| digest.toggle_member(*member));
        digest
    }

    pub(crate) fn orders(&self) -> Vec<(OrderId, u64)> {
        let order = |change: &FeedChange| match change {
            FeedChange::Order(order) => Some((order.id, order.version)),
            _ => None,
        };
        self.changes.iter().filter_map(order).collect()
    }
}
