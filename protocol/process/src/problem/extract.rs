//! Reading what a caller sent, with rejections that name the field to correct.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::{Serialize, de::DeserializeOwned};
use wire::Code;

use super::{Problem, Said};

/// A JSON body, read or answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query's parameters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The path's parameters. A path whose parameter is not of its kind leads nowhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !says_json(request.headers()) {
            return Err(Problem::new(Code::MalformedBody).detail(Said::both(
                "Send JSON, with `Content-Type: application/json`.",
                "请发送 JSON，并带上 `Content-Type: application/json`。",
            )));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let query = query.map_err(|rejection| {
            // The rejection wraps the deserialiser's own words, which name the parameter.
            let cause = std::error::Error::source(&rejection);
            let text = cause.map_or_else(|| rejection.to_string(), ToString::to_string);
            let (field, why) = text.split_once(": ").unwrap_or(("", text.as_str()));
            invalid(field, why)
        })?;
        Ok(Self(query.0))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::new(Code::NotFound))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            invalid(if path == "." { "" } else { &path }, &without_place(&error.to_string()))
        } else {
            Problem::new(Code::MalformedBody).detail(error.to_string())
        }
    })?;
    json.end().map_err(|error| Problem::new(Code::MalformedBody).detail(error.to_string()))?;
    Ok(value)
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn unread(rejection: BytesRejection) -> Problem {
    let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(if too_large { Code::BodyTooLarge } else { Code::MalformedBody })
}

/// Names the field: a missing or unknown one stands in the message, any other in the path.
fn invalid(path: &str, message: &str) -> Problem {
    let named = |start: &str| message.strip_prefix(start)?.split('`').next();
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let problem = Problem::new(Code::InvalidInput);
    if let Some(name) = named("missing field `") {
        problem.field(join(name), Said::both("This field is required.", "此字段为必填项。"))
    } else if let Some(name) = named("unknown field `") {
        let field = if path.ends_with(name) { path.to_owned() } else { join(name) };
        problem.field(field, Said::both("This field is not known here.", "此处没有这个字段。"))
    } else {
        problem.field(path, Said::both(message, format!("填写有误：{message}")))
    }
}

/// `at line 1 column 9` says nothing to someone who filled in a form.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
