//! Rules for texts that people submit: trimmed, limited in length, every character visible.
//!
//! Invariant: the cloud and every edge use these rules, so an edge never takes a text that the
//! cloud then refuses for its form.

use serde::{Deserialize, Serialize};
use texts::{Sentence, Text};
use utoipa::ToSchema;

use crate::say;

/// A field to correct, with the reason for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    pub field: String,
    #[serde(rename = "message")]
    pub why: Text,
}

impl FieldError {
    pub fn new(field: &str, why: impl Sentence) -> Self {
        Self {
            field: field.to_owned(),
            why: why.to_text(),
        }
    }
}

/// Lengths count characters, not bytes.
pub(crate) struct FieldLimits {
    pub field: &'static str,
    pub chars_min: usize,
    pub chars_max: usize,
    /// True if line breaks are allowed.
    pub lines: bool,
}

/// The same for a field that the caller names.
#[derive(Debug, Clone, Copy)]
pub struct TextRule {
    pub chars_min: usize,
    pub chars_max: usize,
    pub lines: bool,
}

const REASON: FieldLimits = FieldLimits {
    field: "reason",
    chars_min: 1,
    chars_max: 500,
    lines: true,
};
/// Shown in an order's history in place of a reason.
const NOTE: FieldLimits = FieldLimits {
    field: "note",
    chars_min: 0,
    chars_max: 500,
    lines: true,
};
const COMMENT: FieldLimits = FieldLimits {
    field: "comment",
    chars_min: 0,
    chars_max: 2_000,
    lines: true,
};

pub(crate) fn check_field(text: &str, limits: &FieldLimits) -> Result<String, FieldError> {
    let &FieldLimits {
        field,
        chars_min,
        chars_max,
        lines,
    } = limits;
    check_text(
        field,
        text,
        TextRule {
            chars_min,
            chars_max,
            lines,
        },
    )
}

/// Checks and trims the text of a field that only one service defines.
pub fn check_text(field: &str, text: &str, rule: TextRule) -> Result<String, FieldError> {
    let TextRule {
        chars_min,
        chars_max,
        lines,
    } = rule;
    let text = text.trim();
    let length = text.chars().count();
    if length < chars_min {
        return Err(FieldError::new(field, say::field_required));
    }
    if length > chars_max {
        return Err(FieldError::new(
            field,
            say::field_too_long {
                most: chars_max.into(),
            },
        ));
    }
    if hides_something(text, lines) {
        return Err(FieldError::new(field, say::field_unprintable));
    }
    Ok(text.to_owned())
}

/// Checks the reason for rejecting an order. The customer reads it, so it must not be empty.
pub fn check_reason(reason: &str) -> Result<String, FieldError> {
    check_field(reason, &REASON)
}

/// Checks an optional reason. A blank one counts as absent.
pub fn check_optional_reason(reason: Option<&str>) -> Result<Option<String>, FieldError> {
    match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => check_reason(reason).map(Some),
        None => Ok(None),
    }
}

/// Checks the optional note of a completion. A blank one counts as absent.
pub fn check_optional_note(note: Option<&str>) -> Result<Option<String>, FieldError> {
    let note = check_field(note.unwrap_or_default(), &NOTE)?;
    Ok(Some(note).filter(|note| !note.is_empty()))
}

pub fn check_comment(comment: &str) -> Result<String, FieldError> {
    check_field(comment, &COMMENT)
}

/// Returns true if a character is invisible or changes how others look.
fn hides_something(text: &str, lines: bool) -> bool {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let allowed = match c {
            '\n' | '\r' | '\t' => lines,
            JOINER => {
                before.is_some_and(is_picture) && chars.peek().copied().is_some_and(is_picture)
            }
            c => !c.is_control() && !is_invisible(c),
        };
        if !allowed {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Joins two emoji into one picture, such as a person at work; between letters it only hides.
const JOINER: char = '\u{200d}';

fn is_picture(c: char) -> bool {
    c >= '\u{2190}' && !c.is_alphanumeric()
}

/// Changes the text's direction, breaks it or fills space, and belongs to no word here.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_title(text: &str, expected: Result<&str, &str>) {
        let limits = FieldLimits {
            field: "title",
            chars_min: 1,
            chars_max: 5,
            lines: false,
        };
        let got = check_field(text, &limits);
        let got = got
            .as_deref()
            .map_err(|error| (error.field.as_str(), error.why.en.as_str()));
        assert_eq!(got, expected.map_err(|why| ("title", why)), "{text:?}");
    }

    #[test]
    fn text_is_trimmed_bounded_and_printable() {
        let required = "This is required.";
        let unprintable = "This holds characters that cannot be shown.";
        check_title("  Fix  ", Ok("Fix"));
        check_title("修理水龙头", Ok("修理水龙头"));
        check_title("", Err(required));
        check_title(" \t\n ", Err(required));
        check_title("123456", Err("This takes at most 5 characters."));
        check_title("a\u{7}b", Err(unprintable));
        check_title("a\nb", Err(unprintable));
        check_title("a\u{85}b", Err(unprintable));
    }

    #[test]
    fn nothing_in_it_is_hidden_from_its_reader() {
        let hidden = [
            '\u{ad}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{3164}',
            '\u{feff}',
            '\u{e0041}',
        ];
        for c in hidden {
            for text in [
                format!("a{c}b"),
                format!("水{c}管"),
                format!("{c}"),
                format!("🔧{c}x"),
            ] {
                assert!(
                    check_reason(&text).is_err(),
                    "U+{:04X} in {text:?}",
                    u32::from(c)
                );
            }
        }
        for shown in [
            "👨‍🔧 修理",
            "❤️",
            "👍🏽",
            "Ünïcödé",
            "“é” – …",
            "家　电",
            "a\nb\tc",
        ] {
            assert_eq!(check_reason(shown).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn a_reason_may_have_lines_and_an_empty_one_is_none() {
        assert_eq!(check_reason("two\nlines").as_deref(), Ok("two\nlines"));
        assert!(check_reason(" ").is_err());
        assert!(check_reason(&"x".repeat(501)).is_err());
        assert_eq!(check_optional_reason(None), Ok(None));
        assert_eq!(check_optional_reason(Some("  ")), Ok(None));
        assert_eq!(
            check_optional_reason(Some(" late ")),
            Ok(Some("late".to_owned()))
        );
        assert!(check_optional_reason(Some("\u{0}x")).is_err());
        assert_eq!(check_comment("").as_deref(), Ok(""));
        assert!(check_comment(&"x".repeat(2_001)).is_err());
    }
}
