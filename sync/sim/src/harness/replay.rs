//! Prints one plan as text, and shrinks a seed that fails.

use std::collections::BTreeSet;

use super::{Simulation, Violation};
use crate::trace::RunTrace;

/// Returns true if the seed keeps every promise.
pub(crate) fn replay_seed<S: Simulation>(seed: u64, bug: Option<S::Bug>) -> bool {
    let plan = S::plan_from_seed(seed);
    let Some(violation) = print_run::<S>(&plan, bug) else {
        return true;
    };
    let keep = shrink_plan::<S>(&plan, bug, violation.invariant);
    println!(
        "\nThe same with {} of {} steps:",
        keep.len(),
        S::step_count(&plan)
    );
    print_run::<S>(&S::keep_steps(&plan, &keep), bug);
    println!("\n{}", S::describe_shrunk(seed, &keep, violation.invariant));
    false
}

/// Returns true if the directed schedule keeps every promise.
pub(crate) fn replay_scenario<S: Simulation>(name: &str, bug: Option<S::Bug>) -> bool {
    let scenarios = S::scenarios();
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == name) else {
        eprintln!("unknown schedule; the schedules are:");
        for scenario in &scenarios {
            eprintln!("  {:<36} {}", scenario.name, scenario.says);
        }
        return false;
    };
    print_run::<S>(&scenario.plan, bug).is_none()
}

/// Prints every step, and the broken promise.
fn print_run<S: Simulation>(plan: &S::Plan, bug: Option<S::Bug>) -> Option<Violation> {
    let run = S::run_plan(plan, bug, RunTrace::in_words());
    run.trace.lines.iter().for_each(|line| println!("{line}"));
    println!("{}", run.counts);
    println!("trace {:016x}", run.trace.hash());
    let violation = run.violation?;
    println!("BROKEN {}: {}", violation.invariant, violation.says);
    Some(violation)
}

/// The indices of the steps that break the same promise.
pub fn shrink_plan<S: Simulation>(
    plan: &S::Plan,
    bug: Option<S::Bug>,
    invariant: &str,
) -> BTreeSet<usize> {
    let fails = |keep: &BTreeSet<usize>| {
        let run = S::run_plan(&S::keep_steps(plan, keep), bug, RunTrace::default());
        run.violation
            .is_some_and(|violation| violation.invariant == invariant)
    };
    let mut keep: BTreeSet<usize> = (0..S::step_count(plan)).collect();
    // Dropping one step may allow dropping another, so repeat.
    loop {
        let before = keep.len();
        keep = drop_steps(keep, &fails);
        if keep.len() == before {
            return keep;
        }
    }
}

/// Drops halves, quarters and so on, down to single steps.
fn drop_steps(
    mut keep: BTreeSet<usize>,
    fails: &impl Fn(&BTreeSet<usize>) -> bool,
) -> BTreeSet<usize> {
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
