//! The jobs of auth: turn the signing keys, and remove sessions whose token has expired, devices long away, and wrong
//! passwords that no longer count.

use platform::jobs::Job;
use process::clock::Clock;

use crate::{
    domain::Lockout,
    signing::SigningKeys,
    store::{BATCH, Store, StoreError},
};

/// Past this many batches, the next run goes on.
const BATCHES_MAX: usize = 200;
/// A session is kept for a while after its end, so that its fate can be looked up.
const KEPT_MS: i64 = 24 * 3600 * 1000;

pub fn all(store: &Store, clock: &Clock, signing: &SigningKeys) -> Vec<Job> {
    let (store, clock) = (store.clone(), clock.clone());
    let signing = signing.clone();
    let keys = Job::new("auth-keys", "15 * * * * *", move || {
        let signing = signing.clone();
        async move { Ok(signing.turn().await?) }
    });
    let purge = Job::new("auth-purge", "30 7,37 * * * *", move || {
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            let removed = purge(&store, &clock).await?;
            tracing::info!(removed, "Removed expired sessions, devices and wrong passwords");
            Ok(())
        }
    });
    vec![keys, purge]
}

/// Returns how many rows it removed.
pub async fn purge(store: &Store, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let sessions = store.purge_sessions(now.plus_ms(-KEPT_MS)).await?;
        let failures = store.purge_failures(Lockout::horizon(now)).await?;
        let devices = store.purge_devices(now).await?;
        removed += sessions + failures + devices;
        if sessions.max(failures).max(devices) < BATCH {
            break;
        }
    }
    Ok(removed)
}
