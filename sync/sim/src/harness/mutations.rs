//! Every planted bug, and the promise that catches it.

use super::{Simulation, find_broken_promise, name_width, threads::run_numbered};
use crate::trace::RunTrace;

/// How a bug was caught.
struct CaughtBug {
    /// The seeds that it took; 0 if a directed schedule caught it.
    seeds: u64,
    invariant: &'static str,
}

/// Returns true if every bug is caught, and the same runs keep every promise without a bug.
pub(crate) fn check_bugs<S: Simulation>(only: Option<S::Bug>, jobs: u64) -> bool {
    let bugs = only.map_or(S::BUGS.to_vec(), |bug| vec![bug]);
    let rows = run_numbered(bugs.len(), jobs, |n| catch_bug::<S>(bugs[n]));
    let width = name_width::<S>();
    println!("{:<width$} {:>8}  promise", "bug", "seeds");
    for (bug, row) in bugs.iter().zip(&rows) {
        let name = S::bug_name(*bug);
        match row {
            Some(CaughtBug {
                seeds: 0,
                invariant,
            }) => println!("{name:<width$} directed  {invariant}"),
            Some(CaughtBug { seeds, invariant }) => {
                println!("{name:<width$} {seeds:>8}  {invariant}");
            }
            None => println!(
                "{name:<width$}        -  NOT CAUGHT in {} seeds",
                S::SEEDS_PER_BUG_MAX
            ),
        }
    }
    let most_seeds = rows.iter().flatten().map(|row| row.seeds).max();
    let is_clean = is_clean_without_bug::<S>(most_seeds.unwrap_or(0), jobs);
    let caught = rows.iter().flatten().count();
    println!("{caught} of {} bugs caught", rows.len());
    caught == rows.len() && is_clean
}

fn catch_bug<S: Simulation>(bug: S::Bug) -> Option<CaughtBug> {
    let scenarios = S::scenarios().into_iter();
    let mut catching = scenarios.filter(|scenario| scenario.catches.contains(&bug));
    let directed = catching.find_map(|scenario| {
        let run = S::run_plan(&scenario.plan, Some(bug), RunTrace::default());
        let invariant = run.violation?.invariant;
        Some(CaughtBug {
            seeds: 0,
            invariant,
        })
    });
    let by_seed = |seed| {
        let invariant = find_broken_promise::<S>(seed, Some(bug))?;
        let seeds = seed + 1;
        Some(CaughtBug { seeds, invariant })
    };
    directed.or_else(|| (0..S::SEEDS_PER_BUG_MAX).find_map(by_seed))
}

/// The control: what catches the bugs finds nothing if there is none.
fn is_clean_without_bug<S: Simulation>(seed_count: u64, jobs: u64) -> bool {
    let count = usize::try_from(seed_count).unwrap_or(usize::MAX);
    let broken = run_numbered(count, jobs, |seed| {
        find_broken_promise::<S>(seed as u64, None)
    });
    let broken_seed = broken.iter().position(Option::is_some);
    match broken_seed {
        Some(seed) => println!(
            "control: seed {seed} breaks {} by itself",
            broken[seed].unwrap_or_default()
        ),
        None => println!("control: clean on the same {seed_count} seeds"),
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
