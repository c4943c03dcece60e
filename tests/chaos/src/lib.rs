//! Owns the kill runs: real processes are killed in the midst of work, and afterwards everything is
//! counted. Every command with a receipt is applied once; every confirmed event is told once.
//! Rounds of cuts, collisions and kills are drawn by seed (`plan`), played (`round`) on a platform
//! (`scene`), and compared with the stores (`truth`).

mod asking;
mod killing;
mod ledger;
mod machine;
pub mod money;
mod operator;
pub mod plan;
mod round;
mod scene;
mod seed;
mod storm;
pub mod truth;
mod witness;

pub use asking::PATIENCE;
pub use ledger::{Asked, Ledger, Said, Told};
pub use machine::{Second, copy, put_back};
pub use operator::operator;
pub use plan::Plan;
pub use round::Open;
pub use scene::{LIMIT, Scene};
pub use seed::Draws;
pub use storm::{Receipted, Storm, order};
pub use witness::{Comparisons, Testimony, Witness};

/// How many rounds are played: ten in every test run, more by `cargo xtask chaos --rounds N`.
///
/// # Panics
/// When that is no number above zero: a run that does nothing would look green.
pub fn rounds() -> u32 {
    let rounds = match std::env::var("HOLDFAST_CHAOS_ROUNDS") {
        Err(_) => 10,
        Ok(text) => text.parse().expect("HOLDFAST_CHAOS_ROUNDS is a number"),
    };
    assert!(rounds > 0, "HOLDFAST_CHAOS_ROUNDS is above zero");
    rounds
}

/// A number below `limit`, drawn anew each time and printed by the caller.
pub fn any_below(limit: u32) -> u32 {
    u32::from_le_bytes(process::random::bytes()) % limit
}
