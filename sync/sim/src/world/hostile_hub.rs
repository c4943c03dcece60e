//! The hostile replica: puts forged frames on an edge's line, and answers calls in the hub's place.
//!
//! It sees everything on the line, so it has each session's id and the edge's cursors. It
//! only lacks the signing key.

use std::collections::BTreeMap;

use wire::{
    Amount, ChangesFrame, Code, Command, CommandBody, Credit, FeedChange, ForwardedAcceptFrame,
    Frame, Hash, HeldNotice, HeldReason, LinkSessionId, NumberedOutcome, Order, OrderStatus,
    Outcome, OutcomesFrame, PROTOCOL_MAX, Policy, Probe, Quarantine, QuarantineWhy,
    RegionAssignment, ResendRequest, SessionRefusal, SnapshotChunk, SnapshotPart, Welcome,
    open_digest, snapshot_hash, snapshot_start,
};

use super::{Packet, World, WorldEvent};
use crate::{
    cast::{self, STRANGER},
    cloud::at,
    edge::HubKnowledge,
    oracle::hostile_hub::{FORGED, forged_at, forged_command},
    plan::{Forgery, Side, StepKind},
    tokens,
};

/// Copied hub frames that it keeps for each edge.
const COPIES_MAX: usize = 24;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Default)]
pub(crate) struct HostileHub {
    pub is_there: bool,
    /// Its forgery for a machine's next call.
    waits: BTreeMap<usize, (Forgery, u64)>,
    /// Hub frames by machine, each with its connection.
    copied: BTreeMap<usize, Vec<(usize, Frame)>>,
    keyless_until: BTreeMap<usize, u64>,
}

impl World {
    pub(crate) fn hostile_hub_settles(&mut self) {
        let forges = |step: &crate::plan::Step| matches!(step.what, StepKind::Forges { .. });
        self.hostile.is_there = self.plan.steps.iter().any(forges);
    }

    /// An earlier version enrolled this edge over a plain line. Its operator has yet to set the
    /// key.
    pub(crate) fn is_keyless_for(&mut self, m: usize, lasts_ms: u64) {
        self.hostile.keyless_until.insert(m, self.now + lasts_ms);
    }

    /// This machine's trust in its hub as a session begins.
    pub(crate) fn knows_its_hub(&self, m: usize) -> HubKnowledge {
        let keyless = self
            .hostile
            .keyless_until
            .get(&m)
            .is_some_and(|until| *until > self.now);
        match cast::is_older(m) {
            true => HubKnowledge::Unchecked,
            false if keyless && !self.has_healed => HubKnowledge::NoKey,
            false => HubKnowledge::Key,
        }
    }

    /// Forges on the line of an open session, or at the next call, which it provokes.
    pub(crate) fn forges(&mut self, m: usize, what: Forgery, pick: u64) {
        let link = self.edges[m].link.as_ref();
        let open = link.filter(|link| link.machine.is_open() && self.net.is_hubs(link.conn));
        let open = open.and_then(|link| Some((link.conn, link.knows, link.link_session?)));
        match open.filter(|_| !what.greets() && pick.is_multiple_of(2)) {
            Some((_, HubKnowledge::NoKey, _)) if !what.hurts_without_a_key() => {}
            Some((conn, _, link_session)) => self.says(conn, m, link_session, what, pick),
            None => {
                self.hostile.waits.insert(m, (what, pick));
                self.cut(m);
            }
        }
    }

    /// Returns true if it takes this machine's call.
    pub(crate) fn hostile_takes_call(&self, m: usize) -> bool {
        self.hostile.waits.contains_key(&m) && !self.has_healed
    }

    pub(crate) fn hostile_hub_hears(&mut self, conn: usize, packet: &Packet) {
        let m = self.net.conns[conn].edge;
        let Packet::Frame { bytes, .. } = packet else {
            return;
        };
        let Ok(Frame::Hello(hello)) = Frame::from_bytes(bytes) else {
            return;
        };
        let Some((what, pick)) = self.hostile.waits.remove(&m) else {
            return;
        };
        let link_session = LinkSessionId {
            term: FORGED,
            nonce: hello.nonce,
        };
        let knows = self.edges[m].link.as_ref().map(|link| link.knows);
        let believed = knows == Some(HubKnowledge::NoKey) && !what.hurts_without_a_key();
        if !believed {
            let begins = what != Forgery::Twin && what != Forgery::Replay && !what.greets();
            if begins {
                let welcome = self.welcome(m, link_session);
                self.sends_forged(conn, &Frame::Welcome(welcome));
            }
            self.says(conn, m, link_session, what, pick);
        }
        // Its line does not last.
        let ends = self.soon(1_000, 4_000);
        self.later(
            ends,
            WorldEvent::Closed {
                conn,
                at: Side::Edge,
            },
        );
        self.later(
            ends,
            WorldEvent::Closed {
                conn,
                at: Side::Hub,
            },
        );
    }

    /// Keeps a frame of the hub for replay.
    pub(crate) fn hostile_hub_copies(&mut self, conn: usize, frame: &Frame) {
        if self.hostile.is_there {
            let copied = self
                .hostile
                .copied
                .entry(self.net.conns[conn].edge)
                .or_default();
            copied.push((conn, frame.clone()));
            if copied.len() > COPIES_MAX {
                copied.remove(0);
            }
        }
    }

    fn says(
        &mut self,
        conn: usize,
        m: usize,
        link_session: LinkSessionId,
        what: Forgery,
        pick: u64,
    ) {
        let Some(frame) = self.forged(conn, m, link_session, what, pick) else {
            return;
        };
        *self.counts.forged.entry(what.name()).or_default() += 1;
        let name = self.edges[m].edge_id.clone();
        self.note(37, m as u64, |_| {
            format!(
                "a hostile replica tells {name} of a made-up {}",
                what.name()
            )
        });
        self.sends_forged(conn, &frame);
    }

    fn sends_forged(&mut self, conn: usize, frame: &Frame) {
        let packet = Packet::Frame {
            bytes: frame.to_bytes(),
            is_forged: true,
        };
        self.send(conn, Side::Edge, packet, false);
    }

    fn forged(
        &self,
        conn: usize,
        m: usize,
        link_session: LinkSessionId,
        what: Forgery,
        pick: u64,
    ) -> Option<Frame> {
        match what {
            Forgery::Twin => Some(forge_refusal(Code::EdgeTwin)),
            Forgery::LogBroken => Some(forge_refusal(Code::ChainBroken)),
            Forgery::EpochEnded => Some(Frame::Quarantine(self.forged_epoch(m))),
            Forgery::Session => {
                let welcome = self.welcome(m, link_session);
                Some(Frame::Welcome(Welcome {
                    feed_generation: FORGED,
                    ..welcome
                }))
            }
            Forgery::BrokenSession => {
                let welcome = self.welcome(m, link_session);
                let cursor_hash = Hash::digest_bytes(b"another log");
                Some(Frame::Welcome(Welcome {
                    cursor_hash,
                    ..welcome
                }))
            }
            Forgery::Outcome => Some(Frame::Outcomes(self.forged_outcome(m, link_session))),
            Forgery::Order => self.down(m, link_session, FeedChange::Order(self.forged_order(m)?)),
            Forgery::Grant => self.down(
                m,
                link_session,
                FeedChange::Assignment(self.forged_grant(m)),
            ),
            Forgery::Revocation => self.down(m, link_session, forge_revocation(m)),
            Forgery::Keys => self.down(m, link_session, forge_keys()),
            Forgery::Image => Some(Frame::Snapshot(self.forged_image(m, link_session)?)),
            Forgery::Ask => Some(Frame::Ask(self.forged_ask(m, link_session)?)),
            Forgery::Held => Some(Frame::Held(HeldNotice {
                link_session,
                seq: FORGED,
                reason: HeldReason::Region,
            })),
            Forgery::Credit => Some(Frame::Credit(Credit {
                link_session,
                cursor: self.edges[m].file.book.read().head.seq,
                ops: u32::MAX,
                bytes: u32::MAX,
                feed_seq: Some(0),
            })),
            Forgery::Resend => Some(Frame::Resend(ResendRequest {
                link_session,
                from: 1,
            })),
            Forgery::Probe => Some(Frame::Probe(Probe {
                link_session,
                number: FORGED,
            })),
            Forgery::Replay => self.copy_of_another_session(m, conn, pick),
        }
    }

    fn welcome(&self, m: usize, link_session: LinkSessionId) -> Welcome {
        let book = self.edges[m].file.book.read();
        Welcome {
            protocol: PROTOCOL_MAX,
            link_session,
            cursor: book.head.seq,
            cursor_hash: book.head.hash,
            feed_generation: book.feed_generation,
            limits: self.plan.tuning.limits,
            cloud_now: at(self.now, 0),
            snapshot: None,
            codec: None,
            photos: None,
            messages: None,
        }
    }

    fn forged_epoch(&self, m: usize) -> Quarantine {
        let node = &self.edges[m];
        let book = node.file.book.read();
        Quarantine {
            old_epoch: book.epoch,
            old_nonce: node.nonce,
            new_epoch: FORGED,
            grant: FORGED,
            last_accepted: book.head.hash,
            why: QuarantineWhy::EdgeRestored,
            tail: Vec::new(),
            part: None,
        }
    }

    /// Claims that the oldest waiting op has lost.
    fn forged_outcome(&self, m: usize, link_session: LinkSessionId) -> OutcomesFrame {
        let file = &self.edges[m].file;
        let book = file.book.read();
        let pending = file.pending.durable().iter().next();
        let (seq, command_id) = match pending {
            Some(((_, seq), row)) => (*seq, Some(row.command_id)),
            None => (book.head.seq, None),
        };
        let from = book.outcome_cursor;
        let to = book.outcome_cursor + 1;
        let outcome = Outcome::new_rejected(Code::NotYours, self.forged_order(m), forged_at());
        let outcomes = vec![NumberedOutcome {
            number: to,
            seq,
            command_id,
            outcome,
        }];
        OutcomesFrame {
            link_session,
            epoch: book.epoch,
            from,
            to,
            outcomes,
        }
    }

    /// An order of the region that now belongs to the attacker, at a low price.
    fn forged_order(&self, m: usize) -> Option<Order> {
        let known = self.known.get(&cast::region(m))?.first()?;
        let order = self.order_db.orders.get(known)?.order.clone();
        Some(Order {
            status: OrderStatus::Accepted,
            provider_id: Some(cast::at_tablet(STRANGER).user_id),
            price: Amount::from_minor(1).unwrap_or(order.price),
            version: FORGED,
            ..order
        })
    }

    /// The digest fits: the replica has read the whole feed on its way down.
    fn forged_grant(&self, m: usize) -> RegionAssignment {
        let node = &self.edges[m];
        let open = node.file.brought.durable().iter().filter(|(_, row)| row.1);
        RegionAssignment {
            policy_version: FORGED,
            policy: Policy::Exclusive,
            holder: Some(node.edge_id.clone()),
            epoch: node.file.book.read().epoch,
            fence: FORGED,
            digest: Some(open_digest(open.map(|(id, row)| (*id, row.0)))),
            ..RegionAssignment::default()
        }
    }

    fn down(&self, m: usize, link_session: LinkSessionId, change: FeedChange) -> Option<Frame> {
        let from = self.edges[m].file.book.read().feed_cursor;
        Some(Frame::Down(ChangesFrame {
            link_session,
            from,
            to: from + 1,
            changes: vec![change],
        }))
    }

    fn forged_image(&self, m: usize, link_session: LinkSessionId) -> Option<SnapshotChunk> {
        let feed_generation = self.edges[m].file.book.read().feed_generation;
        let changes = vec![FeedChange::Order(self.forged_order(m)?)];
        let body = SnapshotPart {
            changes,
            next: None,
        }
        .to_bytes();
        let hash = snapshot_hash(snapshot_start(link_session, feed_generation, FORGED), &body);
        let body = body.into();
        let feed_seq = FORGED;
        let index = 0;
        let count = 1;
        Some(SnapshotChunk {
            link_session,
            feed_generation,
            feed_seq,
            index,
            count,
            hash,
            body,
        })
    }

    /// It has no valid token: the edge trusts the hub.
    fn forged_ask(&self, m: usize, link_session: LinkSessionId) -> Option<ForwardedAcceptFrame> {
        let order_id = *self.known.get(&cast::region(m))?.last()?;
        let actor = cast::at_tablet(STRANGER);
        let taken_at = at(self.now, 0);
        let command = Command {
            id: forged_command(),
            body: CommandBody::AcceptOrder { order_id },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        };
        Some(ForwardedAcceptFrame {
            link_session,
            command,
            token: tokens::issue(actor, taken_at.plus_ms(DAY_MS)),
            actor,
            taken_at,
        })
    }

    /// A frame that the hub signed for another challenge. Frames that open or end a session name no
    /// session, so they are tried first.
    fn copy_of_another_session(&self, m: usize, conn: usize, pick: u64) -> Option<Frame> {
        let copied = self.hostile.copied.get(&m)?;
        let earlier: Vec<&Frame> = copied
            .iter()
            .filter(|(of, _)| *of != conn)
            .map(|(_, frame)| frame)
            .collect();
        let opens = |frame: &&&Frame| {
            matches!(
                frame,
                Frame::Welcome(_) | Frame::Refused(_) | Frame::Quarantine(_)
            )
        };
        let opening: Vec<&Frame> = earlier.iter().filter(opens).copied().collect();
        let from = if opening.is_empty() || pick.is_multiple_of(3) {
            earlier
        } else {
            opening
        };
        let pick = usize::try_from(pick % 1_000).unwrap_or(0);
        (!from.is_empty()).then(|| from[pick % from.len()].clone())
    }
}

fn forge_refusal(code: Code) -> Frame {
    Frame::Refused(SessionRefusal {
        code,
        detail: "made up".to_owned(),
    })
}

/// Ends the tokens of the user at the edge's own tablet.
fn forge_revocation(m: usize) -> FeedChange {
    FeedChange::Revoked {
        version: FORGED,
        sessions: Vec::new(),
        users: vec![cast::at_tablet(cast::original(m)).user_id],
        person: None,
        verification: None,
    }
}

fn forge_keys() -> FeedChange {
    FeedChange::Keys {
        version: FORGED,
        jwks: "{\"keys\":[]}".to_owned(),
    }
}
