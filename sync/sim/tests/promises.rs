//! A part of `holdfast-sim`, small enough for every test run. `holdfast-sim --mutations` shows that
//! every planted bug is caught, and by which promise.

use sim::{Bug, SeedPlan, run, run_in_words, scenarios, seeds};

/// The simulator itself runs a thousand and more in each test run.
const SEEDS: u64 = 40;

#[test]
fn no_seed_breaks_a_promise() {
    for seed in 0..SEEDS {
        let ran = run(&SeedPlan::from_seed(seed), None);
        assert_eq!(ran.violation, None, "seed {seed}");
    }
}

#[test]
fn the_seeds_that_once_failed_stay_whole() {
    for plan in seeds::kept() {
        let ran = run(&plan, None);
        assert_eq!(ran.violation, None, "seed {}", plan.seed);
    }
}

#[test]
fn no_directed_schedule_breaks_a_promise() {
    for scenario in scenarios::all() {
        let ran = run(&scenario.plan, None);
        assert_eq!(ran.violation, None, "{}", scenario.name);
    }
}

#[test]
fn directed_schedules_catch_the_bugs_they_name() {
    for scenario in scenarios::all() {
        for bug in scenario.catches {
            let caught = run(&scenario.plan, Some(*bug)).violation.is_some();
            assert!(caught, "{} does not catch {}", scenario.name, bug.name());
        }
    }
}

/// Events that chance reaches too rarely to require them of the seeds.
#[test]
fn directed_schedules_meet_what_a_promise_may_come_to() {
    let mut counts = sim::Counts::default();
    scenarios::all()
        .iter()
        .for_each(|scenario| counts.add(&run(&scenario.plan, None).counts));
    for outcome in [
        "rejected region_taken_back",
        "applied order_cancelled_meanwhile",
        "applied order_rejected_meanwhile",
    ] {
        assert!(
            counts.outcomes.contains_key(outcome),
            "never met: {outcome}"
        );
    }
}

#[test]
fn every_seed_has_its_fifty_commands_and_three_faults() {
    for seed in 0..SEEDS {
        let plan = SeedPlan::from_seed(seed);
        assert!(plan.commands() >= 50 && plan.faults() >= 3, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..10 {
        let plan = SeedPlan::from_seed(seed);
        let one = run(&plan, None);
        let other = run_in_words(&plan, None);
        assert_eq!(one.trace.hash(), other.trace.hash(), "seed {seed}");
        assert_eq!(one.counts, other.counts, "seed {seed}");
        assert!(!other.trace.lines.is_empty());
    }
}

#[test]
fn a_failing_seed_shrinks_to_what_it_needs() {
    let bug = Some(Bug::VerdictNotStored);
    let failing = (0..50).map(SeedPlan::from_seed).find_map(|plan| {
        let violation = run(&plan, bug).violation?;
        Some((plan, violation.invariant))
    });
    let (plan, invariant) = failing.unwrap();
    let keep = sim::harness::shrink_plan::<sim::SyncSimulation>(&plan, bug, invariant);
    let violation = run(&plan.keep_steps(&keep), bug).violation.unwrap();
    assert_eq!(violation.invariant, invariant);
    assert!(
        keep.len() < plan.steps.len() / 2,
        "{} of {}",
        keep.len(),
        plan.steps.len()
    );
}
