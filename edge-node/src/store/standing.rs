//! The edge's standing as its users see it: the region's holder, and since when the cloud is
//! unreachable.

use engine::{right::RegionLease, verdict::RegionRight};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EdgeId, OfflineRules, PriceCap, RegionAssignment, ServiceType, UnixMillis};

use super::sql::{execute_cached, read_cbor, read_optional, read_u64};

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
}

pub fn load_standing(conn: &Connection) -> rusqlite::Result<RegionStanding> {
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
        })
    })
}

pub fn offline_rules(conn: &Connection) -> rusqlite::Result<OfflineRules> {
    const ROW: &str = "SELECT assignment FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: Option<RegionAssignment> = read_optional(row, 0, read_cbor)?;
        Ok(assignment.unwrap_or_default().rules)
    })
}

/// `None` if the link was up.
pub fn cut_off_since(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const SINCE: &str = "SELECT since FROM cut_off WHERE one = 1";
    conn.prepare_cached(SINCE)?
        .query_row([], |row| row.get(0).map(UnixMillis))
        .optional()
}

pub fn note_cut_off(conn: &Connection, since: Option<UnixMillis>) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO cut_off (one, since) VALUES (1, ?)";
    match since {
        Some(since) => execute_cached(conn, PUT, [since.0]),
        None => execute_cached(conn, "DELETE FROM cut_off", []),
    }
}
