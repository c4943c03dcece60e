//! Verification of providers: their certifications, and each decision with its admin and reason.

use serde::Deserialize;
use utoipa::ToSchema;
use wire::{FieldError, FileId, UnixMillis, UserId};

use super::{
    CalendarDay, Certification, ProviderProfile, VerificationAct, VerificationState,
    VerificationStep, fields,
};
use crate::say;

const CERTIFICATIONS_MAX: usize = 10;
/// Older steps are dropped.
const STEPS_MAX: usize = 30;

/// All certifications of a provider, replacing the previous ones.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificationForm {
    /// The version that the client read.
    pub version: i64,
    pub items: Vec<Certification>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationDecision {
    /// The version that the admin read.
    pub version: i64,
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationRejection {
    /// The version that the admin read.
    pub version: i64,
    pub reason: String,
    /// Asks the provider for more: they add what the reason names, and submit again.
    #[serde(default)]
    pub asks_more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationOutcome {
    Verified,
    Rejected,
    MoreNeeded,
}

impl CertificationForm {
    pub fn into_certifications(self) -> Result<Vec<Certification>, Vec<FieldError>> {
        let mut errors = Vec::new();
        errors.extend(fields::too_many_error(
            "items",
            self.items.len(),
            CERTIFICATIONS_MAX,
        ));
        let checked = self.items.into_iter().take(CERTIFICATIONS_MAX).enumerate();
        let checked = checked.map(|(place, item)| check_certification(place, item, &mut errors));
        let checked = fields::remove_duplicates(checked.collect());
        if errors.is_empty() {
            Ok(checked)
        } else {
            Err(errors)
        }
    }
}

fn check_certification(
    place: usize,
    item: Certification,
    errors: &mut Vec<FieldError>,
) -> Certification {
    let under = format!("items[{place}]");
    let name =
        fields::check_text_field(&format!("{under}.name"), &item.name, fields::TITLE, errors);
    let number = fields::check_optional_text(
        &format!("{under}.number"),
        Some(item.number),
        fields::TITLE,
        errors,
    );
    let issuer = fields::check_optional_text(
        &format!("{under}.issuer"),
        Some(item.issuer),
        fields::TITLE,
        errors,
    );
    let url = item.file_url.filter(|url| !url.trim().is_empty());
    let own = url.as_deref().and_then(file_id_from_url);
    let elsewhere = url.filter(|_| own.is_none());
    let elsewhere = elsewhere
        .map(|url| fields::check_https_url(&format!("{under}.file_url"), &url))
        .transpose();
    Certification {
        name,
        number: number.unwrap_or_default(),
        issuer: issuer.unwrap_or_default(),
        valid_until: item.valid_until,
        document: item.document.or(own),
        file_url: fields::value_or_collect_error(elsewhere, errors),
    }
}

/// Parses a URL of this platform, which has no host.
fn file_id_from_url(url: &str) -> Option<FileId> {
    let path = url.trim();
    let id = path
        .strip_prefix("/api/v1/files/")
        .or_else(|| path.strip_prefix("/api/files/"))?;
    id.parse().ok()
}

impl ProviderProfile {
    pub fn set_certifications(&mut self, certifications: Vec<Certification>, now: UnixMillis) {
        let differs = self.certifications != certifications;
        self.certifications = certifications;
        if differs {
            self.requeue_if_verified(now);
        }
    }

    /// Sends a verified provider back to the queue: the decision covered the previous profile.
    pub(super) fn requeue_if_verified(&mut self, now: UnixMillis) {
        if self.is_verified() {
            self.record_entry(VerificationAct::Changed, now);
        }
    }

    /// Returns true if the profile enters the queue; false if it is waiting or verified.
    pub fn submit_verification(&mut self, now: UnixMillis) -> Result<bool, Vec<FieldError>> {
        if matches!(
            self.verification.state,
            VerificationState::Waiting | VerificationState::Verified
        ) {
            return Ok(false);
        }
        let missing = [
            ("full_name", self.person.full_name.is_empty()),
            ("phone_number", self.person.phone_number.is_empty()),
            ("certifications", self.certifications.is_empty()),
        ];
        let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
        let mut errors: Vec<_> = missing
            .map(|(field, _)| FieldError::new(field, say::needed_to_verify))
            .collect();
        let today = CalendarDay::from_unix_millis(now);
        for (place, certification) in self.certifications.iter().enumerate() {
            if certification.valid_until.is_some_and(|until| until < today) {
                let field = format!("certifications[{place}].valid_until");
                errors.push(FieldError::new(&field, say::no_longer_valid));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.record_entry(VerificationAct::Submitted, now);
        Ok(true)
    }

    /// Records a decision, which may reverse an earlier one. Returns true if the state changed,
    /// `None` if the provider never submitted.
    pub fn decide_verification(
        &mut self,
        outcome: VerificationOutcome,
        by: UserId,
        reason: String,
        now: UnixMillis,
    ) -> Option<bool> {
        let (state, act) = match outcome {
            VerificationOutcome::Verified => {
                (VerificationState::Verified, VerificationAct::Verified)
            }
            VerificationOutcome::Rejected | VerificationOutcome::MoreNeeded => {
                (VerificationState::Rejected, VerificationAct::Rejected)
            }
        };
        let asks_more = outcome == VerificationOutcome::MoreNeeded;
        let before = &self.verification;
        if before.state == VerificationState::None {
            return None;
        }
        if (before.state, before.asks_more) == (state, asks_more) {
            return Some(false);
        }
        let step = VerificationStep {
            act,
            at: now,
            by,
            reason: Some(reason),
            asks_more,
        };
        self.record_step(state, step);
        Some(true)
    }

    /// The provider enters the queue.
    fn record_entry(&mut self, act: VerificationAct, at: UnixMillis) {
        self.verification.submitted_at = Some(at);
        let step = VerificationStep {
            act,
            at,
            by: self.person.user_id,
            reason: None,
            asks_more: false,
        };
        self.record_step(VerificationState::Waiting, step);
    }

    fn record_step(&mut self, state: VerificationState, step: VerificationStep) {
        let verification = &mut self.verification;
        verification.state = state;
        verification.asks_more = step.asks_more;
        verification.steps.push(step);
        let old = verification.steps.len().saturating_sub(STEPS_MAX);
        verification.steps.drain(..old);
    }
}

pub fn unknown_document(place: usize) -> FieldError {
    FieldError::new(&format!("items[{place}].document"), say::document_unknown)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    fn checked(item: Value) -> Result<Certification, Vec<String>> {
        let form = json!({ "version": 1, "items": [item] });
        let form: CertificationForm = serde_json::from_value(form).unwrap();
        match form.into_certifications() {
            Ok(items) => Ok(items.into_iter().next().unwrap()),
            Err(errors) => Err(errors.into_iter().map(|error| error.field).collect()),
        }
    }

    fn of_url(url: &str) -> Result<Certification, Vec<String>> {
        checked(json!({ "name": "Electrician", "file_url": url }))
    }

    #[test]
    fn a_name_and_an_address_make_a_certification() {
        let url = "https://papers.example.org/7.pdf?x=1";
        let kept = of_url(&format!(" {url} ")).unwrap();
        let expected = Certification {
            name: "Electrician".into(),
            number: String::new(),
            issuer: String::new(),
            valid_until: None,
            document: None,
            file_url: Some(url.into()),
        };
        assert_eq!(kept, expected);
        // A replica of the previous version requires both fields.
        let stored = json!(kept);
        assert_eq!(
            (&stored["number"], &stored["issuer"]),
            (&json!(""), &json!(""))
        );
        assert_eq!(of_url(" ").unwrap().file_url, None);
        let bare = checked(json!({ "name": "Welder", "number": " ", "issuer": " City " })).unwrap();
        assert_eq!((bare.number.as_str(), bare.issuer.as_str()), ("", "City"));
        let wrong =
            checked(json!({ "name": " ", "number": "x".repeat(121), "issuer": "a\u{202e}b" }));
        assert_eq!(
            wrong.unwrap_err(),
            ["items[0].name", "items[0].number", "items[0].issuer"]
        );
    }

    #[test]
    fn an_address_by_another_scheme_is_refused_by_its_field() {
        for bad in [
            "http://papers.example.org/7.pdf",
            "javascript:alert(1)",
            "JavaScript://papers.example.org/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "file:///etc/passwd",
            "//papers.example.org/7.pdf",
            "https://localhost/7.pdf",
            "https://li:word@papers.example.org/7.pdf",
            "/api/v1/files/7",
            "/api/v1/files/../users/me/profile",
        ] {
            assert_eq!(of_url(bad).unwrap_err(), ["items[0].file_url"], "{bad}");
        }
    }

    #[test]
    fn the_address_of_a_file_here_is_its_document() {
        let file = FileId(Uuid::from_u128(7));
        let other = FileId(Uuid::from_u128(8));
        for path in ["/api/v1/files", "/api/files"] {
            let kept = of_url(&format!("{path}/{file}")).unwrap();
            assert_eq!((kept.document, kept.file_url), (Some(file), None), "{path}");
        }
        let url = format!("/api/v1/files/{file}");
        let both = checked(json!({ "name": "Electrician", "document": other, "file_url": url }));
        assert_eq!(
            both.unwrap().document,
            Some(other),
            "the document that is named"
        );
    }
}
