//! The parts of a profile and the rules for its fields. Pure: no IO; callers pass the time in.

mod address;
mod calendar;
mod contact;
mod fields;
mod form;
mod profile;
mod public;
mod verification;

pub use address::{
    ADDRESSES_MAX, Address, AddressForm, AddressId, InlineAddress, add_address, edit_address,
    remove_address,
};
pub use calendar::{CalendarDay, DayException, HoursRange, WeekHours};
pub use contact::{find_contact, mask_phone_number};
pub use form::ProfileForm;
pub use profile::{
    CaptionForm, Certification, CustomerProfile, FilePurpose, PersonRecord, PortfolioItem,
    Preferences, ProfileBody, ProviderProfile, Verification, VerificationAct, VerificationState,
    VerificationStep, WorkPicture, check_caption, serving_key,
};
pub use public::{
    MATCHES_MAX, MATCHES_USUAL, MatchCriteria, ProviderMatch, ProviderOffer, PublicProfile,
    rank_providers,
};
pub use verification::{
    CertificationForm, VerificationDecision, VerificationOutcome, VerificationRejection,
    unknown_document,
};
