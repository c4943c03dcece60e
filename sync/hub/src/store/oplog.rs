//! The op log as operators read it: ops that wait for a decision, ops that an ended epoch left behind, and
//! the state of one op or command.
//!
//! Invariant: nothing is written here, and every read is bounded, so that looking disturbs no work.

use std::collections::HashMap;

use platform::{
    sql::{NAMES_MAX, Statement, Val, in_list, parts},
    vals,
};
use uuid::Uuid;
use wire::{
    Command, CommandId, EdgeId, OpOutcome, OpPlace, OpRecord, OpState, OrderCode, Region,
    UnixMillis, UserId, WaitingAsk,
};

use super::{
    Result, Store, StoreError, count, edge, hash, region,
    work::{HELD_BY_REGION, NEEDS_OPERATOR, PARKED, RECEIVED},
};
use crate::domain::{op::ReceivedOp, run::FAILURES_MAX};

const WAITING: &str = "SELECT u.edge, e.region, u.epoch, u.seq, o.hash, u.state, u.failures, \
    o.received_at, o.bytes FROM undecided u \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    JOIN edges e ON e.edge = u.edge AND e.epoch = u.epoch WHERE u.edge = ? AND u.seq > ? ";
const LEFT: &str = "SELECT o.edge, e.region, o.epoch, o.seq, o.hash, 'left_behind' AS state, \
    0 AS failures, o.received_at, o.bytes FROM ops o JOIN edges e ON e.edge = o.edge \
    LEFT JOIN outcomes d ON d.edge = o.edge AND d.epoch = o.epoch AND d.seq = o.seq \
    WHERE o.edge = ? AND o.epoch < e.epoch AND d.seq IS NULL \
    AND (o.epoch > ? OR (o.epoch = ? AND o.seq > ?)) ORDER BY o.epoch, o.seq LIMIT ?";
const OP: &str = "SELECT o.edge, e.region, o.epoch, o.seq, o.hash, \
    COALESCE(u.state, 'none') AS state, COALESCE(u.failures, 0) AS failures, o.received_at, \
    o.bytes FROM ops o JOIN edges e ON e.edge = o.edge \
    LEFT JOIN undecided u ON u.edge = o.edge AND u.epoch = o.epoch AND u.seq = o.seq \
    WHERE o.edge = ? AND o.epoch = ? AND o.seq = ?";
const OUTCOME: &str = "SELECT d.number, d.at, d.bytes, e.epoch, e.outcome_cursor FROM outcomes d \
    JOIN edges e ON e.edge = d.edge WHERE d.edge = ? AND d.epoch = ? AND d.seq = ?";
const NAMES: &str = "SELECT edge FROM edges WHERE undecided > 0 AND edge > ? ORDER BY edge LIMIT ?";
const AGAIN: &str = "SELECT d.epoch, d.seq, o.bytes FROM outcomes d \
    JOIN ops o ON o.edge = d.edge AND o.epoch = d.epoch AND o.seq = d.seq \
    WHERE d.edge = ? AND d.epoch > ? AND d.command_id IN (";
const ASKS: &str = "SELECT command_id, user_id, region, command, taken_at, failures FROM asks \
    WHERE command_id > ? OR (command_id = ? AND user_id > ?) ORDER BY command_id, user_id LIMIT ?";

/// Most waiting ops that are searched for a command, edge by edge.
const SEARCHED_MAX: usize = 20_000;
const PART: usize = 500;

type AskRow = (Uuid, Uuid, String, Vec<u8>, i64, i64);

#[derive(sqlx::FromRow)]
struct Row {
    edge: String,
    region: String,
    epoch: i64,
    seq: i64,
    hash: Vec<u8>,
    state: String,
    failures: i64,
    received_at: i64,
    bytes: Vec<u8>,
}

impl Store {
    /// The ops of an edge that wait, in that state or in any, beyond `after`, in log order.
    pub async fn waiting_ops(
        &self,
        edge: &EdgeId,
        state: Option<OpState>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<OpRecord>> {
        let (mut text, mut values) = (Statement::new(WAITING), vals![edge, after]);
        if let Some(state) = state {
            let Some(word) = stored(state) else { return Ok(Vec::new()) };
            text = text.then("AND u.state = ? ");
            values.extend(vals![word]);
        }
        values.extend(vals![limit]);
        let rows: Vec<Row> = self.sql.all(text.then("ORDER BY u.seq LIMIT ?"), values).await?;
        rows.into_iter().map(record).collect()
    }

    /// The edges with undecided ops, beyond `after` by name.
    pub async fn edges_waiting(&self, after: &str, limit: usize) -> Result<Vec<EdgeId>> {
        let rows: Vec<(String,)> = self.sql.all(NAMES, vals![after, limit]).await?;
        rows.into_iter().map(|(name,)| edge(name)).collect()
    }

    /// The ops that the ended epochs of an edge left undecided, beyond that place, each with the new place of
    /// its command.
    pub async fn left_behind(
        &self,
        edge: &EdgeId,
        after: (u64, u64),
        limit: usize,
    ) -> Result<Vec<OpRecord>> {
        let (epoch, seq) = after;
        let rows: Vec<Row> = self.sql.all(LEFT, vals![edge, epoch, epoch, seq, limit]).await?;
        let mut ops: Vec<OpRecord> = rows.into_iter().map(record).collect::<Result<_, _>>()?;
        self.find_again(edge, &mut ops).await?;
        Ok(ops)
    }

    /// `None` where the hub does not have the op, or has it no more.
    pub async fn op(&self, place: &OpPlace) -> Result<Option<OpRecord>> {
        let values = vals![&place.edge, place.epoch, place.seq];
        let Some(row) = self.sql.one::<Row>(OP, values.clone()).await? else { return Ok(None) };
        let mut op = record(row)?;
        let row: Option<(i64, i64, Vec<u8>, i64, i64)> = self.sql.one(OUTCOME, values).await?;
        if let Some((number, at, bytes, epoch_now, acknowledged)) = row {
            let outcome = minicbor::decode(&bytes);
            op.state = OpState::Decided;
            op.outcome = Some(OpOutcome {
                number: count(number),
                stored_at: UnixMillis(at),
                told: (count(epoch_now) == place.epoch).then_some(number <= acknowledged),
                outcome: outcome.map_err(|_| StoreError::Unreadable("an outcome"))?,
            });
        } else if op.state == OpState::LeftBehind {
            self.find_again(&place.edge, std::slice::from_mut(&mut op)).await?;
        }
        Ok(Some(op))
    }

    /// The ops that wait under that command id. The newest ops of a very long queue are not searched.
    pub async fn waiting_command(&self, id: CommandId) -> Result<Vec<OpRecord>> {
        let (mut found, mut edges, mut searched) = (Vec::new(), String::new(), 0);
        loop {
            let names = self.edges_waiting(&edges, PART).await?;
            for edge in &names {
                searched += self
                    .search(edge, SEARCHED_MAX - searched, |op| {
                        let command = op.command.as_ref();
                        if command.is_some_and(|command| command.id == id) {
                            found.push(op);
                        }
                    })
                    .await?;
            }
            match names.last() {
                Some(last) if names.len() == PART && searched < SEARCHED_MAX => {
                    edges = last.to_string();
                }
                _ => return Ok(found),
            }
        }
    }

    /// The portal's accepts that are put to a holder, beyond that one.
    pub async fn asks_waiting(
        &self,
        after: (CommandId, UserId),
        limit: usize,
    ) -> Result<Vec<WaitingAsk>> {
        let (id, user) = after;
        let rows: Vec<AskRow> = self.sql.all(ASKS, vals![id, id, user, limit]).await?;
        rows.into_iter().map(ask).collect()
    }

    /// Visits the waiting ops of an edge, at most `limit`. Returns their number.
    async fn search(
        &self,
        edge: &EdgeId,
        limit: usize,
        mut each: impl FnMut(OpRecord),
    ) -> Result<usize> {
        let (mut after, mut searched) = (0, 0);
        while searched < limit {
            let part = PART.min(limit - searched);
            let ops = self.waiting_ops(edge, None, after, part).await?;
            searched += ops.len();
            let whole = ops.len() == part;
            for op in ops {
                after = op.place.seq;
                each(op);
            }
            if !whole {
                break;
            }
        }
        Ok(searched)
    }

    /// Finds where a later epoch has logged these commands anew: under the same id, for the same person.
    async fn find_again(&self, edge: &EdgeId, ops: &mut [OpRecord]) -> Result<()> {
        let name = |op: &OpRecord| op.command.as_ref().map(|c| (c.id, c.actor.user_id));
        let ids: Vec<Val> = ops.iter().filter_map(name).map(|(id, _)| Val::from(id)).collect();
        let Some(first) = ops.first().map(|op| op.place.epoch) else { return Ok(()) };
        let mut again: HashMap<(CommandId, UserId), OpPlace> = HashMap::new();
        for part in parts(&ids, NAMES_MAX) {
            let mut values = vals![edge, first];
            values.extend(part.iter().cloned());
            let text = in_list(AGAIN, part.len(), ")");
            let rows: Vec<(i64, i64, Vec<u8>)> = self.sql.all(text, values).await?;
            again.extend(rows.into_iter().filter_map(|(epoch, seq, bytes)| {
                let ReceivedOp::Command(op) = ReceivedOp::read(&bytes) else { return None };
                let place = OpPlace { edge: edge.clone(), epoch: count(epoch), seq: count(seq) };
                Some(((op.command.id, op.actor.user_id), place))
            }));
        }
        if ids.len() > again.len() {
            self.search(edge, SEARCHED_MAX, |op| {
                if let Some(name) = name(&op) {
                    again.entry(name).or_insert(op.place);
                }
            })
            .await?;
        }
        for op in ops {
            let place = name(op).and_then(|name| again.get(&name));
            op.again = place.filter(|place| place.epoch > op.place.epoch).cloned();
        }
        Ok(())
    }
}

fn stored(state: OpState) -> Option<&'static str> {
    match state {
        OpState::Received => Some(RECEIVED),
        OpState::HeldRegion => Some(HELD_BY_REGION),
        OpState::NeedsOperator => Some(NEEDS_OPERATOR),
        OpState::Parked => Some(PARKED),
        OpState::Decided | OpState::LeftBehind | OpState::Unrecognised => None,
    }
}

fn record(row: Row) -> Result<OpRecord> {
    let region: Region = region(&row.region)?;
    let shown = ReceivedOp::read(&row.bytes).summary(region);
    let waiting = OpState::WAITING.into_iter().find(|state| stored(*state) == Some(&row.state));
    Ok(OpRecord {
        place: OpPlace { edge: edge(row.edge)?, epoch: count(row.epoch), seq: count(row.seq) },
        region,
        hash: hash(&row.hash)?,
        kind: shown.kind,
        // An op that neither waits nor is decided left the queue when its epoch ended.
        state: waiting.unwrap_or(OpState::LeftBehind),
        failures: count(row.failures),
        received_at: UnixMillis(row.received_at),
        command: shown.command,
        fence: shown.fence,
        outcome: None,
        again: None,
    })
}

fn ask(row: AskRow) -> Result<WaitingAsk> {
    let (command_id, user_id, name, bytes, taken_at, failures) = row;
    let region: Region = region(&name)?;
    // One that cannot be read hides no other, and an operator has to see it.
    let command: Option<Command> = minicbor::decode(&bytes).ok();
    let order_id = command.map(|command| command.body.order_id());
    let failures = count(failures);
    let stopped = failures >= FAILURES_MAX.into();
    Ok(WaitingAsk {
        command_id: CommandId(command_id),
        user_id: UserId(user_id),
        region,
        order_id,
        order_code: order_id.map(|order_id| OrderCode::of(region, order_id)),
        state: if stopped { OpState::NeedsOperator } else { OpState::HeldRegion },
        failures,
        taken_at: UnixMillis(taken_at),
    })
}
