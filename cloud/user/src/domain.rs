//! The parts of a profile and the rules for its fields. Pure: no IO; callers pass the time in.

mod address;
mod calendar;
mod event;
mod fields;
mod files;
mod form;
mod matching;
mod profile;
mod shown;
mod staff_name;
mod verification;

pub use address::{
    ADDRESSES_MAX, Address, AddressForm, AddressId, InlineAddress, add_address, edit_address,
    remove_address,
};
pub use calendar::{CalendarDay, DayException, HoursRange, WeekHours};
pub use event::ProfileBody;
pub use files::{CaptionForm, FilePurpose, WorkPicture, checked_caption, unknown_document};
pub use form::ProfileForm;
pub use matching::{
    MATCHES_MAX, MATCHES_USUAL, MatchCriteria, MatchReason, ProviderMatch, rank_providers,
};
pub use profile::{
    CustomerProfile, PersonRecord, PortfolioItem, Preferences, ProviderProfile, serving_key,
};
pub use shown::{OwnProfile, OwnProvider, PublicProfile};
pub use verification::{
    Certification, CertificationForm, Verification, VerificationAct, VerificationDecision,
    VerificationState, VerificationStep,
};
