//! Messages of the people of an order to each other, drawn separately from the older acts.

use super::{ACTIVE_MS, Intent, Step, StepKind};
use crate::{
    cast::{DESK_COUNT, TABLET_COUNT},
    random::Random,
};

pub(super) const STREAM: u64 = 0x4444_0000_4444_0000;

/// People who write, and what each of them writes in a row.
const WRITERS: (u64, u64) = (5, 9);
const IN_A_ROW: (u64, u64) = (1, 4);
const APART_MS: u64 = 3_000;

pub(super) fn steps(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..random.between(WRITERS.0, WRITERS.1) {
        let first = message(random);
        for _ in 1..random.between(IN_A_ROW.0, IN_A_ROW.1) {
            let at = first.at + random.between(1, APART_MS);
            let what = first.what.clone();
            steps.push(Step { at, what });
        }
        steps.push(first);
    }
    steps
}

/// After the first acceptances.
fn message(random: &mut Random) -> Step {
    let at = random.between(12_000, ACTIVE_MS);
    let pick = random.next();
    let intent = Intent::Message;
    let what = if random.chance(250) {
        StepKind::Desk {
            person: random.below(DESK_COUNT),
            intent,
            pick,
        }
    } else {
        StepKind::Tap {
            tablet: random.below(TABLET_COUNT),
            intent,
            pick,
        }
    };
    Step { at, what }
}
