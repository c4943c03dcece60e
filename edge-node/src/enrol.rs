//! Enrolment, once in an edge's life: a one-time code and the public key go up, the keys of people's tokens
//! come back and are kept.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use process::{
    client::{Client, ClientError},
    random,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wire::{EdgeId, Region};

use crate::ground::EdgeGround;

#[derive(Serialize)]
struct EnrolRequest<'a> {
    code: &'a str,
    public_key: String,
}

#[derive(Deserialize)]
struct EnrolAnswer {
    edge: EdgeId,
    region: Region,
    /// The key set, as a document or as its text.
    jwks: Value,
}

#[derive(Debug, thiserror::Error)]
enum EnrolError {
    #[error("the cloud did not enrol this edge")]
    Cloud(#[from] ClientError),
    #[error("the code is for edge `{0}` in {1}; check edge.name and edge.region")]
    OtherEdge(EdgeId, Region),
    #[error("the keys could not be stored")]
    Store(#[from] journal::WriteError<rusqlite::Error>),
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks until the edge is enrolled; the cloud may be away, and an operator may have to act.
pub async fn until_enrolled(ground: &EdgeGround, stop: &CancellationToken) {
    let client = Client::new();
    let (lost_at, mut attempt) = (ground.clock.elapsed(), 0);
    loop {
        match once(ground, &client).await {
            Ok(()) => {
                tracing::info!(edge = %ground.identity.name, "This edge is enrolled");
                return;
            }
            Err(error) => {
                let cause = process::problem::chain(&error);
                tracing::warn!(cause, attempt, "Not enrolled yet");
            }
        }
        let lost_for = ground.clock.elapsed().saturating_sub(lost_at);
        let entropy = u64::from_be_bytes(random::bytes());
        let wait = engine::reconnect::delay(lost_for, attempt, entropy);
        attempt = attempt.saturating_add(1);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn once(ground: &EdgeGround, client: &Client) -> Result<(), EnrolError> {
    let EdgeGround { config, identity, .. } = ground;
    let url = format!("{}/api/v1/edges/enrol", config.gateway_url.trim_end_matches('/'));
    let public_key = URL_SAFE_NO_PAD.encode(ground.signer.public_key());
    let ask = EnrolRequest { code: config.enrolment_code.reveal(), public_key };
    let answer: EnrolAnswer = client.json(Method::POST, &url, None, Some(&ask), TIMEOUT).await?;
    if answer.edge != identity.name || answer.region != identity.region {
        return Err(EnrolError::OtherEdge(answer.edge, answer.region));
    }
    let jwks = match answer.jwks {
        Value::String(text) => text,
        document => document.to_string(),
    };
    ground.store.enrolled(jwks.clone(), ground.clock.now()).await?;
    ground.gate.replace_keys(&jwks);
    Ok(())
}
