//! The photos of an order: the list that its history names, with their arrival, and each picture.
//! Readers of the order see the photos of the job; readers of its history also see the photos of
//! the work. A customer sends the photos of their job here.

use axum::{extract::State, response::Response};
use platform::files::{FileBody, Uploader, original_response, renewed_response};
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Actor, Code, CommandId, Hash, OrderId, PhotoRef, UnixMillis, order_visible_to};

use super::{WholeList, orders::is_reader_of_history};
use crate::{
    actions::Service,
    store::{
        KeptPhoto, OrderPhoto, PhotoArrival, PhotoMoment, PhotoName, PhotoPurpose, SeriesOrder,
    },
};

#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPhotoView {
    /// The publication, start or completion that names the photo.
    command_id: CommandId,
    /// SHA-256 of its bytes.
    hash: Hash,
    bytes: u32,
    taken: PhotoMoment,
    /// Absent while the photo is on its way: on the sender's device, or at the regional node.
    #[schema(required)]
    arrived_at: Option<UnixMillis>,
    /// Why the photo was not taken, and will not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Code>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PhotoPlace {
    id: OrderId,
    hash: Hash,
}

impl From<OrderPhoto> for OrderPhotoView {
    fn from(photo: OrderPhoto) -> Self {
        let (arrived_at, refused) = match photo.arrival {
            PhotoArrival::Awaited => (None, None),
            PhotoArrival::Kept(kept) => (Some(kept.at), None),
            PhotoArrival::Refused(code) => (None, Some(code)),
        };
        Self {
            command_id: photo.command_id,
            hash: photo.photo.hash,
            bytes: photo.photo.bytes,
            taken: photo.taken,
            arrived_at,
            refused,
        }
    }
}

pub(crate) async fn list_photos(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<WholeList<OrderPhotoView>>, Problem> {
    let photos = list_visible_photos(&service, caller.actor, id).await?;
    let items = photos.into_iter().map(OrderPhotoView::from).collect();
    Ok(Json(WholeList { items }))
}

pub(crate) async fn show_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(PhotoPlace { id, hash }): Path<PhotoPlace>,
) -> Result<Response, Problem> {
    let mut named = list_visible_photos(&service, caller.actor, id).await?;
    named.retain(|photo| photo.photo.hash == hash);
    if named.is_empty() {
        return Err(Code::PhotoNotNamed.into());
    }
    for photo in named {
        if let PhotoArrival::Kept(kept) = photo.arrival {
            return open_photo(&service, &photo, kept).await;
        }
    }
    Err(Code::NotFound.into())
}

async fn open_photo(
    service: &Service,
    photo: &OrderPhoto,
    kept: KeptPhoto,
) -> Result<Response, Problem> {
    let PhotoRef { hash, bytes } = photo.photo;
    if photo.taken == PhotoMoment::Job {
        let file = service
            .photos
            .read_renewed_photo(PhotoPurpose::Job, kept.owner, hash)
            .await?;
        return Ok(renewed_response(file));
    }
    let body = service.photos.read_photo_of_work(kept.owner, hash).await?;
    Ok(original_response(kept.kind, bytes.into(), body))
}

/// Takes a photo that the publication of the caller's order names, for all orders of its series. A
/// repeat changes nothing.
pub(crate) async fn send_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(PhotoPlace { id, hash }): Path<PhotoPlace>,
    FileBody(body): FileBody,
) -> Result<Json<OrderPhotoView>, Problem> {
    let customer = caller.actor.user_id;
    let order = service.store.find_order(id).await?;
    if order.is_none_or(|order| order.customer_id != customer) {
        return Err(Code::OrderNotFound.into());
    }
    let mut photo = find_photo_of_job(&service, id, hash).await?;
    if photo.arrival == PhotoArrival::Awaited {
        let name = PhotoName {
            order_id: id,
            command_id: photo.command_id,
            photo: photo.photo,
        };
        let sender = Uploader::from_claims(&caller.claims);
        service
            .receive_whole_photo(sender, name, PhotoPurpose::Job, body)
            .await?;
        photo = find_photo_of_job(&service, id, hash).await?;
    }
    // Also for a repeat: the request before may have ended here.
    if let PhotoArrival::Kept(kept) = photo.arrival {
        service.share_photo_in_series(id, hash, kept).await?;
    }
    Ok(Json(photo.into()))
}

impl Service {
    /// The orders of a series name the same photos, which their customer sends once.
    async fn share_photo_in_series(
        &self,
        sent_for: OrderId,
        hash: Hash,
        kept: KeptPhoto,
    ) -> Result<(), Problem> {
        let Some(series) = self.store.find_series(sent_for).await? else {
            return Ok(());
        };
        for SeriesOrder { order, .. } in self.store.list_series_orders(series.id).await? {
            let photos = self.store.list_order_photos(order.id).await?;
            let awaited = photos
                .into_iter()
                .find(|photo| photo.photo.hash == hash && photo.arrival == PhotoArrival::Awaited);
            if let Some(photo) = awaited {
                let name = PhotoName {
                    order_id: order.id,
                    command_id: photo.command_id,
                    photo: photo.photo,
                };
                self.store
                    .record_sent_photo(name, kept.owner, PhotoPurpose::Job, kept.kind)
                    .await?;
            }
        }
        Ok(())
    }
}

async fn find_photo_of_job(
    service: &Service,
    id: OrderId,
    hash: Hash,
) -> Result<OrderPhoto, Problem> {
    let photos = service.store.list_order_photos(id).await?;
    let found = photos
        .into_iter()
        .find(|photo| photo.taken == PhotoMoment::Job && photo.photo.hash == hash);
    found.ok_or_else(|| Code::PhotoNotNamed.into())
}

/// The photos that this person may see: all if they may read the history, otherwise only the job's.
async fn list_visible_photos(
    service: &Service,
    actor: Actor,
    id: OrderId,
) -> Result<Vec<OrderPhoto>, Problem> {
    let order = service.store.find_order(id).await?;
    let order = order.ok_or(Code::OrderNotFound)?;
    if order_visible_to(&order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let mut photos = service.store.list_order_photos(id).await?;
    if !is_reader_of_history(&order, actor) {
        photos.retain(|photo| photo.taken == PhotoMoment::Job);
    }
    Ok(photos)
}
