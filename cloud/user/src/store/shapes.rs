//! The indexed fields of profiles, and the queries on them.

use platform::documents::{
    CollectionSchema, DocumentBody, Field, Index, IndexCondition, IndexQuery, ListField, ScalarType,
};
use process::problem::TimeCursor;
use wire::{Region, ServiceType, UnixMillis, UserId};

use crate::domain::{CustomerProfile, ProviderProfile, VerificationState, serving_key};

const USER: Field<UserId> = Field::new("user_id");
const FULL_NAME: Field<String> = Field::new("full_name");
const PHONE: Field<String> = Field::new("phone_number");
const SERVES: ListField<String> = ListField::new("serves");
const STANDING: Field<i64> = Field::new("standing");
const LISTED: Field<bool> = Field::new("is_listed");
const STATE: Field<String> = Field::optional("verification.state");
const SUBMITTED: Field<UnixMillis> = Field::optional("verification.submitted_at");

const OF_PERSON: Index = Index::new("person", &[USER.ascending_key()]).unique();
const SERVING: Index = Index::new(
    "serving",
    &[SERVES.key_per_value(), STANDING.descending_key()],
)
.with_conditions(&[IndexCondition::Is(LISTED.path(), true)]);
const QUEUE: Index = Index::new("queue", &[STATE.ascending_key(), SUBMITTED.ascending_key()])
    .with_conditions(&[
        IndexCondition::Present(STATE.path()),
        IndexCondition::Present(SUBMITTED.path()),
    ]);

impl DocumentBody for CustomerProfile {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[USER.path(), FULL_NAME.path(), PHONE.path()],
        indexes: &[OF_PERSON],
    };
    const SEALED: &'static [&'static str] = &[
        "full_name",
        "phone_number",
        "bio",
        "addresses",
        "date_of_birth",
    ];
}

impl DocumentBody for ProviderProfile {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            FULL_NAME.path(),
            PHONE.path(),
            SERVES.path(),
            STANDING.path(),
            LISTED.path(),
            STATE.path(),
            SUBMITTED.path(),
        ],
        indexes: &[OF_PERSON, SERVING, QUEUE],
    };
    /// The verification steps contain the reasons that admins wrote.
    const SEALED: &'static [&'static str] = &[
        "full_name",
        "phone_number",
        "bio",
        "addresses",
        "certifications",
        "verification.steps",
    ];
}

/// A page of the verification queue, oldest first.
pub fn verification_queue_query(
    state: VerificationState,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    let after = after.map(|after| vec![after.at.scalar(), after.id.scalar()]);
    IndexQuery::from_index(QUEUE, STATE.is_equal_to(state.as_str().to_owned()))
        .start_after(after)
        .with_limit(limit)
}

/// Listed providers for this area and kind of work, best standing first.
pub fn serving_providers_query(area: Region, kind: ServiceType, limit: usize) -> IndexQuery {
    IndexQuery::from_index(SERVING, SERVES.has_value(serving_key(area, kind))).with_limit(limit)
}
