//! Owns the end of a run: the exit code that scripts rely on, and the sentence that people read.
//! Invariant: a code keeps its number for ever.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use texts::Sentence;
use wire::Code;

use crate::{
    cause::cause,
    look::{Look, with_step},
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
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    pub exit: ExitKind,
    pub sentence: String,
    pub next_step: Option<String>,
    /// The platform's own code for it, where it gave one.
    pub code: Option<Code>,
    /// How long it asks to be left alone for.
    pub retry_after: Option<Duration>,
    /// What is wrong in particular: a field and the reason, as the platform told it.
    pub reasons: Vec<String>,
    /// The conditions of `wait` that were not met.
    pub missing: Vec<String>,
}

impl Failure {
    pub fn new(exit: ExitKind, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into(), ..Self::default() }
    }

    /// Of a sentence whose last line is the next step.
    pub fn with_step(exit: ExitKind, look: &Look, sentence: impl Sentence) -> Self {
        let (sentence, step) = with_step(look.say(sentence));
        Self::new(exit, sentence).next_step(step)
    }

    /// The same in the words of a command that knows its names.
    pub fn reworded(self, look: &Look, sentence: impl Sentence) -> Self {
        let (sentence, step) = with_step(look.say(sentence));
        Self { sentence, next_step: Some(step), ..self }
    }

    /// The answer that was there could not be written, as on a full disk.
    pub fn unwritten(error: &std::io::Error, look: &Look) -> Self {
        let sentence = say::unwritten { cause: cause(error) };
        Self::with_step(ExitKind::Failure, look, sentence)
    }

    pub fn next_step(self, step: impl Into<String>) -> Self {
        Self { next_step: Some(step.into()), ..self }
    }

    /// The gateway has one code for too many requests, the parts behind it another.
    pub fn is_too_often(&self) -> bool {
        matches!(self.code, Some(Code::RateLimited | Code::TooManyRequests))
    }

    /// The text for the error stream; standard output carries answers only.
    pub fn render(&self, look: &Look) -> String {
        if look.json {
            return format!("{}\n", self.json());
        }
        let sentence = look.say(say::failure { sentence: (&self.sentence).into() });
        let next = self.next_step.as_ref().map(|step| format!("  {}\n", look.next(step)));
        let what = self.reasons.iter().chain(&self.missing);
        let missing: String = what.map(|what| format!("  ! {what}\n")).collect();
        format!("{sentence}\n{missing}{}", next.unwrap_or_default())
    }

    fn json(&self) -> Value {
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
            assert_eq!(ExitKind::of_status(status), exit, "{status}");
        }
    }

    #[test]
    fn a_failure_says_what_to_do_next() {
        let failure =
            Failure::new(ExitKind::NotFound, "no order N-000000").next_step("check the code");
        let look = Look::plain(Language::English);
        assert_eq!(failure.render(&look), "holdfast: no order N-000000\n  Next: check the code\n");
        let value = failure.render(&Look { json: true, ..look });
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["error"]["exit"], 5);
        assert_eq!(value["error"]["kind"], "not_found");
    }
}
