//! Reads bodies, queries and paths; rejections name the field to correct.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wire::{Code, FieldError, Sentence, Text};

use super::Problem;
use crate::say;

#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// An optional JSON body.
#[derive(Debug, Clone, Copy, Default)]
pub struct MaybeJson<T>(pub T);

/// Answers 201.
#[derive(Debug, Clone, Copy, Default)]
pub struct CreatedJson<T>(pub T);

#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The path's parameters. A parameter of the wrong kind gives 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !has_json_content_type(request.headers()) {
            return Err(not_json());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(problem_from_rejection)?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = has_json_content_type(request.headers());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(problem_from_rejection)?;
        match (bytes.is_empty(), is_json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => Ok(Self(parse(&bytes)?)),
            (false, false) => Err(not_json()),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for CreatedJson<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let query = query.map_err(|rejection| {
            // The rejection wraps the deserialiser's message, which names the parameter.
            let cause = std::error::Error::source(&rejection);
            let text = cause.map_or_else(|| rejection.to_string(), ToString::to_string);
            let (field, why) = text.split_once(": ").unwrap_or(("", text.as_str()));
            Problem::from(explain_invalid_field(field, why))
        })?;
        Ok(Self(query.0))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|_| Problem::new(Code::NotFound))
    }
}

fn not_json() -> Problem {
    Problem::new(Code::MalformedBody).with_detail(say::body_not_json_type)
}

/// Accepts only a JSON object: serde would also read a list, by the order of its values.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match T::deserialize(&mut json).and_then(|value| json.end().map(|()| value)) {
        Ok(value) if is_object => Ok(value),
        _ => Err(body_problem::<T>(bytes, is_object)),
    }
}

fn body_problem<T: DeserializeOwned>(bytes: &[u8], is_object: bool) -> Problem {
    match body_fault::<T>(bytes, is_object) {
        BodyFault::Whole(why) => Problem::new(Code::MalformedBody).with_detail(why),
        BodyFault::Field(error) => error.into(),
    }
}

/// Why a body is not a JSON object of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFault {
    Whole(Text),
    Field(FieldError),
}

pub fn explain_body_fault<T: DeserializeOwned>(bytes: &[u8]) -> BodyFault {
    body_fault::<T>(bytes, bytes.trim_ascii_start().first() == Some(&b'{'))
}

/// Reads the body again as any JSON, so that a later error concerns a field.
fn body_fault<T: DeserializeOwned>(bytes: &[u8], is_object: bool) -> BodyFault {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) if is_object => value,
        Ok(_) => return BodyFault::Whole(say::body_no_object.to_text()),
        Err(error) => {
            let line = error.line().into();
            let column = error.column().into();
            return BodyFault::Whole(say::body_not_json { line, column }.to_text());
        }
    };
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(_) => BodyFault::Whole(Code::MalformedBody.to_text()),
        Err(error) => {
            let path = error.path().to_string();
            let path = if path == "." { "" } else { &path };
            BodyFault::Field(explain_invalid_field(path, &error.into_inner().to_string()))
        }
    }
}

fn has_json_content_type(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn problem_from_rejection(rejection: BytesRejection) -> Problem {
    let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(if too_large {
        Code::BodyTooLarge
    } else {
        Code::MalformedBody
    })
}

fn find_quoted_name<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

fn join_field_path(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Names the field: the message contains a missing or unknown one, the path any other.
fn explain_invalid_field(path: &str, message: &str) -> FieldError {
    if let Some(name) = find_quoted_name(message, "missing field `") {
        FieldError::new(&join_field_path(path, name), say::field_missing)
    } else if let Some(name) = find_quoted_name(message, "unknown field `") {
        let field = if path.ends_with(name) {
            path.to_owned()
        } else {
            join_field_path(path, name)
        };
        FieldError::new(&field, say::field_unknown)
    } else if let Some((wrong, known)) = one_of(message) {
        let known = Text::list(&known, say::list_separator);
        FieldError::new(
            path,
            say::field_none_of {
                wrong: wrong.into(),
                known: known.into(),
            },
        )
    } else if let Some(expected) = message.strip_prefix("invalid type: ") {
        let expected = expected
            .split_once(", expected ")
            .map_or(expected, |(_, kind)| kind);
        FieldError::new(
            path,
            say::field_of_other_type {
                expected: expected.into(),
            },
        )
    } else {
        FieldError::new(
            path,
            say::field_invalid {
                why: message.into(),
            },
        )
    }
}

/// The sent value and the allowed ones: ``unknown variant `MARS`, expected one of `NORTH`, `SOUTH`
/// ``.
fn one_of(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut words = message
        .strip_prefix("unknown variant `")?
        .split('`')
        .step_by(2);
    let wrong = words.next()?;
    Some((wrong, words.filter(|word| !word.is_empty()).collect()))
}

#[cfg(test)]
mod tests;
