//! Limits on open streams: per person at this replica and at all replicas, for new accounts
//! together, and in total at this replica. Semaphores and leases in the cache count them.
//!
//! Invariant: a cache outage does not refuse streams; each replica then enforces only its own
//! limits.

use std::{
    array,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use platform::{
    AccountTrust,
    cache::{Cache, CacheError},
};
use process::{
    problem::{Problem, format_error_chain},
    sse::{OpenStream, StreamLimit},
    tokens::Claims,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::{Code, UserId};

use crate::{NAME, say};

/// Browsers open six connections per origin, and a page needs some for other requests.
const LOCAL_PER_PERSON_MAX: usize = 4;
/// Twice the local limit: a page may reconnect to another replica before the old one notices.
const EVERYWHERE_PER_PERSON_MAX: usize = 8;
const TOTAL_MAX: usize = 1_000;
/// The part of the total that new accounts may use.
const NEW_ACCOUNTS_MAX: usize = 500;
/// Closed tabs have released their permits by then.
const RETRY_S: u32 = 10;
/// Expiry of a lease whose replica died. Live streams renew it every ten seconds.
const LEASE: Duration = Duration::from_secs(35);

/// Issues stream permits and refuses them at a limit. Clones share the counts.
#[derive(Clone)]
pub(crate) struct StreamPermits {
    per_person: Arc<Mutex<HashMap<UserId, usize>>>,
    new_accounts: Arc<Semaphore>,
    total: StreamLimit,
    cache: Cache,
}

/// Allows one stream, until dropped.
pub(crate) struct StreamPermit {
    here: LocalPermit,
    /// Absent if the cache was unavailable.
    lease: Option<PermitLease>,
}

/// The permit at this replica.
struct LocalPermit {
    permits: StreamPermits,
    user: UserId,
    _new_account_share: Option<OwnedSemaphorePermit>,
    _open: OpenStream,
}

/// The lease that counts a stream at all replicas: a cache key that expires.
struct PermitLease {
    key: String,
}

impl StreamPermits {
    pub(crate) fn new(cache: Cache) -> Self {
        Self {
            per_person: Arc::default(),
            new_accounts: Arc::new(Semaphore::new(NEW_ACCOUNTS_MAX)),
            total: StreamLimit::new(NAME, TOTAL_MAX),
            cache,
        }
    }

    pub(crate) async fn acquire_permit(&self, claims: &Claims) -> Result<StreamPermit, Problem> {
        let here = self.acquire_local(claims)?;
        let lease = match self.acquire_lease(claims.sub).await {
            Ok(Some(lease)) => Some(lease),
            Ok(None) => {
                self.total.count_refusal();
                let most = EVERYWHERE_PER_PERSON_MAX.into();
                return Err(too_many_streams().with_detail(say::streams_of_one { most }));
            }
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not count a person's streams in the cache; only this replica's limit applies"
                );
                None
            }
        };
        Ok(StreamPermit { here, lease })
    }

    fn acquire_local(&self, claims: &Claims) -> Result<LocalPermit, Problem> {
        let user = claims.sub;
        let mut taken = self.lock_counts();
        let own = taken.get(&user).copied().unwrap_or_default();
        if own >= LOCAL_PER_PERSON_MAX {
            self.total.count_refusal();
            let most = LOCAL_PER_PERSON_MAX.into();
            return Err(too_many_streams().with_detail(say::streams_of_one { most }));
        }
        let new_account_share = match AccountTrust::from_claims(claims) {
            AccountTrust::New => Some(self.acquire_new_account_share()?),
            AccountTrust::Established => None,
        };
        let open = self.total.open();
        let open = open.ok_or_else(|| too_many_streams().with_detail(say::streams_of_all))?;
        taken.insert(user, own + 1);
        Ok(LocalPermit {
            permits: self.clone(),
            user,
            _new_account_share: new_account_share,
            _open: open,
        })
    }

    fn acquire_new_account_share(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.new_accounts.clone().try_acquire_owned().map_err(|_| {
            self.total.count_refusal();
            too_many_streams().with_detail(say::streams_of_all)
        })
    }

    /// `None` if the person has reached the limit over all replicas.
    async fn acquire_lease(&self, user: UserId) -> Result<Option<PermitLease>, CacheError> {
        let keys: [String; EVERYWHERE_PER_PERSON_MAX] =
            array::from_fn(|place| format!("streams:{user}:{place}"));
        let held = self.cache.get_all(keys.each_ref().map(String::as_str));
        let held = Cache::in_time(held).await?;
        for (key, holder) in keys.into_iter().zip(held) {
            if holder.is_some() {
                continue;
            }
            // Another stream may have taken the key since the read.
            let set = self.cache.set_if_absent(&key, HELD, LEASE);
            if Cache::in_time(set).await? {
                return Ok(Some(PermitLease { key }));
            }
        }
        Ok(None)
    }

    fn lock_counts(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.per_person
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const HELD: &str = "1";

impl StreamPermit {
    pub(crate) async fn renew_lease(&self) {
        let Some(PermitLease { key }) = &self.lease else {
            return;
        };
        let renewed = self.here.permits.cache.set(key, HELD, LEASE);
        if let Err(error) = Cache::in_time(renewed).await {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not renew a stream's lease in the cache"
            );
        }
    }

    /// Releases the lease at once. After a plain drop, the lease lasts until it expires.
    pub(crate) async fn release(self) {
        let Some(PermitLease { key }) = &self.lease else {
            return;
        };
        if let Err(error) = Cache::in_time(self.here.permits.cache.delete(key)).await {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not release a stream's lease in the cache; it is released when it expires"
            );
        }
    }
}

impl Drop for LocalPermit {
    fn drop(&mut self) {
        let mut taken = self.permits.lock_counts();
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

fn too_many_streams() -> Problem {
    Problem::new(Code::TooManyStreams).retry_after(RETRY_S)
}

#[cfg(test)]
mod tests {
    use platform::cache::MemoryCache;
    use process::clock::Clock;
    use uuid::Uuid;
    use wire::{Actor, Role, UnixMillis};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

    /// The id is not from auth, so the account counts as established.
    fn person(n: usize) -> Claims {
        claims(Uuid::from_u128(n as u128))
    }

    fn claims(id: Uuid) -> Claims {
        support::claims(
            Actor {
                user_id: UserId(id),
                role: Role::Customer,
            },
            NOW,
        )
    }

    fn memory(clock: &Clock) -> Cache {
        Cache::Memory(MemoryCache::new(clock.clone(), 10_000))
    }

    fn permits() -> StreamPermits {
        StreamPermits::new(memory(&Clock::fixed_at(NOW)))
    }

    /// Opens as many streams as the limits allow, at most ten.
    async fn open_all(permits: &StreamPermits, who: &Claims) -> Vec<StreamPermit> {
        let mut held = Vec::new();
        while held.len() < 10
            && let Ok(permit) = permits.acquire_permit(who).await
        {
            held.push(permit);
        }
        held
    }

    #[tokio::test]
    async fn a_person_has_four_and_a_place_that_is_given_up_is_free() {
        let permits = permits();
        let [one, other] = [1, 2].map(person);
        let mut held = open_all(&permits, &one).await;
        assert_eq!(held.len(), 4);
        let refused = permits.acquire_permit(&one).await.err().unwrap();
        assert_eq!(refused.code(), Code::TooManyStreams);
        let body = refused.to_body(wire::Language::Chinese, None);
        assert!(body.detail.is_some_and(|detail| !detail.is_ascii()));
        assert!(
            permits.acquire_permit(&other).await.is_ok(),
            "one person's streams are not held against another"
        );
        held.pop();
        assert!(permits.acquire_permit(&one).await.is_ok());
        held.clear();
        assert!(permits.lock_counts().is_empty());
    }

    #[tokio::test]
    async fn all_together_have_a_bound_too() {
        let permits = permits();
        let mut held = Vec::new();
        for n in 0..TOTAL_MAX {
            held.push(permits.acquire_permit(&person(n)).await.unwrap());
        }
        let one_more = person(TOTAL_MAX);
        assert_eq!(
            permits
                .acquire_permit(&one_more)
                .await
                .err()
                .unwrap()
                .code(),
            Code::TooManyStreams
        );
        drop(held);
        assert!(permits.acquire_permit(&one_more).await.is_ok());
    }

    #[tokio::test]
    async fn new_accounts_leave_half_of_the_streams_to_established_ones() {
        let clock = Clock::fixed_at(NOW);
        let permits = StreamPermits::new(memory(&clock));
        let mut held = Vec::new();
        for _ in 0..250 {
            held.append(&mut open_all(&permits, &claims(clock.new_id())).await);
        }
        assert_eq!(held.len(), 500, "strangers hold half");
        for n in 0..TOTAL_MAX - NEW_ACCOUNTS_MAX {
            held.push(permits.acquire_permit(&person(n)).await.unwrap());
        }
        assert!(permits.acquire_permit(&person(TOTAL_MAX)).await.is_err());
        held.clear();
        assert!(
            permits
                .acquire_permit(&claims(clock.new_id()))
                .await
                .is_ok(),
            "a place is free again"
        );
    }

    #[tokio::test]
    async fn a_person_has_eight_at_all_replicas_together() {
        let clock = Clock::fixed_at(NOW);
        let shared = memory(&clock);
        let [first, second, third] = array::from_fn(|_| StreamPermits::new(shared.clone()));
        let one = person(1);
        let mut held = open_all(&first, &one).await;
        held.append(&mut open_all(&second, &one).await);
        assert_eq!(held.len(), 8);
        assert!(third.acquire_permit(&one).await.is_err(), "a ninth");
        assert!(
            third.acquire_permit(&person(2)).await.is_ok(),
            "another person"
        );
        assert!(
            third.lock_counts().is_empty(),
            "one that is refused everywhere is none here"
        );
        held.pop().unwrap().release().await;
        let kept = third.acquire_permit(&one).await.unwrap();

        // The first two replicas die; only the third one renews.
        drop(held);
        assert_eq!(
            open_all(&third, &one).await.len(),
            0,
            "their places are held yet"
        );
        clock.advance(30_000);
        kept.renew_lease().await;
        clock.advance(10_000);
        assert_eq!(open_all(&second, &one).await.len(), 4);
        assert_eq!(
            open_all(&first, &one).await.len(),
            3,
            "the renewed one counts"
        );
    }

    #[tokio::test]
    async fn without_the_cache_each_replica_bounds_its_own() {
        // No server listens there.
        let away = || StreamPermits::new(Cache::open("redis://127.0.0.1:1").unwrap());
        let mut held = Vec::new();
        for permits in [away(), away(), away()] {
            held.push(open_all(&permits, &person(1)).await);
        }
        assert!(held.iter().all(|held| held.len() == 4));
    }
}
