//! Background jobs of auth: delete accounts at their owners' request, rotate the signing keys,
//! reseal rows that are plain or sealed by a former key, and purge expired sessions, devices, wrong
//! passwords, OIDC flows, phone codes, address changes, tickets of unfinished sign-ins and old acts
//! of admins.

use platform::jobs::Job;
use process::clock::Clock;

use crate::{
    account_deletions::AccountDeletions,
    domain::Lockout,
    signing::SigningKeys,
    store::{BATCH, Store, StoreError},
};

/// The next run continues after this many batches.
const BATCHES_MAX: usize = 200;
/// Ended sessions are kept for a while, so that their state can be looked up.
const KEPT_MS: i64 = 24 * 3600 * 1000;
/// Questions about a change may come up long afterwards.
const ACTS_KEPT_MS: i64 = 2 * 365 * 24 * 3600 * 1000;

pub(crate) fn build_jobs(
    store: &Store,
    clock: &Clock,
    signing: &SigningKeys,
    deletions: &AccountDeletions,
) -> Vec<Job> {
    let seal = Job::reseal("auth-seal", "40 */5 * * * *", store.resealer());
    let store = store.clone();
    let clock = clock.clone();
    let signing = signing.clone();
    let keys = Job::new("auth-keys", "15 * * * * *", move || {
        let signing = signing.clone();
        async move { Ok(signing.advance_keys().await?) }
    });
    let purge = Job::new("auth-purge", "30 7,37 * * * *", move || {
        let store = store.clone();
        let clock = clock.clone();
        async move {
            let removed = purge_expired(&store, &clock).await?;
            tracing::info!(
                removed,
                "Removed expired sessions, devices, failed sign-ins, sign-in flows, codes, tickets, challenges, address claims and acts of admins"
            );
            Ok(())
        }
    });
    let due = deletions.clone();
    let deletion = Job::new("auth-deletions", "50 * * * * *", move || {
        let deletions = due.clone();
        async move { Ok(deletions.delete_due_accounts().await.map(drop)?) }
    });
    let past = deletions.clone();
    let repetition = Job::new("auth-deleted", "25 11 3 * * *", move || {
        let deletions = past.clone();
        async move { Ok(deletions.repeat_deletions().await.map(drop)?) }
    });
    vec![keys, purge, seal, deletion, repetition]
}

/// Returns the number of rows it removed.
pub(crate) async fn purge_expired(store: &Store, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let sessions = store.purge_sessions(now.plus_ms(-KEPT_MS)).await?;
        let failures = store.purge_failures(Lockout::window_start(now)).await?;
        let devices = store.purge_devices(now).await?;
        let flows = store.purge_spent_flows(now).await?;
        let codes = store.purge_codes(now).await?;
        let claims = store.purge_address_claims(now).await?;
        let ended_devices = store.purge_ended_devices(now.plus_ms(-KEPT_MS)).await?;
        let tickets = store.purge_sign_in_tickets(now).await?;
        let challenges = store.purge_passkey_challenges(now).await?;
        let acts = store.purge_acts(now.plus_ms(-ACTS_KEPT_MS)).await?;
        let rounds = [
            sessions,
            failures,
            devices,
            flows,
            codes,
            claims,
            ended_devices,
            tickets,
            challenges,
            acts,
        ];
        removed += rounds.iter().sum::<usize>();
        if rounds.iter().all(|rows| *rows < BATCH) {
            break;
        }
    }
    Ok(removed)
}
