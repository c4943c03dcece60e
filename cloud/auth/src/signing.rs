//! The keys that sign tokens. auth_db holds them, so all replicas sign with the same key at any
//! time; their private keys there are sealed by the key file, which also holds the first key.
//!
//! Invariants: a key signs only after it was published for the configured time, unless its
//! predecessor was killed; others verify with exactly the published keys.

mod key_ring;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use platform::OpenError;
use process::{
    clock::Clock,
    problem::format_error_chain,
    tasks::Tasks,
    tokens::{KeyVault, Signer, TokenKeys, TokenKeysError},
};
use serde::Serialize;
use wire::UnixMillis;

use crate::{
    config::Config,
    errors::{AttemptError, RefusalReason, convert_faults},
    store::{KeyChangeAudit, NewSigningKey, SigningKey, Store, StoreError},
};
use key_ring::{KeyRotationPlan, TOKENS_LIVE_MS};

pub(crate) use key_ring::{KeyRing, KeyState};

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The longest delay until a replica applies another's rotation or kill.
const RELOAD: Duration = Duration::from_secs(5);
/// Private keys are kept this long after they stop signing: another replica may still sign with one
/// until it reloads.
const SEALED_AFTER_MS: i64 = HOUR_MS;
/// Former keys verify the authors of operations in an edge's log, even if the edge returns after
/// this long.
const FORMER_KEPT_MS: i64 = 400 * DAY_MS;

#[derive(Clone)]
pub struct SigningKeys(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    plan: KeyRotationPlan,
    own: Signer,
    vault: KeyVault,
    keys: TokenKeys,
    /// Ordered by the time they start to sign; never empty after `open`.
    signers: RwLock<Vec<(UnixMillis, Signer)>>,
}

#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not use the set of signing keys")]
    Keys(#[from] TokenKeysError),
    #[error("the key file does not decrypt any signing key")]
    NoKey,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the signing key in {} is not one that auth_db knows: restore auth's key file there. If it is lost \
     or was stolen, start once with auth.signing_key_replaced=true, which invalidates every token", .0.display()
)]
struct ForeignKeyFile(PathBuf);

/// Rotation refused: others do not trust the next key yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTooNew {
    pub trusted_from: UnixMillis,
}

impl RefusalReason for KeyTooNew {}

convert_faults!(SigningError: SigningError, StoreError);

impl SigningKeys {
    pub async fn open(
        store: &Store,
        config: &Config,
        clock: &Clock,
        keys: &TokenKeys,
    ) -> Result<Self, OpenError> {
        let (own, vault) = KeyVault::load_or_create(&config.signing_key).map_err(
            OpenError::own_failure("could not load or create the key that signs tokens"),
        )?;
        let plan = KeyRotationPlan {
            signs_ms: i64::from(config.signing_key_days.get()) * DAY_MS,
            known_ms: i64::from(config.signing_key_known_hours.get()) * HOUR_MS,
        };
        let now = clock.now();
        let file = NewSigningKey::from_file(own.kid(), own.public_key());
        if !store
            .ensure_file_key(file, config.signing_key_replaced, now)
            .await?
        {
            let foreign = ForeignKeyFile(config.signing_key.clone());
            return Err(OpenError::own_failure(
                "could not use the key that signs tokens",
            )(foreign));
        }
        let store = store.clone();
        let clock = clock.clone();
        let keys = keys.clone();
        let signers = RwLock::default();
        let opened = Self(Arc::new(Inner {
            store,
            clock,
            plan,
            own,
            vault,
            keys,
            signers,
        }));
        match opened.advance_keys().await {
            Ok(()) => Ok(opened),
            // The caller waits for an unavailable store.
            Err(SigningError::Store(error)) => Err(error.into()),
            Err(error) => Err(OpenError::own_failure(
                "could not load the keys that sign tokens",
            )(error)),
        }
    }

    /// Reloads periodically while the service runs, to apply changes from other replicas.
    pub fn spawn_reload(&self, tasks: &Tasks) {
        let own = self.clone();
        let stop = tasks.stop_token();
        tasks.spawn("auth signing keys", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(RELOAD) => {}
                }
                if let Err(error) = own.load().await {
                    tracing::warn!(
                        cause = format_error_chain(&error),
                        "Could not reload the signing keys"
                    );
                }
            }
        });
    }

    pub fn sign_claims(&self, claims: &impl Serialize) -> String {
        let now = self.0.clock.now();
        let signers = self
            .0
            .signers
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let begun = signers.iter().rev().find(|(from, _)| *from <= now);
        match begun.or_else(|| signers.first()) {
            Some((_, signer)) => signer.sign_claims(claims),
            None => unreachable!(
                "signing keys are opened with at least one key, and a load without any is refused"
            ),
        }
    }

    pub fn jwks(&self) -> String {
        self.0.keys.jwks()
    }

    /// Loads all keys, in the order in which they sign.
    pub async fn load_ring(&self) -> Result<KeyRing, SigningError> {
        Ok(KeyRing(self.0.store.signing_keys().await?))
    }

    /// Updates the state of every key for the current time, and creates the next key. If two
    /// replicas do this concurrently, only one creates it.
    pub async fn advance_keys(&self) -> Result<(), SigningError> {
        let Inner {
            store, clock, plan, ..
        } = &*self.0;
        let now = clock.now();
        let ring = self.load_ring().await?;
        if let Some(begun) = ring.newest_started(now) {
            store.end_keys_before(begun.place, begun.signs_from).await?;
        }
        store
            .wipe_private_keys(now.plus_ms(-SEALED_AFTER_MS))
            .await?;
        store.retire_keys(now.plus_ms(-TOKENS_LIVE_MS), now).await?;
        store
            .delete_former_keys(now.plus_ms(-FORMER_KEPT_MS))
            .await?;
        if let Some((trusted_from, signs_from)) = ring.plan_next_key(*plan, now) {
            let last = ring.0.iter().map(|key| key.place).max().unwrap_or(0);
            let new = self.create_key(last + 1, trusted_from, signs_from);
            if let Some(new) = new
                && store.add_key(&new, now).await?
            {
                tracing::info!(key.id = new.kid, %signs_from, "Created the next signing key");
            }
        }
        self.load().await
    }

    /// Lets the next key sign from now on.
    pub async fn rotate_to_next(
        &self,
        audit: &KeyChangeAudit,
    ) -> Result<(), AttemptError<KeyTooNew, SigningError>> {
        let now = self.0.clock.now();
        let ring = self.load_ring().await?;
        let Some(next) = ring.next(now) else {
            // The next key begins at this moment.
            return Ok(self.advance_keys().await?);
        };
        if next.trusted_from > now {
            let trusted_from = next.trusted_from;
            return Err(KeyTooNew { trusted_from }.into());
        }
        if self.0.store.begin_key(&next.kid, audit, now).await? {
            tracing::warn!(key.id = next.kid, by = %audit.by, "An admin rotated the signing key");
        }
        Ok(self.advance_keys().await?)
    }

    /// Invalidates all tokens of a key. If it is the current key, the next one signs immediately.
    /// Returns false for an unknown key.
    pub async fn kill_key(&self, kid: &str, audit: &KeyChangeAudit) -> Result<bool, SigningError> {
        let Inner { store, clock, .. } = &*self.0;
        let now = clock.now();
        if !self.load_ring().await?.0.iter().any(|key| key.kid == kid) {
            return Ok(false);
        }
        if store.kill_key(kid, audit, now).await? {
            tracing::warn!(key.id = kid, by = %audit.by, "An admin revoked a signing key and all its tokens");
        }
        let ring = self.load_ring().await?;
        if ring.current_key(now).is_none()
            && let Some(next) = ring.next(now)
        {
            store.begin_key_at_once(&next.kid, now).await?;
        }
        self.advance_keys().await?;
        Ok(true)
    }

    async fn load(&self) -> Result<(), SigningError> {
        let Inner { clock, keys, .. } = &*self.0;
        let ring = self.load_ring().await?;
        let signers: Vec<_> = ring
            .signing_keys(clock.now())
            .filter_map(|key| Some((key.signs_from, self.open_signer(key)?)))
            .collect();
        if signers.is_empty() {
            return Err(SigningError::NoKey);
        }
        keys.replace_key_set(&ring.to_key_set().to_json())?;
        *self
            .0
            .signers
            .write()
            .unwrap_or_else(PoisonError::into_inner) = signers;
        Ok(())
    }

    fn open_signer(&self, key: &SigningKey) -> Option<Signer> {
        let Inner { own, vault, .. } = &*self.0;
        if key.kid == own.kid() {
            return Some(own.clone());
        }
        let sealed = key.sealed.as_ref();
        let signer = sealed.and_then(|sealed| vault.open(&key.kid, sealed));
        if signer.is_none() {
            tracing::error!(
                key.id = key.kid,
                "The key file does not decrypt a signing key; tokens cannot be signed with it"
            );
        }
        signer
    }

    fn create_key(
        &self,
        place: i64,
        trusted_from: UnixMillis,
        signs_from: UnixMillis,
    ) -> Option<NewSigningKey> {
        let private = Signer::generate_pkcs8();
        let signer = Signer::from_pkcs8(&private).ok()?;
        let sealed = Some(self.0.vault.seal_key(signer.kid(), &private));
        let kid = signer.kid().to_owned();
        let public_key = signer.public_key();
        Some(NewSigningKey {
            kid,
            place,
            public_key,
            sealed,
            trusted_from,
            signs_from,
        })
    }
}
