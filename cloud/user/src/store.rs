//! Stores profiles: one collection for customers, one for providers. The person's id is also the id
//! of their profile.
//!
//! Invariants: a person has at most one profile; a change applies to the revision that its author
//! read, or not at all; the changed document holds its event.

mod cards;
mod jobs;
mod marks;
mod ratings;
mod shapes;

use platform::{
    StoreError,
    cache::StampedCache,
    documents::{
        Collection, Document, DocumentBody, DocumentPage, Documents, DocumentsError, IndexQuery,
    },
    sealing::TableResealer,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Event, EventType, FieldError, FileId, ProfileEvent, Role, UserId};

use crate::domain::{CustomerProfile, PersonRecord, ProfileBody, ProviderProfile};

pub use cards::PLACE;
pub use jobs::CompletedJob;
pub use shapes::{serving_providers_query, verification_queue_query};

#[derive(Clone)]
pub struct ProfileStore {
    documents: Documents,
    customers: Collection<CustomerProfile>,
    providers: Collection<ProviderProfile>,
    jobs: Collection<CompletedJob>,
    clock: Clock,
    memory: Option<StampedCache>,
}

/// A kind of profile with a separate collection.
pub trait StoredProfile: DocumentBody + ProfileBody {
    /// True if the cache keeps a public part of this profile.
    const HAS_CARD: bool;

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
            clock,
            memory: None,
        }
    }

    /// Creates collections and indexes; safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.customers.migrate().await?;
        self.providers.migrate().await?;
        self.jobs.migrate().await
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
        self.jobs.check_schema().await
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

    /// Changes a profile unless its revision differs from `read`.
    pub async fn change_profile<D: StoredProfile>(
        &self,
        user: UserId,
        read: Option<i64>,
        trace: &str,
        mut change: impl FnMut(&mut D) -> Result<Option<ProfileEventDraft>, ProfileRefusal>,
    ) -> Result<D, ProfileRefusal> {
        if D::HAS_CARD {
            self.invalidate_public_profile(user).await;
        }
        let mut instead = Err(ProfileRefusal::Missing);
        let changed = D::collection_in(self).change_with_retry(user.0, |mut body: D| {
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
                if D::HAS_CARD {
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

    fn build_event(
        &self,
        kind: EventType,
        trace: &str,
        told: &ProfileEvent,
    ) -> Result<Event, StoreError> {
        let id = self.clock.new_id().into();
        Ok(Event::new(id, kind, self.clock.now(), trace, told)?)
    }
}

impl StoredProfile for CustomerProfile {
    const HAS_CARD: bool = false;

    fn collection_in(store: &ProfileStore) -> &Collection<Self> {
        &store.customers
    }
}

impl StoredProfile for ProviderProfile {
    const HAS_CARD: bool = true;

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
