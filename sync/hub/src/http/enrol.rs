//! How an edge is let in: an operator gets a code, the edge turns it into a registered key.

use axum::extract::State;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use process::{
    problem::{Json, Problem},
    tokens::{Caller, is_sound_key},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Code, EdgeId, Region, Role, UnixMillis};

use crate::{
    domain::enrolment,
    feed,
    hub::Hub,
    say,
    store::{Enrolled, Invited},
};

#[derive(Deserialize)]
pub(super) struct Invitation {
    edge: EdgeId,
    region: Region,
}

#[derive(Serialize)]
pub(super) struct Code24 {
    edge: EdgeId,
    region: Region,
    /// Shown once: only its hash is kept.
    code: String,
    expires_at: UnixMillis,
}

pub(super) async fn invite(
    caller: Caller,
    State(hub): State<Hub>,
    Json(asked): Json<Invitation>,
) -> Result<(StatusCode, Json<Code24>), Problem> {
    caller.require(Role::Admin)?;
    let Invitation { edge, region } = asked;
    let code = enrolment::code_of(process::random::bytes());
    let hash = enrolment::hash_of(&code);
    let (by, now) = (caller.actor.user_id, hub.clock.now());
    match hub.store.invite(&edge, region, hash, by, now).await? {
        Invited::Exists => Err(Code::EdgeExists.into()),
        Invited::Until(expires_at) => {
            tracing::info!(edge.id = %edge, %region, user.id = %by, "Edge `{edge}` is invited");
            Ok((StatusCode::CREATED, Json(Code24 { edge, region, code, expires_at })))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Enrolment {
    code: String,
    /// The raw 32 bytes of an Ed25519 key, base64url without padding.
    public_key: String,
}

#[derive(Serialize)]
pub(super) struct Welcome {
    edge: EdgeId,
    region: Region,
    /// What people's tokens are checked with, so that the edge can do so before its first feed.
    jwks: Value,
}

pub(super) async fn enrol(
    State(hub): State<Hub>,
    Json(asked): Json<Enrolment>,
) -> Result<Json<Welcome>, Problem> {
    let public_key = public_key(&asked.public_key)?;
    // Before the code is used: an edge without keys could let nobody in.
    let jwks = jwks(&hub).await?;
    let hash = enrolment::hash_of(&asked.code);
    match hub.store.enrol(hash, public_key, hub.clock.now()).await? {
        Enrolled::CodeInvalid => Err(Code::EnrolmentCodeInvalid.into()),
        Enrolled::Edge { edge, region } => {
            tracing::info!(edge.id = %edge, %region, "Edge `{edge}` is enrolled");
            Ok(Json(Welcome { edge, region, jwks }))
        }
    }
}

fn public_key(text: &str) -> Result<[u8; 32], Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| Problem::wrong("public_key", say::public_key_no_key))?;
    let is_sound = is_sound_key(&bytes);
    is_sound.then_some(bytes).ok_or_else(|| Problem::wrong("public_key", say::public_key_weak))
}

async fn jwks(hub: &Hub) -> Result<Value, Problem> {
    if hub.keys.is_empty()
        && let Err(error) = feed::refresh_keys(hub).await
    {
        tracing::warn!(%error, "An edge cannot enrol while there are no keys");
        return Err(Problem::new(Code::Unavailable).retry_after(2));
    }
    serde_json::from_str(&hub.keys.jwks())
        .map_err(|error| process::problem::fault("The keys are no JSON", error))
}
