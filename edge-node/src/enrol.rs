//! Enrolment: the edge sends a one-time code and its public key, and stores the keys that come
//! back: the token keys and the hub's. A later code replaces this edge's key.
//!
//! Invariant: an answer changes nothing unless the hub named in the code signed it for this edge's
//! own key.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use process::{
    client::{Client, ClientError},
    problem::{ProblemBody, format_error_chain},
    random,
    tokens::{Signer, verify_bytes},
    trust,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wire::{
    Code, CodeError, EdgeId, Hash, HubKey, Region, enrolment_bytes, former_keys_bytes,
    parse_hub_fingerprint,
};

use crate::{
    context::EdgeContext,
    data_folder::{StartError, pending_key_path},
    receipts::parse_public_key,
    store::EdgeIdentity,
};

#[derive(Serialize)]
struct EnrolRequest<'a> {
    code: &'a str,
    edge: &'a EdgeId,
    region: Region,
    public_key: String,
}

#[derive(Deserialize)]
struct EnrolAnswer {
    edge: EdgeId,
    region: Region,
    /// The key set, as a JSON object or as its text.
    jwks: Value,
    /// Missing from an older hub.
    hub_key: Option<String>,
    signature: Option<String>,
    #[serde(default)]
    former_keys: Vec<String>,
    former_keys_signature: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(
        "the cloud's certificate is not valid at the time on this machine's clock. Set the clock; \
         if it is right, the cloud's certificate has expired"
    )]
    CertificateTime,
    #[error("the cloud did not enrol this edge")]
    Cloud(#[source] ClientError),
    #[error(
        "the cloud refuses edge.enrolment_code: it is unknown, used, withdrawn or expired. \
         `holdfast enrol REGION NAME` makes a new one; `holdfast edges rekey NAME` does so for an \
         edge that the cloud knows already"
    )]
    Refused,
    #[error(
        "edge.enrolment_code is not for edge `{0}` in {1}. Correct edge.name or edge.region; the code \
         is still unused"
    )]
    NotThisEdge(EdgeId, Region),
    /// An older hub does not compare, and has used the code.
    #[error(
        "edge.enrolment_code was for edge `{0}` in {1}, not for edge.name and edge.region, and is \
         used now"
    )]
    OtherEdge(EdgeId, Region),
    #[error("edge.enrolment_code cannot be used")]
    Code(#[from] CodeError),
    #[error(
        "the answer is not from the hub that made the code; another server may be impersonating it"
    )]
    OtherHub,
    #[error("the former keys could not be stored")]
    FormerKeys(#[from] std::io::Error),
    #[error("the keys could not be stored")]
    Store(#[from] journal::WriteError<rusqlite::Error>),
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Gives an enrolled edge that starts with another code a new key; its name and log stay. The old
/// key stays until the hub has answered.
pub(crate) async fn replace_key_by_code(
    context: EdgeContext,
    used: Option<Hash>,
    key: &Path,
) -> Result<EdgeContext, StartError> {
    let code = code_hash(&context);
    if used == Some(code) {
        return Ok(context);
    }
    let edge = context.identity.edge_id.clone();
    let new = pending_key_path(key);
    let signer = Signer::load_or_create(&new)?;
    let next = EdgeContext {
        signer,
        ..context.clone()
    };
    match try_enrol(&next, &Client::with_clock(&context.clock)).await {
        Ok(()) => {
            std::fs::rename(&new, key).map_err(|source| StartError::Data(new.clone(), source))?;
            record_used_code(&next, code).await;
            tracing::warn!(%edge, "This edge has a new key; the cloud now refuses the old one");
            Ok(next)
        }
        Err(EnrolError::Refused) => {
            std::fs::remove_file(&new).map_err(|source| StartError::Data(new.clone(), source))?;
            record_used_code(&context, code).await;
            tracing::warn!(%edge, "The enrolment code gave no new key; it may have been used before");
            Ok(context)
        }
        Err(error @ (EnrolError::NotThisEdge(..) | EnrolError::OtherEdge(..))) => {
            tracing::error!(%edge, %error, "The enrolment code gave no new key");
            Ok(context)
        }
        Err(error) => {
            let cause = format_error_chain(&error);
            tracing::error!(%edge, cause, "No new key yet: restart this edge once it can reach the cloud");
            Ok(context)
        }
    }
}

fn code_hash(context: &EdgeContext) -> Hash {
    Hash::digest_bytes(
        format!(
            "holdfast edge's code {}",
            context.config.enrolment_code.reveal()
        )
        .as_bytes(),
    )
}

/// If this fails, the next start tries the code again, which does no harm.
async fn record_used_code(context: &EdgeContext, code: Hash) {
    if let Err(error) = context.store.save_used_code(code).await {
        tracing::warn!(%error, "Could not record that the enrolment code was used");
    }
}

/// Retries with backoff until the edge is enrolled or stopped. Fails on a code that can never
/// succeed.
pub(crate) async fn enrol_with_retries(
    context: &EdgeContext,
    stop: &CancellationToken,
) -> Result<(), EnrolError> {
    let client = Client::with_clock(&context.clock);
    let lost_at = context.clock.elapsed();
    let mut attempt = 0;
    loop {
        match try_enrol(context, &client).await {
            Ok(()) => {
                record_used_code(context, code_hash(context)).await;
                tracing::info!(edge = %context.identity.edge_id, "This edge is enrolled");
                return Ok(());
            }
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                let cause = format_error_chain(&error);
                tracing::warn!(cause, attempt, "Not enrolled yet");
            }
        }
        let lost_for = context.clock.elapsed().saturating_sub(lost_at);
        let entropy = u64::from_be_bytes(random::draw_bytes());
        let wait = engine::edge::reconnect_delay(lost_for, attempt, entropy);
        attempt = attempt.saturating_add(1);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

impl EnrolError {
    /// True if the same code cannot succeed later. An answer from a false hub is not final: a later
    /// attempt may reach the true one.
    fn is_final(&self) -> bool {
        match self {
            Self::Refused | Self::NotThisEdge(..) | Self::OtherEdge(..) | Self::Code(_) => true,
            Self::CertificateTime
            | Self::Cloud(_)
            | Self::OtherHub
            | Self::FormerKeys(_)
            | Self::Store(_) => false,
        }
    }

    fn from_client_error(error: ClientError, identity: &EdgeIdentity) -> Self {
        let problem = error.problem.as_deref();
        match problem.map(|problem| problem.code) {
            Some(Code::EnrolmentCodeInvalid) => Self::Refused,
            Some(Code::InvalidInput) if problem.is_some_and(names_other_edge) => {
                Self::NotThisEdge(identity.edge_id.clone(), identity.region)
            }
            _ if trust::is_certificate_time_error(&error) => Self::CertificateTime,
            _ => Self::Cloud(error),
        }
    }
}

fn names_other_edge(problem: &ProblemBody) -> bool {
    let wrong = &problem.errors;
    wrong
        .iter()
        .any(|wrong| ["edge", "region"].contains(&wrong.field.as_str()))
}

async fn try_enrol(context: &EdgeContext, client: &Client) -> Result<(), EnrolError> {
    let EdgeContext {
        config, identity, ..
    } = context;
    let url = format!(
        "{}/api/v1/edges/enrol",
        config.gateway_url.trim_end_matches('/')
    );
    let code = config.enrolment_code.reveal();
    // A truncated code must never be sent.
    parse_hub_fingerprint(code)?;
    let public_key = URL_SAFE_NO_PAD.encode(context.signer.public_key());
    let ask = EnrolRequest {
        code,
        edge: &identity.edge_id,
        region: identity.region,
        public_key,
    };
    let answer = client
        .send_json(Method::POST, &url, None, Some(&ask), TIMEOUT)
        .await;
    let answer: EnrolAnswer =
        answer.map_err(|error| EnrolError::from_client_error(error, identity))?;
    if answer.edge != identity.edge_id || answer.region != identity.region {
        return Err(EnrolError::OtherEdge(answer.edge, answer.region));
    }
    let jwks = match &answer.jwks {
        Value::String(text) => text.clone(),
        document => document.to_string(),
    };
    let key = context.signer.public_key();
    let hub = verify_hub_key(code, &answer, &jwks, &key)?;
    if let Some(former) = hub.and_then(|hub| verify_former_keys(&answer, hub, &key)) {
        context.former_keys.replace_keys(former)?;
    }
    context
        .store
        .save_enrolment(jwks.clone(), hub, context.clock.now())
        .await?;
    context.authenticator.replace_keys(&jwks);
    Ok(())
}

/// The hub key to pin, as named by the code. An older hub's code names none, and the first session
/// pins the key.
fn verify_hub_key(
    code: &str,
    answer: &EnrolAnswer,
    jwks: &str,
    edge_key: &[u8; 32],
) -> Result<Option<HubKey>, EnrolError> {
    let Some(named) = parse_hub_fingerprint(code)? else {
        return Ok(None);
    };
    match find_signing_key(answer, jwks, edge_key) {
        Some(key) if key.compute_fingerprint() == named => Ok(Some(key)),
        Some(_) | None => Err(EnrolError::OtherHub),
    }
}

/// The hub key in the answer, if that key signed the answer.
fn find_signing_key(answer: &EnrolAnswer, jwks: &str, edge_key: &[u8; 32]) -> Option<HubKey> {
    let key = decode_base64(answer.hub_key.as_deref()?)?;
    let signature = decode_base64(answer.signature.as_deref()?)?;
    let key = HubKey(key.try_into().ok()?);
    let signed = enrolment_bytes(&answer.edge, answer.region, edge_key, jwks);
    verify_bytes(&key.0, &signed, &signature).then_some(key)
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `None` if the hub has not signed them. An older hub sends none.
fn verify_former_keys(
    answer: &EnrolAnswer,
    hub: HubKey,
    edge_key: &[u8; 32],
) -> Option<Vec<[u8; 32]>> {
    let keys: Option<Vec<_>> = answer
        .former_keys
        .iter()
        .map(|key| parse_public_key(key))
        .collect();
    let keys = keys?;
    let signature = decode_base64(answer.former_keys_signature.as_deref()?)?;
    let signed = former_keys_bytes(&answer.edge, edge_key, &keys);
    verify_bytes(&hub.0, &signed, &signature).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_keys_that_the_hub_has_not_signed_for_this_key_are_none() {
        let hub = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let edge = EdgeId::new("north-1").unwrap();
        let own = [1; 32];
        let former = [[2; 32], [3; 32]];
        let signed = |key: &[u8; 32], former: &[[u8; 32]]| {
            let signature = hub.sign_bytes(&former_keys_bytes(&edge, key, former));
            Some(URL_SAFE_NO_PAD.encode(signature))
        };
        let answered = |former_keys_signature| {
            let answer = EnrolAnswer {
                edge: edge.clone(),
                region: Region::North,
                jwks: Value::Null,
                hub_key: None,
                signature: None,
                former_keys: former.map(|key| URL_SAFE_NO_PAD.encode(key)).to_vec(),
                former_keys_signature,
            };
            verify_former_keys(&answer, HubKey(hub.public_key()), &own)
        };
        assert_eq!(answered(signed(&own, &former)), Some(former.to_vec()));
        for wrong in [signed(&[9; 32], &former), signed(&own, &former[..1]), None] {
            assert_eq!(answered(wrong), None);
        }
    }
}
