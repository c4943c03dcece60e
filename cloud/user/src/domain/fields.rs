//! Field rules that several forms share: lengths, phone numbers, URLs, and names that could pass
//! for platform staff and so trick a person into handing over a code or a password.
//!
//! Compares such names by their looks, not their spelling: ignores case, signs and gaps, and reads
//! digits and letters of other scripts as the Latin letters they resemble. Normalises the word list
//! the same way.

use std::sync::LazyLock;

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

pub(super) const NAME: TextRule = single_line_rule(1, 80);
pub(super) const WORD: TextRule = single_line_rule(1, 40);
pub(super) const TITLE: TextRule = single_line_rule(1, 120);
pub(super) const PLACE: TextRule = single_line_rule(0, 60);
pub(super) const STREET: TextRule = single_line_rule(1, 255);
pub(super) const BIO: TextRule = TextRule {
    chars_min: 0,
    chars_max: 1_000,
    lines: true,
};

/// Records the error and continues with an empty value, so that all errors show at once.
pub(super) fn value_or_collect_error<T: Default>(
    checked: Result<T, FieldError>,
    errors: &mut Vec<FieldError>,
) -> T {
    checked.unwrap_or_else(|error| {
        errors.push(error);
        T::default()
    })
}

pub(super) fn check_text_field(
    field: &str,
    text: &str,
    rule: TextRule,
    errors: &mut Vec<FieldError>,
) -> String {
    value_or_collect_error(check_text(field, text, rule), errors)
}

/// Blank counts as absent.
pub(super) fn check_optional_text(
    field: &str,
    given: Option<String>,
    rule: TextRule,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let given = given.filter(|text| !text.trim().is_empty())?;
    Some(check_text_field(field, &given, rule, errors))
}

/// Keeps only the digits and a leading plus.
pub(super) fn check_phone_number(field: &str, text: &str) -> Result<String, FieldError> {
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
pub(super) fn check_https_url(field: &str, text: &str) -> Result<String, FieldError> {
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

pub(super) fn too_many_error(field: &str, count: usize, most: usize) -> Option<FieldError> {
    (count > most).then(|| FieldError::new(field, say::too_many { most: most.into() }))
}

/// Keeps the order.
pub(super) fn remove_duplicates<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(all.len());
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

/// One word a line. Latin words count alone or among companions, all others anywhere in a name.
const WORDS: &str = include_str!("staff_words.txt");
/// Companions of a listed word: `Support Team`, `SupportTeam`.
const COMPANIONS: [&str; 9] = [
    "team", "desk", "service", "services", "center", "centre", "platform", "the", "online",
];
/// The brand counts even inside a longer word.
const BRAND: &str = "holdfast";
/// A surname that ends in the first character of a listed word; a given name may begin with the
/// second.
const SURNAME: &str = "\u{4e0a}\u{5b98}";

static STAFF: LazyLock<StaffWords> = LazyLock::new(StaffWords::load_list);

struct StaffWords {
    latin: Vec<String>,
    other: Vec<String>,
    companions: Vec<String>,
    brand: String,
}

pub(super) fn pretends_to_be_staff(name: &str) -> bool {
    let signs: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let signs = signs.replace(SURNAME, "");
    if STAFF.other.iter().any(|word| signs.contains(word.as_str())) {
        return true;
    }
    let words = split_words(name);
    let is_alone = words.iter().any(|word| {
        STAFF.is_staff(&to_lookalike_letters(word))
            || STAFF.is_staff(&to_lookalike_letters(trim_digits(word)))
    });
    // The list has `Customer Service` in one piece.
    is_alone
        || words.windows(2).any(|pair| {
            STAFF.splits_into_listed_words(&to_lookalike_letters(&pair.concat()), false)
        })
}

impl StaffWords {
    fn load_list() -> Self {
        let (latin, other): (Vec<&str>, Vec<&str>) =
            WORDS.split_whitespace().partition(|word| word.is_ascii());
        Self {
            latin: latin.into_iter().map(to_lookalike_letters).collect(),
            other: other.into_iter().map(str::to_owned).collect(),
            companions: COMPANIONS.map(to_lookalike_letters).to_vec(),
            brand: to_lookalike_letters(BRAND),
        }
    }

    fn is_staff(&self, word: &str) -> bool {
        word.contains(&self.brand) || self.splits_into_listed_words(word, false)
    }

    /// Returns true if the text splits into listed words and companions, at least one of them
    /// listed.
    fn splits_into_listed_words(&self, word: &str, has_staff: bool) -> bool {
        if word.is_empty() {
            return has_staff;
        }
        let mut after_staff = self
            .latin
            .iter()
            .filter_map(|begin| word.strip_prefix(begin.as_str()));
        let mut after_companion = self
            .companions
            .iter()
            .filter_map(|begin| word.strip_prefix(begin.as_str()));
        after_staff.any(|rest| self.splits_into_listed_words(rest, true))
            || after_companion.any(|rest| self.splits_into_listed_words(rest, has_staff))
    }
}

/// Splits a name at gaps. Joins single letters in a row: `A d m i n`.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_spelled = false;
    for word in name.split(is_gap).filter(|word| !word.is_empty()) {
        let is_letter = word.chars().count() == 1;
        match words.last_mut() {
            Some(last) if is_letter && is_spelled => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        is_spelled = is_letter;
    }
    words
}

/// Signs that replace letters are not gaps.
fn is_gap(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '@' | '$' | '|' | '!')
}

fn trim_digits(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_numeric())
}

/// The Latin letters that a text resembles. I, L and their look-alikes all become `i`.
fn to_lookalike_letters(word: &str) -> String {
    let letters: String = word
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(to_lookalike_letter)
        .collect();
    letters.replace("rn", "m").replace("vv", "w")
}

#[rustfmt::skip]
fn to_lookalike_letter(c: char) -> Option<char> {
    Some(match to_half_width(c) {
        // Combining marks above and below a letter.
        '\u{300}'..='\u{36f}' => return None,
        '0' | '\u{43e}' | '\u{3bf}' | '\u{f2}'..='\u{f6}' | '\u{f8}' | '\u{14d}' => 'o',
        '1' | 'l' | '|' | '!' | '\u{456}' | '\u{4cf}' | '\u{3b9}' | '\u{131}' | '\u{ec}'..='\u{ef}' | '\u{12b}' => 'i',
        '3' | '\u{435}' | '\u{451}' | '\u{3b5}' | '\u{e8}'..='\u{eb}' | '\u{113}' => 'e',
        '4' | '@' | '\u{430}' | '\u{3b1}' | '\u{e0}'..='\u{e5}' | '\u{101}' => 'a',
        '5' | '$' | '\u{455}' | '\u{15b}' | '\u{161}' => 's',
        '7' | '\u{442}' | '\u{3c4}' => 't',
        '8' => 'b',
        '\u{440}' | '\u{3c1}' => 'p',
        '\u{441}' | '\u{e7}' | '\u{107}' | '\u{10d}' => 'c',
        '\u{445}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{3c5}' | '\u{f9}'..='\u{fc}' | '\u{16b}' => 'u',
        '\u{43c}' => 'm',
        '\u{43d}' | '\u{4bb}' => 'h',
        '\u{43f}' | '\u{3b7}' | '\u{f1}' => 'n',
        '\u{501}' => 'd',
        c => c,
    })
}

/// Maps a full-width letter or digit of a Chinese keyboard to ASCII.
fn to_half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
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

    #[test]
    fn a_name_that_looks_like_the_staffs_is_known_however_it_is_written() {
        for name in [
            "Admin",
            "ADMIN",
            "Admin 2",
            "admin24",
            "4dm1n",
            "Adm!n",
            "A d m i n",
            "A.d.m.i.n",
            "Аdmin",
            "аdміn",
            "Àdmín",
            "ａｄｍｉｎ",
            "Adrnin",
            "Li Si (Admin)",
            "AdminTeam",
            "Holdfast",
            "H0ldfast",
            "HoIdfast Pay",
            "MyHoldfastHelp",
            "Support",
            "5upp0rt",
            "supp0rt24",
            "The Support Team",
            "Customer_Service",
            "Customer Service Li Si",
            "OfficialSupport",
            "Moderator",
            "客服",
            "客 服 小王",
            "在线客服01",
            "管理员",
            "官方",
            "官方-小李",
        ] {
            assert!(pretends_to_be_staff(name), "{name}");
        }
    }

    #[test]
    fn names_of_people_and_trades_are_left_alone() {
        for name in [
            "Li Si",
            "A",
            "Badminton Coach Wang",
            "Adminov",
            "Supporter of Trees",
            "Stafford Repair",
            "Officialdom",
            "Service Team Lake Road",
            "Desk Service",
            "Martin Reed",
            "上官方平",
            "王客",
            "李管理",
            "方官",
            "Надежда",
            "",
        ] {
            assert!(!pretends_to_be_staff(name), "{name}");
        }
    }
}
