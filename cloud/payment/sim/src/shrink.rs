//! Shrinks a failing plan: drops acts while the same promise still breaks.

use std::collections::BTreeSet;

use crate::{MoneyBug, MoneyPlan, run};

/// The plan reduced to the acts that the failure requires.
pub fn shrink(plan: &MoneyPlan, bug: Option<MoneyBug>, invariant: &str) -> MoneyPlan {
    let mut keep: BTreeSet<usize> = (0..plan.acts.len()).collect();
    loop {
        let before = keep.len();
        for act in keep.clone() {
            let mut fewer = keep.clone();
            fewer.remove(&act);
            let broken = run(&plan.only(&fewer), bug).broken;
            if broken.is_some_and(|broken| broken.invariant == invariant) {
                keep = fewer;
            }
        }
        if keep.len() == before {
            return plan.only(&keep);
        }
    }
}
