//! The order in which a log is worked, and what stands in whose way.

use std::collections::{HashMap, HashSet};

use wire::{HeldReason, OrderId};

use super::{
    batch::{Due, Progress},
    intake::Read,
};

/// What has to wait because something at its place or before it does: what is about the same order, and
/// the release of a lease, which has to be the last word under its fence. All other ops go on.
#[derive(Debug, Default)]
pub struct Line {
    /// From which place on.
    orders: HashMap<OrderId, u64>,
    anything: Option<u64>,
}

impl Line {
    /// `op` waits, so what must not overtake it does too.
    pub fn wait(&mut self, seq: u64, op: &Read) {
        self.anything = Some(self.anything.map_or(seq, |first| first.min(seq)));
        self.hold(seq, op);
    }

    /// `op` waits for its region, so what its edge did next on the same order does too; the release
    /// of a lease does not, for it may be what is waited for.
    pub fn hold(&mut self, seq: u64, op: &Read) {
        if let Some(order) = op.order_id() {
            let from = self.orders.entry(order).or_insert(seq);
            *from = seq.min(*from);
        }
    }

    pub fn stops(&self, seq: u64, op: &Read) -> bool {
        let from = match op {
            Read::Command(_) => op.order_id().and_then(|order| self.orders.get(&order).copied()),
            Read::LeaseReleased { .. } => self.anything,
            Read::Boot | Read::Token { .. } | Read::Unknown => None,
        };
        from.is_some_and(|from| from <= seq)
    }
}

/// A walk over what is undecided of a log: how far it has come, and what it has left waiting. It ends
/// behind the last op, however much was parked on the way.
#[derive(Debug, Default)]
pub struct Walk {
    pub after: u64,
    /// One entry an order that waits, so it is bounded by what the edge has sent and nobody decided.
    pub line: Line,
}

impl Walk {
    /// Goes on behind all of which `progress` says something: what was parked is not met again.
    pub fn go_on(&mut self, run: &[Due], progress: &Progress) {
        self.pass_by(run, progress);
        let held: HashMap<u64, HeldReason> = progress.held.iter().copied().collect();
        for due in run {
            match held.get(&due.seq) {
                Some(HeldReason::Region) => self.line.hold(due.seq, &due.read),
                Some(HeldReason::NeedsOperator) => self.line.wait(due.seq, &due.read),
                None => {}
            }
        }
        self.after = self.after.max(progress.reaches().unwrap_or(0));
    }

    /// What was handed over is to be met again, in smaller parts; what was parked is not.
    pub fn pass_by(&mut self, run: &[Due], progress: &Progress) {
        let parked: HashSet<u64> = progress.parked.iter().copied().collect();
        for due in run.iter().filter(|due| parked.contains(&due.seq)) {
            self.line.wait(due.seq, &due.read);
        }
    }
}
