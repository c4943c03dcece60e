//! Chooses the runs for the stores: all directed schedules, a number of seeds, and each further
//! seed that covers something new.

use std::{collections::BTreeSet, sync::LazyLock};

use sim::{Counts, OUTCOMES, SeedPlan, VERDICTS, recording, recording::Recording, scenarios};

use super::Seeds;

pub(super) struct Run {
    /// Its name for a replay by `holdfast-sim`.
    pub name: String,
    pub recording: Recording,
    /// `None` for runs on every store: a directed schedule, or the first with something new.
    seed: Option<u64>,
}

struct Recorded {
    runs: Vec<Run>,
    /// Required events that these runs never meet.
    never: BTreeSet<&'static str>,
}

/// The seeds searched for rare events.
const LOOKED_AT_MAX: u64 = 1_000;

/// Recorded once for all tests.
static RECORDED: LazyLock<Recorded> = LazyLock::new(recorded);

/// The runs of the first `seeds` seeds.
pub(super) fn runs(seeds: u64) -> impl Iterator<Item = &'static Run> {
    assert!(
        RECORDED.never.is_empty(),
        "no run meets these: {:?}",
        RECORDED.never
    );
    assert!(
        seeds <= Seeds::of_this_run().most(),
        "so many are not recorded"
    );
    RECORDED
        .runs
        .iter()
        .filter(move |run| run.seed.is_none_or(|seed| seed < seeds))
}

fn recorded() -> Recorded {
    let mut runs = Vec::new();
    let mut never: BTreeSet<&str> = OUTCOMES.into_iter().chain(VERDICTS).collect();
    for scenario in scenarios::all() {
        let name = format!("--scenario {}", scenario.name);
        let recording = record(&name, &scenario.plan);
        meets(&mut never, &recording.counts);
        runs.push(Run {
            name,
            recording,
            seed: None,
        });
    }
    let recorded_seeds = Seeds::of_this_run().most();
    for seed in 0..LOOKED_AT_MAX {
        if seed >= recorded_seeds && never.is_empty() {
            break;
        }
        let name = format!("--seed {seed}");
        let recording = record(&name, &SeedPlan::from_seed(seed));
        let is_first = meets(&mut never, &recording.counts);
        if is_first || seed < recorded_seeds {
            runs.push(Run {
                name,
                recording,
                seed: Some(seed).filter(|_| !is_first),
            });
        }
    }
    Recorded { runs, never }
}

fn record(name: &str, plan: &SeedPlan) -> Recording {
    recording::record(plan).unwrap_or_else(|why| panic!("{name} is no recording: {why:?}"))
}

/// Returns true if something new was met.
fn meets(never: &mut BTreeSet<&str>, counts: &Counts) -> bool {
    let before = never.len();
    never.retain(|key| !counts.outcomes.contains_key(key) && !counts.verdicts.contains_key(key));
    never.len() < before
}
