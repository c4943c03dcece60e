//! The job of the user service: to remove files that no profile names.

use platform::{
    files::FileRegister,
    jobs::{Job, JobResult},
};

use crate::store::ProfileStore;

pub fn all(store: &ProfileStore, register: &FileRegister) -> Vec<Job> {
    let (store, register) = (store.clone(), register.clone());
    vec![Job::new("user-files", "40 23 * * * *", move || {
        let (store, register) = (store.clone(), register.clone());
        async move { collect(&store, &register).await }
    })]
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
