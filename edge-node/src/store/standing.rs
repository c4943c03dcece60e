//! Owns the answer to who assigns the region's orders, as people at this edge are told.

use engine::{right::Tenure, verdict::Right};
use rusqlite::Connection;
use serde::Serialize;
use utoipa::ToSchema;
use wire::{EdgeId, OfflineRules, RegionAssignment};

use super::sql::{decoded, nat, opt};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegionStanding {
    /// The edge that assigns the region's orders; where there is none, the cloud decides.
    #[schema(required)]
    pub holder: Option<EdgeId>,
    /// This edge holds the right and may use it.
    #[serde(skip)]
    pub holds: bool,
    /// Work that is started here needs no held funds.
    pub unpaid_start: bool,
}

pub fn standing(conn: &Connection) -> rusqlite::Result<RegionStanding> {
    const ROW: &str = "SELECT epoch, suspect, assignment, held_fence, fence_proven, highest_fence
        FROM edge WHERE one = 1";
    conn.prepare_cached(ROW)?.query_row([], |row| {
        let assignment: RegionAssignment = opt(row, 2, decoded)?.unwrap_or_default();
        let (held, proven, highest_fence) = (opt(row, 3, nat)?, row.get(4)?, nat(row, 5)?);
        let (holder, unpaid_start) = (assignment.holder.clone(), assignment.rules.unpaid_start);
        let right = Tenure { assignment, held, proven, highest_fence }.right(nat(row, 0)?);
        let suspect: bool = row.get(1)?;
        let holds = matches!(right, Right::Held { proven: true, .. }) && !suspect;
        Ok(RegionStanding { holder, holds, unpaid_start })
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
