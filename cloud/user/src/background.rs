//! The service's background work. Events: a new account gets a profile, a revoked one is hidden
//! until readmitted, a deleted one keeps only a blank profile, a completed and paid job counts for
//! its provider, and a rating comes from the review service. Scheduled jobs: delete files that no
//! profile uses, republish verification status, recount the jobs of providers, and seal fields that
//! are plain or use a former data key.

use platform::{
    StoreError,
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
    documents::DocumentsError,
    files::FileRegister,
    jobs::{Job, JobResult},
    sealing::TableResealer,
};
use process::tasks::Tasks;
use uuid::Uuid;
use wire::{
    Event, EventType, OrderEvent, OrderId, OrderStatus, PaymentStatus, RatingEvent, Role,
    UserEvent, UserId,
};

use crate::{
    domain::{CustomerProfile, ProfileBody, ProviderProfile, VerificationState},
    store::{
        CompletedJob, ProfileEventDraft, ProfileRefusal, ProfileStore, StoredProfile,
        completed_jobs_query, verification_queue_query,
    },
};

const ATTEMPTS_MAX: usize = 16;
/// Profiles per page of a job.
const PAGE: usize = 200;

/// Repeated events change nothing: the store keeps one profile per person, one document per job,
/// and only the newest rating.
pub struct ProfileEventConsumer {
    pub store: ProfileStore,
    pub register: FileRegister,
}

impl ProfileEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::USER_PROFILES, self);
    }

    /// Counts a completed job if it is paid or will be paid afterwards. A later payment arrives as
    /// `order.status_changed`.
    async fn count_completed_job(&self, event: &Event) -> Result<(), HandleError> {
        let OrderEvent {
            order,
            paid_afterwards,
            ..
        } = serde_json::from_value(event.body.clone())?;
        let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
        let is_unpaid = order.payment_status == PaymentStatus::Unpaid && !paid_afterwards;
        if !is_done || is_unpaid {
            return Ok(());
        }
        let Some(provider_id) = order.provider_id else {
            return Err(HandleError::poison("a completed order has no provider"));
        };
        let job = CompletedJob {
            provider_id,
            completed_at: event.at,
        };
        Ok(self
            .store
            .record_completed_job(order.id, &job, &event.trace)
            .await?)
    }

    async fn apply_account_event<D: StoredProfile>(
        &self,
        event: &Event,
        account: &UserEvent,
    ) -> Result<(), HandleError> {
        let user = account.user_id;
        if self
            .store
            .create_blank_profile::<D>(user, account.role, &event.trace)
            .await?
        {
            tracing::info!(user.id = %user, "Created a profile");
        }
        let is_closed = match event.kind {
            EventType::UserRevoked => true,
            EventType::UserReadmitted => false,
            EventType::UserDeleted => return self.erase_person::<D>(user, &event.trace).await,
            _ => return Ok(()),
        };
        let changed = self
            .store
            .change_profile::<D>(user, None, &event.trace, |profile| {
                let person = profile.person_mut();
                let is_new = std::mem::replace(&mut person.is_closed, is_closed) != is_closed;
                Ok(is_new.then(|| ProfileEventDraft::from_kind(EventType::ProfileUpdated)))
            });
        check_change(changed.await)
    }

    /// The profile first: afterwards no upload finds a place for its file.
    async fn erase_person<D: StoredProfile>(
        &self,
        user: UserId,
        trace: &str,
    ) -> Result<(), HandleError> {
        let erased = self
            .store
            .change_profile::<D>(user, None, trace, |profile| {
                *profile = profile.to_deleted();
                Ok(Some(ProfileEventDraft::from_kind(
                    EventType::ProfileUpdated,
                )))
            });
        check_change(erased.await)?;
        let files = self.register.remove_files_of(user).await?;
        tracing::info!(user.id = %user, files, "Erased the profile of a deleted person");
        Ok(())
    }
}

/// The caller has created the profile, so `Missing` means a deleted person's, which never changes.
fn check_change<D>(changed: Result<D, ProfileRefusal>) -> Result<(), HandleError> {
    match changed {
        Ok(_) | Err(ProfileRefusal::Missing) => Ok(()),
        Err(ProfileRefusal::Failed(error)) => Err(error.into()),
        Err(refused) => Err(HandleError::poison(format!(
            "could not close, reopen or erase the profile: {refused:?}"
        ))),
    }
}

impl EventHandler for ProfileEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        match event.kind {
            EventType::UserRegistered
            | EventType::UserRevoked
            | EventType::UserReadmitted
            | EventType::UserDeleted => {}
            EventType::OrderCompleted | EventType::OrderStatusChanged => {
                return self.count_completed_job(event).await;
            }
            EventType::RatingUpdated => {
                let rating: RatingEvent = serde_json::from_value(event.body.clone())?;
                return Ok(self.store.apply_rating(&rating, &event.trace).await?);
            }
            _ => return Ok(()),
        }
        let account: UserEvent = serde_json::from_value(event.body.clone())?;
        match account.role {
            Role::Provider => {
                self.apply_account_event::<ProviderProfile>(event, &account)
                    .await
            }
            Role::Customer | Role::Admin => {
                self.apply_account_event::<CustomerProfile>(event, &account)
                    .await
            }
        }
    }
}

/// A provider's record: completed jobs, rating and verification.
impl ProfileStore {
    /// Stores a completed job once, even if its event repeats, and recounts the jobs of its
    /// provider.
    pub async fn record_completed_job(
        &self,
        order: OrderId,
        job: &CompletedJob,
        trace: &str,
    ) -> Result<(), StoreError> {
        self.jobs.insert(order.0, job, &[]).await?;
        if self
            .get::<ProviderProfile>(job.provider_id)
            .await?
            .is_none()
        {
            self.create_blank_profile::<ProviderProfile>(job.provider_id, Role::Provider, trace)
                .await?;
        }
        self.recount_jobs(job.provider_id).await.map(drop)
    }

    /// Recounts the jobs of all providers. Returns the number of corrected profiles.
    pub async fn recount_all_jobs(&self) -> Result<u64, StoreError> {
        let mut mended = 0;
        let mut after = Uuid::nil();
        loop {
            let page = self.providers.all_after(after, PAGE).await?;
            for found in &page {
                mended += u64::from(self.recount_jobs(UserId(found.id)).await?);
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = last.id,
                None => return Ok(mended),
            }
        }
    }

    /// Writes the current job count into the provider's profile; returns true if it changed. Reads
    /// the profile's version before counting, so that a slow count never overwrites a later one.
    pub async fn recount_jobs(&self, provider: UserId) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(mut found) = self.providers.get(provider.0).await? else {
                return Ok(false);
            };
            let counted = self
                .jobs
                .count_documents(&completed_jobs_query(provider))
                .await?;
            let counted = i64::try_from(counted).unwrap_or(i64::MAX);
            if found.body.completed_orders == counted {
                return Ok(false);
            }
            found.body.completed_orders = counted;
            found.body.refresh_derived_fields();
            self.invalidate_public_profile(provider).await;
            if self.providers.replace_document(&found, &[]).await? {
                self.invalidate_public_profile(provider).await;
                return Ok(true);
            }
        }
        let contended = DocumentsError::Contended {
            collection: "provider_profiles",
            id: provider.0,
        };
        Err(contended.into())
    }

    /// Stores a rating newer than the current one. Leaves the revision alone, so that it does not
    /// make the provider's open form stale.
    pub async fn apply_rating(&self, told: &RatingEvent, trace: &str) -> Result<(), StoreError> {
        let provider = told.provider_id;
        if self.get::<ProviderProfile>(provider).await?.is_none() {
            self.create_blank_profile::<ProviderProfile>(provider, Role::Provider, trace)
                .await?;
        }
        self.invalidate_public_profile(provider).await;
        let changed = self.providers.change_with_retry(provider.0, |mut profile| {
            if profile.rating_version >= told.version {
                return None;
            }
            profile.rating_version = told.version;
            profile.rating_hundredths = told.average_hundredths;
            profile.total_reviews = told.total_reviews;
            profile.refresh_derived_fields();
            Some((profile, Vec::new()))
        });
        let changed = changed
            .await
            .map_err(|error: DocumentsError| StoreError::from(error))?;
        if changed.is_some() {
            self.invalidate_public_profile(provider).await;
        }
        Ok(())
    }

    /// Writes an event into the profile of each verified provider. Returns the number of events
    /// written. Skips a profile that changes meanwhile, since that change writes its own event.
    pub async fn republish_verifications(&self) -> Result<u64, StoreError> {
        let trace = self.clock.new_id().simple().to_string();
        let mut told = 0;
        let mut after = None;
        loop {
            let find = verification_queue_query(VerificationState::Verified, None, PAGE)
                .start_after(after);
            let page = self.providers.find_page(find).await?;
            for found in &page.documents {
                let event = self.build_event(
                    EventType::ProfileUpdated,
                    &trace,
                    &found.body.to_profile_event(),
                )?;
                told += u64::from(self.providers.replace_document(found, &[event]).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(told);
            }
        }
    }
}

pub(crate) fn build_jobs(store: &ProfileStore, register: &FileRegister) -> Vec<Job> {
    let kept = store.clone();
    let register = register.clone();
    let files = Job::new("user-files", "40 23 * * * *", move || {
        let store = kept.clone();
        let register = register.clone();
        async move { collect_unused_files(&store, &register).await }
    });
    let kept = store.clone();
    let marks = Job::new("user-marks", "10 37 3 * * *", move || {
        let store = kept.clone();
        async move { republish_verifications(&store).await }
    });
    let kept = store.clone();
    let counts = Job::new("user-counts", "50 7 5 * * *", move || {
        let store = kept.clone();
        async move { recount_jobs(&store).await }
    });
    let kept = store.clone();
    let walks = ["user.customer_profiles", "user.provider_profiles"].map(TableResealer::for_table);
    let seal = Job::new("user-seal", "55 */5 * * * *", move || {
        let store = kept.clone();
        let walks = walks.clone();
        async move { Ok(store.reseal_profiles(&walks).await?) }
    });
    vec![files, marks, counts, seal]
}

/// Lets a consumer that started late or lost its copy catch up within a day; the others drop the
/// repeat. Daily runs stay far below the number of events a profile can hold during a bus outage.
async fn republish_verifications(store: &ProfileStore) -> JobResult {
    let told = store.republish_verifications().await?;
    tracing::info!(told, "Republished which providers are verified");
    Ok(())
}

/// By this hour the order service has replayed the completed jobs of the last days.
async fn recount_jobs(store: &ProfileStore) -> JobResult {
    let mended = store.recount_all_jobs().await?;
    tracing::info!(mended, "Recounted the completed jobs of providers");
    Ok(())
}

async fn collect_unused_files(store: &ProfileStore, register: &FileRegister) -> JobResult {
    let removed = register
        .collect_unreferenced(|id, owner| async move {
            let is_named = store.references_file(owner, id).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(is_named)
        })
        .await?;
    tracing::info!(removed, "Removed files that no profile refers to");
    Ok(())
}
