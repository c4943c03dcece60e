//! How the values on the command line are read, and what is said of one that cannot be.

use clap::{Arg, Command};
use http::{Uri, uri::Authority};
use wire::{EdgeId, Language, Policy, Region};

use crate::{conflicts::Cursor, wait::Condition};

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
        "region" => arg.value_parser(move |text: &str| {
            let chinese = "应为 NORTH、SOUTH、EAST、WEST 或 MID";
            text.parse::<Region>().map_err(|english| pick(language, &english, chinese))
        }),
        "edge" | "name" | "holder" => arg.value_parser(move |text: &str| {
            text.parse::<EdgeId>().map_err(|_| {
                let chinese = "应为形如 north-1 的名称：小写字母、数字和连字符";
                let english = "expected a name such as north-1: small letters, digits and hyphens";
                pick(language, english, chinese)
            })
        }),
        "policy" => arg.value_parser(move |text: &str| {
            let chinese = "应为 optimistic 或 exclusive";
            text.parse::<Policy>().map_err(|english| pick(language, &english, chinese))
        }),
        "conditions" => arg.value_parser(move |text: &str| {
            text.parse::<Condition>().map_err(|wrong| wrong.sentence(language))
        }),
        "cursor" => arg.value_parser(move |text: &str| {
            text.parse::<Cursor>()
                .map_err(|english| pick(language, english, "应为上一页给出的位置"))
        }),
        _ => arg,
    }
}

fn pick(language: Language, english: &str, chinese: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Chinese => chinese.to_owned(),
    }
}

/// A gateway's address as it is written by hand: a scheme may be missing, a slash too many. A single
/// word could be anything, so a host without a scheme has a port or a dot.
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
    // What follows the host is nothing, or a port that is a number.
    let port = |uri: &Uri| {
        uri.port_u16().is_some() || uri.authority().map(Authority::as_str) == uri.host()
    };
    match read.filter(|uri| web(uri) && bare(uri) && host(uri) && port(uri)) {
        Some(_) => Ok(full),
        None => Err(pick(
            language,
            "expected an address such as http://127.0.0.1:8080",
            "应为形如 http://127.0.0.1:8080 的地址",
        )),
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
