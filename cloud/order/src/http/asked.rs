//! What a request says beside its path: under which command id, in which language, for what reason.

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

/// Who asks for a command, under which id, and in which language to say that it is done. Problems find
/// their language by themselves.
pub struct Person {
    pub caller: Caller,
    /// What vouches for them, should somebody else have to decide.
    pub token: String,
    pub idempotency: Idempotency,
    pub language: Language,
}

impl FromRequestParts<Service> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let token = bearer(&parts.headers).unwrap_or_default().to_owned();
        let idempotency = Idempotency::from_request_parts(parts, service).await?;
        let wanted = parts.headers.get(header::ACCEPT_LANGUAGE);
        let wanted = wanted.and_then(|value| value.to_str().ok());
        let language = wanted.map(Language::from_accept).unwrap_or_default();
        Ok(Self { caller, token, idempotency, language })
    }
}
