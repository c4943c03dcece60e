//! Probes the run with an edge's session. Mirrors `sync/hub/src/session/row_checks.rs`.

use engine::cloud::SyncSessionInput;
use planted::is_planted;
use wire::Code;

use super::super::{OperatorEvent, World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::{HubSession, at},
};

/// A rival that was unable to answer this shortly before the end is excused.
const ANSWER_TAKES_MS: u64 = 300;
/// A live edge answers within this.
const ANSWER_WITHIN_MS: u64 = 2_000;
const LOOK_MS: u64 = 100;
const LOOK_FOR_QUESTIONS_MS: u64 = 400;
const QUESTION_LIFE_MS: i64 = 5_000;

impl World {
    /// Probes the current session and waits for a sign of life.
    pub(super) fn hub_probes(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let e = self.net.conns[conn].id;
        if is_planted(Bug::ProbeOldSession) {
            return self.hub_hears(conn, Some(SyncSessionInput::Probed { alive: false }));
        }
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let number = self.sync_db.ask_for_life(e, now);
        self.counts.probes += 1;
        if let Some(session) = self.session(conn) {
            session.is_waiting = true;
        }
        self.nudge(r, e);
        self.later(
            LOOK_MS,
            WorldEvent::LooksForLife {
                conn,
                number,
                asked_at: self.now,
            },
        );
    }

    pub(crate) fn hub_looks_for_life(&mut self, conn: usize, number: u64, asked_at: u64) {
        let e = self.net.conns[conn].id;
        let alive = self.sync_db.edges[e].probe_answered >= number;
        let now = self.now;
        let can_answer = self.live_rival(conn);
        if let Some(session) = self.session(conn).filter(|_| !can_answer) {
            session.rival_busy_at = Some(now);
        }
        if !alive && self.now - asked_at <= ANSWER_WITHIN_MS {
            self.later(
                LOOK_MS,
                WorldEvent::LooksForLife {
                    conn,
                    number,
                    asked_at,
                },
            );
            return;
        }
        let Some(session) = self.session(conn) else {
            return;
        };
        session.is_waiting = false;
        session.rival_excused = session
            .rival_busy_at
            .is_some_and(|at| now - at <= ANSWER_TAKES_MS);
        if !alive {
            self.counts.probes_unanswered += 1;
        }
        self.hub_hears(conn, Some(SyncSessionInput::Probed { alive }));
    }

    /// Wakes this replica's sessions for edges that another replica probes.
    pub(crate) fn looks_for_questions(&mut self, r: usize, run: u32) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        let since = at(self.now, self.replicas[r].clock_error_ms).plus_ms(-QUESTION_LIFE_MS);
        for e in 0..cast::MACHINE_COUNT {
            let edge = &self.sync_db.edges[e];
            if edge.probe_number > edge.probe_answered && edge.probed_at > since {
                self.nudge(r, e);
            }
        }
        self.later(
            LOOK_FOR_QUESTIONS_MS,
            WorldEvent::LooksForQuestions { replica: r, run },
        );
    }

    /// Refuses an edge, and alerts an operator if necessary.
    pub(super) fn hub_refuses(&mut self, conn: usize, code: Code, detail: &str) {
        let e = self.net.conns[conn].id;
        let m = self.net.conns[conn].edge;
        // The Hello of an ended run, or of an older connection, read late: its refusal reaches no
        // one.
        let is_read_late = self.is_read_late(conn);
        match code {
            Code::EdgeTwin if !is_read_late => {
                self.counts.twins += 1;
                let justified = self.has_rival(m);
                self.oracle
                    .alarmed(self.now, m, justified, "told that it is a second instance");
            }
            Code::EdgeNeedsOperator => self.hub_needs_operator(e),
            Code::ChainBroken if !is_read_late => {
                let justified = self.has_rival(m);
                self.oracle.alarmed(self.now, m, justified, detail);
            }
            _ => {}
        }
        self.hub_ends(conn, code, detail);
    }

    fn hub_needs_operator(&mut self, e: usize) {
        self.counts.needed_operator += 1;
        if !std::mem::replace(&mut self.sync_db.edges[e].needs_operator, true) {
            let again = self.soon(2_000, 10_000);
            self.later(
                again,
                WorldEvent::Operator(OperatorEvent::Readmits { edge: e }),
            );
        }
    }

    /// An operator readmits an edge that was restored too often in a day.
    pub(crate) fn readmits(&mut self, e: usize) {
        let up = (0..cast::REPLICA_COUNT).find(|&r| self.replicas[r].is_running);
        let Some(r) = up else {
            return self.later(
                1_000,
                WorldEvent::Operator(OperatorEvent::Readmits { edge: e }),
            );
        };
        self.counts.readmitted += 1;
        let now = at(self.now, self.replicas[r].clock_error_ms);
        self.sync_db.readmit(e, now);
        let name = cast::edge(e);
        self.note(22, e as u64, |_| {
            format!("an operator lets {name} in again")
        });
    }

    pub(super) fn is_read_late(&self, conn: usize) -> bool {
        let m = self.net.conns[conn].edge;
        let newest = self.net.conns.iter().rposition(|c| c.edge == m);
        let node = &self.edges[m];
        newest != Some(conn) || !node.is_running || self.net.conns[conn].run != node.run
    }

    /// Another machine is the same edge.
    pub(crate) fn has_rival(&self, m: usize) -> bool {
        let others = self.edges.iter().enumerate();
        let mut others = others.filter(|(other, node)| *other != m && node.is_there);
        others.any(|(_, node)| node.id == self.edges[m].id)
    }

    /// True if a live rival is replaced. A rival that was probed and could not answer in time
    /// closes its session by the protocol, however late, and does not count.
    pub(super) fn puts_rival_aside(&mut self, conn: usize) -> bool {
        let excused = self
            .session(conn)
            .is_some_and(|session| session.rival_excused);
        !excused && self.live_rival(conn)
    }

    /// Another machine has the session of this edge and can reach the hub.
    fn live_rival(&self, conn: usize) -> bool {
        let e = self.net.conns[conn].id;
        let m = self.net.conns[conn].edge;
        if m == cast::THIEF {
            return false;
        }
        let row = &self.sync_db.edges[e];
        let others = self.edges.iter().enumerate().filter(|(other, node)| {
            *other != m && node.is_there && node.is_running && Some(node.nonce) == row.nonce
        });
        // Its frames may wait for sync_db.
        let is_free = |session: &HubSession| {
            session.storing.is_none() && session.doing.is_empty() && session.inbox.is_empty()
        };
        let in_reach = |(other, node): (usize, &crate::edge::Node)| {
            let Some(link) = node.link.as_ref().filter(|link| link.machine.is_open()) else {
                return false;
            };
            let conn = &self.net.conns[link.conn];
            conn.hub_open
                && conn.id == e
                && row.link_up
                && node.sleeps_until <= self.now
                // It answers in turn, so not while it waits for its disk.
                && !link.is_storing
                && link.inbox.is_empty()
                && self.faults.quiet_for(other, self.now) > QUIET_MS
                && self.replicas[conn.replica].sessions.get(&link.conn).is_some_and(is_free)
        };
        others.into_iter().any(in_reach)
    }
}

/// All frames delayed by a link fault have arrived after this.
const QUIET_MS: u64 = 15_000;
