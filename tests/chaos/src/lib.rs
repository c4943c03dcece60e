//! The kill runs: processes die under load, and afterwards everything is counted. Every command
//! with a receipt is applied once; every confirmed event is delivered once. A seed draws rounds of
//! cuts, collisions and kills (`plan`); they are played (`round`) on a platform (`scene`) and
//! compared with the stores (`truth`).

mod asking;
mod killing;
mod ledger;
mod machine;
pub mod money;
mod operator;
pub mod plan;
mod round;
mod scene;
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
pub use storm::{Receipted, Storm, order};
pub use witness::{Comparisons, Testimony, Witness};

/// The number of rounds: ten in every test run, more with `cargo xtask chaos --rounds N`.
///
/// # Panics
/// If the variable is not a number above zero: a run without rounds would look green.
pub fn rounds() -> u32 {
    let rounds = match std::env::var("HOLDFAST_CHAOS_ROUNDS") {
        Err(_) => 10,
        Ok(text) => text.parse().expect("HOLDFAST_CHAOS_ROUNDS is a number"),
    };
    assert!(rounds > 0, "HOLDFAST_CHAOS_ROUNDS is above zero");
    rounds
}

/// A random number below `limit`; the caller prints it.
pub fn any_below(limit: u32) -> u32 {
    u32::from_le_bytes(process::random::draw_bytes()) % limit
}
