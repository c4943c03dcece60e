//! The work on the edges' logs: who may work one, what is to be worked next, and what came of it.
//! Mirrors `sync/hub/src/store/work.rs`.

use std::{collections::BTreeSet, rc::Rc};

use wire::{Hash, HeldReason, NumberedOutcome, Op, UnixMillis};

use super::{OpRow, OpState, SyncDb};
use crate::{bug::Bug, cloud::Decided};

/// An op to be worked.
pub type Due = (u64, Hash, Option<Rc<Op>>);

/// The right to work one edge's log, until somebody else raises the token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim {
    pub token: u64,
}

/// A worker that dies is followed after this.
pub const CLAIM_MS: i64 = 3_000;

impl SyncDb {
    pub fn claim(&mut self, e: usize, worker: u64, now: UnixMillis) -> Option<Claim> {
        let edge = &mut self.edges[e];
        // A claim that reaches further than any can be given now was given by another clock.
        let outlived = edge.work_until <= now || edge.work_until > now.plus_ms(CLAIM_MS);
        let free = edge.worker == worker || outlived;
        if edge.undecided == 0 || !free {
            return None;
        }
        edge.worker = worker;
        edge.work_token += 1;
        edge.work_until = now.plus_ms(CLAIM_MS);
        Some(Claim { token: edge.work_token })
    }

    pub fn release(&mut self, e: usize, claim: Claim) {
        let edge = &mut self.edges[e];
        if edge.work_token == claim.token {
            edge.work_until = UnixMillis(0);
        }
    }

    /// The next undecided ops in log order, without those that are held and what waits behind them.
    pub fn due(&self, e: usize, limit: usize) -> Vec<Due> {
        let (mut due, mut behind) = (Vec::new(), BTreeSet::new());
        for (seq, op) in self.edges[e].undecided_ops() {
            match op.state {
                OpState::Held => behind.extend(op.order()),
                _ if op.order().is_some_and(|order| behind.contains(&order)) => {}
                _ => due.push((*seq, op.hash, op.read.clone())),
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    /// The next held ops beyond `beyond`, without what stands behind another that waits.
    pub fn held_again(&self, e: usize, beyond: u64, limit: usize) -> Vec<Due> {
        let (mut due, mut behind) = (Vec::new(), BTreeSet::new());
        for (seq, op) in self.edges[e].undecided_ops() {
            let stopped = op.order().is_some_and(|order| behind.contains(&order));
            match op.state {
                OpState::Held if *seq <= beyond => behind.extend(op.order()),
                OpState::Held if !stopped => due.push((*seq, op.hash, op.read.clone())),
                OpState::Parked => behind.extend(op.order()),
                OpState::Held | OpState::Received | OpState::Decided => {}
            }
            if due.len() == limit {
                break;
            }
        }
        due
    }

    /// What an edge is told to be held.
    pub fn held(&self, e: usize) -> Vec<(u64, HeldReason)> {
        let held = self.edges[e].undecided_ops().filter(|(_, op)| op.state == OpState::Held);
        held.map(|(seq, _)| (*seq, HeldReason::Region)).collect()
    }

    pub fn park(&mut self, e: usize, seqs: impl Iterator<Item = u64>) {
        for seq in seqs {
            if let Some(op) = self.edges[e].ops.get_mut(&seq)
                && !op.is_decided()
            {
                op.state = OpState::Parked;
            }
        }
    }

    pub fn token(&self, e: usize, seq: u64) -> Option<Rc<Op>> {
        self.edges[e].ops.get(&seq)?.read.clone()
    }

    /// Stores what a pass has brought, all or nothing; `false` where another worker has the log.
    pub fn commit(
        &mut self,
        e: usize,
        claim: Claim,
        decided: Vec<Decided>,
        held: &[u64],
        counted: u64,
        until: UnixMillis,
    ) -> bool {
        let stale = self.has(Bug::OutcomeNumberTwice);
        let edge = &mut self.edges[e];
        if edge.work_token != claim.token && !stale {
            return false;
        }
        if decided.iter().any(|d| edge.ops.get(&d.seq).is_none_or(OpRow::is_decided)) && !stale {
            return false;
        }
        edge.work_until = until;
        let mut number = if stale { counted } else { edge.outcome_count };
        for Decided { seq, command_id, outcome } in decided {
            number += 1;
            edge.undecided = edge.undecided.saturating_sub(1);
            if let Some(op) = edge.ops.get_mut(&seq) {
                op.state = OpState::Decided;
            }
            let outcome = NumberedOutcome { number, seq, command_id, outcome };
            edge.outcomes.insert(number, Rc::new(outcome));
        }
        for seq in held {
            if let Some(op) = edge.ops.get_mut(seq) {
                op.state = OpState::Held;
            }
        }
        edge.outcome_count = number;
        true
    }
}
