//! The work on the edges' logs: claims, the next ops, and results. Mirrors
//! `sync/hub/src/store/work_queue.rs`.

use std::{collections::BTreeSet, rc::Rc};

use planted::is_planted;
use wire::{Hash, HeldReason, NumberedOutcome, Op, OrderId, UnixMillis};

use super::{OpRow, OpStage, SyncDb};
use crate::{bug::Bug, cloud::LogOutcome};

/// An op that is due for work.
pub(crate) type DueOp = (u64, Hash, Option<Rc<Op>>);

/// The lease on one edge's log, until another worker raises the token.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogClaim {
    pub token: u64,
}

/// The lease of a dead worker expires after this.
pub(crate) const CLAIM_MS: i64 = 3_000;

/// The ops that block others. Mirrors `sync/hub/src/domain/run_plan.rs`.
#[derive(Default)]
struct Line {
    orders: BTreeSet<OrderId>,
    anything: bool,
    lets_releases_by: bool,
}

impl Line {
    fn wait(&mut self, op: &OpRow) {
        self.anything = true;
        self.orders.extend(op.order());
    }

    fn hold(&mut self, op: &OpRow) {
        self.orders.extend(op.order());
    }

    fn stops(&self, op: &OpRow) -> bool {
        match op.read.as_deref() {
            Some(Op::LeaseReleased { .. }) => self.anything && !self.lets_releases_by,
            _ => op.order().is_some_and(|order| self.orders.contains(&order)),
        }
    }
}

impl SyncDb {
    pub fn claim(&mut self, e: usize, worker: u64, now: UnixMillis) -> Option<LogClaim> {
        let edge = &mut self.edges[e];
        // A lease longer than any valid one came from another clock.
        let outlived = edge.work_until <= now || edge.work_until > now.plus_ms(CLAIM_MS);
        let free = edge.worker == worker || outlived;
        if edge.undecided == 0 || !free {
            return None;
        }
        edge.worker = worker;
        edge.work_token += 1;
        edge.work_until = now.plus_ms(CLAIM_MS);
        Some(LogClaim {
            token: edge.work_token,
        })
    }

    pub fn give_up(&mut self, e: usize, claim: LogClaim) {
        let edge = &mut self.edges[e];
        if edge.work_token == claim.token {
            edge.work_until = UnixMillis(0);
        }
    }

    /// The next undecided ops in log order, without held ops and the ops behind them.
    pub fn due(&self, e: usize, limit: usize) -> Vec<DueOp> {
        self.next(e, limit, |_| true)
    }

    /// Like `due`, without parked ops: for use while their owner is away.
    pub fn not_parked(&self, e: usize, limit: usize) -> Vec<DueOp> {
        self.next(e, limit, |op| op.state != OpStage::Parked)
    }

    fn next(&self, e: usize, limit: usize, met: impl Fn(&OpRow) -> bool) -> Vec<DueOp> {
        let mut due = Vec::new();
        let mut line = self.line();
        for (seq, op) in self.edges[e].undecided_ops().filter(|(_, op)| met(op)) {
            match op.state {
                OpStage::Stopped => line.wait(op),
                OpStage::Held => line.hold(op),
                _ if line.stops(op) => {}
                _ => due.push((*seq, op.hash, op.read.clone())),
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    /// The next held ops after `beyond`, without ops behind another waiting op.
    pub fn held_again(&self, e: usize, beyond: u64, limit: usize) -> Vec<DueOp> {
        let mut due = Vec::new();
        let mut line = self.line();
        for (seq, op) in self.edges[e].undecided_ops() {
            match op.state {
                OpStage::Held if *seq <= beyond => line.hold(op),
                OpStage::Held if !line.stops(op) => due.push((*seq, op.hash, op.read.clone())),
                OpStage::Parked | OpStage::Stopped => line.wait(op),
                OpStage::Held | OpStage::Received | OpStage::Decided => {}
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    fn line(&self) -> Line {
        Line {
            lets_releases_by: is_planted(Bug::ReleaseOvertaken),
            ..Line::default()
        }
    }

    /// The held ops to report to the edge.
    pub fn held(&self, e: usize) -> Vec<(u64, HeldReason)> {
        let reason = |op: &OpRow| match op.state {
            OpStage::Held => Some(HeldReason::Region),
            OpStage::Stopped => Some(HeldReason::NeedsOperator),
            OpStage::Received | OpStage::Parked | OpStage::Decided => None,
        };
        let held = self.edges[e].undecided_ops();
        held.filter_map(|(seq, op)| Some((*seq, reason(op)?)))
            .collect()
    }

    /// Counts the failure of a single op, and finally holds it for an operator.
    pub fn fail(&mut self, e: usize, claim: LogClaim, seq: u64, stops: bool) -> bool {
        let forgets = is_planted(Bug::FailuresNotStored);
        let edge = &mut self.edges[e];
        if edge.work_token != claim.token {
            return false;
        }
        if let Some(op) = edge.ops.get_mut(&seq).filter(|op| !op.is_decided()) {
            op.failures += u32::from(!forgets);
            if stops {
                op.state = OpStage::Stopped;
            }
        }
        true
    }

    /// Readmits an op after an operator's check, as if it had never failed.
    pub fn let_go(&mut self, e: usize, seq: u64) -> bool {
        let op = self.edges[e]
            .ops
            .get_mut(&seq)
            .filter(|op| op.state == OpStage::Stopped);
        let Some(op) = op else { return false };
        (op.state, op.failures) = (OpStage::Received, 0);
        true
    }

    pub fn park(&mut self, e: usize, seqs: impl Iterator<Item = u64>) {
        for seq in seqs {
            if let Some(op) = self.edges[e].ops.get_mut(&seq)
                && !op.is_decided()
            {
                op.state = OpStage::Parked;
            }
        }
    }

    pub fn token(&self, e: usize, seq: u64) -> Option<Rc<Op>> {
        self.edges[e].ops.get(&seq)?.read.clone()
    }

    /// Stores the results of a pass, all or nothing. Returns `false` if another worker has the log.
    pub fn commit(
        &mut self,
        e: usize,
        claim: LogClaim,
        decided: Vec<LogOutcome>,
        held: &[u64],
        counted: u64,
        until: UnixMillis,
    ) -> bool {
        let stale = is_planted(Bug::OutcomeNumberTwice);
        let edge = &mut self.edges[e];
        if edge.work_token != claim.token && !stale {
            return false;
        }
        if decided
            .iter()
            .any(|d| edge.ops.get(&d.seq).is_none_or(OpRow::is_decided))
            && !stale
        {
            return false;
        }
        edge.work_until = until;
        let mut number = if stale { counted } else { edge.outcome_count };
        for LogOutcome {
            seq,
            command_id,
            outcome,
        } in decided
        {
            number += 1;
            edge.undecided = edge.undecided.saturating_sub(1);
            if let Some(op) = edge.ops.get_mut(&seq) {
                (op.state, op.succeeded) = (OpStage::Decided, outcome.has_succeeded());
                op.named = outcome.names_its_person();
            }
            let outcome = NumberedOutcome {
                number,
                seq,
                command_id,
                outcome,
            };
            edge.outcomes.insert(number, Rc::new(outcome));
        }
        for seq in held {
            if let Some(op) = edge.ops.get_mut(seq) {
                op.state = OpStage::Held;
            }
        }
        edge.outcome_count = number;
        true
    }
}
