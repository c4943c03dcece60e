//! Owns order_db: orders and their timeline, commands with their answers, the assignment of regions,
//! and cases for a person to look at.
//!
//! Invariant: one transaction reads the basis of a decision and writes all of it: order, timeline,
//! answer, outbox row.

mod cancelling;
mod compare;
mod conflicts;
mod decide;
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
mod turn;
mod write;

use platform::sql::{Migrations, Sql};
use process::clock::Clock;
use wire::ShareLimits;

pub use decide::Publication;
pub use known::KNOWN_MAX;
pub use lists::Listing;
pub use platform::StoreError;
pub use rights::{AssignmentRecord, AssignmentRequest};

pub const MIGRATIONS: Migrations = platform::migrations!();

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    clock: Clock,
    rules: AcceptanceRules,
}

/// The rules on who may accept, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptanceRules {
    pub limits: ShareLimits,
    /// Only a provider whom an admin has verified may accept.
    pub verified_only: bool,
}

impl AcceptanceRules {
    pub const OFF: Self = Self { limits: ShareLimits::OFF, verified_only: false };
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, rules: AcceptanceRules) -> Self {
        Self { sql, clock, rules }
    }
}
