//! Scheduled jobs: delete files that no profile uses, republish verification status, recount the
//! jobs of providers, and seal fields that are plain or use a former data key.

use platform::{
    files::FileRegister,
    jobs::{Job, JobResult},
    sealing::SealWalk,
};

use crate::store::ProfileStore;

pub fn all(store: &ProfileStore, register: &FileRegister) -> Vec<Job> {
    let (kept, register) = (store.clone(), register.clone());
    let files = Job::new("user-files", "40 23 * * * *", move || {
        let (store, register) = (kept.clone(), register.clone());
        async move { collect(&store, &register).await }
    });
    let kept = store.clone();
    let marks = Job::new("user-marks", "10 37 3 * * *", move || {
        let store = kept.clone();
        async move { tell_marks(&store).await }
    });
    let kept = store.clone();
    let counts = Job::new("user-counts", "50 7 5 * * *", move || {
        let store = kept.clone();
        async move { recount(&store).await }
    });
    let kept = store.clone();
    let walks = ["user.customer_profiles", "user.provider_profiles"].map(SealWalk::of);
    let seal = Job::new("user-seal", "55 */5 * * * *", move || {
        let (store, walks) = (kept.clone(), walks.clone());
        async move { Ok(store.seal(&walks).await?) }
    });
    vec![files, marks, counts, seal]
}

/// Lets a consumer that started late or lost its copy catch up within a day; the others drop the
/// repeat. Daily runs stay far below the number of events a profile can hold during a bus outage.
async fn tell_marks(store: &ProfileStore) -> JobResult {
    let told = store.tell_marks().await?;
    tracing::info!(told, "Told again who is verified");
    Ok(())
}

/// By this hour the order service has replayed the completed jobs of the last days.
async fn recount(store: &ProfileStore) -> JobResult {
    let mended = store.recount_all().await?;
    tracing::info!(mended, "Counted the jobs of providers anew");
    Ok(())
}

async fn collect(store: &ProfileStore, register: &FileRegister) -> JobResult {
    let removed = register
        .collect(|id, owner| async move {
            let is_named = store.names(owner, id).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(is_named)
        })
        .await?;
    tracing::info!(removed, "Removed files that no profile names");
    Ok(())
}
