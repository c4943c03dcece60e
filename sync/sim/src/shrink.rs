//! Shrinks a failing plan: drops steps while the same promise still breaks.

use std::collections::BTreeSet;

use crate::{Bug, SeedPlan, run};

/// The indices of the steps that break the same promise.
pub fn shrink(plan: &SeedPlan, bug: Option<Bug>, invariant: &str) -> BTreeSet<usize> {
    let fails = |keep: &BTreeSet<usize>| {
        let ran = run(&plan.only(keep), bug);
        ran.violation
            .is_some_and(|violation| violation.invariant == invariant)
    };
    let mut keep: BTreeSet<usize> = (0..plan.steps.len()).collect();
    // Dropping one step may allow dropping another, so repeat.
    loop {
        let before = keep.len();
        keep = fewer(keep, &fails);
        if keep.len() == before {
            return keep;
        }
    }
}

/// Drops halves, quarters and so on, down to single steps.
fn fewer(mut keep: BTreeSet<usize>, fails: &impl Fn(&BTreeSet<usize>) -> bool) -> BTreeSet<usize> {
    let mut part = keep.len() / 2;
    while part > 0 {
        let before = keep.len();
        let steps: Vec<usize> = keep.iter().copied().collect();
        for chunk in steps.chunks(part) {
            let mut fewer = keep.clone();
            chunk.iter().for_each(|step| {
                fewer.remove(step);
            });
            if fails(&fewer) {
                keep = fewer;
            }
        }
        if keep.len() == before || part > 1 {
            part /= 2;
        }
    }
    keep
}
