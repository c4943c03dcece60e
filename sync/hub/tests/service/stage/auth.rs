//! The auth service as the hub sees it: it has the keys of people's tokens.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{Router, extract::State, routing::get};
use http::StatusCode;
use process::tokens::Signer;

#[derive(Clone)]
pub struct Auth(Arc<Mutex<Script>>);

pub struct Script {
    pub signer: Signer,
    pub away: bool,
}

impl Auth {
    pub fn new(signer: &Signer) -> Self {
        Self(Arc::new(Mutex::new(Script { signer: signer.clone(), away: false })))
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    pub fn router(&self) -> Router {
        Router::new().route("/.well-known/jwks.json", get(jwks)).with_state(self.clone())
    }
}

async fn jwks(State(auth): State<Auth>) -> Result<String, StatusCode> {
    let script = auth.script();
    if script.away { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(script.signer.jwks()) }
}
