//! Scheduled jobs: delete pictures that no review uses, recompute and republish ratings, and seal
//! fields that are plain or use a former data key.

use platform::{
    files::FileRegister,
    jobs::{Job, JobResult},
    sealing::TableResealer,
};

use crate::store::ReviewStore;

pub fn build_jobs(store: &ReviewStore, register: &FileRegister) -> Vec<Job> {
    let kept = store.clone();
    let register = register.clone();
    let files = Job::new("review-files", "20 43 * * * *", move || {
        let store = kept.clone();
        let register = register.clone();
        async move {
            let removed = register
                .collect_unreferenced(|id, _| {
                    let store = store.clone();
                    async move {
                        let is_named = store.references_picture(id).await?;
                        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(is_named)
                    }
                })
                .await?;
            tracing::info!(removed, "Removed pictures that no review refers to");
            Ok(())
        }
    });
    let kept = store.clone();
    let ratings = Job::new("review-ratings", "30 52 3 * * *", move || {
        let store = kept.clone();
        async move { refresh_all_ratings(&store).await }
    });
    let kept = store.clone();
    let walks = ["review.reviews", "review.reports"].map(TableResealer::for_table);
    let seal = Job::new("review-seal", "35 */5 * * * *", move || {
        let store = kept.clone();
        let walks = walks.clone();
        async move { Ok(store.reseal_reviews(&walks).await?) }
    });
    vec![files, ratings, seal]
}

/// Repairs ratings that missed a review event, and profiles that missed a rating event.
async fn refresh_all_ratings(store: &ReviewStore) -> JobResult {
    let mended = store.refresh_ratings().await?;
    tracing::info!(mended, "Recomputed the ratings of providers");
    store.replay_ratings().await?;
    Ok(())
}
