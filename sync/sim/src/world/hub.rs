//! The sessions of the hub's replicas. Mirrors `sync/hub/src/session` and `session/act.rs`: one thing
//! at a time, each answer of sync_db goes back into the engine.

mod looks;

use engine::cloud::{Input, Output, Session};
use wire::{Code, Frame, OpAnswer, Refused};

use super::{Event, Packet, Side, World};
use crate::{
    bug::Bug,
    cast,
    cloud::{self, HubSession, OwnerSaid, at},
};

const TICK_MS: u64 = 1_000;
const LOOK_MS: u64 = 1_000;

/// What the owner says to a hub's worker.
pub(crate) struct Answer {
    pub replica: usize,
    pub run: u32,
    pub edge: usize,
    pub pass: u64,
    pub said: OwnerSaid,
    pub handed: Vec<wire::BatchOp>,
}

impl Answer {
    pub fn answers(&self) -> &[OpAnswer] {
        match &self.said {
            OwnerSaid::Answers(answers) => answers,
            OwnerSaid::Nothing => &[],
        }
    }
}

impl World {
    pub fn replica_starts(&mut self, r: usize) {
        let id = self.random.next();
        let replica = &mut self.replicas[r];
        if replica.is_running {
            return;
        }
        replica.is_running = true;
        replica.run += 1;
        replica.id = id;
        let run = replica.run;
        self.note(7, r as u64, |_| format!("hub replica {r} starts, run {run}"));
        self.later(0, Event::Looks { replica: r, run });
        self.later(0, Event::HandsIn { replica: r, run, again: true });
        self.later(0, Event::Delivers);
    }

    /// The process is gone with its sessions, its workers and what it had of the bus.
    pub fn replica_dies(&mut self, r: usize, down_ms: u64, size: u64) {
        if !self.replicas[r].is_running {
            return;
        }
        self.replicas[r].is_running = false;
        self.replicas[r].drains.clear();
        self.replicas[r].orphans.clear();
        self.replicas[r].sweeps.clear();
        self.replicas[r].asking.clear();
        let sessions = std::mem::take(&mut self.replicas[r].sessions);
        for conn in sessions.into_keys() {
            self.close(conn, Side::Hub, size.is_multiple_of(3));
        }
        self.note(8, r as u64, |_| format!("hub replica {r} dies"));
        self.bus_loses_consumer(r);
        self.later(down_ms.max(1), Event::ReplicaStarts { replica: r });
    }

    pub fn hub_session_begins(&mut self, conn: usize, r: usize, e: usize) {
        let machine = Session::new(cast::edge(e), self.plan.tuning.limits);
        let session = HubSession {
            edge: e,
            machine,
            inbox: Default::default(),
            answers: Default::default(),
            doing: Default::default(),
            storing: None,
            outcomes_wanted: None,
            feed_wanted: None,
            told_held: Default::default(),
            put: Default::default(),
            is_reading: false,
            term: None,
            heard_at: self.now,
            ticks: 0,
        };
        self.replicas[r].sessions.insert(conn, session);
        self.later(TICK_MS, Event::HubTick { conn });
    }

    pub fn hub_session_ends(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let Some(session) = self.replicas[r].sessions.remove(&conn) else { return };
        let row = &mut self.sync_db.edges[session.edge];
        if session.term == Some(row.term) {
            row.link_up = false;
        }
        // What sync_db was asked for it does, whether or not anybody still waits for it.
        if let Some(stored) = session.storing {
            self.replicas[r].orphans.insert(conn, (session.edge, stored));
        }
    }

    fn session(&mut self, conn: usize) -> Option<&mut HubSession> {
        let r = self.net.conns[conn].replica;
        self.replicas[r].sessions.get_mut(&conn)
    }

    pub fn hub_receives(&mut self, conn: usize, packet: Packet, is_stray: bool) {
        let now = self.now;
        let bug = self.bug;
        let Some(session) = self.session(conn) else { return };
        session.heard_at = now;
        match packet {
            Packet::Frame(bytes) => match Frame::from_bytes(&bytes) {
                Ok(frame) => {
                    let origin = if is_stray {
                        cloud::Frame::OfAnother
                    } else {
                        cloud::Frame::OfThisSession
                    };
                    let nonce = match &frame {
                        Frame::Up(up) => up.standing.nonce,
                        Frame::Ack(ack) => ack.standing.nonce,
                        _ => wire::BootNonce([0; 16]),
                    };
                    let term = session.term;
                    let frame =
                        misread(frame, bug, term.map(|term| wire::Standing { term, nonce }));
                    session.inbox.push_back((Input::Frame(frame), origin));
                    self.hub_goes_on(conn);
                }
                Err(_) => self.hub_ends(conn, Code::MalformedBody, "this is no frame"),
            },
            Packet::Ping => drop(self.send(conn, Side::Edge, Packet::Pong, false)),
            Packet::Pong => {}
        }
    }

    fn hub_input(&mut self, conn: usize, input: Input) {
        let Some(session) = self.session(conn) else { return };
        session.inbox.push_back((input, cloud::Frame::None));
        self.hub_goes_on(conn);
    }

    /// Does what is to be done until it has to wait for sync_db.
    fn hub_goes_on(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let now = at(self.now, self.replicas[r].clock_error_ms);
        loop {
            let Some(session) = self.session(conn) else { return };
            if session.storing.is_some() {
                return;
            }
            if let Some(output) = session.doing.pop_front() {
                self.hub_does(conn, output);
            } else if let Some(answer) = session.answers.pop_front() {
                let outputs = session.machine.handle(answer, now);
                session.doing.extend(outputs);
            } else if let Some((input, origin)) = session.inbox.pop_front() {
                let outputs = session.machine.handle(input, now);
                // Before its Hello a session has nothing that could change.
                let passed_over = outputs.is_empty() || session.term.is_none();
                session.doing.extend(outputs);
                if origin == cloud::Frame::OfAnother {
                    self.counts.strays += 1;
                    self.oracle.stray_taken(self.now, "to the hub", passed_over);
                }
            } else {
                let wants = session.outcomes_wanted.is_some() || session.feed_wanted.is_some();
                if wants && !session.is_reading {
                    session.is_reading = true;
                    let takes = self.soon(0, 4);
                    self.later(takes, Event::HubReads { conn });
                }
                return;
            }
        }
    }

    fn hub_does(&mut self, conn: usize, output: Output) {
        match output {
            Output::Send(frame) => self.send_frame(conn, Side::Edge, &frame),
            Output::ReadOutcomes { after, limit } => {
                if let Some(session) = self.session(conn) {
                    session.outcomes_wanted = Some((after, limit));
                }
            }
            Output::ReadFeed { after, limit } => {
                if let Some(session) = self.session(conn) {
                    session.feed_wanted = Some((after, limit));
                }
            }
            Output::End(Refused { code, detail }) => {
                if code == Code::ChainBroken && !self.oracle.corrupted {
                    let e = self.net.conns[conn].edge;
                    let newest = self.net.conns.iter().rposition(|c| c.edge == e);
                    // The Hello of an older connection, read late, is behind what a newer one has
                    // brought. Its refusal goes nowhere.
                    if newest != Some(conn) {
                        return self.hub_ends(conn, code, &detail);
                    }
                    self.oracle.alarmed(self.now, e, &detail);
                }
                self.hub_ends(conn, code, &detail);
            }
            Output::Quarantine(confined) => {
                let (e, why) = (self.net.conns[conn].edge, confined.why);
                let newest = self.net.conns.iter().rposition(|c| c.edge == e);
                // As above: whose Hello is read late is asked for a sign of life first, and that is not
                // modelled yet.
                if !self.oracle.corrupted && newest == Some(conn) {
                    self.oracle.alarmed(self.now, e, &format!("quarantine: {why:?}"));
                }
                self.hub_ends(conn, Code::ChainBroken, "nobody is restored here yet");
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
                    self.later(takes, Event::HubStores { conn });
                }
            }
        }
    }

    /// One transaction of sync_db for a session.
    pub fn hub_stores(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let asked = match self.session(conn) {
            Some(session) => session.storing.take().map(|stored| (session.edge, stored)),
            None => self.replicas[r].orphans.remove(&conn),
        };
        let Some((e, stored)) = asked else { return };
        let answer = match stored {
            Output::Load => self.sync_db.standing(e).map(Input::Loaded),
            Output::TakeOver { hello, over } => {
                self.oracle.said_hello(self.now, e, &self.edges[e].file, hello.nonce);
                match self.sync_db.take_over(e, hello.nonce, over) {
                    Some((term, stored)) => {
                        if let Some(session) = self.session(conn) {
                            session.term = Some(term);
                        }
                        let row = &mut self.sync_db.edges[e];
                        (row.link_up, row.contact_at) = (true, self.now);
                        self.nudge(self.net.conns[conn].replica, e);
                        Some(Input::TakenOver { term, stored })
                    }
                    None => self.sync_db.standing(e).map(Input::Loaded),
                }
            }
            Output::Store(ops) => {
                let cursor = ops.cursor().seq;
                if self.sync_db.store_ops(e, &ops, self.now) {
                    self.counts.ops_stored += ops.ops.len() as u64;
                    self.oracle.hub_stored(self.now, &self.edges[e].file, &ops);
                    self.wake(self.net.conns[conn].replica);
                    Some(Input::OpsStored { cursor })
                } else {
                    Some(Input::Superseded)
                }
            }
            Output::SaveAck(ack) => (!self.sync_db.save_ack(e, &ack)).then_some(Input::Superseded),
            _ => None,
        };
        if let Some(session) = self.session(conn) {
            session.answers.extend(answer);
        }
        self.hub_goes_on(conn);
    }

    /// Reads one frame's worth of what goes down, outcomes first.
    pub fn hub_reads(&mut self, conn: usize) {
        let Some(session) = self.session(conn) else { return };
        session.is_reading = false;
        let (e, outcomes) = (session.edge, session.outcomes_wanted.take());
        let input = match outcomes {
            Some((after, limit)) => Input::Outcomes(self.sync_db.outcomes(e, after, limit.min(5))),
            None => {
                let Some((after, limit)) = session.feed_wanted.take() else { return };
                let (to, changes) = self.sync_db.feed(cast::region(e), after, limit.min(5));
                Input::Feed { to, changes }
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
        let refused = Frame::Refused(Refused { code, detail: detail.to_owned() });
        self.send_frame(conn, Side::Edge, &refused);
        self.hub_session_ends(conn);
        self.close(conn, Side::Hub, false);
    }

    /// Looks for work about once a second, also when nobody wakes it.
    pub fn replica_looks(&mut self, r: usize, run: u32) {
        if self.replicas[r].is_running && self.replicas[r].run == run {
            self.wake(r);
            self.later(LOOK_MS, Event::Looks { replica: r, run });
        }
    }
}

/// The planted bugs of the hub's end: frames of another session, and ops whose chain nobody checks.
fn misread(frame: Frame, bug: Option<Bug>, standing: Option<wire::Standing>) -> Frame {
    let Some(standing) = standing else { return frame };
    match (frame, bug) {
        (Frame::Up(up), Some(Bug::TermNotChecked)) => Frame::Up(wire::Up { standing, ..up }),
        (Frame::Ack(ack), Some(Bug::TermNotChecked)) => Frame::Ack(wire::Ack { standing, ..ack }),
        (Frame::Up(up), Some(Bug::ChainNotChecked)) => {
            let before = wire::Chain { seq: up.first_seq.saturating_sub(1), hash: up.prev_hash };
            let hash = before.through(up.ops.iter().map(|op| &op[..])).hash;
            Frame::Up(wire::Up { hash, ..up })
        }
        (frame, _) => frame,
    }
}
