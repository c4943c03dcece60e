//! The indexed fields of reviews, and the queries on them: lists, the sorted list of a provider's
//! reviews with its cursor, and full-text search. For a search, the index finds reviews with all
//! terms, then a check of each text drops false matches.
//!
//! Invariant: two reviews never share a position in a list, so that pages neither skip nor repeat
//! an unchanged review. An edit of the stars moves a review.

use std::{fmt, str::FromStr};

use platform::{
    StoreError,
    documents::{
        CollectionSchema, Document, DocumentBody, Field, FieldPath, Index, IndexCondition,
        IndexQuery, ListField, Scalar, ScalarType,
    },
};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{FileId, OrderId, UnixMillis, UserId, words, words_from_text};

use super::{ReviewStore, cursor_scalars};
use crate::domain::{ProviderRating, Review, ReviewStanding, SearchQuery};

const ORDER: Field<OrderId> = Field::new("order_id");

const PROVIDER: Field<UserId> = Field::new("provider_id");

const CUSTOMER: Field<UserId> = Field::new("customer_id");

const CREATED: Field<UnixMillis> = Field::new("created_at");

const STANDING: Field<String> = Field::new("standing");

const SHOWN: Field<bool> = Field::new("is_shown");

pub(super) const RATING: Field<i64> = Field::new("rating");

const PROFESSIONALISM: Field<i64> = Field::new("dimensions.professionalism");

const ATTITUDE: Field<i64> = Field::new("dimensions.attitude");

const PUNCTUALITY: Field<i64> = Field::new("dimensions.punctuality");

const WORDS: ListField<String> = ListField::new("words");

const IMAGES: ListField<Uuid> = ListField::new("images");

/// The dimensions summed in a rating.
pub(super) const DIMENSIONS: [FieldPath; 3] =
    [PROFESSIONALISM.path(), ATTITUDE.path(), PUNCTUALITY.path()];

const IS_SHOWN: &[IndexCondition] = &[IndexCondition::Is(SHOWN.path(), true)];

const OF_ORDER: Index = Index::new("order", &[ORDER.ascending_key()]).unique();

const OF_PROVIDER: Index = Index::new(
    "provider",
    &[PROVIDER.ascending_key(), CREATED.descending_key()],
)
.with_conditions(IS_SHOWN);

const OLDEST: Index = Index::new(
    "provider_oldest",
    &[PROVIDER.ascending_key(), CREATED.ascending_key()],
)
.with_conditions(IS_SHOWN);

const BEST: Index = Index::new(
    "provider_best",
    &[
        PROVIDER.ascending_key(),
        RATING.descending_key(),
        CREATED.descending_key(),
    ],
)
.with_conditions(IS_SHOWN);

const WORST: Index = Index::new(
    "provider_worst",
    &[
        PROVIDER.ascending_key(),
        RATING.ascending_key(),
        CREATED.descending_key(),
    ],
)
.with_conditions(IS_SHOWN);

const OF_CUSTOMER: Index = Index::new(
    "customer",
    &[CUSTOMER.ascending_key(), CREATED.descending_key()],
);

/// Sorted by id. Includes hidden reviews.
const ALL_OF_PROVIDER: Index = Index::new("all_of_provider", &[PROVIDER.ascending_key()]);

const DESK: Index = Index::new(
    "desk",
    &[STANDING.ascending_key(), CREATED.descending_key()],
);

const SEARCH: Index = Index::new("search", &[WORDS.key_per_value(), CREATED.descending_key()])
    .with_conditions(IS_SHOWN);

const OF_IMAGE: Index = Index::new("image", &[IMAGES.key_per_value()]);

/// Covers the whole rating query, including its condition: MongoDB reads the document for any field
/// outside the key.
const RATINGS: Index = Index::new(
    "ratings",
    &[
        PROVIDER.ascending_key(),
        RATING.ascending_key(),
        PROFESSIONALISM.ascending_key(),
        ATTITUDE.ascending_key(),
        PUNCTUALITY.ascending_key(),
        SHOWN.ascending_key(),
    ],
)
.with_conditions(IS_SHOWN);

impl DocumentBody for Review {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            ORDER.path(),
            PROVIDER.path(),
            CUSTOMER.path(),
            CREATED.path(),
            STANDING.path(),
            SHOWN.path(),
            RATING.path(),
            PROFESSIONALISM.path(),
            ATTITUDE.path(),
            PUNCTUALITY.path(),
            WORDS.path(),
            IMAGES.path(),
        ],
        indexes: &[
            OF_ORDER,
            OF_PROVIDER,
            OLDEST,
            BEST,
            WORST,
            OF_CUSTOMER,
            ALL_OF_PROVIDER,
            DESK,
            SEARCH,
            OF_IMAGE,
            RATINGS,
        ],
    };
    const SEALED: &'static [&'static str] = &["title", "comment", "reply", "decisions"];
}

impl DocumentBody for ProviderRating {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[],
        indexes: &[],
    };
}

pub fn order_review_query(order: OrderId) -> IndexQuery {
    IndexQuery::from_index(OF_ORDER, ORDER.is_equal_to(order)).with_limit(1)
}

/// A provider's shown reviews, newest first.
pub fn provider_reviews_query(
    provider: UserId,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    IndexQuery::from_index(OF_PROVIDER, PROVIDER.is_equal_to(provider))
        .start_after(cursor_scalars(after))
        .with_limit(limit)
}

/// A provider's shown reviews, in the order that the cursor names.
pub fn sorted_provider_reviews_query(
    provider: UserId,
    place: ReviewCursor,
    limit: usize,
) -> IndexQuery {
    let index = match place.sort {
        ReviewSort::Newest => OF_PROVIDER,
        ReviewSort::Oldest => OLDEST,
        ReviewSort::RatingHigh => BEST,
        ReviewSort::RatingLow => WORST,
    };
    IndexQuery::from_index(index, PROVIDER.is_equal_to(provider))
        .start_after(place.to_scalars())
        .with_limit(limit)
}

/// All reviews by a customer, newest first.
pub fn customer_reviews_query(
    customer: UserId,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    IndexQuery::from_index(OF_CUSTOMER, CUSTOMER.is_equal_to(customer))
        .start_after(cursor_scalars(after))
        .with_limit(limit)
}

/// All reviews of a provider, also hidden ones.
pub(super) fn all_provider_reviews_query(provider: UserId, limit: usize) -> IndexQuery {
    IndexQuery::from_index(ALL_OF_PROVIDER, PROVIDER.is_equal_to(provider)).with_limit(limit)
}

/// All reviews with this standing, newest first.
pub fn moderation_queue_query(
    standing: ReviewStanding,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    let standing = STANDING.is_equal_to(standing.as_str().to_owned());
    IndexQuery::from_index(DESK, standing)
        .start_after(cursor_scalars(after))
        .with_limit(limit)
}

/// The shown reviews with all of these term hashes, newest first.
fn search_query(
    words: Vec<String>,
    provider: Option<UserId>,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    let all = WORDS.has_all(words);
    let all = match provider {
        Some(provider) => all.and(PROVIDER.is_equal_to(provider)),
        None => all,
    };
    IndexQuery::from_index(SEARCH, all)
        .start_after(cursor_scalars(after))
        .with_limit(limit)
}

pub(super) fn image_query(image: FileId) -> IndexQuery {
    IndexQuery::from_index(OF_IMAGE, IMAGES.has_value(image.0)).with_limit(1)
}

pub(super) fn rating_query(provider: UserId) -> IndexQuery {
    IndexQuery::from_index(RATINGS, PROVIDER.is_equal_to(provider))
}

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

    fn to_scalars(self) -> Option<Vec<Scalar>> {
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

/// Reviews read at a time.
const BATCH: usize = 100;

/// After this many batches of mostly false matches, a page ends early; its cursor continues the
/// search.
const BATCHES_MAX: usize = 10;

pub struct ReviewSearch {
    pub query: SearchQuery,
    pub provider: Option<UserId>,
    pub after: Option<TimeCursor>,
    pub limit: usize,
}

#[derive(Debug)]
pub struct FoundReviews {
    pub documents: Vec<Document<Review>>,
    /// The position after the last review checked, if there are more.
    pub next: Option<TimeCursor>,
}

impl ReviewStore {
    /// The query for one batch of candidates.
    pub fn candidates_query(
        &self,
        asked: &[String],
        provider: Option<UserId>,
        after: Option<TimeCursor>,
    ) -> IndexQuery {
        let words = asked.iter().map(|word| self.word_hash(word)).collect();
        search_query(words, provider, after, BATCH)
    }

    /// Finds the shown reviews that match, newest first.
    pub async fn search_reviews(&self, search: ReviewSearch) -> Result<FoundReviews, StoreError> {
        let ReviewSearch {
            query,
            provider,
            mut after,
            limit,
        } = search;
        let asked = query.pick_index_terms();
        let mut documents = Vec::with_capacity(limit);
        for _ in 0..BATCHES_MAX {
            let page = self
                .reviews
                .find_page(self.candidates_query(&asked, provider, after))
                .await?;
            let is_last = page.next.is_none();
            let read = page.documents.len();
            for (place, found) in page.documents.into_iter().enumerate() {
                after = Some(TimeCursor {
                    at: found.body.created_at,
                    id: found.id,
                });
                if query.matches_text(&found.body.comment) {
                    documents.push(found);
                }
                if documents.len() == limit {
                    let next = after.filter(|_| !is_last || place + 1 < read);
                    return Ok(FoundReviews { documents, next });
                }
            }
            if is_last {
                return Ok(FoundReviews {
                    documents,
                    next: None,
                });
            }
        }
        Ok(FoundReviews {
            documents,
            next: after,
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
