//! Reading the inbox and marking a line as read.

use axum::extract::State;
use http::{HeaderMap, header};
use platform::documents::DocumentsError;
use process::{
    problem::{Json, Page, Path, Problem, Query, TimeCursor},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventId, EventType, Language, OrderId, Region, UnixMillis, UserId};

use super::Service;
use crate::domain::{
    self, InboxKind, InboxReader, KEPT_MS, LineId, PageRequest, ReaderClock, ReaderLocale,
    StoredLine, TimeZone,
};

#[derive(Debug, Deserialize, ToSchema)]
pub struct ListQuery {
    /// `1` for lines that are not read yet.
    unread: Option<u8>,
    /// The IANA zone of the times in sentences. Without one that is known, it is that of your
    /// preferences.
    time_zone: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxPage)]
pub struct ListAnswer {
    items: Vec<Item>,
    #[schema(required)]
    next: Option<String>,
    /// Of the whole inbox, whatever page this is.
    unread: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxItem)]
struct Item {
    id: LineId,
    /// Of the event, or of the notice.
    event_id: EventId,
    /// `null` for a notice, which an admin or a service wrote.
    #[serde(rename = "type")]
    #[schema(required)]
    event_type: Option<EventType>,
    /// `null` for news that is about no order.
    #[schema(required)]
    kind: Option<InboxKind>,
    /// `null` for news of the person alone.
    #[schema(required)]
    order_id: Option<OrderId>,
    /// The order's region; `null` where the news does not tell it.
    #[schema(required)]
    location: Option<Region>,
    /// The other side of the order, where there is one and the reader may know.
    #[schema(required)]
    counterpart: Option<UserId>,
    title: String,
    content: String,
    /// What speaks for the provider, in the words of the matching, where a job is proposed.
    match_reasons: Vec<String>,
    is_read: bool,
    created_at: UnixMillis,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadItem)]
pub struct ReadAnswer {
    id: LineId,
    is_read: bool,
}

pub async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    page: Page<TimeCursor>,
    headers: HeaderMap,
) -> Result<Json<ListAnswer>, Problem> {
    let reader = reader_of(&caller);
    let owner = reader.owner;
    let request = PageRequest {
        user_id: owner.user_id,
        role: owner.role,
        unread_only: query.unread == Some(1),
        after: page.after,
        limit: page.limit,
        read_since: service.verifier.clock.now().plus_ms(-KEPT_MS),
    };
    let page = service.store.page_for(&reader, &request).await?;
    let unread = service.store.unread_for(&reader).await?;
    let language = language(&headers);
    let clock = service.clock_of(&caller, query.time_zone.as_deref()).await?;
    let locale = ReaderLocale { language, clock };
    let items = page.lines.into_iter().map(|line| item(locale, line)).collect();
    Ok(Json(ListAnswer { items, next: page.next.map(|next| next.to_string()), unread }))
}

/// Marking twice is as good as once. Another's line is not told apart from none, nor one that an
/// admin is not shown.
pub async fn read(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<LineId>,
) -> Result<Json<ReadAnswer>, Problem> {
    let now = service.verifier.clock.now();
    let reader = reader_of(&caller);
    if !service.store.is_shown(&reader, id).await? {
        return Err(Code::NotFound.into());
    }
    let owner = reader.owner;
    if service.store.mark_read(owner.user_id, owner.role, id, now).await? {
        Ok(Json(ReadAnswer { id, is_read: true }))
    } else {
        Err(Code::NotFound.into())
    }
}

/// The caller as the reader of an inbox.
pub fn reader_of(caller: &Caller) -> InboxReader {
    InboxReader::new(caller.actor, |wanted| caller.permissions.include_any(wanted))
}

impl Service {
    /// The clock of the caller's device as the request names it, or else that of their preferences.
    async fn clock_of(
        &self,
        caller: &Caller,
        named: Option<&str>,
    ) -> Result<ReaderClock, DocumentsError> {
        if let Some(zone) = named.and_then(TimeZone::named) {
            return Ok(ReaderClock::Own(zone));
        }
        let (wishes, _) = self.preferences.of(caller.actor.user_id).await?;
        Ok(wishes.clock())
    }
}

fn item(locale: ReaderLocale, stored: StoredLine) -> Item {
    let said = domain::write(locale, &stored.line);
    Item {
        id: stored.id,
        event_id: stored.line.event_id,
        event_type: stored.line.event_type,
        kind: stored.line.kind(),
        location: stored.line.location(),
        counterpart: stored.line.counterpart,
        order_id: stored.line.order_id,
        title: said.title,
        content: said.content,
        match_reasons: stored
            .line
            .params
            .order()
            .map(|o| o.match_reasons.clone())
            .unwrap_or_default(),
        is_read: stored.read_at.is_some(),
        created_at: stored.line.created_at,
    }
}

fn language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.map(Language::from_accept).unwrap_or_default()
}
