//! What is next of an edge's log: what is due, and what is held and handed in again.

use platform::vals;

use super::{
    Claim, Store, StoreError, count, hash,
    work::{HELD_BY_REGION, NEEDS_OPERATOR},
};
use crate::domain::{
    batch::Due,
    intake::{self, Read},
    queue::{Line, Walk},
};

const UNDECIDED: &str = "SELECT u.seq, u.state, u.failures, o.hash, o.bytes \
    FROM undecided u JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.seq > ? ORDER BY u.seq LIMIT ?";
const NOT_PARKED: &str = "SELECT u.seq, u.state, u.failures, o.hash, o.bytes \
    FROM undecided u JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.state <> 'parked' AND u.seq > ? \
    ORDER BY u.seq LIMIT ?";
const WAITING: &str = "SELECT u.seq, u.state, u.failures, o.hash, o.bytes \
    FROM undecided u JOIN ops o ON o.edge = u.edge AND o.epoch = u.epoch AND o.seq = u.seq \
    WHERE u.edge = ? AND u.epoch = ? AND u.state IN ('held_region', 'held_operator', 'parked') \
    AND u.seq > ? ORDER BY u.seq LIMIT ?";

/// Rows of one look at least: while one op is searched for, most of them may wait.
const PAGE_MIN: usize = 100;

#[derive(sqlx::FromRow)]
struct UndecidedRow {
    seq: i64,
    state: String,
    failures: i64,
    hash: Vec<u8>,
    bytes: Vec<u8>,
}

impl UndecidedRow {
    fn due(&self, read: Read) -> Result<Due, StoreError> {
        let failures = u32::try_from(self.failures).unwrap_or(u32::MAX);
        Ok(Due { seq: count(self.seq), hash: hash(&self.hash)?, failures, read })
    }
}

impl Store {
    /// The next undecided ops of the walk in log order, without those that are held and what waits
    /// behind them.
    pub async fn due(
        &self,
        claim: &Claim,
        walk: &mut Walk,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.next(UNDECIDED, claim, walk, limit).await
    }

    /// As `due`, without those that were parked before: for while their owner is away.
    pub async fn not_parked(
        &self,
        claim: &Claim,
        walk: &mut Walk,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.next(NOT_PARKED, claim, walk, limit).await
    }

    /// Only what is due counts towards the limit, however much waits before it.
    async fn next(
        &self,
        text: &'static str,
        claim: &Claim,
        walk: &mut Walk,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let (mut due, mut after) = (Vec::new(), walk.after);
        let page = limit.max(PAGE_MIN);
        loop {
            let values = vals![&claim.edge, claim.epoch, after, page];
            let rows: Vec<UndecidedRow> = self.sql.all(text, values).await?;
            let last_page = rows.len() < page;
            for row in rows {
                if due.len() == limit {
                    break;
                }
                after = count(row.seq);
                let read = intake::read(&row.bytes);
                match row.state.as_str() {
                    NEEDS_OPERATOR => walk.line.wait(after, &read),
                    HELD_BY_REGION => walk.line.hold(after, &read),
                    _ if !walk.line.stops(after, &read) => due.push(row.due(read)?),
                    _ => {}
                }
            }
            if last_page || due.len() == limit {
                return Ok(due);
            }
        }
    }

    /// The next ops beyond `beyond` that are held by their region, to be handed in again: their
    /// owner says when that ends. What stands behind another that waits is left out.
    pub async fn held_again(
        &self,
        claim: &Claim,
        beyond: u64,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let (mut due, mut line, mut after) = (Vec::new(), Line::default(), 0);
        let page = limit.max(PAGE_MIN);
        loop {
            let values = vals![&claim.edge, claim.epoch, after, page];
            let rows: Vec<UndecidedRow> = self.sql.all(WAITING, values).await?;
            let last_page = rows.len() < page;
            for row in rows {
                after = count(row.seq);
                let read = intake::read(&row.bytes);
                match row.state.as_str() {
                    HELD_BY_REGION if after <= beyond => line.hold(after, &read),
                    HELD_BY_REGION if !line.stops(after, &read) => due.push(row.due(read)?),
                    HELD_BY_REGION => {}
                    _ => line.wait(after, &read),
                }
            }
            if last_page || due.len() >= limit {
                due.truncate(limit);
                return Ok(due);
            }
        }
    }
}
