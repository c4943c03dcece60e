//! The deciding transactions: read under locks, let `rules` decide, write the result. People's and
//! edges' commands change orders only through these.
//!
//! The result is written in bulk: all rows of one kind in as few statements as possible.
//!
//! Invariant: an order is overwritten only in the state it was read in; otherwise the write changes
//! nothing and reports that.

use std::collections::BTreeSet;

use planted::{Defect, is_planted};
use platform::{
    outbox,
    sql::{Columns, ROWS_MAX, SqlError, Statement, Tx, Val, split_batches},
    transact, vals,
};
use process::clock::Clock;
use rules::{
    CaseKind, EventDraft, LatePromise, NewCase, OrderState, OrderVersionGuard, OrderWrite,
    StoredAnswer, Submission, Writes, decide_submissions,
};
use wire::{
    Code, CommandId, EdgePromise, Event, EventId, FenceEnd, FenceEnding, Hash, OpDecision, OrderId,
    Region, UnixMillis,
};

use super::{
    AcceptanceRules, Store, StoreError,
    assignment_rows::{AssignmentAudit, AssignmentLock, apply_transition, lock_assignments},
    messages::MessageRow,
    rows::{ActRow, AnswerRow, CaseRow, OrderChange, OrderRow},
    snapshot::{OrderReadMode, read_snapshot},
    time_proposals::delete_proposals,
    timeline_rows::LineRow,
};

/// Retries of a decision whose insert lost to a concurrent one. The retry sees the other row, so
/// two suffice; the rest is margin.
pub(super) const COLLISIONS_MAX: u32 = 4;

/// The decisions on an edge log batch, or the orders to check for payment first.
#[derive(Debug, PartialEq, Eq)]
pub enum FundedBatchResult {
    Decided(Vec<OpDecision>),
    Unfunded(Vec<OrderId>),
}

enum CheckedWrites {
    Written(Box<Writes>),
    Unfunded(Vec<OrderId>),
}

/// Returns the orders to check for payment before these writes.
type FundsCheck = fn(&Writes) -> Vec<OrderId>;

impl Store {
    /// Decides requests in order, all in one transaction.
    pub async fn decide_all(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<OpDecision>, StoreError> {
        Ok(self
            .decide_and_write(submissions, OrderReadMode::Locked)
            .await?
            .answers)
    }

    /// The same, but decides nothing if an edge's start would be refused for funds.
    pub async fn decide_funded(
        &self,
        submissions: &[Submission],
    ) -> Result<FundedBatchResult, StoreError> {
        let tried = self
            .decide_with_retries(submissions, OrderReadMode::Locked, unfunded_starts)
            .await?;
        Ok(match tried {
            CheckedWrites::Written(writes) => FundedBatchResult::Decided(writes.answers),
            CheckedWrites::Unfunded(orders) => FundedBatchResult::Unfunded(orders),
        })
    }

    /// Runs a trial decision in this region: reads under its lock, writes an answer, deletes it and
    /// commits. Fails if every batch would, so no single op gets the blame.
    pub async fn run_trial_decision(&self, region: Region) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            lock_assignments(tx, &BTreeSet::from([region]), AssignmentLock::ToDecide).await?;
            write_trial_answer(tx, CommandId(self.clock.new_id()), self.clock.now()).await
        })
    }

    pub(super) async fn decide_and_write(
        &self,
        submissions: &[Submission],
        mode: OrderReadMode,
    ) -> Result<Writes, StoreError> {
        self.decide_with_retries(submissions, mode, skip_funds_check)
            .await?
            .into_writes()
    }

    async fn decide_with_retries(
        &self,
        submissions: &[Submission],
        mode: OrderReadMode,
        check: FundsCheck,
    ) -> Result<CheckedWrites, StoreError> {
        let mut collisions = 0;
        loop {
            let decided = transact!(self.sql, tx => {
                decide_with_funds_check(tx, &self.clock, &self.rules, submissions, mode, check).await
            });
            match decided {
                Err(error) if is_collision(&error) && collisions < COLLISIONS_MAX => {
                    collisions += 1
                }
                done => return done,
            }
        }
    }
}

pub(super) async fn decide_in_transaction(
    tx: &mut Tx,
    clock: &Clock,
    rules: &AcceptanceRules,
    submissions: &[Submission],
    mode: OrderReadMode,
) -> Result<Writes, StoreError> {
    decide_with_funds_check(tx, clock, rules, submissions, mode, skip_funds_check)
        .await?
        .into_writes()
}

/// Writes nothing if the check returns an order.
async fn decide_with_funds_check(
    tx: &mut Tx,
    clock: &Clock,
    rules: &AcceptanceRules,
    submissions: &[Submission],
    mut mode: OrderReadMode,
    check: FundsCheck,
) -> Result<CheckedWrites, StoreError> {
    loop {
        let now = clock.now();
        let snapshot = read_snapshot(tx, rules, submissions, mode, now).await?;
        let writes = decide_submissions(&snapshot, submissions);
        let orders = check(&writes);
        if !orders.is_empty() {
            return Ok(CheckedWrites::Unfunded(orders));
        }
        if write_orders(tx, &writes.orders).await? {
            write_results(tx, clock, &writes, now).await?;
            return Ok(CheckedWrites::Written(Box::new(writes)));
        }
        // A concurrent transaction changed the order and committed. Decide again on its result,
        // this time under lock, so that one retry is enough.
        if mode == OrderReadMode::Locked {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        mode = OrderReadMode::Locked;
    }
}

impl CheckedWrites {
    fn into_writes(self) -> Result<Writes, StoreError> {
        match self {
            Self::Written(writes) => Ok(*writes),
            Self::Unfunded(_) => Err(StoreError::Contradiction(
                "a batch that does not check funds was reported as unfunded",
            )),
        }
    }
}

fn skip_funds_check(_: &Writes) -> Vec<OrderId> {
    Vec::new()
}

/// The orders of edge starts that this decision refuses for funds. Repeats of earlier refusals keep
/// their answer.
fn unfunded_starts(writes: &Writes) -> Vec<OrderId> {
    let orders: BTreeSet<OrderId> = writes
        .commands
        .iter()
        .filter(|answer| answer.op.is_some() && answer.code == Some(Code::FundsNotHeld))
        .map(|answer| answer.order_id)
        .collect();
    orders.into_iter().collect()
}

/// A concurrent transaction stored an answer for this command, or an order with this id.
pub(super) fn is_collision(error: &StoreError) -> bool {
    matches!(error, StoreError::Sql(SqlError::DuplicateKey { .. }))
}

/// The version of an order event's body.
const EVENT_VERSION: u32 = 1;

/// The change of a single order. Of many transactions that read it pending, one matches.
const CHANGE_ONE: &str = "WHERE id = ? AND status = ? AND version = ?";

const TELL_PROMISE: &str = "UPDATE order_timeline SET promise_edge = ?, promise_epoch = ?, \
    promise_fence = ?, promise_why = ? WHERE order_id = ? AND command_id = ? AND actor_id = ?";

const FORGET: &str = "DELETE FROM commands WHERE command_id = ?";

const FORGET_LINES: &str = "DELETE FROM order_timeline WHERE command_id = ?";

const FORGET_CASES: &str = "DELETE FROM case_items WHERE command_id = ?";

/// Writes the orders; `false` if any has changed since it was read.
pub(super) async fn write_orders(tx: &mut Tx, writes: &[OrderWrite]) -> Result<bool, StoreError> {
    let mut new: Vec<OrderRow> = Vec::new();
    let mut changed = Vec::new();
    for write in writes {
        match write.guard {
            None => new.push(write.after.clone().into()),
            Some(guard) => changed.push((guard, &write.after)),
        }
    }
    tx.insert_all(new).await?;
    for part in split_batches(&changed, ROWS_MAX) {
        let found = match part {
            [(guard, after)] => change_one(tx, *guard, after).await?,
            part => change_many(tx, part).await?,
        };
        if found != part.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes everything except the orders: answers, timeline, outbox rows, cases and assignment
/// changes.
pub(super) async fn write_results(
    tx: &mut Tx,
    clock: &Clock,
    writes: &Writes,
    at: UnixMillis,
) -> Result<(), StoreError> {
    insert_answers(tx, &writes.commands).await?;
    let lines: Vec<LineRow> = writes.timeline.iter().map(LineRow::from).collect();
    tx.insert_all(lines).await?;
    for LatePromise {
        order_id,
        command_id,
        user_id,
        promise,
    } in &writes.promises
    {
        let EdgePromise {
            edge,
            epoch,
            fence,
            why,
            ..
        } = promise;
        let values = vals![edge, *epoch, *fence, *why, *order_id, *command_id, *user_id];
        tx.exec(TELL_PROMISE, values).await?;
    }
    let events = writes
        .events
        .iter()
        .map(|draft| event_from_draft(clock, draft, at));
    let events = events.collect::<Result<Vec<_>, _>>()?;
    outbox::add_all(tx, &events).await?;
    delete_proposals(tx, &writes.ended_proposals).await?;
    let messages = writes.messages.iter();
    let messages = messages.map(|message| MessageRow::from_new(message, at));
    tx.insert_all(messages.collect()).await?;
    let acts = writes.acts.iter().map(ActRow::from_act).collect();
    tx.insert_all(acts).await?;
    // The hub's own list may already have opened this case, and the op may arrive again.
    let (again, once): (Vec<_>, Vec<_>) = writes
        .cases
        .iter()
        .partition(|item| item.kind == CaseKind::EdgeDistrusted);
    let once = once.into_iter().map(|item| new_case_row(item, at));
    tx.insert_all(once.collect()).await?;
    for item in again {
        tx.insert_new(new_case_row(item, at)).await?;
    }
    // Last, so that a grant's digest covers everything this transaction wrote.
    for (region, turned) in &writes.turns {
        let end = match &turned.ended {
            Some((_, end)) => end.clone(),
            None => FenceEnd {
                at,
                how: FenceEnding::Released,
                by: None,
                why: None,
            },
        };
        apply_transition(
            tx,
            clock,
            *region,
            turned,
            &AssignmentAudit::from_fence_end(&end),
        )
        .await?;
    }
    Ok(())
}

fn new_case_row(item: &NewCase, at: UnixMillis) -> CaseRow {
    CaseRow {
        order_id: item.order_id,
        user_id: item.user_id,
        kind: item.kind.as_str(),
        command_id: item.command_id,
        code: item.code,
        at,
    }
}

/// Writes an answer and deletes it, as a trial.
async fn write_trial_answer(
    tx: &mut Tx,
    command_id: CommandId,
    decided_at: UnixMillis,
) -> Result<(), StoreError> {
    let answer = StoredAnswer {
        command_id,
        user_id: None,
        hash: Hash::ZERO,
        applied: false,
        code: None,
        order_id: OrderId(command_id.0),
        order_version: None,
        op: None,
        decided_at,
    };
    insert_answers(tx, &[answer]).await?;
    tx.exec(FORGET, vals![command_id]).await?;
    Ok(())
}

async fn change_one(
    tx: &mut Tx,
    guard: OrderVersionGuard,
    after: &OrderState,
) -> Result<u64, StoreError> {
    let mut values = OrderChange::from(after).values();
    values.extend(vals![after.order.id, guard.status, guard.version]);
    Ok(tx.exec(OrderChange::update(CHANGE_ONE), values).await?)
}

/// The same for many orders: each column, and the guard, is a CASE over the ids.
async fn change_many(
    tx: &mut Tx,
    part: &[(OrderVersionGuard, &OrderState)],
) -> Result<u64, StoreError> {
    let n = part.len();
    let mut text = Statement::new("UPDATE orders SET ");
    let mut columns: Vec<Vec<Val>> = OrderChange::NAMES.iter().map(|_| Vec::new()).collect();
    for (_, after) in part {
        for (column, value) in columns.iter_mut().zip(OrderChange::from(*after).values()) {
            column.extend([after.order.id.into(), value]);
        }
    }
    for (index, name) in OrderChange::NAMES.iter().enumerate() {
        text = text
            .append_text(if index == 0 { "" } else { ", " })
            .append_text(name)
            .append_text(" = CASE id");
        text = text
            .append_repeated(" WHEN ? THEN ?", "", n)
            .append_text(" END");
    }
    let text = text
        .append_text(" WHERE id IN (")
        .append_marks(n)
        .append_text(") AND version = CASE id");
    let text = text
        .append_repeated(" WHEN ? THEN ?", "", n)
        .append_text(" END");
    let mut values = columns.concat();
    values.extend(part.iter().map(|(_, after)| Val::from(after.order.id)));
    values.extend(
        part.iter()
            .flat_map(|(guard, after)| vals![after.order.id, guard.version]),
    );
    Ok(tx.exec(text, values).await?)
}

async fn insert_answers(tx: &mut Tx, answers: &[StoredAnswer]) -> Result<(), StoreError> {
    if is_planted(Defect::NoCommandDedupe) {
        forget_commands(tx, answers).await?;
    }
    Ok(tx
        .insert_all(answers.iter().map(AnswerRow::from).collect())
        .await?)
}

/// For the planted defect that treats a repeat as new: removes the rows that would block it.
async fn forget_commands(tx: &mut Tx, answers: &[StoredAnswer]) -> Result<(), StoreError> {
    for answer in answers {
        for text in [FORGET, FORGET_LINES, FORGET_CASES] {
            tx.exec(text, vals![answer.command_id]).await?;
        }
    }
    Ok(())
}

fn event_from_draft(
    clock: &Clock,
    draft: &EventDraft,
    at: UnixMillis,
) -> Result<Event, StoreError> {
    Ok(Event {
        id: EventId(clock.new_id()),
        kind: draft.kind,
        version: EVENT_VERSION,
        at,
        trace: draft.trace.clone(),
        body: serde_json::to_value(&draft.body)?,
    })
}
