//! The log and the edge's state: the single row of `edge` and the end of the log, cached by the
//! writer thread. Only `append_op` extends the log's hash chain.
//!
//! Invariants: a write saves its changes to the state in the same transaction. After each commit
//! the high-water mark is written before any answer leaves. A command without an outcome is never
//! deleted.

use std::{io, path::Path};

use engine::{
    edge::{EdgeFilePosition, OpRange, OpRun},
    right::RegionLease,
    verdict::EdgeState,
    view::{EdgeOrderView, ViewDigest},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{
    ChainHead, CommandBody, EdgeId, Hash, Op, Policy, Region, RegionAssignment, UnixMillis,
};

use super::{
    Store, StoreWriteResult,
    high_water::{self, HighWaterFile, HighWaterMark},
    sql::{
        encode_cbor, hash, mark_write_error, read_cbor, read_optional, read_parsed,
        read_saturated_u32, read_u64, to_sql_int,
    },
};

#[derive(Debug)]
pub(super) struct LogState {
    pub edge_id: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub start: Hash,
    pub suspect: bool,
    pub head: ChainHead,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    pub settled_seq: u64,
    pub tally: ViewDigest,
    pub policy: Policy,
    pub policy_version: u64,
    /// The region's lease, and this edge's part in it.
    pub lease: RegionLease,
    pub revocations_version: u64,
    pub keys_version: u64,
    high_water: HighWaterFile,
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

impl journal::State for LogState {
    type Error = rusqlite::Error;

    fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let path = conn.path().map(Path::new).unwrap_or(Path::new(""));
        let high_water =
            HighWaterFile::open(&high_water::path_for(path)).map_err(mark_write_error)?;
        let mut state = conn.query_row(SELECT, [], |row| Self::read(row, high_water))?;
        state.head = load_head(conn, state.epoch, state.start)?;
        Ok(state)
    }

    fn committed(&mut self, _: &Connection) -> io::Result<()> {
        let mark = HighWaterMark {
            epoch: self.epoch,
            head: self.head,
        };
        if self.marked != Some(mark) {
            self.high_water.write(mark)?;
            self.marked = Some(mark);
        }
        Ok(())
    }
}

impl LogState {
    /// `let_in` comes from authenticator and file, `cut_off` from the intake.
    pub(super) fn build_edge_state(
        &self,
        body: &CommandBody,
        view: &EdgeOrderView,
        let_in: bool,
        cut_off: Option<bool>,
    ) -> EdgeState {
        EdgeState {
            right: self.lease.current_right(self.epoch),
            suspect: self.suspect,
            let_in,
            rule_allows: self.lease.rule_allows(body, view),
            unpaid_start: self.lease.allows_unpaid_work(body, view, cut_off),
        }
    }

    pub(super) fn mark_now(&self) -> io::Result<()> {
        self.high_water.write(HighWaterMark {
            epoch: self.epoch,
            head: self.head,
        })?;
        self.high_water.sync()
    }

    fn read(row: &Row<'_>, high_water: HighWaterFile) -> rusqlite::Result<Self> {
        let digest = hash(row, 7)?;
        let ahead = read_saturated_u32(row, 9)?;
        Ok(Self {
            edge_id: read_parsed(row, 0)?,
            region: read_parsed(row, 19)?,
            epoch: read_u64(row, 1)?,
            suspect: row.get(2)?,
            head: ChainHead {
                seq: 0,
                hash: Hash::ZERO,
            },
            feed_generation: read_u64(row, 3)?,
            feed_cursor: read_u64(row, 4)?,
            outcome_cursor: read_u64(row, 5)?,
            settled_seq: read_u64(row, 6)?,
            tally: ViewDigest {
                digest,
                orders: read_u64(row, 8)?,
                ahead,
            },
            policy: read_parsed(row, 10)?,
            policy_version: read_u64(row, 11)?,
            revocations_version: read_u64(row, 12)?,
            keys_version: read_u64(row, 13)?,
            start: hash(row, 14)?,
            lease: RegionLease {
                assignment: read_optional(row, 15, read_cbor)?.unwrap_or_default(),
                held: read_optional(row, 16, read_u64)?,
                proven: row.get(17)?,
                highest_fence: read_u64(row, 18)?,
            },
            high_water,
            marked: None,
        })
    }

    pub(super) fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.prepare_cached(SAVE)?.execute(params![
            to_sql_int(self.epoch),
            self.suspect,
            to_sql_int(self.feed_generation),
            to_sql_int(self.feed_cursor),
            to_sql_int(self.outcome_cursor),
            to_sql_int(self.settled_seq),
            &self.tally.digest.0[..],
            to_sql_int(self.tally.orders),
            self.tally.ahead,
            self.policy.as_str(),
            to_sql_int(self.policy_version),
            to_sql_int(self.revocations_version),
            to_sql_int(self.keys_version),
            encode_cbor(&self.lease.assignment),
            self.lease.held.map(to_sql_int),
            self.lease.proven,
            to_sql_int(self.lease.highest_fence),
        ])?;
        Ok(())
    }
}

/// Encodes and appends one op; returns the new end of the chain.
pub(super) fn append_op(
    conn: &Connection,
    state: &mut LogState,
    op: &Op,
    now: UnixMillis,
) -> rusqlite::Result<ChainHead> {
    const INSERT: &str =
        "INSERT INTO log (epoch, seq, bytes, hash, kind, logged_at) VALUES (?, ?, ?, ?, ?, ?)";
    let bytes = op.to_bytes();
    let head = state.head.append_op(&bytes);
    conn.prepare_cached(INSERT)?.execute(params![
        to_sql_int(state.epoch),
        to_sql_int(head.seq),
        bytes,
        &head.hash.0[..],
        op_kind(op),
        now.0,
    ])?;
    state.head = head;
    Ok(head)
}

/// How long a token logged after its expiry serves later commands.
const EXPIRED_KNOWN_MS: i64 = 60 * 60 * 1_000;

/// Returns the seq of the token's op in this epoch. Logs the token if it is new or has expired: the
/// hub drops old tokens, and the edge cannot see when.
pub(super) fn ensure_token_logged(
    conn: &Connection,
    state: &mut LogState,
    token: &str,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<u64> {
    const KNOWN: &str = "SELECT seq FROM tokens WHERE epoch = ? AND hash = ? AND expires_at > ?";
    const INSERT: &str =
        "INSERT OR REPLACE INTO tokens (epoch, hash, seq, expires_at) VALUES (?, ?, ?, ?)";
    let hash = Hash::digest_bytes(token.as_bytes());
    let known = conn
        .prepare_cached(KNOWN)?
        .query_row(
            params![to_sql_int(state.epoch), &hash.0[..], now.0],
            |row| read_u64(row, 0),
        )
        .optional()?;
    if let Some(seq) = known {
        return Ok(seq);
    }
    let at = append_op(
        conn,
        state,
        &Op::Token {
            token: token.to_owned(),
        },
        now,
    )?;
    conn.prepare_cached(INSERT)?.execute(params![
        to_sql_int(state.epoch),
        &hash.0[..],
        to_sql_int(at.seq),
        expires_at.max(now.plus_ms(EXPIRED_KNOWN_MS)).0
    ])?;
    Ok(at.seq)
}

pub(super) fn op_kind(op: &Op) -> &'static str {
    match op {
        Op::Boot { .. } => "boot",
        Op::Token { .. } => "token",
        Op::Command(_) => "command",
        Op::LeaseReleased { .. } => "lease_released",
    }
}

fn load_head(conn: &Connection, epoch: u64, start: Hash) -> rusqlite::Result<ChainHead> {
    const LAST: &str = "SELECT seq, hash FROM log WHERE epoch = ? ORDER BY seq DESC LIMIT 1";
    let last = conn
        .prepare_cached(LAST)?
        .query_row([to_sql_int(epoch)], |row| {
            Ok(ChainHead {
                seq: read_u64(row, 0)?,
                hash: hash(row, 1)?,
            })
        })
        .optional()?;
    Ok(last.unwrap_or(ChainHead {
        seq: 0,
        hash: start,
    }))
}

/// The chain at one op, if the log still has it.
pub(super) fn chain_at(
    conn: &Connection,
    epoch: u64,
    seq: u64,
) -> rusqlite::Result<Option<ChainHead>> {
    const START: &str = "SELECT start_hash FROM edge WHERE one = 1 AND epoch = ?";
    const AT: &str = "SELECT hash FROM log WHERE epoch = ? AND seq = ?";
    if seq == 0 {
        let start = conn
            .query_row(START, [to_sql_int(epoch)], |row| hash(row, 0))
            .optional()?;
        return Ok(start.map(|hash| ChainHead { seq, hash }));
    }
    let found = conn
        .prepare_cached(AT)?
        .query_row([to_sql_int(epoch), to_sql_int(seq)], |row| hash(row, 0));
    Ok(found.optional()?.map(|hash| ChainHead { seq, hash }))
}

/// The link's whole input, from one snapshot of the file.
pub(super) fn load_position(conn: &Connection) -> rusqlite::Result<EdgeFilePosition> {
    const ROW: &str =
        "SELECT start_hash, epoch, suspect, feed_generation, feed_cursor, outcome_cursor,
        digest, orders, ahead, (SELECT count(*) FROM pending),
        (SELECT received_at FROM pending ORDER BY epoch, seq LIMIT 1), settled_seq,
        EXISTS (SELECT 1 FROM alarm WHERE why = 'twin'), (SELECT staged FROM snapshot),
        snapshot, assignment, held_fence, fence_proven FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: RegionAssignment = read_optional(row, 15, read_cbor)?.unwrap_or_default();
        let epoch = read_u64(row, 1)?;
        let proven: bool = row.get(17)?;
        Ok(EdgeFilePosition {
            epoch,
            head: load_head(conn, epoch, hash(row, 0)?)?,
            suspect: row.get(2)?,
            twin: row.get(12)?,
            settled: chain_at(conn, epoch, read_u64(row, 11)?)?,
            feed_generation: read_u64(row, 3)?,
            feed_cursor: read_u64(row, 4)?,
            outcome_cursor: read_u64(row, 5)?,
            staged: read_optional(row, 13, read_cbor)?,
            snapshot: read_optional(row, 14, hash)?,
            unproven: read_optional(row, 16, read_u64)?.filter(|_| !proven),
            assignment: assignment.compute_digest(),
            tally: ViewDigest {
                digest: hash(row, 6)?,
                orders: read_u64(row, 7)?,
                ahead: read_saturated_u32(row, 8)?,
            },
            pending: read_saturated_u32(row, 9)?,
            oldest_pending_at: row.get::<_, Option<i64>>(10)?.map(UnixMillis),
        })
    })
}

/// Returns as many of the wanted ops as fit, all committed: this is not the writer's connection
/// [UP_AFTER_FSYNC]. If the log lacks the op before them, the run continues nothing and the engine
/// ends the session.
pub(super) fn load_ops(conn: &Connection, range: OpRange) -> rusqlite::Result<OpRun> {
    const EPOCH: &str = "SELECT epoch FROM edge WHERE one = 1";
    const OPS: &str = "SELECT bytes FROM log WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?";
    let epoch = conn.query_row(EPOCH, [], |row| read_u64(row, 0))?;
    let Some(before) = chain_at(conn, epoch, range.from.saturating_sub(1))? else {
        return Ok(OpRun {
            before: ChainHead {
                seq: 0,
                hash: Hash::ZERO,
            },
            ops: Vec::new(),
        });
    };
    let mut statement = conn.prepare_cached(OPS)?;
    let mut rows = statement.query(params![
        to_sql_int(epoch),
        to_sql_int(range.from),
        range.ops_max
    ])?;
    let mut ops = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let op: Vec<u8> = row.get(0)?;
        bytes += op.len() as u64;
        let whatever_size = ops.is_empty() && range.first_whatever_size;
        if bytes > range.bytes_max && !whatever_size {
            break;
        }
        ops.push(op);
    }
    Ok(OpRun { before, ops })
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// At least thirteen months.
pub(super) const COMMANDS_KEPT_MS: i64 = 400 * DAY_MS;
/// The hub keeps raw ops as long: the oldest backup that it must handle.
const LOG_KEPT_MS: i64 = 35 * DAY_MS;
/// Rows per run, so that commands never wait long.
const ROWS_MAX: u32 = 2_000;

impl Store {
    pub async fn delete_old_rows(&self, now: UnixMillis) -> StoreWriteResult<usize> {
        self.journal
            .write(move |conn, state| delete_old_rows(conn, state, now))
            .await
    }
}

fn delete_old_rows(
    conn: &Connection,
    state: &mut LogState,
    now: UnixMillis,
) -> rusqlite::Result<usize> {
    const COMMANDS: &str = "DELETE FROM commands WHERE (command_id, user_id) IN (
        SELECT command_id, user_id FROM commands WHERE outcome IS NOT NULL AND received_at < ? LIMIT ?)";
    // The hub has every op up to the highest with an outcome; that op stays, because the chain
    // continues from it. A token stays while any later op is pending, since that op may refer to
    // it. Two NOT EXISTS clauses: one with an OR would scan all pending rows for each log row.
    const LOG: &str = "DELETE FROM log WHERE (epoch, seq) IN (
        SELECT epoch, seq FROM log WHERE logged_at < ? AND (epoch < ? OR seq < ?)
        AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.epoch = log.epoch AND pending.seq = log.seq)
        AND NOT (log.kind = 'token' AND EXISTS (
            SELECT 1 FROM pending WHERE pending.epoch = log.epoch AND pending.seq > log.seq))
        ORDER BY epoch, seq LIMIT ?)";
    const TOKENS: &str = "DELETE FROM tokens WHERE (epoch, hash) IN (
        SELECT epoch, hash FROM tokens WHERE expires_at < ? LIMIT ?)";
    let commands = conn.execute(COMMANDS, params![now.0 - COMMANDS_KEPT_MS, ROWS_MAX])?;
    let log = conn.execute(
        LOG,
        params![
            now.0 - LOG_KEPT_MS,
            to_sql_int(state.epoch),
            to_sql_int(state.settled_seq),
            ROWS_MAX
        ],
    )?;
    let tokens = conn.execute(TOKENS, params![now.0, ROWS_MAX])?;
    Ok(commands + log + tokens)
}
