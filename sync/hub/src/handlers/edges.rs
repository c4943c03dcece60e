//! The life of an edge as operators direct it. An operator invites it with a code, and the edge
//! registers its public key with that code; later an operator disables or retires it, gives it a
//! new key, or readmits it. Admins only, except for the edge itself; taking an edge out of service
//! and every new key are audited.

use axum::extract::State;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use process::{
    problem::{CreatedJson, ItemList, Json, Path, Problem},
    tokens::{Caller, is_sound_key},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wire::{
    Code, EdgeId, FenceRecord, Hash, HubKey, Region, ShopCa, UnixMillis, enrolment_bytes,
    enrolment_code, former_keys_bytes,
};

use super::HubState;
use crate::{
    session::revocation::DisablingResult,
    store::edges::{
        EdgeAct, EdgeActKind, EnrolmentResult, InvitationResult, RekeyRequest, WithdrawalResult,
        disabling::DisableRequest, hash_code,
    },
};
use say::{
    code_of_other_edge, code_of_other_region, public_key_no_key, public_key_weak,
    since_out_of_range,
};

texts::include_texts!(say);

#[derive(Deserialize, ToSchema)]
pub(crate) struct Invitation {
    edge: EdgeId,
    region: Region,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationCode {
    edge: EdgeId,
    region: Region,
    /// Shown once: only its hash is stored. Its second half identifies the hub's key.
    code: String,
    expires_at: UnixMillis,
}

pub(crate) async fn invite(
    caller: Caller,
    State(hub): State<HubState>,
    Json(asked): Json<Invitation>,
) -> Result<CreatedJson<InvitationCode>, Problem> {
    let Invitation { edge, region } = asked;
    let key = HubKey(hub.sessions.key.public_key());
    let code = enrolment_code(process::random::draw_bytes(), &key);
    let hash = hash_code(&code);
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
pub(crate) struct WithdrawnInvitation {
    edge: EdgeId,
}

/// `DELETE /api/v1/admin/edges/{id}/code`
pub(crate) async fn withdraw(
    caller: Caller,
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
pub(crate) struct EnrolmentRequest {
    code: String,
    /// The edge and region that the machine is set up as. If the code is for another, it is refused
    /// and stays unused. An older edge sends neither.
    edge: Option<EdgeId>,
    region: Option<Region>,
    /// The raw 32 bytes of an Ed25519 key, base64url without padding.
    public_key: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentAnswer {
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

pub(crate) async fn enrol(
    State(hub): State<HubState>,
    Json(asked): Json<EnrolmentRequest>,
) -> Result<Json<EnrolmentAnswer>, Problem> {
    let public_key = parse_public_key(&asked.public_key)?;
    // Load the keys before using up the code: an edge without keys could admit no user.
    let jwks = load_jwks(&hub).await?;
    let hash = hash_code(&asked.code);
    refuse_other_edge(&hub, hash, &asked).await?;
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
            let former = hub.sessions.store.list_former_keys(&edge).await?;
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

/// Runs before the code is used up, so an operator who mistyped a name can repeat it.
async fn refuse_other_edge(
    hub: &HubState,
    code: Hash,
    asked: &EnrolmentRequest,
) -> Result<(), Problem> {
    let Some((edge, region)) = hub
        .sessions
        .store
        .find_edge_of_code(code, hub.sessions.clock.now())
        .await?
    else {
        return Ok(());
    };
    if asked.edge.as_ref().is_some_and(|asked| *asked != edge) {
        return Err(Problem::wrong_field("edge", code_of_other_edge));
    }
    if asked.region.is_some_and(|asked| asked != region) {
        return Err(Problem::wrong_field("region", code_of_other_region));
    }
    Ok(())
}

/// Verifies signatures of the edge: the receipts of its tablets.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeKey {
    edge: EdgeId,
    /// The raw 32 bytes of an Ed25519 key, base64url without padding.
    public_key: String,
    /// The same key in PEM, for OpenSSL.
    pem: String,
    /// The edge's previous keys, newest first. They verify its older receipts.
    former_keys: Vec<String>,
}

/// Public: a receipt is useful only to its holder, and proves nothing without the key.
pub(crate) async fn key(
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<Json<EdgeKey>, Problem> {
    let known = hub
        .sessions
        .store
        .find_link_key(&edge)
        .await?
        .ok_or(Code::NotFound)?;
    let public_key = URL_SAFE_NO_PAD.encode(known.public_key);
    let former = hub.sessions.store.list_former_keys(&edge).await?;
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

/// Public: every device that should trust the shops' certificates needs it.
pub(crate) async fn ca(State(hub): State<HubState>) -> Result<Json<ShopCa>, Problem> {
    Ok(Json(hub.sessions.certificates.describe().await?))
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

fn parse_public_key(text: &str) -> Result<[u8; 32], Problem> {
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisablingForm {
    /// Ops received from the edge since then are rejected if undecided and listed if decided. At
    /// most 35 days ago.
    since: UnixMillis,
    why: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetirementForm {
    why: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DisabledEdge {
    edge: EdgeId,
    /// Every region assignment that the edge held, with its end.
    rights: Vec<FenceRecord>,
    /// Decided commands that are now listed for manual review.
    cases: u64,
    /// The order service has confirmed. Otherwise rights and cases follow once it is reachable.
    settled: bool,
    /// Ops that still wait for a decision.
    undecided: u64,
    /// Ops that the edge last reported as unsent. They will not arrive.
    not_received: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyForm {
    /// Keep the old key valid until the code is used. Otherwise it is refused at once.
    #[serde(default)]
    keep_old: bool,
    why: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NewKeyCode {
    edge: EdgeId,
    /// Shown once: only its hash is stored. Its second half identifies the hub's key.
    code: String,
    expires_at: UnixMillis,
}

/// Older raw ops may be deleted.
const SINCE_MS_MAX: i64 = 35 * 24 * 60 * 60 * 1000;

/// `POST /api/v1/admin/edges/{id}/disabling`
pub(crate) async fn disable(
    caller: Caller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(DisablingForm { since, why }): Json<DisablingForm>,
) -> Result<Json<DisabledEdge>, Problem> {
    let now = hub.sessions.clock.now();
    if since > now || now.ms_since(since) > SINCE_MS_MAX {
        return Err(Problem::wrong_field("since", since_out_of_range));
    }
    let request = DisableRequest {
        since: Some(since),
        why: validate_reason(&why)?,
        retires: false,
        by: caller.actor.user_id,
    };
    take_out_of_service(&hub, edge, &request).await
}

/// `POST /api/v1/admin/edges/{id}/retirement`
pub(crate) async fn retire(
    caller: Caller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(RetirementForm { why }): Json<RetirementForm>,
) -> Result<Json<DisabledEdge>, Problem> {
    let request = DisableRequest {
        since: None,
        why: validate_reason(&why)?,
        retires: true,
        by: caller.actor.user_id,
    };
    take_out_of_service(&hub, edge, &request).await
}

/// `POST /api/v1/admin/edges/{id}/key`
pub(crate) async fn rekey(
    caller: Caller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    Json(NewKeyForm { keep_old, why }): Json<NewKeyForm>,
) -> Result<CreatedJson<NewKeyCode>, Problem> {
    let why = why.as_deref().map(validate_reason).transpose()?;
    let kind = if keep_old {
        EdgeActKind::Rotated
    } else {
        EdgeActKind::Rekeyed
    };
    let code = enrolment_code(
        process::random::draw_bytes(),
        &HubKey(hub.sessions.key.public_key()),
    );
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    let request = RekeyRequest {
        kind,
        code_hash: hash_code(&code),
        by,
        why,
    };
    let until = hub
        .sessions
        .store
        .issue_rekey_code(&edge, &request, now)
        .await?;
    let expires_at = until.ok_or(Code::NotFound)?;
    hub.sessions.signals.wake_sessions(&edge);
    tracing::warn!(edge.id = %edge, keep_old, user.id = %by, "Made a code for a new key of edge `{edge}`");
    Ok(CreatedJson(NewKeyCode {
        edge,
        code,
        expires_at,
    }))
}

/// `GET /api/v1/admin/edges/{id}/acts`
pub(crate) async fn acts(
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<ItemList<EdgeAct>, Problem> {
    Ok(ItemList::from_all_items(
        hub.sessions.store.list_edge_acts(&edge).await?,
    ))
}

async fn take_out_of_service(
    hub: &HubState,
    edge: EdgeId,
    request: &DisableRequest,
) -> Result<Json<DisabledEdge>, Problem> {
    let sessions = &hub.sessions;
    let now = sessions.clock.now();
    if !sessions.store.disable_edge(&edge, request, now).await? {
        return Err(Code::NotFound.into());
    }
    let DisableRequest { retires, by, .. } = *request;
    tracing::warn!(edge.id = %edge, retires, user.id = %by, "Disabled edge `{edge}`");
    // Its sessions on other replicas notice within a second.
    sessions.signals.wake_sessions(&edge);
    let result = sessions
        .settle_disabling(&edge)
        .await
        .unwrap_or_else(|error| {
            let cause = process::problem::format_error_chain(&error);
            tracing::error!(edge.id = %edge, cause,
                "Could not revoke the leases and open the cases of `{edge}` yet; will retry");
            DisablingResult::default()
        });
    let DisablingResult {
        rights,
        cases,
        settled,
    } = result;
    let (undecided, not_received) = sessions.store.count_unsettled_ops(&edge).await?;
    Ok(Json(DisabledEdge {
        edge,
        rights,
        cases,
        settled,
        undecided,
        not_received,
    }))
}

fn validate_reason(why: &str) -> Result<String, Problem> {
    wire::check_reason(why).map_err(|error| Problem::wrong_field("why", error.why))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReadmittedEdge {
    edge: EdgeId,
}

/// `POST /api/v1/admin/edges/{id}/readmit`: readmits an edge that was restored too often in a day.
pub(crate) async fn readmit(
    caller: Caller,
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
) -> Result<Json<ReadmittedEdge>, Problem> {
    let by = caller.actor.user_id;
    if !hub
        .sessions
        .store
        .readmit_edge(&edge, hub.sessions.clock.now())
        .await?
    {
        return Err(Code::NotFound.into());
    }
    tracing::warn!(edge.id = %edge, user.id = %by, "Readmitted edge `{edge}`: it may start new epochs");
    Ok(Json(ReadmittedEdge { edge }))
}
