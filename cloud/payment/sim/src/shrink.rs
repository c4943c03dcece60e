//! Makes a failing plan small: leaves out acts for as long as the same promise is broken.

use std::collections::BTreeSet;

use crate::{MoneyBug, MoneyPlan, run};

/// The acts that are needed, by their places in the plan.
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
