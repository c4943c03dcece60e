//! The end of a run: an answer or a failure, with an exit code for scripts and a sentence for
//! people.
//!
//! Invariant: a code never changes its number; stdout carries only the answer.

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use process::{
    problem::{format_error_chain, iter_causes},
    trust,
};
use serde::Serialize;
use serde_json::{Value, json};
use texts::{Arg, Phrase, Sentence};
use wire::Code;

use crate::{
    layout::fit_to_width,
    say,
    style::{OutputStyle, split_next_step},
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
    pub reasons: Box<[String]>,
    /// Opens the second step of a sign-in.
    pub ticket: Option<Box<str>>,
    /// The unmet conditions of `wait`.
    pub missing: Box<[String]>,
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

pub struct CommandOutput {
    pub exit: ExitKind,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    pub fn new(
        style: &OutputStyle,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Self {
        let out = if style.json {
            format!("{:#}\n", json())
        } else {
            text()
        };
        Self {
            exit: ExitKind::Ok,
            out,
            err: String::new(),
        }
    }

    /// Writes both texts. An unwritable answer is a failure.
    pub fn print(self, style: &OutputStyle) -> ExitKind {
        let answered = write_and_flush(io::stdout(), &fit_to_width(self.out, style));
        // If stderr is closed there is no one left to report to.
        let _ = write_and_flush(io::stderr(), &fit_to_width(self.err, style));
        match answered {
            // A reader may close the pipe early, as `head` does.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let failure = CommandFailure::from_write_error(&error, style);
                let _ = write_and_flush(io::stderr(), &fit_to_width(failure.render(style), style));
                failure.exit
            }
            Ok(()) | Err(_) => self.exit,
        }
    }

    /// Returns the gateway's answer, or a sentence with its next step.
    pub fn from_answer(style: &OutputStyle, answer: Value, sentence: impl Sentence) -> Self {
        let (done, step) = split_next_step(style.translate(sentence));
        Self::new(
            style,
            || answer,
            || format!("{done}\n    {}\n", style.format_next_step(&step)),
        )
    }
}

fn write_and_flush(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Falls back to the library's own text, so that the operator still sees a cause.
pub(crate) fn describe_cause(error: &(dyn Error + 'static)) -> Arg {
    match find_cause_phrase(error) {
        Some(phrase) => phrase.into(),
        None => format_error_chain(error).into(),
    }
}

fn find_cause_phrase(error: &(dyn Error + 'static)) -> Option<Phrase> {
    if trust::is_certificate_time_error(error) {
        return Some(say::cause_certificate_time);
    }
    if trust::is_certificate_error(error) {
        return Some(say::cause_certificate);
    }
    if trust::is_tls_error(error) {
        return Some(say::cause_no_tls);
    }
    if iter_causes(error).any(|cause| cause.to_string() == RESOLVER) {
        return Some(say::cause_no_such_host);
    }
    iter_causes(error)
        .filter_map(|cause| cause.downcast_ref())
        .find_map(phrase_for_io_error)
}

/// The HTTP client's text for a failed name lookup, which has no error type.
const RESOLVER: &str = "dns error";

fn phrase_for_io_error(error: &io::Error) -> Option<Phrase> {
    use io::ErrorKind as Kind;
    Some(match error.kind() {
        Kind::ConnectionRefused => say::cause_refused,
        Kind::HostUnreachable | Kind::NetworkUnreachable => say::cause_no_route,
        Kind::TimedOut => say::cause_timed_out,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::UnexpectedEof => say::cause_broken,
        Kind::NotFound => say::cause_no_file,
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => say::cause_not_allowed,
        Kind::StorageFull | Kind::QuotaExceeded => say::cause_disk_full,
        Kind::InvalidData => say::cause_unknown_form,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use texts::Sentence;
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
        let style = OutputStyle::for_pipe(Language::English);
        assert_eq!(
            failure.render(&style),
            "holdfast: no order N-000000\n  Next: check the code\n"
        );
        let value = failure.render(&OutputStyle {
            json: true,
            ..style
        });
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["error"]["exit"], 5);
        assert_eq!(value["error"]["kind"], "not_found");
    }

    fn told(error: &(dyn Error + 'static), language: Language) -> String {
        say::no_password {
            cause: describe_cause(error),
        }
        .render_in(language)
    }

    #[test]
    fn what_the_machine_refuses_is_told_without_its_numbers() {
        for (errno, word) in [
            (111, "nothing listens there"),
            (113, "no way leads there"),
            (101, "no way leads there"),
            (110, "no answer in time"),
            (104, "broke off"),
            (2, "there is no such file"),
            (13, "this user may not"),
            (30, "this user may not"),
            (28, "the disk is full"),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            let text = told(&error, Language::English);
            assert!(text.contains(word), "{errno}: {text}");
            assert!(!text.contains("os error"), "{text}");
            let text = told(&error, Language::Chinese);
            assert!(!text.contains("error"), "{text}");
        }
    }

    #[test]
    fn a_cause_is_found_behind_what_holds_it() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let held = io::Error::other(refused);
        assert!(told(&held, Language::English).contains("nothing listens there"));
    }

    #[test]
    fn what_has_no_words_is_told_as_it_is() {
        let strange = io::Error::other("a wheel came off");
        assert!(told(&strange, Language::English).contains("a wheel came off"));
    }
}
