//! The photo of a message: its writer sends it after the message, and whoever may read the message
//! sees it.

use axum::{extract::State, response::Response};
use platform::files::{FileBody, Uploader, renewed_response};
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use wire::{Actor, Code, CommandId, OrderId, PhotoRef};

use super::messages::{MessagePhotoView, MessagePlace, find_own_order};
use crate::{
    actions::Service,
    store::{MessageRow, PhotoArrival, PhotoName, PhotoPurpose},
};

pub(crate) async fn show_message_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(place): Path<MessagePlace>,
) -> Result<Response, Problem> {
    find_own_order(&service, caller.actor, place.id).await?;
    open_photo(&service, &place, caller.actor).await
}

/// For an order of which a message was reported.
pub(crate) async fn show_reported_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(place): Path<MessagePlace>,
) -> Result<Response, Problem> {
    let reports = service.store.list_message_reports(place.id).await?;
    if reports.is_empty() {
        return Err(Code::NotFound.into());
    }
    let reader = caller.actor;
    let MessagePlace { id, number } = place;
    tracing::info!(
        order.id = %id, number, user.id = %reader.user_id,
        "An admin opened the photo of a message"
    );
    open_photo(&service, &place, reader).await
}

/// Takes the photo that a message of the caller names. A repeat changes nothing.
pub(crate) async fn send_message_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(place): Path<MessagePlace>,
    FileBody(body): FileBody,
) -> Result<Json<MessagePhotoView>, Problem> {
    let writer = caller.actor;
    let order = find_own_order(&service, writer, place.id).await?;
    let message = find_named_photo(&service, &place, writer).await?;
    if message.row.writer(&order) != writer {
        return Err(Code::PhotoNotNamed.into());
    }
    let mut arrival = message.find_arrival(&service, place.id).await?;
    if arrival == PhotoArrival::Awaited {
        let name = PhotoName {
            order_id: place.id,
            command_id: CommandId(message.row.id),
            photo: message.photo,
        };
        let sender = Uploader::from_claims(&caller.claims);
        service
            .receive_whole_photo(sender, name, PhotoPurpose::Message, body)
            .await?;
        arrival = message.find_arrival(&service, place.id).await?;
    }
    Ok(Json(MessagePhotoView::new(message.photo, arrival)))
}

/// A message with the photo that it names.
struct NamingMessage {
    row: MessageRow,
    photo: PhotoRef,
}

impl NamingMessage {
    async fn find_arrival(
        &self,
        service: &Service,
        order_id: OrderId,
    ) -> Result<PhotoArrival, Problem> {
        let messages = std::slice::from_ref(&self.row);
        let arrivals = service
            .store
            .list_message_photo_arrivals(order_id, messages)
            .await?;
        let key = (CommandId(self.row.id), self.photo.hash);
        let arrival = arrivals.get(&key).copied();
        Ok(arrival.unwrap_or(PhotoArrival::Awaited))
    }
}

/// A message that the reader may not read gets the same answer as one without a photo.
async fn find_named_photo(
    service: &Service,
    place: &MessagePlace,
    reader: Actor,
) -> Result<NamingMessage, Problem> {
    let row = service
        .store
        .find_message(place.id, place.number, Some(reader))
        .await?;
    let row = row.ok_or(Code::PhotoNotNamed)?;
    let photo = row.photo().ok_or(Code::PhotoNotNamed)?;
    Ok(NamingMessage { row, photo })
}

async fn open_photo(
    service: &Service,
    place: &MessagePlace,
    reader: Actor,
) -> Result<Response, Problem> {
    let message = find_named_photo(service, place, reader).await?;
    match message.find_arrival(service, place.id).await? {
        PhotoArrival::Kept(kept) => {
            let file = service
                .photos
                .read_renewed_photo(PhotoPurpose::Message, kept.owner, message.photo.hash)
                .await?;
            Ok(renewed_response(file))
        }
        PhotoArrival::Awaited | PhotoArrival::Refused(_) => Err(Code::NotFound.into()),
    }
}
