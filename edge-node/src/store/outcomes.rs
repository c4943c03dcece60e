//! Stores the cloud's decisions.
//!
//! Invariants: one transaction stores the outcome, merges its order by version and retires the op
//! [OUTCOME_MERGE]; a crash leaves all of it or none. Orders of other regions stay out of the view,
//! since this region's feed never updates them.

use engine::view::{Sight, Via};
use process::defect::{Defect, planted};
use rusqlite::{Connection, params};
use wire::{HeldReason, NumberedOutcome, Outcome, OutcomeKind, UnixMillis};

use super::{
    book::LogBook,
    commands::{StoredCommand, find_by_op},
    orders, people,
    sight::sight,
    sql::{encoded, execute, int},
};

/// A newly decided command, and its order after that.
pub struct DecidedCommand {
    pub stored: StoredCommand,
    pub outcome: Outcome,
    pub sight: Sight,
}

pub fn settle(
    conn: &Connection,
    book: &mut LogBook,
    to: u64,
    outcomes: Vec<NumberedOutcome>,
    now: UnixMillis,
) -> rusqlite::Result<Vec<DecidedCommand>> {
    let mut settled = Vec::with_capacity(outcomes.len());
    for numbered in outcomes {
        book.settled_seq = book.settled_seq.max(numbered.seq);
        if let Some(order) = numbered.outcome.order.as_ref().filter(|o| o.location == book.region) {
            orders::merge(conn, book, order.clone(), Via::Outcome)?;
        }
        if let Some(stored) = find_by_op(conn, book.epoch, numbered.seq)? {
            store(conn, &stored, &numbered.outcome)?;
            if !planted(Defect::OpRetiredBeforeOutcome) {
                retire(conn, book.epoch, numbered.seq)?;
            }
            if numbered.outcome.kind == OutcomeKind::Applied {
                people::applied(conn, stored.user_id, now)?;
            }
            let sight = sight(conn, stored.order_id, &book.name)?;
            settled.push(DecidedCommand { stored, outcome: numbered.outcome, sight });
        }
    }
    book.outcome_cursor = to;
    book.save(conn)?;
    Ok(settled)
}

/// Stops resending the op and laying it over the view.
pub fn retire(conn: &Connection, epoch: u64, seq: u64) -> rusqlite::Result<()> {
    const RETIRE: &str = "DELETE FROM pending WHERE epoch = ? AND seq = ?";
    execute(conn, RETIRE, [int(epoch), int(seq)])
}

pub fn hold(conn: &Connection, epoch: u64, seq: u64, reason: HeldReason) -> rusqlite::Result<()> {
    const HOLD: &str = "UPDATE pending SET held = ? WHERE epoch = ? AND seq = ?";
    execute(conn, HOLD, params![reason.as_str(), int(epoch), int(seq)])
}

/// Omits the order: answers carry its current state.
fn store(conn: &Connection, stored: &StoredCommand, outcome: &Outcome) -> rusqlite::Result<()> {
    const STORE: &str = "UPDATE commands SET outcome = ? WHERE command_id = ? AND user_id = ?";
    let bytes = encoded(Outcome { order: None, ..outcome.clone() });
    let key = (&stored.command_id.as_bytes()[..], &stored.user_id.as_bytes()[..]);
    execute(conn, STORE, params![bytes, key.0, key.1])
}
