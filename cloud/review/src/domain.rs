//! Owns the parts of a review, its rules, and the words that it is found by. Pure: no IO, and time
//! comes in.

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
pub use words::{SEARCH_CHARS_MAX, WordQuery, words_of};
