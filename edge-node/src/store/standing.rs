//! The edge's standing: its region's lease (the right to assign), why it is suspect, the fault of
//! its clock, and since when the cloud is unreachable. Stored in the file to survive a restart.
//!
//! A grant of the lease is compared with the feed in the transaction that applies it; the
//! transaction that brings a release request also logs the release.
//!
//! Invariants: the release is the last op under its fence. The thread that answers commands logs it
//! in the transaction that ends the lease [RELEASE_OP]. The alarm's row exists exactly while
//! `LogState` says suspect; a quarantine removes both, as does enrolment under a new name.

use std::sync::atomic::Ordering;

use engine::{
    right::{RegionLease, RegionLeaseChange},
    verdict::RegionRight,
};
use journal::JournalError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    CancelFees, EdgeId, Hash, Language, OfflineRules, Op, OrderId, PlatformFees, PriceCap,
    RegionAssignment, ServiceType, UnixMillis, is_open, open_digest, words, words_from_text,
};

use super::{
    Store, StoreWriteResult,
    fees::{load_cancel_fees, load_platform_fees},
    log::{LogState, append_op},
    sql::{execute_cached, id, read_cbor, read_optional, read_order, read_parsed, read_u64},
    trust,
};
use crate::say;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegionStanding {
    /// The edge that assigns the region's orders; if absent, the cloud decides.
    #[schema(required)]
    pub holder: Option<EdgeId>,
    /// This edge holds the region's lease and may use it.
    #[serde(skip)]
    pub holds: bool,
    /// The log may not match earlier answers.
    #[serde(skip)]
    pub suspect: bool,
    /// Work started here while the link is down does not require held funds.
    pub unpaid_start: bool,
    /// Nor does work up to this price that is started while the link is down.
    #[schema(required)]
    pub unpaid_start_max: Option<PriceCap>,
    /// Unpaid work of these kinds never requires held funds.
    pub paid_afterwards: Vec<ServiceType>,
    /// The platform's fee, as the cloud last listed its versions; null before its first answer.
    #[schema(required)]
    pub platform_fees: Option<PlatformFees>,
    /// The same for the fee of a late cancel.
    #[schema(required)]
    pub cancel_fees: Option<CancelFees>,
}

impl Store {
    /// Answers stay provisional until a quarantine: the log may not match earlier answers.
    pub async fn raise_alarm(&self, alarm: Alarm, now: UnixMillis) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, state| raise_alarm(conn, state, alarm, now))
            .await?;
        if alarm == Alarm::Twin {
            self.is_twin.store(true, Ordering::Release);
        }
        Ok(())
    }

    pub async fn save_clock_record(&self, record: ClockRecord) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_clock_record(conn, record))
            .await
    }

    /// Keeps the start of an outage across restarts.
    pub async fn save_cut_off_since(&self, since: Option<UnixMillis>) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_cut_off_since(conn, since))
            .await
    }

    pub async fn load_clock_record(&self) -> Result<ClockRecord, JournalError> {
        self.journal.read(load_clock_record).await
    }

    pub async fn find_alarm(&self) -> Result<Option<(Alarm, UnixMillis)>, JournalError> {
        self.journal.read(find_alarm).await
    }

    /// The edge that assigns the region's orders, the rules for unpaid work, and the fees.
    pub async fn load_standing(&self) -> Result<RegionStanding, JournalError> {
        self.journal.read(load_standing).await
    }

    pub async fn load_cut_off_since(&self) -> Result<Option<UnixMillis>, JournalError> {
        self.journal.read(load_cut_off_since).await
    }
}

fn load_standing(conn: &Connection) -> rusqlite::Result<RegionStanding> {
    const ROW: &str = "SELECT epoch, suspect, assignment, held_fence, fence_proven, highest_fence
        FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: RegionAssignment = read_optional(row, 2, read_cbor)?.unwrap_or_default();
        let held = read_optional(row, 3, read_u64)?;
        let proven = row.get(4)?;
        let highest_fence = read_u64(row, 5)?;
        let holder = assignment.holder.clone();
        let rules = assignment.rules.clone();
        let right = RegionLease {
            assignment,
            held,
            proven,
            highest_fence,
        }
        .current_right(read_u64(row, 0)?);
        let suspect: bool = row.get(1)?;
        let holds = matches!(right, RegionRight::Held { proven: true, .. }) && !suspect;
        let OfflineRules {
            unpaid_start,
            unpaid_start_max,
            paid_afterwards,
            ..
        } = rules;
        Ok(RegionStanding {
            holder,
            holds,
            suspect,
            unpaid_start,
            unpaid_start_max,
            paid_afterwards,
            platform_fees: load_platform_fees(conn)?,
            cancel_fees: load_cancel_fees(conn)?,
        })
    })
}

pub(super) fn load_offline_rules(conn: &Connection) -> rusqlite::Result<OfflineRules> {
    const ROW: &str = "SELECT assignment FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: Option<RegionAssignment> = read_optional(row, 0, read_cbor)?;
        Ok(assignment.unwrap_or_default().rules)
    })
}

/// `None` if the link was up.
pub(super) fn load_cut_off_since(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const SINCE: &str = "SELECT since FROM cut_off WHERE one = 1";
    conn.prepare_cached(SINCE)?
        .query_row([], |row| row.get(0).map(UnixMillis))
        .optional()
}

fn save_cut_off_since(conn: &Connection, since: Option<UnixMillis>) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO cut_off (one, since) VALUES (1, ?)";
    match since {
        Some(since) => execute_cached(conn, PUT, [since.0]),
        None => execute_cached(conn, "DELETE FROM cut_off", []),
    }
}

pub(super) fn apply_assignment(
    conn: &Connection,
    state: &mut LogState,
    assignment: RegionAssignment,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let name = state.edge_id.clone();
    let epoch = state.epoch;
    match state
        .lease
        .apply_assignment(&name, epoch, assignment, || compute_feed_digest(conn))?
    {
        RegionLeaseChange::Granted {
            fence,
            proven: true,
        } => {
            tracing::info!(edge = %name, fence, "This edge was granted the region lease");
        }
        RegionLeaseChange::Granted {
            fence,
            proven: false,
        } => tracing::error!(
            edge = %name, fence,
            "The feed does not match the lease; this edge gives no firm answers under it"
        ),
        RegionLeaseChange::Ended { fence } => {
            tracing::warn!(edge = %name, fence, "The region lease was revoked from this edge");
        }
        RegionLeaseChange::Stale | RegionLeaseChange::Noted => {}
    }
    if let Some(fence) = state.lease.release_fence() {
        append_op(conn, state, &Op::LeaseReleased { fence }, now)?;
        tracing::info!(edge = %name, fence, "Released the region lease");
    }
    Ok(())
}

/// The digest of the open orders at the versions that the feed brought, without newer ones from
/// outcomes [GRANT_DIGEST].
fn compute_feed_digest(conn: &Connection) -> rusqlite::Result<Hash> {
    const ROWS: &str = "SELECT id, feed_version, feed_open, bytes FROM orders
        WHERE feed_version > 0 AND feed_open IS NOT 0";
    let mut statement = conn.prepare_cached(ROWS)?;
    let rows = statement.query_map([], read_open_order)?;
    let open: Vec<_> = rows
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    Ok(open_digest(open))
}

/// Without the open flag, the order's status decides.
fn read_open_order(row: &Row<'_>) -> rusqlite::Result<Option<(OrderId, u64)>> {
    let said: Option<bool> = row.get(2)?;
    let open = match said {
        Some(open) => open,
        None => is_open(read_order(row, 3)?.status),
    };
    Ok(if open {
        Some((id(row, 0)?, read_u64(row, 1)?))
    } else {
        None
    })
}

words! {
    Alarm {
        /// The high-water file is torn, or missing although the log has ops.
        NoMark "no_mark",
        /// The log ends before the high-water mark.
        Older "older_than_mark",
        /// The log has another op at the high-water mark.
        Different "other_than_mark",
        /// Hub and log disagree about the log.
        Chain "chain_broken",
        /// A tablet holds this edge's receipt for an op that the log lacks.
        Receipt "receipt_unknown",
        /// Another instance of this edge is running.
        Twin "twin",
        /// The file was damaged and has been rebuilt.
        Damaged "damaged",
    }
}
words_from_text!(Alarm);

impl Alarm {
    /// English, for the operator at the machine.
    pub fn sentence(self) -> &'static str {
        let phrase = match self {
            Self::NoMark => say::alarm_no_mark,
            Self::Older | Self::Different => say::alarm_restored,
            Self::Chain => say::alarm_chain,
            Self::Receipt => say::alarm_receipt,
            Self::Twin => say::alarm_twin,
            Self::Damaged => say::alarm_damaged,
        };
        phrase.text_in(Language::English)
    }
}

/// The first reason found stays, except that `Twin` replaces any other.
pub(super) fn raise_alarm(
    conn: &Connection,
    state: &mut LogState,
    alarm: Alarm,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO alarm (one, why, since) VALUES (1, ?, ?)
        ON CONFLICT (one) DO UPDATE SET why = excluded.why, since = excluded.since
        WHERE excluded.why = 'twin' AND alarm.why <> 'twin'";
    conn.prepare_cached(PUT)?
        .execute(params![alarm.as_str(), now.0])?;
    state.suspect = true;
    state.save(conn)
}

pub(super) fn clear_alarm(conn: &Connection, state: &mut LogState) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM alarm", [])?;
    state.suspect = false;
    Ok(())
}

pub(super) fn find_alarm(conn: &Connection) -> rusqlite::Result<Option<(Alarm, UnixMillis)>> {
    const ROW: &str = "SELECT why, since FROM alarm WHERE one = 1";
    conn.prepare_cached(ROW)?
        .query_row([], |row| {
            Ok((read_parsed(row, 0)?, UnixMillis(row.get(1)?)))
        })
        .optional()
}

words! {
    /// The fault of the machine's clock, and the clock used instead.
    ClockFinding {
        /// Differs from the cloud's, which this edge uses instead.
        ByCloud "by_cloud",
        /// Differs from the cloud's, which this edge does not trust.
        NotBelieved "not_believed",
        /// Lies before the newest log entry, from which this edge counts on.
        ByLog "by_log",
    }
}
words_from_text!(ClockFinding);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockRecord {
    /// The newest time from the hub.
    pub hub_at: UnixMillis,
    pub fault: Option<WrongClock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongClock {
    pub finding: ClockFinding,
    /// How far the machine's clock is ahead of the reference clock.
    pub error_ms: i64,
    /// By the reference clock.
    pub found_at: UnixMillis,
}

pub(super) fn load_clock_record(conn: &Connection) -> rusqlite::Result<ClockRecord> {
    const ROW: &str = "SELECT hub_at, finding, error_ms, found_at FROM clock WHERE one = 1";
    let found = conn
        .prepare_cached(ROW)?
        .query_row([], read_clock_record)
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn read_clock_record(row: &Row<'_>) -> rusqlite::Result<ClockRecord> {
    let error_ms = row.get(2)?;
    let found_at = UnixMillis(row.get(3)?);
    let finding: Option<ClockFinding> = read_optional(row, 1, read_parsed)?;
    let fault = finding.map(|finding| WrongClock {
        finding,
        error_ms,
        found_at,
    });
    Ok(ClockRecord {
        hub_at: UnixMillis(row.get(0)?),
        fault,
    })
}

fn save_clock_record(conn: &Connection, record: ClockRecord) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO clock (one, hub_at, finding, error_ms, found_at)
        VALUES (1, ?, ?, ?, ?)";
    let finding = record.fault.map(|fault| fault.finding.as_str());
    let error_ms = record.fault.map_or(0, |fault| fault.error_ms);
    let found_at = record.fault.map_or(0, |fault| fault.found_at.0);
    execute_cached(
        conn,
        PUT,
        params![record.hub_at.0, finding, error_ms, found_at],
    )
}

/// The newest moment that has certainly passed. No run uses an earlier time.
pub(super) fn newest_moment(conn: &Connection) -> rusqlite::Result<UnixMillis> {
    const LOGGED: &str = "SELECT logged_at FROM log ORDER BY epoch DESC, seq DESC LIMIT 1";
    let logged_at = conn
        .query_row(LOGGED, [], |row| row.get(0).map(UnixMillis))
        .optional()?;
    let confirmed_at = trust::load_feed_confirmed_at(conn)?;
    let hub_at = load_clock_record(conn)?.hub_at;
    Ok(hub_at
        .max(logged_at.unwrap_or_default())
        .max(confirmed_at.unwrap_or_default()))
}
