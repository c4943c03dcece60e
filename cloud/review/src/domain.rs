//! Reviews, their rules, and their search terms. Pure: no IO; callers pass the time in.

mod form;
mod rating;
mod review;
mod words;

pub use form::{
    IMAGES_MAX, ModerationForm, ReplyForm, ReportForm, ReviewContent, ReviewForm, ReviewRevision,
    checked_reply,
};
pub use rating::ProviderRating;
pub use review::{
    Dimensions, ModerationStep, ProviderReply, Review, ReviewOrigin, ReviewStanding, ReviewedOrder,
};
pub use words::{SEARCH_CHARS_MAX, SearchQuery, extract_terms};
