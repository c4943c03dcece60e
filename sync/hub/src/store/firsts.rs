//! Finds an earlier copy of a logged command: in an earlier epoch, in another edge's log, or from
//! the portal.
//!
//! Invariant: an edge's claim is never enough. Only an op that the hub has stored with the same
//! command counts as the first arrival.

use engine::trusted_time::{FirstArrival, OpArrival};
use platform::{
    sql::{ReadError, Row, StoredRow},
    vals,
};
use wire::{CommandOp, Hash, Outcome, UnixMillis};

use super::{
    Result, Store,
    sealed::outcome_place,
    work::{WorkClaim, read_arrival, stored_op},
};
use crate::domain::op::ReceivedOp;

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
const ASKED: &str = "SELECT taken_at FROM asks WHERE command_id = ? AND user_id = ?";

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
            outcome: stored_outcome(row)?,
        })
    }
}

/// Opens the `outcome` of a row that also has edge, epoch and seq.
pub(super) fn stored_outcome(row: &StoredRow<'_>) -> Result<Option<Vec<u8>>, ReadError> {
    if row.get::<Option<Vec<u8>>>("outcome")?.is_none() {
        return Ok(None);
    }
    let edge: String = row.get("edge")?;
    let place = outcome_place(&edge, row.get("epoch")?, row.get("seq")?);
    row.opened_bytes("outcome", &place).map(Some)
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
}

impl ArrivalCandidate {
    fn is_answered(&self) -> bool {
        let outcome = self
            .outcome
            .as_deref()
            .and_then(|bytes| minicbor::decode::<Outcome>(bytes).ok());
        outcome.is_some_and(|outcome| outcome.names_its_person())
    }
}

impl Store {
    pub async fn first_arrival(
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
            .fetch_optional(ASKED, vals![op.command.id, op.actor.user_id])
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
