//! The runs for the stores: all directed schedules, a number of seeds, and each further seed that
//! meets something new.

use std::{collections::BTreeSet, sync::LazyLock};

use sim::{Counts, OUTCOMES, SeedPlan, VERDICTS, recording, recording::Recording, scenarios};

pub struct Run {
    /// The name under which `holdfast-sim` replays it.
    pub name: String,
    pub recording: Recording,
    /// Absent where it is put to every store: a directed schedule, or the first to meet something.
    seed: Option<u64>,
}

struct Recorded {
    runs: Vec<Run>,
    /// The demands on enough seeds that these do not meet.
    never: BTreeSet<&'static str>,
}

/// Of these every store is put to some.
const SEEDS: u64 = 300;
/// The seeds searched for rare events.
const LOOKED_AT_MAX: u64 = 1_000;

/// Recorded once for all tests.
static RECORDED: LazyLock<Recorded> = LazyLock::new(recorded);

/// The runs with the first so many seeds.
pub fn runs(seeds: u64) -> impl Iterator<Item = &'static Run> {
    assert!(RECORDED.never.is_empty(), "no run meets these: {:?}", RECORDED.never);
    assert!(seeds <= SEEDS, "so many are not recorded");
    RECORDED.runs.iter().filter(move |run| run.seed.is_none_or(|seed| seed < seeds))
}

fn recorded() -> Recorded {
    let mut runs = Vec::new();
    let mut never: BTreeSet<&str> = OUTCOMES.into_iter().chain(VERDICTS).collect();
    for scenario in scenarios::all() {
        let name = format!("--scenario {}", scenario.name);
        let recording = record(&name, &scenario.plan);
        meets(&mut never, &recording.counts);
        runs.push(Run { name, recording, seed: None });
    }
    for seed in 0..LOOKED_AT_MAX {
        if seed >= SEEDS && never.is_empty() {
            break;
        }
        let name = format!("--seed {seed}");
        let recording = record(&name, &SeedPlan::of(seed));
        let is_first = meets(&mut never, &recording.counts);
        if is_first || seed < SEEDS {
            runs.push(Run { name, recording, seed: Some(seed).filter(|_| !is_first) });
        }
    }
    Recorded { runs, never }
}

fn record(name: &str, plan: &SeedPlan) -> Recording {
    recording::record(plan).unwrap_or_else(|why| panic!("{name} is no recording: {why:?}"))
}

/// Returns whether something new was met.
fn meets(never: &mut BTreeSet<&str>, counts: &Counts) -> bool {
    let before = never.len();
    never.retain(|key| !counts.outcomes.contains_key(key) && !counts.verdicts.contains_key(key));
    never.len() < before
}
