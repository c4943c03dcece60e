//! Recordings for the real stores in `tests/contract`.

use sim::{SeedPlan, recording, run};

const SEEDS: u64 = 60;
/// At most this many seeds until one has decided on outdated rows; about one in forty does.
const SEEDS_UNTIL_STALE: u64 = 400;

#[test]
fn an_order_of_its_transactions_explains_each_run_and_recording_changes_none() {
    let mut stale = 0;
    for seed in 0..SEEDS_UNTIL_STALE {
        if seed >= SEEDS && stale > 0 {
            break;
        }
        let plan = SeedPlan::from_seed(seed);
        let recorded = recording::record(&plan);
        let recorded = recorded.unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
        let alone = run(&plan.undisturbed(), None);
        assert_eq!(recorded.counts, alone.counts, "seed {seed}");
        stale += recorded.order.stale;
    }
    assert!(stale > 0, "nothing was decided on what had passed");
}
