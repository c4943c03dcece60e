//! Owns order_db: orders and their timeline, commands with their answers, the assignment of
//! regions, cases for a person to look at, and the versions of the price of a cancel.
//!
//! Invariants: one transaction reads the basis of a decision and writes all of it: order, timeline,
//! answer, outbox row. A decision rests on rows that the transaction holds, never on a range that
//! another may add to; the jobs and acts of a provider, which are counted, are counted under a lock
//! of his own.

mod cancelling;
mod cases;
mod compare;
mod conflicts;
mod decide;
mod fees;
mod gather;
mod known;
mod lists;
mod money;
mod people;
mod read;
mod reviews;
mod rights;
mod rows;
mod sealing;
mod shares;
mod stale;
mod tracking;
mod turn;
mod write;

use platform::sql::{Migrations, Reads, Sql};
use process::clock::Clock;
use wire::ShareLimits;

pub use cancelling::CancelBasis;
pub use cases::CaseTurn;
pub use decide::{FundedRun, Publication};
pub use fees::CancelFeeRow;
pub use known::KNOWN_MAX;
pub use lists::{EXPORTED_MAX, ListPlace, Listing, OrderSort};
pub use platform::StoreError;
pub use rights::{AssignmentRecord, AssignmentRequest};
pub use stale::StaleSince;
pub use tracking::TrackedStep;

use gather::Gathering;

pub const MIGRATIONS: Migrations = platform::migrations!();

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    /// Answers that may be a few seconds old.
    reads: Reads,
    clock: Clock,
    rules: AcceptanceRules,
    gathering: Gathering,
}

/// The rules on who may accept, and how much, and on how much one customer may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptanceRules {
    pub limits: ShareLimits,
    /// Open orders of one customer. Zero leaves the limit off.
    pub open_orders: u32,
    /// Only a provider whom an admin has verified may accept.
    pub verified_only: bool,
}

impl AcceptanceRules {
    pub const OFF: Self = Self { limits: ShareLimits::OFF, open_orders: 0, verified_only: false };
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, rules: AcceptanceRules) -> Self {
        Self { reads: Reads::of(&sql), sql, clock, rules, gathering: Gathering::default() }
    }

    #[must_use]
    pub fn reading_from(self, reads: Reads) -> Self {
        Self { reads, ..self }
    }
}
