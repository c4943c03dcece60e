//! The body of a problem response.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wire::{Code, FieldError, Text};

use super::Problem;

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
