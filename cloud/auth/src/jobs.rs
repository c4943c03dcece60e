//! Background jobs of auth: rotate the signing keys, reseal rows that are plain or sealed by a
//! former key, and purge expired sessions, devices, wrong passwords, OIDC flows, phone codes and
//! address changes.

use platform::{jobs::Job, sealing::SealWalk};
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

pub fn all(store: &Store, clock: &Clock, signing: &SigningKeys) -> Vec<Job> {
    let (store, store_to_seal, clock) = (store.clone(), store.clone(), clock.clone());
    let signing = signing.clone();
    let keys = Job::new("auth-keys", "15 * * * * *", move || {
        let signing = signing.clone();
        async move { Ok(signing.turn().await?) }
    });
    let purge = Job::new("auth-purge", "30 7,37 * * * *", move || {
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            let removed = purge(&store, &clock).await?;
            tracing::info!(
                removed,
                "Removed expired sessions, devices, wrong passwords, visits, codes and wishes for an address"
            );
            Ok(())
        }
    });
    let walks = SealWalks::default();
    let seal = Job::new("auth-seal", "40 */5 * * * *", move || {
        let (store, walks) = (store_to_seal.clone(), walks.clone());
        async move { Ok(seal(&store, &walks).await?) }
    });
    vec![keys, purge, seal]
}

/// The position of each reseal job in its table.
#[derive(Clone)]
pub struct SealWalks {
    accounts: SealWalk<Uuid>,
    numbers: SealWalk<Uuid>,
    resets: SealWalk<Uuid>,
    readmissions: SealWalk<Uuid>,
    role_acts: SealWalk<Uuid>,
    key_orders: SealWalk<String>,
    claims: SealWalk<Uuid>,
}

impl Default for SealWalks {
    fn default() -> Self {
        Self {
            accounts: SealWalk::of("auth.users"),
            numbers: SealWalk::of("auth.identities"),
            resets: SealWalk::of("auth.password_resets"),
            readmissions: SealWalk::of("auth.readmissions"),
            role_acts: SealWalk::of("auth.role_acts"),
            key_orders: SealWalk::of("auth.signing_keys"),
            claims: SealWalk::of("auth.address_claims"),
        }
    }
}

/// Seals addresses and reasons that are plain or sealed by a former key.
pub async fn seal(store: &Store, walks: &SealWalks) -> Result<(), StoreError> {
    let mut turn = walks.accounts.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_accounts(after).await?);
    }
    let mut turn = walks.numbers.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_numbers(after).await?);
    }
    let mut turn = walks.resets.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_resets(after).await?);
    }
    let mut turn = walks.readmissions.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_readmissions(after).await?);
    }
    let mut turn = walks.role_acts.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_role_acts(after).await?);
    }
    let mut turn = walks.key_orders.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_key_orders(after).await?);
    }
    let mut turn = walks.claims.turn(store.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store.reseal_address_claims(after).await?);
    }
    Ok(())
}

/// Returns the number of rows it removed.
pub async fn purge(store: &Store, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let mut removed = 0;
    for _ in 0..BATCHES_MAX {
        let sessions = store.purge_sessions(now.plus_ms(-KEPT_MS)).await?;
        let failures = store.purge_failures(Lockout::horizon(now)).await?;
        let devices = store.purge_devices(now).await?;
        let visits = store.purge_visits(now).await?;
        let codes = store.purge_codes(now).await?;
        let claims = store.purge_address_claims(now).await?;
        removed += sessions + failures + devices + visits + codes + claims;
        if sessions.max(failures).max(devices).max(visits).max(codes).max(claims) < BATCH {
            break;
        }
    }
    Ok(removed)
}
