//! Stores the cloud's decisions.
//!
//! Invariants: one transaction stores the outcome, merges its order by version and retires the op
//! [OUTCOME_MERGE]; a crash leaves all of it or none. Orders of other regions stay out of the view,
//! since this region's feed never updates them.

use engine::view::{EdgeOrderView, OrderSource};
use process::defect::{Defect, is_planted};
use rusqlite::{Connection, params};
use wire::{HeldReason, NumberedOutcome, Outcome, OutcomeKind, UnixMillis};

use super::{
    book::LogBook,
    commands::{StoredCommand, find_by_op},
    orders, people,
    sight::load_order_view,
    sql::{encode_cbor, execute_cached, to_sql_int},
};

/// A newly decided command, and its order after that.
pub struct DecidedCommand {
    pub stored: StoredCommand,
    pub outcome: Outcome,
    pub view: EdgeOrderView,
}

pub fn store_outcomes(
    conn: &Connection,
    book: &mut LogBook,
    to: u64,
    outcomes: Vec<NumberedOutcome>,
    now: UnixMillis,
) -> rusqlite::Result<Vec<DecidedCommand>> {
    let mut settled = Vec::with_capacity(outcomes.len());
    for numbered in outcomes {
        book.settled_seq = book.settled_seq.max(numbered.seq);
        if let Some(order) = numbered
            .outcome
            .order
            .as_ref()
            .filter(|o| o.location == book.region)
        {
            orders::merge_order(conn, book, order.clone(), OrderSource::Outcome)?;
        }
        if let Some(stored) = find_by_op(conn, book.epoch, numbered.seq)? {
            store_outcome(conn, &stored, &numbered.outcome)?;
            if !is_planted(Defect::OpRetiredBeforeOutcome) {
                retire_op(conn, book.epoch, numbered.seq)?;
            }
            if numbered.outcome.kind == OutcomeKind::Applied {
                people::record_known_person(conn, stored.user_id, now)?;
            }
            let sight = load_order_view(conn, stored.order_id, &book.edge_id)?;
            settled.push(DecidedCommand {
                stored,
                outcome: numbered.outcome,
                view: sight,
            });
        }
    }
    book.outcome_cursor = to;
    book.save(conn)?;
    Ok(settled)
}

/// Stops resending the op and laying it over the view.
pub fn retire_op(conn: &Connection, epoch: u64, seq: u64) -> rusqlite::Result<()> {
    const RETIRE: &str = "DELETE FROM pending WHERE epoch = ? AND seq = ?";
    execute_cached(conn, RETIRE, [to_sql_int(epoch), to_sql_int(seq)])
}

pub fn mark_op_held(
    conn: &Connection,
    epoch: u64,
    seq: u64,
    reason: HeldReason,
) -> rusqlite::Result<()> {
    const HOLD: &str = "UPDATE pending SET held = ? WHERE epoch = ? AND seq = ?";
    execute_cached(
        conn,
        HOLD,
        params![reason.as_str(), to_sql_int(epoch), to_sql_int(seq)],
    )
}

/// Omits the order: answers carry its current state.
fn store_outcome(
    conn: &Connection,
    stored: &StoredCommand,
    outcome: &Outcome,
) -> rusqlite::Result<()> {
    const STORE: &str = "UPDATE commands SET outcome = ? WHERE command_id = ? AND user_id = ?";
    let bytes = encode_cbor(Outcome {
        order: None,
        ..outcome.clone()
    });
    let key = (
        &stored.command_id.as_bytes()[..],
        &stored.user_id.as_bytes()[..],
    );
    execute_cached(conn, STORE, params![bytes, key.0, key.1])
}
