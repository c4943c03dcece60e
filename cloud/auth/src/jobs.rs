//! Background jobs of auth: rotate the signing keys, reseal rows that are plain or sealed by a
//! former key, and purge expired sessions, devices, wrong passwords, OIDC flows, phone codes and
//! address changes.

use platform::{jobs::Job, sealing::TableResealer};
use process::clock::Clock;
use uuid::Uuid;

use crate::{
    domain::Lockout,
    signing::SigningKeys,
    store::{BATCH, Store, StoreError},
};

/// The next run continues after this many batches.
const BATCHES_MAX: usize = 200;
/// Ended sessions are kept for a while, so that their state can be looked up.
const KEPT_MS: i64 = 24 * 3600 * 1000;

pub fn build_jobs(store: &Store, clock: &Clock, signing: &SigningKeys) -> Vec<Job> {
    let store_to_seal = store.clone();
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
                "Removed expired sessions, devices, failed sign-ins, sign-in flows, codes and address claims"
            );
            Ok(())
        }
    });
    let cursors = AuthResealCursors::default();
    let seal = Job::new("auth-seal", "40 */5 * * * *", move || {
        let store = store_to_seal.clone();
        let cursors = cursors.clone();
        async move { Ok(reseal_stale_rows(&store, &cursors).await?) }
    });
    vec![keys, purge, seal]
}

/// The position of each reseal job in its table.
#[derive(Clone)]
pub struct AuthResealCursors {
    accounts: TableResealer<Uuid>,
    numbers: TableResealer<Uuid>,
    resets: TableResealer<Uuid>,
    readmissions: TableResealer<Uuid>,
    role_acts: TableResealer<Uuid>,
    key_changes: TableResealer<String>,
    claims: TableResealer<Uuid>,
}

impl Default for AuthResealCursors {
    fn default() -> Self {
        Self {
            accounts: TableResealer::for_table("auth.users"),
            numbers: TableResealer::for_table("auth.identities"),
            resets: TableResealer::for_table("auth.password_resets"),
            readmissions: TableResealer::for_table("auth.readmissions"),
            role_acts: TableResealer::for_table("auth.role_acts"),
            key_changes: TableResealer::for_table("auth.signing_keys"),
            claims: TableResealer::for_table("auth.address_claims"),
        }
    }
}

/// Seals addresses and reasons that are plain or sealed by a former key.
pub async fn reseal_stale_rows(
    store: &Store,
    cursors: &AuthResealCursors,
) -> Result<(), StoreError> {
    let mut run = cursors
        .accounts
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_accounts(after).await?);
    }
    let mut run = cursors
        .numbers
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_numbers(after).await?);
    }
    let mut run = cursors
        .resets
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_resets(after).await?);
    }
    let mut run = cursors
        .readmissions
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_readmissions(after).await?);
    }
    let mut run = cursors
        .role_acts
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_role_acts(after).await?);
    }
    let mut run = cursors
        .key_changes
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_key_changes(after).await?);
    }
    let mut run = cursors
        .claims
        .start_run(store.data_keys(), BATCHES_MAX)
        .await;
    while let Some(after) = run.next_position() {
        run.record_batch(store.reseal_address_claims(after).await?);
    }
    Ok(())
}

/// Returns the number of rows it removed.
pub async fn purge_expired(store: &Store, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let sessions = store.purge_sessions(now.plus_ms(-KEPT_MS)).await?;
        let failures = store.purge_failures(Lockout::window_start(now)).await?;
        let devices = store.purge_devices(now).await?;
        let flows = store.purge_spent_flows(now).await?;
        let codes = store.purge_codes(now).await?;
        let claims = store.purge_address_claims(now).await?;
        removed += sessions + failures + devices + flows + codes + claims;
        if sessions
            .max(failures)
            .max(devices)
            .max(flows)
            .max(codes)
            .max(claims)
            < BATCH
        {
            break;
        }
    }
    Ok(removed)
}
