//! Values that people type on the command line, with the expected form of an invalid one.

use std::{fmt, str::FromStr, time::Duration};

use clap::{
    Arg, ArgAction, Args, Command,
    builder::{FalseyValueParser, PossibleValue},
};
use http::{Uri, uri::Authority};
use texts::{Phrase, Sentence};
use wire::{EdgeId, EventId, Language, OrderStatus, Policy, Region, UnixMillis};

use crate::{output::Result, say, style::WIDTH_MIN};

#[derive(Debug, Args)]
pub struct GlobalArgs {
    #[arg(
        long,
        global = true,
        value_name = "GATEWAY",
        env = "HOLDFAST_URL",
        hide_env_values = true
    )]
    pub url: Option<String>,
    #[arg(long, global = true, env = "HOLDFAST_TOKEN_IN_THE_CLEAR", hide_env_values = true,
          action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub token_in_the_clear: bool,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_name = "COLUMNS",
          value_parser = clap::value_parser!(u16).range(i64::from(WIDTH_MIN)..=1000))]
    pub width: Option<u16>,
    #[arg(long, global = true, value_name = "LANGUAGE", ignore_case = true,
          value_parser = [PossibleValue::new("en"), PossibleValue::new("zh-CN").alias("zh")])]
    pub lang: Option<String>,
    #[arg(long, global = true, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
}

impl GlobalArgs {
    pub fn timeout_or(&self, seconds: u64) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(seconds))
    }
}

/// An operator's notation: `2026-11-22T14:00Z`, or `90m`, `2h` or `3d` ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastMoment {
    At(UnixMillis),
    AgoMs(i64),
}

impl FromStr for PastMoment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().to_ascii_uppercase();
        for (unit, unit_ms) in [('M', 60_000), ('H', 3_600_000), ('D', 86_400_000)] {
            if let Some(count) = text.strip_suffix(unit) {
                return parse_age_ms(count, unit_ms).map(Self::AgoMs).ok_or(());
            }
        }
        let full = text.replacen(' ', "T", 1);
        let written = [
            full.clone(),
            full.replace('Z', ":00Z"),
            format!("{full}Z"),
            format!("{full}:00Z"),
        ];
        written
            .iter()
            .find_map(|text| text.parse().ok())
            .map(Self::At)
            .ok_or(())
    }
}

fn parse_age_ms(count: &str, unit_ms: i64) -> Option<i64> {
    let count: i64 = count.parse().ok()?;
    count.checked_mul(unit_ms).filter(|ms| *ms >= 0)
}

impl PastMoment {
    pub fn resolve_at(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(at) => at,
            Self::AgoMs(ms) => now.plus_ms(-ms),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitCondition {
    /// Includes invited edges with an unused code.
    LinksUp,
    /// Every edge, in one region or all, is connected, has no work left and agrees with the cloud.
    Synced(Option<Region>),
    /// No op waits for a decision, at an edge or at the hub.
    Drained,
    Order {
        order: String,
        status: OrderStatus,
    },
}

impl WaitCondition {
    /// Parses a condition, or returns the expected form.
    pub fn parse(text: &str, language: Language) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "links-up" => Ok(Self::LinksUp),
            None if text == "synced" => Ok(Self::Synced(None)),
            None if text == "drained" => Ok(Self::Drained),
            Some(("synced", region)) => match region.parse() {
                Ok(region) => Ok(Self::Synced(Some(region))),
                Err(_) => Err(say::expected_condition_region.render_in(language)),
            },
            Some(("order", rest)) => {
                let read = rest.rsplit_once(':').and_then(|(order, status)| {
                    let status = status.parse().ok()?;
                    Some(Self::Order {
                        order: order.to_owned(),
                        status,
                    })
                });
                read.ok_or_else(|| {
                    let known: Vec<&str> = OrderStatus::ALL
                        .iter()
                        .map(|known| known.as_str())
                        .collect();
                    let statuses = known.join(say::choice_separator.text_in(language)).into();
                    say::expected_condition_status { statuses }.render_in(language)
                })
            }
            _ => Err(say::expected_condition.render_in(language)),
        }
    }
}

impl std::fmt::Display for WaitCondition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LinksUp => f.write_str("links-up"),
            Self::Synced(None) => f.write_str("synced"),
            Self::Synced(Some(region)) => write!(f, "synced={region}"),
            Self::Drained => f.write_str("drained"),
            Self::Order { order, status } => write!(f, "order={order}:{status}"),
        }
    }
}

/// A name for `explain`, such as `lost-12` or `case-7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConflictName {
    Lost(u64),
    Case(u64),
}

impl fmt::Display for ConflictName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(id) => write!(f, "lost-{id}"),
            Self::Case(id) => write!(f, "case-{id}"),
        }
    }
}

impl FromStr for ConflictName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once('-').ok_or(())?;
        let id = id.parse().map_err(|_| ())?;
        match kind {
            "lost" => Ok(Self::Lost(id)),
            "case" => Ok(Self::Case(id)),
            _ => Err(()),
        }
    }
}

/// The end of a page in each list; the next page has older items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConflictCursor {
    pub lost: Option<u64>,
    pub case: Option<u64>,
}

impl fmt::Display for ConflictCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = format_position(self.lost);
        let case = format_position(self.case);
        write!(f, "{lost}.{case}")
    }
}

fn format_position(id: Option<u64>) -> String {
    id.map_or("end".to_owned(), |id| id.to_string())
}

impl FromStr for ConflictCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (lost, case) = text.split_once('.').ok_or(CURSOR_EXPECTED)?;
        Ok(Self {
            lost: parse_position(lost)?,
            case: parse_position(case)?,
        })
    }
}

const CURSOR_EXPECTED: &str = "expected the cursor that the page before named";

fn parse_position(text: &str) -> Result<Option<u64>, &'static str> {
    match text {
        "end" => Ok(None),
        id => id.parse().map(Some).map_err(|_| CURSOR_EXPECTED),
    }
}

/// Sets our parsers on all arguments, including subcommands.
pub(crate) fn with_value_parsers(command: Command, language: Language) -> Command {
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

pub(crate) fn moment_parser(
    language: Language,
) -> impl Fn(&str) -> Result<PastMoment, String> + Clone {
    parser_for::<PastMoment>(say::expected_moment, language)
}

pub(crate) fn condition_parser(
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
    fn a_moment_is_a_time_or_a_while_ago() {
        let at = PastMoment::At("2026-11-22T14:00:00Z".parse().unwrap());
        for text in [
            "2026-11-22T14:00:00Z",
            "2026-11-22 14:00",
            "2026-11-22t14:00z",
        ] {
            assert_eq!(text.parse(), Ok(at), "{text}");
        }
        for (text, minutes) in [("90m", 90), ("2h", 120), ("3D", 3 * 24 * 60)] {
            assert_eq!(
                text.parse(),
                Ok(PastMoment::AgoMs(minutes * 60_000)),
                "{text}"
            );
        }
        for wrong in ["", "h", "-2h", "yesterday", "14:00", "2026-11-22"] {
            assert!(wrong.parse::<PastMoment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_condition_reads_back_and_what_is_none_does_not() {
        for text in [
            "links-up",
            "synced",
            "synced=EAST",
            "drained",
            "order=N-7F3K9Q:accepted",
        ] {
            let read = WaitCondition::parse(text, Language::English).unwrap();
            assert_eq!(read.to_string(), text);
        }
        for bad in [
            "",
            "up",
            "synced=",
            "synced=NOWHERE",
            "order=x",
            "order=x:lost",
            "links-up=1",
        ] {
            assert!(
                WaitCondition::parse(bad, Language::English).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn names_and_cursors_read_back() {
        for name in [ConflictName::Lost(12), ConflictName::Case(7)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for bad in ["lost", "lost-", "won-1", "case-x", "N-7F3K9Q"] {
            assert!(bad.parse::<ConflictName>().is_err(), "{bad}");
        }
        for cursor in [
            ConflictCursor {
                lost: Some(3),
                case: None,
            },
            ConflictCursor {
                lost: None,
                case: Some(9),
            },
        ] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        assert!("3".parse::<ConflictCursor>().is_err());
    }

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
