//! Messages between the two people of an order. Admins read them only once one was reported.

use axum::extract::State;
use process::{
    idempotency::Idempotency,
    problem::{CreatedJson, Json, Page, Path, Problem},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Actor, Code, CommandBody, CommandId, Hash, OpDecision, Order, OrderId, PhotoRef, Role,
    UnixMillis, UserId, check_message, check_reason, find_other_party, is_party,
};

use super::commands::build_attempt;
use crate::{
    actions::Service,
    store::{MessagePhotoArrivals, MessageReport, MessageRow, PhotoArrival},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct MessageForm {
    /// At most 1,000 characters, and empty only with a photo. The other person of the order reads
    /// it.
    #[serde(default)]
    text: String,
    /// A photo whose bytes follow.
    #[serde(default)]
    photo: Option<PhotoRef>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReadForm {
    /// The number of the newest message that you have read.
    number: u64,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct MessageReportForm {
    /// At most 500 characters, for the admins.
    reason: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct BlockForm {
    /// False ends an earlier block.
    blocked: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MessagePlace {
    pub(super) id: OrderId,
    pub(super) number: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessagePhotoView {
    /// SHA-256 of its bytes as its writer named it.
    hash: Hash,
    bytes: u32,
    /// Absent while the photo is on its way: on the sender's device, or at the regional node.
    #[schema(required)]
    arrived_at: Option<UnixMillis>,
    /// Why the photo was not taken, and will not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Code>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageView {
    /// Its place among the messages of the order.
    number: u64,
    /// The sender's idempotency key.
    id: Uuid,
    /// The sender's part in the order.
    from: Role,
    /// The provider who wrote it or to whom it was written.
    provider_id: UserId,
    /// Empty only with a photo.
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<MessagePhotoView>,
    sent_at: UnixMillis,
    /// When its recipient opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<UnixMillis>,
    /// When its recipient reported it; only they and admins learn this.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_at: Option<UnixMillis>,
    /// What the report says, for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_why: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageThread {
    /// Newest first.
    items: Vec<MessageView>,
    /// The cursor of older messages, if there are any.
    #[schema(required)]
    next: Option<String>,
    /// Why you cannot write now.
    #[schema(required)]
    refusal: Option<Code>,
    /// When the messages close; absent while the order goes on.
    #[schema(required)]
    closes_at: Option<UnixMillis>,
    /// You have blocked the other person.
    blocked: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessagesRead {
    read: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageBlock {
    blocked: bool,
}

impl MessagePhotoView {
    pub(super) fn new(photo: PhotoRef, arrival: PhotoArrival) -> Self {
        let (arrived_at, refused) = match arrival {
            PhotoArrival::Awaited => (None, None),
            PhotoArrival::Kept(kept) => (Some(kept.at), None),
            PhotoArrival::Refused(code) => (None, Some(code)),
        };
        Self {
            hash: photo.hash,
            bytes: photo.bytes,
            arrived_at,
            refused,
        }
    }
}

impl MessageView {
    fn new(
        row: MessageRow,
        report: Option<&MessageReport>,
        arrivals: &MessagePhotoArrivals,
        reader: Role,
    ) -> Self {
        let from = row.writer_role();
        let photo = row.photo().map(|photo| {
            let arrival = arrivals.get(&(CommandId(row.id), photo.hash)).copied();
            MessagePhotoView::new(photo, arrival.unwrap_or(PhotoArrival::Awaited))
        });
        let report = report.filter(|_| reader != from);
        Self {
            number: row.number,
            id: row.id,
            from,
            provider_id: row.provider_id,
            sent_at: row.sent_at,
            read_at: row.read_at,
            reported_at: report.map(|report| report.reported_at),
            reported_why: report
                .filter(|_| reader == Role::Admin)
                .map(|report| report.why.clone()),
            text: row.text,
            photo,
        }
    }
}

pub(crate) async fn list_messages(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
    page: Page<u64>,
) -> Result<Json<MessageThread>, Problem> {
    let reader = caller.actor;
    let order = find_own_order(&service, reader, id).await?;
    let standing = service.store.find_message_standing(&order, reader).await?;
    let reports = service.store.list_message_reports(id).await?;
    let (items, next) = read_page(&service, id, reader, page, &reports).await?;
    Ok(Json(MessageThread {
        items,
        next,
        refusal: standing.refusal,
        closes_at: standing.closes_at,
        blocked: standing.has_blocked,
    }))
}

/// For an order of which a message was reported; the rest is for its two people alone.
pub(crate) async fn list_reported_messages(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
    page: Page<u64>,
) -> Result<Json<MessageThread>, Problem> {
    let order = service.store.find_order(id).await?;
    let order = order.ok_or(Code::OrderNotFound)?;
    let reports = service.store.list_message_reports(id).await?;
    if reports.is_empty() {
        return Err(Code::NotFound.into());
    }
    let reader = caller.actor;
    let (items, next) = read_page(&service, id, reader, page, &reports).await?;
    tracing::info!(order.id = %order.id, user.id = %reader.user_id, "An admin read reported messages");
    Ok(Json(MessageThread {
        items,
        next,
        refusal: Some(Code::NotYours),
        closes_at: None,
        blocked: false,
    }))
}

async fn read_page(
    service: &Service,
    order_id: OrderId,
    reader: Actor,
    page: Page<u64>,
    reports: &[MessageReport],
) -> Result<(Vec<MessageView>, Option<String>), Problem> {
    let rows = service
        .store
        .list_messages(order_id, reader, page.after, page.rows_to_read())
        .await?;
    let arrivals = service
        .store
        .list_message_photo_arrivals(order_id, &rows)
        .await?;
    let page = page.build_page(rows, |row| row.number);
    let page = page.map_items(|row| {
        let report = reports.iter().find(|report| report.number == row.number);
        MessageView::new(row, report, &arrivals, reader.role)
    });
    Ok((page.items, page.next))
}

pub(crate) async fn send_message(
    State(service): State<Service>,
    caller: Caller,
    Path(order_id): Path<OrderId>,
    idempotency: Idempotency,
    Json(MessageForm { text, photo }): Json<MessageForm>,
) -> Result<CreatedJson<MessageView>, Problem> {
    // The rules repeat this check; only here can the response name the field.
    let text = check_message(&text, photo)?;
    let writer = caller.actor;
    let id = idempotency.command_id;
    let body = CommandBody::SendMessage {
        order_id,
        text,
        photo,
    };
    let attempt = build_attempt(&caller, idempotency, body);
    let decision = service.submit_command(attempt).await?;
    require_message_order(decision, writer)?;
    let sent = service
        .store
        .find_sent_message(order_id, writer.role, id)
        .await?;
    // It goes when a person of the order is deleted.
    let sent = sent.ok_or(Code::OrderNotFound)?;
    tracing::info!(order.id = %order_id, number = sent.number, "A message was sent");
    let arrivals = service
        .store
        .list_message_photo_arrivals(order_id, std::slice::from_ref(&sent))
        .await?;
    let view = MessageView::new(sent, None, &arrivals, writer.role);
    Ok(CreatedJson(view))
}

/// Refuses a message that was not sent, and a repeat after its provider has lost the order.
fn require_message_order(decision: OpDecision, writer: Actor) -> Result<(), Problem> {
    let OpDecision::Decided(outcome) = decision else {
        return Err(Code::RegionAssigningOffline.into());
    };
    if !outcome.has_succeeded() {
        let first = outcome.first.and_then(|first| first.code);
        let code = outcome.code.or(first);
        return Err(code.unwrap_or(Code::Internal).into());
    }
    let order = outcome.order.filter(|order| is_party(order, writer));
    order.map(drop).ok_or_else(|| Code::OrderNotFound.into())
}

pub(crate) async fn mark_read(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(ReadForm { number }): Json<ReadForm>,
) -> Result<Json<MessagesRead>, Problem> {
    let reader = caller.actor;
    find_own_order(&service, reader, id).await?;
    let read = service.store.mark_messages_read(id, reader, number).await?;
    Ok(Json(MessagesRead { read }))
}

pub(crate) async fn report_message(
    State(service): State<Service>,
    caller: Caller,
    Path(MessagePlace { id, number }): Path<MessagePlace>,
    RequestTrace(trace): RequestTrace,
    Json(MessageReportForm { reason }): Json<MessageReportForm>,
) -> Result<Json<MessageBlock>, Problem> {
    let reason = check_reason(&reason)?;
    let trace = String::from(trace);
    service
        .store
        .report_message(id, caller.actor, number, &reason, &trace)
        .await?;
    tracing::info!(order.id = %id, number, "A message was reported");
    Ok(Json(MessageBlock { blocked: true }))
}

pub(crate) async fn set_block(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(BlockForm { blocked }): Json<BlockForm>,
) -> Result<Json<MessageBlock>, Problem> {
    let blocker = caller.actor;
    let order = find_own_order(&service, blocker, id).await?;
    let other = find_other_party(&order, blocker).ok_or(Code::MessagesNotOpen)?;
    service
        .store
        .set_message_block(blocker.user_id, other.user_id, blocked)
        .await?;
    Ok(Json(MessageBlock { blocked }))
}

/// The order if the caller is its customer or its provider. An order of others gets the same
/// answer as a missing one.
pub(super) async fn find_own_order(
    service: &Service,
    person: Actor,
    id: OrderId,
) -> Result<Order, Problem> {
    let order = service.store.find_order(id).await?;
    let order = order.filter(|order| is_party(order, person));
    order.ok_or_else(|| Code::OrderNotFound.into())
}
