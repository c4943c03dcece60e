//! Sort orders for a provider's reviews, and the cursor for each.
//!
//! Invariant: two reviews never share a position, so that pages neither skip nor repeat an
//! unchanged review. An edit of the stars moves a review.

use std::{fmt, str::FromStr};

use platform::documents::{Document, Scalar, ScalarType};
use uuid::Uuid;
use wire::{UnixMillis, words, words_from_text};

use crate::domain::Review;

words! {
    /// Among equal stars the newest comes first.
    ReviewSort {
        Newest "newest",
        Oldest "oldest",
        RatingHigh "rating_high",
        RatingLow "rating_low",
    }
}
words_from_text!(ReviewSort);

/// A page cursor: the sort order, and the review to continue after unless at the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewCursor {
    pub sort: ReviewSort,
    pub behind: Option<ReviewPosition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPosition {
    rating: i64,
    at: UnixMillis,
    id: Uuid,
}

impl ReviewCursor {
    pub fn at_start(sort: ReviewSort) -> Self {
        Self { sort, behind: None }
    }

    pub fn after_review(sort: ReviewSort, found: &Document<Review>) -> Self {
        let rating = found.body.rating;
        let at = found.body.created_at;
        Self {
            sort,
            behind: Some(ReviewPosition {
                rating,
                at,
                id: found.id,
            }),
        }
    }

    pub(super) fn to_scalars(self) -> Option<Vec<Scalar>> {
        let ReviewPosition { rating, at, id } = self.behind?;
        let by_time = [at.scalar(), id.scalar()];
        Some(match self.sort {
            ReviewSort::Newest | ReviewSort::Oldest => by_time.to_vec(),
            ReviewSort::RatingHigh | ReviewSort::RatingLow => {
                [rating.scalar()].into_iter().chain(by_time).collect()
            }
        })
    }
}

/// The default order is left out of the text, so that cursors from before sorting still work.
impl fmt::Display for ReviewCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ReviewPosition { rating, at, id }) = self.behind else {
            return Ok(());
        };
        if self.sort != ReviewSort::Newest {
            write!(f, "{}.{rating}.", self.sort)?;
        }
        write!(f, "{}.{}", at.0, id.simple())
    }
}

impl FromStr for ReviewCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let parts: Vec<&str> = text.split('.').collect();
        let (sort, rating, at, id) = match parts[..] {
            [at, id] => (ReviewSort::Newest, 0, at, id),
            [sort, rating, at, id] => {
                let sort = sort.parse().map_err(|_| wrong)?;
                (sort, rating.parse().map_err(|_| wrong)?, at, id)
            }
            _ => return Err(wrong),
        };
        let at = UnixMillis(at.parse().map_err(|_| wrong)?);
        let id = id.parse().map_err(|_| wrong)?;
        Ok(Self {
            sort,
            behind: Some(ReviewPosition { rating, at, id }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_other_texts_do_not() {
        let placed = ReviewPosition {
            rating: 4,
            at: UnixMillis(17),
            id: Uuid::from_u128(5),
        };
        for sort in ReviewSort::ALL {
            let rating = if sort == ReviewSort::Newest {
                0
            } else {
                placed.rating
            };
            let place = ReviewCursor {
                sort,
                behind: Some(ReviewPosition { rating, ..placed }),
            };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for bad in [
            "",
            ".",
            "17",
            "17.x",
            "best.4.17.5",
            "oldest.17.5",
            "rating_low.x.17.5",
        ] {
            assert!(bad.parse::<ReviewCursor>().is_err(), "{bad}");
        }
    }
}
