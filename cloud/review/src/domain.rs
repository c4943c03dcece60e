//! Reviews, the changes people make to them, and the rating aggregated from a provider's reviews.
//! Pure: no IO; callers pass the time in.
//!
//! Give every new field of a stored type a default, so that no document needs a migration.

mod content;
mod search_terms;

use platform::documents::{GroupTotals, millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Code, CommandId, ERASED_TITLE, FileId, Hash, OrderCode, OrderId, ReviewEvent, ReviewId, Source,
    UnixMillis, UserId, words,
};

pub use content::{
    Dimensions, IMAGES_MAX, ModerationForm, ReplyForm, ReportForm, ReviewContent, ReviewForm,
    ReviewRevision, checked_reply,
};
pub use search_terms::{SEARCH_CHARS_MAX, SearchQuery, extract_terms};

/// Older decisions are dropped.
const DECISIONS_MAX: usize = 20;

words! {
    ReviewStanding {
        Shown "shown",
        /// Shown, and reported since the last decision of an admin.
        Reported "reported",
        /// Visible only to its author and to admins.
        Hidden "hidden",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderReply {
    pub text: String,
    pub at: UnixMillis,
}

/// An admin's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModerationStep {
    pub is_hidden: bool,
    pub by: UserId,
    pub at: UnixMillis,
    pub reason: String,
}

/// The order fields that a review needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedOrder {
    pub id: OrderId,
    pub code: OrderCode,
    pub title: String,
    pub customer_id: UserId,
    pub provider_id: UserId,
}

/// The command behind a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewOrigin {
    pub command_id: CommandId,
    pub source: Source,
    /// The hash of the command's content.
    pub hash: Hash,
    /// The position in an edge's log, if the command came from an edge.
    #[serde(default)]
    pub op: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub order_id: OrderId,
    pub order_code: OrderCode,
    /// The order's title.
    pub title: String,
    pub customer_id: UserId,
    pub provider_id: UserId,
    pub rating: i64,
    pub dimensions: Dimensions,
    pub comment: String,
    #[serde(default)]
    pub images: Vec<FileId>,
    #[serde(default)]
    pub reply: Option<ProviderReply>,
    /// Counted from the votes.
    #[serde(default)]
    pub helpful_count: i64,
    pub standing: ReviewStanding,
    /// Derived: the review is public and counts in the rating.
    pub is_shown: bool,
    /// Derived: keyed hashes of the search terms.
    pub words: Vec<String>,
    /// Counts edits by people, not votes: a vote must not make an open form stale.
    pub revision: i64,
    pub origin: ReviewOrigin,
    #[serde(default)]
    pub decisions: Vec<ModerationStep>,
    #[serde(with = "millis")]
    pub created_at: UnixMillis,
    #[serde(with = "millis")]
    pub updated_at: UnixMillis,
    /// The author's latest edit.
    #[serde(default, with = "millis::option")]
    pub edited_at: Option<UnixMillis>,
}

impl Review {
    /// A new review is public and unreported.
    pub fn from_submission(
        order: ReviewedOrder,
        content: ReviewContent,
        origin: ReviewOrigin,
        now: UnixMillis,
    ) -> Self {
        let ReviewedOrder {
            id,
            code,
            title,
            customer_id,
            provider_id,
        } = order;
        let ReviewContent {
            rating,
            comment,
            dimensions,
            images,
        } = content;
        Self {
            order_id: id,
            order_code: code,
            title,
            customer_id,
            provider_id,
            rating,
            dimensions,
            comment,
            images,
            reply: None,
            helpful_count: 0,
            standing: ReviewStanding::Shown,
            is_shown: true,
            words: Vec::new(),
            revision: 1,
            origin,
            decisions: Vec::new(),
            created_at: now,
            updated_at: now,
            edited_at: None,
        }
    }

    pub fn to_review_event(&self, id: ReviewId, reason: Option<String>) -> ReviewEvent {
        ReviewEvent {
            review_id: id,
            version: self.revision,
            order_id: self.order_id,
            order_code: self.order_code.clone(),
            title: self.title.clone(),
            customer_id: self.customer_id,
            provider_id: self.provider_id,
            rating: u8::try_from(self.rating).unwrap_or_default(),
            command_id: self.origin.command_id,
            source: self.origin.source.clone(),
            reason,
        }
    }

    /// The author may edit until this moment; `None` once the provider has replied.
    pub fn editable_until(&self, edit_within_ms: i64) -> Option<UnixMillis> {
        self.reply
            .is_none()
            .then(|| self.created_at.plus_ms(edit_within_ms))
    }

    /// Replaces the content. Returns true if it differs.
    pub fn replace_content(
        &mut self,
        content: ReviewContent,
        edit_within_ms: i64,
        now: UnixMillis,
    ) -> Result<bool, Code> {
        let until = self.editable_until(edit_within_ms);
        if until.is_none_or(|until| now >= until) {
            return Err(Code::ReviewFixed);
        }
        let ReviewContent {
            rating,
            comment,
            dimensions,
            images,
        } = content;
        let is_new = (self.rating, &self.comment, self.dimensions, &self.images)
            != (rating, &comment, dimensions, &images);
        self.rating = rating;
        self.comment = comment;
        self.dimensions = dimensions;
        self.images = images;
        if is_new {
            self.edited_at = Some(now);
        }
        Ok(is_new)
    }

    /// Sets the provider's reply. Returns true if it differs.
    pub fn set_reply(&mut self, text: String, now: UnixMillis) -> bool {
        let is_new = self.reply.as_ref().is_none_or(|reply| reply.text != text);
        if is_new {
            self.reply = Some(ProviderReply { text, at: now });
        }
        is_new
    }

    /// Marks the review as reported, unless the report is older than the last decision. Returns
    /// true if its standing changes.
    pub fn mark_reported(&mut self, reported_at: UnixMillis) -> bool {
        let is_decided = self
            .decisions
            .last()
            .is_some_and(|last| last.at >= reported_at);
        let is_new = self.standing == ReviewStanding::Shown && !is_decided;
        if is_new {
            self.standing = ReviewStanding::Reported;
        }
        is_new
    }

    /// Erases the comment, the pictures and the admins' reasons; the stars stay. Returns false if
    /// nothing is left to erase.
    pub fn erase_words(&mut self) -> bool {
        let has_decisions = self.decisions.iter().any(|step| !step.reason.is_empty());
        if self.comment.is_empty() && self.images.is_empty() && !has_decisions {
            return false;
        }
        self.comment.clear();
        self.images.clear();
        for step in &mut self.decisions {
            step.reason.clear();
        }
        true
    }

    /// Returns false if there is no reply.
    pub fn erase_reply(&mut self) -> bool {
        self.reply.take().is_some()
    }

    /// Takes over that the order's title was erased. Any other title is left alone: an older event
    /// may arrive late.
    pub fn erase_title(&mut self, of_order: &str) -> bool {
        let is_new = of_order == ERASED_TITLE && self.title != ERASED_TITLE;
        if is_new {
            ERASED_TITLE.clone_into(&mut self.title);
        }
        is_new
    }

    /// Hides the review, or shows it and closes its reports. Returns false if nothing changes.
    pub fn moderate(&mut self, hides: bool, by: UserId, reason: String, now: UnixMillis) -> bool {
        let after = if hides {
            ReviewStanding::Hidden
        } else {
            ReviewStanding::Shown
        };
        if self.standing == after {
            return false;
        }
        self.standing = after;
        self.is_shown = !hides;
        self.decisions.push(ModerationStep {
            is_hidden: hides,
            by,
            at: now,
            reason,
        });
        let old = self.decisions.len().saturating_sub(DECISIONS_MAX);
        self.decisions.drain(..old);
        true
    }
}

/// A provider's rating, aggregated from their reviews.
///
/// Covers only shown reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRating {
    /// Hundredths of a star; 0 without reviews.
    pub average_hundredths: i64,
    pub total_reviews: i64,
    /// The number of reviews with one star, two stars, and so on.
    pub distribution: [i64; 5],
    /// Hundredths of a star.
    pub dimensions: Dimensions,
    #[serde(with = "millis")]
    pub last_updated: UnixMillis,
}

impl ProviderRating {
    /// Aggregates groups by stars, each with the sums of the three dimensions.
    pub fn from_groups(groups: &[GroupTotals], now: UnixMillis) -> Self {
        let mut rating = Self::empty_at(now);
        let mut stars = 0;
        let mut sums = [0; 3];
        for group in groups {
            let count = i64::try_from(group.count).unwrap_or(i64::MAX);
            let place = usize::try_from(group.key - 1).ok();
            let Some(of) = place.and_then(|place| rating.distribution.get_mut(place)) else {
                continue;
            };
            *of = count;
            rating.total_reviews += count;
            stars += group.key * count;
            for (sum, of_group) in sums.iter_mut().zip(&group.sums) {
                *sum += of_group;
            }
        }
        let total = rating.total_reviews;
        rating.average_hundredths = average_in_hundredths(stars, total);
        let [professionalism, attitude, punctuality] =
            sums.map(|sum| average_in_hundredths(sum, total));
        rating.dimensions = Dimensions {
            professionalism,
            attitude,
            punctuality,
        };
        rating
    }

    pub fn empty_at(now: UnixMillis) -> Self {
        Self {
            average_hundredths: 0,
            total_reviews: 0,
            distribution: [0; 5],
            dimensions: Dimensions::default(),
            last_updated: now,
        }
    }

    /// Compares everything except the time of the aggregation.
    pub fn has_same_values(&self, other: &Self) -> bool {
        *self
            == Self {
                last_updated: self.last_updated,
                ..other.clone()
            }
    }
}

/// In hundredths, rounded to nearest.
fn average_in_hundredths(sum: i64, count: i64) -> i64 {
    if count == 0 {
        0
    } else {
        (sum * 100 + count / 2) / count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_hundredth_go_up_and_nothing_adds_up_to_nothing() {
        let at = UnixMillis(1);
        let group = |key, count, sums: [i64; 3]| GroupTotals {
            key,
            count,
            sums: sums.to_vec(),
        };
        let rating =
            ProviderRating::from_groups(&[group(4, 2, [8, 10, 2]), group(5, 1, [5, 5, 5])], at);
        assert_eq!((rating.average_hundredths, rating.total_reviews), (433, 3));
        assert_eq!(rating.distribution, [0, 0, 0, 2, 1]);
        let dimensions = Dimensions {
            professionalism: 433,
            attitude: 500,
            punctuality: 233,
        };
        assert_eq!(rating.dimensions, dimensions);
        assert_eq!(
            ProviderRating::from_groups(&[], at),
            ProviderRating::empty_at(at)
        );
    }
}
