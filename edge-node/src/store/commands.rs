//! A command's way into the log, in one transaction: its earlier answer, the limits, the verdict,
//! the op. Counts what a provider has used up of their share of the work, and reads a customer's
//! standing, as far as this edge can see.
//!
//! Invariant: a command id is logged at most once per person. A repeat gets the earlier answer and
//! logs nothing [VERDICT_STORED]. Devices generate the ids, so the same id from another person is a
//! separate command: it neither reveals nor blocks this one.

use engine::{
    verdict::{CommandVerdict, EdgeState, PaymentHistory, TakenVerdict, customer_of},
    view::{EdgeOrderView, overlaps_in_time},
};
use journal::JournalError;
use planted::{Defect, is_planted};
use rusqlite::{Connection, Row, params};
use wire::{
    Action, Actor, ChainHead, Code, Command, CommandId, CommandOp, EarlierReceipt, EdgeId,
    ForwardedAcceptFrame, Hash, LimitReached, Op, Order, OrderId, Outcome, ProviderWorkload,
    QuarantineWhy, Receipt, ShareAct, ShareLimits, UnixMillis, UserId, Verdict,
};

use super::{
    EdgeIdentity, Store, StoreWriteResult,
    log::{LogState, append_op, chain_at, ensure_token_logged},
    orders::load_order_view,
    sql::{execute_cached, id, read_cbor, read_optional, read_parsed, to_sql_int},
    standing::{self, Alarm},
    stored_commands::{StoredCommand, find_command, insert_command},
    trust::{AdmittedSession, is_admitted},
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
    /// Absent if the authenticator let no one in, or its revocations are too old.
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

/// Far above the limits.
const LOOKED_AT_MAX: u32 = 1_000;

impl Store {
    /// Idempotent: a repeat gets its earlier answer.
    pub async fn judge_and_log_command(
        &self,
        checked: CheckedCommand,
        judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandVerdict + Send + 'static,
    ) -> StoreWriteResult<CommandLogResult> {
        if is_planted(Defect::AnswerBeforeCommit) {
            return self.log_and_answer_early(checked, judge).await;
        }
        if is_planted(Defect::UpBeforeCommit) {
            return self.log_and_send_early(checked, judge).await;
        }
        self.write_and_wake_link(move |conn, state| {
            judge_and_log_command(conn, state, checked, judge)
        })
        .await
    }

    pub async fn log_forwarded_accept(
        &self,
        accept: ForwardedAcceptFrame,
        now: UnixMillis,
    ) -> StoreWriteResult<Option<EdgeOrderView>> {
        self.write_and_wake_link(move |conn, state| log_forwarded_accept(conn, state, accept, now))
            .await
    }

    pub async fn find_answer(
        &self,
        identity: &EdgeIdentity,
        id: CommandId,
        hash: Hash,
        user: UserId,
    ) -> Result<Option<CommandLogResult>, JournalError> {
        let name = identity.edge_id.clone();
        self.journal
            .read(move |conn| find_answer(conn, &name, id, hash, user))
            .await
    }
}

/// Runs one command in one writer transaction, from the lookup of its id to its log row.
pub(super) fn judge_and_log_command(
    conn: &Connection,
    state: &mut LogState,
    checked: CheckedCommand,
    judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandVerdict,
) -> rusqlite::Result<CommandLogResult> {
    if let Some(seen) = &checked.seen
        && log_lacks_receipt(conn, state, seen)?
    {
        standing::raise_alarm(conn, state, Alarm::Receipt, checked.received_at)?;
    }
    let command = &checked.command;
    let user = checked.actor.user_id;
    let order_id = command.body.order_id();
    let hash = command.body.hash();
    if let Some(known) = find_answer(conn, &state.edge_id, command.id, hash, user)? {
        return Ok(known);
    }
    if let Some(code) = checked.refusal {
        return Ok(CommandLogResult::NotTaken(code));
    }
    let mut before = load_order_view(conn, order_id, &state.edge_id)?;
    let seen = before.order.as_ref();
    before.in_good_standing = is_in_good_standing(conn, state, &checked, seen)?;
    before.is_double_booked = is_double_booked(conn, &state.edge_id, &checked, seen)?;
    before.is_offered_to_others = is_offered_to_others(&checked, seen);
    let let_in = is_let_in(conn, &checked)?;
    let edge_state = state.build_edge_state(&command.body, &before, let_in, checked.cut_off);
    match judge(&before, &edge_state) {
        CommandVerdict::NotTaken(code) => Ok(CommandLogResult::NotTaken(code)),
        CommandVerdict::Taken(taken) => {
            let order = before.order.as_ref();
            let act = match check_share_limits(conn, &state.edge_id, &checked, order)? {
                ShareCheck::NoShare => None,
                ShareCheck::WithinLimit(act) => Some(act),
                ShareCheck::OverLimit(reached) => {
                    return Ok(CommandLogResult::OverLimit(reached));
                }
            };
            let stored = Box::new(append_command(conn, state, checked, taken)?);
            if let Some(act) = act {
                record_share(conn, stored.epoch, stored.head.seq, act)?;
            }
            let view = Box::new(load_order_view(conn, order_id, &state.edge_id)?);
            Ok(CommandLogResult::Stored {
                stored,
                view,
                new: true,
            })
        }
    }
}

fn append_command(
    conn: &Connection,
    state: &mut LogState,
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
    let token_seq = ensure_token_logged(conn, state, &token, token_expires_at, received_at)?;
    let op = CommandOp {
        command,
        token_seq,
        actor,
        verdict: taken.verdict,
        fence: taken.fence,
        received_at,
        policy_version: Some(state.policy_version),
        rules_version: Some(state.lease.assignment.rules_version),
        revocations_version: Some(state.revocations_version),
        relogged: receipt.map(relogged_from_receipt),
        cut_off,
    };
    let at = append_op(conn, state, &Op::Command(op.clone()), received_at)?;
    let stored = StoredCommand {
        doubt: taken.doubt,
        ..StoredCommand::from_op(&op, state.epoch, at)
    };
    insert_command(conn, &stored, received_at, "")?;
    state.save(conn)?;
    Ok(stored)
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

/// The earlier answer, with the order as of now.
fn find_answer(
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
    let view = Box::new(load_order_view(conn, stored.order_id, edge)?);
    Ok(Some(CommandLogResult::Stored {
        stored: Box::new(stored),
        view,
        new: false,
    }))
}

/// Checks authenticator and file: the op states the file's revocations version, which the
/// authenticator gets a moment later.
fn is_let_in(conn: &Connection, checked: &CheckedCommand) -> rusqlite::Result<bool> {
    let admission = checked.admission.as_ref();
    admission.map_or(Ok(false), |by| is_admitted(conn, checked.actor.user_id, by))
}

/// Logs an accept made elsewhere, even for an unknown person or order: provisionally and without a
/// fence, so that the cloud decides it in this log's order. Returns the order if the command was
/// new.
fn log_forwarded_accept(
    conn: &Connection,
    state: &mut LogState,
    accept: ForwardedAcceptFrame,
    now: UnixMillis,
) -> rusqlite::Result<Option<EdgeOrderView>> {
    let entry = CheckedCommand {
        command: accept.command,
        actor: accept.actor,
        token: accept.token,
        // Only a shortcut: a token from a tablet is logged again.
        token_expires_at: now,
        received_at: accept.taken_at,
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
    match judge_and_log_command(conn, state, entry, |_, _| CommandVerdict::Taken(taken))? {
        CommandLogResult::Stored {
            view, new: true, ..
        } => Ok(Some(*view)),
        CommandLogResult::Stored { .. }
        | CommandLogResult::NotTaken(_)
        | CommandLogResult::OverLimit(_) => Ok(None),
    }
}

/// True if the log lacks the receipt's op [RECEIPTS]. Deleted ops and ended epochs do not count.
fn log_lacks_receipt(
    conn: &Connection,
    state: &LogState,
    seen: &Receipt,
) -> rusqlite::Result<bool> {
    if is_planted(Defect::ReceiptsIgnored) {
        return Ok(false);
    }
    if seen.epoch != state.epoch || state.suspect {
        return Ok(seen.epoch > state.epoch && !state.suspect);
    }
    if seen.seq > state.head.seq {
        return Ok(true);
    }
    let here = chain_at(conn, seen.epoch, seen.seq)?;
    Ok(here.is_some_and(|here| here.hash != seen.hash))
}

/// Has paid for an order; owes for an order.
pub(super) const PAYMENT_HISTORY: &str =
    "SELECT EXISTS (SELECT 1 FROM orders WHERE customer = ?1 AND owed = 0),
    EXISTS (SELECT 1 FROM orders WHERE customer = ?1 AND owed = 1)";

/// False if no rule of the region depends on it.
fn is_in_good_standing(
    conn: &Connection,
    state: &LogState,
    checked: &CheckedCommand,
    seen: Option<&Order>,
) -> rusqlite::Result<bool> {
    if state
        .lease
        .assignment
        .rules
        .approval_in_good_standing
        .is_none()
    {
        return Ok(false);
    }
    let customer = customer_of(checked.actor, &checked.command.body, seen);
    customer.map_or(Ok(false), |customer| {
        Ok(load_payment_history(conn, customer)?.is_good())
    })
}

fn load_payment_history(conn: &Connection, customer: UserId) -> rusqlite::Result<PaymentHistory> {
    conn.prepare_cached(PAYMENT_HISTORY)?
        .query_row([&customer.as_bytes()[..]], |row| {
            Ok(PaymentHistory {
                has_paid: row.get(0)?,
                owes: row.get(1)?,
            })
        })
}

/// True if the command accepts an order that is offered to other providers, by the edge's time.
fn is_offered_to_others(checked: &CheckedCommand, seen: Option<&Order>) -> bool {
    let accepts = checked.command.body.order_action() == Some(Action::Accept);
    let order = seen.filter(|_| accepts);
    order
        .is_some_and(|order| order.is_offered_to_others(checked.actor.user_id, checked.received_at))
}

/// True if the command accepts an order at hours that another job of the provider takes.
fn is_double_booked(
    conn: &Connection,
    edge: &EdgeId,
    checked: &CheckedCommand,
    seen: Option<&Order>,
) -> rusqlite::Result<bool> {
    let accepts = checked.command.body.order_action() == Some(Action::Accept);
    let Some(order) = seen.filter(|order| accepts && order.service_hours().is_some()) else {
        return Ok(false);
    };
    let jobs = load_open_jobs(conn, edge, checked.actor.user_id)?;
    Ok(jobs.iter().any(|job| overlaps_in_time(job, order)))
}

pub(super) enum ShareCheck {
    /// The command uses up no share of the work.
    NoShare,
    WithinLimit(ShareAct),
    OverLimit(LimitReached),
}

fn check_share_limits(
    conn: &Connection,
    edge: &EdgeId,
    checked: &CheckedCommand,
    before: Option<&Order>,
) -> rusqlite::Result<ShareCheck> {
    let actor = checked.actor;
    let at = checked.received_at;
    let Some(act) = ShareAct::from_command(actor, &checked.command.body, before) else {
        return Ok(ShareCheck::NoShare);
    };
    // Never refuse a command that an edge has already taken.
    if checked.limits == ShareLimits::OFF || checked.receipt.is_some() {
        return Ok(ShareCheck::WithinLimit(act));
    }
    let load = load_workload(conn, edge, actor.user_id, at)?;
    match checked.limits.find_reached_limit(&load, act, at) {
        Some(reached) => Ok(ShareCheck::OverLimit(reached)),
        None => Ok(ShareCheck::WithinLimit(act)),
    }
}

/// Records the share that the op used up.
fn record_share(conn: &Connection, epoch: u64, seq: u64, act: ShareAct) -> rusqlite::Result<()> {
    const NOTE: &str = "UPDATE commands SET act = ? WHERE epoch = ? AND seq = ?";
    execute_cached(
        conn,
        NOTE,
        params![act.as_str(), to_sql_int(epoch), to_sql_int(seq)],
    )
}

fn load_workload(
    conn: &Connection,
    edge: &EdgeId,
    user: UserId,
    at: UnixMillis,
) -> rusqlite::Result<ProviderWorkload> {
    const ACTS: &str = "SELECT act, received_at, outcome FROM commands
        WHERE user_id = ? AND act IS NOT NULL AND received_at > ?
        ORDER BY received_at DESC LIMIT ?";
    let mut load = ProviderWorkload {
        open_jobs: u32::try_from(load_open_jobs(conn, edge, user)?.len()).unwrap_or(u32::MAX),
        ..ProviderWorkload::default()
    };
    let mut statement = conn.prepare_cached(ACTS)?;
    let values = params![
        &user.as_bytes()[..],
        ProviderWorkload::window_start(at).0,
        LOOKED_AT_MAX
    ];
    let acts = statement.query_map(values, read_counted_act)?;
    for (act, at) in acts
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
    {
        load.add(act, at);
    }
    Ok(load)
}

/// Acts that the cloud rejected do not count.
fn read_counted_act(row: &Row<'_>) -> rusqlite::Result<Option<(ShareAct, UnixMillis)>> {
    let outcome: Option<Outcome> = read_optional(row, 2, read_cbor)?;
    let counts = outcome.is_none_or(|outcome| outcome.has_succeeded());
    if !counts {
        return Ok(None);
    }
    Ok(Some((read_parsed(row, 0)?, UnixMillis(row.get(1)?))))
}

/// Confirmed jobs, adjusted by the provider's undecided commands here.
fn load_open_jobs(conn: &Connection, edge: &EdgeId, user: UserId) -> rusqlite::Result<Vec<Order>> {
    const IDS: &str = "SELECT id FROM orders WHERE worker = ?1
        UNION SELECT order_id FROM commands
        WHERE user_id = ?1 AND act = 'accept' AND outcome IS NULL LIMIT ?2";
    let mut statement = conn.prepare_cached(IDS)?;
    let ids = statement.query_map(params![&user.as_bytes()[..], LOOKED_AT_MAX], |row| {
        id(row, 0)
    })?;
    let ids: Vec<OrderId> = ids.collect::<rusqlite::Result<_>>()?;
    let mut jobs = Vec::new();
    for order_id in ids {
        let seen = load_order_view(conn, order_id, edge)?.order;
        jobs.extend(seen.filter(|order| order.provider_at_work() == Some(user)));
    }
    Ok(jobs)
}
