//! The answer to a refused or failed request: a stable code, a sentence in the caller's language,
//! the fields to correct, and the trace to quote. Causes are logged, never sent.

mod extract;
mod page;

use std::{fmt, io};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wire::{Code, FieldError, Language, Sentence, Text};

use crate::trace::TraceId;

pub use extract::{BodyFault, CreatedJson, Json, MaybeJson, Path, Query, explain_body_fault};
pub use page::{ItemList, ListLimit, Page, TimeCursor};

/// A refusal or fault, before it is rendered. Boxed to keep `Result` small.
#[derive(Clone)]
pub struct Problem(Box<ProblemContent>);

#[derive(Clone)]
struct ProblemContent {
    code: Code,
    detail: Option<Text>,
    errors: Vec<FieldError>,
    extensions: Map<String, Value>,
    retry_after_s: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:holdfast:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub code: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    #[serde(flatten)]
    pub extensions: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProblemError)]
pub struct ProblemField {
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self(Box::new(ProblemContent {
            code,
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
            retry_after_s: None,
        }))
    }

    pub fn wrong_field(field: &str, why: impl Sentence) -> Self {
        FieldError::new(field, why).into()
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Sentence) -> Self {
        self.0.detail = Some(detail.to_text());
        self
    }

    /// Sets the fields to correct.
    #[must_use]
    pub fn with_field_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Adds an extension member, such as the current order.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.extensions.insert(name.to_owned(), value);
            }
            Err(error) => {
                tracing::error!(%error, "Could not write problem member `{name}`; left it out")
            }
        }
        self
    }

    /// Sets when a retry may help.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn status(&self) -> StatusCode {
        // A code that annotates a success cannot be a problem's status.
        StatusCode::from_u16(self.0.code.status())
            .ok()
            .filter(|status| !status.is_success())
            .unwrap_or(StatusCode::CONFLICT)
    }

    pub fn to_body(&self, language: Language, trace: Option<&TraceId>) -> ProblemBody {
        let content = &*self.0;
        let errors = content
            .errors
            .iter()
            .map(|error| ProblemField {
                field: error.field.clone(),
                message: error.why.render_in(language),
            })
            .collect();
        ProblemBody {
            kind: format!("urn:holdfast:{}", content.code),
            title: content.code.sentence_in(language).to_owned(),
            status: self.status().as_u16(),
            code: content.code,
            detail: content
                .detail
                .as_ref()
                .map(|detail| detail.render_in(language)),
            errors,
            trace: trace.map(ToString::to_string),
            extensions: content.extensions.clone(),
        }
    }

    pub(crate) fn render_response(&self, language: Language, trace: Option<&TraceId>) -> Response {
        let body = self.to_body(language, trace);
        // Strings, numbers and checked JSON always serialise; the code is a last resort.
        let text = serde_json::to_string(&body)
            .unwrap_or_else(|_| format!(r#"{{"code":"{}"}}"#, body.code));
        let mut response = (self.status(), text).into_response();
        let headers = response.headers_mut();
        let fixed = HeaderValue::from_static;
        headers.insert(header::CONTENT_TYPE, fixed("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, fixed(language.tag()));
        headers.append(header::VARY, fixed("accept-language"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, fixed("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// The answer to a change. A missing object and another person's look the same to the caller.
pub fn no_content_or_not_found(is_found: bool) -> Result<StatusCode, Problem> {
    if is_found {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}

/// Logs the fault once, with its causes, and answers with an internal error.
pub fn log_fault(what: &'static str, err: impl std::error::Error) -> Problem {
    let cause = format_error_chain(&err);
    tracing::error!(cause, "{what}");
    Problem::new(Code::Internal)
}

/// The error and its causes, outermost first.
pub fn iter_causes<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        // The source of an `io::Error` skips the error that it wraps.
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(held) => Some(held),
            None => error.source(),
        }
    })
}

/// An error and its causes, on one line.
pub fn format_error_chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own message.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        vec![error].into()
    }
}

impl From<Vec<FieldError>> for Problem {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::new(Code::InvalidInput).with_field_errors(errors)
    }
}

/// English and without a trace, unless the standard layers of `web` render it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.render_response(Language::English, None)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = &*self.0;
        f.debug_struct("Problem")
            .field("code", &content.code)
            .field("detail", &content.detail)
            .field("errors", &content.errors)
            .finish_non_exhaustive()
    }
}

/// Passes on another service's problem, in the language of its sentences.
impl From<ProblemBody> for Problem {
    fn from(body: ProblemBody) -> Self {
        let mut problem = Self::new(body.code);
        problem.0.detail = body.detail.map(Text::from_untranslated);
        problem.0.errors = body
            .errors
            .into_iter()
            .map(|error| FieldError::new(&error.field, Text::from_untranslated(error.message)))
            .collect();
        problem.0.extensions = body.extensions;
        problem
    }
}
