//! Owns what a run ends with: the exit code scripts rely on, and the sentence people read.
//! Invariant: a code keeps its number for ever.

use std::time::Duration;

use serde_json::{Value, json};
use wire::{Code, Language};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    Degraded = 3,
    Authentication = 4,
    NotFound = 5,
    Conflict = 6,
    Unreachable = 7,
    TimedOut = 8,
}

impl Exit {
    /// The code for a refusal of the gateway with this HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Authentication,
            404 => Self::NotFound,
            409 => Self::Conflict,
            408 | 504 => Self::TimedOut,
            502 | 503 => Self::Unreachable,
            _ => Self::Failure,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Degraded => "degraded",
            Self::Authentication => "authentication",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }
}

/// Why a run could not do what was asked, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    pub sentence: String,
    pub next_step: Option<String>,
    /// What the platform itself called it, where it spoke of it.
    pub code: Option<Code>,
    /// How long it asks to be left alone for.
    pub retry_after: Option<Duration>,
    /// What was waited for and did not come.
    pub missing: Vec<String>,
}

impl Failure {
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
            next_step: None,
            code: None,
            retry_after: None,
            missing: Vec::new(),
        }
    }

    pub fn next_step(self, step: impl Into<String>) -> Self {
        Self { next_step: Some(step.into()), ..self }
    }

    pub fn missing(self, missing: Vec<String>) -> Self {
        Self { missing, ..self }
    }

    /// Whether it was only asked too often: the gateway has one word for that, the parts behind it
    /// another.
    pub fn is_too_often(&self) -> bool {
        matches!(self.code, Some(Code::RateLimited | Code::TooManyRequests))
    }

    /// What goes to the error stream; standard output carries answers only.
    pub fn render(&self, language: Language, as_json: bool) -> String {
        if as_json {
            return format!("{}\n", self.json());
        }
        let (name, label) = match language {
            Language::English => ("holdfast: ", "Next: "),
            Language::Chinese => ("holdfast：", "下一步："),
        };
        let next = self.next_step.as_ref().map(|step| format!("  {label}{step}\n"));
        let missing: String = self.missing.iter().map(|what| format!("  ! {what}\n")).collect();
        format!("{name}{}\n{missing}{}", self.sentence, next.unwrap_or_default())
    }

    fn json(&self) -> Value {
        json!({"error": {
            "kind": self.exit.word(),
            "exit": self.exit as u8,
            "code": self.code,
            "message": self.sentence,
            "next_step": self.next_step,
            "missing": self.missing,
        }})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_ends_with_the_code_of_its_kind() {
        for (status, exit) in [
            (401, Exit::Authentication),
            (403, Exit::Authentication),
            (404, Exit::NotFound),
            (409, Exit::Conflict),
            (503, Exit::Unreachable),
            (504, Exit::TimedOut),
            (500, Exit::Failure),
            (422, Exit::Failure),
        ] {
            assert_eq!(Exit::of_status(status), exit, "{status}");
        }
    }

    #[test]
    fn a_failure_says_what_to_do_next() {
        let failure = Failure::new(Exit::NotFound, "no order N-000000").next_step("check the code");
        assert_eq!(
            failure.render(Language::English, false),
            "holdfast: no order N-000000\n  Next: check the code\n"
        );
        let value: Value = serde_json::from_str(&failure.render(Language::English, true)).unwrap();
        assert_eq!(value["error"]["exit"], 5);
        assert_eq!(value["error"]["kind"], "not_found");
    }
}
