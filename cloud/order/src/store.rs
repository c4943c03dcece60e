//! Owns order_db: orders and timeline, commands with their answers, region assignments, cases, and
//! cancellation fees.
//!
//! Invariants: one transaction reads the input of a decision and writes the whole result: order,
//! timeline, answer, outbox row. A decision depends on rows the transaction locks, never on a range
//! that others may extend; a provider's jobs and acts are counted under a per-provider lock.

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

use platform::sql::{Migrations, ReplicaReader, Sql};
use process::clock::Clock;
use wire::ShareLimits;

pub use cancelling::CancelBasis;
pub use cases::CaseUpdateResult;
pub use decide::{FundedBatchResult, Publication};
pub use fees::CancelFeeRow;
pub use known::KNOWN_MAX;
pub use lists::{EXPORTED_MAX, OrderListCursor, OrderListQuery, OrderSort};
pub use platform::StoreError;
pub use rights::{AssignmentRecord, AssignmentRequest};
pub use stale::StaleCutoff;
pub use tracking::TrackedStep;

use gather::CommandBatcher;

pub const MIGRATIONS: Migrations = platform::migrations!();

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    /// For reads that may lag a few seconds.
    reads: ReplicaReader,
    clock: Clock,
    rules: AcceptanceRules,
    gathering: CommandBatcher,
}

/// Limits and verification rules for accepting, and limits on publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptanceRules {
    pub limits: ShareLimits,
    /// Maximum open orders per customer; 0 means no limit.
    pub open_orders: u32,
    pub verified_only: bool,
}

impl AcceptanceRules {
    pub const OFF: Self = Self {
        limits: ShareLimits::OFF,
        open_orders: 0,
        verified_only: false,
    };
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, rules: AcceptanceRules) -> Self {
        Self {
            reads: ReplicaReader::without_replica(&sql),
            sql,
            clock,
            rules,
            gathering: CommandBatcher::default(),
        }
    }

    #[must_use]
    pub fn reading_from(self, reads: ReplicaReader) -> Self {
        Self { reads, ..self }
    }
}
