//! An edge whose log differs from the received one gets a new epoch and its lost ops. Mirrors
//! `sync/hub/src/session/revocation.rs`.

use engine::cloud::{LogPosition, LogTail, QuarantineGrant, QuarantineRequest, SyncSessionInput};
use planted::is_planted;
use rules::HolderEpoch;
use wire::{Code, FenceEnd, FenceEnding};

use super::super::{World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::{QuarantineRun, at},
};

/// The order service's deadline to record a take-back.
const OWNER_WITHIN_MS: u64 = 4_000;

impl World {
    /// Records first that the old epoch will end; the rest follows once its rights are taken back.
    pub(super) fn hub_confines(
        &mut self,
        conn: usize,
        e: usize,
        quarantine: Box<QuarantineRequest>,
    ) -> Option<SyncSessionInput> {
        let rival = self.puts_rival_aside(conn);
        let shared = is_planted(Bug::OneEpochOwner)
            && quarantine.hello.epoch < quarantine.epoch
            && self.sync_db.granted(e, &quarantine).is_some();
        if quarantine.again || shared {
            self.finds_confining_due(conn, &quarantine, rival);
            let granted = self.sync_db.granted(e, &quarantine);
            return Some(self.hub_confined(conn, e, &quarantine, granted));
        }
        let over = if is_planted(Bug::EndingForgotten) {
            Some(quarantine.over)
        } else {
            self.sync_db.begin_to_end(e, &quarantine)
        };
        // Its record has changed since the judgment, so judge again.
        let Some(over) = over else {
            return Some(self.hub_loads(conn, e));
        };
        self.finds_confining_due(conn, &quarantine, rival);
        let replica = self.net.conns[conn].replica;
        self.nudge(replica, e);
        let run = self.replicas[replica].run;
        if let Some(session) = self.session(conn) {
            session.is_waiting = true;
        }
        let confined = QuarantineRequest {
            over,
            ..*quarantine
        };
        let confining = QuarantineRun {
            conn,
            replica,
            run,
            edge: e,
            asked_at: self.now,
            quarantine: confined,
        };
        let takes = self.soon(1, 8);
        if is_planted(Bug::QuarTakeback) {
            self.later(
                takes,
                WorldEvent::EpochEnds {
                    confining: Box::new(confining),
                    recorded: true,
                },
            );
        } else {
            self.later(takes, WorldEvent::TakesRightsBack(Box::new(confining)));
        }
        None
    }

    /// Every quarantine has a reason, and none hits a live edge.
    fn finds_confining_due(&mut self, conn: usize, quarantine: &QuarantineRequest, rival: bool) {
        let m = self.net.conns[conn].edge;
        if self.is_read_late(conn) {
            // It looks the same as a restored edge, so its effects are not the hub's fault, even on
            // another machine of this edge.
            let id = self.net.conns[conn].id;
            let same = (0..cast::MACHINE_COUNT).filter(|&other| self.edges[other].id == id);
            same.chain([m])
                .for_each(|machine| self.oracle.disturbs(machine));
        }
        self.oracle.second_instance(self.now, m, rival);
        let justified = self.has_rival(m);
        self.oracle
            .alarmed(self.now, m, justified, quarantine.why.as_str());
    }

    /// The order service records that every right of the epoch is taken back, in one transaction
    /// that locks all regions' rows.
    pub(crate) fn takes_rights_back(&mut self, confining: Box<QuarantineRun>) {
        let late = self.now - confining.asked_at > OWNER_WITHIN_MS;
        if !self.orders.is_running || late {
            let takes = self.soon(1, 8);
            return self.later(
                takes,
                WorldEvent::EpochEnds {
                    confining,
                    recorded: false,
                },
            );
        }
        let shared = self.orders.open.values().any(|tx| !tx.regions.is_empty());
        if shared {
            let again = self.soon(5, 50);
            return self.later(again, WorldEvent::TakesRightsBack(confining));
        }
        let QuarantineRequest { epoch, why, .. } = confining.quarantine;
        let over = HolderEpoch {
            edge: cast::edge(confining.edge),
            epoch,
        };
        let how = FenceEnding::from(why);
        self.rights_of_epoch_end(&over, |at| FenceEnd {
            at,
            how,
            by: None,
            why: None,
        });
        let lost = self.orders.answers_are_lost && self.random.chance(400);
        let takes = if lost {
            OWNER_WITHIN_MS
        } else {
            self.soon(1, 8)
        };
        self.later(
            takes,
            WorldEvent::EpochEnds {
                confining,
                recorded: !lost,
            },
        );
    }

    /// The take-back is on record, or its owner was unreachable.
    pub(crate) fn epoch_ends(&mut self, confining: &QuarantineRun, recorded: bool) {
        let QuarantineRun {
            conn,
            replica: r,
            run,
            edge: e,
            quarantine: confined,
            ..
        } = confining;
        if self.replicas[*r].run != *run || !self.replicas[*r].is_running {
            return;
        }
        if let Some(session) = self.session(*conn) {
            session.is_waiting = false;
        }
        if !recorded {
            self.hub_ends(
                *conn,
                Code::Unavailable,
                "the order service has not revoked the leases yet",
            );
            return;
        }
        let now = at(self.now, self.replicas[*r].clock_error_ms);
        let grant = self.random.next() >> 1;
        let granted = self.sync_db.raise_epoch(*e, confined, grant, now);
        if granted.is_some() {
            self.counts.quarantined(confined.why);
            let name = cast::edge(*e);
            self.oracle
                .epoch_ended(self.now, *e, confined.epoch, &self.order_db);
            let why = confined.why.as_str();
            self.note(23, confined.epoch, |_| {
                format!("epoch {} of {name} has ended: {why}", confined.epoch)
            });
            self.nudge(*r, *e);
        }
        let answer = self.hub_confined(*conn, *e, confined, granted);
        self.hub_hears(*conn, Some(answer));
    }

    fn hub_confined(
        &mut self,
        conn: usize,
        e: usize,
        quarantine: &QuarantineRequest,
        granted: Option<QuarantineGrant>,
    ) -> SyncSessionInput {
        match granted {
            Some(granted) => {
                self.counts.granted_again += u64::from(quarantine.again);
                SyncSessionInput::Quarantined(granted)
            }
            None => self.hub_loads(conn, e),
        }
    }

    pub(super) fn hub_reads_tail(&mut self, conn: usize, e: usize, after: LogPosition) {
        let tail = self.sync_db.tail(e, after);
        let tail = if is_planted(Bug::TailForgotten) {
            LogTail::empty()
        } else {
            tail
        };
        self.counts.ops_given_back += tail.ops.len() as u64;
        self.hub_hears(conn, Some(SyncSessionInput::Tail(tail)));
    }
}
