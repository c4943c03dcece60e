//! Commands and their answers, kept for at least thirteen months.
//!
//! Invariant: a command id is logged at most once per person. A repeat gets the earlier answer and
//! logs nothing [VERDICT_STORED]. Devices generate the ids, so the same id from another person is a
//! separate command: it neither reveals nor blocks this one.

use engine::{
    verdict::{CommandDecision, EdgeState, TakenVerdict},
    view::EdgeOrderView,
};
use process::defect::{Defect, is_planted};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{
    Actor, AskFrame, ChainHead, Code, Command, CommandId, CommandOp, DeviceId, EarlierReceipt,
    EdgeId, Hash, LimitReached, Op, OrderId, Outcome, QuarantineWhy, Receipt, ShareLimits,
    UnixMillis, UserId, Verdict,
};

use super::{
    alarm::{self, Alarm},
    append,
    book::{LogBook, chain_at},
    customers,
    enrolment::{AdmittedSession, is_admitted},
    shares::{self, ShareCheck},
    sight::load_order_view,
    sql::{column_error, hash, id, read_cbor, read_optional, read_parsed, read_u64, to_sql_int},
};

/// A command whose token signature is verified.
pub struct CheckedCommand {
    pub command: Command,
    pub actor: Actor,
    pub token: String,
    pub token_expires_at: UnixMillis,
    pub received_at: UnixMillis,
    /// The reason to refuse it if it is new: expired token or bad shape.
    pub refusal: Option<Code>,
    /// Absent if the gate let no one in, or its revocations are too old.
    pub admission: Option<AdmittedSession>,
    /// The newest receipt of this edge on the tablet, signature verified.
    pub seen: Option<Receipt>,
    /// This edge's earlier receipt for this command, signature verified.
    pub receipt: Option<Receipt>,
    /// True if the edge signed that receipt, with its present key or a former one.
    pub was_taken: bool,
    /// True if this edge takes the command while cut off from its hub. Absent if the command came
    /// back with its receipt or was made elsewhere.
    pub cut_off: Option<bool>,
    pub limits: ShareLimits,
}

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

pub enum CommandLogResult {
    NotTaken(Code),
    /// The person has used up a share of the work.
    OverLimit(LimitReached),
    /// Logged now or earlier; the order includes its effect.
    Stored {
        stored: Box<StoredCommand>,
        view: Box<EdgeOrderView>,
        new: bool,
    },
}

/// Runs one command in one writer transaction, from the lookup of its id to its log row.
pub fn judge_and_log_command(
    conn: &Connection,
    book: &mut LogBook,
    checked: CheckedCommand,
    judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandDecision,
) -> rusqlite::Result<CommandLogResult> {
    if let Some(seen) = &checked.seen
        && is_missing(conn, book, seen)?
    {
        alarm::raise_alarm(conn, book, Alarm::Receipt, checked.received_at)?;
    }
    let command = &checked.command;
    let user = checked.actor.user_id;
    let order_id = command.body.order_id();
    let hash = command.body.hash();
    if let Some(known) = find_answer(conn, &book.edge_id, command.id, hash, user)? {
        return Ok(known);
    }
    if let Some(code) = checked.refusal {
        return Ok(CommandLogResult::NotTaken(code));
    }
    let mut before = load_order_view(conn, order_id, &book.edge_id)?;
    let seen = before.order.as_ref();
    before.in_good_standing = customers::is_in_good_standing(conn, book, &checked, seen)?;
    let let_in = is_let_in(conn, &checked)?;
    let footing = book.build_edge_state(&command.body, &before, let_in, checked.cut_off);
    match judge(&before, &footing) {
        CommandDecision::NotTaken(code) => Ok(CommandLogResult::NotTaken(code)),
        CommandDecision::Taken(taken) => {
            let order = before.order.as_ref();
            let act = match shares::check_share_limits(conn, &book.edge_id, &checked, order)? {
                ShareCheck::NoShare => None,
                ShareCheck::WithinLimit(act) => Some(act),
                ShareCheck::OverLimit(reached) => {
                    return Ok(CommandLogResult::OverLimit(reached));
                }
            };
            let stored = Box::new(append_command(conn, book, checked, taken)?);
            if let Some(act) = act {
                shares::record_share(conn, stored.epoch, stored.head.seq, act)?;
            }
            let sight = Box::new(load_order_view(conn, order_id, &book.edge_id)?);
            Ok(CommandLogResult::Stored {
                stored,
                view: sight,
                new: true,
            })
        }
    }
}

/// The earlier answer, with the order as of now.
pub fn find_answer(
    conn: &Connection,
    edge: &EdgeId,
    command_id: CommandId,
    hash: Hash,
    user_id: UserId,
) -> rusqlite::Result<Option<CommandLogResult>> {
    let Some(stored) = find_command(conn, command_id, user_id)? else {
        return Ok(None);
    };
    if stored.hash != hash {
        return Ok(Some(CommandLogResult::NotTaken(Code::CommandIdReused)));
    }
    let sight = Box::new(load_order_view(conn, stored.order_id, edge)?);
    Ok(Some(CommandLogResult::Stored {
        stored: Box::new(stored),
        view: sight,
        new: false,
    }))
}

/// Checks gate and file: the op states the file's revocations version, which the gate gets a moment
/// later.
fn is_let_in(conn: &Connection, checked: &CheckedCommand) -> rusqlite::Result<bool> {
    let admission = checked.admission.as_ref();
    admission.map_or(Ok(false), |by| is_admitted(conn, checked.actor.user_id, by))
}

/// Logs an accept made elsewhere, even for an unknown person or order: provisionally and without a
/// fence, so that the cloud decides it in this log's order. Returns the order if the command was
/// new.
pub fn log_asked(
    conn: &Connection,
    book: &mut LogBook,
    ask: AskFrame,
    now: UnixMillis,
) -> rusqlite::Result<Option<EdgeOrderView>> {
    let entry = CheckedCommand {
        command: ask.command,
        actor: ask.actor,
        token: ask.token,
        // Only a shortcut: a token from a tablet is logged again.
        token_expires_at: now,
        received_at: ask.taken_at,
        refusal: None,
        admission: None,
        seen: None,
        receipt: None,
        was_taken: false,
        cut_off: None,
        // The cloud checks them with its full data.
        limits: ShareLimits::OFF,
    };
    let taken = TakenVerdict {
        verdict: Verdict::Provisional,
        fence: None,
        doubt: None,
    };
    match judge_and_log_command(conn, book, entry, |_, _| CommandDecision::Taken(taken))? {
        CommandLogResult::Stored {
            view: sight,
            new: true,
            ..
        } => Ok(Some(*sight)),
        CommandLogResult::Stored { .. }
        | CommandLogResult::NotTaken(_)
        | CommandLogResult::OverLimit(_) => Ok(None),
    }
}

/// True if the log lacks the receipt's op [RECEIPTS]. Deleted ops and ended epochs do not count.
fn is_missing(conn: &Connection, book: &LogBook, seen: &Receipt) -> rusqlite::Result<bool> {
    if is_planted(Defect::ReceiptsIgnored) {
        return Ok(false);
    }
    if seen.epoch != book.epoch || book.suspect {
        return Ok(seen.epoch > book.epoch && !book.suspect);
    }
    if seen.seq > book.head.seq {
        return Ok(true);
    }
    let here = chain_at(conn, seen.epoch, seen.seq)?;
    Ok(here.is_some_and(|here| here.hash != seen.hash))
}

const SELECT: &str = "SELECT command_id, user_id, order_id, device, epoch, seq, op_hash, verdict,
    doubt, fence, outcome, hash FROM commands WHERE";

fn find_command(
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

pub fn find_by_op(
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

fn append_command(
    conn: &Connection,
    book: &mut LogBook,
    checked: CheckedCommand,
    taken: TakenVerdict,
) -> rusqlite::Result<StoredCommand> {
    let cut_off = checked.cut_off;
    let CheckedCommand {
        command,
        actor,
        token,
        token_expires_at,
        received_at,
        receipt,
        ..
    } = checked;
    let token_seq = append::ensure_token_logged(conn, book, &token, token_expires_at, received_at)?;
    let op = CommandOp {
        command,
        token_seq,
        actor,
        verdict: taken.verdict,
        fence: taken.fence,
        received_at,
        policy_version: Some(book.policy_version),
        rules_version: Some(book.tenure.assignment.rules_version),
        revocations_version: Some(book.revocations_version),
        relogged: receipt.map(relogged_from_receipt),
        cut_off,
    };
    let at = append::append_op(conn, book, &Op::Command(op.clone()), received_at)?;
    let stored = StoredCommand {
        doubt: taken.doubt,
        ..StoredCommand::from_op(&op, book.epoch, at)
    };
    insert(conn, &stored, received_at, "")?;
    book.save(conn)?;
    Ok(stored)
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

/// The tablet resends a command that this file has lost, with its receipt: log it again.
fn relogged_from_receipt(receipt: Receipt) -> EarlierReceipt {
    let Receipt {
        edge,
        epoch,
        seq,
        hash,
        verdict,
        fence,
        ..
    } = receipt;
    let at = ChainHead { seq, hash };
    let why = QuarantineWhy::EdgeRestored;
    EarlierReceipt {
        edge,
        epoch,
        at,
        verdict,
        fence,
        why,
    }
}

/// Stores the command as pending at its place in the log. `on_conflict` handles an existing row.
pub fn insert(
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
