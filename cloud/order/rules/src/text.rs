//! What text a person may hand in: trimmed, within its length, and free of control characters.

use wire::Text;

/// A field that needs correcting, and why, in words for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub why: Text,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { field, why: Text { en: en.into(), zh: zh.into() } }
    }
}

/// Lengths count characters, as a person would.
pub(crate) struct Limits {
    pub field: &'static str,
    pub chars_min: usize,
    pub chars_max: usize,
    /// Whether it may have several lines.
    pub lines: bool,
}

pub(crate) fn check(text: &str, limits: &Limits) -> Result<String, FieldError> {
    let &Limits { field, chars_min, chars_max, lines } = limits;
    let text = text.trim();
    let length = text.chars().count();
    if length < chars_min {
        return Err(FieldError::new(field, "This is required.", "此项为必填。"));
    }
    if length > chars_max {
        let en = format!("This takes at most {chars_max} characters.");
        return Err(FieldError::new(field, en, format!("最多 {chars_max} 个字符。")));
    }
    let allowed = |c: char| !c.is_control() || (lines && matches!(c, '\n' | '\r' | '\t'));
    if !text.chars().all(allowed) {
        let en = "This holds characters that cannot be shown.";
        return Err(FieldError::new(field, en, "含有无法显示的字符。"));
    }
    Ok(text.to_owned())
}

/// Why an order is rejected: the customer reads it, so it must say something.
pub fn check_reason(reason: &str) -> Result<String, FieldError> {
    check(reason, &Limits { field: "reason", chars_min: 1, chars_max: 500, lines: true })
}

/// A reason that may be left out. What is left is no reason, not an empty one.
pub(crate) fn check_optional_reason(reason: Option<&str>) -> Result<Option<String>, FieldError> {
    match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => check_reason(reason).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_title(text: &str, expected: Result<&str, &str>) {
        let limits = Limits { field: "title", chars_min: 1, chars_max: 5, lines: false };
        let got = check(text, &limits);
        let got = got.as_deref().map_err(|error| (error.field, error.why.en.as_str()));
        assert_eq!(got, expected.map_err(|why| ("title", why)), "{text:?}");
    }

    #[test]
    fn text_is_trimmed_bounded_and_printable() {
        let (required, unprintable) =
            ("This is required.", "This holds characters that cannot be shown.");
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
    fn a_reason_may_have_lines_and_an_empty_one_is_none() {
        assert_eq!(check_reason("two\nlines").as_deref(), Ok("two\nlines"));
        assert!(check_reason(" ").is_err());
        assert!(check_reason(&"x".repeat(501)).is_err());
        assert_eq!(check_optional_reason(None), Ok(None));
        assert_eq!(check_optional_reason(Some("  ")), Ok(None));
        assert_eq!(check_optional_reason(Some(" late ")), Ok(Some("late".to_owned())));
        assert!(check_optional_reason(Some("\u{0}x")).is_err());
    }
}
