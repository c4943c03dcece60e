//! File routes: owners upload, permitted readers download.
//!
//! Invariant: a forbidden file gets the same answer as a missing one.

use super::{Service, require_found};
use crate::{
    domain::{
        CaptionForm, CustomerProfile, FilePurpose, ProfileBody, ProviderProfile, PublicProfile,
        WorkPicture, check_caption,
    },
    store::{ProfileEventDraft, ProfileRefusal, StoredProfile},
};
use axum::{extract::State, response::Response};
use platform::files::{
    self, CheckedFile, FileBody, FileId, FileKind, FileRecord, LinkQuery, UploadRule, Uploader,
};
use process::{
    problem::{CreatedJson, Json, Path, Problem, Query},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Actor, Code, EventType, Permission, Role, UnixMillis, UserId};

const MB: usize = 1024 * 1024;
const PHOTO: UploadRule = UploadRule {
    kinds: FileKind::PICTURES,
    bytes_max: 10 * MB,
    side_px_max: 640,
};
const PICTURE: UploadRule = UploadRule {
    kinds: FileKind::PICTURES,
    bytes_max: 10 * MB,
    side_px_max: 1_600,
};
/// The small print must stay readable.
const DOCUMENT: UploadRule = UploadRule {
    kinds: FileKind::DOCUMENTS,
    bytes_max: 20 * MB,
    side_px_max: 2_400,
};

/// Each of these permissions lets an admin read the documents of providers.
const DOCUMENT_READERS: &[Permission] = &[Permission::VerifyProviders];
/// Each of these permissions lets an admin read the pictures of people.
const PICTURE_READERS: &[Permission] = &[Permission::ReadPeople, Permission::VerifyProviders];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnPhoto {
    /// The profile version, to send with the next change.
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<FileId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PictureBook {
    /// The profile version, to send with the next change.
    version: i64,
    items: Vec<WorkPicture>,
}

/// A document that a certification may reference.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandedDocument {
    id: FileId,
    kind: FileKind,
    bytes: u64,
}

/// A URL that opens one file without a sign-in, for five minutes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileLink {
    /// The path and query, without the host.
    url: String,
    expires_at: UnixMillis,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CaptionQuery {
    caption: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PictureVersion {
    /// The version that the client read.
    version: i64,
}

pub(crate) async fn set_photo(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, claims, .. }: Caller,
    FileBody(body): FileBody,
) -> Result<Json<OwnPhoto>, Problem> {
    let file = service
        .intake
        .receive_upload(Uploader::from_claims(&claims), body, PHOTO)
        .await?;
    let photo = service
        .register
        .register_file(actor.user_id, FilePurpose::Photo.as_str(), file)
        .await?;
    set_profile_photo(&service, actor, trace.as_str(), Some(photo)).await
}

pub(crate) async fn remove_photo(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
) -> Result<Json<OwnPhoto>, Problem> {
    set_profile_photo(&service, actor, trace.as_str(), None).await
}

pub(crate) async fn add_picture(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Query(CaptionQuery { caption }): Query<CaptionQuery>,
    FileBody(body): FileBody,
) -> Result<CreatedJson<PictureBook>, Problem> {
    let owner = caller.actor.user_id;
    let caption = check_caption(&caption)?;
    let own = service
        .store
        .load_or_create_profile::<ProviderProfile>(owner, Role::Provider, trace.as_str())
        .await?;
    // Check before a useless upload.
    own.check_room_for_picture()?;
    let file = service
        .intake
        .receive_upload(Uploader::from_claims(&caller.claims), body, PICTURE)
        .await?;
    let CheckedFile { size, .. } = &file;
    let (width, height) = size.map_or((0, 0), |size| (size.width, size.height));
    let file_id = service
        .register
        .register_file(owner, FilePurpose::Picture.as_str(), file)
        .await?;
    let picture = WorkPicture {
        file_id,
        caption,
        width,
        height,
    };
    let changed = change_pictures(&service, owner, None, trace.as_str(), |profile| {
        Ok(profile.put_picture(picture.clone())?)
    });
    Ok(CreatedJson(changed.await?))
}

pub(crate) async fn caption_picture(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Path(id): Path<FileId>,
    Json(CaptionForm { version, caption }): Json<CaptionForm>,
) -> Result<Json<PictureBook>, Problem> {
    let owner = caller.actor.user_id;
    let caption = check_caption(&caption)?;
    let changed = change_pictures(&service, owner, Some(version), trace.as_str(), |profile| {
        require_found(profile.caption_picture(id, &caption))
    });
    Ok(Json(changed.await?))
}

pub(crate) async fn remove_picture(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Path(id): Path<FileId>,
    Query(PictureVersion { version }): Query<PictureVersion>,
) -> Result<Json<PictureBook>, Problem> {
    let owner = caller.actor.user_id;
    let changed = change_pictures(&service, owner, Some(version), trace.as_str(), |profile| {
        require_found(profile.remove_picture(id))
    });
    Ok(Json(changed.await?))
}

pub(crate) async fn hand_in_document(
    State(service): State<Service>,
    caller: Caller,
    FileBody(body): FileBody,
) -> Result<CreatedJson<HandedDocument>, Problem> {
    let owner = caller.actor.user_id;
    let file = service
        .intake
        .receive_upload(Uploader::from_claims(&caller.claims), body, DOCUMENT)
        .await?;
    let kind = file.kind;
    let bytes = file.bytes;
    let id = service
        .register
        .register_file(owner, FilePurpose::Document.as_str(), file)
        .await?;
    Ok(CreatedJson(HandedDocument { id, kind, bytes }))
}

pub(crate) async fn show_file(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<FileId>,
) -> Result<Response, Problem> {
    let file = load_visible_file(&service, &caller, id).await?;
    respond_with_file(&service, &file).await
}

pub(crate) async fn link_to_file(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<FileId>,
) -> Result<Json<FileLink>, Problem> {
    load_visible_file(&service, &caller, id).await?;
    let LinkQuery { expires, signature } = service.links.sign_link(id);
    let url = format!("/api/v1/files/{id}/signed?expires={expires}&signature={signature}");
    Ok(Json(FileLink {
        url,
        expires_at: UnixMillis(expires),
    }))
}

/// The link is the only credential, so an incomplete one counts as forged.
pub(crate) async fn show_file_by_link(
    State(service): State<Service>,
    Path(id): Path<FileId>,
    Query(link): Query<LinkQuery>,
) -> Result<Response, Problem> {
    if !service.links.is_good(id, &link) {
        return Err(Code::LinkInvalid.into());
    }
    let file = service.register.get(id).await?.ok_or(Code::NotFound)?;
    respond_with_file(&service, &file).await
}

async fn respond_with_file(service: &Service, file: &FileRecord) -> Result<Response, Problem> {
    let body = service.register.read(file).await?;
    Ok(files::file_response(file, body))
}

/// Returns the file if the caller may see it: their own; by permission, documents or pictures for
/// admins; pictures on a public provider profile for all.
async fn load_visible_file(
    service: &Service,
    caller: &Caller,
    id: FileId,
) -> Result<FileRecord, Problem> {
    let file = service.register.get(id).await?.ok_or(Code::NotFound)?;
    let is_document = file.purpose == FilePurpose::Document.as_str();
    let actor = caller.as_reader(if is_document {
        DOCUMENT_READERS
    } else {
        PICTURE_READERS
    });
    if file.owner_id == actor.user_id || actor.role == Role::Admin {
        return Ok(file);
    }
    if !is_document {
        let owner = service.store.get::<ProviderProfile>(file.owner_id).await?;
        let shown = owner.filter(|owner| {
            PublicProfile::from_provider(owner).is_some() && owner.references_file(id)
        });
        if shown.is_some() {
            return Ok(file);
        }
    }
    Err(Code::NotFound.into())
}

async fn set_profile_photo(
    service: &Service,
    actor: Actor,
    trace: &str,
    photo: Option<FileId>,
) -> Result<Json<OwnPhoto>, Problem> {
    let version = match actor.role {
        Role::Provider => set_photo_in::<ProviderProfile>(service, actor, trace, photo).await?,
        Role::Customer | Role::Admin => {
            set_photo_in::<CustomerProfile>(service, actor, trace, photo).await?
        }
    };
    Ok(Json(OwnPhoto { version, photo }))
}

/// Returns the new version. Expects none, because a photo cannot overwrite typed text.
async fn set_photo_in<D: StoredProfile>(
    service: &Service,
    Actor { user_id, role }: Actor,
    trace: &str,
    photo: Option<FileId>,
) -> Result<i64, Problem> {
    service
        .store
        .load_or_create_profile::<D>(user_id, role, trace)
        .await?;
    let changed = service
        .store
        .change_profile(user_id, None, trace, |profile: &mut D| {
            let is_new = std::mem::replace(&mut profile.person_mut().photo, photo) != photo;
            Ok(is_new.then(|| ProfileEventDraft::from_kind(EventType::ProfileUpdated)))
        })
        .await?;
    Ok(ProfileBody::person(&changed).revision)
}

async fn change_pictures(
    service: &Service,
    owner: UserId,
    version: Option<i64>,
    trace: &str,
    mut change: impl FnMut(&mut ProviderProfile) -> Result<(), ProfileRefusal>,
) -> Result<PictureBook, Problem> {
    let store = &service.store;
    store
        .load_or_create_profile::<ProviderProfile>(owner, Role::Provider, trace)
        .await?;
    let changed = store.change_profile::<ProviderProfile>(owner, version, trace, |profile| {
        change(profile)?;
        Ok(Some(ProfileEventDraft::from_kind(
            EventType::ProfileUpdated,
        )))
    });
    let profile = changed.await?;
    Ok(PictureBook {
        version: profile.person.revision,
        items: profile.pictures,
    })
}
