//! One seed in words; a failing one is shrunk.

use sim::{Bug, Plan, Violation, run_in_words, seeds, shrink};

/// Prints all that happens, and what was broken.
pub fn replay(plan: &Plan, bug: Option<Bug>) -> Option<Violation> {
    let ran = run_in_words(plan, bug);
    ran.trace.lines.iter().for_each(|line| println!("{line}"));
    println!("{}", ran.counts);
    println!("trace {:016x}", ran.trace.hash());
    let violation = ran.violation?;
    println!("BROKEN {}: {}", violation.invariant, violation.says);
    Some(violation)
}

pub fn run(seed: u64, bug: Option<Bug>) -> bool {
    let plan = Plan::of(seed);
    let Some(violation) = replay(&plan, bug) else { return true };
    let keep = shrink(&plan, bug, violation.invariant);
    let small = run_in_words(&plan.only(&keep), bug);
    println!("\nThe same with {} of {} steps:", keep.len(), plan.steps.len());
    small.trace.lines.iter().for_each(|line| println!("{line}"));
    let says = small.violation.map_or(violation.says, |violation| violation.says);
    println!("BROKEN {}: {says}", violation.invariant);
    println!("\nTo keep it:\n{}", seeds::line(seed, &keep, violation.invariant));
    false
}
