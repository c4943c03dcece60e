//! Field rules that several forms share.

use http::Uri;
use wire::{FieldError, TextRule, check_text};

use crate::say;

const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
const PHONE_CHARS_MAX: usize = 30;
const URL_BYTES_MAX: usize = 500;

const fn single_line_rule(chars_min: usize, chars_max: usize) -> TextRule {
    TextRule {
        chars_min,
        chars_max,
        lines: false,
    }
}

pub const NAME: TextRule = single_line_rule(1, 80);
pub const WORD: TextRule = single_line_rule(1, 40);
pub const TITLE: TextRule = single_line_rule(1, 120);
pub const PLACE: TextRule = single_line_rule(0, 60);
pub const STREET: TextRule = single_line_rule(1, 255);
pub const BIO: TextRule = TextRule {
    chars_min: 0,
    chars_max: 1_000,
    lines: true,
};

/// Records the error and continues with an empty value, so that all errors show at once.
pub fn value_or_collect_error<T: Default>(
    checked: Result<T, FieldError>,
    errors: &mut Vec<FieldError>,
) -> T {
    checked.unwrap_or_else(|error| {
        errors.push(error);
        T::default()
    })
}

pub fn check_text_field(
    field: &str,
    text: &str,
    rule: TextRule,
    errors: &mut Vec<FieldError>,
) -> String {
    value_or_collect_error(check_text(field, text, rule), errors)
}

/// Blank counts as absent.
pub fn check_optional_text(
    field: &str,
    given: Option<String>,
    rule: TextRule,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let given = given.filter(|text| !text.trim().is_empty())?;
    Some(check_text_field(field, &given, rule, errors))
}

/// Keeps only the digits and a leading plus.
pub fn check_phone_number(field: &str, text: &str) -> Result<String, FieldError> {
    normalize_phone_number(text).ok_or_else(|| FieldError::new(field, say::phone_needs))
}

fn normalize_phone_number(text: &str) -> Option<String> {
    let text = text.trim();
    let (plus, rest) = text
        .strip_prefix('+')
        .map_or(("", text), |rest| ("+", rest));
    if text.len() > PHONE_CHARS_MAX || !rest.chars().all(is_phone_char) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    PHONE_DIGITS
        .contains(&digits.len())
        .then(|| format!("{plus}{digits}"))
}

fn is_phone_char(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.')
}

/// Accepts only an HTTPS URL without a user name.
pub fn check_https_url(field: &str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if is_plain_https_url(text) {
        Ok(text.to_owned())
    } else {
        Err(FieldError::new(field, say::url_needs))
    }
}

fn is_plain_https_url(text: &str) -> bool {
    if text.len() > URL_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    uri.scheme_str() == Some("https") && authority.contains('.') && !authority.contains('@')
}

pub fn too_many_error(field: &str, count: usize, most: usize) -> Option<FieldError> {
    (count > most).then(|| FieldError::new(field, say::too_many { most: most.into() }))
}

/// Keeps the order.
pub fn remove_duplicates<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(all.len());
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_kept_by_its_digits() {
        for (typed, kept) in [
            ("13800138000", "13800138000"),
            (" +86 138-0013-8000 ", "+8613800138000"),
            ("(0)10 6255.1234", "01062551234"),
        ] {
            assert_eq!(
                check_phone_number("phone_number", typed).as_deref(),
                Ok(kept),
                "{typed}"
            );
        }
        for bad in [
            "",
            "1234",
            "1234567890123456",
            "call me",
            "12345+6",
            "１２３４５６",
        ] {
            assert!(check_phone_number("phone_number", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_picture_is_an_https_address() {
        let good = "https://cdn.example.org/a/b.png?x=1";
        assert_eq!(
            check_https_url("profile_picture_url", good).as_deref(),
            Ok(good)
        );
        for bad in [
            "http://cdn.example.org/a.png",
            "javascript:alert(1)",
            "data:image/svg+xml,x",
            "https://user:word@example.org/",
            "https://localhost/",
            "https://",
            "/a.png",
            "https://example.org/a b",
            &format!("https://example.org/{}", "x".repeat(500)),
        ] {
            assert!(
                check_https_url("profile_picture_url", bad).is_err(),
                "{bad}"
            );
        }
    }
}
