//! What a caller hears when a request is refused or fails: a stable code, a sentence in the caller's
//! language, what to correct, and the trace to ask about. Causes are logged, never sent.

mod body;
mod extract;
mod page;

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use wire::{Code, Language, Text};

pub use body::{FieldError, ProblemBody};
pub use extract::{Json, MaybeJson, Path, Query};
pub use page::{ItemList, Page, TimeCursor};

use crate::trace::TraceId;

/// A refusal or a fault, until it is rendered in the caller's language. Small, so that it travels well
/// in a `Result`.
#[derive(Clone)]
pub struct Problem(Box<Content>);

#[derive(Clone)]
struct Content {
    code: Code,
    detail: Option<Said>,
    errors: Vec<(String, Said)>,
    extensions: Map<String, Value>,
    retry_after_s: Option<u32>,
}

/// A sentence in one language for all, or in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Plainly(String),
    InEach(Text),
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self(Box::new(Content {
            code,
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
            retry_after_s: None,
        }))
    }

    /// What exactly was wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Said>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// A field to correct, and why.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, why: impl Into<Said>) -> Self {
        self.0.errors.push((field.into(), why.into()));
        self
    }

    /// A member of its own, such as the order as it is now.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.extensions.insert(name.to_owned(), value);
            }
            Err(error) => tracing::error!(%error, "Problem member `{name}` is left out"),
        }
        self
    }

    /// When asking again may help.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn status(&self) -> StatusCode {
        // A code that annotates a success is no status for a problem.
        StatusCode::from_u16(self.0.code.status())
            .ok()
            .filter(|status| !status.is_success())
            .unwrap_or(StatusCode::CONFLICT)
    }

    /// The problem as it is sent to a reader of that language.
    pub fn body(&self, language: Language, trace: Option<&TraceId>) -> ProblemBody {
        let content = &*self.0;
        let error = |(field, why): &(String, Said)| FieldError {
            field: field.clone(),
            message: why.get(language).to_owned(),
        };
        ProblemBody {
            kind: format!("urn:holdfast:{}", content.code),
            title: content.code.sentence(language).to_owned(),
            status: self.status().as_u16(),
            code: content.code,
            detail: content.detail.as_ref().map(|said| said.get(language).to_owned()),
            errors: content.errors.iter().map(error).collect(),
            trace: trace.map(ToString::to_string),
            extensions: content.extensions.clone(),
        }
    }

    pub(crate) fn render(&self, language: Language, trace: Option<&TraceId>) -> Response {
        let body = self.body(language, trace);
        // A problem is strings, numbers and JSON already checked, so only its code could ever be left.
        let text = serde_json::to_string(&body)
            .unwrap_or_else(|_| format!(r#"{{"code":"{}"}}"#, body.code));
        let mut response = (self.status(), text).into_response();
        let headers = response.headers_mut();
        let fixed = HeaderValue::from_static;
        headers.insert(header::CONTENT_TYPE, fixed("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, fixed(tag(language)));
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

/// Logs `what` failed, once and with its causes, and answers that something went wrong on our side.
pub fn fault(what: &'static str, err: impl std::error::Error) -> Problem {
    let cause = chain(&err);
    tracing::error!(cause, "{what}");
    Problem::new(Code::Internal)
}

/// An error and what caused it, in one line.
pub fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own words.
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

/// Without `web::standard` around it, it speaks English and names no trace.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.render(Language::English, None)
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

impl Said {
    pub fn get(&self, language: Language) -> &str {
        match self {
            Self::Plainly(text) => text,
            Self::InEach(text) => text.get(language),
        }
    }

    pub fn both(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::InEach(Text { en: en.into(), zh: zh.into() })
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Plainly(text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Plainly(text.to_owned())
    }
}

impl From<Text> for Said {
    fn from(text: Text) -> Self {
        Self::InEach(text)
    }
}

impl From<Code> for Said {
    fn from(code: Code) -> Self {
        Self::InEach(code.text())
    }
}

fn tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Chinese => "zh-CN",
    }
}
