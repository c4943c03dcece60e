//! The epochs of an edge. Mirrors `sync/hub/src/store/epochs.rs`.

use std::rc::Rc;

use engine::{
    cloud::{EndingEpoch, LogPosition, LogTail, QuarantineGrant, QuarantineRequest},
    trusted_time::OpArrival,
};
use planted::is_planted;
use wire::{BootNonce, ChainHead, CommandId, Hash, Hello, Op, QuarantineWhy, UnixMillis};

use super::{EdgeRow, OpRow, SyncDb};
use crate::{bug::Bug, cast};

pub struct EpochRow {
    pub at: UnixMillis,
    pub why: QuarantineWhy,
    pub granted_to: BootNonce,
    pub after_run: Option<BootNonce>,
    pub grant: u64,
    pub last_accepted: Hash,
}

/// A received op of an ended epoch.
pub struct OldOp {
    pub hash: Hash,
    pub bytes: Vec<u8>,
    pub read: Option<Rc<Op>>,
    pub arrival: OpArrival,
    pub succeeded: bool,
    pub named: bool,
    /// Its epoch ended before it had an outcome.
    pub left_behind: bool,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The ops in one part of a tail: few, so that there are several parts.
const TAIL_OPS_MAX: usize = 5;

impl SyncDb {
    /// Records that the epoch will end, and returns the new term; `None` if the term or epoch has
    /// changed.
    pub fn begin_to_end(&mut self, e: usize, quarantine: &QuarantineRequest) -> Option<u64> {
        let edge = &mut self.edges[e];
        if edge.term != quarantine.over || edge.epoch != quarantine.epoch {
            return None;
        }
        edge.ending = Some(EndingEpoch {
            epoch: quarantine.epoch,
            why: quarantine.why,
        });
        edge.term += 1;
        edge.link_up = false;
        Some(edge.term)
    }

    /// Ends the epoch and grants the next to the run that sent Hello. `None` if the term or epoch
    /// has changed.
    pub fn raise_epoch(
        &mut self,
        e: usize,
        quarantine: &QuarantineRequest,
        grant: u64,
        now: UnixMillis,
    ) -> Option<QuarantineGrant> {
        let QuarantineRequest {
            hello,
            over,
            epoch,
            why,
            ..
        } = quarantine;
        let edge = &mut self.edges[e];
        if edge.term != *over || edge.epoch != *epoch {
            return None;
        }
        let epoch = epoch + 1;
        let last_accepted = edge.cursor.hash;
        let after_run = edge.nonce;
        self.retire_epoch_ops(e);
        let edge = &mut self.edges[e];
        edge.heads = edge.heads.for_new_epoch(edge.cursor.seq);
        edge.epoch = epoch;
        edge.term += 1;
        edge.nonce = Some(hello.nonce);
        edge.cursor = ChainHead::start_renewed_epoch(&cast::edge(e), epoch, grant, last_accepted);
        edge.outcomes.clear();
        (edge.outcome_count, edge.outcome_cursor) = (0, 0);
        edge.undecided = edge.ops.len() as u64;
        (edge.link_up, edge.contact_at) = (false, now);
        edge.work_token += 1;
        edge.work_until = UnixMillis(0);
        let granted_to = hello.nonce;
        let row = EpochRow {
            at: now,
            why: *why,
            granted_to,
            after_run,
            grant,
            last_accepted,
        };
        edge.epochs.insert(epoch, row);
        if edge
            .cut_off
            .is_some_and(|cut_off| cut_off.epoch + 1 == epoch)
        {
            // The operator disabled it and gave it a new key.
            self.readmit(e, now);
        }
        let edge = &self.edges[e];
        let known = edge.known(hello);
        Some(QuarantineGrant {
            epoch,
            grant,
            last_accepted,
            why: *why,
            known,
        })
    }

    /// Moves the ops of the ending epoch to `old_ops`; undecided ones are left behind.
    fn retire_epoch_ops(&mut self, e: usize) {
        let decides_on = is_planted(Bug::OldEpochDecided);
        let ops = std::mem::take(&mut self.edges[e].ops);
        let left = ops.values().filter(|op| !op.is_decided());
        let left: Vec<CommandId> = left.filter_map(OpRow::command_id).collect();
        self.come_back(&left);
        let edge = &mut self.edges[e];
        for (seq, op) in ops {
            let old = OldOp {
                hash: op.hash,
                bytes: op.bytes.clone(),
                read: op.read.clone(),
                arrival: op.arrival,
                succeeded: op.succeeded,
                named: op.named,
                left_behind: !op.is_decided(),
            };
            edge.old_ops.insert((edge.epoch, seq), old);
            if decides_on && !op.is_decided() {
                edge.ops.insert(seq, op);
            }
        }
    }

    /// A command that is left behind again counts once.
    fn come_back(&mut self, ids: &[CommandId]) {
        let old = self
            .edges
            .iter_mut()
            .flat_map(|edge| edge.old_ops.values_mut());
        for row in old.filter(|row| row.left_behind) {
            row.left_behind = match row.read.as_deref() {
                Some(Op::Command(op)) => !ids.contains(&op.command.id),
                _ => true,
            };
        }
    }

    /// The grant of the current epoch.
    pub fn granted(&self, e: usize, quarantine: &QuarantineRequest) -> Option<QuarantineGrant> {
        let edge = &self.edges[e];
        let EpochRow {
            why,
            grant,
            last_accepted,
            ..
        } = *edge.epochs.get(&quarantine.epoch)?;
        let known = edge.known(&quarantine.hello);
        Some(QuarantineGrant {
            epoch: quarantine.epoch,
            grant,
            last_accepted,
            why,
            known,
        })
    }

    /// The ops of ended epochs after a place: as many of one epoch as fit.
    pub fn tail(&self, e: usize, after: LogPosition) -> LogTail {
        let edge = &self.edges[e];
        let from = (after.epoch, after.seq + 1)..(edge.epoch, 0);
        let mut rows = edge.old_ops.range(from.clone());
        let Some(((epoch, first_seq), first)) = rows.next() else {
            return LogTail::empty();
        };
        let whole = edge
            .old_ops
            .range(from)
            .take(TAIL_OPS_MAX)
            .zip(*first_seq..);
        let whole = whole.take_while(|((place, _), seq)| **place == (*epoch, *seq));
        let ops: Vec<Vec<u8>> = whole.map(|((_, op), _)| op.bytes.clone()).collect();
        let more = rows.nth(ops.len() - 1).is_some();
        LogTail {
            epoch: *epoch,
            first_seq: *first_seq,
            first_hash: first.hash,
            ops,
            more,
        }
    }

    pub fn readmit(&mut self, e: usize, now: UnixMillis) {
        let newest = self.edges[e].epochs.values().map(|row| row.at).max();
        self.edges[e].readmitted_at = newest.max(Some(now));
        self.edges[e].needs_operator = false;
    }
}

impl EdgeRow {
    pub fn epochs_today(&self, now: UnixMillis) -> u32 {
        let since = now.plus_ms(-DAY_MS);
        let today = |row: &&EpochRow| {
            row.at > since
                && self
                    .readmitted_at
                    .is_none_or(|readmitted| row.at > readmitted)
        };
        u32::try_from(self.epochs.values().filter(today).count()).unwrap_or(u32::MAX)
    }

    /// Returns true if the cloud has this op, in any epoch.
    pub fn has_received(&self, (epoch, seq): (u64, u64), hash: Hash) -> bool {
        let now = self
            .ops
            .get(&seq)
            .filter(|_| epoch == self.epoch)
            .map(|op| op.hash);
        let before = self.old_ops.get(&(epoch, seq)).map(|op| op.hash);
        now.or(before) == Some(hash)
    }

    /// The commands received from epoch `from` until before `to`.
    pub fn commands_between(&self, from: u64, to: u64) -> impl Iterator<Item = CommandId> {
        let ops = self.old_ops.range((from, 0)..(to, 0));
        ops.filter_map(|(_, op)| match op.read.as_deref() {
            Some(Op::Command(op)) => Some(op.command.id),
            _ => None,
        })
    }

    /// The last received op that the edge certainly has.
    fn known(&self, hello: &Hello) -> LogPosition {
        let nothing = LogPosition {
            epoch: hello.epoch,
            seq: 0,
        };
        let Some(settled) = hello.settled else {
            return nothing;
        };
        let here = self.old_ops.get(&(hello.epoch, settled.seq));
        let same = here.is_some_and(|here| here.hash == settled.hash);
        if same {
            LogPosition {
                seq: settled.seq,
                ..nothing
            }
        } else {
            nothing
        }
    }
}
