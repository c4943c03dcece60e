//! Files restored, copied or lost, machines frozen, and the operator who renames a copy: the
//! reasons for section 7 of the protocol.

use wire::{BootNonce, UnixMillis};

use super::{OperatorEvent, World, WorldEvent, messages::EdgeHead};
use crate::{
    cast,
    cloud::at,
    edge::{CommitQueue, SuspicionCause},
    plan::{Fault, FaultKind, Side, StepKind},
};

/// Half of the backups are at most this old.
const RECENT_MS: u64 = 12_000;

impl World {
    /// Schedules the backups that the plan's steps restore.
    pub(crate) fn plan_backups(&mut self) {
        let steps = self.plan.steps.iter().enumerate();
        let restores: Vec<(usize, u64)> = steps
            .filter_map(|(n, step)| match step.what {
                StepKind::Fault(fault) if fault.kind.restores() => {
                    Some((n, fault.backed_up_at(step.at, RECENT_MS)))
                }
                _ => None,
            })
            .collect();
        for (step, backed_up_at) in restores {
            self.later(backed_up_at, WorldEvent::BacksUp { step });
        }
    }

    pub(crate) fn backs_up(&mut self, step: usize) {
        let StepKind::Fault(Fault { on, .. }) = self.plan.steps[step].what else {
            return;
        };
        self.backups.insert(step, self.edges[on].file.copied());
        let name = self.edges[on].edge_id.clone();
        self.note(25, on as u64, |_| format!("{name} is backed up"));
    }

    /// Stops the machine, restores the backup's files, and starts it again.
    pub(crate) fn restored(&mut self, step: usize, fault: &Fault) {
        let Some(backup) = self.backups.remove(&step) else {
            return;
        };
        let m = fault.on;
        // Its name is in its config: another edge's file would be refused.
        if backup.book.read().edge_id != self.edges[m].edge_id {
            return;
        }
        self.edge_dies(m, fault.lasts_ms, false);
        let node = &mut self.edges[m];
        let mark = node.file.mark;
        let before = std::mem::replace(&mut node.file, backup);
        if fault.kind == FaultKind::DatabaseRestored {
            node.file.mark = mark;
        }
        node.restored_at = Some(self.now);
        let name = node.edge_id.clone();
        self.counts.restored += 1;
        self.note(26, m as u64, |_| {
            format!("{name} has its backup again ({})", fault.kind.name())
        });
        self.oracle.restored(m, &before, &self.edges[m].file);
        self.left_behind(m);
    }

    /// The commands that a restore removed and that exist nowhere else, neither in the cloud nor on
    /// a present tablet with an answer. A tablet without its receipt gets a new answer, perhaps
    /// "not taken".
    pub(super) fn left_behind(&mut self, m: usize) {
        let id = self.edges[m].id;
        let kept: Vec<wire::CommandId> = self
            .tablets
            .iter()
            .filter(|tablet| !tablet.is_gone)
            .flat_map(|tablet| tablet.items.iter())
            .filter(|item| item.receipt.is_some())
            .map(|item| item.id)
            .collect();
        let row = &self.sync_db.edges[id];
        self.oracle.left_behind(m, |command, place, hash| {
            kept.contains(&command) || row.has_received(place, hash)
        });
    }

    /// Starts a second machine with a copy of the first one's current files.
    pub(crate) fn cloned(&mut self, fault: &Fault) {
        let m = fault.on;
        let copy = cast::copy_of(fault.on);
        if self.edges[copy].is_there || !self.edges[m].is_there {
            return;
        }
        let id = self.edges[m].id;
        let name = self.edges[m].edge_id.clone();
        let file = self.edges[m].file.copied();
        let error_ms = self.edges[m].clock_error_ms;
        let key = self.edges[m].key;
        let node = &mut self.edges[copy];
        (node.id, node.edge_id) = (id, name.clone());
        (node.file, node.clock_error_ms, node.key) = (file, error_ms, key);
        (node.is_there, node.restored_at) = (true, Some(self.now));
        self.counts.copied += 1;
        self.note(27, m as u64, |_| format!("{name} is cloned"));
        self.oracle.cloned(m, copy, &self.edges[copy].file);
        if fault.lasts_ms > 0 {
            self.cut_off(copy, fault.lasts_ms);
        }
        self.later(1, WorldEvent::EdgeStarts { edge: copy });
        // Some of the tablets use the copy from here on.
        let near = |t: &usize| cast::home(*t) == m && (t / cast::EDGE_COUNT) % 2 == 1;
        for t in (0..cast::TABLET_COUNT).filter(near).collect::<Vec<_>>() {
            self.tablets[t].home = copy;
            self.moves(t, copy);
        }
    }

    /// Missing, or truncated during its write.
    pub(crate) fn mark_lost(&mut self, fault: &Fault) {
        let m = fault.on;
        self.edge_dies(m, fault.lasts_ms, false);
        self.edges[m].file.mark.written = None;
        self.edges[m].file.mark.synced = None;
        self.oracle.mark_lost(m, &self.edges[m].file);
    }

    /// Freezes a machine with its memory. Its events wait.
    pub(crate) fn suspended(&mut self, m: usize, lasts_ms: u64) {
        let until = self.now + lasts_ms;
        self.edges[m].sleeps_until = until.max(self.edges[m].sleeps_until);
    }

    /// The end of the freeze, if an event is for a frozen machine.
    pub(crate) fn sleeps(&self, event: &WorldEvent) -> Option<u64> {
        let m = match event {
            WorldEvent::AtEdge { edge, .. }
            | WorldEvent::EdgeStarts { edge }
            | WorldEvent::Written { edge, .. }
            | WorldEvent::Calls { edge, .. }
            | WorldEvent::EdgeTick { edge, .. } => *edge,
            WorldEvent::Arrives {
                conn,
                to: Side::Edge,
                ..
            }
            | WorldEvent::Closed {
                conn,
                at: Side::Edge,
            } => self.net.conns[*conn].edge,
            _ => return None,
        };
        let until = self.edges[m].sleeps_until;
        (until > self.now).then_some(until)
    }

    /// An operator eventually renames an edge that was reported as a copy.
    pub(crate) fn note_alarm(&mut self, m: usize) {
        let node = &self.edges[m];
        let newly = self.oracle.suspects(m, &node.file);
        let Some(alarm) = node.file.book.read().alarm else {
            return;
        };
        if newly {
            self.counts.alarmed(alarm);
            let rival = self.has_rival(m);
            self.oracle.alarmed(self.now, m, rival, alarm.as_str());
        }
        let node = &mut self.edges[m];
        if alarm == SuspicionCause::Twin && !std::mem::replace(&mut node.will_be_renamed, true) {
            let until_healed = self.plan.heals_at.saturating_sub(self.now);
            let after = if self.random.chance(500) {
                0
            } else {
                until_healed
            };
            let after = after + self.random.between(1_000, 10_000);
            self.later(
                after,
                WorldEvent::Operator(OperatorEvent::EnrolsAnew { edge: m }),
            );
        }
    }

    /// Stops the copy, renames it with a new edge's enrolment code, and restarts it.
    pub(crate) fn enrols_anew(&mut self, m: usize) {
        let id = cast::copy_of(m);
        let twin = self.edges[m].file.book.read().alarm == Some(SuspicionCause::Twin);
        if !twin || self.sync_db.edges[id].enrolled {
            // Its file was restored meanwhile, so it must be detected again.
            self.edges[m].will_be_renamed = false;
            return;
        }
        if self.edges[m].disk.is_full {
            return self.later(
                1_000,
                WorldEvent::Operator(OperatorEvent::EnrolsAnew { edge: m }),
            );
        }
        self.edge_dies(m, 1, false);
        let nonce = BootNonce(self.random.bytes());
        let name = cast::edge(id);
        self.sync_db.edges[id].enrolled = true;
        let key = self.sync_db.edges[id].key;
        self.sync_db.edges[id].heard_at = self.now;
        let now: UnixMillis = at(self.now, self.edges[m].clock_error_ms);
        let node = &mut self.edges[m];
        self.oracle.will_be_renamed(m, &node.file);
        node.writer = CommitQueue::default();
        node.file.rename(&name, nonce, now);
        node.file.commit();
        (node.id, node.edge_id) = (id, name.clone());
        node.key = key;
        node.restored_at = Some(self.now);
        node.will_be_renamed = false;
        self.counts.enrolled_anew += 1;
        self.note(28, m as u64, |_| {
            format!("the copy is enrolled again as {name}")
        });
        let newest = self.is_in_newest_epoch(m);
        self.oracle.began(self.now, m, &self.edges[m], newest);
        let relogged = self.edges[m].file.relogged();
        self.counts.relogged += relogged;
    }

    /// The epoch granted by a quarantine is on disk.
    pub(crate) fn epoch_begins(&mut self, m: usize, before: u64) {
        let row = &self.sync_db.edges[self.edges[m].id];
        let epoch = self.edges[m].file.book.read().epoch;
        let received = row.commands_between(before, epoch);
        self.oracle
            .gives_back(self.now, &self.edges[m].file, received);
        self.counts.epochs_begun += 1;
        self.counts.relogged += self.edges[m].file.relogged();
        let name = self.edges[m].edge_id.clone();
        self.note(29, epoch, |_| format!("{name} begins epoch {epoch}"));
        let newest = self.is_in_newest_epoch(m);
        self.oracle.began(self.now, m, &self.edges[m], newest);
        self.publishes_head(m);
    }

    /// Returns true if the machine is in the newest epoch and the hub has not begun to end it.
    pub(crate) fn is_in_newest_epoch(&self, m: usize) -> bool {
        let node = &self.edges[m];
        let row = &self.sync_db.edges[node.id];
        let epoch = node.file.book.read().epoch;
        let beside_thief = self.thief.is_about() && self.thief.on == Some(node.id);
        !beside_thief && row.epoch == epoch && row.ending.is_none_or(|ending| ending.epoch < epoch)
    }

    /// Retained, so that every nearby tablet eventually gets it.
    pub(crate) fn publishes_head(&mut self, m: usize) {
        for t in 0..cast::DEVICE_COUNT {
            if self.tablets[t].at_edge == m {
                self.head_to(t, m);
            }
        }
    }

    pub(crate) fn head_to(&mut self, t: usize, m: usize) {
        let node = &self.edges[m];
        if !node.is_running {
            return;
        }
        let head = EdgeHead {
            epoch: node.file.book.read().epoch,
            nonce: node.nonce,
        };
        let takes = self.soon(2, 1_000);
        self.later(
            takes,
            WorldEvent::Head {
                tablet: t,
                edge: m,
                head,
            },
        );
    }
}
