//! Which runs are put to a store: all directed schedules, so many seeds, and of more seeds each that
//! meets what none before it has met.

use std::collections::BTreeSet;

use sim::{Counts, OUTCOMES, Plan, VERDICTS, recording, recording::Recording, scenarios};

pub struct Chosen {
    /// With the name by which `holdfast-sim` replays each.
    pub runs: Vec<(String, Recording)>,
    /// What enough seeds have to meet and these do not.
    pub never: Vec<String>,
}

/// So many are looked at for what is rare.
const LOOKED_AT_MAX: u64 = 1_000;

pub fn chosen(seeds: u64) -> Chosen {
    let mut runs = Vec::new();
    let mut missing: BTreeSet<&str> = OUTCOMES.into_iter().chain(VERDICTS).collect();
    for scenario in scenarios::all() {
        let recorded = record(scenario.name, &scenario.plan);
        meets(&mut missing, &recorded.counts);
        runs.push((format!("--scenario {}", scenario.name), recorded));
    }
    for seed in 0..LOOKED_AT_MAX {
        if seed >= seeds && missing.is_empty() {
            break;
        }
        let name = format!("--seed {seed}");
        let recorded = record(&name, &Plan::of(seed));
        if meets(&mut missing, &recorded.counts) || seed < seeds {
            runs.push((name, recorded));
        }
    }
    Chosen { runs, never: missing.into_iter().map(str::to_owned).collect() }
}

fn record(name: &str, plan: &Plan) -> Recording {
    recording::record(plan).unwrap_or_else(|why| panic!("{name} is no recording: {why:?}"))
}

/// Whether something of what is missing was met.
fn meets(missing: &mut BTreeSet<&str>, counts: &Counts) -> bool {
    let before = missing.len();
    missing.retain(|key| !counts.outcomes.contains_key(key) && !counts.verdicts.contains_key(key));
    missing.len() < before
}
