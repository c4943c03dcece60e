//! The profiles as they are kept. A field that joins later has a default, so that no document has
//! to be migrated.

use platform::documents::millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Amount, Currency, FileId, Language, Region, Role, ServiceType, UnixMillis, UserId};

use super::{
    Address, CalendarDay, Certification, DayException, Verification, VerificationState, WeekHours,
    WorkPicture,
};

/// The part that customers and providers have alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRecord {
    pub user_id: UserId,
    pub role: Role,
    /// Counts the changes of its person and of admins. What is counted by events leaves it alone,
    /// so that a completed job makes nobody's form stale.
    pub revision: i64,
    /// Empty until the person gives it, as is the number.
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
    /// The account was closed for good.
    #[serde(default)]
    pub is_closed: bool,
}

/// Admins have one of these, too.
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
    /// The provider takes jobs at present.
    pub is_active: bool,
    #[serde(default)]
    pub completed_orders: i64,
    /// Hundredths of a star, over `total_reviews`.
    #[serde(default)]
    pub rating_hundredths: i64,
    #[serde(default)]
    pub total_reviews: i64,
    /// Of the word that these two came with.
    #[serde(default)]
    pub rating_version: i64,
    /// Derived: each area with each category, which one index can serve.
    pub serves: Vec<String>,
    /// Derived: the place among those who serve the same.
    pub standing: i64,
    /// Derived: may be proposed for jobs.
    pub is_listed: bool,
}

/// What a customer would like to see first.
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

/// A piece of work that a provider shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortfolioItem {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<CalendarDay>,
}

impl PersonRecord {
    /// Somebody of whom no more is known than the account.
    pub fn blank(user_id: UserId, role: Role, now: UnixMillis) -> Self {
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

    /// Completes the derived fields.
    pub fn derive(&mut self) {
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

/// An area and a kind of work as one value of `serves`.
pub fn serving_key(area: Region, kind: ServiceType) -> String {
    format!("{area}/{kind}")
}

impl From<PersonRecord> for CustomerProfile {
    fn from(person: PersonRecord) -> Self {
        Self { person, date_of_birth: None, preferences: Preferences::default() }
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
