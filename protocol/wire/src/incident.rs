//! A provider's report that something happened at a job, and the customer's answer to a proposal of
//! more work.
//!
//! Invariant: both are on record only. They change neither the order's status nor its money: agreed
//! work is paid as a separate order.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ids::CommandId,
    money::Amount,
    say,
    validation::{FieldError, check_optional_note},
};

/// Reports of one provider on one order.
pub const INCIDENTS_MAX: usize = 5;

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    IncidentKind {
        RunningLate = 0 "running_late",
        NobodyHome = 1 "nobody_home",
        /// The provider names a price, and the customer answers.
        MoreWork = 2 "more_work",
        Other = 3 "other",
    }
}

words_from_text!(IncidentKind);

/// A report in an order's history. Its text is the entry's reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentReport {
    pub kind: IncidentKind,
    /// The price of more work, in the order's currency. Other kinds have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_price: Option<Amount>,
}

/// The customer's answer to a report of more work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentAnswer {
    /// The command of the report.
    pub incident: CommandId,
    pub agreed: bool,
}

/// Checks a report and returns its text. A blank one counts as absent.
pub fn check_incident(
    report: IncidentReport,
    note: Option<&str>,
) -> Result<Option<String>, FieldError> {
    match check_extra_price(report) {
        Some(error) => Err(error),
        None => check_optional_note(note),
    }
}

/// The error in the price of a report, if there is one.
pub fn check_extra_price(report: IncidentReport) -> Option<FieldError> {
    let wrong = match (report.kind, report.extra_price) {
        (IncidentKind::MoreWork, None) => say::extra_price_missing,
        (IncidentKind::MoreWork, Some(price)) => return check_price_range(price),
        (_, Some(_)) => say::extra_price_unexpected,
        (_, None) => return None,
    };
    Some(FieldError::new("extra_price", wrong))
}

/// A frame may carry a price out of range.
fn check_price_range(price: Amount) -> Option<FieldError> {
    if !price.is_positive() {
        return Some(FieldError::new("extra_price", say::price_too_low));
    }
    let too_high = Amount::from_minor(price.minor_units()).is_err();
    too_high.then(|| FieldError::new("extra_price", say::price_too_high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: IncidentKind, price: Option<i64>, wrong: Option<&str>) {
        let extra_price = price.map(|minor| minicbor::to_vec(minor).unwrap());
        let extra_price = extra_price.map(|bytes| minicbor::decode(&bytes).unwrap());
        let found = check_extra_price(IncidentReport { kind, extra_price });
        let found = found.as_ref().map(|error| error.why.en.as_str());
        assert_eq!(found, wrong, "{kind} at {price:?}");
    }

    #[test]
    fn more_work_has_a_price_and_nothing_else_does() {
        check(IncidentKind::MoreWork, Some(1), None);
        check(IncidentKind::MoreWork, Some(Amount::MAX_MINOR), None);
        let missing = "Name the price of the extra work.";
        check(IncidentKind::MoreWork, None, Some(missing));
        let too_low = Some("The price must be above zero.");
        check(IncidentKind::MoreWork, Some(0), too_low);
        check(IncidentKind::MoreWork, Some(-1), too_low);
        let too_high = Some("The price is too high.");
        check(IncidentKind::MoreWork, Some(i64::MAX), too_high);
        for kind in [
            IncidentKind::RunningLate,
            IncidentKind::NobodyHome,
            IncidentKind::Other,
        ] {
            check(kind, None, None);
            check(kind, Some(1), Some("Only more work has a price."));
        }
    }

    #[test]
    fn a_text_is_as_long_as_the_note_of_a_completion() {
        let late = IncidentReport {
            kind: IncidentKind::RunningLate,
            extra_price: None,
        };
        assert_eq!(check_incident(late, None), Ok(None));
        assert_eq!(check_incident(late, Some(" \n")), Ok(None));
        let text = check_incident(late, Some(" The bridge is closed. "));
        assert_eq!(text, Ok(Some("The bridge is closed.".to_owned())));
        assert!(check_incident(late, Some(&"水".repeat(500))).is_ok());
        assert!(check_incident(late, Some(&"水".repeat(501))).is_err());
        assert!(check_incident(late, Some("a\u{202e}b")).is_err());
    }
}
