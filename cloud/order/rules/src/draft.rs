//! What a customer may publish.

use wire::{Draft, UnixMillis};

use crate::text::{self, FieldError, Limits};

const TITLE: Limits = Limits { field: "title", chars_min: 1, chars_max: 120, lines: false };
const DESCRIPTION: Limits =
    Limits { field: "description", chars_min: 0, chars_max: 4_000, lines: true };
const ADDRESS: Limits = Limits { field: "address", chars_min: 1, chars_max: 300, lines: false };

/// The draft as it will be kept, or every field that needs correcting, so that a person corrects them
/// in one go.
pub fn check_draft(draft: &Draft) -> Result<Draft, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut take = |checked: Result<String, FieldError>| {
        checked.unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        })
    };
    let title = take(text::check(&draft.title, &TITLE));
    let description = take(text::check(&draft.description, &DESCRIPTION));
    let address = take(text::check(&draft.address, &ADDRESS));
    if !draft.price.is_positive() {
        errors.push(FieldError::new("price", "The price must be above zero.", "价格必须大于零。"));
    }
    errors.extend(wrong_times(draft.service_start_time, draft.service_end_time));
    let kept = Draft { title, description, address, ..draft.clone() };
    if errors.is_empty() { Ok(kept) } else { Err(errors) }
}

fn wrong_times(start: Option<UnixMillis>, end: Option<UnixMillis>) -> Option<FieldError> {
    let field = "service_end_time";
    match (start, end) {
        (Some(start), Some(end)) if end <= start => Some(FieldError::new(
            field,
            "The end must be after the start.",
            "结束时间必须晚于开始时间。",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::{Amount, Currency, Region, ServiceType};

    use super::*;

    fn draft() -> Draft {
        Draft {
            title: " Fix a tap ".into(),
            description: "It drips.\nBring tools.".into(),
            service_type: ServiceType::CleaningRepair,
            price: Amount::from_minor(20_000).unwrap(),
            currency: Currency::Cny,
            location: Region::North,
            address: " 1 Lake Road ".into(),
            service_start_time: None,
            service_end_time: None,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Draft), wrong: &[&str]) {
        let mut draft = draft();
        change(&mut draft);
        let errors = check_draft(&draft).err().unwrap_or_default();
        assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), wrong, "{draft:?}");
    }

    #[test]
    fn a_good_draft_is_kept_trimmed() {
        let kept = check_draft(&draft()).unwrap();
        assert_eq!((kept.title.as_str(), kept.address.as_str()), ("Fix a tap", "1 Lake Road"));
        assert_eq!(kept.description, "It drips.\nBring tools.");
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        check(|d| d.title = "x".repeat(120), &[]);
        check(|d| d.title = "x".repeat(121), &["title"]);
        check(|d| d.title = "a\u{1b}[2J".into(), &["title"]);
        check(|d| d.description = "水".repeat(4_000), &[]);
        check(|d| d.description = "水".repeat(4_001), &["description"]);
        check(|d| d.description = String::new(), &[]);
        check(|d| d.address = "x".repeat(301), &["address"]);
        check(|d| d.address = "  ".into(), &["address"]);
        check(|d| d.price = Amount::from_minor(0).unwrap(), &["price"]);
        check(|d| d.price = Amount::from_minor(-1).unwrap(), &["price"]);
        check(|d| d.price = Amount::from_minor(1).unwrap(), &[]);
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
    }
}
