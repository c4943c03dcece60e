//! The starter's calls to the gateway: as an admin, and as every demo person for the demo data.

use std::time::Duration;

use anyhow::{Context, Result};
use http::Method;
use process::client::{Client, ClientError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wire::{EdgeGrant, GateState, Region, StatusReport};

const TIMEOUT: Duration = Duration::from_secs(20);

type Answer<T> = Result<T, ClientError>;

/// The gateway, with or without a signed-in person.
#[derive(Clone)]
pub struct GatewaySession {
    gateway: String,
    token: Option<String>,
    client: Client,
}

#[derive(Deserialize)]
struct SignedIn {
    access_token: String,
}

#[derive(Deserialize)]
struct Enrolment {
    code: String,
}

impl GatewaySession {
    pub fn at(gateway: &str) -> Self {
        Self {
            gateway: gateway.to_owned(),
            token: None,
            client: Client::new(),
        }
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Answer<Self> {
        let body = json!({ "username": username, "password": password });
        let signed: SignedIn = self.post("/api/v1/auth/login", &body).await?;
        Ok(Self {
            token: Some(signed.access_token),
            ..self.clone()
        })
    }

    /// The same person at an edge of that region, with a token for its edges.
    pub async fn at_edge(&self, region: Region, address: &str) -> Result<Self, ClientError> {
        let form = json!({ "region": region });
        let grant: EdgeGrant = self.post("/api/v1/auth/edge-token", &form).await?;
        let gateway = address.to_owned();
        let token = Some(grant.edge_token);
        Ok(Self {
            gateway,
            token,
            ..self.clone()
        })
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn enrolment_code(&self, edge: &str, region: Region) -> Result<String> {
        let body = json!({ "edge": edge, "region": region });
        let made: Enrolment = self
            .post("/api/v1/admin/edges", &body)
            .await
            .with_context(|| format!("could not get an enrolment code for {edge}"))?;
        Ok(made.code)
    }

    pub async fn status(&self) -> Answer<StatusReport> {
        self.get("/api/v1/admin/status").await
    }

    pub async fn set_gate(&self, region: Region, gate: GateState) -> Answer<Value> {
        self.put(
            &format!("/api/v1/admin/regions/{region}"),
            &json!({ "gate": gate }),
        )
        .await
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        self.call(Method::GET, path, None::<&Value>).await
    }

    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Answer<T> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Answer<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Answer<T> {
        let url = format!("{}{path}", self.gateway);
        self.client
            .send_json(method, &url, self.token.as_deref(), body, TIMEOUT)
            .await
    }
}
