//! The hub's side of one link session, and the decisions on the ops that it brings.

use std::sync::atomic::Ordering;

use axum::extract::ws::{Message, WebSocket};
use process::seal::FrameSealer;
use wire::{
    Action, ChainHead, ChangesFrame, Code, CommandBody, Credit, EdgeId, FeedChange, Frame, Hello,
    LinkLimits, LinkSessionId, NumberedOutcome, Op, Order, Outcome, OutcomeKind, OutcomesFrame,
    PhotoAnswerFrame, Probe, SessionRefusal, Source, UnixMillis, Welcome,
};

use super::{Cloud, GENERATION, Stored, messages::answer_messages_query, photos::take_photo_chunk};

const LIMITS: LinkLimits = LinkLimits {
    batch_ops_max: 200,
    batch_bytes_max: 100_000,
    credit_ops: 1_000,
    credit_bytes: 1_000_000,
};

pub(super) struct TestHubSession {
    cloud: Cloud,
    socket: WebSocket,
    link_session: Option<LinkSessionId>,
    outcomes: u64,
    feed: u64,
    sealer: Option<FrameSealer>,
}

impl TestHubSession {
    pub(super) fn new(cloud: Cloud, socket: WebSocket) -> Self {
        Self {
            cloud,
            socket,
            link_session: None,
            outcomes: 0,
            feed: 0,
            sealer: None,
        }
    }

    pub(super) async fn run(&mut self) -> Option<()> {
        let cloud = self.cloud.clone();
        let mut gate = cloud.0.gate.subscribe();
        loop {
            let term = self
                .link_session
                .map_or(u64::MAX, |link_session| link_session.term);
            if term <= cloud.0.frozen.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let changed = cloud.0.changed.notified();
            self.send_down().await?;
            tokio::select! {
                message = self.socket.recv() => {
                    match message?.ok()? {
                        // A cut holds from the moment it is made: of two ready arms, any may come first.
                        Message::Binary(_) if !*gate.borrow() => {}
                        Message::Binary(bytes) => {
                            let on_line = count_on_line(bytes.len());
                            cloud.with(|state| state.heard_bytes += on_line);
                            self.hear(Frame::from_bytes(&bytes).unwrap()).await?;
                        }
                        Message::Ping(_) => {
                            cloud.0.pings.fetch_add(1, Ordering::SeqCst);
                        }
                        _ => {}
                    }
                }
                () = changed => {}
                () = async { let _ = gate.wait_for(|open| !open).await.map(drop); } => {
                    let detail = "closed by an operator".into();
                    self.send(Frame::Refused(SessionRefusal { code: Code::GateClosed, detail })).await?;
                    return None;
                }
            }
        }
    }

    async fn hear(&mut self, frame: Frame) -> Option<()> {
        match frame {
            Frame::Hello(hello) => self.welcome(hello).await,
            Frame::Up(up) => {
                assert_eq!(Some(up.link_session), self.link_session);
                let packed = usize::from(up.packed.is_some());
                self.cloud.with(|state| {
                    state.packed += packed;
                    assert!(
                        packed == 0 || state.codec.is_some(),
                        "packed without being asked"
                    );
                });
                let up = up
                    .into_unpacked(LIMITS.batch_ops_max, LIMITS.batch_bytes_max)
                    .unwrap();
                let now = self.cloud.now();
                let (cursor, feed_seq) = self
                    .cloud
                    .with(|state| (store(state, &up, now), state.feed.len() as u64));
                let LinkLimits {
                    credit_ops: ops,
                    credit_bytes: bytes,
                    ..
                } = LIMITS;
                self.send(Frame::Credit(Credit {
                    link_session: up.link_session,
                    cursor,
                    ops,
                    bytes,
                    feed_seq: Some(feed_seq),
                }))
                .await
            }
            Frame::Ack(ack) => {
                self.cloud.with(|state| state.acks.push(ack));
                Some(())
            }
            Frame::CertificateRequest(request) => {
                self.cloud
                    .with(|state| state.certificate_requests.push(request));
                Some(())
            }
            Frame::PhotoChunk(chunk) => {
                assert_eq!(Some(chunk.link_session), self.link_session);
                let link_session = chunk.link_session;
                let command_id = chunk.command_id;
                let hash = chunk.photo.hash;
                let answer = self.cloud.with(|state| take_photo_chunk(state, chunk));
                let Some(answer) = answer else {
                    return Some(());
                };
                let frame = PhotoAnswerFrame {
                    link_session,
                    command_id,
                    hash,
                    answer,
                };
                self.send(Frame::PhotoAnswer(frame)).await
            }
            Frame::MessagesQuery(query) => {
                assert_eq!(Some(query.link_session), self.link_session);
                let answer = self.cloud.with(|state| answer_messages_query(state, query));
                match answer {
                    Some(answer) => self.send(Frame::MessagesAnswer(answer)).await,
                    None => Some(()),
                }
            }
            Frame::Alive(alive) => {
                assert_eq!(Some(alive.link_session), self.link_session);
                self.cloud.with(|state| state.alive.push(alive.number));
                Some(())
            }
            other => panic!("an edge does not send {}", other.kind()),
        }
    }

    async fn welcome(&mut self, hello: Hello) -> Option<()> {
        let key = self.cloud.with(|state| state.hub_key.clone());
        let sealer = |(key, challenge)| FrameSealer::new(key, hello.edge.clone(), challenge);
        self.sealer = key.zip(hello.challenge).map(sealer);
        let start = ChainHead::start(&hello.edge);
        let (cursor, term, codec) = self.cloud.with(|state| {
            state.term += 1;
            state.hellos.push(hello.clone());
            (*state.cursor.get_or_insert(start), state.term, state.codec)
        });
        self.outcomes = hello.outcome_cursor;
        self.feed = if hello.feed_generation == GENERATION {
            hello.feed_cursor
        } else {
            0
        };
        let link_session = LinkSessionId {
            term,
            nonce: hello.nonce,
        };
        self.link_session = Some(link_session);
        self.send(Frame::Welcome(Welcome {
            protocol: 1,
            link_session,
            cursor: cursor.seq,
            cursor_hash: cursor.hash,
            feed_generation: GENERATION,
            limits: LIMITS,
            cloud_now: self.cloud.now(),
            snapshot: None,
            codec,
            photos: self.cloud.with(|state| state.photos.takes()),
            messages: self.cloud.with(|state| state.messages.tells()),
        }))
        .await
    }

    async fn send_down(&mut self) -> Option<()> {
        let Some(link_session) = self.link_session else {
            return Some(());
        };
        let (outcomes, changes) = self.cloud.with(|state| {
            let after = |n: u64| usize::try_from(n).unwrap();
            (
                state.outcomes[after(self.outcomes)..].to_vec(),
                state.feed[after(self.feed)..].to_vec(),
            )
        });
        let interjections = self
            .cloud
            .with(|state| std::mem::take(&mut state.interjections));
        for frame in interjections {
            self.send(frame).await?;
        }
        let forgeries = self
            .cloud
            .with(|state| std::mem::take(&mut state.forgeries));
        for frame in forgeries {
            self.send_bytes(&frame).await?;
        }
        if !outcomes.is_empty() {
            let from = self.outcomes;
            self.outcomes += outcomes.len() as u64;
            let to = self.outcomes;
            let frame = OutcomesFrame {
                link_session,
                epoch: 1,
                from,
                to,
                outcomes,
            };
            self.send(Frame::Outcomes(frame)).await?;
        }
        if !changes.is_empty() {
            let from = self.feed;
            self.feed += changes.len() as u64;
            self.send(Frame::Down(ChangesFrame {
                link_session,
                from,
                to: self.feed,
                changes,
            }))
            .await?;
        }
        if let Some(number) = self.cloud.with(|state| state.probe.take()) {
            self.send(Frame::Probe(Probe {
                link_session,
                number,
            }))
            .await?;
        }
        Some(())
    }

    async fn send(&mut self, frame: Frame) -> Option<()> {
        let frame = match &mut self.sealer {
            Some(sealer) => sealer.seal_frame(&frame),
            None => frame,
        };
        self.send_bytes(&frame).await
    }

    async fn send_bytes(&mut self, frame: &Frame) -> Option<()> {
        self.socket
            .send(Message::Binary(frame.to_bytes().into()))
            .await
            .ok()
    }
}

/// The bytes of a frame that a WebSocket client sends, with its header and mask.
fn count_on_line(bytes: usize) -> u64 {
    let header = match bytes {
        0..126 => 6,
        126..65_536 => 8,
        _ => 14,
    };
    bytes as u64 + header
}

/// Stores and decides ops that continue the cursor.
fn store(state: &mut Stored, up: &wire::OpsFrame, now: UnixMillis) -> u64 {
    let mut cursor = state.cursor.unwrap();
    assert_eq!(
        (up.first_seq, up.prev_hash),
        (cursor.seq + 1, cursor.hash),
        "no gap, one chain"
    );
    for bytes in &up.ops {
        cursor = cursor.append_op(bytes);
        let op = Op::from_bytes(bytes).unwrap();
        decide(state, cursor.seq, &op, now);
        state.ops.push(op);
        state.arrivals.push(now);
    }
    assert_eq!(up.hash, cursor.hash);
    state.cursor = Some(cursor);
    cursor.seq
}

fn decide(state: &mut Stored, seq: u64, op: &Op, now: UnixMillis) {
    let (command_id, outcome) = match op {
        Op::Command(op) => (Some(op.command.id), outcome(state, op, now)),
        _ => (None, plain()),
    };
    let number = state.outcomes.len() as u64 + 1;
    state.outcomes.push(NumberedOutcome {
        number,
        seq,
        command_id,
        outcome,
    });
}

fn outcome(state: &mut Stored, op: &wire::CommandOp, now: UnixMillis) -> Outcome {
    if let CommandBody::PublishOrder { order_id, order } = &op.command.body {
        let source = Source::Edge(EdgeId::new("north-1").unwrap());
        let order = Order::new_published(*order_id, order.clone(), op.actor.user_id, now, source);
        state.orders.insert(*order_id, order.clone());
        state.feed.push(FeedChange::Order(order.clone()));
        return Outcome::new_applied(order, now);
    }
    let Some(order) = state.orders.get_mut(&op.command.body.order_id()) else {
        return Outcome::new_rejected(Code::OrderNotFound, None, now);
    };
    let next = op
        .command
        .body
        .order_action()
        .and_then(|action| order.status.next_status(action));
    let Some(next) = next else {
        return Outcome::new_rejected(Code::OrderAlreadyAccepted, Some(order.clone()), now);
    };
    order.status = next;
    order.version += 1;
    if op.command.body.order_action() == Some(Action::Accept) {
        order.provider_id = Some(op.actor.user_id);
    }
    let order = order.clone();
    state.feed.push(FeedChange::Order(order.clone()));
    Outcome::new_applied(order, now)
}

fn plain() -> Outcome {
    let kind = OutcomeKind::Applied;
    let decided_at = UnixMillis(0);
    Outcome::new_plain(kind, decided_at)
}
