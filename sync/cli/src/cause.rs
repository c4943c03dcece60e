//! Explains in the reader's language, not a library's, why a call, file or terminal failed.

use std::{error::Error, io};

use process::{
    problem::{format_error_chain, iter_causes},
    trust,
};
use texts::{Arg, Phrase};

use crate::say;

/// Falls back to the library's own text, so that the operator still sees a cause.
pub fn describe_cause(error: &(dyn Error + 'static)) -> Arg {
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
