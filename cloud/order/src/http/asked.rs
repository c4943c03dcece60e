//! What a request says beside its path: under which command id, in which language, for what reason.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use process::{
    problem::{Json, Problem, Said},
    tokens::{Caller, bearer},
    trace::{Trace, TraceId},
};
use serde::de::DeserializeOwned;
use wire::{Code, Command, CommandBody, CommandId, Language};

use crate::service::Service;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The command's own id and trace: the `Idempotency-Key`, or one made here, and the trace where it is
/// another than the id.
pub struct Named {
    pub command_id: CommandId,
    pub trace: Option<String>,
}

impl Named {
    pub fn command(self, body: CommandBody) -> Command {
        let Self { command_id: id, trace } = self;
        Command { id, body, device: None, device_seq: None, tapped_at: None, trace }
    }
}

impl FromRequestParts<Service> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let command_id = match parts.headers.get(IDEMPOTENCY_KEY) {
            None => CommandId(service.clock.new_id()),
            Some(key) => {
                key.to_str().ok().and_then(|key| key.parse().ok()).ok_or_else(wrong_key)?
            }
        };
        let Ok(Trace(trace)) = Trace::from_request_parts(parts, service).await;
        let trace = Some(trace).filter(|trace| *trace != TraceId::of(command_id));
        Ok(Self { command_id, trace: trace.map(String::from) })
    }
}

/// Who asks for a command, under which id, and in which language to say that it is done. Problems find
/// their language by themselves.
pub struct Person {
    pub caller: Caller,
    /// What vouches for them, should somebody else have to decide.
    pub token: String,
    pub named: Named,
    pub language: Language,
}

impl FromRequestParts<Service> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let token = bearer(&parts.headers).unwrap_or_default().to_owned();
        let named = Named::from_request_parts(parts, service).await?;
        let wanted = parts.headers.get(header::ACCEPT_LANGUAGE);
        let wanted = wanted.and_then(|value| value.to_str().ok());
        let language = wanted.map(Language::from_accept).unwrap_or_default();
        Ok(Self { caller, token, named, language })
    }
}

/// A JSON body that may be left out.
pub struct MaybeJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = bytes.map_err(unread)?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        let Json(value) =
            Json::from_request(Request::from_parts(parts, Body::from(bytes)), state).await?;
        Ok(Self(value))
    }
}

fn unread(rejection: BytesRejection) -> Problem {
    let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(if too_large { Code::BodyTooLarge } else { Code::MalformedBody })
}

fn wrong_key() -> Problem {
    let why = Said::both("The key must be a UUID.", "该键必须是 UUID。");
    Problem::new(Code::InvalidInput).field("Idempotency-Key", why)
}
