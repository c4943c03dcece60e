//! The stored review, and the changes people make to it. Give every new field a default, so that no
//! document needs a migration.

use platform::documents::millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Code, CommandId, FileId, Hash, OrderCode, OrderId, ReviewEvent, ReviewId, Source, UnixMillis,
    UserId, words,
};

use super::ReviewContent;

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

/// Each 1 to 5 in a review, or hundredths of a star in a rating.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dimensions {
    pub professionalism: i64,
    pub attitude: i64,
    pub punctuality: i64,
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
