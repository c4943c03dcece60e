//! Photos of work from tablets: where one is, and the next part of it.
//!
//! Invariant: a person reaches only photos that a logged command of theirs names.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::HeaderMap,
};
use futures::StreamExt;
use process::{
    problem::{Json, Path, Problem, Query, log_fault},
    tokens::bearer_token,
};
use serde::Deserialize;
use tokio::{sync::Semaphore, time::timeout};
use utoipa::ToSchema;
use wire::{Code, CommandId, DiskLevel, Hash, UserId};

use super::EdgeApiState;
use crate::{
    photos::{PhotoRoom, PhotoStanding, UploadError, UploadedPart, UploadsTaken},
    rate_limiter::RateLimiter,
    store::NamedPhoto,
};

#[derive(Deserialize, ToSchema)]
pub(super) struct PhotoPath {
    #[schema(value_type = CommandId)]
    command_id: String,
    /// SHA-256 of the photo.
    #[schema(value_type = Hash)]
    hash: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct UploadPlace {
    /// Where the part begins: `have` of the last answer.
    offset: u32,
}

/// Limits uploads at the same time, and the calls of one person.
#[derive(Clone)]
pub(crate) struct PhotoGate {
    uploads: Arc<Semaphore>,
    pace: Arc<RateLimiter<UserId>>,
}

/// A part of a photo.
pub(super) const PART_BYTES_MAX: usize = 256 * 1024;
const PART_WITHIN: Duration = Duration::from_secs(20);
/// Each holds one part in memory.
const UPLOADS_AT_ONCE: usize = 4;
/// Sustained interval and burst of one person's calls.
const CALL_EVERY: Duration = Duration::from_millis(20);
const CALLS_AT_ONCE: u32 = 500;

impl PhotoGate {
    pub(crate) fn new() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
            pace: Arc::new(RateLimiter::new(CALLS_AT_ONCE, CALL_EVERY)),
        }
    }
}

/// Shows where the photo is.
pub(super) async fn show_photo_standing(
    State(state): State<EdgeApiState>,
    headers: HeaderMap,
    Path(path): Path<PhotoPath>,
) -> Result<Json<PhotoStanding>, Problem> {
    let named = find_own_photo(&state, &headers, &path).await?;
    Ok(Json(state.context.photos.find_standing(&named)))
}

/// Stores the next part of the photo. A part with another offset stores nothing.
pub(super) async fn store_photo_part(
    State(state): State<EdgeApiState>,
    Path(path): Path<PhotoPath>,
    Query(place): Query<UploadPlace>,
    request: Request,
) -> Result<Json<PhotoStanding>, Problem> {
    let named = find_own_photo(&state, request.headers(), &path).await?;
    let Ok(_permit) = state.photo_gate.uploads.try_acquire() else {
        return Err(too_many_requests());
    };
    let body = timeout(PART_WITHIN, read_part(request.into_body()))
        .await
        .map_err(|_| Code::TimedOut)??;
    let part = UploadedPart {
        named,
        offset: place.offset,
        body,
        takes: find_uploads_taken(&state),
    };
    match state.context.photos.store_part(part).await {
        Ok(standing) => Ok(Json(standing)),
        Err(UploadError::Refused(code)) => Err(code.into()),
        Err(UploadError::DiskFull(_)) => {
            state.context.disk.record_refused_write();
            Err(Code::StorageFull.into())
        }
        Err(error @ UploadError::Write(_)) => Err(log_fault("Could not store a photo", error)),
    }
}

/// The room for new photos; none once the disk sheds.
pub(super) fn compute_room(state: &EdgeApiState) -> PhotoRoom {
    let room = state.context.photos.compute_room();
    match find_uploads_taken(state) {
        UploadsTaken::All => room,
        UploadsTaken::Begun | UploadsTaken::Nothing => PhotoRoom {
            room_bytes: 0,
            ..room
        },
    }
}

async fn find_own_photo(
    state: &EdgeApiState,
    headers: &HeaderMap,
    path: &PhotoPath,
) -> Result<NamedPhoto, Problem> {
    let context = &state.context;
    let token = bearer_token(headers).ok_or(Code::InvalidToken)?;
    let claims = context.authenticator.admit_token(token, None)?;
    let now = context.clock.elapsed();
    if !state.photo_gate.pace.try_take(claims.sub, now) {
        return Err(too_many_requests());
    }
    // Only now: a wrong path must not answer a caller without a token.
    let command_id: CommandId = path.command_id.parse().map_err(|_| Code::NotFound)?;
    let hash: Hash = path.hash.parse().map_err(|_| Code::NotFound)?;
    let finding = context.store.find_named_photo(command_id, hash, claims.sub);
    let found = finding
        .await
        .map_err(|error| log_fault("Could not look for the command of a photo", error))?;
    found.ok_or_else(|| Code::PhotoNotNamed.into())
}

fn find_uploads_taken(state: &EdgeApiState) -> UploadsTaken {
    let disk = &state.context.disk;
    if disk.refuses_commands() {
        return UploadsTaken::Nothing;
    }
    match disk.update_level() {
        DiskLevel::Normal | DiskLevel::Warn => UploadsTaken::All,
        DiskLevel::Shed => UploadsTaken::Begun,
        DiskLevel::Refuse => UploadsTaken::Nothing,
    }
}

async fn read_part(body: Body) -> Result<Bytes, Code> {
    let mut stream = body.into_data_stream();
    let mut part = Vec::new();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|_| Code::MalformedBody)?;
        if part.len() + bytes.len() > PART_BYTES_MAX {
            return Err(Code::BodyTooLarge);
        }
        part.extend_from_slice(&bytes);
    }
    if part.is_empty() {
        return Err(Code::MalformedBody);
    }
    Ok(part.into())
}

fn too_many_requests() -> Problem {
    Problem::new(Code::TooManyRequests).retry_after(1)
}
