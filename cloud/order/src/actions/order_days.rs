//! How many orders were published and completed in each of the last days, for the overview's trend.

use platform::recent_days::{RecentCounts, RecentDays};
use serde::Serialize;
use utoipa::ToSchema;
use wire::UnixMillis;

use super::Service;
use crate::store::StoreError;

pub(crate) type OrderDayCounts = RecentCounts<OrderDays>;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderDays {
    /// When they were counted, at most a minute ago.
    at: UnixMillis,
    /// False if there were too many orders to read: the older days then lack some.
    is_whole: bool,
    /// Oldest first; today is the last.
    days: Vec<OrderDay>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct OrderDay {
    from: UnixMillis,
    published: u64,
    /// Counts an order on the day on which the cloud decided its completion.
    completed: u64,
}

impl Service {
    pub(crate) async fn count_order_days(
        &self,
        days: &RecentDays,
        now: UnixMillis,
    ) -> Result<OrderDays, StoreError> {
        if let Some(known) = self.order_days.find_counts(days, now) {
            return Ok(known);
        }
        let times = self.store.list_order_times(days.since()).await?;
        let published = days.count_times(&times.published);
        let completed = days.count_times(&times.completed);
        let counted = days.spans().zip(published).zip(completed);
        let counted = counted.map(|(((from, _), published), completed)| OrderDay {
            from,
            published,
            completed,
        });
        let counts = OrderDays {
            at: now,
            is_whole: times.is_whole,
            days: counted.collect(),
        };
        self.order_days.store_counts(days, now, counts.clone());
        Ok(counts)
    }
}
