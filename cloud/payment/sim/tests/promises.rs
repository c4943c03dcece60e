//! Seeds and directed schedules keep every promise, a seed always means the same run, and directed
//! schedules catch their bugs.

use money_sim::{MoneyBug, MoneyPlan, run, scenarios};

#[test]
fn two_hundred_seeds_keep_every_promise_and_each_is_one_run() {
    for seed in 0..200 {
        let plan = MoneyPlan::from_seed(seed);
        let first = run(&plan, None);
        let second = run(&plan, None);
        assert_eq!(first.violation, None, "seed {seed}");
        assert_eq!(first.trace.hash(), second.trace.hash(), "seed {seed}");
        assert_eq!(first.counts, second.counts, "seed {seed}");
    }
}

#[test]
fn a_directed_schedule_keeps_the_promises_and_catches_its_bugs() {
    for scenario in scenarios::all() {
        assert_eq!(
            run(&scenario.plan, None).violation,
            None,
            "{}",
            scenario.name
        );
        for bug in scenario.catches {
            let broken = run(&scenario.plan, Some(*bug)).violation;
            assert!(
                broken.is_some(),
                "{} lets {} live",
                scenario.name,
                bug.name()
            );
        }
    }
}

#[test]
fn every_bug_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = MoneyBug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(names.len(), MoneyBug::ALL.len());
}
