//! Stores profiles, one collection for customers and one for providers, and the showings of phone
//! numbers. The person's id is also the id of their profile.
//!
//! Invariants: a person has at most one profile; a change applies to the revision that its author
//! read, or not at all; the changed document holds its event.

mod showings;

use platform::{
    StoreError,
    cache::{StampedCache, StampedEntity},
    documents::{
        Collection, CollectionSchema, Document, DocumentBody, DocumentPage, Documents,
        DocumentsError, Field, Index, IndexCondition, IndexQuery, ListField, ScalarType, millis,
    },
    sealing::TableResealer,
};
use process::{clock::Clock, problem::TimeCursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{
    Event, EventType, FieldError, FileId, ProfileEvent, Region, Role, ServiceType, UnixMillis,
    UserId,
};

use crate::domain::{
    CustomerProfile, PersonRecord, ProfileBody, ProviderProfile, PublicProfile, VerificationState,
    serving_key,
};

pub(crate) use showings::NUMBER_SHOWINGS_MAX;
pub use showings::NumberShowing;

/// The service's name in cache keys, and the column of its sealed cache values.
pub const CACHE_PLACE: (&str, &str) = ("user", "user.memory");
const PUBLIC_PART: &str = "card";

/// Stop counting here: a higher number changes no rank.
const COUNTED_MAX: usize = 10_000;

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

const PROVIDER: Field<UserId> = Field::new("provider_id");

const OF_PROVIDER: Index = Index::new("provider", &[PROVIDER.ascending_key()]);

#[derive(Clone)]
pub struct ProfileStore {
    documents: Documents,
    customers: Collection<CustomerProfile>,
    pub(crate) providers: Collection<ProviderProfile>,
    pub(crate) jobs: Collection<CompletedJob>,
    showings: Collection<NumberShowing>,
    pub(crate) clock: Clock,
    cache: Option<StampedCache>,
}

/// A kind of profile with a separate collection.
pub trait StoredProfile: DocumentBody + ProfileBody {
    /// True if the cache keeps a public part of this profile.
    const HAS_PUBLIC_PART: bool;

    fn collection_in(store: &ProfileStore) -> &Collection<Self>;
}

#[derive(Debug)]
pub enum ProfileRefusal {
    /// The profile's current revision.
    Stale(i64),
    Wrong(Vec<FieldError>),
    Missing,
    Failed(StoreError),
}

/// The event to write with a change. Without one, the change is dropped.
pub struct ProfileEventDraft {
    pub kind: EventType,
    pub reason: Option<String>,
}

impl ProfileEventDraft {
    pub fn from_kind(kind: EventType) -> Self {
        Self { kind, reason: None }
    }
}

impl ProfileStore {
    pub fn new(documents: &Documents, clock: Clock) -> Self {
        Self {
            documents: documents.clone(),
            customers: Collection::new(documents, "customer_profiles"),
            providers: Collection::new(documents, "provider_profiles"),
            jobs: Collection::new(documents, "completed_jobs"),
            showings: Collection::new(documents, "number_showings"),
            clock,
            cache: None,
        }
    }

    /// Creates collections and indexes; safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.customers.migrate().await?;
        self.providers.migrate().await?;
        self.jobs.migrate().await?;
        self.showings.migrate().await
    }

    /// Runs one batch of sealing fields which are plain or use a former data key.
    pub async fn reseal_profiles(
        &self,
        walks: &[TableResealer<Uuid>; 2],
    ) -> Result<(), DocumentsError> {
        self.customers.seal_stale(&walks[0]).await?;
        self.providers.seal_stale(&walks[1]).await
    }

    /// Fails if `migrate` has not run for this schema.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.documents.check_schema().await?;
        self.customers.check_schema().await?;
        self.providers.check_schema().await?;
        self.jobs.check_schema().await?;
        self.showings.check_schema().await
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn providers(&self) -> &Collection<ProviderProfile> {
        &self.providers
    }

    /// Creates an empty profile for a new person. Returns false if they already have one.
    pub async fn create_blank_profile<D: StoredProfile>(
        &self,
        user: UserId,
        role: Role,
        trace: &str,
    ) -> Result<bool, StoreError> {
        let body = D::from(PersonRecord::new_blank(user, role, self.clock.now()));
        let event = self.build_event(EventType::ProfileCreated, trace, &body.to_profile_event())?;
        Ok(D::collection_in(self)
            .insert(user.0, &body, &[event])
            .await?)
    }

    pub async fn get<D: StoredProfile>(&self, user: UserId) -> Result<Option<D>, StoreError> {
        Ok(D::collection_in(self)
            .get(user.0)
            .await?
            .map(|found| found.body))
    }

    pub async fn find_person(&self, user: UserId) -> Result<Option<PersonRecord>, StoreError> {
        if let Some(provider) = self.get::<ProviderProfile>(user).await? {
            return Ok(Some(provider.person));
        }
        let customer = self.get::<CustomerProfile>(user).await?;
        Ok(customer.map(|customer| customer.person))
    }

    /// Returns the person's own profile; creates it if they registered before profiles existed.
    pub async fn load_or_create_profile<D: StoredProfile>(
        &self,
        user: UserId,
        role: Role,
        trace: &str,
    ) -> Result<D, ProfileRefusal> {
        if let Some(found) = self.get(user).await? {
            return Ok(found);
        }
        self.create_blank_profile::<D>(user, role, trace).await?;
        self.get(user).await?.ok_or(ProfileRefusal::Missing)
    }

    /// Changes a profile unless its revision differs from `read`. The profile of a deleted person
    /// counts as missing.
    pub async fn change_profile<D: StoredProfile>(
        &self,
        user: UserId,
        read: Option<i64>,
        trace: &str,
        mut change: impl FnMut(&mut D) -> Result<Option<ProfileEventDraft>, ProfileRefusal>,
    ) -> Result<D, ProfileRefusal> {
        if D::HAS_PUBLIC_PART {
            self.invalidate_public_profile(user).await;
        }
        let mut instead = Err(ProfileRefusal::Missing);
        let changed = D::collection_in(self).change_with_retry(user.0, |mut body: D| {
            if body.person().is_deleted {
                instead = Err(ProfileRefusal::Missing);
                return None;
            }
            let revision = body.person().revision;
            if read.is_some_and(|read| read != revision) {
                instead = Err(ProfileRefusal::Stale(revision));
                return None;
            }
            let news = match change(&mut body) {
                Ok(Some(news)) => news,
                Ok(None) => {
                    instead = Ok(body);
                    return None;
                }
                Err(refused) => {
                    instead = Err(refused);
                    return None;
                }
            };
            let person = body.person_mut();
            person.revision += 1;
            person.updated_at = self.clock.now();
            body.refresh_derived_fields();
            let told = ProfileEvent {
                reason: news.reason,
                ..body.to_profile_event()
            };
            match self.build_event(news.kind, trace, &told) {
                Ok(event) => Some((body, vec![event])),
                Err(error) => {
                    instead = Err(error.into());
                    None
                }
            }
        });
        match changed.await? {
            Some(Document { body, .. }) => {
                if D::HAS_PUBLIC_PART {
                    self.invalidate_public_profile(user).await;
                }
                Ok(body)
            }
            None => instead,
        }
    }

    /// Returns true if the owner's profile uses the file.
    pub async fn references_file(&self, owner: UserId, file: FileId) -> Result<bool, StoreError> {
        if let Some(provider) = self.get::<ProviderProfile>(owner).await? {
            return Ok(provider.references_file(file));
        }
        let customer = self.get::<CustomerProfile>(owner).await?;
        Ok(customer.is_some_and(|customer| customer.person.references_file(file)))
    }

    /// Providers in one verification state, the longest waiting first.
    pub async fn page_verification_queue(
        &self,
        query: IndexQuery,
    ) -> Result<DocumentPage<ProviderProfile>, StoreError> {
        Ok(self.providers.find_page(query).await?)
    }

    /// Providers open to proposals, by descending standing.
    pub async fn find_serving_providers(
        &self,
        query: &IndexQuery,
    ) -> Result<Vec<ProviderProfile>, StoreError> {
        let found = self.providers.find_documents(query).await?;
        Ok(found.into_iter().map(|document| document.body).collect())
    }

    /// Adds a cache for public profiles.
    #[must_use]
    pub fn with_cache(self, cache: StampedCache) -> Self {
        Self {
            cache: Some(cache),
            ..self
        }
    }

    /// Returns the public part of a provider's profile, or `None` if there is none to show. The
    /// cache does not keep a `None`.
    pub async fn load_public_profile(
        &self,
        user: UserId,
    ) -> Result<Option<PublicProfile>, StoreError> {
        let thing = cache_key_for(user);
        let Some(cache) = &self.cache else {
            return self.read_public_profile(user).await;
        };
        let Some(stamp) = cache.read_stamp(&thing).await else {
            return self.read_public_profile(user).await;
        };
        let known = cache.read_cached(PUBLIC_PART, &thing, &stamp).await;
        if let Some(card) = known.and_then(|known| serde_json::from_str(&known).ok()) {
            return Ok(Some(card));
        }
        let card = self.read_public_profile(user).await?;
        if let Some(text) = card
            .as_ref()
            .and_then(|card| serde_json::to_string(card).ok())
        {
            cache.write_cached(PUBLIC_PART, &thing, &stamp, &text).await;
        }
        Ok(card)
    }

    /// Invalidates the cache. Call it before and after each write to a provider's profile.
    pub(crate) async fn invalidate_public_profile(&self, user: UserId) {
        if let Some(cache) = &self.cache {
            cache.invalidate_entity(&cache_key_for(user)).await;
        }
    }

    async fn read_public_profile(&self, user: UserId) -> Result<Option<PublicProfile>, StoreError> {
        let found = self.get::<ProviderProfile>(user).await?;
        Ok(found.as_ref().and_then(PublicProfile::from_provider))
    }

    pub(crate) fn build_event(
        &self,
        kind: EventType,
        trace: &str,
        told: &ProfileEvent,
    ) -> Result<Event, StoreError> {
        let id = self.clock.new_id().into();
        Ok(Event::new(id, kind, self.clock.now(), trace, told)?)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompletedJob {
    pub provider_id: UserId,
    #[serde(with = "millis")]
    pub completed_at: UnixMillis,
}

impl DocumentBody for CompletedJob {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[PROVIDER.path()],
        indexes: &[OF_PROVIDER],
    };
}

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

impl StoredProfile for CustomerProfile {
    const HAS_PUBLIC_PART: bool = false;

    fn collection_in(store: &ProfileStore) -> &Collection<Self> {
        &store.customers
    }
}

impl StoredProfile for ProviderProfile {
    const HAS_PUBLIC_PART: bool = true;

    fn collection_in(store: &ProfileStore) -> &Collection<Self> {
        &store.providers
    }
}

impl From<StoreError> for ProfileRefusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<DocumentsError> for ProfileRefusal {
    fn from(error: DocumentsError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Vec<FieldError>> for ProfileRefusal {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Wrong(errors)
    }
}

impl From<FieldError> for ProfileRefusal {
    fn from(error: FieldError) -> Self {
        Self::Wrong(vec![error])
    }
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

pub(crate) fn completed_jobs_query(provider: UserId) -> IndexQuery {
    IndexQuery::from_index(OF_PROVIDER, PROVIDER.is_equal_to(provider)).with_limit(COUNTED_MAX)
}

fn cache_key_for(user: UserId) -> StampedEntity {
    StampedEntity {
        id: user.0,
        name: user.to_string(),
    }
}
