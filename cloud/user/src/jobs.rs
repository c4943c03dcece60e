//! Scheduled jobs: delete files that no profile uses, republish verification status, recount the
//! jobs of providers, and seal fields that are plain or use a former data key.

use platform::{
    files::FileRegister,
    jobs::{Job, JobResult},
    sealing::TableResealer,
};

use crate::store::ProfileStore;

pub fn build_jobs(store: &ProfileStore, register: &FileRegister) -> Vec<Job> {
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
