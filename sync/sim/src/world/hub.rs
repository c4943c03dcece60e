//! The sessions of the hub's replicas. Mirrors `sync/hub/src/session.rs`: one
//! step at a time, and each sync_db answer goes back into the engine.

mod confining;
mod looks;
mod probing;
mod storing;

use engine::cloud::{SyncSession, SyncSessionInput, SyncSessionOutput};
use planted::is_planted;
use wire::{Code, Frame, SessionRefusal, UnixMillis};

use super::{Packet, World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::{self, HubSession, at},
    plan::Side,
};

const TICK_MS: u64 = 1_000;
const LOOK_MS: u64 = 1_000;

impl World {
    pub(crate) fn replica_starts(&mut self, r: usize) {
        let id = self.random.next();
        let replica = &mut self.replicas[r];
        if replica.is_running {
            return;
        }
        replica.is_running = true;
        replica.run += 1;
        replica.id = id;
        let run = replica.run;
        self.note(7, r as u64, |_| {
            format!("hub replica {r} starts, run {run}")
        });
        self.later(0, WorldEvent::Looks { replica: r, run });
        self.later(
            0,
            WorldEvent::HandsIn {
                replica: r,
                run,
                again: true,
            },
        );
        self.later(0, WorldEvent::LooksForQuestions { replica: r, run });
        self.later(0, WorldEvent::LooksAtEdges { replica: r, run });
        self.later(0, WorldEvent::Delivers);
    }

    /// The process is gone with its sessions, workers and deliveries.
    pub(crate) fn replica_dies(&mut self, r: usize, down_ms: u64, size: u64) {
        if !self.replicas[r].is_running {
            return;
        }
        self.replicas[r].is_running = false;
        self.replicas[r].drains.clear();
        self.replicas[r].orphans.clear();
        self.replicas[r].sweeps.clear();
        self.replicas[r].asking.clear();
        self.replicas[r].differing.clear();
        self.replicas[r].ahead.clear();
        self.replicas[r].compared.clear();
        self.replicas[r].renewed.clear();
        let sessions = std::mem::take(&mut self.replicas[r].sessions);
        for conn in sessions.into_keys() {
            self.close(conn, Side::Hub, size.is_multiple_of(3));
        }
        self.note(8, r as u64, |_| format!("hub replica {r} dies"));
        self.bus_loses_consumer(r);
        self.later(down_ms.max(1), WorldEvent::ReplicaStarts { replica: r });
    }

    pub(crate) fn hub_session_begins(&mut self, conn: usize, r: usize) {
        let e = self.net.conns[conn].id;
        let linked_at = at(self.now, self.replicas[r].clock_error_ms);
        let linked_at = if is_planted(Bug::HelloLate) {
            UnixMillis(i64::MAX)
        } else {
            linked_at
        };
        let machine = SyncSession::new(cast::edge(e), self.plan.tuning.limits, linked_at);
        let session = HubSession {
            edge: e,
            machine,
            inbox: Default::default(),
            answers: Default::default(),
            doing: Default::default(),
            storing: None,
            outcomes_wanted: None,
            feed_wanted: None,
            chunk_wanted: None,
            tail_wanted: None,
            is_imaging: false,
            is_waiting: false,
            rival_busy_at: None,
            rival_excused: false,
            told_held: Default::default(),
            put: Default::default(),
            is_reading: false,
            term: None,
            heard_at: self.now,
            ticks: 0,
        };
        self.replicas[r].sessions.insert(conn, session);
        self.later(TICK_MS, WorldEvent::HubTick { conn });
    }

    pub(crate) fn hub_session_ends(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let Some(session) = self.replicas[r].sessions.remove(&conn) else {
            return;
        };
        let row = &mut self.sync_db.edges[session.edge];
        if session.term == Some(row.term) {
            row.link_up = false;
        }
        // sync_db finishes every request, even if its session is gone.
        if let Some(stored) = session.storing {
            self.replicas[r]
                .orphans
                .insert(conn, (session.edge, stored));
        }
    }

    fn session(&mut self, conn: usize) -> Option<&mut HubSession> {
        let r = self.net.conns[conn].replica;
        self.replicas[r].sessions.get_mut(&conn)
    }

    pub(crate) fn hub_receives(&mut self, conn: usize, packet: Packet, is_stray: bool) {
        if self.net.conns[conn].is_hostile {
            return self.hostile_hub_hears(conn, &packet);
        }
        let now = self.now;
        let Some(session) = self.session(conn) else {
            return;
        };
        session.heard_at = now;
        match packet {
            Packet::Frame { bytes, .. } => match Frame::from_bytes(&bytes) {
                Ok(frame) => {
                    let origin = if is_stray {
                        cloud::FrameOrigin::OfAnother
                    } else {
                        cloud::FrameOrigin::OfThisSession
                    };
                    let nonce = match &frame {
                        Frame::Up(up) => up.link_session.nonce,
                        Frame::Ack(ack) => ack.link_session.nonce,
                        _ => wire::BootNonce([0; 16]),
                    };
                    let term = session.term;
                    let frame =
                        misread(frame, term.map(|term| wire::LinkSessionId { term, nonce }));
                    session
                        .inbox
                        .push_back((SyncSessionInput::Frame(frame), origin));
                    self.hub_goes_on(conn);
                }
                Err(_) => self.hub_ends(conn, Code::MalformedBody, "not a valid frame"),
            },
            Packet::Ping => drop(self.send(conn, Side::Edge, Packet::Pong, false)),
            Packet::Pong => {}
        }
    }

    fn hub_input(&mut self, conn: usize, input: SyncSessionInput) {
        let Some(session) = self.session(conn) else {
            return;
        };
        session.inbox.push_back((input, cloud::FrameOrigin::None));
        self.hub_goes_on(conn);
    }

    /// Works until it has to wait for sync_db.
    fn hub_goes_on(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let now = at(self.now, self.replicas[r].clock_error_ms);
        loop {
            let Some(session) = self.session(conn) else {
                return;
            };
            if session.storing.is_some() || session.is_waiting {
                return;
            }
            if let Some(output) = session.doing.pop_front() {
                self.hub_does(conn, output);
            } else if let Some(answer) = session.answers.pop_front() {
                let outputs = session.machine.handle_input(answer, now);
                session.doing.extend(outputs);
            } else if let Some((input, origin)) = session.inbox.pop_front() {
                let outputs = session.machine.handle_input(input, now);
                // Before its Hello a session has no state to change.
                let passed_over = outputs.is_empty() || session.term.is_none();
                session.doing.extend(outputs);
                if origin == cloud::FrameOrigin::OfAnother {
                    self.counts.strays += 1;
                    self.oracle.stray_taken(self.now, "to the hub", passed_over);
                }
            } else {
                let wants = session.outcomes_wanted.is_some()
                    || session.feed_wanted.is_some()
                    || session.chunk_wanted.is_some()
                    || session.tail_wanted.is_some();
                if wants && !session.is_reading {
                    session.is_reading = true;
                    let takes = self.soon(0, 4);
                    self.later(takes, WorldEvent::HubReads { conn });
                }
                return;
            }
        }
    }

    fn hub_does(&mut self, conn: usize, output: SyncSessionOutput) {
        match output {
            SyncSessionOutput::Send(frame) => self.send_frame(conn, Side::Edge, &frame),
            SyncSessionOutput::ReadOutcomes { after, limit } => {
                if let Some(session) = self.session(conn) {
                    session.outcomes_wanted = Some((after, limit));
                }
            }
            SyncSessionOutput::ReadFeed { after, limit } => {
                if let Some(session) = self.session(conn) {
                    session.feed_wanted = Some((after, limit));
                }
            }
            SyncSessionOutput::ReadSnapshot(wanted) => {
                if let Some(session) = self.session(conn) {
                    // A snapshot replaces the changes it contains.
                    session.feed_wanted = None;
                    session.chunk_wanted = Some(wanted);
                    session.is_imaging = true;
                }
            }
            SyncSessionOutput::ReadTail(after) => {
                if let Some(session) = self.session(conn) {
                    session.tail_wanted = Some(after);
                }
            }
            SyncSessionOutput::Probe { .. } => self.hub_probes(conn),
            SyncSessionOutput::End(SessionRefusal { code, detail }) => {
                self.hub_refuses(conn, code, &detail)
            }
            stored => {
                let takes = match self.random.below(100) {
                    0..3 => self.soon(40, 3_000),
                    3..30 => self.soon(1, 40),
                    _ => 0,
                };
                if let Some(session) = self.session(conn) {
                    session.storing = Some(stored);
                }
                if takes == 0 {
                    self.hub_stores(conn);
                } else {
                    self.later(takes, WorldEvent::HubStores { conn });
                }
            }
        }
    }

    /// Returns sync_db's answer to the engine.
    fn hub_hears(&mut self, conn: usize, answer: Option<SyncSessionInput>) {
        if let Some(session) = self.session(conn) {
            session.answers.extend(answer);
        }
        self.hub_goes_on(conn);
    }

    /// Reads one frame to send down, outcomes first.
    pub(crate) fn hub_reads(&mut self, conn: usize) {
        let Some(session) = self.session(conn) else {
            return;
        };
        session.is_reading = false;
        let e = session.edge;
        let outcomes = session.outcomes_wanted.take();
        if let Some(after) = session.tail_wanted.take() {
            session.outcomes_wanted = outcomes;
            return self.hub_reads_tail(conn, e, after);
        }
        let input = match outcomes {
            Some((after, limit)) => {
                SyncSessionInput::Outcomes(self.sync_db.outcomes(e, after, limit.min(5)))
            }
            None if session.chunk_wanted.is_some() => {
                let Some(wanted) = session.chunk_wanted.take() else {
                    return;
                };
                SyncSessionInput::Snapshot(self.sync_db.chunk(cast::region(e), wanted))
            }
            None => {
                let Some((after, limit)) = session.feed_wanted.take() else {
                    return;
                };
                let (to, changes) = self.sync_db.feed(cast::region(e), after, limit.min(5));
                SyncSessionInput::Feed { to, changes }
            }
        };
        if let Some(session) = self.session(conn) {
            session.answers.push_back(input);
        }
        self.hub_goes_on(conn);
    }

    fn hub_ends(&mut self, conn: usize, code: Code, detail: &str) {
        if self.session(conn).is_none() {
            return;
        }
        self.counts.ended(code);
        let refused = Frame::Refused(SessionRefusal {
            code,
            detail: detail.to_owned(),
        });
        self.send_frame(conn, Side::Edge, &refused);
        self.hub_session_ends(conn);
        self.close(conn, Side::Hub, false);
    }

    /// Looks for work about once a second, even without a wake-up.
    pub(crate) fn replica_looks(&mut self, r: usize, run: u32) {
        if self.replicas[r].is_running && self.replicas[r].run == run {
            self.start_edge_workers(r);
            self.later(LOOK_MS, WorldEvent::Looks { replica: r, run });
        }
    }
}

/// The planted bugs of the hub's end: frames of another session, and ops with an unchecked chain.
fn misread(frame: Frame, link_session: Option<wire::LinkSessionId>) -> Frame {
    let Some(link_session) = link_session else {
        return frame;
    };
    match frame {
        Frame::Up(up) if is_planted(Bug::TermNotChecked) => {
            Frame::Up(wire::OpsFrame { link_session, ..up })
        }
        Frame::Ack(ack) if is_planted(Bug::HubClockAlone) => Frame::Ack(wire::Ack {
            edge_now: UnixMillis(i64::MAX),
            ..ack
        }),
        Frame::Ack(ack) if is_planted(Bug::TermNotChecked) => Frame::Ack(wire::Ack {
            link_session,
            ..ack
        }),
        Frame::Up(up) if is_planted(Bug::ChainNotChecked) => {
            let Ok(up) = up.clone().into_unpacked(u32::MAX, u32::MAX) else {
                return Frame::Up(up);
            };
            let before = wire::ChainHead {
                seq: up.first_seq.saturating_sub(1),
                hash: up.prev_hash,
            };
            let hash = before.append_ops(up.ops.iter().map(|op| &op[..])).hash;
            Frame::Up(wire::OpsFrame { hash, ..up })
        }
        frame => frame,
    }
}
