//! Messages between customer and provider, for the two people of each order. An edge answers from
//! its copy, also while the region is cut off.

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use process::{
    openapi::{ApiDocument, RouteTable},
    problem::{Path, Problem, log_fault},
    routes::{GET, direct},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wire::{Code, OrderId, UnixMillis};

use super::{EdgeApiState, admit_reader, answer_unless_known};
use crate::{
    board::TaggedJson,
    store::{MessagePhotoKey, NewestMessage, StoredMessage},
};

const NEWEST: &str = "/messages";
const THREAD: &str = "/orders/{id}/messages";
const PHOTO: &str = "/orders/{id}/messages/{number}/photo";

#[rustfmt::skip]
pub(super) fn add_routes<T: RouteTable<EdgeApiState>>(to: T) -> T {
    use Code::{
        DeviceClosed, InvalidToken, NotFound, OrderNotFound, PhotoNotNamed, ProofRequired, Revoked, SessionEnded,
        TokenExpired, TooManyRequests,
    };
    to
        .add_direct_route(direct(GET, NEWEST),
            "List the number of the newest message of each of your orders that has any",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests],
            list_newest_messages)
        .add_direct_route(direct(GET, THREAD),
            "List the newest 100 messages of an order of yours, as far as this edge has them",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests,
                OrderNotFound], list_messages)
        .add_direct_route(direct(GET, PHOTO),
            "Show the photo of a message that you may read, as JPEG, once this edge has it",
            &[InvalidToken, ProofRequired, TokenExpired, SessionEnded, Revoked, DeviceClosed, TooManyRequests,
                PhotoNotNamed, NotFound], show_message_photo)
}

/// The handlers answer with bytes, so the schemas are given here.
pub(super) fn describe_answers(document: ApiDocument) -> ApiDocument {
    document
        .with_route_details(&Method::GET, NEWEST, |route| {
            let newest = route.schema::<NewestMessages>();
            route.answers_with(StatusCode::OK, "application/json", &newest);
        })
        .with_route_details(&Method::GET, THREAD, |route| {
            let thread = route.schema::<MessageThread>();
            route.answers_with(StatusCode::OK, "application/json", &thread);
        })
        .with_route_details(&Method::GET, PHOTO, |route| {
            let picture = json!({ "type": "string", "format": "binary" });
            route.answers_with(StatusCode::OK, "image/jpeg", &picture);
        })
}

/// Your orders with messages here.
#[derive(Serialize, ToSchema)]
pub(super) struct NewestMessages {
    /// All messages that were sent until then are here. Null while that is not sure: before the
    /// first answer of the cloud, and for an order whose messages the edge no longer asks for.
    #[schema(required)]
    as_of: Option<UnixMillis>,
    orders: Vec<NewestMessage>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EdgeMessageThread)]
pub(super) struct MessageThread {
    /// All messages that were sent until then are here. Null while that is not sure: before the
    /// first answer of the cloud, and for an order whose messages the edge no longer asks for.
    #[schema(required)]
    as_of: Option<UnixMillis>,
    /// Oldest first.
    items: Vec<StoredMessage>,
}

pub(super) async fn list_newest_messages(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = admit_reader(&state, &headers)?;
    let context = &state.context;
    let newest = context
        .store
        .load_newest_messages(&context.identity, reader)
        .await;
    let newest = newest.map_err(|error| log_fault("Could not read the messages", error))?;
    let answer = NewestMessages {
        as_of: newest.as_of,
        orders: newest.items,
    };
    Ok(answer_unless_known(&headers, TaggedJson::new(&answer)))
}

/// An order of others gets the same answer as a missing one.
pub(super) async fn list_messages(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
    Path(order_id): Path<OrderId>,
) -> Result<Response, Problem> {
    let reader = admit_reader(&state, &headers)?;
    let context = &state.context;
    let found = context
        .store
        .load_messages(&context.identity, order_id, reader)
        .await;
    let found = found.map_err(|error| log_fault("Could not read the messages", error))?;
    let mut thread = found.ok_or(Code::OrderNotFound)?;
    for item in &mut thread.items {
        let number = item.number;
        if let Some(photo) = &mut item.photo {
            let hash = photo.hash;
            photo.state = context.message_photos.find_state(&MessagePhotoKey {
                order_id,
                number,
                hash,
            });
        }
    }
    let answer = MessageThread {
        as_of: thread.as_of,
        items: thread.items,
    };
    Ok(answer_unless_known(&headers, TaggedJson::new(&answer)))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct MessagePath {
    id: OrderId,
    // Parsed once the reader is known, so that a stranger gets the same answer for any text.
    #[schema(value_type = u64)]
    number: String,
}

/// A message that the reader may not read gets the same answer as one without a photo.
pub(super) async fn show_message_photo(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
    Path(MessagePath { id, number }): Path<MessagePath>,
) -> Result<Response, Problem> {
    let reader = admit_reader(&state, &headers)?;
    let number = number.parse().map_err(|_| Code::PhotoNotNamed)?;
    let context = &state.context;
    let found = context
        .store
        .find_message_photo(&context.identity, id, number, reader)
        .await;
    let found = found.map_err(|error| log_fault("Could not read the messages", error))?;
    let key = found.ok_or(Code::PhotoNotNamed)?;
    let read = context.message_photos.read(key).await;
    let read = read.map_err(|error| log_fault("Could not read the photo of a message", error))?;
    let body = read.ok_or(Code::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        // The right to see it can end.
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    Ok((headers, body).into_response())
}
