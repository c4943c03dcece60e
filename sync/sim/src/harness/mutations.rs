//! Every planted bug, and the promise that catches it.

use std::collections::BTreeSet;

use super::{Simulation, find_broken_promise, name_width, threads::run_numbered};
use crate::trace::RunTrace;

struct CaughtBug {
    /// `None` if a directed schedule caught it.
    seed: Option<u64>,
    invariant: &'static str,
}

/// Returns true if every bug is caught, and the same runs keep every promise without a bug.
pub(crate) fn check_bugs<S: Simulation>(only: Option<S::Bug>, jobs: u64) -> bool {
    let bugs = only.map_or(S::BUGS.to_vec(), |bug| vec![bug]);
    let rows = run_numbered(bugs.len(), jobs, |n| catch_bug::<S>(bugs[n]));
    let width = name_width::<S>();
    println!("{:<width$} {:>8}  promise", "bug", "seed");
    for (bug, row) in bugs.iter().zip(&rows) {
        let name = S::bug_name(*bug);
        match row {
            Some(CaughtBug {
                seed: None,
                invariant,
            }) => println!("{name:<width$} directed  {invariant}"),
            Some(CaughtBug {
                seed: Some(seed),
                invariant,
            }) => println!("{name:<width$} {seed:>8}  {invariant}"),
            None => println!(
                "{name:<width$}        -  NOT CAUGHT in {} seeds",
                S::SEEDS_PER_BUG_MAX
            ),
        }
    }
    let caught: Vec<&CaughtBug> = rows.iter().flatten().collect();
    let seeds = caught.iter().filter_map(|row| row.seed).collect();
    let is_clean = is_clean_without_bug::<S>(&seeds, jobs);
    println!("{} of {} bugs caught", caught.len(), rows.len());
    caught.len() == rows.len() && is_clean
}

fn catch_bug<S: Simulation>(bug: S::Bug) -> Option<CaughtBug> {
    let scenarios = S::scenarios().into_iter();
    let mut catching = scenarios.filter(|scenario| scenario.catches.contains(&bug));
    let directed = catching.find_map(|scenario| {
        let run = S::run_plan(&scenario.plan, Some(bug), RunTrace::default());
        Some(CaughtBug {
            seed: None,
            invariant: run.violation?.invariant,
        })
    });
    let by_seed = |seed| {
        Some(CaughtBug {
            seed: Some(seed),
            invariant: find_broken_promise::<S>(seed, Some(bug))?,
        })
    };
    let known = S::seed_to_try_first(bug);
    directed.or_else(|| known.and_then(by_seed)).or_else(|| {
        if let Some(seed) = known {
            println!("seed {seed} no longer catches {}", S::bug_name(bug));
        }
        (0..S::SEEDS_PER_BUG_MAX).find_map(by_seed)
    })
}

/// The control: each run that caught a bug finds nothing without it. `--seeds` runs the rest.
fn is_clean_without_bug<S: Simulation>(seeds: &BTreeSet<u64>, jobs: u64) -> bool {
    let seeds = Vec::from_iter(seeds);
    let broken = run_numbered(seeds.len(), jobs, |n| {
        find_broken_promise::<S>(*seeds[n], None)
    });
    let broken_seed = broken.iter().position(Option::is_some);
    match broken_seed {
        Some(n) => println!(
            "control: seed {} breaks {} by itself",
            seeds[n],
            broken[n].unwrap_or_default()
        ),
        None => println!("control: clean on the same {} seeds", seeds.len()),
    }
    let scenarios = S::scenarios();
    let broken_scenario = scenarios.iter().find_map(|scenario| {
        let run = S::run_plan(&scenario.plan, None, RunTrace::default());
        Some((scenario.name, run.violation?.invariant))
    });
    match broken_scenario {
        Some((name, invariant)) => println!("control: `{name}` breaks {invariant} by itself"),
        None => println!("control: clean on {} directed schedules", scenarios.len()),
    }
    broken_seed.is_none() && broken_scenario.is_none()
}
