//! Makes a failing plan small: leaves out steps for as long as the same promise is broken.

use std::collections::BTreeSet;

use crate::{Bug, SeedPlan, run};

/// The steps that are needed to break the same promise, by their places in the seed's plan.
pub fn shrink(plan: &SeedPlan, bug: Option<Bug>, invariant: &str) -> BTreeSet<usize> {
    let fails = |keep: &BTreeSet<usize>| {
        let ran = run(&plan.only(keep), bug);
        ran.violation.is_some_and(|violation| violation.invariant == invariant)
    };
    let mut keep: BTreeSet<usize> = (0..plan.steps.len()).collect();
    // Leaving out one step may allow leaving out another, so the search goes on.
    loop {
        let before = keep.len();
        keep = fewer(keep, &fails);
        if keep.len() == before {
            return keep;
        }
    }
}

/// Leaves out halves, quarters and so on, down to single steps.
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
