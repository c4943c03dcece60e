//! The status report of a cut-off edge, from its file alone, with or without a running process.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;
use texts::Sentence;
use wire::{CommandId, EdgeId, Language, OrderId, Policy, Region, RegionAssignment, UnixMillis};

use super::{
    disk_days::load_disk_days,
    opening::STEPS,
    sql::{id, read_cbor, read_optional, read_parsed, read_u64},
    standing::{self, ClockFinding},
};
use crate::{
    disk_ladder::{DiskDay, DiskStanding},
    say,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeReport {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub last_seq: u64,
    pub pending: u64,
    pub oldest_pending_at: Option<UnixMillis>,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    pub orders: u64,
    /// `null` if the link is up, or was up when the edge stopped.
    pub cut_off_since: Option<UnixMillis>,
    pub suspect: bool,
    /// The region's policy, and this edge's part in the lease.
    pub right: LeaseReport,
    /// Why the edge is suspect, and the next step.
    pub alarm: Option<AlarmReport>,
    /// The clock's last fault, until the cloud confirms the clock.
    pub clock: Option<ClockReport>,
    /// The disk with the data folder. The caller adds it, because the file does not have it.
    pub disk: Option<DiskStanding>,
    #[serde(skip)]
    pub disk_days: Vec<DiskDay>,
    pub enrolled: bool,
    pub verdicts: BTreeMap<String, u64>,
    /// Undecided commands, oldest first.
    pub items: Vec<ReportItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseReport {
    pub policy: Policy,
    /// The region's holder, according to the feed.
    pub holder: Option<EdgeId>,
    /// The fence of this edge's lease in its present epoch.
    pub fence: Option<u64>,
    /// This edge's orders match those that the lease was granted on.
    pub proven: bool,
    /// Explains why accepts are firm or not.
    pub sentence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmReport {
    pub why: &'static str,
    pub since: UnixMillis,
    pub sentence: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockReport {
    pub finding: ClockFinding,
    pub error_ms: i64,
    pub found_at: UnixMillis,
    pub sentence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportItem {
    pub seq: u64,
    pub command_id: CommandId,
    pub order_id: OrderId,
    pub verdict: String,
    pub doubt: Option<String>,
    pub held: Option<String>,
    pub received_at: UnixMillis,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(
        "there is no edge in {}: it has not run there yet, or edge.data names another folder", .0.display()
    )]
    Missing(PathBuf),
    /// Another user may own it.
    #[error("could not open {}", .0.display())]
    Closed(PathBuf, #[source] io::Error),
    #[error("the database was written by a newer version of holdfast-edge")]
    NewerVersion,
    #[error("could not read the edge's database")]
    Read(#[from] rusqlite::Error),
}

/// `pending` has the full count.
const ITEMS_MAX: u32 = 10_000;

/// Opens the file read-only: works while the edge runs, and changes nothing.
pub fn read_report(path: &Path) -> Result<EdgeReport, ReportError> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReportError::Missing(path.to_owned()),
        _ => ReportError::Closed(path.to_owned(), error),
    })?;
    const ROW: &str = "SELECT name, region, epoch,
        (SELECT coalesce(max(seq), 0) FROM log WHERE log.epoch = edge.epoch),
        (SELECT count(*) FROM pending),
        (SELECT received_at FROM pending ORDER BY epoch, seq LIMIT 1),
        feed_generation, feed_cursor, outcome_cursor, orders, suspect, enrolled_at IS NOT NULL,
        policy FROM edge WHERE one = 1";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    let version: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > STEPS {
        return Err(ReportError::NewerVersion);
    }
    let snapshot = conn.unchecked_transaction()?;
    // An older version of this program had no such table.
    let disk_days = if snapshot.table_exists(None, "disk_days")? {
        load_disk_days(&snapshot)?
    } else {
        Vec::new()
    };
    let report = snapshot.query_row(ROW, [], |row| {
        let edge = read_parsed(row, 0)?;
        let epoch = read_u64(row, 2)?;
        let suspect = row.get(10)?;
        Ok(EdgeReport {
            region: read_parsed(row, 1)?,
            last_seq: read_u64(row, 3)?,
            pending: read_u64(row, 4)?,
            oldest_pending_at: row.get::<_, Option<i64>>(5)?.map(UnixMillis),
            feed_generation: read_u64(row, 6)?,
            feed_cursor: read_u64(row, 7)?,
            outcome_cursor: read_u64(row, 8)?,
            orders: read_u64(row, 9)?,
            right: read_lease(&snapshot, &edge, epoch, suspect, read_parsed(row, 12)?)?,
            alarm: read_alarm(&snapshot)?,
            clock: read_clock(&snapshot)?,
            cut_off_since: standing::load_cut_off_since(&snapshot)?,
            disk: None,
            disk_days,
            enrolled: row.get(11)?,
            verdicts: count_verdicts(&snapshot)?,
            items: read_items(&snapshot)?,
            edge,
            epoch,
            suspect,
        })
    })?;
    Ok(report)
}

fn read_lease(
    conn: &Connection,
    edge: &EdgeId,
    epoch: u64,
    suspect: bool,
    policy: Policy,
) -> rusqlite::Result<LeaseReport> {
    const ROW: &str = "SELECT assignment, held_fence, fence_proven FROM edge WHERE one = 1";
    let (assignment, held, proven): (Option<RegionAssignment>, Option<u64>, bool) = conn
        .query_row(ROW, [], |row| {
            Ok((
                read_optional(row, 0, read_cbor)?,
                read_optional(row, 1, read_u64)?,
                row.get(2)?,
            ))
        })?;
    let assignment = assignment.unwrap_or_default();
    let fence = held.filter(|_| assignment.epoch == epoch);
    let sentence = right_sentence(edge, suspect, proven, fence, assignment.holder.as_ref());
    Ok(LeaseReport {
        policy,
        holder: assignment.holder,
        fence,
        proven,
        sentence,
    })
}

fn right_sentence(
    edge: &EdgeId,
    suspect: bool,
    proven: bool,
    fence: Option<u64>,
    holder: Option<&EdgeId>,
) -> String {
    let sentence: &dyn Sentence = match (fence.map(Into::into), holder) {
        (Some(fence), _) if suspect => &say::right_suspect { fence },
        (Some(fence), _) if proven => &say::right_firm { fence },
        (Some(fence), _) => &say::right_unproven { fence },
        (None, Some(holder)) if holder == edge => &say::right_epoch_over,
        (None, Some(holder)) => &say::right_elsewhere {
            holder: holder.into(),
        },
        (None, None) => &say::right_nowhere,
    };
    sentence.render_in(Language::English)
}

fn read_alarm(conn: &Connection) -> rusqlite::Result<Option<AlarmReport>> {
    let alarm = standing::find_alarm(conn)?;
    Ok(alarm.map(|(alarm, since)| AlarmReport {
        why: alarm.as_str(),
        since,
        sentence: alarm.sentence(),
    }))
}

fn read_clock(conn: &Connection) -> rusqlite::Result<Option<ClockReport>> {
    let fault = standing::load_clock_record(conn)?.fault;
    Ok(fault.map(|fault| ClockReport {
        finding: fault.finding,
        error_ms: fault.error_ms,
        found_at: fault.found_at,
        sentence: fault.render_in(Language::English),
    }))
}

fn count_verdicts(conn: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    const COUNTS: &str = "SELECT verdict, count(*) FROM commands GROUP BY verdict";
    let mut statement = conn.prepare(COUNTS)?;
    let counts = statement.query_map([], |row| Ok((row.get(0)?, read_u64(row, 1)?)))?;
    counts.collect()
}

fn read_items(conn: &Connection) -> rusqlite::Result<Vec<ReportItem>> {
    const ITEMS: &str = "SELECT pending.seq, pending.command_id, pending.order_id, verdict, doubt,
        held, pending.received_at FROM pending JOIN commands USING (epoch, seq)
        ORDER BY pending.epoch, pending.seq LIMIT ?";
    let mut statement = conn.prepare(ITEMS)?;
    let items = statement.query_map([ITEMS_MAX], read_item)?;
    items.collect()
}

fn read_item(row: &Row<'_>) -> rusqlite::Result<ReportItem> {
    Ok(ReportItem {
        seq: read_u64(row, 0)?,
        command_id: id(row, 1)?,
        order_id: id(row, 2)?,
        verdict: row.get(3)?,
        doubt: row.get(4)?,
        held: row.get(5)?,
        received_at: UnixMillis(row.get(6)?),
    })
}

impl std::fmt::Display for EdgeReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let suspect = if self.suspect { ", SUSPECT" } else { "" };
        writeln!(
            f,
            "Edge {} ({}), epoch {}{suspect}",
            self.edge, self.region, self.epoch
        )?;
        match self.cut_off_since {
            _ if !self.enrolled => writeln!(f, "Not enrolled yet")?,
            Some(since) => writeln!(f, "Cut off from the cloud since {since}")?,
            None => writeln!(f, "Connected to the cloud when last checked")?,
        }
        writeln!(
            f,
            "Log ends at {}; {} orders confirmed",
            self.last_seq, self.orders
        )?;
        writeln!(
            f,
            "Policy {}. {}",
            self.right.policy.as_str(),
            self.right.sentence
        )?;
        writeln!(
            f,
            "Feed at {}, outcomes at {}",
            self.feed_cursor, self.outcome_cursor
        )?;
        match self.pending {
            1 => f.write_str("1 command waits for the cloud")?,
            pending => write!(f, "{pending} commands wait for the cloud")?,
        }
        if let Some(at) = self.oldest_pending_at {
            write!(f, ", the oldest since {at}")?;
        }
        if let Some(alarm) = &self.alarm {
            write!(f, "\nSince {}: {}", alarm.since, alarm.sentence)?;
        }
        if let Some(clock) = &self.clock {
            write!(
                f,
                "\nClock, as found at {}: {}",
                clock.found_at, clock.sentence
            )?;
        }
        if let Some(disk) = &self.disk {
            write!(f, "\n{}", disk.render_in(Language::English))?;
        }
        for item in &self.items {
            let doubt = item
                .doubt
                .as_deref()
                .map(|code| format!(" ({code})"))
                .unwrap_or_default();
            let ReportItem {
                command_id,
                order_id,
                verdict,
                received_at,
                ..
            } = item;
            write!(
                f,
                "\n  {received_at}  {command_id}  order {order_id}  {verdict}{doubt}"
            )?;
        }
        Ok(())
    }
}
