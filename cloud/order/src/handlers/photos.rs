//! The photos of the work on an order, for the readers of its history: a list of those that its
//! history names, with their arrival, and the bytes of each.

use axum::{extract::State, response::Response};
use platform::files::original_response;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, CommandId, Hash, OrderId, UnixMillis};

use super::{WholeList, orders::find_order_with_history};
use crate::{
    actions::Service,
    store::{OrderPhoto, PhotoArrival, PhotoMoment},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPhotoView {
    /// The start or completion that names the photo.
    command_id: CommandId,
    /// SHA-256 of its bytes.
    hash: Hash,
    bytes: u32,
    taken: PhotoMoment,
    /// Absent while the photo is on its way: at the tablet, or at the regional node.
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
    find_order_with_history(&service, caller.actor, id).await?;
    let photos = service.store.list_order_photos(id).await?;
    let items = photos.into_iter().map(OrderPhotoView::from).collect();
    Ok(Json(WholeList { items }))
}

pub(crate) async fn show_photo(
    State(service): State<Service>,
    caller: Caller,
    Path(PhotoPlace { id, hash }): Path<PhotoPlace>,
) -> Result<Response, Problem> {
    find_order_with_history(&service, caller.actor, id).await?;
    let mut named = service.store.list_order_photos(id).await?;
    named.retain(|photo| photo.photo.hash == hash);
    if named.is_empty() {
        return Err(Code::PhotoNotNamed.into());
    }
    let kept = named.iter().find_map(|photo| match photo.arrival {
        PhotoArrival::Kept(kept) => Some((kept, photo.photo.bytes)),
        PhotoArrival::Awaited | PhotoArrival::Refused(_) => None,
    });
    let (kept, bytes) = kept.ok_or(Code::NotFound)?;
    let body = service.photos.read(kept.owner, hash).await?;
    Ok(original_response(kept.kind, bytes.into(), body))
}
