//! Owns how output looks: the language, whether a person watches at a terminal, whether colour helps.
//! Invariant: colour only repeats what a word or a shape already says.

use std::io::IsTerminal;

use wire::Language;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub language: Language,
    /// A terminal gets aligned columns; a pipe gets tabs, which `cut` and `awk` read.
    pub terminal: bool,
    pub colour: bool,
}

impl Look {
    pub fn of_stdout(language: Language) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        Self { language, terminal, colour: terminal && !dumb && !set("NO_COLOR") }
    }

    pub fn pick<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        match self.language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// What stands between a label and what it is of.
    pub fn colon(&self) -> &'static str {
        self.pick(": ", "：")
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        match (self.colour, tone.ansi()) {
            (true, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
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
        let look = Look { language: Language::English, terminal: true, colour: false };
        assert_eq!(look.paint(Tone::Bad, "down"), "down");
        assert_eq!(Look { colour: true, ..look }.paint(Tone::Bad, "down"), "\x1b[31mdown\x1b[0m");
    }
}
