//! The feed of a person's jobs for the calendar of their phone: its secret address, and the
//! calendar that anyone with the address reads.
//!
//! Invariants: a calendar contains no address, no telephone number and no other person, because the
//! companies that run calendars read it too. The secret is in the query, which no part logs.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use process::{
    openapi::{RouteAnswer, RouteDescription},
    problem::{Json, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use texts::{Phrase, Sentence, Text};
use utoipa::ToSchema;
use wire::{Code, Order, OrderStatus, UnixMillis, hide_customer_and_address};

use crate::{
    actions::Service,
    icalendar::{CalendarEvent, render_calendar},
    say,
    store::NewCalendarFeed,
};

pub(crate) const CALENDAR_PATH: &str = "/api/v1/calendar.ics";

const CALENDAR_TYPE: &str = "text/calendar; charset=utf-8";

/// The caller's feed.
#[derive(Serialize, ToSchema)]
#[schema(as = CalendarFeed)]
pub(crate) struct CalendarFeedView {
    /// When its address was made; null without a feed.
    #[schema(required)]
    created_at: Option<UnixMillis>,
}

/// A feed that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = CalendarAddress)]
pub(crate) struct CalendarAddress {
    /// The address below that of the gateway, with the secret. It cannot be read again.
    path: String,
    created_at: UnixMillis,
}

#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct CalendarQuestion {
    /// The secret of the address.
    #[serde(default)]
    s: String,
}

pub(crate) struct CalendarFile(String);

pub(crate) async fn show_calendar_feed(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<CalendarFeedView>, Problem> {
    let owner = caller.actor.user_id;
    let created_at = service.store.find_calendar_feed(owner).await?;
    Ok(Json(CalendarFeedView { created_at }))
}

pub(crate) async fn make_calendar_feed(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<CalendarAddress>, Problem> {
    let NewCalendarFeed { secret, created_at } =
        service.store.make_calendar_feed(caller.actor).await?;
    Ok(Json(CalendarAddress {
        path: format!("{CALENDAR_PATH}?s={secret}"),
        created_at,
    }))
}

pub(crate) async fn end_calendar_feed(
    State(service): State<Service>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    service
        .store
        .end_calendar_feed(caller.actor.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Without a sign-in.
pub(crate) async fn show_calendar(
    State(service): State<Service>,
    Query(CalendarQuestion { s }): Query<CalendarQuestion>,
) -> Result<CalendarFile, Problem> {
    let owner = service.store.find_calendar_owner(&s).await?;
    let owner = owner.ok_or(Code::NotFound)?;
    let jobs = service.store.list_calendar_jobs(owner).await?;
    let events: Vec<_> = jobs.iter().filter_map(event_from_job).collect();
    Ok(CalendarFile(render_calendar(&events)))
}

/// `None` without a time, or for a status that no calendar shows.
fn event_from_job(job: &Order) -> Option<CalendarEvent> {
    let start = job.service_start_time?;
    let status = status_name(job.status)?;
    let line = say::calendar_job {
        code: job.code.clone().into(),
        region: job.location.name().into(),
        status: status.into(),
    };
    // A calendar program does not send its reader's language.
    let Text { en, zh } = line.to_text();
    Some(CalendarEvent {
        uid: format!("{}@holdfast", job.id),
        version: job.version,
        changed_at: job.updated_at,
        start,
        end: job.service_end_time,
        is_cancelled: job.status == OrderStatus::Cancelled,
        title: hide_customer_and_address(job).title,
        description: format!("{en}\n{zh}"),
    })
}

fn status_name(status: OrderStatus) -> Option<Phrase> {
    match status {
        OrderStatus::Accepted => Some(say::calendar_accepted),
        OrderStatus::InProgress => Some(say::calendar_in_progress),
        OrderStatus::Completed => Some(say::calendar_completed),
        OrderStatus::Reviewed => Some(say::calendar_reviewed),
        OrderStatus::Cancelled => Some(say::calendar_cancelled),
        OrderStatus::PendingReview | OrderStatus::Pending | OrderStatus::Rejected => None,
    }
}

impl IntoResponse for CalendarFile {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, CALENDAR_TYPE),
            (header::CACHE_CONTROL, "private, no-store"),
        ];
        (headers, self.0).into_response()
    }
}

impl RouteAnswer for CalendarFile {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_with(
            StatusCode::OK,
            "text/calendar",
            &json!({ "type": "string" }),
        );
    }
}

#[cfg(test)]
mod tests {
    use texts::Language;

    use super::*;

    #[test]
    fn a_state_has_the_name_that_the_pages_give_it() {
        for (language, pages) in [
            (
                Language::English,
                include_str!("../../../../protocol/web/src/locales/en.json"),
            ),
            (
                Language::Chinese,
                include_str!("../../../../protocol/web/src/locales/zh-CN.json"),
            ),
        ] {
            let pages: serde_json::Value = serde_json::from_str(pages).unwrap();
            let named = OrderStatus::ALL
                .iter()
                .filter_map(|status| Some((status, status_name(*status)?)));
            let mut count = 0;
            for (status, name) in named {
                assert_eq!(name.text_in(language), pages["status"][status.as_str()]);
                count += 1;
            }
            assert_eq!(count, 5);
        }
    }
}
