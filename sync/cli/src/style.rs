//! Output settings: language, JSON or text, terminal or pipe; and how moments, durations and roles
//! read. Invariant: colour only repeats a label or symbol.

use std::io::IsTerminal;

use texts::Sentence;
use wire::{Language, Policy, Role, UnixMillis};

use crate::say;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputStyle {
    pub language: Language,
    pub json: bool,
    /// The terminal's columns, for aligned tables and unbroken words. `None` for a pipe, which gets
    /// tabs for `cut` and `awk`, and lines of any length.
    pub width: Option<usize>,
    pub colour: bool,
}

/// The width if neither the environment nor the terminal gives one.
const WIDTH: u16 = 80;

/// Below this, hardly any command fits on a line.
pub(crate) const WIDTH_MIN: u16 = 40;

impl OutputStyle {
    #[cfg(test)]
    pub fn for_pipe(language: Language) -> Self {
        Self {
            language,
            json: false,
            width: None,
            colour: false,
        }
    }

    /// An explicit `width` also applies to a pipe.
    pub fn for_stdout(language: Language, json: bool, width: Option<u16>) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let named = std::env::var("COLUMNS").ok();
        let width = width.or_else(|| terminal.then(|| terminal_width(named.as_deref())));
        let refuses_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let colour = terminal && !json && !dumb && !refuses_colour;
        let width = width.filter(|_| !json).map(usize::from);
        Self {
            language,
            json,
            width,
            colour,
        }
    }

    pub fn translate(&self, sentence: impl Sentence) -> String {
        sentence.render_in(self.language)
    }

    pub fn format_labelled(&self, label: &str, text: &str) -> String {
        self.translate(say::labelled {
            label: label.into(),
            text: text.into(),
        })
    }

    pub fn format_next_step(&self, step: &str) -> String {
        self.translate(say::next { step: step.into() })
    }

    pub fn paint(&self, tone: TextTone, text: &str) -> String {
        match (self.colour, tone.ansi_code()) {
            (true, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// Prefers `COLUMNS` over the terminal's own width.
fn terminal_width(named: Option<&str>) -> u16 {
    let named = named.and_then(|text| text.trim().parse().ok());
    // A terminal of unknown size reports 0.
    let known = named
        .or_else(query_terminal_columns)
        .filter(|columns| *columns > 0);
    known.map_or(WIDTH, |columns| columns.max(WIDTH_MIN))
}

fn query_terminal_columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(size.ws_col)
}

/// Splits off the last line, which is the next step.
pub(crate) fn split_next_step(text: String) -> (String, String) {
    match text.rsplit_once('\n') {
        Some((sentence, step)) => (sentence.to_owned(), step.to_owned()),
        None => (text, String::new()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextTone {
    #[default]
    Plain,
    Quiet,
    Good,
    Doubtful,
    Bad,
    Heading,
    /// For images made of blocks, whatever the terminal's own colours are.
    WhiteOnBlack,
}

impl TextTone {
    fn ansi_code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Doubtful => Some("33"),
            Self::Bad => Some("31"),
            Self::Heading => Some("1"),
            Self::WhiteOnBlack => Some("97;40"),
        }
    }
}

/// Prefers the requested language over the environment's.
pub(crate) fn choose_language(
    asked: Option<&str>,
    env: impl Fn(&str) -> Option<String>,
) -> Language {
    let tag = asked
        .map(str::to_owned)
        .or_else(|| find_env_locale(env))
        .unwrap_or_default();
    if tag.to_ascii_lowercase().starts_with("zh") {
        Language::Chinese
    } else {
        Language::English
    }
}

fn find_env_locale(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(env)
        .find(|text| !text.is_empty())
}

/// Formats at most two units, such as `3m 12s`.
pub(crate) fn format_duration(ms: i64) -> String {
    let seconds = ms / 1000;
    let minutes = seconds / 60;
    let hours = seconds / 3600;
    let days = seconds / 86_400;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// Formats a gap, in milliseconds below one second because collisions are that close.
pub(crate) fn format_gap(ms: i64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else {
        format_duration(ms)
    }
}

/// Formats a moment in UTC, to the millisecond.
pub(crate) fn format_moment(at: UnixMillis) -> String {
    at.to_string().replacen('T', " ", 1)
}

pub(crate) fn role_word(role: Role, style: &OutputStyle) -> String {
    style.translate(say::role {
        role: role.as_str().into(),
    })
}

pub(crate) fn policy_word(policy: Policy, style: &OutputStyle) -> String {
    style.translate(say::policy {
        policy: policy.as_str().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_environment() {
        let chinese_place = |name: &str| (name == "LANG").then(|| "zh_CN.UTF-8".to_owned());
        assert_eq!(choose_language(None, chinese_place), Language::Chinese);
        assert_eq!(
            choose_language(Some("en"), chinese_place),
            Language::English
        );
        assert_eq!(choose_language(Some("zh-CN"), |_| None), Language::Chinese);
        assert_eq!(choose_language(None, |_| None), Language::English);
        let lc_all = |name: &str| match name {
            "LC_ALL" => Some("C.UTF-8".to_owned()),
            _ => Some("zh_CN.UTF-8".to_owned()),
        };
        assert_eq!(choose_language(None, lc_all), Language::English);
    }

    #[test]
    fn the_environment_names_the_width_before_the_terminal_does() {
        assert_eq!(terminal_width(Some("120")), 120);
        assert_eq!(terminal_width(Some("3")), WIDTH_MIN);
        // A test's stdout is not a terminal.
        assert_eq!(terminal_width(Some("wide")), WIDTH);
        assert_eq!(terminal_width(None), WIDTH);
    }

    #[test]
    fn without_colour_nothing_is_painted() {
        let style = OutputStyle {
            width: Some(80),
            ..OutputStyle::for_pipe(Language::English)
        };
        assert_eq!(style.paint(TextTone::Bad, "down"), "down");
        assert_eq!(
            OutputStyle {
                colour: true,
                ..style
            }
            .paint(TextTone::Bad, "down"),
            "\x1b[31mdown\x1b[0m"
        );
    }

    #[test]
    fn durations_say_what_matters() {
        for (ms, text) in [
            (0, "0s"),
            (999, "0s"),
            (59_999, "59s"),
            (192_000, "3m 12s"),
            (3_600_000, "1h 0m"),
            (90_000_000, "1d 1h"),
        ] {
            assert_eq!(format_duration(ms), text);
        }
        assert_eq!(
            [format_gap(23), format_gap(999), format_gap(1_000)],
            ["23 ms", "999 ms", "1s"]
        );
        assert_eq!(
            format_moment(UnixMillis(1_764_000_000_123)),
            "2025-11-24 16:00:00.123Z"
        );
    }
}
