//! The operator who takes a stolen edge out of service, and issues a new key. Mirrors
//! `sync/hub/src/session/revocation.rs`.

use planted::is_planted;
use rules::HolderEpoch;
use wire::{FenceEnd, FenceEnding, Region};

use super::{OperatorEvent, World, WorldEvent, operator::admin};
use crate::{
    bug::Bug,
    cast,
    cloud::at,
    edge::{CommitQueue, EdgeFile},
};

const AGAIN_AFTER_MS: u64 = 1_000;

impl World {
    /// Disables the edge through any replica, and distrusts everything received since `since`.
    pub(crate) fn disables(&mut self, e: usize, since: u64) {
        if !self.thief.has_struck {
            return;
        }
        let Some(r) = self.running_replica() else {
            return self.later(
                AGAIN_AFTER_MS,
                WorldEvent::Operator(OperatorEvent::Disables { edge: e, since }),
            );
        };
        let epoch = self.sync_db.edges[e].epoch;
        let from = at(since, 0);
        self.sync_db.disable(e, from);
        self.oracle.disabled(self.now, e, epoch, from);
        self.counts.edges_disabled += 1;
        let name = cast::edge(e);
        self.note(40, e as u64, |_| {
            format!("{name} is disabled, as of {from}")
        });
        self.thief_disturbs();
        self.nudge(r, e);
        self.start_edge_workers(r);
        let takes = self.soon(1, 8);
        self.later(
            takes,
            WorldEvent::Operator(OperatorEvent::SettlesDisabling { edge: e }),
        );
    }

    /// The order service takes the rights back, then lists the decided commands.
    pub(crate) fn settles_disabling(&mut self, e: usize) {
        let Some(epoch) = self.sync_db.edges[e].disabling else {
            return;
        };
        let shared = self.orders.open.values().any(|tx| !tx.regions.is_empty());
        let Some(r) = self
            .running_replica()
            .filter(|_| self.orders.is_running && !shared)
        else {
            let again = self.soon(20, 400);
            return self.later(
                again,
                WorldEvent::Operator(OperatorEvent::SettlesDisabling { edge: e }),
            );
        };
        let over = HolderEpoch {
            edge: cast::edge(e),
            epoch,
        };
        let why = Some("it was stolen".to_owned());
        let how = FenceEnding::EdgeDisabled;
        let by = Some(admin());
        self.rights_of_epoch_end(&over, |at| FenceEnd {
            at,
            how,
            by,
            why: why.clone(),
        });
        let commands = self.sync_db.distrusted(e);
        if !is_planted(Bug::CasesForgotten) {
            self.counts.cases_of_thieves += self.order_db.list_distrusted(&commands);
        }
        self.sync_db.edges[e].disabling = None;
        self.retry_held_ops(r);
    }

    /// Records that every right of an epoch is over, in one transaction that locks all regions'
    /// rows.
    pub(super) fn rights_of_epoch_end(
        &mut self,
        over: &HolderEpoch,
        end: impl Fn(wire::UnixMillis) -> FenceEnd,
    ) {
        let now = at(self.now, self.orders.clock_error_ms);
        self.order_db.rights.end_epoch(over);
        for region in Region::ALL {
            let before = self.order_db.rights.read(region);
            if let Some(turned) = before.epoch_ended(over, end(now)) {
                self.counts.rights_of_epochs_ended += u64::from(turned.ended.is_some());
                self.turns(region, &turned, now);
            }
        }
        let run = self.orders.run;
        self.later(1, WorldEvent::Relays { run });
    }

    /// Enrols a new key: on the old machine with or without its log, or on a new one.
    pub(crate) fn gets_new_key(&mut self, e: usize, keeps_log: bool) {
        if !self.thief.has_struck {
            return;
        }
        let disabled = self.sync_db.edges[e].cut_off.is_some();
        if !disabled || self.running_replica().is_none() || self.edges[e].disk.is_full {
            return self.later(
                AGAIN_AFTER_MS,
                WorldEvent::Operator(OperatorEvent::GetsNewKey { edge: e, keeps_log }),
            );
        }
        let key = self.sync_db.replace_key(e);
        self.edge_dies(e, 1, false);
        let was_there = std::mem::replace(&mut self.edges[e].is_there, true);
        self.edges[e].key = key;
        self.thief.is_replaced = true;
        self.counts.edges_rekeyed += 1;
        let name = cast::edge(e);
        self.note(41, e as u64, |_| {
            format!("{name} has a new key (and its log: {keeps_log})")
        });
        if !keeps_log {
            let empty = EdgeFile::new(name);
            let node = &mut self.edges[e];
            node.writer = CommitQueue::default();
            let before = std::mem::replace(&mut node.file, empty);
            node.restored_at = Some(self.now);
            self.oracle.restored(e, &before, &self.edges[e].file);
            self.left_behind(e);
        }
        self.thief_disturbs();
        if !was_there {
            self.later(1, WorldEvent::EdgeStarts { edge: e });
        }
    }

    fn running_replica(&self) -> Option<usize> {
        (0..cast::REPLICA_COUNT).find(|&r| self.replicas[r].is_running)
    }
}
