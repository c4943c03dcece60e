//! The content of a review, and the forms for reviewing, replying, reporting and moderating.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{FieldError, FileId, Hash, OrderId, TextRule, check_comment, check_text};

use crate::say;

pub const IMAGES_MAX: usize = 6;
const STARS: std::ops::RangeInclusive<u8> = 1..=5;
const REPLY: TextRule = TextRule {
    chars_min: 1,
    chars_max: 1_000,
    lines: true,
};

/// Each 1 to 5 in a review, or hundredths of a star in a rating.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dimensions {
    pub professionalism: i64,
    pub attitude: i64,
    pub punctuality: i64,
}

/// A review of a completed order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewForm {
    order_id: OrderId,
    /// 1 to 5.
    #[serde(alias = "stars")]
    rating: u8,
    #[serde(default, alias = "content")]
    comment: String,
    /// A missing dimension takes the overall rating.
    #[serde(default)]
    dimensions: DimensionsForm,
    /// Pictures that the customer uploaded, at most six.
    #[serde(default)]
    images: Vec<FileId>,
}

/// A customer's edit, which replaces the content of a review.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRevision {
    /// The version that the client read.
    pub version: i64,
    /// 1 to 5.
    rating: u8,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    dimensions: DimensionsForm,
    #[serde(default)]
    images: Vec<FileId>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DimensionsForm {
    professionalism: Option<u8>,
    attitude: Option<u8>,
    punctuality: Option<u8>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyForm {
    pub text: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportForm {
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationForm {
    /// The version that the admin read.
    pub version: i64,
    pub reason: String,
}

/// The validated content of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewContent {
    pub rating: i64,
    pub comment: String,
    pub dimensions: Dimensions,
    pub images: Vec<FileId>,
}

impl ReviewForm {
    /// Collects an error for every wrong field.
    pub fn into_order_and_content(self) -> Result<(OrderId, ReviewContent), Vec<FieldError>> {
        let Self {
            order_id,
            rating,
            comment,
            dimensions,
            images,
        } = self;
        Ok((
            order_id,
            ReviewContent::from_fields(rating, &comment, dimensions, images)?,
        ))
    }
}

impl ReviewRevision {
    pub fn into_content(self) -> Result<ReviewContent, Vec<FieldError>> {
        ReviewContent::from_fields(self.rating, &self.comment, self.dimensions, self.images)
    }
}

impl ReviewContent {
    /// Distinguishes a retry from a different review under the same idempotency key.
    pub fn hash(&self, order: OrderId) -> Hash {
        let Self {
            rating,
            comment,
            dimensions,
            images,
        } = self;
        let Dimensions {
            professionalism,
            attitude,
            punctuality,
        } = dimensions;
        let stars =
            [rating, professionalism, attitude, punctuality].map(|stars| stars.to_be_bytes());
        let images = images.iter().flat_map(|image| *image.as_bytes());
        let count = u64::try_from(self.images.len())
            .unwrap_or_default()
            .to_be_bytes();
        let rest = stars
            .into_iter()
            .flatten()
            .chain(count)
            .chain(images)
            .chain(comment.bytes());
        Hash::digest_bytes(
            &order
                .as_bytes()
                .iter()
                .copied()
                .chain(rest)
                .collect::<Vec<u8>>(),
        )
    }

    /// An edge's command carries only these fields.
    pub fn from_command(rating: u8, comment: &str) -> Result<Self, Vec<FieldError>> {
        Self::from_fields(rating, comment, DimensionsForm::default(), Vec::new())
    }

    fn from_fields(
        rating: u8,
        comment: &str,
        dimensions: DimensionsForm,
        images: Vec<FileId>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let rating = check_stars("rating", rating, &mut errors);
        let dimensions = check_dimensions(dimensions, rating, &mut errors);
        let comment = check_comment(comment).unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        });
        if images.len() > IMAGES_MAX {
            let most = IMAGES_MAX.into();
            errors.push(FieldError::new("images", say::too_many_pictures { most }));
        }
        if images.iter().collect::<HashSet<_>>().len() < images.len() {
            errors.push(FieldError::new("images", say::listed_twice));
        }
        if errors.is_empty() {
            Ok(Self {
                rating,
                comment,
                dimensions,
                images,
            })
        } else {
            Err(errors)
        }
    }
}

fn check_dimensions(
    given: DimensionsForm,
    rating: i64,
    errors: &mut Vec<FieldError>,
) -> Dimensions {
    let DimensionsForm {
        professionalism,
        attitude,
        punctuality,
    } = given;
    Dimensions {
        professionalism: professionalism.map_or(rating, |stars| {
            check_stars("dimensions.professionalism", stars, errors)
        }),
        attitude: attitude.map_or(rating, |stars| {
            check_stars("dimensions.attitude", stars, errors)
        }),
        punctuality: punctuality.map_or(rating, |stars| {
            check_stars("dimensions.punctuality", stars, errors)
        }),
    }
}

fn check_stars(field: &str, given: u8, errors: &mut Vec<FieldError>) -> i64 {
    if !STARS.contains(&given) {
        errors.push(FieldError::new(field, say::stars_needed));
    }
    i64::from(given)
}

pub fn checked_reply(text: &str) -> Result<String, FieldError> {
    check_text("text", text, REPLY)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(change: &Value) -> Vec<String> {
        let mut form = json!({ "order_id": "0192f5d4-0000-7000-8000-000000000001", "rating": 5 });
        form.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let form: ReviewForm = serde_json::from_value(form).unwrap();
        let checked = form.into_order_and_content();
        checked
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn every_field_is_bounded_and_named() {
        let image = |n: u128| uuid::Uuid::from_u128(n).to_string();
        let seven: Vec<_> = (0..7).map(image).collect();
        for (change, fields) in [
            (json!({}), &[][..]),
            (json!({ "comment": "好".repeat(2_000) }), &[]),
            (json!({ "rating": 0 }), &["rating"]),
            (json!({ "comment": "x".repeat(2_001) }), &["comment"]),
            (json!({ "comment": "a\u{202e}b" }), &["comment"]),
            (
                json!({ "dimensions": { "attitude": 6 } }),
                &["dimensions.attitude"],
            ),
            (json!({ "images": seven }), &["images"]),
            (json!({ "images": [image(1), image(1)] }), &["images"]),
        ] {
            let found = wrong(&change);
            assert!(
                found
                    .iter()
                    .map(String::as_str)
                    .take(2)
                    .eq(fields.iter().copied()),
                "{change}: {found:?}"
            );
        }
    }

    #[test]
    fn the_words_of_the_systems_before_are_taken() {
        let form = json!({
            "order_id": "0192f5d4-0000-7000-8000-000000000001", "stars": 4, "content": " 很好 ",
            "dimensions": { "punctuality": 2 },
        });
        let (_, content) = serde_json::from_value::<ReviewForm>(form)
            .unwrap()
            .into_order_and_content()
            .unwrap();
        assert_eq!((content.rating, content.comment.as_str()), (4, "很好"));
        let dimensions = Dimensions {
            professionalism: 4,
            attitude: 4,
            punctuality: 2,
        };
        assert_eq!(
            content.dimensions, dimensions,
            "one that is left out is as good as the whole"
        );
    }
}
