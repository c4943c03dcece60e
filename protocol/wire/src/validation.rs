//! Validation of people's input: texts are trimmed, limited in length and visible in every
//! character, and a draft must pass before a customer may publish it.
//!
//! Invariant: the cloud and every edge use these rules, so an edge never takes a text that the
//! cloud then refuses for its form.

use serde::{Deserialize, Serialize};
use texts::{Sentence, Text};
use utoipa::ToSchema;

use crate::{
    money::Amount,
    order::{Draft, ERASED_TITLE},
    photo::{JOB_PHOTOS_MAX, PhotoRef, are_photos, is_photo},
    say,
    time::UnixMillis,
};

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
struct FieldLimits {
    field: &'static str,
    chars_min: usize,
    chars_max: usize,
    /// True if line breaks are allowed.
    lines: bool,
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
const PROPOSAL_NOTE: FieldLimits = FieldLimits {
    field: "note",
    chars_min: 0,
    chars_max: 300,
    lines: true,
};
const MESSAGE: FieldLimits = FieldLimits {
    field: "text",
    chars_min: 0,
    chars_max: 1_000,
    lines: true,
};
const COMMENT: FieldLimits = FieldLimits {
    field: "comment",
    chars_min: 0,
    chars_max: 2_000,
    lines: true,
};

fn check_field(text: &str, limits: &FieldLimits) -> Result<String, FieldError> {
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

/// Checks the note on a proposal of another time. A blank one counts as absent.
pub fn check_proposal_note(note: Option<&str>) -> Result<Option<String>, FieldError> {
    let note = check_field(note.unwrap_or_default(), &PROPOSAL_NOTE)?;
    Ok(Some(note).filter(|note| !note.is_empty()))
}

/// Checks a message from one person of an order to the other. It has a text, a photo or both.
pub fn check_message(text: &str, photo: Option<PhotoRef>) -> Result<String, FieldError> {
    if photo.is_some_and(|photo| !is_photo(photo)) {
        return Err(FieldError::new("photo", say::photo_wrong));
    }
    let text = check_field(text, &MESSAGE)?;
    if text.is_empty() && photo.is_none() {
        return Err(FieldError::new(MESSAGE.field, say::field_required));
    }
    Ok(text)
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

/// Years that every reader of the order can represent.
const TIMES: std::ops::RangeInclusive<UnixMillis> = UnixMillis(0)..=UnixMillis(253_370_764_800_000);

const TITLE: FieldLimits = FieldLimits {
    field: "title",
    chars_min: 1,
    chars_max: 255,
    lines: false,
};
const DESCRIPTION: FieldLimits = FieldLimits {
    field: "description",
    chars_min: 0,
    chars_max: 4_000,
    lines: true,
};
const ADDRESS: FieldLimits = FieldLimits {
    field: "address",
    chars_min: 1,
    chars_max: 300,
    lines: false,
};

/// Returns the normalised draft, or every field error at once, so that one round of corrections is
/// enough.
pub fn check_draft(draft: &Draft) -> Result<Draft, Vec<FieldError>> {
    let mut errors = Vec::new();
    let title = check_draft_text(&draft.title, &TITLE, &mut errors);
    let description = check_draft_text(&draft.description, &DESCRIPTION, &mut errors);
    let address = check_draft_text(&draft.address, &ADDRESS, &mut errors);
    // Pages show an order with this title as one whose customer deleted their account.
    if title == ERASED_TITLE {
        errors.push(FieldError::new("title", say::title_without_words));
    }
    errors.extend(check_price(draft.price));
    errors.extend(check_times(
        draft.service_start_time,
        draft.service_end_time,
    ));
    errors.extend(check_job_photos(&draft.photos));
    let kept = Draft {
        title,
        description,
        address,
        ..draft.clone()
    };
    if errors.is_empty() {
        Ok(kept)
    } else {
        Err(errors)
    }
}

/// Returns the normalised text, or an empty one with its error in `errors`.
fn check_draft_text(text: &str, limits: &FieldLimits, errors: &mut Vec<FieldError>) -> String {
    check_field(text, limits).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    })
}

/// A frame may carry a price that the form would reject, so the range is checked again.
fn check_price(price: Amount) -> Option<FieldError> {
    if !price.is_positive() {
        return Some(FieldError::new("price", say::price_too_low));
    }
    let too_high = Amount::from_minor(price.minor_units()).is_err();
    too_high.then(|| FieldError::new("price", say::price_too_high))
}

/// Checks the times of an order.
pub fn check_times(start: Option<UnixMillis>, end: Option<UnixMillis>) -> Option<FieldError> {
    let named = [("service_start_time", start), ("service_end_time", end)];
    let out_of_range = named
        .into_iter()
        .find(|(_, at)| at.is_some_and(|at| !TIMES.contains(&at)));
    if let Some((field, _)) = out_of_range {
        return Some(FieldError::new(field, say::time_out_of_range));
    }
    let backwards = start.zip(end).is_some_and(|(start, end)| end <= start);
    backwards.then(|| FieldError::new("service_end_time", say::time_backwards))
}

/// The check of the photos of a job that is published.
fn check_job_photos(photos: &[PhotoRef]) -> Option<FieldError> {
    let is_valid = are_photos(photos, JOB_PHOTOS_MAX);
    (!is_valid).then(|| FieldError::new("photos", say::job_photos_wrong))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hash, Region, ServiceType};

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

    fn draft() -> Draft {
        let price = Amount::from_minor(20_000).unwrap();
        let work = ServiceType::CleaningRepair;
        Draft {
            description: "It drips.\nBring tools.".into(),
            ..Draft::new(" Fix a tap ", work, price, Region::North, " 1 Lake Road ")
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Draft), wrong: &[&str]) {
        let mut draft = draft();
        change(&mut draft);
        let errors = check_draft(&draft).err().unwrap_or_default();
        assert_eq!(
            errors
                .iter()
                .map(|error| error.field.as_str())
                .collect::<Vec<_>>(),
            wrong,
            "{draft:?}"
        );
    }

    #[test]
    fn a_good_draft_is_kept_trimmed() {
        let kept = check_draft(&draft()).unwrap();
        assert_eq!(
            (kept.title.as_str(), kept.address.as_str()),
            ("Fix a tap", "1 Lake Road")
        );
        assert_eq!(kept.description, "It drips.\nBring tools.");
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        check(|d| d.title = "水".repeat(255), &[]);
        check(|d| d.title = "x".repeat(256), &["title"]);
        check(|d| d.title = "a\u{1b}[2J".into(), &["title"]);
        check(|d| d.title = "a\u{202e}b".into(), &["title"]);
        check(|d| d.title = format!(" {ERASED_TITLE} "), &["title"]);
        check(|d| d.title = format!(" {ERASED_TITLE} "), &["title"]);
        check(|d| d.description = "a\u{200b}b".into(), &["description"]);
        check(|d| d.address = "a\u{2066}b".into(), &["address"]);
        check(|d| d.description = "水".repeat(4_000), &[]);
        check(|d| d.description = "水".repeat(4_001), &["description"]);
        check(|d| d.description = String::new(), &[]);
        check(|d| d.address = "x".repeat(301), &["address"]);
        check(|d| d.address = "  ".into(), &["address"]);
        check(|d| d.price = Amount::from_minor(0).unwrap(), &["price"]);
        check(|d| d.price = Amount::from_minor(-1).unwrap(), &["price"]);
        check(|d| d.price = Amount::from_minor(1).unwrap(), &[]);
        let beyond: Amount = minicbor::decode(&minicbor::to_vec(i64::MAX).unwrap()).unwrap();
        check(|d| d.price = beyond, &["price"]);
        let photo = |n: u8| PhotoRef {
            hash: Hash([n; 32]),
            bytes: 1,
        };
        check(|d| d.photos = (0..4).map(photo).collect(), &[]);
        check(|d| d.photos = (0..5).map(photo).collect(), &["photos"]);
        check(|d| d.photos = vec![photo(1), photo(1)], &["photos"]);
        let all = |d: &mut Draft| {
            d.title.clear();
            d.address.clear();
            d.price = Amount::from_minor(0).unwrap();
            d.service_start_time = Some(UnixMillis(2));
            d.service_end_time = Some(UnixMillis(1));
        };
        check(all, &["title", "address", "price", "service_end_time"]);
    }

    #[test]
    fn a_service_ends_after_it_starts() {
        let times = |start: Option<i64>, end: Option<i64>| {
            move |d: &mut Draft| {
                d.service_start_time = start.map(UnixMillis);
                d.service_end_time = end.map(UnixMillis);
            }
        };
        check(times(None, None), &[]);
        check(times(Some(5), None), &[]);
        check(times(Some(5), Some(6)), &[]);
        check(times(Some(5), Some(5)), &["service_end_time"]);
        check(times(Some(5), Some(4)), &["service_end_time"]);
        check(times(None, Some(4)), &[]);
        check(times(Some(-1), None), &["service_start_time"]);
        check(times(Some(5), Some(i64::MAX)), &["service_end_time"]);
    }
}
