//! The stored profiles. Give every new field a default, so that no document needs a migration.

use platform::documents::millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Amount, Currency, FileId, Language, Region, Role, ServiceType, UnixMillis, UserId};

use super::{
    Address, CalendarDay, Certification, DayException, Verification, VerificationState, WeekHours,
    WorkPicture,
};

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
        }
    }

    pub fn is_complete(&self) -> bool {
        !self.full_name.is_empty() && !self.phone_number.is_empty()
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
