//! Enrolment: once in an edge's life, a one-time code and the public key go to the cloud, and the keys
//! of people's tokens come back. They are kept, so that later starts need no cloud.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use process::{
    client::{Client, ClientError},
    clock::Clock,
    config::Secret,
    random,
    tokens::Signer,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wire::{EdgeId, Region};

use crate::{
    gate::Gate,
    store::{Identity, Store},
};

pub struct Enrolment {
    pub identity: Identity,
    pub gateway_url: String,
    pub code: Secret,
    pub signer: Signer,
    pub store: Store,
    pub gate: Gate,
    pub clock: Clock,
}

#[derive(Serialize)]
struct Ask<'a> {
    code: &'a str,
    public_key: String,
}

#[derive(Deserialize)]
struct Answer {
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

impl Enrolment {
    /// Asks until it is enrolled; the cloud may be away, and an operator may have to act.
    pub async fn until_enrolled(&self, stop: &CancellationToken) {
        let client = Client::new();
        let (lost_at, mut attempt) = (self.clock.elapsed(), 0);
        loop {
            match self.once(&client).await {
                Ok(()) => {
                    tracing::info!(edge = %self.identity.name, "This edge is enrolled");
                    return;
                }
                Err(error) => {
                    let cause = process::problem::chain(&error);
                    tracing::warn!(cause, attempt, "Not enrolled yet");
                }
            }
            let lost_for = self.clock.elapsed().saturating_sub(lost_at);
            let entropy = u64::from_be_bytes(random::bytes());
            let wait = engine::reconnect::delay(lost_for, attempt, entropy);
            attempt = attempt.saturating_add(1);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn once(&self, client: &Client) -> Result<(), EnrolError> {
        let url = format!("{}/api/v1/edges/enrol", self.gateway_url.trim_end_matches('/'));
        let public_key = URL_SAFE_NO_PAD.encode(self.signer.public_key());
        let ask = Ask { code: self.code.reveal(), public_key };
        let answer: Answer = client.json(Method::POST, &url, None, Some(&ask), TIMEOUT).await?;
        if answer.edge != self.identity.name || answer.region != self.identity.region {
            return Err(EnrolError::OtherEdge(answer.edge, answer.region));
        }
        let jwks = match answer.jwks {
            Value::String(text) => text,
            document => document.to_string(),
        };
        self.store.enrolled(jwks.clone(), self.clock.now()).await?;
        self.gate.replace_keys(&jwks);
        Ok(())
    }
}
