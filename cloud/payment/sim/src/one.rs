//! Prints one plan as text and shrinks it if it fails.

use money_sim::{MoneyBug, MoneyPlan, MoneyRun, run_in_words, shrink};

/// Returns true if every promise was kept.
pub fn replay(plan: &MoneyPlan, bug: Option<MoneyBug>) -> bool {
    let ran = shown(plan, bug);
    let Some(broken) = ran.broken else {
        return true;
    };
    let small = shrink(plan, bug, broken.invariant);
    println!(
        "\nThe same with {} of {} acts:",
        small.acts.len(),
        plan.acts.len()
    );
    shown(&small, bug);
    println!("\nAs a plan: {:?}", small.acts);
    false
}

fn shown(plan: &MoneyPlan, bug: Option<MoneyBug>) -> MoneyRun {
    let ran = run_in_words(plan, bug);
    ran.trace.lines.iter().for_each(|line| println!("{line}"));
    println!("trace {:016x}", ran.trace.hash());
    if let Some(broken) = &ran.broken {
        println!("BROKEN {}: {}", broken.invariant, broken.says);
    }
    ran
}
