//! The indexed fields of reviews, and the queries on them.

use platform::documents::{
    CollectionSchema, DocumentBody, Field, FieldPath, Index, IndexCondition, IndexQuery, ListField,
};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{FileId, OrderId, UnixMillis, UserId};

use super::{
    cursor_scalars,
    sorts::{ReviewCursor, ReviewSort},
};
use crate::domain::{ProviderRating, Review, ReviewStanding};

const ORDER: Field<OrderId> = Field::new("order_id");
pub(super) const PROVIDER: Field<UserId> = Field::new("provider_id");
const CUSTOMER: Field<UserId> = Field::new("customer_id");
const CREATED: Field<UnixMillis> = Field::new("created_at");
const STANDING: Field<String> = Field::new("standing");
const SHOWN: Field<bool> = Field::new("is_shown");
pub(super) const RATING: Field<i64> = Field::new("rating");
const PROFESSIONALISM: Field<i64> = Field::new("dimensions.professionalism");
const ATTITUDE: Field<i64> = Field::new("dimensions.attitude");
const PUNCTUALITY: Field<i64> = Field::new("dimensions.punctuality");
pub(super) const WORDS: ListField<String> = ListField::new("words");
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
pub(super) fn search_query(
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
