//! Parses command-line values and reports the expected form of an invalid one.

use std::str::FromStr;

use clap::{Arg, Command};
use http::{Uri, uri::Authority};
use texts::{Phrase, Sentence};
use wire::{EdgeId, EventId, Language, Policy, Region};

use crate::{conflicts::ConflictCursor, say, service::PastMoment, wait::WaitCondition};

/// Sets our parsers on all arguments, including subcommands.
pub fn with_value_parsers(command: Command, language: Language) -> Command {
    command
        .mut_args(move |arg| with_value_parser(arg, language))
        .mut_subcommands(move |sub| with_value_parsers(sub, language))
}

/// An argument name has the same type in every command.
fn with_value_parser(arg: Arg, language: Language) -> Arg {
    match arg.get_id().as_str() {
        "url" => arg.value_parser(move |text: &str| parse_address(text, language)),
        "region" => arg.value_parser(parser_for::<Region>(say::expected_region, language)),
        "edge" | "name" | "holder" => {
            arg.value_parser(parser_for::<EdgeId>(say::expected_edge, language))
        }
        "events" => arg.value_parser(parser_for::<EventId>(say::expected_id, language)),
        "policy" => arg.value_parser(parser_for::<Policy>(say::expected_policy, language)),
        "since" => arg.value_parser(moment_parser(language)),
        "conditions" => arg.value_parser(condition_parser(language)),
        "cursor" => arg.value_parser(parser_for::<ConflictCursor>(say::expected_cursor, language)),
        _ => arg,
    }
}

fn parser_for<T: FromStr>(
    expected: Phrase,
    language: Language,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| text.parse().map_err(|_| expected.render_in(language))
}

pub fn moment_parser(language: Language) -> impl Fn(&str) -> Result<PastMoment, String> + Clone {
    parser_for::<PastMoment>(say::expected_moment, language)
}

pub fn condition_parser(
    language: Language,
) -> impl Fn(&str) -> Result<WaitCondition, String> + Clone {
    move |text| WaitCondition::parse(text, language)
}

/// Parses a hand-written gateway address: the scheme is optional, and a trailing slash is allowed.
/// Without a scheme the host needs a port or a dot: a bare name could be anything.
fn parse_address(text: &str, language: Language) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let (full, named) = match text.contains("://") {
        true => (text.to_owned(), true),
        false => (
            format!("http://{text}"),
            text == "localhost" || text.contains(['.', ':']),
        ),
    };
    let read = full.parse::<Uri>().ok().filter(|_| named);
    match read.filter(is_gateway_address) {
        Some(_) => Ok(full),
        None => Err(say::expected_address.render_in(language)),
    }
}

fn is_gateway_address(uri: &Uri) -> bool {
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = uri.path() == "/" && uri.query().is_none();
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    // The host ends the authority, or a numeric port follows it.
    let ends_properly =
        uri.port_u16().is_some() || uri.authority().map(Authority::as_str) == uri.host();
    is_http && is_bare && has_host && ends_properly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_by_hand() {
        let read = |text: &str| parse_address(text, Language::English);
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
