//! What order_db keeps, on both engines: one decision is one transaction, a command takes effect
//! once, and whoever comes second sees who came first.

mod cancelling;
mod conflicts;
mod gathering;
mod lists;
mod marks;
mod money;
mod races;
mod replay;
mod reviews;
mod rights;
mod sealing;
mod shares;
mod stale;
mod writing;

pub use money::word;
