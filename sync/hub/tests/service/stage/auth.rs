//! A scripted auth service: publishes the keys of users' tokens and issues command-bound tokens.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use http::StatusCode;
use process::tokens::{Claims, Signer, TokenKeys, TokenKind};
use wire::{CommandToken, CommandTokenForm};

#[derive(Clone)]
pub(crate) struct Auth(Arc<Mutex<Script>>);

pub(crate) struct Script {
    pub signer: Signer,
    pub away: bool,
}

impl Auth {
    pub(crate) fn new(signer: &Signer) -> Self {
        Self(Arc::new(Mutex::new(Script {
            signer: signer.clone(),
            away: false,
        })))
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/jwks.json", get(jwks))
            .route("/internal/command-tokens", post(command_token))
            .with_state(self.clone())
    }
}

async fn jwks(State(auth): State<Auth>) -> Result<String, StatusCode> {
    let script = auth.script();
    if script.away {
        Err(StatusCode::SERVICE_UNAVAILABLE)
    } else {
        Ok(script.signer.jwks())
    }
}

async fn command_token(
    State(auth): State<Auth>,
    Json(form): Json<CommandTokenForm>,
) -> Result<Json<CommandToken>, StatusCode> {
    let script = auth.script();
    if script.away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let keys = TokenKeys::empty();
    keys.replace_key_set(&script.signer.jwks()).unwrap();
    let claims = keys
        .read(&form.token)
        .map_err(|_| StatusCode::UNAUTHORIZED)?;
    let kind = TokenKind::Edge;
    let region = Some(form.region);
    let command = Some(form.command);
    let token = script.signer.sign_claims(&Claims {
        kind,
        region,
        command,
        ..claims
    });
    Ok(Json(CommandToken { token }))
}
