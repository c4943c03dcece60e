//! The orders published and completed by day.

use axum::extract::State;
use platform::recent_days::DaysQuery;
use process::problem::{Json, Problem, Query};

use crate::actions::{OrderDays, Service};

/// `GET /api/v1/admin/orders/days`
pub(crate) async fn list_days(
    State(service): State<Service>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<OrderDays>, Problem> {
    let now = service.verifier.clock.now();
    let days = query.find_days(now);
    Ok(Json(service.count_order_days(&days, now).await?))
}
