//! Every planted bug, and the promise that catches it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use sim::{Bug, SeedPlan, scenarios};

/// A bug that survives this many seeds counts as missed.
const SEEDS_MAX: u64 = 2_000;

/// The seeds needed (0 if a directed schedule caught it), and the broken promise.
type Caught = Option<(u64, &'static str)>;

pub fn run(only: Option<Bug>, jobs: u64) -> bool {
    let bugs = only.map_or(Bug::ALL.to_vec(), |bug| vec![bug]);
    let rows = each(bugs.len(), jobs, |n| caught(bugs[n]));
    println!("{:<28} {:>8}  promise", "bug", "seeds");
    let mut most = 0;
    for (bug, caught) in bugs.iter().zip(&rows) {
        match caught {
            Some((seeds, invariant)) => {
                most = most.max(*seeds);
                let seeds = if *seeds == 0 {
                    "directed".into()
                } else {
                    seeds.to_string()
                };
                println!("{:<28} {seeds:>8}  {invariant}", bug.name());
            }
            None => println!(
                "{:<28}        -  NOT CAUGHT in {SEEDS_MAX} seeds",
                bug.name()
            ),
        }
    }
    let control = control(most, jobs);
    match control {
        Some((seed, invariant)) => println!("control: seed {seed} breaks {invariant} by itself"),
        None => println!("control: clean on the same {most} seeds"),
    }
    let directed = broken_scenario();
    match directed {
        Some((name, invariant)) => println!("control: `{name}` breaks {invariant} by itself"),
        None => println!(
            "control: clean on {} directed schedules",
            scenarios::all().len()
        ),
    }
    let uncaught = rows.iter().filter(|caught| caught.is_none()).count();
    println!("{} of {} bugs caught", rows.len() - uncaught, rows.len());
    uncaught == 0 && control.is_none() && directed.is_none()
}

fn caught(bug: Bug) -> Caught {
    let directed = scenarios::catching(bug).find_map(|scenario| {
        let violation = sim::run(&scenario.plan, Some(bug)).violation?;
        Some((0, violation.invariant))
    });
    directed.or_else(|| (0..SEEDS_MAX).find_map(|seed| Some((seed + 1, broken(seed, Some(bug))?))))
}

/// The first directed schedule that breaks a promise without any bug.
fn broken_scenario() -> Option<(&'static str, &'static str)> {
    scenarios::all().into_iter().find_map(|scenario| {
        let violation = sim::run(&scenario.plan, None).violation?;
        Some((scenario.name, violation.invariant))
    })
}

/// The first seed that breaks a promise without any bug.
fn control(seeds: u64, jobs: u64) -> Caught {
    let seeds = usize::try_from(seeds).unwrap_or(usize::MAX);
    let broken = each(seeds, jobs, |seed| {
        let seed = seed as u64;
        broken(seed, None).map(|invariant| (seed, invariant))
    });
    broken.into_iter().flatten().next()
}

fn broken(seed: u64, bug: Option<Bug>) -> Option<&'static str> {
    sim::run(&SeedPlan::of(seed), bug)
        .violation
        .map(|violation| violation.invariant)
}

/// Results in numeric order, whichever thread computed them.
fn each(count: usize, jobs: u64, work: impl Fn(usize) -> Caught + Sync) -> Vec<Caught> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; count]);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    let caught = work(n);
                    done.lock().unwrap_or_else(PoisonError::into_inner)[n] = caught;
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
