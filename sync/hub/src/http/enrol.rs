//! Enrols an edge: an operator gets a code, and the edge registers its public key with it.

use axum::extract::State;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use process::{
    problem::{CreatedJson, Json, Path, Problem},
    tokens::{AdminCaller, is_sound_key},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wire::{
    Code, EdgeId, HubKey, Region, UnixMillis, enrolment_bytes, enrolment_code, former_keys_bytes,
};

use super::{
    state::HubState,
    wording::{public_key_no_key, public_key_weak},
};
use crate::{
    domain::enrolment,
    store::enrol::{EnrolmentResult, InvitationResult, WithdrawalResult},
};

#[derive(Deserialize, ToSchema)]
pub(super) struct Invitation {
    edge: EdgeId,
    region: Region,
}

#[derive(Serialize, ToSchema)]
pub(super) struct InvitationCode {
    edge: EdgeId,
    region: Region,
    /// Shown once: only its hash is stored. Its second half identifies the hub's key.
    code: String,
    expires_at: UnixMillis,
}

pub(super) async fn invite(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Json(asked): Json<Invitation>,
) -> Result<CreatedJson<InvitationCode>, Problem> {
    let Invitation { edge, region } = asked;
    let key = HubKey(hub.sessions.key.public_key());
    let code = enrolment_code(process::random::draw_bytes(), &key);
    let hash = enrolment::hash_of(&code);
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    match hub
        .sessions
        .store
        .invite_edge(&edge, region, hash, by, now)
        .await?
    {
        InvitationResult::Exists => Err(Code::EdgeExists.into()),
        InvitationResult::Until(expires_at) => {
            tracing::info!(edge.id = %edge, %region, user.id = %by, "Invited edge `{edge}`");
            Ok(CreatedJson(InvitationCode {
                edge,
                region,
                code,
                expires_at,
            }))
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct WithdrawnInvitation {
    edge: EdgeId,
}

/// `DELETE /api/v1/admin/edges/{id}/code`
pub(super) async fn withdraw(
    AdminCaller(caller): AdminCaller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<Json<WithdrawnInvitation>, Problem> {
    match hub.sessions.store.withdraw_invitation(&edge).await? {
        WithdrawalResult::Unknown => Err(Code::NotFound.into()),
        WithdrawalResult::Enrolled => Err(Code::EnrolmentCodeUsed.into()),
        WithdrawalResult::Withdrawn => {
            let by = caller.actor.user_id;
            tracing::info!(edge.id = %edge, user.id = %by, "Withdrew the enrolment code of `{edge}`");
            Ok(Json(WithdrawnInvitation { edge }))
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EnrolmentRequest {
    code: String,
    /// The raw 32 bytes of an Ed25519 key, base64url without padding.
    public_key: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EnrolmentAnswer {
    edge: EdgeId,
    region: Region,
    /// The keys that verify users' tokens, so that the edge has them before its first feed.
    jwks: Value,
    /// The key that identifies the hub to the edge from now on: the raw bytes, base64url without
    /// padding.
    hub_key: String,
    /// The hub's signature over edge, region, the edge's key and the key set, base64url without
    /// padding.
    signature: String,
    /// The edge's previous keys, newest first: they verify its own older receipts.
    former_keys: Vec<String>,
    /// The hub's signature over edge, the edge's key and the former keys.
    former_keys_signature: String,
}

pub(super) async fn enrol(
    State(hub): State<HubState>,
    Json(asked): Json<EnrolmentRequest>,
) -> Result<Json<EnrolmentAnswer>, Problem> {
    let public_key = public_key(&asked.public_key)?;
    // Load the keys before using up the code: an edge without keys could admit no user.
    let jwks = load_jwks(&hub).await?;
    let hash = enrolment::hash_of(&asked.code);
    match hub
        .sessions
        .store
        .enrol_edge(hash, public_key, hub.sessions.clock.now())
        .await?
    {
        EnrolmentResult::CodeInvalid => Err(Code::EnrolmentCodeInvalid.into()),
        EnrolmentResult::Edge { edge, region } => {
            tracing::info!(edge.id = %edge, %region, "Enrolled edge `{edge}`");
            // Ends a session of the previous key at once.
            hub.sessions.signals.wake_sessions(&edge);
            let key = &hub.sessions.key;
            let bytes = enrolment_bytes(&edge, region, &public_key, &jwks.to_string());
            let signature = URL_SAFE_NO_PAD.encode(key.sign_bytes(&bytes));
            let hub_key = URL_SAFE_NO_PAD.encode(key.public_key());
            let former = hub.sessions.store.former_keys(&edge).await?;
            let bytes = former_keys_bytes(&edge, &public_key, &former);
            let former_keys_signature = URL_SAFE_NO_PAD.encode(key.sign_bytes(&bytes));
            let former_keys = former
                .iter()
                .map(|key| URL_SAFE_NO_PAD.encode(key))
                .collect();
            Ok(Json(EnrolmentAnswer {
                edge,
                region,
                jwks,
                hub_key,
                signature,
                former_keys,
                former_keys_signature,
            }))
        }
    }
}

/// Verifies signatures of the edge: the receipts of its tablets.
#[derive(Serialize, ToSchema)]
pub(super) struct EdgeKey {
    edge: EdgeId,
    /// The raw 32 bytes of an Ed25519 key, base64url without padding.
    public_key: String,
    /// The same key in PEM, for OpenSSL.
    pem: String,
    /// The edge's previous keys, newest first. They verify its older receipts.
    former_keys: Vec<String>,
}

/// Public: a receipt is useful only to its holder, and proves nothing without the key.
pub(super) async fn key(
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<Json<EdgeKey>, Problem> {
    let known = hub
        .sessions
        .store
        .link_key(&edge)
        .await?
        .ok_or(Code::NotFound)?;
    let public_key = URL_SAFE_NO_PAD.encode(known.public_key);
    let former = hub.sessions.store.former_keys(&edge).await?;
    let former_keys = former
        .iter()
        .map(|key| URL_SAFE_NO_PAD.encode(key))
        .collect();
    Ok(Json(EdgeKey {
        edge,
        public_key,
        pem: encode_pem(&known.public_key),
        former_keys,
    }))
}

fn encode_pem(key: &[u8; 32]) -> String {
    // The DER prefix of every Ed25519 public key: a sequence, the algorithm's identifier, and a bit
    // string.
    const HEAD: [u8; 12] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    let body = STANDARD.encode([&HEAD[..], key].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn public_key(text: &str) -> Result<[u8; 32], Problem> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| Problem::wrong_field("public_key", public_key_no_key))?;
    let is_sound = is_sound_key(&bytes);
    is_sound
        .then_some(bytes)
        .ok_or_else(|| Problem::wrong_field("public_key", public_key_weak))
}

async fn load_jwks(hub: &HubState) -> Result<Value, Problem> {
    if hub.keys.keys.is_empty()
        && let Err(error) = hub.keys.refresh_keys().await
    {
        tracing::warn!(%error, "Could not get the token keys; edges cannot enrol without them");
        return Err(Problem::new(Code::Unavailable).retry_after(2));
    }
    serde_json::from_str(&hub.keys.keys.jwks())
        .map_err(|error| process::problem::log_fault("The token keys are not JSON", error))
}
