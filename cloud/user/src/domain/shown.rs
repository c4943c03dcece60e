//! Views of a profile: complete for its person and for admins, the public part for others.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use wire::{Amount, FileId, Region, Role, ServiceType, UnixMillis, UserId};

use super::{
    CalendarDay, Certification, CustomerProfile, DayException, PersonRecord, PortfolioItem,
    Preferences, ProviderProfile, Verification, VerificationState, VerificationStep, WeekHours,
    WorkPicture,
};

/// A complete profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OwnProfile {
    Customer(OwnCustomer),
    Provider(Box<OwnProvider>),
}

/// The complete profile of a customer or an admin.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnCustomer {
    #[serde(flatten)]
    person: OwnPerson,
    date_of_birth: Option<CalendarDay>,
    preferences: Preferences,
}

/// A provider's complete profile, for themselves and for admins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnProvider {
    #[serde(flatten)]
    person: OwnPerson,
    #[serde(flatten)]
    offer: ProviderOffer,
    exceptions: Vec<DayException>,
    certifications: Vec<Certification>,
    verification: VerificationRecord,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnPerson {
    user_id: UserId,
    role: Role,
    /// Send this with a change; it protects against overwriting a newer profile.
    version: i64,
    /// The name and the phone number are set.
    is_complete: bool,
    full_name: String,
    phone_number: String,
    bio: Option<String>,
    profile_picture_url: Option<String>,
    /// A file id, as in `pictures` and certification documents.
    photo: Option<FileId>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerificationRecord {
    state: VerificationState,
    submitted_at: Option<UnixMillis>,
    /// Oldest first.
    steps: Vec<VerificationStep>,
}

/// The part of a provider's profile that every signed-in person may see: no phone number, addresses
/// or free days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicProfile {
    pub user_id: UserId,
    pub full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<FileId>,
    pub member_since: UnixMillis,
    #[serde(flatten)]
    pub offer: ProviderOffer,
}

/// A provider's offer and their record so far.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderOffer {
    pub skills: Vec<String>,
    pub service_categories: Vec<ServiceType>,
    pub service_areas: Vec<Region>,
    pub hourly_rate: Option<Amount>,
    pub experience_years: Option<u8>,
    pub availability: WeekHours,
    pub portfolio: Vec<PortfolioItem>,
    /// Pictures of finished work.
    pub pictures: Vec<WorkPicture>,
    pub verified: bool,
    pub is_active: bool,
    pub completed_orders: i64,
    /// Hundredths of a star, averaged over `total_reviews`; 0 without reviews.
    pub rating_hundredths: i64,
    pub total_reviews: i64,
}

impl From<&PersonRecord> for OwnPerson {
    fn from(person: &PersonRecord) -> Self {
        Self {
            user_id: person.user_id,
            role: person.role,
            version: person.revision,
            is_complete: person.is_complete(),
            full_name: person.full_name.clone(),
            phone_number: person.phone_number.clone(),
            bio: person.bio.clone(),
            profile_picture_url: person.profile_picture_url.clone(),
            photo: person.photo,
            created_at: person.created_at,
            updated_at: person.updated_at,
        }
    }
}

impl From<&CustomerProfile> for OwnProfile {
    fn from(profile: &CustomerProfile) -> Self {
        Self::Customer(OwnCustomer {
            person: (&profile.person).into(),
            date_of_birth: profile.date_of_birth,
            preferences: profile.preferences.clone(),
        })
    }
}

impl From<&ProviderProfile> for OwnProfile {
    fn from(profile: &ProviderProfile) -> Self {
        Self::Provider(Box::new(profile.into()))
    }
}

impl From<&ProviderProfile> for OwnProvider {
    fn from(profile: &ProviderProfile) -> Self {
        let Verification {
            state,
            submitted_at,
            steps,
        } = profile.verification.clone();
        Self {
            person: (&profile.person).into(),
            offer: profile.into(),
            exceptions: profile.exceptions.clone(),
            certifications: profile.certifications.clone(),
            verification: VerificationRecord {
                state,
                submitted_at,
                steps,
            },
        }
    }
}

impl OwnProvider {
    /// Masks the numbers for a list. Admins see them only on the profile opened for a decision.
    #[must_use]
    pub fn with_masked_numbers(mut self) -> Self {
        mask_number(&mut self.person.phone_number);
        self.certifications
            .iter_mut()
            .for_each(|one| mask_number(&mut one.number));
        self
    }
}

/// Keeps the last two characters, enough to recognise a number. Masks a short one whole, since two
/// would reveal it.
fn mask_number(number: &mut String) {
    let chars = number.chars().count();
    let shown = if chars < 6 { 0 } else { 2 };
    if chars > 0 {
        *number = number.chars().skip(chars - shown).collect();
        number.insert_str(0, "***");
    }
}

impl PublicProfile {
    /// `None` if the account is closed or has no name yet.
    pub fn from_provider(profile: &ProviderProfile) -> Option<Self> {
        let person = &profile.person;
        let is_shown = !person.is_closed && !person.full_name.is_empty();
        is_shown.then(|| Self {
            user_id: person.user_id,
            full_name: person.full_name.clone(),
            bio: person.bio.clone(),
            photo: person.photo,
            member_since: person.created_at,
            offer: profile.into(),
        })
    }
}

impl From<&ProviderProfile> for ProviderOffer {
    fn from(profile: &ProviderProfile) -> Self {
        Self {
            skills: profile.skills.clone(),
            service_categories: profile.service_categories.clone(),
            service_areas: profile.service_areas.clone(),
            hourly_rate: profile.hourly_rate,
            experience_years: profile.experience_years,
            availability: profile.availability.clone(),
            portfolio: profile.portfolio.clone(),
            pictures: profile.pictures.clone(),
            verified: profile.is_verified(),
            is_active: profile.is_active,
            completed_orders: profile.completed_orders,
            rating_hundredths: profile.rating_hundredths,
            total_reviews: profile.total_reviews,
        }
    }
}
