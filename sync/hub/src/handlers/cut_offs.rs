//! The minutes for which edges were cut off, by day, for the overview's trend.

use std::iter;

use axum::extract::State;
use platform::recent_days::DaysQuery;
use process::problem::{Json, Problem, Query};
use serde::Serialize;
use utoipa::ToSchema;
use wire::UnixMillis;

use super::HubState;
use crate::domain::alarms::sum_cut_off_minutes;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CutOffDays {
    /// When they were counted, at most a minute ago.
    at: UnixMillis,
    /// False if there were too many cut-offs to read: the older days then lack some.
    is_whole: bool,
    /// Oldest first; today is the last. Days before the hub recorded cut-offs have none.
    days: Vec<CutOffDay>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct CutOffDay {
    from: UnixMillis,
    /// Added up over the edges. The hub looks once a minute, so it misses shorter cut-offs.
    minutes: u64,
}

/// `GET /api/v1/admin/cut-offs/days`
pub(crate) async fn list_days(
    State(hub): State<HubState>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<CutOffDays>, Problem> {
    let now = hub.sessions.clock.now();
    let days = query.find_days(now);
    if let Some(known) = hub.cut_off_days.find_counts(&days, now) {
        return Ok(Json(known));
    }
    let list = hub.sessions.store.list_cut_offs(days.since()).await?;
    let ends = days.spans().map(|(_, until)| until);
    let bounds: Vec<UnixMillis> = iter::once(days.since()).chain(ends).collect();
    let minutes = sum_cut_off_minutes(&bounds, &list.cut_offs, now);
    let counted = days.spans().zip(minutes);
    let counts = CutOffDays {
        at: now,
        is_whole: list.is_whole,
        days: counted
            .map(|((from, _), minutes)| CutOffDay { from, minutes })
            .collect(),
    };
    hub.cut_off_days.store_counts(&days, now, counts.clone());
    Ok(Json(counts))
}
