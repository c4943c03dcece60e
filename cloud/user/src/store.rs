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
    documents::{
        Collection, Document, DocumentBody, DocumentPage, Documents, DocumentsError, Find,
    },
    sealing::SealWalk,
    stamped::StampedMemory,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Event, EventType, FieldError, FileId, ProfileEvent, Role, UserId};

use crate::domain::{CustomerProfile, PersonRecord, ProfileBody, ProviderProfile};

pub use cards::PLACE;
pub use jobs::CompletedJob;
pub use shapes::{queue_of, serving_of};

#[derive(Clone)]
pub struct ProfileStore {
    documents: Documents,
    customers: Collection<CustomerProfile>,
    providers: Collection<ProviderProfile>,
    jobs: Collection<CompletedJob>,
    clock: Clock,
    memory: Option<StampedMemory>,
}

/// A kind of profile with a separate collection.
pub trait KeptProfile: DocumentBody + ProfileBody {
    /// True if the cache keeps a public part of this profile.
    const HAS_CARD: bool;

    fn kept_in(store: &ProfileStore) -> &Collection<Self>;
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
pub struct ChangeNews {
    pub kind: EventType,
    pub reason: Option<String>,
}

impl ChangeNews {
    pub fn of(kind: EventType) -> Self {
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
    pub async fn seal(&self, walks: &[SealWalk<Uuid>; 2]) -> Result<(), DocumentsError> {
        self.customers.seal_stale(&walks[0]).await?;
        self.providers.seal_stale(&walks[1]).await
    }

    /// Fails if `migrate` has not run for this schema.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        self.documents.check().await?;
        self.customers.check().await?;
        self.providers.check().await?;
        self.jobs.check().await
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn providers(&self) -> &Collection<ProviderProfile> {
        &self.providers
    }

    /// Creates an empty profile for a new person. Returns false if they already have one.
    pub async fn make<D: KeptProfile>(
        &self,
        user: UserId,
        role: Role,
        trace: &str,
    ) -> Result<bool, StoreError> {
        let body = D::from(PersonRecord::blank(user, role, self.clock.now()));
        let event = self.event(EventType::ProfileCreated, trace, &body.told())?;
        Ok(D::kept_in(self).insert(user.0, &body, &[event]).await?)
    }

    pub async fn get<D: KeptProfile>(&self, user: UserId) -> Result<Option<D>, StoreError> {
        Ok(D::kept_in(self).get(user.0).await?.map(|found| found.body))
    }

    /// Returns the person's own profile; creates it if they registered before profiles existed.
    pub async fn own<D: KeptProfile>(
        &self,
        user: UserId,
        role: Role,
        trace: &str,
    ) -> Result<D, ProfileRefusal> {
        if let Some(found) = self.get(user).await? {
            return Ok(found);
        }
        self.make::<D>(user, role, trace).await?;
        self.get(user).await?.ok_or(ProfileRefusal::Missing)
    }

    /// Changes a profile unless its revision differs from `read`.
    pub async fn change<D: KeptProfile>(
        &self,
        user: UserId,
        read: Option<i64>,
        trace: &str,
        mut change: impl FnMut(&mut D) -> Result<Option<ChangeNews>, ProfileRefusal>,
    ) -> Result<D, ProfileRefusal> {
        if D::HAS_CARD {
            self.changes(user).await;
        }
        let mut instead = Err(ProfileRefusal::Missing);
        let changed = D::kept_in(self).change(user.0, |mut body: D| {
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
            body.derive();
            let told = ProfileEvent { reason: news.reason, ..body.told() };
            match self.event(news.kind, trace, &told) {
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
                    self.changes(user).await;
                }
                Ok(body)
            }
            None => instead,
        }
    }

    /// Returns true if the owner's profile uses the file.
    pub async fn names(&self, owner: UserId, file: FileId) -> Result<bool, StoreError> {
        if let Some(provider) = self.get::<ProviderProfile>(owner).await? {
            return Ok(provider.names(file));
        }
        let customer = self.get::<CustomerProfile>(owner).await?;
        Ok(customer.is_some_and(|customer| customer.person.names(file)))
    }

    /// Providers in one verification state, the longest waiting first.
    pub async fn verifications(
        &self,
        find: Find,
    ) -> Result<DocumentPage<ProviderProfile>, StoreError> {
        Ok(self.providers.page(find).await?)
    }

    /// Providers open to proposals, by descending standing.
    pub async fn serving(&self, find: &Find) -> Result<Vec<ProviderProfile>, StoreError> {
        let found = self.providers.find(find).await?;
        Ok(found.into_iter().map(|document| document.body).collect())
    }

    fn event(
        &self,
        kind: EventType,
        trace: &str,
        told: &ProfileEvent,
    ) -> Result<Event, StoreError> {
        let id = self.clock.new_id().into();
        Ok(Event::new(id, kind, self.clock.now(), trace, told)?)
    }
}

impl KeptProfile for CustomerProfile {
    const HAS_CARD: bool = false;

    fn kept_in(store: &ProfileStore) -> &Collection<Self> {
        &store.customers
    }
}

impl KeptProfile for ProviderProfile {
    const HAS_CARD: bool = true;

    fn kept_in(store: &ProfileStore) -> &Collection<Self> {
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
