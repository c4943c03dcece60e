//! `GET /api/v1/admin/keys` lists the keys that sign tokens, `.../rotate` lets the next one sign
//! now, and `.../kill` invalidates a stolen key with all its tokens, on record. The other services
//! verify tokens with the public keys.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use process::problem::{ItemList, Json, Problem, log_fault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, UnixMillis, check_reason};

use super::people::RevokeForm;
use crate::{
    service::{IntoProblem, LiveCaller, Service},
    signing::{KeyRing, KeyState, KeyTooNew, SigningError},
    store::{KeyChangeAudit, SigningKey},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct KeyKillForm {
    /// The key id, as in the list and in tokens.
    kid: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SigningKeyItem {
    kid: String,
    state: KeyState,
    made_at: UnixMillis,
    /// Its tokens are refused before this moment.
    trusted_from: UnixMillis,
    signs_from: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_until: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    killed_at: Option<UnixMillis>,
}

pub(crate) async fn list_keys(
    State(service): State<Service>,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    list_key_items(&service).await
}

pub(crate) async fn rotate_key(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    let audit = KeyChangeAudit {
        by: caller.actor.user_id,
        why: check_reason(&reason)?,
    };
    service
        .signing
        .rotate_to_next(&audit)
        .await
        .map_err(|error| error.into_problem(&service))?;
    list_key_items(&service).await
}

/// Repeats change nothing and get the same answer.
pub(crate) async fn kill_key(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(KeyKillForm { kid, reason }): Json<KeyKillForm>,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    let audit = KeyChangeAudit {
        by: caller.actor.user_id,
        why: check_reason(&reason)?,
    };
    if !service.signing.kill_key(&kid, &audit).await? {
        return Err(Code::NotFound.into());
    }
    list_key_items(&service).await
}

/// All keys, newest first: there are only a handful, and each rotation adds one.
async fn list_key_items(service: &Service) -> Result<ItemList<SigningKeyItem>, Problem> {
    let ring = service.signing.load_ring().await?;
    let now = service.clock.now();
    let items = ring
        .0
        .iter()
        .rev()
        .map(|key| to_key_item(&ring, key, now))
        .collect();
    Ok(ItemList { items, next: None })
}

fn to_key_item(ring: &KeyRing, key: &SigningKey, now: UnixMillis) -> SigningKeyItem {
    SigningKeyItem {
        kid: key.kid.clone(),
        state: ring.key_state(key, now),
        made_at: key.made_at,
        trusted_from: key.trusted_from,
        signs_from: key.signs_from,
        signed_until: key.signed_until,
        killed_at: key.killed_at,
    }
}

impl IntoProblem for KeyTooNew {
    fn into_problem(self, _: &Service) -> Problem {
        Problem::new(Code::KeyTooNew).with_member("trusted_from", self.trusted_from)
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Store(error) => error.into(),
            SigningError::Keys(_) | SigningError::NoKey => {
                log_fault("Could not use the signing keys", error)
            }
        }
    }
}

pub(crate) async fn jwks(State(service): State<Service>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=15"),
    ];
    (headers, service.signing.jwks()).into_response()
}
