//! The verification of a provider: his certifications, and the record of each decision with its admin and reason.
//!
//! Invariant: nobody is verified but by an admin's decision on the certifications and the name that stand.

use platform::documents::millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{FieldError, FileId, UnixMillis, UserId, words};

use super::{CalendarDay, ProviderProfile, fields};
use crate::say;

const CERTIFICATIONS_MAX: usize = 10;
/// Beyond it the oldest steps are forgotten.
const STEPS_MAX: usize = 30;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certification {
    pub name: String,
    pub number: String,
    pub issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<CalendarDay>,
    /// One that its provider has handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<FileId>,
}

/// All certifications of a provider, in place of those before.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificationForm {
    /// Of the profile that was read.
    pub version: i64,
    pub items: Vec<Certification>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationDecision {
    /// Of the profile that the admin looked at.
    pub version: i64,
    pub reason: String,
}

words! {
    #[derive(Default)]
    VerificationState {
        #[default]
        None "none",
        Waiting "waiting",
        Verified "verified",
        Rejected "rejected",
    }
}

words! {
    VerificationAct {
        Submitted "submitted",
        /// A verified provider changed his name or his certifications.
        Changed "changed",
        Verified "verified",
        Rejected "rejected",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub state: VerificationState,
    /// When it came into the queue the last time.
    #[serde(default, with = "millis::option")]
    pub submitted_at: Option<UnixMillis>,
    #[serde(default)]
    pub steps: Vec<VerificationStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerificationStep {
    pub act: VerificationAct,
    pub at: UnixMillis,
    pub by: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl CertificationForm {
    pub fn checked(self) -> Result<Vec<Certification>, Vec<FieldError>> {
        let mut errors = Vec::new();
        errors.extend(fields::too_many("items", self.items.len(), CERTIFICATIONS_MAX));
        let checked = self.items.into_iter().take(CERTIFICATIONS_MAX).enumerate();
        let checked = checked.map(|(place, item)| {
            let mut line = |name: &str, given: &str| {
                fields::text(&format!("items[{place}].{name}"), given, fields::TITLE, &mut errors)
            };
            Certification {
                name: line("name", &item.name),
                number: line("number", &item.number),
                issuer: line("issuer", &item.issuer),
                valid_until: item.valid_until,
                document: item.document,
            }
        });
        let checked = fields::unique(checked.collect());
        if errors.is_empty() { Ok(checked) } else { Err(errors) }
    }
}

impl ProviderProfile {
    pub fn certify(&mut self, certifications: Vec<Certification>, now: UnixMillis) {
        let differs = self.certifications != certifications;
        self.certifications = certifications;
        if differs {
            self.look_again(now);
        }
    }

    /// Puts a verified provider back into the queue: the decision was about what stood before.
    pub(super) fn look_again(&mut self, now: UnixMillis) {
        if self.is_verified() {
            let by = self.person.user_id;
            self.step(VerificationState::Waiting, VerificationAct::Changed, by, None, now);
        }
    }

    /// Returns whether it goes into the queue; one that waits or is verified stays as it is.
    pub fn submit(&mut self, now: UnixMillis) -> Result<bool, Vec<FieldError>> {
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
        let mut errors: Vec<_> =
            missing.map(|(field, _)| FieldError::new(field, say::needed_to_verify)).collect();
        let today = CalendarDay::of(now);
        for (place, certification) in self.certifications.iter().enumerate() {
            if certification.valid_until.is_some_and(|until| until < today) {
                let field = format!("certifications[{place}].valid_until");
                errors.push(FieldError::new(&field, say::no_longer_valid));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let by = self.person.user_id;
        self.step(VerificationState::Waiting, VerificationAct::Submitted, by, None, now);
        Ok(true)
    }

    /// An admin's decision, also about one that was decided before. Returns whether it changes anything;
    /// `None` where nothing was ever submitted.
    pub fn decide(
        &mut self,
        is_verified: bool,
        by: UserId,
        reason: String,
        now: UnixMillis,
    ) -> Option<bool> {
        let (state, act) = if is_verified {
            (VerificationState::Verified, VerificationAct::Verified)
        } else {
            (VerificationState::Rejected, VerificationAct::Rejected)
        };
        match self.verification.state {
            VerificationState::None => None,
            before if before == state => Some(false),
            _ => {
                self.step(state, act, by, Some(reason), now);
                Some(true)
            }
        }
    }

    fn step(
        &mut self,
        state: VerificationState,
        act: VerificationAct,
        by: UserId,
        reason: Option<String>,
        at: UnixMillis,
    ) {
        let verification = &mut self.verification;
        verification.state = state;
        if state == VerificationState::Waiting {
            verification.submitted_at = Some(at);
        }
        verification.steps.push(VerificationStep { act, at, by, reason });
        let old = verification.steps.len().saturating_sub(STEPS_MAX);
        verification.steps.drain(..old);
    }
}
