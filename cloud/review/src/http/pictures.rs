//! Pictures of reviews: customers upload them before the review, and readers get them through it.

use axum::{extract::State, response::Response};
use platform::files::{self, CheckedFile, FileBody, FileKind, UploadRule, Uploader};
use process::{
    problem::{CreatedJson, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, FileId, Permission, ReviewId, Role};

use super::reading::load_visible_review;
use crate::service::Service;

/// The purpose of these files in the register.
pub const PICTURE: &str = "review";
const RULE: UploadRule = UploadRule {
    kinds: FileKind::PICTURES,
    bytes_max: 10 * 1024 * 1024,
    side_px_max: 1_600,
};

/// A picture that a review may reference.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandedPicture {
    id: FileId,
    /// In pixels.
    width: u32,
    height: u32,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct PicturePlace {
    id: ReviewId,
    image: FileId,
}

pub async fn hand_in(
    State(service): State<Service>,
    caller: Caller,
    FileBody(body): FileBody,
) -> Result<CreatedJson<HandedPicture>, Problem> {
    caller.require_role(Role::Customer)?;
    let owner = caller.actor.user_id;
    let file = service
        .intake
        .receive_upload(Uploader::from_claims(&caller.claims), body, RULE)
        .await?;
    let CheckedFile { size, .. } = &file;
    let (width, height) = size.map_or((0, 0), |size| (size.width, size.height));
    let id = service.register.register_file(owner, PICTURE, file).await?;
    Ok(CreatedJson(HandedPicture { id, width, height }))
}

pub async fn show_picture(
    State(service): State<Service>,
    caller: Caller,
    Path(PicturePlace { id, image }): Path<PicturePlace>,
) -> Result<Response, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let review = load_visible_review(&service, actor, id).await?;
    let named = review
        .images
        .contains(&image)
        .then_some(image)
        .ok_or(Code::NotFound)?;
    let file = service.register.get(named).await?.ok_or(Code::NotFound)?;
    let body = service.register.read(&file).await?;
    Ok(files::file_response(&file, body))
}
