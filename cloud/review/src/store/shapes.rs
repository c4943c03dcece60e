//! The indexed fields of reviews, and the queries on them.

use platform::documents::{
    DocumentBody, Field, FieldPath, Find, Index, IndexCondition, ListField, Shape,
};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{FileId, OrderId, UnixMillis, UserId};

use super::{
    behind,
    sorts::{ReviewPlace, ReviewSort},
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
const OF_ORDER: Index = Index::new("order", &[ORDER.up()]).unique();
const OF_PROVIDER: Index = Index::new("provider", &[PROVIDER.up(), CREATED.down()]).only(IS_SHOWN);
const OLDEST: Index = Index::new("provider_oldest", &[PROVIDER.up(), CREATED.up()]).only(IS_SHOWN);
const BEST: Index =
    Index::new("provider_best", &[PROVIDER.up(), RATING.down(), CREATED.down()]).only(IS_SHOWN);
const WORST: Index =
    Index::new("provider_worst", &[PROVIDER.up(), RATING.up(), CREATED.down()]).only(IS_SHOWN);
const OF_CUSTOMER: Index = Index::new("customer", &[CUSTOMER.up(), CREATED.down()]);
const DESK: Index = Index::new("desk", &[STANDING.up(), CREATED.down()]);
const SEARCH: Index = Index::new("search", &[WORDS.each(), CREATED.down()]).only(IS_SHOWN);
const OF_IMAGE: Index = Index::new("image", &[IMAGES.each()]);
/// Covers the whole rating query, including its condition: MongoDB reads the document for any field
/// outside the key.
const RATINGS: Index = Index::new(
    "ratings",
    &[
        PROVIDER.up(),
        RATING.up(),
        PROFESSIONALISM.up(),
        ATTITUDE.up(),
        PUNCTUALITY.up(),
        SHOWN.up(),
    ],
)
.only(IS_SHOWN);

impl DocumentBody for Review {
    const SHAPE: Shape = Shape {
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
    const SHAPE: Shape = Shape { fields: &[], indexes: &[] };
}

pub fn of_order(order: OrderId) -> Find {
    Find::by(OF_ORDER, ORDER.is(order)).limit(1)
}

/// A provider's shown reviews, newest first.
pub fn about_provider(provider: UserId, after: Option<TimeCursor>, limit: usize) -> Find {
    Find::by(OF_PROVIDER, PROVIDER.is(provider)).after(behind(after)).limit(limit)
}

/// A provider's shown reviews, in the order that the cursor names.
pub fn sorted_about_provider(provider: UserId, place: ReviewPlace, limit: usize) -> Find {
    let index = match place.sort {
        ReviewSort::Newest => OF_PROVIDER,
        ReviewSort::Oldest => OLDEST,
        ReviewSort::RatingHigh => BEST,
        ReviewSort::RatingLow => WORST,
    };
    Find::by(index, PROVIDER.is(provider)).after(place.scalars()).limit(limit)
}

/// All reviews by a customer, newest first.
pub fn by_customer(customer: UserId, after: Option<TimeCursor>, limit: usize) -> Find {
    Find::by(OF_CUSTOMER, CUSTOMER.is(customer)).after(behind(after)).limit(limit)
}

/// All reviews with this standing, newest first.
pub fn at_desk(standing: ReviewStanding, after: Option<TimeCursor>, limit: usize) -> Find {
    let standing = STANDING.is(standing.as_str().to_owned());
    Find::by(DESK, standing).after(behind(after)).limit(limit)
}

/// The shown reviews with all of these term hashes, newest first.
pub(super) fn with_words(
    words: Vec<String>,
    provider: Option<UserId>,
    after: Option<TimeCursor>,
    limit: usize,
) -> Find {
    let all = WORDS.has_all(words);
    let all = match provider {
        Some(provider) => all.and(PROVIDER.is(provider)),
        None => all,
    };
    Find::by(SEARCH, all).after(behind(after)).limit(limit)
}

pub(super) fn with_image(image: FileId) -> Find {
    Find::by(OF_IMAGE, IMAGES.has(image.0)).limit(1)
}

pub(super) fn rated(provider: UserId) -> Find {
    Find::by(RATINGS, PROVIDER.is(provider))
}
