//! Faults drawn separately from the older ones: lost events, damaged views, feeds that start over
//! or are compacted, and an edge that is away long enough.

use super::{ACTIVE_MS, Fault, FaultKind, Step, StepKind, weighted};
use crate::{cast::EDGE_COUNT, random::Random};

pub(super) const STREAM: u64 = 0x7777_0000_7777_0000;

const WEIGHTS: [(FaultKind, u64); 5] = [
    (FaultKind::EventsLost, 8),
    (FaultKind::ViewDamaged, 3),
    (FaultKind::FeedAnew, 3),
    (FaultKind::Compaction, 3),
    (FaultKind::StrangeOrder, 2),
];

pub(super) fn steps(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..random.between(0, 2) {
        let kind = weighted(random, WEIGHTS.into_iter()).unwrap_or(FaultKind::EventsLost);
        let on = random.below(kind.who());
        let at = random.between(4_000, ACTIVE_MS);
        let size = random.between(0, 1_000);
        steps.push(fault(at, kind, on, 0, size));
    }
    if random.chance(120) {
        away(random, &mut steps);
    }
    steps
}

/// An order leaves the region while an edge is away, and is compacted before it returns.
fn away(random: &mut Random, steps: &mut Vec<Step>) {
    let on = random.below(EDGE_COUNT);
    let at = random.between(18_000, 32_000);
    steps.push(fault(at, FaultKind::StrangeOrder, on, 0, 0));
    let leaves = at + random.between(1_000, 4_000);
    let lasts_ms = random.between(34_000, 42_000);
    steps.push(fault(leaves, FaultKind::Partition, on, lasts_ms, 0));
    let forgets = at + random.between(26_000, 34_000);
    steps.push(fault(forgets, FaultKind::Compaction, 0, 0, 0));
}

fn fault(at: u64, kind: FaultKind, on: usize, lasts_ms: u64, size: u64) -> Step {
    Step {
        at,
        what: StepKind::Fault(Fault {
            kind,
            on,
            lasts_ms,
            size,
        }),
    }
}
