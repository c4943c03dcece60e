//! Owns how output looks: the language, JSON or words, and whether a person reads it at a terminal.
//! Invariant: colour only repeats a word or a shape.

use std::io::IsTerminal;

use texts::Sentence;
use wire::Language;

use crate::say;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub language: Language,
    pub json: bool,
    /// A terminal gets aligned columns; a pipe gets tabs, which `cut` and `awk` read.
    pub terminal: bool,
    pub colour: bool,
}

impl Look {
    /// As a pipe gets it.
    #[cfg(test)]
    pub fn plain(language: Language) -> Self {
        Self { language, json: false, terminal: false, colour: false }
    }

    pub fn of_stdout(language: Language, json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let colour = terminal && !json && !dumb && !set("NO_COLOR");
        Self { language, json, terminal, colour }
    }

    pub fn say(&self, sentence: impl Sentence) -> String {
        sentence.to(self.language)
    }

    pub fn labelled(&self, label: &str, text: &str) -> String {
        self.say(say::labelled { label: label.into(), text: text.into() })
    }

    pub fn next(&self, step: &str) -> String {
        self.say(say::next { step: step.into() })
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        match (self.colour, tone.ansi()) {
            (true, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// A text whose last line is the next step, in its two parts.
pub fn with_step(text: String) -> (String, String) {
    match text.rsplit_once('\n') {
        Some((sentence, step)) => (sentence.to_owned(), step.to_owned()),
        None => (text, String::new()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    Quiet,
    Good,
    Doubtful,
    Bad,
    Heading,
}

impl Tone {
    fn ansi(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Doubtful => Some("33"),
            Self::Bad => Some("31"),
            Self::Heading => Some("1"),
        }
    }
}

/// The language asked for, or the one the environment speaks.
pub fn language(asked: Option<&str>, env: impl Fn(&str) -> Option<String>) -> Language {
    let spoken = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env).find(|text| !text.is_empty())
    };
    let tag = asked.map(str::to_owned).or_else(spoken).unwrap_or_default();
    if tag.to_ascii_lowercase().starts_with("zh") { Language::Chinese } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_environment() {
        let chinese_place = |name: &str| (name == "LANG").then(|| "zh_CN.UTF-8".to_owned());
        assert_eq!(language(None, chinese_place), Language::Chinese);
        assert_eq!(language(Some("en"), chinese_place), Language::English);
        assert_eq!(language(Some("zh-CN"), |_| None), Language::Chinese);
        assert_eq!(language(None, |_| None), Language::English);
        let lc_all = |name: &str| match name {
            "LC_ALL" => Some("C.UTF-8".to_owned()),
            _ => Some("zh_CN.UTF-8".to_owned()),
        };
        assert_eq!(language(None, lc_all), Language::English);
    }

    #[test]
    fn without_colour_nothing_is_painted() {
        let look = Look { terminal: true, ..Look::plain(Language::English) };
        assert_eq!(look.paint(Tone::Bad, "down"), "down");
        assert_eq!(Look { colour: true, ..look }.paint(Tone::Bad, "down"), "\x1b[31mdown\x1b[0m");
    }
}
