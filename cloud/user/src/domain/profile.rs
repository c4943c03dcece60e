//! The stored profiles. Give every new field a default, so that no document needs a migration.
//!
//! Invariant: a profile references only files that its own person uploaded for that purpose.

use platform::documents::millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Amount, Currency, FieldError, FileId, Language, ProfileEvent, ProviderStanding, Region, Role,
    ServiceType, UnixMillis, UserId, words,
};

use super::{Address, CalendarDay, DayException, WeekHours, fields};

pub(super) const PICTURES_MAX: usize = 12;

/// The fields common to customers and providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    pub user_id: UserId,
    pub role: Role,
    /// Counts changes by the person and by admins, not by event counters: a completed job must not
    /// make an open form stale.
    pub revision: i64,
    /// Empty until the person enters it, like the phone number.
    pub full_name: String,
    pub phone_number: String,
    pub bio: Option<String>,
    pub profile_picture_url: Option<String>,
    #[serde(default)]
    pub photo: Option<FileId>,
    #[serde(default)]
    pub addresses: Vec<Address>,
    #[serde(with = "millis")]
    pub created_at: UnixMillis,
    #[serde(with = "millis")]
    pub updated_at: UnixMillis,
    /// The account is revoked.
    #[serde(default)]
    pub is_closed: bool,
    /// The person deleted their account, and the profile is blank for good.
    #[serde(default)]
    pub is_deleted: bool,
}

/// The profile of a customer or of an admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerProfile {
    #[serde(flatten)]
    pub person: PersonRecord,
    pub date_of_birth: Option<CalendarDay>,
    #[serde(default)]
    pub preferences: Preferences,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderProfile {
    #[serde(flatten)]
    pub person: PersonRecord,
    #[serde(default)]
    pub skills: Vec<String>,
    #[serde(default)]
    pub service_categories: Vec<ServiceType>,
    #[serde(default)]
    pub service_areas: Vec<Region>,
    pub hourly_rate: Option<Amount>,
    pub experience_years: Option<u8>,
    #[serde(default)]
    pub availability: WeekHours,
    #[serde(default)]
    pub exceptions: Vec<DayException>,
    #[serde(default)]
    pub portfolio: Vec<PortfolioItem>,
    #[serde(default)]
    pub pictures: Vec<WorkPicture>,
    #[serde(default)]
    pub certifications: Vec<Certification>,
    #[serde(default)]
    pub verification: Verification,
    /// The provider takes jobs.
    pub is_active: bool,
    #[serde(default)]
    pub completed_orders: i64,
    /// Hundredths of a star, averaged over `total_reviews`.
    #[serde(default)]
    pub rating_hundredths: i64,
    #[serde(default)]
    pub total_reviews: i64,
    /// The version of the rating event behind the two fields above.
    #[serde(default)]
    pub rating_version: i64,
    /// Derived: every pair of area and category, so that one index serves the search.
    pub serves: Vec<String>,
    /// Derived: the rank among providers of the same pair.
    pub standing: i64,
    /// Derived: the provider may be proposed for jobs.
    pub is_listed: bool,
}

/// A customer's preferences for search results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Preferences {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Region>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_types: Vec<ServiceType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// A piece of work that a provider presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortfolioItem {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<CalendarDay>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkPicture {
    pub file_id: FileId,
    pub caption: String,
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certification {
    pub name: String,
    /// Empty if not given, like `issuer`: the document shows both.
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<CalendarDay>,
    /// A document that this provider uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<FileId>,
    /// The HTTPS URL of a document elsewhere. The platform never fetches it; opening it takes an
    /// admin off the platform. A URL of this platform becomes `document` instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_url: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub state: VerificationState,
    /// An admin asks for more instead of rejecting. Not a state, because the previous version cannot
    /// read another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_more: bool,
    /// The latest entry into the queue.
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
    /// With `rejected`: the admin asked for more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_more: bool,
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
        /// A verified provider changed their name or certifications.
        Changed "changed",
        Verified "verified",
        Rejected "rejected",
    }
}

words! {
    FilePurpose {
        Photo "photo",
        Picture "picture",
        /// Visible only to its provider and to admins.
        Document "document",
    }
}

impl PersonRecord {
    pub fn new_blank(user_id: UserId, role: Role, now: UnixMillis) -> Self {
        Self {
            user_id,
            role,
            revision: 1,
            full_name: String::new(),
            phone_number: String::new(),
            bio: None,
            profile_picture_url: None,
            photo: None,
            addresses: Vec::new(),
            created_at: now,
            updated_at: now,
            is_closed: false,
            is_deleted: false,
        }
    }

    /// The record of a deleted person: only ids, counts and times stay.
    #[must_use]
    pub fn to_deleted(&self) -> Self {
        Self {
            revision: self.revision,
            updated_at: self.updated_at,
            is_closed: true,
            is_deleted: true,
            ..Self::new_blank(self.user_id, self.role, self.created_at)
        }
    }

    pub fn is_complete(&self) -> bool {
        !self.full_name.is_empty() && !self.phone_number.is_empty()
    }

    pub fn references_file(&self, file: FileId) -> bool {
        self.photo == Some(file)
    }
}

impl ProviderProfile {
    pub fn is_verified(&self) -> bool {
        self.verification.state == VerificationState::Verified
    }

    pub fn refresh_derived_fields(&mut self) {
        let areas = self.service_areas.iter();
        let pairs =
            areas.flat_map(|area| self.service_categories.iter().map(|kind| (*area, *kind)));
        self.serves = pairs.map(|(area, kind)| serving_key(area, kind)).collect();
        self.standing = self.rating_hundredths * 1_000 + self.completed_orders.min(999);
        let person = &self.person;
        self.is_listed =
            self.is_verified() && self.is_active && !person.is_closed && person.is_complete();
    }

    /// Returns true if the profile uses the file; unused files may be deleted.
    pub fn references_file(&self, file: FileId) -> bool {
        self.person.references_file(file)
            || self.pictures.iter().any(|picture| picture.file_id == file)
            || self
                .certifications
                .iter()
                .any(|one| one.document == Some(file))
    }

    pub fn check_room_for_picture(&self) -> Result<(), FieldError> {
        match fields::too_many_error("pictures", self.pictures.len() + 1, PICTURES_MAX) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Appends a picture. If it is already there, only its caption changes.
    pub fn put_picture(&mut self, picture: WorkPicture) -> Result<(), FieldError> {
        if self.caption_picture(picture.file_id, &picture.caption) {
            return Ok(());
        }
        self.check_room_for_picture()?;
        self.pictures.push(picture);
        Ok(())
    }

    /// Returns false if the picture is not in the profile.
    pub fn caption_picture(&mut self, file: FileId, caption: &str) -> bool {
        let shown = self
            .pictures
            .iter_mut()
            .find(|picture| picture.file_id == file);
        shown
            .map(|picture| caption.clone_into(&mut picture.caption))
            .is_some()
    }

    /// Returns false if the picture is not in the profile.
    pub fn remove_picture(&mut self, file: FileId) -> bool {
        let before = self.pictures.len();
        self.pictures.retain(|picture| picture.file_id != file);
        self.pictures.len() < before
    }
}

/// One value of `serves`.
pub fn serving_key(area: Region, kind: ServiceType) -> String {
    format!("{area}/{kind}")
}

impl From<PersonRecord> for CustomerProfile {
    fn from(person: PersonRecord) -> Self {
        Self {
            person,
            date_of_birth: None,
            preferences: Preferences::default(),
        }
    }
}

impl From<PersonRecord> for ProviderProfile {
    fn from(person: PersonRecord) -> Self {
        Self {
            person,
            skills: Vec::new(),
            service_categories: Vec::new(),
            service_areas: Vec::new(),
            hourly_rate: None,
            experience_years: None,
            availability: WeekHours::default(),
            exceptions: Vec::new(),
            portfolio: Vec::new(),
            pictures: Vec::new(),
            certifications: Vec::new(),
            verification: Verification::default(),
            is_active: true,
            completed_orders: 0,
            rating_hundredths: 0,
            total_reviews: 0,
            rating_version: 0,
            serves: Vec::new(),
            standing: 0,
            is_listed: false,
        }
    }
}

pub trait ProfileBody: Clone + From<PersonRecord> {
    fn person(&self) -> &PersonRecord;
    fn person_mut(&mut self) -> &mut PersonRecord;
    fn refresh_derived_fields(&mut self);
    fn to_profile_event(&self) -> ProfileEvent;

    /// The blank profile that stays of a deleted person.
    #[must_use]
    fn to_deleted(&self) -> Self {
        Self::from(self.person().to_deleted())
    }
}

impl ProfileBody for CustomerProfile {
    fn person(&self) -> &PersonRecord {
        &self.person
    }

    fn person_mut(&mut self) -> &mut PersonRecord {
        &mut self.person
    }

    fn refresh_derived_fields(&mut self) {}

    fn to_profile_event(&self) -> ProfileEvent {
        let PersonRecord {
            user_id,
            role,
            revision,
            ..
        } = self.person;
        ProfileEvent {
            user_id,
            role,
            version: revision,
            provider: None,
            reason: None,
            asks_more: false,
        }
    }
}

impl ProfileBody for ProviderProfile {
    fn person(&self) -> &PersonRecord {
        &self.person
    }

    fn person_mut(&mut self) -> &mut PersonRecord {
        &mut self.person
    }

    fn refresh_derived_fields(&mut self) {
        Self::refresh_derived_fields(self);
    }

    /// The record of a provider's work consists of numbers.
    fn to_deleted(&self) -> Self {
        Self {
            is_active: false,
            completed_orders: self.completed_orders,
            rating_hundredths: self.rating_hundredths,
            total_reviews: self.total_reviews,
            rating_version: self.rating_version,
            ..Self::from(self.person.to_deleted())
        }
    }

    fn to_profile_event(&self) -> ProfileEvent {
        let PersonRecord {
            user_id,
            role,
            revision,
            is_closed,
            ..
        } = self.person;
        let provider = ProviderStanding {
            is_active: self.is_active && !is_closed,
            verified: self.is_verified(),
            service_areas: self.service_areas.clone(),
            service_categories: self.service_categories.clone(),
        };
        ProfileEvent {
            user_id,
            role,
            version: revision,
            provider: Some(provider),
            reason: None,
            asks_more: self.verification.asks_more,
        }
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptionForm {
    /// The version that the client read.
    pub version: i64,
    pub caption: String,
}

pub fn check_caption(caption: &str) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    let caption = fields::check_text_field("caption", caption, fields::TITLE, &mut errors);
    if errors.is_empty() {
        Ok(caption)
    } else {
        Err(errors)
    }
}
