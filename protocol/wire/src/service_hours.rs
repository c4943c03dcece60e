//! The hours that an order takes in its provider's calendar.
//!
//! Edges and cloud compare the same hours, so that they find the same double bookings.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    ids::UserId,
    order::{Draft, Order},
    say,
    time::UnixMillis,
    validation::{FieldError, check_times},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// An order that names no end takes this long.
const UNSTATED_LENGTH_MS: i64 = HOUR_MS;
/// A window of at least this length means a day without an hour. A day has 23 hours when clocks
/// change.
const WHOLE_DAY_MS: i64 = 23 * HOUR_MS;

/// The time of an order, as people state it.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedTime {
    pub service_start_time: UnixMillis,
    pub service_end_time: Option<UnixMillis>,
}

/// The most providers in one `BookedProvidersQuery`.
pub const BOOKED_PROVIDERS_MAX: usize = 100;

/// The user service asks the order service which of the providers have a job at these hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedProvidersQuery {
    pub providers: Vec<UserId>,
    pub hours: ServiceHours,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedProviders {
    pub booked: Vec<UserId>,
}

/// From `start` up to, but not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHours {
    pub start: UnixMillis,
    pub end: UnixMillis,
}

impl ServiceHours {
    /// `None` if no hour is agreed: the provider may come at any time, or at any time of a day.
    pub fn from_times(start: Option<UnixMillis>, end: Option<UnixMillis>) -> Option<Self> {
        let start = start?;
        let end = end
            .filter(|end| *end > start)
            .unwrap_or(start.plus_ms(UNSTATED_LENGTH_MS));
        let names_an_hour = end.ms_since(start) < WHOLE_DAY_MS;
        names_an_hour.then_some(Self { start, end })
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl PlannedTime {
    pub fn from_order(order: &Order) -> Option<Self> {
        Some(Self {
            service_start_time: order.service_start_time?,
            service_end_time: order.service_end_time,
        })
    }

    /// The order at this time.
    pub fn apply_to(self, order: &Order) -> Order {
        Order {
            service_start_time: Some(self.service_start_time),
            service_end_time: self.service_end_time,
            ..order.clone()
        }
    }
}

/// Checks another time for an order: it lies ahead, a draft could have it, and it differs from the
/// present one.
pub fn check_planned_time(
    time: PlannedTime,
    present: Option<PlannedTime>,
    now: UnixMillis,
) -> Result<(), FieldError> {
    let PlannedTime {
        service_start_time: start,
        service_end_time: end,
    } = time;
    if let Some(error) = check_times(Some(start), end) {
        return Err(error);
    }
    let wrong = if start <= now {
        say::time_is_past
    } else if present == Some(time) {
        say::time_unchanged
    } else {
        return Ok(());
    };
    Err(FieldError::new("service_start_time", wrong))
}

impl Order {
    pub fn service_hours(&self) -> Option<ServiceHours> {
        ServiceHours::from_times(self.service_start_time, self.service_end_time)
    }
}

impl Draft {
    pub fn service_hours(&self) -> Option<ServiceHours> {
        ServiceHours::from_times(self.service_start_time, self.service_end_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(start: i64, end: i64) -> ServiceHours {
        ServiceHours {
            start: UnixMillis(start),
            end: UnixMillis(end),
        }
    }

    #[test]
    fn an_order_takes_an_hour_unless_it_names_an_end_and_none_if_it_may_be_done_any_time() {
        let times = |start: Option<i64>, end: Option<i64>| {
            ServiceHours::from_times(start.map(UnixMillis), end.map(UnixMillis))
        };
        assert_eq!(times(None, None), None);
        assert_eq!(times(None, Some(HOUR_MS)), None);
        assert_eq!(times(Some(5), None), Some(hours(5, 5 + HOUR_MS)));
        assert_eq!(times(Some(5), Some(9)), Some(hours(5, 9)));
        let almost_a_day = times(Some(5), Some(4 + WHOLE_DAY_MS));
        assert_eq!(almost_a_day, Some(hours(5, 4 + WHOLE_DAY_MS)));
        assert_eq!(times(Some(5), Some(5 + WHOLE_DAY_MS)), None);
    }

    #[test]
    fn hours_that_only_touch_do_not_overlap() {
        for (one, other, expected) in [
            (hours(0, 10), hours(10, 20), false),
            (hours(0, 10), hours(9, 20), true),
            (hours(0, 30), hours(10, 20), true),
            (hours(0, 10), hours(0, 10), true),
            (hours(0, 10), hours(20, 30), false),
        ] {
            assert_eq!(one.overlaps(other), expected, "{one:?} {other:?}");
            assert_eq!(other.overlaps(one), expected, "{other:?} {one:?}");
        }
    }
}
