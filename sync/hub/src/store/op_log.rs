//! Reads of the op log. For operators: ops that wait for a decision, ops that an ended epoch left
//! behind, and the state of one op or command. For the workers: an earlier copy of a logged
//! command, in an earlier epoch, in another edge's log, or from the portal.
//!
//! Invariants: every read for operators is bounded, so looking never disturbs the workers. An
//! edge's claim about an earlier copy is never enough: only an op that the hub has stored with the
//! same command counts as the first arrival.

use std::collections::HashMap;

use engine::trusted_time::{FirstArrival, OpArrival};
use platform::{
    fields,
    sql::{
        NAMES_MAX, ReadError, Row, SealedColumn, Statement, StoredRow, Val, in_list, split_batches,
    },
    vals,
};
use wire::{
    Command, CommandId, CommandOp, EdgeId, Hash, OpCommand, OpOutcome, OpPlace, OpRecord, OpState,
    OrderCode, OrderId, Outcome, UnixMillis, UserId, WaitingAcceptEntry,
};

use super::{
    ACCEPT_COMMAND, HELD_BY_REGION, NEEDS_OPERATOR, OP_PLACE, PARKED, RECEIVED, Result, Store,
    read_op, read_outcome,
    work_queue::{WorkClaim, read_arrival, stored_op},
};
use crate::domain::{op::ReceivedOp, run_plan::FAILURES_OF_POISON_OP};

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
const AT_PLACE: &str = "SELECT o.edge, o.epoch, o.seq, o.hash, o.received_at, o.not_before, o.knows_to, o.bytes, \
    d.bytes AS outcome FROM ops o \
    LEFT JOIN outcomes d ON d.edge = o.edge AND d.epoch = o.epoch AND d.seq = o.seq \
    WHERE o.edge = ? AND o.epoch = ? AND o.seq = ?";
const LEFT_BEHIND: &str = "SELECT o.edge, o.epoch, o.seq, o.hash, o.received_at, o.not_before, o.knows_to, o.bytes, \
    NULL AS outcome FROM left_behind l JOIN ops o ON o.edge = l.edge AND o.epoch = l.epoch AND o.seq = l.seq \
    WHERE l.command_id = ? LIMIT 20";
const PUT_TO_HOLDER: &str = "SELECT o.edge, o.epoch, o.seq, o.hash, o.received_at, o.not_before, o.knows_to, o.bytes, \
    NULL AS outcome FROM edges e JOIN undecided u ON u.edge = e.edge AND u.epoch = e.epoch \
        AND u.state = 'held_region' AND u.for_holder = 1 \
    JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE e.region = ? AND e.edge <> ? ORDER BY o.received_at, o.edge, o.seq LIMIT 5000";
const TAKEN_AT: &str = "SELECT taken_at FROM asks WHERE command_id = ? AND user_id = ?";

/// Limit of waiting ops searched for a command, across all edges.
const SEARCHED_MAX: usize = 20_000;
const PART: usize = 500;

struct OpRecordRow(OpRecord);

struct WaitingAcceptEntryRow(WaitingAcceptEntry);

impl Store {
    /// Returns an edge's waiting ops after `after` in log order, optionally in one state.
    pub(crate) async fn list_waiting_ops(
        &self,
        edge: &EdgeId,
        state: Option<OpState>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<OpRecord>> {
        let mut text = Statement::new(WAITING);
        let mut values = vals![edge, after];
        if let Some(state) = state {
            let Some(word) = to_stored_state(state) else {
                return Ok(Vec::new());
            };
            text = text.append_text("AND u.state = ? ");
            values.extend(vals![word]);
        }
        values.extend(vals![limit]);
        let ops: Vec<OpRecordRow> = self
            .sql
            .fetch_all(text.append_text("ORDER BY u.seq LIMIT ?"), values)
            .await?;
        let mut ops: Vec<OpRecord> = ops.into_iter().map(|OpRecordRow(op)| op).collect();
        self.set_accept_origins(&mut ops).await?;
        Ok(ops)
    }

    pub(crate) async fn list_waiting_edges(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<EdgeId>> {
        Ok(self.sql.fetch_all(NAMES, vals![after, limit]).await?)
    }

    /// Returns ops that ended epochs left undecided, each with its command's new place.
    pub(crate) async fn list_left_behind_ops(
        &self,
        edge: &EdgeId,
        after: (u64, u64),
        limit: usize,
    ) -> Result<Vec<OpRecord>> {
        let (epoch, seq) = after;
        let ops: Vec<OpRecordRow> = self
            .sql
            .fetch_all(LEFT, vals![edge, epoch, epoch, seq, limit])
            .await?;
        let mut ops: Vec<OpRecord> = ops.into_iter().map(|OpRecordRow(op)| op).collect();
        self.find_relogged_places(edge, &mut ops).await?;
        Ok(ops)
    }

    /// Returns `None` if the hub does not have the op, or has dropped it.
    pub(crate) async fn find_op(&self, place: &OpPlace) -> Result<Option<OpRecord>> {
        let values = vals![&place.edge, place.epoch, place.seq];
        let stored = self.sql.fetch_optional(OP, values.clone()).await?;
        let Some(OpRecordRow(mut op)) = stored else {
            return Ok(None);
        };
        self.set_accept_origins(std::slice::from_mut(&mut op))
            .await?;
        let row: Option<(u64, UnixMillis, Vec<u8>, u64, u64)> =
            self.sql.fetch_optional(OUTCOME, values).await?;
        if let Some((number, stored_at, bytes, epoch_now, acknowledged)) = row {
            let told = (epoch_now == place.epoch).then_some(number <= acknowledged);
            let edge = place.edge.as_str();
            let outcome = read_outcome(self.sql.data_keys(), edge, place.epoch, place.seq, bytes)?;
            op.state = OpState::Decided;
            op.outcome = Some(OpOutcome {
                number,
                stored_at,
                told,
                told_at: None,
                outcome,
            });
        } else if op.state == OpState::LeftBehind {
            self.find_relogged_places(&place.edge, std::slice::from_mut(&mut op))
                .await?;
        }
        Ok(Some(op))
    }

    pub(crate) async fn find_waiting_command(&self, id: CommandId) -> Result<Vec<OpRecord>> {
        self.search_waiting_ops(|command| command.id == id).await
    }

    pub(crate) async fn find_waiting_ops_of_order(&self, order: OrderId) -> Result<Vec<OpRecord>> {
        self.search_waiting_ops(|command| command.order_id == order)
            .await
    }

    /// Skips the newest ops of a very long queue.
    async fn search_waiting_ops(
        &self,
        is_wanted: impl Fn(&OpCommand) -> bool,
    ) -> Result<Vec<OpRecord>> {
        let mut found = Vec::new();
        let mut edges = String::new();
        let mut searched = 0;
        loop {
            let names = self.list_waiting_edges(&edges, PART).await?;
            for edge in &names {
                searched += self
                    .visit_waiting_ops(edge, SEARCHED_MAX - searched, |op| {
                        if op.command.as_ref().is_some_and(&is_wanted) {
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

    /// Returns the portal's accepts after `after` that wait for a holder.
    pub(crate) async fn list_waiting_accepts(
        &self,
        after: (CommandId, UserId),
        limit: usize,
    ) -> Result<Vec<WaitingAcceptEntry>> {
        let (id, user) = after;
        let accepts: Vec<WaitingAcceptEntryRow> =
            self.sql.fetch_all(ASKS, vals![id, id, user, limit]).await?;
        Ok(accepts
            .into_iter()
            .map(|WaitingAcceptEntryRow(accept)| accept)
            .collect())
    }

    /// Visits up to `limit` waiting ops and returns their number.
    async fn visit_waiting_ops(
        &self,
        edge: &EdgeId,
        limit: usize,
        mut each: impl FnMut(OpRecord),
    ) -> Result<usize> {
        let mut after = 0;
        let mut searched = 0;
        while searched < limit {
            let part = PART.min(limit - searched);
            let ops = self.list_waiting_ops(edge, None, after, part).await?;
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

    /// Sets `again` to the place where a later epoch relogged the command, by id and person.
    async fn find_relogged_places(&self, edge: &EdgeId, ops: &mut [OpRecord]) -> Result<()> {
        let ids: Vec<Val> = ops
            .iter()
            .filter_map(find_command_key)
            .map(|(id, _)| Val::from(id))
            .collect();
        let Some(first) = ops.first().map(|op| op.place.epoch) else {
            return Ok(());
        };
        let mut again: HashMap<(CommandId, UserId), OpPlace> = HashMap::new();
        for part in split_batches(&ids, NAMES_MAX) {
            let mut values = vals![edge, first];
            values.extend(part.iter().cloned());
            let text = in_list(AGAIN, part.len(), ")");
            let rows: Vec<(u64, u64, Vec<u8>)> = self.sql.fetch_all(text, values).await?;
            for (epoch, seq, bytes) in rows {
                let read = read_op(self.sql.data_keys(), edge.as_str(), epoch, seq, bytes)?;
                let ReceivedOp::Command(op) = read else {
                    continue;
                };
                let place = OpPlace {
                    edge: edge.clone(),
                    epoch,
                    seq,
                };
                again.insert((op.command.id, op.actor.user_id), place);
            }
        }
        if ids.len() > again.len() {
            self.visit_waiting_ops(edge, SEARCHED_MAX, |op| {
                if let Some(name) = find_command_key(&op) {
                    again.entry(name).or_insert(op.place);
                }
            })
            .await?;
        }
        for op in ops {
            let place = find_command_key(op).and_then(|name| again.get(&name));
            op.again = place.filter(|place| place.epoch > op.place.epoch).cloned();
        }
        Ok(())
    }
}

/// `None` if the op is not a command.
fn find_command_key(op: &OpRecord) -> Option<(CommandId, UserId)> {
    let command = op.command.as_ref()?;
    Some((command.id, command.actor.user_id))
}

fn to_stored_state(state: OpState) -> Option<&'static str> {
    match state {
        OpState::Received => Some(RECEIVED),
        OpState::HeldRegion => Some(HELD_BY_REGION),
        OpState::NeedsOperator => Some(NEEDS_OPERATOR),
        OpState::Parked => Some(PARKED),
        OpState::Decided | OpState::LeftBehind | OpState::Unrecognised => None,
    }
}

impl Row for OpRecordRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let region = row.get("region")?;
        let (kind, command, fence) = stored_op(row)?.operator_summary(region);
        let word: String = row.get("state")?;
        let state = OpState::WAITING
            .into_iter()
            .find(|state| to_stored_state(*state) == Some(&word));
        Ok(Self(fields!(row => OpRecord {
            hash, failures, received_at;
            place: fields!(row => OpPlace { edge, epoch, seq }),
            region,
            kind,
            command,
            fence,
            // An op that neither waits nor is decided left the queue when its epoch ended.
            state: state.unwrap_or(OpState::LeftBehind),
            outcome: None,
            again: None,
        })))
    }
}

impl Row for WaitingAcceptEntryRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let (region, failures): (_, u64) = (row.get("region")?, row.get("failures")?);
        // An unreadable accept is still listed: an operator has to see it.
        let command: Vec<u8> = row.opened(&ACCEPT_COMMAND)?;
        let command: Option<Command> = minicbor::decode(&command).ok();
        let order_id = command.map(|command| command.body.order_id());
        let stopped = failures >= u64::from(FAILURES_OF_POISON_OP);
        Ok(Self(fields!(row => WaitingAcceptEntry {
            command_id, user_id, taken_at;
            region,
            order_id,
            order_code: order_id.map(|order_id| OrderCode::from_order_id(region, order_id)),
            state: if stopped { OpState::NeedsOperator } else { OpState::HeldRegion },
            failures,
        })))
    }
}

/// The outcome in a row of its op.
const OUTCOME_OF_OP: SealedColumn = SealedColumn::bytes("outcome", "outcomes.bytes", OP_PLACE);

struct ArrivalCandidate {
    edge: String,
    epoch: u64,
    hash: Hash,
    arrival: OpArrival,
    read: ReceivedOp,
    /// Set once the owner has decided it.
    outcome: Option<Vec<u8>>,
}

impl Row for ArrivalCandidate {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            edge: row.get("edge")?,
            epoch: row.get("epoch")?,
            hash: row.get("hash")?,
            arrival: read_arrival(row)?,
            read: stored_op(row)?,
            outcome: row.opened(&OUTCOME_OF_OP)?,
        })
    }
}

impl ArrivalCandidate {
    /// Returns `None` for another command.
    fn match_first_arrival(&self, op: &CommandOp, claim: &WorkClaim) -> Option<FirstArrival> {
        let ReceivedOp::Command(first) = &self.read else {
            return None;
        };
        let same = first.command.id == op.command.id
            && first.actor.user_id == op.actor.user_id
            && first.command.body == op.command.body;
        let own = self.edge == claim.edge.as_str();
        same.then(|| FirstArrival {
            taken_at: self.arrival.taken_at(first.received_at),
            distrusted: own && claim.distrusts_op_at(self.epoch, self.arrival.received_at),
            is_answered: self.is_answered(),
        })
    }

    fn is_answered(&self) -> bool {
        let outcome = self
            .outcome
            .as_deref()
            .and_then(|bytes| minicbor::decode::<Outcome>(bytes).ok());
        outcome.is_some_and(|outcome| outcome.names_its_person())
    }
}

impl Store {
    pub(crate) async fn find_first_arrival(
        &self,
        claim: &WorkClaim,
        op: &CommandOp,
    ) -> Result<Option<FirstArrival>> {
        if let Some(before) = &op.relogged {
            let values = vals![&before.edge, before.epoch, before.at.seq];
            let row: Option<ArrivalCandidate> = self.sql.fetch_optional(AT_PLACE, values).await?;
            let row = row.filter(|row| row.hash == before.at.hash);
            if let Some(first) = row.and_then(|row| row.match_first_arrival(op, claim)) {
                return Ok(Some(first));
            }
        }
        let asked: Option<UnixMillis> = self
            .sql
            .fetch_optional(TAKEN_AT, vals![op.command.id, op.actor.user_id])
            .await?;
        if let Some(taken_at) = asked {
            return Ok(Some(FirstArrival {
                taken_at,
                distrusted: false,
                is_answered: false,
            }));
        }
        let mut rows: Vec<ArrivalCandidate> = self
            .sql
            .fetch_all(LEFT_BEHIND, vals![op.command.id])
            .await?;
        rows.extend(
            self.sql
                .fetch_all::<ArrivalCandidate>(PUT_TO_HOLDER, vals![claim.region, &claim.edge])
                .await?,
        );
        Ok(rows
            .iter()
            .find_map(|row| row.match_first_arrival(op, claim)))
    }
}
