//! The edge's state: the single row of `edge` and the end of the log, cached by the writer thread.
//!
//! Invariant: a write saves its changes to the book in the same transaction. After each commit the
//! high-water mark is written before any answer leaves.

use std::{io, path::Path};

use engine::{
    edge::{OpRange, Position, Run},
    right::Tenure,
    verdict::Footing,
    view::{Sight, Tally},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{Chain, CommandBody, EdgeId, Hash, Policy, Region, RegionAssignment, UnixMillis};

use super::{
    high_water::{self, HighWater, HighWaterMark},
    sql::{decoded, encoded, hash, int, nat, opt, parsed, unmarked},
};

#[derive(Debug)]
pub struct LogBook {
    pub name: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub start: Hash,
    pub suspect: bool,
    pub head: Chain,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    pub settled_seq: u64,
    pub tally: Tally,
    pub policy: Policy,
    pub policy_version: u64,
    /// The region's lease, and this edge's part in it.
    pub tenure: Tenure,
    pub revocations_version: u64,
    pub keys_version: u64,
    high_water: HighWater,
    marked: Option<HighWaterMark>,
}

const SELECT: &str = "SELECT name, epoch, suspect, feed_generation, feed_cursor,
    outcome_cursor, settled_seq, digest, orders, ahead, policy, policy_version,
    revocations_version, keys_version, start_hash, assignment, held_fence, fence_proven,
    highest_fence, region FROM edge WHERE one = 1";

const SAVE: &str = "UPDATE edge SET epoch = ?, suspect = ?, feed_generation = ?, feed_cursor = ?,
    outcome_cursor = ?, settled_seq = ?, digest = ?, orders = ?, ahead = ?, policy = ?,
    policy_version = ?, revocations_version = ?, keys_version = ?, assignment = ?, held_fence = ?,
    fence_proven = ?, highest_fence = ? WHERE one = 1";

impl journal::State for LogBook {
    type Error = rusqlite::Error;

    fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let path = conn.path().map(Path::new).unwrap_or(Path::new(""));
        let high_water = HighWater::open(&high_water::path_for(path)).map_err(unmarked)?;
        let mut book = conn.query_row(SELECT, [], |row| Self::read(row, high_water))?;
        book.head = head(conn, book.epoch, book.start)?;
        Ok(book)
    }

    fn committed(&mut self, _: &Connection) -> io::Result<()> {
        let mark = HighWaterMark { epoch: self.epoch, head: self.head };
        if self.marked != Some(mark) {
            self.high_water.write(mark)?;
            self.marked = Some(mark);
        }
        Ok(())
    }
}

impl LogBook {
    /// `let_in` comes from gate and file, `cut_off` from the intake.
    pub fn footing(
        &self,
        body: &CommandBody,
        sight: &Sight,
        let_in: bool,
        cut_off: Option<bool>,
    ) -> Footing {
        Footing {
            right: self.tenure.right(self.epoch),
            suspect: self.suspect,
            let_in,
            rule_allows: self.tenure.rule_allows(body, sight),
            unpaid_start: self.tenure.allows_unpaid_work(body, sight, cut_off),
        }
    }

    pub(super) fn mark_now(&self) -> io::Result<()> {
        self.high_water.write(HighWaterMark { epoch: self.epoch, head: self.head })?;
        self.high_water.sync()
    }

    fn read(row: &Row<'_>, high_water: HighWater) -> rusqlite::Result<Self> {
        let digest = hash(row, 7)?;
        let ahead = u32::try_from(nat(row, 9)?).unwrap_or(u32::MAX);
        Ok(Self {
            name: parsed(row, 0)?,
            region: parsed(row, 19)?,
            epoch: nat(row, 1)?,
            suspect: row.get(2)?,
            head: Chain { seq: 0, hash: Hash::ZERO },
            feed_generation: nat(row, 3)?,
            feed_cursor: nat(row, 4)?,
            outcome_cursor: nat(row, 5)?,
            settled_seq: nat(row, 6)?,
            tally: Tally { digest, orders: nat(row, 8)?, ahead },
            policy: parsed(row, 10)?,
            policy_version: nat(row, 11)?,
            revocations_version: nat(row, 12)?,
            keys_version: nat(row, 13)?,
            start: hash(row, 14)?,
            tenure: Tenure {
                assignment: opt(row, 15, decoded)?.unwrap_or_default(),
                held: opt(row, 16, nat)?,
                proven: row.get(17)?,
                highest_fence: nat(row, 18)?,
            },
            high_water,
            marked: None,
        })
    }

    pub fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.prepare_cached(SAVE)?.execute(params![
            int(self.epoch),
            self.suspect,
            int(self.feed_generation),
            int(self.feed_cursor),
            int(self.outcome_cursor),
            int(self.settled_seq),
            &self.tally.digest.0[..],
            int(self.tally.orders),
            self.tally.ahead,
            self.policy.as_str(),
            int(self.policy_version),
            int(self.revocations_version),
            int(self.keys_version),
            encoded(&self.tenure.assignment),
            self.tenure.held.map(int),
            self.tenure.proven,
            int(self.tenure.highest_fence),
        ])?;
        Ok(())
    }
}

pub(super) fn head(conn: &Connection, epoch: u64, start: Hash) -> rusqlite::Result<Chain> {
    const LAST: &str = "SELECT seq, hash FROM log WHERE epoch = ? ORDER BY seq DESC LIMIT 1";
    let chain = |row: &Row<'_>| Ok(Chain { seq: nat(row, 0)?, hash: hash(row, 1)? });
    let last = conn.prepare_cached(LAST)?.query_row([int(epoch)], chain).optional()?;
    Ok(last.unwrap_or(Chain { seq: 0, hash: start }))
}

/// The chain at one op, if the log still has it.
pub(super) fn chain_at(conn: &Connection, epoch: u64, seq: u64) -> rusqlite::Result<Option<Chain>> {
    const START: &str = "SELECT start_hash FROM edge WHERE one = 1 AND epoch = ?";
    const AT: &str = "SELECT hash FROM log WHERE epoch = ? AND seq = ?";
    if seq == 0 {
        let start = conn.query_row(START, [int(epoch)], |row| hash(row, 0)).optional()?;
        return Ok(start.map(|hash| Chain { seq, hash }));
    }
    let found = conn.prepare_cached(AT)?.query_row([int(epoch), int(seq)], |row| hash(row, 0));
    Ok(found.optional()?.map(|hash| Chain { seq, hash }))
}

/// The link's whole input, from one snapshot of the file.
pub(super) fn position(conn: &Connection) -> rusqlite::Result<Position> {
    const ROW: &str =
        "SELECT start_hash, epoch, suspect, feed_generation, feed_cursor, outcome_cursor,
        digest, orders, ahead, (SELECT count(*) FROM pending),
        (SELECT received_at FROM pending ORDER BY epoch, seq LIMIT 1), settled_seq,
        EXISTS (SELECT 1 FROM alarm WHERE why = 'twin'), (SELECT staged FROM snapshot),
        snapshot, assignment, held_fence, fence_proven FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let small = |n| Ok::<_, rusqlite::Error>(u32::try_from(nat(row, n)?).unwrap_or(u32::MAX));
        let assignment: RegionAssignment = opt(row, 15, decoded)?.unwrap_or_default();
        let (epoch, proven): (_, bool) = (nat(row, 1)?, row.get(17)?);
        Ok(Position {
            epoch,
            head: head(conn, epoch, hash(row, 0)?)?,
            suspect: row.get(2)?,
            twin: row.get(12)?,
            settled: chain_at(conn, epoch, nat(row, 11)?)?,
            feed_generation: nat(row, 3)?,
            feed_cursor: nat(row, 4)?,
            outcome_cursor: nat(row, 5)?,
            staged: opt(row, 13, decoded)?,
            snapshot: opt(row, 14, hash)?,
            unproven: opt(row, 16, nat)?.filter(|_| !proven),
            assignment: assignment.digest(),
            tally: Tally { digest: hash(row, 6)?, orders: nat(row, 7)?, ahead: small(8)? },
            pending: small(9)?,
            oldest_pending_at: row.get::<_, Option<i64>>(10)?.map(UnixMillis),
        })
    })
}

/// Returns as many of the wanted ops as fit, all committed: this is not the writer's connection
/// [UP_AFTER_FSYNC]. If the log lacks the op before them, the run continues nothing and the engine
/// ends the session.
pub(super) fn run(conn: &Connection, wanted: OpRange) -> rusqlite::Result<Run> {
    const EPOCH: &str = "SELECT epoch FROM edge WHERE one = 1";
    const OPS: &str = "SELECT bytes FROM log WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?";
    let epoch = conn.query_row(EPOCH, [], |row| nat(row, 0))?;
    let Some(before) = chain_at(conn, epoch, wanted.from.saturating_sub(1))? else {
        return Ok(Run { before: Chain { seq: 0, hash: Hash::ZERO }, ops: Vec::new() });
    };
    let mut statement = conn.prepare_cached(OPS)?;
    let mut rows = statement.query(params![int(epoch), int(wanted.from), wanted.ops_max])?;
    let (mut ops, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let op: Vec<u8> = row.get(0)?;
        bytes += op.len() as u64;
        let whatever_size = ops.is_empty() && wanted.first_whatever_size;
        if bytes > wanted.bytes_max && !whatever_size {
            break;
        }
        ops.push(op);
    }
    Ok(Run { before, ops })
}
