//! The sender of a command.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use process::{
    idempotency::Idempotency,
    problem::Problem,
    tokens::{Caller, bearer},
};
use wire::Language;

use crate::service::Service;

/// The person behind a command, the command's id, and the language of the answer. Problems find their
/// language by themselves.
pub struct CommandSender {
    pub caller: Caller,
    /// Vouches for the caller where a region's holder has to decide.
    pub token: String,
    pub idempotency: Idempotency,
    pub language: Language,
}

impl FromRequestParts<Service> for CommandSender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let token = bearer(&parts.headers).unwrap_or_default().to_owned();
        let idempotency = Idempotency::from_request_parts(parts, service).await?;
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let language = accepted.map(Language::from_accept).unwrap_or_default();
        Ok(Self { caller, token, idempotency, language })
    }
}
