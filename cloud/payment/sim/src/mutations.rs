//! Every planted bug, and the promise that catches it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use money_sim::{MoneyBug, MoneyPlan, run as run_plan, scenarios};

/// A bug that survives this many seeds counts as missed.
const SEEDS_MAX: u64 = 5_000;

/// The seeds needed (0 if a directed schedule caught it), and the broken promise.
type Caught = Option<(u64, &'static str)>;

pub fn run(only: Option<MoneyBug>, jobs: u64) -> bool {
    let bugs = only.map_or(MoneyBug::ALL.to_vec(), |bug| vec![bug]);
    let rows = each(&bugs, jobs);
    println!("{:<22} {:>8}  promise", "bug", "seeds");
    for (bug, caught) in bugs.iter().zip(&rows) {
        match caught {
            Some((0, invariant)) => println!("{:<22} directed  {invariant}", bug.name()),
            Some((seeds, invariant)) => println!("{:<22} {seeds:>8}  {invariant}", bug.name()),
            None => println!(
                "{:<22}        -  NOT CAUGHT in {SEEDS_MAX} seeds",
                bug.name()
            ),
        }
    }
    let most = rows
        .iter()
        .flatten()
        .map(|(seeds, _)| *seeds)
        .max()
        .unwrap_or(0);
    let control = (0..most).find_map(|seed| Some((seed, broken(seed, None)?)));
    match control {
        Some((seed, invariant)) => println!("control: seed {seed} breaks {invariant} by itself"),
        None => println!("control: clean on the same {most} seeds"),
    }
    let caught = rows.iter().flatten().count();
    println!("{caught} of {} bugs caught", rows.len());
    caught == rows.len() && control.is_none()
}

fn caught(bug: MoneyBug) -> Caught {
    let directed = scenarios::all()
        .into_iter()
        .filter(|it| it.catches.contains(&bug));
    let mut directed = directed.filter_map(|scenario| {
        let broken = run_plan(&scenario.plan, Some(bug)).broken?;
        Some((0, broken.invariant))
    });
    let by_seeds = || (0..SEEDS_MAX).find_map(|seed| Some((seed + 1, broken(seed, Some(bug))?)));
    directed.next().or_else(by_seeds)
}

fn broken(seed: u64, bug: Option<MoneyBug>) -> Option<&'static str> {
    run_plan(&MoneyPlan::of(seed), bug)
        .broken
        .map(|broken| broken.invariant)
}

/// Results in the order of the bugs, whichever thread ran them.
fn each(bugs: &[MoneyBug], jobs: u64) -> Vec<Caught> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; bugs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let caught = caught(*bug);
                    let place = bugs.iter().position(|other| other == bug).unwrap_or(0);
                    done.lock().unwrap_or_else(PoisonError::into_inner)[place] = caught;
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
