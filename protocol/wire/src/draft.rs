//! Validation of a draft before a customer may publish it.

use crate::{
    Amount, Draft, UnixMillis, say,
    text::{self, FieldError, FieldLimits},
};

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
    let title = check_text(&draft.title, &TITLE, &mut errors);
    let description = check_text(&draft.description, &DESCRIPTION, &mut errors);
    let address = check_text(&draft.address, &ADDRESS, &mut errors);
    errors.extend(check_price(draft.price));
    errors.extend(check_times(
        draft.service_start_time,
        draft.service_end_time,
    ));
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
fn check_text(text: &str, limits: &FieldLimits, errors: &mut Vec<FieldError>) -> String {
    text::check_field(text, limits).unwrap_or_else(|error| {
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

fn check_times(start: Option<UnixMillis>, end: Option<UnixMillis>) -> Option<FieldError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Region, ServiceType};

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
