//! Hashes and verifies passwords with argon2id, off the async threads; semaphores admit three at a
//! time. Imported bcrypt hashes are verified too, and replaced at the first successful sign-in.
//!
//! Invariant: every password check costs one hash, even if the account does not exist. A hash takes
//! 19 MiB and tens of milliseconds, so at most two run for unknown devices and one for known
//! devices, regardless of cancelled requests. The others wait in bounded queues; if a queue is full,
//! the request is refused and may be retried. Addresses take turns: in its queue, a sign-in is
//! behind at most one of each other address. Crowded addresses have a separate queue and one permit.

mod hashing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use platform::ClientAddress;
use process::random;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::Password;
use hashing::{HashMemory, MemoryPool, hash, is_usable, verify_hash};

pub(crate) use hashing::{NO_PASSWORD, PasswordError, is_our_hash};

const HASHES_AT_ONCE_MAX: usize = 2;
const OF_CROWDED_AT_ONCE_MAX: usize = 1;
const OF_KNOWN_AT_ONCE_MAX: usize = 1;
const WAITING_MAX: usize = 256;
const OF_CROWDED_WAITING_MAX: usize = 128;
const OF_KNOWN_WAITING_MAX: usize = 128;
/// Thirty people behind one address may wait together, some of them twice.
const OF_ONE_ADDRESS_WAITING_MAX: usize = 64;

#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: HashWaitQueue,
    crowded: Arc<Semaphore>,
    crowded_waiting: HashWaitQueue,
    known: Arc<Semaphore>,
    known_waiting: HashWaitQueue,
    memory: MemoryPool,
    /// The hash of a random, discarded password, which makes unknown names cost the same work.
    decoy: Arc<str>,
}

/// The queue for a hash permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashLane {
    Usual,
    /// An address above its sign-in limit.
    Crowded,
    /// A known device of the account.
    Known,
}

/// Permission to compute hashes, one at a time, until dropped.
pub struct HashPermit {
    decoy: Arc<str>,
    place: Arc<HashSlot>,
}

/// A running hash holds a clone: cancelling its request does not stop it.
struct HashSlot {
    /// Declared first, so that the memory returns to the pool before the permit does: buffers never
    /// outnumber permits.
    memory: Mutex<HashMemory>,
    _place: OwnedSemaphorePermit,
    _of_crowded: Option<OwnedSemaphorePermit>,
}

impl Passwords {
    pub fn new() -> Result<Self, PasswordError> {
        let memory = MemoryPool::default();
        let decoy = hash(
            random::secret_text(32).as_bytes(),
            &mut memory.lend_memory(),
        )?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            waiting: HashWaitQueue::new(WAITING_MAX, OF_ONE_ADDRESS_WAITING_MAX),
            crowded: Arc::new(Semaphore::new(OF_CROWDED_AT_ONCE_MAX)),
            crowded_waiting: HashWaitQueue::new(OF_CROWDED_WAITING_MAX, OF_ONE_ADDRESS_WAITING_MAX),
            known: Arc::new(Semaphore::new(OF_KNOWN_AT_ONCE_MAX)),
            known_waiting: HashWaitQueue::new(OF_KNOWN_WAITING_MAX, OF_ONE_ADDRESS_WAITING_MAX),
            memory,
            decoy: decoy.into(),
        })
    }

    pub async fn acquire_permit(
        &self,
        from: ClientAddress,
        lane: HashLane,
    ) -> Result<HashPermit, PasswordError> {
        let (queue, permits) = match lane {
            HashLane::Usual => (&self.waiting, &self.permits),
            HashLane::Crowded => (&self.crowded_waiting, &self.permits),
            HashLane::Known => (&self.known_waiting, &self.known),
        };
        let waiting = queue.try_reserve(from).ok_or(PasswordError::Busy)?;
        let _turn = acquire_slot(&waiting.turn).await?;
        let of_crowded = match lane {
            HashLane::Usual | HashLane::Known => None,
            HashLane::Crowded => Some(acquire_slot(&self.crowded).await?),
        };
        let place = acquire_slot(permits).await?;
        let memory = Mutex::new(self.memory.lend_memory());
        let place = Arc::new(HashSlot {
            memory,
            _place: place,
            _of_crowded: of_crowded,
        });
        Ok(HashPermit {
            decoy: self.decoy.clone(),
            place,
        })
    }
}

impl HashPermit {
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.run_blocking(move |memory| hash(password.reveal(), memory))
            .await?
    }

    /// Returns true if the hash belongs to this password. Without a hash or a well-formed password
    /// it does the same work and returns false.
    pub async fn verify(
        &self,
        password: Option<Password>,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let stored = stored.filter(|hash| is_usable(hash));
        let possible = password.is_some() && stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let fits = self.run_blocking(move |memory| {
            let text = password
                .as_ref()
                .map_or(&b"no such password"[..], Password::reveal);
            verify_hash(text, &stored, memory)
        });
        Ok(fits.await?? && possible)
    }

    async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HashMemory) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.place.clone();
        let done = tokio::task::spawn_blocking(move || {
            work(&mut place.memory.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await
            .map_err(|error| PasswordError::Hash(error.to_string()))
    }
}

async fn acquire_slot(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, PasswordError> {
    Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(|_| PasswordError::Busy)
}

/// Clones share the counts.
#[derive(Clone)]
struct HashWaitQueue {
    all_max: usize,
    of_one_max: usize,
    taken: Arc<Mutex<WaiterCounts>>,
}

/// Counts as waiting until dropped.
struct HashWaitPermit {
    queue: HashWaitQueue,
    address: ClientAddress,
    turn: Arc<Semaphore>,
}

#[derive(Default)]
struct WaiterCounts {
    all: usize,
    of_each: HashMap<ClientAddress, AddressWaiters>,
}

struct AddressWaiters {
    count: usize,
    /// Its holder is in the queue of all addresses.
    turn: Arc<Semaphore>,
}

impl Default for AddressWaiters {
    fn default() -> Self {
        Self {
            count: 0,
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl HashWaitQueue {
    pub(crate) fn new(all_max: usize, of_one_max: usize) -> Self {
        Self {
            all_max,
            of_one_max,
            taken: Arc::default(),
        }
    }

    fn try_reserve(&self, address: ClientAddress) -> Option<HashWaitPermit> {
        let mut taken = self.lock_counts();
        let own = taken.of_each.get(&address).map_or(0, |own| own.count);
        if taken.all >= self.all_max || own >= self.of_one_max {
            return None;
        }
        taken.all += 1;
        let own = taken.of_each.entry(address).or_default();
        own.count += 1;
        Some(HashWaitPermit {
            queue: self.clone(),
            address,
            turn: own.turn.clone(),
        })
    }

    fn lock_counts(&self) -> MutexGuard<'_, WaiterCounts> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HashWaitPermit {
    fn drop(&mut self) {
        let mut taken = self.queue.lock_counts();
        taken.all -= 1;
        if let Some(own) = taken.of_each.get_mut(&self.address) {
            own.count -= 1;
            if own.count == 0 {
                taken.of_each.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: ClientAddress = ClientAddress::UNKNOWN;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_itself_fits_its_hash() {
        let passwords = Passwords::new().unwrap();
        let permit = passwords
            .acquire_permit(NOBODY, HashLane::Usual)
            .await
            .unwrap();
        let stored = permit.hash(password("correct horse")).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        let right = Some(password("correct horse"));
        assert!(
            permit
                .verify(right.clone(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !permit
                .verify(Some(password("wrong horse!")), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!permit.verify(right, None).await.unwrap());
        assert!(!permit.verify(None, Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_is_salted() {
        let permit = Passwords::new()
            .unwrap()
            .acquire_permit(NOBODY, HashLane::Usual)
            .await
            .unwrap();
        let first = permit.hash(password("correct horse")).await.unwrap();
        assert_ne!(first, permit.hash(password("correct horse")).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_finds_the_room_full_is_told_so() {
        let passwords = Passwords::new().unwrap();
        let take = || passwords.waiting.try_reserve(NOBODY);
        let _seats: Vec<_> = std::iter::from_fn(take).take(WAITING_MAX).collect();
        let refused = passwords.acquire_permit(NOBODY, HashLane::Usual).await;
        assert!(matches!(refused, Err(PasswordError::Busy)));
        let other = ClientAddress::from_ip(Some([10, 0, 0, 1].into()));
        assert!(
            passwords
                .acquire_permit(other, HashLane::Usual)
                .await
                .is_ok(),
            "another address has seats"
        );
    }

    #[tokio::test]
    async fn crowded_addresses_have_one_hash_at_once() {
        let passwords = Passwords::new().unwrap();
        let first = passwords
            .acquire_permit(NOBODY, HashLane::Crowded)
            .await
            .unwrap();
        let mut second = std::pin::pin!(passwords.acquire_permit(NOBODY, HashLane::Crowded));
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert!(
            passwords
                .acquire_permit(NOBODY, HashLane::Usual)
                .await
                .is_ok(),
            "the other hash is free"
        );
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn addresses_take_turns() {
        let passwords = Passwords::new().unwrap();
        let address = |n| ClientAddress::from_ip(Some([10, 0, 0, n].into()));
        for lane in [HashLane::Usual, HashLane::Crowded, HashLane::Known] {
            let acquire = |n| passwords.acquire_permit(address(n), lane);
            let mut held = vec![acquire(9).await.unwrap()];
            if lane == HashLane::Usual {
                held.push(acquire(9).await.unwrap());
            }
            let mut of_one = (0..10).map(|_| Box::pin(acquire(1))).collect::<Vec<_>>();
            for waiting in &mut of_one {
                assert!(futures::poll!(waiting.as_mut()).is_pending());
            }
            let mut of_other = Box::pin(acquire(2));
            assert!(futures::poll!(of_other.as_mut()).is_pending());
            held.pop();
            let before = of_one.remove(0).await.unwrap();
            assert!(futures::poll!(of_one[0].as_mut()).is_pending(), "{lane:?}");
            drop(before);
            assert!(futures::poll!(of_other.as_mut()).is_ready(), "{lane:?}");
        }
    }

    #[tokio::test]
    async fn who_stops_waiting_gives_their_turn_to_the_next_of_their_address() {
        let passwords = Passwords::new().unwrap();
        let acquire = || passwords.acquire_permit(NOBODY, HashLane::Known);
        let held = acquire().await.unwrap();
        let (mut first, mut second) = (Box::pin(acquire()), Box::pin(acquire()));
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        drop(held);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn a_known_device_does_not_wait_behind_strangers() {
        let passwords = Passwords::new().unwrap();
        let stranger = async || {
            passwords
                .acquire_permit(NOBODY, HashLane::Usual)
                .await
                .unwrap()
        };
        let _strangers = (stranger().await, stranger().await);
        assert!(
            passwords
                .acquire_permit(NOBODY, HashLane::Known)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn hashes_have_the_memory_of_those_before_them() {
        let passwords = Passwords::new().unwrap();
        assert_eq!(passwords.memory.free_count(), 1, "the decoy's");
        for lane in [
            HashLane::Usual,
            HashLane::Crowded,
            HashLane::Known,
            HashLane::Usual,
        ] {
            let permit = passwords.acquire_permit(NOBODY, lane).await.unwrap();
            permit.hash(password("correct horse")).await.unwrap();
            assert!(!permit.verify(None, None).await.unwrap());
            drop(permit);
            assert_eq!(passwords.memory.free_count(), 1);
        }
        let all_at_once = (0..10).map(async |n| {
            let lane = if n % 2 == 0 {
                HashLane::Usual
            } else {
                HashLane::Known
            };
            let permit = passwords.acquire_permit(NOBODY, lane).await.unwrap();
            permit.verify(None, None).await.unwrap();
        });
        futures::future::join_all(all_at_once).await;
        let of_each_place = 1..=HASHES_AT_ONCE_MAX + OF_KNOWN_AT_ONCE_MAX;
        assert!(of_each_place.contains(&passwords.memory.free_count()));
    }

    #[tokio::test]
    async fn a_hash_keeps_its_place_after_its_asker_has_gone() {
        let passwords = Passwords::new().unwrap();
        let permit = passwords
            .acquire_permit(NOBODY, HashLane::Usual)
            .await
            .unwrap();
        let (go_on, hears) = std::sync::mpsc::channel::<()>();
        let mut computing = Box::pin(permit.run_blocking(move |_| hears.recv().is_ok()));
        assert!(futures::poll!(computing.as_mut()).is_pending());
        drop(computing);
        drop(permit);
        assert_eq!(
            passwords.permits.available_permits(),
            HASHES_AT_ONCE_MAX - 1
        );
        go_on.send(()).unwrap();
        let every = u32::try_from(HASHES_AT_ONCE_MAX).unwrap();
        assert!(
            passwords.permits.acquire_many(every).await.is_ok(),
            "it ends in the end"
        );
    }

    #[test]
    fn one_address_and_all_together_have_their_bounds() {
        let queue = HashWaitQueue::new(3, 2);
        let address = |n| ClientAddress::from_ip(Some([10, 0, 0, n].into()));
        let mut held: Vec<_> = (0..2)
            .map(|_| queue.try_reserve(address(1)).unwrap())
            .collect();
        assert!(queue.try_reserve(address(1)).is_none());
        held.push(queue.try_reserve(address(2)).unwrap());
        assert!(queue.try_reserve(address(3)).is_none());
        held.remove(0);
        assert!(queue.try_reserve(address(3)).is_some());
        held.clear();
        assert!(queue.lock_counts().of_each.is_empty() && queue.lock_counts().all == 0);
    }
}
