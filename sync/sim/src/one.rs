//! One seed in words; a failing one is shrunk.

use sim::{Bug, Plan, run_in_words, seeds, shrink};

pub fn run(seed: u64, bug: Option<Bug>) -> bool {
    let plan = Plan::of(seed);
    let ran = run_in_words(&plan, bug);
    ran.trace.lines.iter().for_each(|line| println!("{line}"));
    println!("{}", ran.counts);
    println!("trace {:016x}", ran.trace.hash());
    let Some(violation) = ran.violation else { return true };
    println!("BROKEN {}: {}", violation.invariant, violation.says);
    let keep = shrink(&plan, bug, violation.invariant);
    let small = run_in_words(&plan.only(&keep), bug);
    println!("\nThe same with {} of {} steps:", keep.len(), plan.steps.len());
    small.trace.lines.iter().for_each(|line| println!("{line}"));
    let says = small.violation.map_or(violation.says, |violation| violation.says);
    println!("BROKEN {}: {says}", violation.invariant);
    println!("\nTo keep it:\n{}", seeds::line(seed, &keep, violation.invariant));
    false
}
