//! The end of a run: an exit code for scripts and a sentence for people. Invariant: a code never
//! changes its number.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use texts::Sentence;
use wire::Code;

use crate::{
    cause::describe_cause,
    look::{OutputStyle, split_next_step},
    say,
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ExitKind {
    Ok = 0,
    #[default]
    Failure = 1,
    Usage = 2,
    Degraded = 3,
    Authentication = 4,
    NotFound = 5,
    Conflict = 6,
    Unreachable = 7,
    TimedOut = 8,
}

impl ExitKind {
    pub fn from_http_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Authentication,
            404 => Self::NotFound,
            409 => Self::Conflict,
            408 | 504 => Self::TimedOut,
            502 | 503 => Self::Unreachable,
            _ => Self::Failure,
        }
    }
}

pub(crate) type Result<T, E = CommandFailure> = std::result::Result<T, E>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandFailure {
    pub exit: ExitKind,
    pub sentence: String,
    pub next_step: Option<String>,
    /// The platform's own code, if it gave one.
    pub code: Option<Code>,
    /// The platform's requested delay.
    pub retry_after: Option<Duration>,
    /// Details from the platform, such as a field and its reason.
    pub reasons: Vec<String>,
    /// The unmet conditions of `wait`.
    pub missing: Vec<String>,
}

impl CommandFailure {
    pub fn new(exit: ExitKind, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
            ..Self::default()
        }
    }

    /// Takes a sentence whose last line is the next step.
    pub fn from_sentence(exit: ExitKind, style: &OutputStyle, sentence: impl Sentence) -> Self {
        let (sentence, step) = split_next_step(style.translate(sentence));
        Self::new(exit, sentence).next_step(step)
    }

    /// Replaces the sentence with a command's more specific one.
    pub fn with_sentence(self, style: &OutputStyle, sentence: impl Sentence) -> Self {
        let (sentence, step) = split_next_step(style.translate(sentence));
        Self {
            sentence,
            next_step: Some(step),
            ..self
        }
    }

    /// Reports an unwritable answer, for example on a full disk.
    pub fn from_write_error(error: &std::io::Error, style: &OutputStyle) -> Self {
        let sentence = say::unwritten {
            cause: describe_cause(error),
        };
        Self::from_sentence(ExitKind::Failure, style, sentence)
    }

    pub fn next_step(self, step: impl Into<String>) -> Self {
        Self {
            next_step: Some(step.into()),
            ..self
        }
    }

    /// The gateway and the services behind it use different codes for too many requests.
    pub fn is_rate_limited(&self) -> bool {
        matches!(self.code, Some(Code::RateLimited | Code::TooManyRequests))
    }

    /// Renders the text for stderr; stdout carries answers only.
    pub fn render(&self, style: &OutputStyle) -> String {
        if style.json {
            return format!("{}\n", self.to_json());
        }
        let sentence = style.translate(say::failure {
            sentence: (&self.sentence).into(),
        });
        let next = self
            .next_step
            .as_ref()
            .map(|step| format!("  {}\n", style.format_next_step(step)));
        let what = self.reasons.iter().chain(&self.missing);
        let missing: String = what.map(|what| format!("  ! {what}\n")).collect();
        format!("{sentence}\n{missing}{}", next.unwrap_or_default())
    }

    fn to_json(&self) -> Value {
        json!({"error": {
            "kind": self.exit,
            "exit": self.exit as u8,
            "code": self.code,
            "message": self.sentence,
            "next_step": self.next_step,
            "missing": self.missing,
            "reasons": self.reasons,
        }})
    }
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    #[test]
    fn a_refusal_ends_with_the_code_of_its_kind() {
        for (status, exit) in [
            (401, ExitKind::Authentication),
            (403, ExitKind::Authentication),
            (404, ExitKind::NotFound),
            (409, ExitKind::Conflict),
            (503, ExitKind::Unreachable),
            (504, ExitKind::TimedOut),
            (500, ExitKind::Failure),
            (422, ExitKind::Failure),
        ] {
            assert_eq!(ExitKind::from_http_status(status), exit, "{status}");
        }
    }

    #[test]
    fn a_failure_says_what_to_do_next() {
        let failure = CommandFailure::new(ExitKind::NotFound, "no order N-000000")
            .next_step("check the code");
        let look = OutputStyle::for_pipe(Language::English);
        assert_eq!(
            failure.render(&look),
            "holdfast: no order N-000000\n  Next: check the code\n"
        );
        let value = failure.render(&OutputStyle { json: true, ..look });
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["error"]["exit"], 5);
        assert_eq!(value["error"]["kind"], "not_found");
    }
}
