//! The sync_db transactions of a session: taking over an edge, storing its ops, and saving its
//! acks.

use engine::cloud::{NewOps, SyncSessionInput, SyncSessionOutput};
use planted::is_planted;
use wire::{Code, Hello};

use super::super::{World, net::Conn};
use crate::{bug::Bug, cast, cloud::at};

impl World {
    /// Runs one sync_db transaction for a session, even after its connection has ended.
    pub(crate) fn hub_stores(&mut self, conn: usize) {
        let r = self.net.conns[conn].replica;
        let asked = match self.session(conn) {
            Some(session) => session.storing.take().map(|stored| (session.edge, stored)),
            None => self.replicas[r].orphans.remove(&conn),
        };
        let Some((e, stored)) = asked else { return };
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let answer = match stored {
            SyncSessionOutput::Load => self.sync_db.standing(e, now).map(SyncSessionInput::Loaded),
            SyncSessionOutput::TakeOver { hello, over } => {
                Some(self.hub_takes_over(conn, e, &hello, over))
            }
            SyncSessionOutput::Store(ops) => Some(self.hub_stores_ops(conn, e, &ops)),
            SyncSessionOutput::SaveAck(ack, heads) => {
                let saved = self.sync_db.save_ack(e, &ack, heads, now, self.now);
                if saved && self.net.conns[conn].edge != cast::THIEF {
                    let cursor = self.sync_db.edges[e].cursor.seq;
                    self.oracle.tells(e, &ack, &heads, cursor);
                }
                (!saved).then_some(SyncSessionInput::Superseded)
            }
            SyncSessionOutput::SaveAlive { number } => {
                if let Some(term) = self.session(conn).and_then(|session| session.term) {
                    self.sync_db.show_life(e, term, number);
                }
                None
            }
            SyncSessionOutput::SnapshotTaken => {
                if let Some(session) = self.session(conn) {
                    session.is_imaging = false;
                }
                let term = self.session(conn).and_then(|session| session.term);
                self.counts.images_taken += 1;
                self.sync_db.snapshot_taken(e, term, self.now);
                None
            }
            SyncSessionOutput::Quarantine(confined) => self.hub_confines(conn, e, confined),
            _ => None,
        };
        self.hub_hears(conn, answer);
    }

    fn hub_takes_over(
        &mut self,
        conn: usize,
        e: usize,
        hello: &Hello,
        over: u64,
    ) -> SyncSessionInput {
        let r = self.net.conns[conn].replica;
        let m = self.net.conns[conn].edge;
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let rival = self.puts_rival_aside(conn);
        let naive = is_planted(Bug::NoNaiveNonceAlarm)
            && self.sync_db.edges[e]
                .nonce
                .is_some_and(|nonce| nonce != hello.nonce);
        if naive {
            // A run with another nonce is treated as a second instance.
            self.hub_refuses(conn, Code::EdgeTwin, "another run");
            return SyncSessionInput::Tick;
        }
        match self.sync_db.take_over(e, hello, over, now, self.now) {
            Some((term, stored)) => {
                let Conn { run, began, .. } = self.net.conns[conn];
                let node = &self.edges[m];
                // Its log is still the one in its Hello.
                let kept = node.restored_at.is_none_or(|at| at < began);
                if kept && node.is_running && node.run == run {
                    self.oracle
                        .said_hello(self.now, &self.edges[m].file, hello.nonce);
                }
                self.oracle
                    .taken_over(self.now, m, &self.edges[m].file, hello, &stored, rival);
                if let Some(session) = self.session(conn) {
                    session.term = Some(term);
                }
                self.nudge(r, e);
                SyncSessionInput::TakenOver { term, stored }
            }
            None => self.hub_loads(conn, e),
        }
    }

    pub(super) fn hub_loads(&self, conn: usize, e: usize) -> SyncSessionInput {
        let r = self.net.conns[conn].replica;
        let now = at(self.now, self.replicas[r].clock_error_ms);
        self.sync_db
            .standing(e, now)
            .map_or(SyncSessionInput::Superseded, SyncSessionInput::Loaded)
    }

    fn hub_stores_ops(&mut self, conn: usize, e: usize, ops: &NewOps) -> SyncSessionInput {
        let cursor = ops.cursor().seq;
        let now = at(
            self.now,
            self.replicas[self.net.conns[conn].replica].clock_error_ms,
        );
        if !self.sync_db.store_ops(e, ops, now) {
            return SyncSessionInput::Superseded;
        }
        if self.thief.on == Some(e) {
            self.oracle.stores(self.now, e, &self.sync_db, ops, now);
        }
        if self.net.conns[conn].edge == cast::THIEF {
            self.counts.ops_of_thieves += ops.ops.len() as u64;
            self.thief_disturbs();
        }
        let Conn {
            edge: m,
            began,
            replica,
            ..
        } = self.net.conns[conn];
        self.counts.ops_stored += ops.ops.len() as u64;
        self.oracle
            .hub_stored(self.now, m, &self.edges[m], began, ops);
        self.start_edge_workers(replica);
        SyncSessionInput::OpsStored { cursor }
    }
}
