//! Tracks device owners and the known people of this edge.
//!
//! Invariants: a device belongs to its first user until they hand it over or leave it unused for a
//! month; newcomers together never fill the log, so there is always space for known people.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use journal::JournalError;
use process::{clock::Clock, problem::format_error_chain};
use wire::{DeviceId, UnixMillis, UserId};

use crate::{
    config::Config,
    store::{DEVICE_UNUSED_MS_MAX, DeviceOwner, Store},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// A device's use is stored at most this often.
const USE_SAVED_EVERY_MS: i64 = HOUR_MS;
/// Devices owned by one person, and in total. Further devices have no owner, and are usable while
/// no other person is on them.
const DEVICES_PER_PERSON_MAX: usize = 32;
const DEVICES_MAX: usize = 20_000;
/// Refused newcomers tracked; further ones are not counted.
const WAITING_MAX: usize = 10_000;
/// Disk space reserved for known people.
const DISK_KEPT_BYTES: u64 = 256 * 1024 * 1024;
#[derive(Clone)]
pub(crate) struct PeopleRegistry(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    known_after_ms: i64,
    newcomers_pending_max: u64,
    devices: Mutex<HashMap<DeviceId, DeviceOwner>>,
    known_since: RwLock<HashMap<UserId, UnixMillis>>,
    pending: AtomicU64,
    disk_is_short: AtomicBool,
    /// Newcomers refused since space last ran short.
    waiting: Mutex<HashSet<UserId>>,
}

impl PeopleRegistry {
    pub(crate) fn new(config: &Config, store: &Store, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            clock: clock.clone(),
            known_after_ms: i64::from(config.known_after_hours) * HOUR_MS,
            newcomers_pending_max: config.newcomers_pending_max.into(),
            devices: Mutex::default(),
            known_since: RwLock::default(),
            pending: AtomicU64::default(),
            disk_is_short: AtomicBool::default(),
            waiting: Mutex::default(),
        }))
    }

    pub(crate) async fn load_from_store(&self) -> Result<(), JournalError> {
        let (devices, known) = self.0.store.load_people().await?;
        self.lock_devices().extend(devices);
        let mut since = self
            .0
            .known_since
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        since.extend(known);
        Ok(())
    }

    /// True if the cloud applied a first command of theirs long enough ago.
    pub(crate) fn is_known(&self, user: UserId) -> bool {
        let since = self
            .0
            .known_since
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        since
            .get(&user)
            .is_some_and(|at| self.0.clock.now().ms_since(*at) >= self.0.known_after_ms)
    }

    /// Records the first applied command in memory; the file already has it.
    pub(crate) fn record_applied_command(&self, user: UserId) {
        let now = self.0.clock.now();
        let mut since = self
            .0
            .known_since
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        since.entry(user).or_insert(now);
    }

    /// True if their new command may be logged. Refused newcomers wait until the cloud decides
    /// earlier commands.
    pub(crate) fn may_log(&self, user: UserId) -> bool {
        self.has_room_for_all() || self.is_known(user)
    }

    fn has_room_for_all(&self) -> bool {
        self.0.pending.load(Ordering::Relaxed) < self.0.newcomers_pending_max
            && !self.0.disk_is_short.load(Ordering::Relaxed)
    }

    /// Records a newcomer refused to reserve the remaining space.
    pub(crate) fn record_refused_newcomer(&self, user: UserId) {
        let mut waiting = self.lock_waiting();
        if waiting.len() < WAITING_MAX && waiting.insert(user) && waiting.len() == 1 {
            tracing::warn!(
                "Reserving the remaining capacity for known people; refusing commands of others"
            );
        }
    }

    /// Number of refused newcomers; `None` if there is space for all.
    pub(crate) fn waiting_count(&self) -> Option<u32> {
        let count = self.lock_waiting().len();
        u32::try_from(count).ok().filter(|count| *count > 0)
    }

    fn lock_waiting(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count_logged_command(&self) {
        self.0.pending.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn update_measurements(&self, pending: u32, disk_free: Option<u64>) {
        self.0.pending.store(pending.into(), Ordering::Relaxed);
        let short = disk_free.is_some_and(|bytes| bytes < DISK_KEPT_BYTES);
        self.0.disk_is_short.store(short, Ordering::Relaxed);
        if self.has_room_for_all() {
            self.lock_waiting().clear();
        }
    }

    pub(crate) fn owns_device(&self, user: UserId, device: &DeviceId) -> bool {
        self.find_owner(device)
            .is_some_and(|owner| owner.user_id == user)
    }

    /// Records the use of a device; a device without an owner becomes theirs.
    pub(crate) async fn record_device_use(&self, user: UserId, device: &DeviceId) {
        let now = self.0.clock.now();
        let owner = self.find_owner(device);
        if owner.is_some_and(|owner| {
            owner.user_id != user || now.ms_since(owner.used_at) < USE_SAVED_EVERY_MS
        }) {
            return;
        }
        let new = DeviceOwner {
            user_id: user,
            used_at: now,
        };
        if owner.is_none() && !self.has_room_for_device_of(user) {
            return;
        }
        self.lock_devices().insert(device.clone(), new);
        if let Err(error) = self.0.store.save_device_use(device.clone(), new).await {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not record the use of a device"
            );
        }
    }

    /// Gives up ownership: the device's next user owns it.
    pub(crate) async fn hand_over_device(&self, user: UserId, device: &DeviceId) {
        if !self.owns_device(user, device) {
            return;
        }
        self.lock_devices().remove(device);
        if let Err(error) = self.0.store.delete_device_owner(device.clone()).await {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not record the hand-over of a device"
            );
        }
    }

    fn has_room_for_device_of(&self, user: UserId) -> bool {
        let now = self.0.clock.now();
        let mut devices = self.lock_devices();
        if devices.len() >= DEVICES_MAX {
            devices.retain(|_, owner| is_fresh(owner, now));
        }
        let owned = devices
            .values()
            .filter(|owner| owner.user_id == user && is_fresh(owner, now));
        devices.len() < DEVICES_MAX && owned.count() < DEVICES_PER_PERSON_MAX
    }

    fn find_owner(&self, device: &DeviceId) -> Option<DeviceOwner> {
        let now = self.0.clock.now();
        self.lock_devices()
            .get(device)
            .copied()
            .filter(|owner| is_fresh(owner, now))
    }

    fn lock_devices(&self) -> MutexGuard<'_, HashMap<DeviceId, DeviceOwner>> {
        self.0
            .devices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(owner: &DeviceOwner, now: UnixMillis) -> bool {
    now.ms_since(owner.used_at) < DEVICE_UNUSED_MS_MAX
}

#[cfg(test)]
mod tests {
    use wire::BootNonce;

    use super::*;
    use crate::tests::{People, device, identity};

    struct Edge {
        people: People,
        store: Store,
        _data: tempfile::TempDir,
    }

    impl Edge {
        async fn new() -> Self {
            let people = People::new();
            let data = tempfile::tempdir().unwrap();
            let now = people.clock.now();
            let nonce = BootNonce([1; 16]);
            let (store, _) = Store::open(data.path(), identity(), nonce, now)
                .await
                .unwrap();
            Self {
                people,
                store,
                _data: data,
            }
        }

        /// The state of a process that starts now.
        async fn known(&self) -> PeopleRegistry {
            let config = Config {
                newcomers_pending_max: 3,
                ..Config::default()
            };
            let known = PeopleRegistry::new(&config, &self.store, &self.people.clock);
            known.load_from_store().await.unwrap();
            known
        }
    }

    #[tokio::test]
    async fn a_device_is_his_who_used_it_first_until_he_hands_it_over_or_stays_away() {
        let edge = Edge::new().await;
        let known = edge.known().await;
        let tablet = device("t-1");
        let [first, second] = [20, 21].map(|n| edge.people.user(n));
        known.record_device_use(first, &tablet).await;
        known.record_device_use(second, &tablet).await;
        known.hand_over_device(second, &tablet).await;
        assert!(known.owns_device(first, &tablet) && !known.owns_device(second, &tablet));
        let again = edge.known().await;
        assert!(
            again.owns_device(first, &tablet),
            "a restart forgets no owner"
        );
        again.hand_over_device(first, &tablet).await;
        again.record_device_use(second, &tablet).await;
        assert!(edge.known().await.owns_device(second, &tablet));
        edge.people.clock.advance(31 * 24 * HOUR_MS);
        assert!(!again.owns_device(second, &tablet));
        again.record_device_use(first, &tablet).await;
        assert!(again.owns_device(first, &tablet));
    }

    #[tokio::test]
    async fn one_person_owns_only_so_many_devices() {
        let edge = Edge::new().await;
        let known = edge.known().await;
        let hoarder = edge.people.user(20);
        for n in 0..=DEVICES_PER_PERSON_MAX {
            known
                .record_device_use(hoarder, &device(&format!("t-{n}")))
                .await;
        }
        assert!(!known.owns_device(hoarder, &device(&format!("t-{DEVICES_PER_PERSON_MAX}"))));
        let other = edge.people.user(21);
        known.record_device_use(other, &device("t-x")).await;
        assert!(known.owns_device(other, &device("t-x")));
    }

    #[tokio::test]
    async fn the_last_room_of_the_log_is_for_people_who_have_been_known_for_a_day() {
        let edge = Edge::new().await;
        let known = edge.known().await;
        let [old, new] = [20, 21].map(|n| edge.people.user(n));
        known.record_applied_command(old);
        (0..3).for_each(|_| known.count_logged_command());
        assert!(
            !known.may_log(old),
            "a first command a moment ago makes nobody known"
        );
        edge.people.clock.advance(24 * HOUR_MS);
        known.record_applied_command(new);
        assert!(known.may_log(old) && !known.may_log(new));
        known.update_measurements(2, Some(u64::MAX));
        assert!(known.may_log(new));
        known.update_measurements(2, Some(DISK_KEPT_BYTES - 1));
        assert!(known.may_log(old) && !known.may_log(new));
        assert_eq!(known.waiting_count(), None);
        [new, new]
            .into_iter()
            .for_each(|user| known.record_refused_newcomer(user));
        assert_eq!(known.waiting_count(), Some(1), "a person counts once");
        known.update_measurements(2, Some(u64::MAX));
        assert_eq!(
            known.waiting_count(),
            None,
            "there is room for everybody again"
        );
    }
}
