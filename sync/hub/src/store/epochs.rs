//! The epochs of an edge: their grants, and the ops of earlier ones that are given back.
//!
//! Invariants: the end of an epoch is noted here before anybody else hears of it, and no session
//! has the edge from then on. An epoch is raised under the term and the cursor that were judged, so
//! that only one of two raises it. The old epoch's cursor, undecided ops and session end with it;
//! its raw ops stay.

use engine::{
    cloud::{Confinement, Place, QuarantineGrant, Tail},
    moments::HeadNotes,
};
use platform::{
    columns,
    sql::{ReadError, Row, StoredRow},
    transact, vals,
};
use uuid::Uuid;
use wire::{Chain, EdgeId, Hash, Hello, UnixMillis};

use super::{
    Result, Store, StoreError,
    edges::{head_values, heads},
    fitting, left_behind,
    sealed::op_place,
};

const NOW: &str = "SELECT cursor_seq, cursor_hash, nonce, distrusted_epoch, taken_since, since_feed, told_seq, \
    told_at, told_feed, newest_op_at FROM edges WHERE edge = ? AND term = ? AND epoch = ?";
const BEGIN_TO_END: &str = "UPDATE edges SET ending_epoch = ?, ending_why = ?, term = term + 1, \
    link_up = 0, link_since = ? WHERE edge = ? AND term = ? AND epoch = ?";
const TERM: &str = "SELECT term FROM edges WHERE edge = ?";
const RAISE: &str = "UPDATE edges SET epoch = ?, term = term + 1, nonce = ?, cursor_seq = 0, \
    cursor_hash = ?, outcome_count = 0, outcome_cursor = 0, undecided = 0, last_seq = 0, \
    pending = 0, oldest_pending_at = NULL, link_up = 0, link_since = ?, last_contact_at = ?, \
    work_token = work_token + 1, work_until = 0, \
    taken_since = ?, since_feed = ?, told_seq = ?, told_at = ?, told_feed = ?, newest_op_at = ? \
    WHERE edge = ? AND term = ? AND epoch = ? AND cursor_hash = ?";
const DROP_UNDECIDED: &str = "DELETE FROM undecided WHERE edge = ?";
const GRANTED: &str =
    "SELECT grant_id, last_accepted, why FROM epochs WHERE edge = ? AND epoch = ?";
const HASH_AT: &str = "SELECT hash FROM ops WHERE edge = ? AND epoch = ? AND seq = ?";
const TAIL: &str = "SELECT epoch, seq, hash, bytes FROM ops WHERE edge = ? \
    AND ((epoch = ? AND seq > ?) OR epoch > ?) \
    AND epoch < (SELECT e.epoch FROM edges e WHERE e.edge = ops.edge) \
    ORDER BY epoch, seq LIMIT ?";
const READMIT: &str = "UPDATE edges SET readmitted_at = ?, needs_operator_at = NULL WHERE edge = ?";
const NEWEST: &str = "SELECT MAX(at) FROM epochs WHERE edge = ?";
const NEEDS_OPERATOR: &str = "UPDATE edges SET needs_operator_at = ? WHERE edge = ?";
const OLDEST: &str = "SELECT MIN(epoch) FROM ops WHERE edge = ? AND epoch < ?";
const OLD_OPS: &str = "SELECT seq FROM ops WHERE edge = ? AND epoch = ? AND received_at < ? \
    ORDER BY seq LIMIT ?";
const DROP_OPS: &str = "DELETE FROM ops WHERE edge = ? AND epoch = ? AND seq <= ?";
const DROP_OUTCOMES: &str = "DELETE FROM outcomes WHERE edge = ? AND epoch < ? AND at < ?";
const EPOCH: &str = "SELECT epoch FROM edges WHERE edge = ?";

columns! {
    struct EpochRow<'a> in epochs {
        edge: &'a EdgeId,
        epoch: u64,
        at: UnixMillis,
        why: &'static str,
        granted_to: Uuid,
        after_run: Option<Uuid>,
        grant_id: u64,
        last_accepted: Hash,
    }
}

/// An edge whose epoch is to be raised.
struct EndingRow {
    cursor: Chain,
    after_run: Option<Uuid>,
    distrusted_epoch: Option<u64>,
    heads: HeadNotes,
}

impl Row for EndingRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            cursor: Chain { seq: row.get("cursor_seq")?, hash: row.get("cursor_hash")? },
            after_run: row.get("nonce")?,
            distrusted_epoch: row.get("distrusted_epoch")?,
            heads: heads(row)?,
        })
    }
}

/// Rows of one part of the tail.
const TAIL_ROWS_MAX: usize = 500;
/// Rows taken out by one statement.
const DROPPED_MAX: usize = 500;

/// Epoch, seq, the chain's hash and the bytes of an op.
type TailRow = (u64, u64, Hash, Vec<u8>);

impl Store {
    /// Notes that the epoch is to end, and why. Returns the new term: any session of the edge must
    /// say Hello again and is judged by this. `None` where the term or the epoch has changed; then
    /// nothing is noted.
    pub async fn begin_to_end(
        &self,
        edge: &EdgeId,
        confined: &Confinement,
        now: UnixMillis,
    ) -> Result<Option<u64>> {
        let Confinement { over, epoch, why, .. } = confined;
        transact!(self.sql, tx => {
            let values = vals![*epoch, why.as_str(), now, edge, *over, *epoch];
            if tx.exec(BEGIN_TO_END, values).await? == 0 {
                return Ok(None);
            }
            Ok(tx.one(TERM, vals![edge]).await?)
        })
    }

    /// Ends the epoch and grants the next to the run that said Hello. `None` where the term, the
    /// epoch or the cursor has changed; then nothing is stored.
    pub async fn raise_epoch(
        &self,
        edge: &EdgeId,
        confined: &Confinement,
        grant: u64,
        now: UnixMillis,
    ) -> Result<Option<QuarantineGrant>> {
        let Confinement { hello, over, epoch, why, .. } = confined;
        let raised = epoch + 1;
        let done = transact!(self.sql, tx => {
            let row: Option<EndingRow> = tx.one(NOW, vals![edge, *over, *epoch]).await?;
            let Some(EndingRow { cursor, after_run, distrusted_epoch, heads }) = row else {
                return Ok(None);
            };
            let last_accepted = cursor.hash;
            let start = Chain::renewed(edge, raised, grant, last_accepted);
            let mut values = vals![raised, hello.nonce.0, start.hash, now, now];
            values.extend(head_values(&heads.renewed(cursor.seq)));
            values.extend(vals![edge, *over, *epoch, last_accepted]);
            if tx.exec(RAISE, values).await? == 0 {
                return Ok(None);
            }
            left_behind::note_left(tx, edge, *epoch).await?;
            tx.exec(DROP_UNDECIDED, vals![edge]).await?;
            let row = EpochRow {
                edge,
                epoch: raised,
                at: now,
                why: why.as_str(),
                granted_to: Uuid::from_bytes(hello.nonce.0),
                after_run,
                grant_id: grant,
                last_accepted,
            };
            tx.insert(row).await?;
            // An operator has disabled the epoch and given the edge a new key: there is nothing to
            // take note of.
            if distrusted_epoch == Some(*epoch) {
                tx.exec(READMIT, vals![now, edge]).await?;
            }
            Ok::<_, StoreError>(Some(last_accepted))
        })?;
        let Some(last_accepted) = done else { return Ok(None) };
        let known = self.known(edge, hello).await?;
        Ok(Some(QuarantineGrant { epoch: raised, grant, last_accepted, why: *why, known }))
    }

    /// The epoch that stands, as it was granted.
    pub async fn granted(
        &self,
        edge: &EdgeId,
        confined: &Confinement,
    ) -> Result<Option<QuarantineGrant>> {
        let epoch = confined.epoch;
        let row = self.sql.one(GRANTED, vals![edge, epoch]).await?;
        let Some((grant, last_accepted, why)) = row else { return Ok(None) };
        let known = self.known(edge, &confined.hello).await?;
        Ok(Some(QuarantineGrant { epoch, grant, last_accepted, why, known }))
    }

    /// The ops stored after a place, of the epochs that are over: as many of one epoch as a frame
    /// takes.
    pub async fn tail(&self, edge: &EdgeId, after: Place) -> Result<Tail> {
        let Place { epoch, seq } = after;
        let values = vals![edge, epoch, seq, epoch, TAIL_ROWS_MAX];
        let mut rows: Vec<TailRow> = self.sql.all(TAIL, values).await?;
        for (epoch, seq, _, bytes) in &mut rows {
            let place = op_place(edge.as_str(), *epoch, *seq);
            *bytes = self.sql.data_keys().open(&place, std::mem::take(bytes))?;
        }
        part(rows)
    }

    /// Notes that an operator has seen every epoch so far, also one of a replica whose clock is
    /// ahead. Returns whether the edge exists.
    pub async fn readmit(&self, edge: &EdgeId, now: UnixMillis) -> Result<bool> {
        transact!(self.sql, tx => {
            let newest: Option<Option<UnixMillis>> = tx.one(NEWEST, vals![edge]).await?;
            let at = newest.flatten().map_or(now, |at| now.max(at));
            Ok(tx.exec(READMIT, vals![at, edge]).await? == 1)
        })
    }

    pub async fn needs_operator(&self, edge: &EdgeId, now: UnixMillis) -> Result<()> {
        self.sql.exec(NEEDS_OPERATOR, vals![now, edge]).await?;
        Ok(())
    }

    /// A part of what was received in epochs that are over, before `before`.
    pub async fn drop_old_epochs(&self, edge: &EdgeId, before: UnixMillis) -> Result<usize> {
        let Some(epoch) = self.sql.one::<u64>(EPOCH, vals![edge]).await? else { return Ok(0) };
        self.sql.exec(DROP_OUTCOMES, vals![edge, epoch, before]).await?;
        self.forget_left_behind(edge, before).await?;
        let oldest: Option<Option<u64>> = self.sql.one(OLDEST, vals![edge, epoch]).await?;
        let Some(oldest) = oldest.flatten() else { return Ok(0) };
        let values = vals![edge, oldest, before, DROPPED_MAX];
        let old: Vec<u64> = self.sql.all(OLD_OPS, values).await?;
        if let Some(last) = old.last() {
            self.sql.exec(DROP_OPS, vals![edge, oldest, *last]).await?;
        }
        Ok(old.len())
    }

    /// The place up to which the edge surely has the received ops: it names the place of its newest
    /// outcome, and the same op stands there. Else it gets all that is kept.
    async fn known(&self, edge: &EdgeId, hello: &Hello) -> Result<Place> {
        let nothing = Place { epoch: hello.epoch, seq: 0 };
        let Some(settled) = hello.settled else { return Ok(nothing) };
        let values = vals![edge, hello.epoch, settled.seq];
        let here: Option<Vec<u8>> = self.sql.one(HASH_AT, values).await?;
        let same = here.is_some_and(|here| here == settled.hash.0);
        Ok(if same { Place { seq: settled.seq, ..nothing } } else { nothing })
    }
}

/// The rows of the first epoch among these that continue each other and fit.
fn part(rows: Vec<TailRow>) -> Result<Tail> {
    let total = rows.len();
    let Some((epoch, first_seq, first_hash, _)) = rows.first() else { return Ok(Tail::empty()) };
    let (epoch, first_seq, first_hash) = (*epoch, *first_seq, *first_hash);
    let fitting = fitting(rows.iter().map(|(.., op)| op.len()));
    let rows = rows.into_iter().take(fitting).zip(first_seq..);
    let run = rows.take_while(|((at, seq, ..), expected)| *at == epoch && seq == expected);
    let ops: Vec<_> = run.map(|((.., op), _)| op).collect();
    let more = ops.len() < total || total == TAIL_ROWS_MAX;
    Ok(Tail { epoch, first_seq, first_hash, ops, more })
}
