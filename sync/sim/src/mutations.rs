//! Every planted bug, and the promise that sees it.

use sim::{Bug, Plan};

/// A bug that lives longer than this is not seen.
const SEEDS_MAX: u64 = 2_000;

pub fn run_all(bugs: &[Bug], seeds_max: u64) -> Vec<(Bug, Option<(u64, &'static str)>)> {
    bugs.iter().map(|&bug| (bug, caught(bug, seeds_max))).collect()
}

pub fn run(only: Option<Bug>, _jobs: u64) -> bool {
    let bugs = only.map_or(Bug::ALL.to_vec(), |bug| vec![bug]);
    let rows = run_all(&bugs, SEEDS_MAX);
    println!("{:<28} {:>6}  promise", "bug", "seeds");
    let mut most = 0;
    for (bug, caught) in &rows {
        match caught {
            Some((seeds, invariant)) => {
                most = most.max(*seeds);
                println!("{:<28} {seeds:>6}  {invariant}", bug.name());
            }
            None => println!("{:<28}      -  NOT CAUGHT in {SEEDS_MAX} seeds", bug.name()),
        }
    }
    let control = (0..most).find(|&seed| run_clean(seed).is_some());
    match control.and_then(|seed| run_clean(seed).map(|invariant| (seed, invariant))) {
        Some((seed, invariant)) => println!("control: seed {seed} breaks {invariant} by itself"),
        None => println!("control: clean on the same {most} seeds"),
    }
    let uncaught = rows.iter().filter(|(_, caught)| caught.is_none()).count();
    println!("{} of {} bugs caught", rows.len() - uncaught, rows.len());
    uncaught == 0 && control.is_none()
}

fn caught(bug: Bug, seeds_max: u64) -> Option<(u64, &'static str)> {
    (0..seeds_max).find_map(|seed| {
        let violation = sim::run(&Plan::of(seed), Some(bug)).violation?;
        Some((seed + 1, violation.invariant))
    })
}

fn run_clean(seed: u64) -> Option<&'static str> {
    sim::run(&Plan::of(seed), None).violation.map(|violation| violation.invariant)
}
