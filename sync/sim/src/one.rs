//! Prints one seed as text and shrinks it if it fails.

use sim::{Bug, SeedPlan, Violation, run_in_words, seeds, shrink};

/// Prints every event, and the broken promise.
pub fn replay(plan: &SeedPlan, bug: Option<Bug>) -> Option<Violation> {
    let ran = run_in_words(plan, bug);
    ran.trace.lines.iter().for_each(|line| println!("{line}"));
    println!("{}", ran.counts);
    println!("trace {:016x}", ran.trace.hash());
    let violation = ran.violation?;
    println!("BROKEN {}: {}", violation.invariant, violation.says);
    Some(violation)
}

pub fn run(seed: u64, bug: Option<Bug>) -> bool {
    let plan = SeedPlan::of(seed);
    let Some(violation) = replay(&plan, bug) else {
        return true;
    };
    let keep = shrink(&plan, bug, violation.invariant);
    let small = run_in_words(&plan.only(&keep), bug);
    println!(
        "\nThe same with {} of {} steps:",
        keep.len(),
        plan.steps.len()
    );
    small.trace.lines.iter().for_each(|line| println!("{line}"));
    let says = small
        .violation
        .map_or(violation.says, |violation| violation.says);
    println!("BROKEN {}: {says}", violation.invariant);
    println!(
        "\nTo keep it:\n{}",
        seeds::line(seed, &keep, violation.invariant)
    );
    false
}
