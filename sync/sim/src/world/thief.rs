//! The thief of an edge: they have its key, log and tokens, and speak the protocol at will. Only
//! the hub decides how much of that counts.

mod making;

use wire::{
    Ack, BootNonce, CODEC_PLAIN, ChainHead, Frame, Hash, Hello, LinkSessionId, Op, OpsFrame,
    PROTOCOL_MAX, PROTOCOL_MIN, Welcome,
};

use super::{Packet, World};
use crate::{
    cast::{self, THIEF},
    cloud::at,
    plan::{Side, StepKind, Trick},
};

/// The number of ops the thief claims beyond the hub's cursor, as if after a long absence.
const MADE_UP_OPS: u64 = 40;
const LIE_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

#[derive(Default)]
pub(crate) struct Thief {
    /// The edge that is stolen in this seed.
    pub on: Option<usize>,
    pub has_struck: bool,
    pub is_replaced: bool,
    key: u32,
    /// The stolen run's nonce.
    nonce: Option<BootNonce>,
    conn: Option<usize>,
    /// The current session, with its end of the log.
    session: Option<(LinkSessionId, u64, ChainHead)>,
    waits: Vec<ThiefOp>,
    lies_next: bool,
}

/// A forged op, and the token it refers to.
struct ThiefOp {
    op: Op,
    token: Option<String>,
}

impl Thief {
    /// The thief has the valid key, or no key is valid.
    pub(crate) fn is_about(&self) -> bool {
        self.has_struck && !self.is_replaced
    }
}

impl World {
    pub(crate) fn thief_settles(&mut self) {
        self.thief.on = self.plan.steps.iter().find_map(|step| match step.what {
            StepKind::Steals { on, .. } => Some(on),
            _ => None,
        });
    }

    /// Takes a copy of the edge's files, or the machine itself.
    pub(crate) fn steals(&mut self, e: usize, gone: bool) {
        let node = &self.edges[e];
        if node.id != e || !node.is_there {
            return;
        }
        self.thief.has_struck = true;
        (self.thief.key, self.thief.nonce) = (node.key, Some(node.nonce));
        let name = node.edge_id.clone();
        let region = node.region;
        let his = &mut self.edges[THIEF];
        (his.id, his.edge_id, his.region) = (e, name.clone(), region);
        // It has none of our files behind it.
        his.restored_at = Some(u64::MAX);
        self.counts.edges_stolen += 1;
        self.note(38, e as u64, |_| {
            format!("{name} is stolen (its machine too: {gone})")
        });
        self.oracle.stolen(e);
        self.thief_disturbs();
        if gone {
            self.edge_dies(e, 1, true);
            self.edges[e].is_there = false;
        }
    }

    pub(crate) fn tricks(&mut self, what: Trick, pick: u64) {
        let Some(e) = self.thief.on.filter(|_| self.thief.has_struck) else {
            return;
        };
        *self.counts.tricks.entry(what.name()).or_default() += 1;
        self.note(39, pick, |_| format!("the thief tries a {}", what.name()));
        let made = self.forge_ops(e, what, pick);
        self.thief.waits.extend(made);
        self.thief.lies_next = what == Trick::WrongClock;
        if what == Trick::AfterAbsence || what == Trick::OtherRun {
            self.thief_hangs_up();
        }
        let open = self
            .thief
            .conn
            .filter(|conn| self.net.conns[*conn].edge_open);
        match open.and(self.thief.session) {
            Some(_) => self.thief_sends(),
            None => self.thief_calls(e, what, pick),
        }
    }

    fn thief_calls(&mut self, e: usize, what: Trick, pick: u64) {
        self.thief_hangs_up();
        let up: Vec<usize> = (0..cast::REPLICA_COUNT)
            .filter(|&r| self.replicas[r].is_running)
            .collect();
        if up.is_empty() {
            return;
        }
        let row = &self.sync_db.edges[e];
        if row.disabled || row.key != self.thief.key {
            self.counts.keys_refused += 1;
            return;
        }
        let away = what == Trick::AfterAbsence || pick.is_multiple_of(2);
        let beyond = if away { MADE_UP_OPS } else { 0 };
        let other = (what == Trick::OtherRun).then(|| BootNonce(self.random.bytes()));
        let hello = self.thiefs_hello(e, other, beyond);
        let replica = *self.random.pick(&up);
        let conn = self.connect(THIEF, replica);
        self.hub_session_begins(conn, replica);
        self.thief.conn = Some(conn);
        self.send_frame(conn, Side::Hub, &Frame::Hello(hello));
    }

    /// The thief can present everything that a hub checks.
    fn thiefs_hello(&self, e: usize, nonce: Option<BootNonce>, beyond: u64) -> Hello {
        let row = &self.sync_db.edges[e];
        let last_hash = if beyond > 0 {
            Hash::digest_bytes(b"made up")
        } else {
            row.cursor.hash
        };
        Hello {
            protocol_min: PROTOCOL_MIN,
            protocol_max: PROTOCOL_MAX,
            edge: cast::edge(e),
            region: cast::region(e),
            epoch: row.epoch,
            nonce: nonce.or(self.thief.nonce).unwrap_or(BootNonce([0; 16])),
            last_seq: row.cursor.seq + beyond,
            last_hash,
            suspect: false,
            feed_generation: 0,
            feed_cursor: 0,
            outcome_cursor: 0,
            codec: CODEC_PLAIN,
            version: String::new(),
            settled: None,
            twin: None,
            snapshots: None,
            staged: None,
            codecs: None,
            challenge: None,
            pinned: None,
            plain_line: None,
            plain_listeners: None,
        }
    }

    pub(crate) fn thief_hears(&mut self, conn: usize, packet: Packet) {
        if self.thief.conn != Some(conn) {
            return;
        }
        let frame = match packet {
            Packet::Frame { bytes, .. } => Frame::from_bytes(&bytes),
            Packet::Ping => {
                self.send(conn, Side::Hub, Packet::Pong, false);
                return;
            }
            Packet::Pong => return,
        };
        match frame {
            Ok(Frame::Welcome(welcome)) => self.thief_is_welcome(&welcome),
            Ok(Frame::Refused(_) | Frame::Quarantine(_)) => self.thief_hangs_up(),
            _ => {}
        }
    }

    fn thief_is_welcome(&mut self, welcome: &Welcome) {
        let Some(e) = self.thief.on else { return };
        let Welcome {
            link_session,
            cursor,
            cursor_hash,
            ..
        } = *welcome;
        let epoch = self.sync_db.edges[e].epoch;
        let head = ChainHead {
            seq: cursor,
            hash: cursor_hash,
        };
        self.thief.session = Some((link_session, epoch, head));
        self.counts.sessions_of_thieves += 1;
        self.thief_disturbs();
        self.thief_sends();
    }

    fn thief_sends(&mut self) {
        if std::mem::take(&mut self.thief.lies_next) {
            self.thief_lies();
        }
        for ThiefOp { mut op, token } in std::mem::take(&mut self.thief.waits) {
            if let (Some(token), Op::Command(command)) = (token, &mut op) {
                let Some(seq) = self.thief_sends_op(&Op::Token { token }) else {
                    return;
                };
                command.token_seq = seq;
            }
            if self.thief_sends_op(&op).is_none() {
                return;
            }
        }
    }

    fn thief_sends_op(&mut self, op: &Op) -> Option<u64> {
        let (conn, (link_session, epoch, before)) = self.thief.conn.zip(self.thief.session)?;
        let bytes = op.to_bytes();
        let head = before.append_op(&bytes);
        self.thief.session = Some((link_session, epoch, head));
        let first_seq = head.seq;
        let prev_hash = before.hash;
        let hash = head.hash;
        let ops = vec![bytes.into()];
        let up = OpsFrame {
            link_session,
            epoch,
            first_seq,
            prev_hash,
            hash,
            ops,
            packed: None,
        };
        self.send_frame(conn, Side::Hub, &Frame::Up(up));
        Some(head.seq)
    }

    /// An Ack from a clock that is far behind, with a view that no edge has, so the hub sends a
    /// snapshot.
    fn thief_lies(&mut self) {
        let Some((conn, (link_session, _, head))) = self.thief.conn.zip(self.thief.session) else {
            return;
        };
        self.oracle.damaged.insert(self.edges[THIEF].region);
        let ack = Ack {
            link_session,
            outcome_cursor: 0,
            feed_cursor: 0,
            digest: Hash::ZERO,
            ahead: 0,
            pending: 0,
            oldest_pending_at: None,
            edge_now: at(self.now, 0).plus_ms(-LIE_MS),
            disk_free_bytes: None,
            last_seq: head.seq,
            staged: None,
            snapshot: None,
            unproven: None,
            assignment: None,
            clock_error_ms: None,
            newcomers_waiting: None,
            disk: None,
            photos_waiting: None,
        };
        self.send_frame(conn, Side::Hub, &Frame::Ack(ack.clone()));
        self.send_frame(conn, Side::Hub, &Frame::Ack(ack));
    }

    fn thief_hangs_up(&mut self) {
        self.thief.session = None;
        if let Some(conn) = self.thief.conn.take()
            && self.net.conns[conn].edge_open
        {
            self.close(conn, Side::Edge, false);
        }
    }

    /// The honest machine with this name gets a log and a term that are not its own.
    pub(crate) fn thief_disturbs(&mut self) {
        let Some(e) = self.thief.on else { return };
        for m in (0..cast::MACHINE_COUNT).filter(|&m| self.edges[m].id == e) {
            self.oracle.disturbs(m);
        }
    }
}
