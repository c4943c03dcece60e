//! Reads the values on the command line, and names the form expected of one that cannot be read.

use std::str::FromStr;

use clap::{Arg, Command};
use http::{Uri, uri::Authority};
use texts::{Phrase, Sentence};
use wire::{EdgeId, EventId, Language, Policy, Region};

use crate::{conflicts::ConflictCursor, say, service::PastMoment, wait::Condition};

/// Every argument of the command and of those below it that is read by us.
pub fn read_in(command: Command, language: Language) -> Command {
    command
        .mut_args(move |arg| read(arg, language))
        .mut_subcommands(move |sub| read_in(sub, language))
}

/// An argument of one name is of one kind everywhere.
fn read(arg: Arg, language: Language) -> Arg {
    match arg.get_id().as_str() {
        "url" => arg.value_parser(move |text: &str| address(text, language)),
        "region" => arg.value_parser(parsed::<Region>(say::expected_region, language)),
        "edge" | "name" | "holder" => {
            arg.value_parser(parsed::<EdgeId>(say::expected_edge, language))
        }
        "events" => arg.value_parser(parsed::<EventId>(say::expected_id, language)),
        "policy" => arg.value_parser(parsed::<Policy>(say::expected_policy, language)),
        "since" => arg.value_parser(moment(language)),
        "conditions" => arg.value_parser(condition(language)),
        "cursor" => arg.value_parser(parsed::<ConflictCursor>(say::expected_cursor, language)),
        _ => arg,
    }
}

fn parsed<T: FromStr>(
    expected: Phrase,
    language: Language,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| text.parse().map_err(|_| expected.to(language))
}

pub fn moment(language: Language) -> impl Fn(&str) -> Result<PastMoment, String> + Clone {
    parsed::<PastMoment>(say::expected_moment, language)
}

pub fn condition(language: Language) -> impl Fn(&str) -> Result<Condition, String> + Clone {
    move |text| Condition::read(text, language)
}

/// A gateway's address as it is written by hand: a scheme may be missing, a slash too many. A
/// single word could be anything, so a host without a scheme has a port or a dot.
fn address(text: &str, language: Language) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let (full, named) = match text.contains("://") {
        true => (text.to_owned(), true),
        false => (format!("http://{text}"), text == "localhost" || text.contains(['.', ':'])),
    };
    let read = full.parse::<Uri>().ok().filter(|_| named);
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = |uri: &Uri| uri.path() == "/" && uri.query().is_none();
    let host = |uri: &Uri| uri.host().is_some_and(|host| !host.is_empty());
    // Nothing follows the host, or a port that is a number.
    let port = |uri: &Uri| {
        uri.port_u16().is_some() || uri.authority().map(Authority::as_str) == uri.host()
    };
    match read.filter(|uri| web(uri) && bare(uri) && host(uri) && port(uri)) {
        Some(_) => Ok(full),
        None => Err(say::expected_address.to(language)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_by_hand() {
        let read = |text: &str| address(text, Language::English);
        for (typed, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://holdfast.example", "https://holdfast.example"),
            ("gateway.example", "http://gateway.example"),
            ("gateway:8080", "http://gateway:8080"),
            ("localhost", "http://localhost"),
            ("http://gateway", "http://gateway"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(expected), "{typed}");
        }
        for wrong in [
            "notaurl",
            "",
            " ",
            "http://",
            "ftp://a.b",
            "a b.c",
            "a.b/path",
            "a.b?x=1",
            "a:port",
            "://a.b",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
