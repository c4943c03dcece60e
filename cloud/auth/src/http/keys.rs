//! `GET /api/v1/admin/keys` lists the keys that sign tokens, `.../rotate` lets the next one sign
//! now, and `.../kill` invalidates a stolen key with all its tokens, on record.

use axum::extract::State;
use process::problem::{ItemList, Json, Problem, fault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Permission, UnixMillis, check_reason};

use super::{Live, account::RevokeForm, require};
use crate::{
    service::Service,
    signing::{KeyOrder, KeyRing, KeyState, SigningError},
    store::SigningKey,
};

#[derive(Deserialize, ToSchema)]
pub struct KeyKillForm {
    /// The key id, as in the list and in tokens.
    kid: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct SigningKeyItem {
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

pub async fn list_keys(
    State(service): State<Service>,
    Live(caller): Live,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    require(&service, &caller, Permission::ManageKeys).await?;
    listed(&service).await
}

pub async fn rotate_key(
    State(service): State<Service>,
    Live(caller): Live,
    Json(RevokeForm { reason }): Json<RevokeForm>,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    require(&service, &caller, Permission::ManageKeys).await?;
    let order = KeyOrder { by: caller.actor.user_id, why: check_reason(&reason)? };
    if let Err(refused) = service.signing.rotate(&order).await? {
        let problem = Problem::new(Code::KeyTooNew).with("trusted_from", refused.trusted_from);
        return Err(problem);
    }
    listed(&service).await
}

/// Repeats change nothing and get the same answer.
pub async fn kill_key(
    State(service): State<Service>,
    Live(caller): Live,
    Json(KeyKillForm { kid, reason }): Json<KeyKillForm>,
) -> Result<ItemList<SigningKeyItem>, Problem> {
    require(&service, &caller, Permission::ManageKeys).await?;
    let order = KeyOrder { by: caller.actor.user_id, why: check_reason(&reason)? };
    if !service.signing.kill(&kid, &order).await? {
        return Err(Code::NotFound.into());
    }
    listed(&service).await
}

/// All keys, newest first: there are only a handful, and each rotation adds one.
async fn listed(service: &Service) -> Result<ItemList<SigningKeyItem>, Problem> {
    let (ring, now) = (service.signing.all().await?, service.clock.now());
    let items = ring.0.iter().rev().map(|key| item(&ring, key, now)).collect();
    Ok(ItemList { items, next: None })
}

fn item(ring: &KeyRing, key: &SigningKey, now: UnixMillis) -> SigningKeyItem {
    SigningKeyItem {
        kid: key.kid.clone(),
        state: ring.state(key, now),
        made_at: key.made_at,
        trusted_from: key.trusted_from,
        signs_from: key.signs_from,
        signed_until: key.signed_until,
        killed_at: key.killed_at,
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Store(error) => error.into(),
            SigningError::Keys(_) | SigningError::NoKey => {
                fault("Could not use the signing keys", error)
            }
        }
    }
}
