//! Reads the inbox and marks lines as read.

use axum::extract::State;
use http::{HeaderMap, header};
use platform::documents::DocumentsError;
use process::{
    problem::{Json, Page, Path, Problem, Query, TimeCursor},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Alarm, Code, EventId, EventType, Language, OrderId, PartAlarm, Region, UnixMillis, UserId,
};

use super::Service;
use crate::domain::{
    self, InboxKind, InboxReader, KEPT_MS, LineId, PageRequest, ReaderClock, ReaderLocale,
    StoredLine, TimeZone,
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ListQuery {
    /// `1` returns only unread lines.
    unread: Option<u8>,
    /// IANA zone for times in sentences. Your preferences apply if it is missing or invalid.
    time_zone: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxPage)]
pub(crate) struct ListAnswer {
    items: Vec<Item>,
    #[schema(required)]
    next: Option<String>,
    /// For the whole inbox, not only this page.
    unread: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxItem)]
struct Item {
    id: LineId,
    /// The event's id, or the notice's.
    event_id: EventId,
    /// `null` for a notice from an admin or a service.
    #[serde(rename = "type")]
    #[schema(required)]
    event_type: Option<EventType>,
    /// `null` for news without an order.
    #[schema(required)]
    kind: Option<InboxKind>,
    /// `null` for news about the person only.
    #[schema(required)]
    order_id: Option<OrderId>,
    /// The order's region; `null` if the news does not include it.
    #[schema(required)]
    location: Option<Region>,
    /// The subject of an alarm about a region or an edge; `null` for other news, and for the line that
    /// counts alarms.
    #[schema(required)]
    alarm: Option<Alarm>,
    /// The subject of an alarm about a part of the cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_alarm: Option<PartAlarm>,
    /// The other party of the order, if the reader may see them.
    #[schema(required)]
    counterpart: Option<UserId>,
    title: String,
    content: String,
    /// The matching's reason codes in favour of the provider, for a proposed job.
    match_reasons: Vec<String>,
    is_read: bool,
    created_at: UnixMillis,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadItem)]
pub(crate) struct ReadAnswer {
    id: LineId,
    is_read: bool,
}

pub(crate) async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    page: Page<TimeCursor>,
    headers: HeaderMap,
) -> Result<Json<ListAnswer>, Problem> {
    let reader = reader_from_caller(&caller);
    let owner = reader.owner;
    let request = PageRequest {
        user_id: owner.user_id,
        role: owner.role,
        unread_only: query.unread == Some(1),
        after: page.after,
        limit: page.limit,
        read_since: service.verifier.clock.now().plus_ms(-KEPT_MS),
    };
    let page = service
        .store
        .read_page_for_reader(&reader, &request)
        .await?;
    let unread = service.store.count_unread_for_reader(&reader).await?;
    let language = accepted_language(&headers);
    let clock = service
        .resolve_clock(&caller, query.time_zone.as_deref())
        .await?;
    let locale = ReaderLocale { language, clock };
    let items = page
        .lines
        .into_iter()
        .map(|line| to_inbox_item(locale, line))
        .collect();
    Ok(Json(ListAnswer {
        items,
        next: page.next.map(|next| next.to_string()),
        unread,
    }))
}

/// Idempotent. Missing lines, other people's lines and lines hidden from an admin get the same
/// answer.
pub(crate) async fn read(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<LineId>,
) -> Result<Json<ReadAnswer>, Problem> {
    let now = service.verifier.clock.now();
    let reader = reader_from_caller(&caller);
    if !service.store.is_shown(&reader, id).await? {
        return Err(Code::NotFound.into());
    }
    let owner = reader.owner;
    if service
        .store
        .mark_read(owner.user_id, owner.role, id, now)
        .await?
    {
        Ok(Json(ReadAnswer { id, is_read: true }))
    } else {
        Err(Code::NotFound.into())
    }
}

pub(crate) fn reader_from_caller(caller: &Caller) -> InboxReader {
    InboxReader::new(caller.actor, |wanted| {
        caller.permissions.include_any(wanted)
    })
}

impl Service {
    /// The request's clock, or else the one in the preferences.
    async fn resolve_clock(
        &self,
        caller: &Caller,
        named: Option<&str>,
    ) -> Result<ReaderClock, DocumentsError> {
        if let Some(zone) = named.and_then(TimeZone::from_name) {
            return Ok(ReaderClock::Own(zone));
        }
        let (preferences, _) = self
            .preferences
            .load_preferences(caller.actor.user_id)
            .await?;
        Ok(preferences.reader_clock())
    }
}

fn to_inbox_item(locale: ReaderLocale, stored: StoredLine) -> Item {
    let said = domain::render_line_text(locale, &stored.line);
    let alarm = stored.line.params.as_alarm();
    Item {
        id: stored.id,
        event_id: stored.line.event_id,
        event_type: stored.line.event_type,
        kind: stored.line.inbox_kind(),
        location: stored.line.order_region(),
        alarm: alarm.and_then(|params| params.alarm.clone()),
        part_alarm: alarm.and_then(|params| params.part_alarm.clone()),
        counterpart: stored.line.counterpart,
        order_id: stored.line.order_id,
        title: said.title,
        content: said.content,
        match_reasons: stored
            .line
            .params
            .as_order()
            .map(|o| o.match_reasons.clone())
            .unwrap_or_default(),
        is_read: stored.read_at.is_some(),
        created_at: stored.line.created_at,
    }
}

fn accepted_language(headers: &HeaderMap) -> Language {
    let wanted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    wanted.map(Language::from_accept).unwrap_or_default()
}
