//! Stored commands and the cloud's decisions on them, kept for at least thirteen months.
//!
//! Invariants: one transaction stores the outcome, merges its order by version and retires the op
//! [OUTCOME_MERGE]; a crash leaves all of it or none. Orders of other regions stay out of the view,
//! since this region's feed never updates them.

use engine::view::{EdgeOrderView, OrderSource};
use planted::{Defect, is_planted};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{
    ChainHead, Code, CommandId, CommandOp, DeviceId, Hash, HeldReason, NumberedOutcome, OrderId,
    Outcome, OutcomeKind, UnixMillis, UserId, Verdict,
};

use super::{
    Store, StoreWriteResult,
    log::LogState,
    orders::{self, load_order_view},
    sql::{
        column_error, encode_cbor, execute_cached, hash, id, read_cbor, read_optional, read_parsed,
        read_u64, to_sql_int,
    },
    trust,
};

#[derive(Debug, Clone)]
pub struct StoredCommand {
    pub command_id: CommandId,
    pub user_id: UserId,
    pub order_id: OrderId,
    pub device: Option<DeviceId>,
    pub epoch: u64,
    pub head: ChainHead,
    pub verdict: Verdict,
    pub doubt: Option<Code>,
    pub fence: Option<u64>,
    pub outcome: Option<Outcome>,
    /// The hash of the command's body.
    pub hash: Hash,
}

/// A newly decided command, and its order after that.
pub struct DecidedCommand {
    pub stored: StoredCommand,
    pub outcome: Outcome,
    pub view: EdgeOrderView,
}

impl StoredCommand {
    pub fn from_op(op: &CommandOp, epoch: u64, head: ChainHead) -> Self {
        let CommandOp {
            command,
            actor,
            verdict,
            fence,
            ..
        } = op;
        Self {
            command_id: command.id,
            user_id: actor.user_id,
            order_id: command.body.order_id(),
            device: command.device.clone(),
            epoch,
            head,
            verdict: *verdict,
            doubt: None,
            fence: *fence,
            outcome: None,
            hash: command.body.hash(),
        }
    }
}

/// Stores the command as pending at its place in the log. `on_conflict` handles an existing row.
pub(super) fn insert_command(
    conn: &Connection,
    stored: &StoredCommand,
    received_at: UnixMillis,
    on_conflict: &str,
) -> rusqlite::Result<()> {
    const COMMAND: &str = "INSERT INTO commands (command_id, user_id, hash, order_id, device, epoch,
        seq, op_hash, verdict, doubt, fence, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const PENDING: &str = "INSERT INTO pending (epoch, seq, order_id, command_id, received_at)
        VALUES (?, ?, ?, ?, ?)";
    let epoch = to_sql_int(stored.epoch);
    let seq = to_sql_int(stored.head.seq);
    conn.prepare_cached(&format!("{COMMAND} {on_conflict}"))?
        .execute(params![
            &stored.command_id.as_bytes()[..],
            &stored.user_id.as_bytes()[..],
            &stored.hash.0[..],
            &stored.order_id.as_bytes()[..],
            stored.device.as_ref().map(DeviceId::as_str),
            epoch,
            seq,
            &stored.head.hash.0[..],
            stored.verdict.as_str(),
            stored.doubt.map(Code::as_str),
            stored.fence.map(to_sql_int),
            received_at.0,
        ])?;
    conn.prepare_cached(PENDING)?.execute(params![
        epoch,
        seq,
        &stored.order_id.as_bytes()[..],
        &stored.command_id.as_bytes()[..],
        received_at.0,
    ])?;
    Ok(())
}

const SELECT: &str = "SELECT command_id, user_id, order_id, device, epoch, seq, op_hash, verdict,
    doubt, fence, outcome, hash FROM commands WHERE";

pub(super) fn find_command(
    conn: &Connection,
    command_id: CommandId,
    user_id: UserId,
) -> rusqlite::Result<Option<StoredCommand>> {
    let key = [&command_id.as_bytes()[..], &user_id.as_bytes()[..]];
    let text = format!("{SELECT} command_id = ? AND user_id = ?");
    conn.prepare_cached(&text)?
        .query_row(key, read_command_row)
        .optional()
}

fn find_command_by_op(
    conn: &Connection,
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<Option<StoredCommand>> {
    let text = format!("{SELECT} epoch = ? AND seq = ?");
    conn.prepare_cached(&text)?
        .query_row([to_sql_int(epoch), to_sql_int(seq)], read_command_row)
        .optional()
}

fn read_command_row(row: &Row<'_>) -> rusqlite::Result<StoredCommand> {
    Ok(StoredCommand {
        command_id: id(row, 0)?,
        user_id: id(row, 1)?,
        order_id: id(row, 2)?,
        device: read_optional(row, 3, read_parsed)?,
        epoch: read_u64(row, 4)?,
        head: ChainHead {
            seq: read_u64(row, 5)?,
            hash: hash(row, 6)?,
        },
        verdict: read_verdict(row, 7)?,
        doubt: read_optional(row, 8, read_parsed)?,
        fence: read_optional(row, 9, read_u64)?,
        outcome: read_optional(row, 10, read_cbor)?,
        hash: hash(row, 11)?,
    })
}

/// Logged commands are always provisional or firm.
fn read_verdict(row: &Row<'_>, at: usize) -> rusqlite::Result<Verdict> {
    match read_parsed(row, at)? {
        Verdict::NotTaken => Err(column_error(at, "expected provisional or firm")),
        taken => Ok(taken),
    }
}

impl Store {
    pub async fn store_outcomes(
        &self,
        to: u64,
        outcomes: Vec<NumberedOutcome>,
        now: UnixMillis,
    ) -> StoreWriteResult<Vec<DecidedCommand>> {
        if is_planted(Defect::OpRetiredBeforeOutcome) {
            self.retire_early(&outcomes).await?;
        }
        self.journal
            .write(move |conn, state| store_outcomes(conn, state, to, outcomes, now))
            .await
    }

    pub async fn mark_op_held(&self, seq: u64, reason: HeldReason) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, state| mark_op_held(conn, state.epoch, seq, reason))
            .await
    }
}

fn store_outcomes(
    conn: &Connection,
    state: &mut LogState,
    to: u64,
    outcomes: Vec<NumberedOutcome>,
    now: UnixMillis,
) -> rusqlite::Result<Vec<DecidedCommand>> {
    let mut settled = Vec::with_capacity(outcomes.len());
    for numbered in outcomes {
        state.settled_seq = state.settled_seq.max(numbered.seq);
        if let Some(order) = numbered
            .outcome
            .order
            .as_ref()
            .filter(|o| o.location == state.region)
        {
            orders::merge_order(conn, state, order.clone(), OrderSource::Outcome)?;
        }
        if let Some(stored) = find_command_by_op(conn, state.epoch, numbered.seq)? {
            store_outcome(conn, &stored, &numbered.outcome)?;
            if !is_planted(Defect::OpRetiredBeforeOutcome) {
                retire_op(conn, state.epoch, numbered.seq)?;
            }
            if numbered.outcome.kind == OutcomeKind::Applied {
                trust::record_known_person(conn, stored.user_id, now)?;
            }
            let view = load_order_view(conn, stored.order_id, &state.edge_id)?;
            settled.push(DecidedCommand {
                stored,
                outcome: numbered.outcome,
                view,
            });
        }
    }
    state.outcome_cursor = to;
    state.save(conn)?;
    Ok(settled)
}

/// Stops resending the op and laying it over the view.
pub(super) fn retire_op(conn: &Connection, epoch: u64, seq: u64) -> rusqlite::Result<()> {
    const RETIRE: &str = "DELETE FROM pending WHERE epoch = ? AND seq = ?";
    execute_cached(conn, RETIRE, [to_sql_int(epoch), to_sql_int(seq)])
}

fn mark_op_held(
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
