//! What people at this edge are told of its standing: who assigns the region's orders, and since
//! when the cloud has been out of reach.

use engine::{right::Tenure, verdict::Right};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EdgeId, OfflineRules, PriceCap, RegionAssignment, ServiceType, UnixMillis};

use super::sql::{decoded, execute, nat, opt};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegionStanding {
    /// The edge that assigns the region's orders; where there is none, the cloud decides.
    #[schema(required)]
    pub holder: Option<EdgeId>,
    /// This edge holds the right and may use it.
    #[serde(skip)]
    pub holds: bool,
    /// The log may not be the one that earlier answers came from.
    #[serde(skip)]
    pub suspect: bool,
    /// Work that is started here while the link is down needs no held funds.
    pub unpaid_start: bool,
    /// Nor does work up to this price that is started then.
    #[schema(required)]
    pub unpaid_start_max: Option<PriceCap>,
    /// Work of these kinds that is not paid yet needs none at any time.
    pub paid_afterwards: Vec<ServiceType>,
}

pub fn standing(conn: &Connection) -> rusqlite::Result<RegionStanding> {
    const ROW: &str = "SELECT epoch, suspect, assignment, held_fence, fence_proven, highest_fence
        FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: RegionAssignment = opt(row, 2, decoded)?.unwrap_or_default();
        let (held, proven, highest_fence) = (opt(row, 3, nat)?, row.get(4)?, nat(row, 5)?);
        let (holder, rules) = (assignment.holder.clone(), assignment.rules.clone());
        let right = Tenure { assignment, held, proven, highest_fence }.right(nat(row, 0)?);
        let suspect: bool = row.get(1)?;
        let holds = matches!(right, Right::Held { proven: true, .. }) && !suspect;
        let OfflineRules { unpaid_start, unpaid_start_max, paid_afterwards, .. } = rules;
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

/// The rules of the region by which this edge works now.
pub fn offline_rules(conn: &Connection) -> rusqlite::Result<OfflineRules> {
    const ROW: &str = "SELECT assignment FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: Option<RegionAssignment> = opt(row, 0, decoded)?;
        Ok(assignment.unwrap_or_default().rules)
    })
}

/// `None` if the link was up when this was noted last.
pub fn cut_off_since(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const SINCE: &str = "SELECT since FROM cut_off WHERE one = 1";
    conn.prepare_cached(SINCE)?.query_row([], |row| row.get(0).map(UnixMillis)).optional()
}

pub fn note_cut_off(conn: &Connection, since: Option<UnixMillis>) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO cut_off (one, since) VALUES (1, ?)";
    match since {
        Some(since) => execute(conn, PUT, [since.0]),
        None => execute(conn, "DELETE FROM cut_off", []),
    }
}
