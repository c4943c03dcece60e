//! A session's periodic checks, apart from its edge's frames: each second and on wake-up. Mirrors
//! `sync/hub/src/session/row_checks.rs`.

use std::collections::{BTreeMap, BTreeSet};

use engine::cloud::{StoredEdge, SyncSessionInput};
use wire::{Code, Region, UnixMillis};

use super::{super::World, TICK_MS};
use crate::{
    cast,
    cloud::{
        at,
        sync_db::{CONTACT_STALE_MS, PortalAsk},
    },
    plan::Side,
    world::{Packet, WorldEvent},
};

const HELLO_LIMIT_TICKS: u64 = 10;
const SILENCE_LIMIT_MS: u64 = 15_000;
const PING_TICKS: u64 = 4;
const ASK_AGAIN_AFTER_TICKS: u64 = 15;

impl World {
    pub(crate) fn hub_ticks(&mut self, conn: usize) {
        let now = self.now;
        let Some(session) = self.session(conn) else {
            return;
        };
        session.ticks += 1;
        let ticks = session.ticks;
        let e = session.edge;
        let heard_at = session.heard_at;
        let session_term = session.term;
        if session.machine.is_greeting() && ticks > HELLO_LIMIT_TICKS {
            self.hub_ends(conn, Code::TimedOut, "received no Hello in time");
            return;
        }
        if now - session.heard_at > SILENCE_LIMIT_MS {
            self.hub_ends(conn, Code::TimedOut, "received nothing from the edge");
            return;
        }
        let silent_for = now - heard_at;
        let silent_ms = i64::try_from(silent_for).unwrap_or(i64::MAX);
        let replica = self.net.conns[conn].replica;
        let heard_at = at(now, self.replicas[replica].clock_error_ms).plus_ms(-silent_ms);
        if let (true, term) = (ticks.is_multiple_of(PING_TICKS), session_term)
            && term == Some(self.sync_db.edges[e].term)
        {
            self.sync_db.edges[e].contact_at = heard_at;
            self.sync_db.edges[e].heard_at = now - silent_for;
        }
        if ticks.is_multiple_of(PING_TICKS) {
            self.send(conn, Side::Edge, Packet::Ping, false);
        }
        self.hub_input(conn, SyncSessionInput::Tick);
        self.hub_looks(conn);
        self.hub_sees_region(conn, cast::region(e));
        self.later(TICK_MS, WorldEvent::HubTick { conn });
    }

    /// Checks the term and the newest outcome of the edge.
    pub(super) fn hub_looks(&mut self, conn: usize) {
        let Some(session) = self.session(conn) else {
            return;
        };
        let Some(term) = session.term else { return };
        let row = &self.sync_db.edges[self.net.conns[conn].id];
        if row.disabled {
            self.hub_input(conn, SyncSessionInput::Disabled);
        } else if row.term == term {
            let head = row.outcome_count;
            if row.probe_number > row.probe_answered {
                let number = row.probe_number;
                self.hub_input(conn, SyncSessionInput::ProbeAsked { number });
            }
            self.hub_input(conn, SyncSessionInput::OutcomesReach(head));
            self.sends_image(conn);
            self.tell_held(conn);
            self.put_asks(conn);
        } else {
            self.hub_input(conn, SyncSessionInput::Superseded);
        }
    }

    /// Sends a snapshot if the edge needs a repair.
    fn sends_image(&mut self, conn: usize) {
        let e = self.net.conns[conn].id;
        let asked_for = self.sync_db.edges[e].repair_asked_at.is_some();
        let stored = self
            .sync_db
            .standing(e, at(self.now, 0))
            .filter(|_| asked_for);
        if let Some(StoredEdge {
            feed_seq,
            granted_seq,
            ..
        }) = stored
        {
            self.hub_input(
                conn,
                SyncSessionInput::Repair {
                    feed_seq,
                    granted_seq,
                },
            );
        }
    }

    /// Reports each held op once.
    fn tell_held(&mut self, conn: usize) {
        let e = self.net.conns[conn].id;
        let held: BTreeMap<_, _> = self.sync_db.held(e).into_iter().collect();
        let Some(session) = self.session(conn) else {
            return;
        };
        let told = std::mem::replace(&mut session.told_held, held.clone());
        for (seq, reason) in held {
            if told.get(&seq) != Some(&reason) {
                self.hub_input(conn, SyncSessionInput::Held { seq, reason });
            }
        }
    }

    /// Forwards waiting accepts to this edge if it holds the region.
    fn put_asks(&mut self, conn: usize) {
        let e = self.net.conns[conn].id;
        let r = self.net.conns[conn].replica;
        let accepts = self.sync_db.asks_for(e);
        let wanted: BTreeSet<_> = accepts.iter().map(|ask| ask.accept.command.id).collect();
        let Some(session) = self.session(conn) else {
            return;
        };
        session.put.retain(|id, _| wanted.contains(id));
        for PortalAsk { accept, taken_at } in accepts {
            let id = accept.command.id;
            let Some(session) = self.session(conn) else {
                return;
            };
            let ticks = session.ticks;
            if session
                .put
                .get(&id)
                .is_some_and(|at| ticks < at + ASK_AGAIN_AFTER_TICKS)
            {
                continue;
            }
            session.put.insert(id, ticks);
            self.oracle.puts(self.now, e, &self.sync_db, &accept);
            self.replicas[r].asking.insert(id);
            self.counts.asks += 1;
            self.hub_input(
                conn,
                SyncSessionInput::ForwardAccept {
                    accept: Box::new(accept),
                    taken_at,
                },
            );
        }
    }

    /// Returns true if a holder of this region is reachable.
    pub(crate) fn holder_in_reach(&self, region: Region, now: UnixMillis) -> bool {
        let Some(holder) = self.sync_db.holder(region) else {
            return false;
        };
        let row = &self.sync_db.edges[holder];
        let open = self
            .sync_db
            .region(region)
            .is_some_and(|region| region.gate_open);
        let silent_ms = now.ms_since(row.contact_at);
        open && row.link_up && silent_ms <= CONTACT_STALE_MS
    }

    fn hub_sees_region(&mut self, conn: usize, region: Region) {
        let Some(row) = self.sync_db.region(region) else {
            return;
        };
        let input = if row.gate_open {
            SyncSessionInput::FeedReaches {
                generation: row.feed_generation,
                feed_seq: row.feed_seq,
            }
        } else {
            SyncSessionInput::GateClosed
        };
        self.hub_input(conn, input);
    }

    /// Every session of this replica for the region checks its row now; the others do so at their
    /// next tick.
    pub(crate) fn replica_sees_region(&mut self, r: usize, region: Region) {
        for conn in self.conns_of(r, |e| cast::region(e) == region) {
            self.hub_sees_region(conn, region);
        }
    }

    pub(crate) fn nudge(&mut self, r: usize, e: usize) {
        for conn in self.conns_of(r, |edge| edge == e) {
            self.hub_looks(conn);
        }
    }

    fn conns_of(&self, r: usize, of: impl Fn(usize) -> bool) -> Vec<usize> {
        let sessions = self.replicas[r].sessions.iter();
        sessions
            .filter(|(_, session)| of(session.edge))
            .map(|(conn, _)| *conn)
            .collect()
    }

    pub(crate) fn set_gate(&mut self, region: Region, open: bool) {
        let Some(row) = self.sync_db.regions.get_mut(&region) else {
            return;
        };
        if row.gate_open != open {
            row.gate_open = open;
            let by = self.random.below(cast::REPLICA_COUNT);
            self.replica_sees_region(by, region);
        }
    }
}
