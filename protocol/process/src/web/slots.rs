//! The connection slots of a process, shared by its listeners.
//!
//! Invariants: one address never exceeds its share; a connection, upgraded or not, holds its slot
//! until the socket is closed; at the limit, the address with the most connections gives one up for
//! a newcomer with fewer.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// More connections are closed unread, or take another's slot.
const CONNECTIONS_MAX: usize = 4096;
/// A forwarded call needs a second socket.
const FILES_PER_CONNECTION: usize = 2;
/// Files reserved for stores, logs and outgoing calls.
const FILES_KEPT: usize = 256;
/// The number to request from the system, if it allows more.
const FILES_WANTED: u64 = 65_536;

#[derive(Debug, Clone)]
pub struct ConnectionSlots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total_max: usize,
    per_address_max: usize,
    table: Mutex<SlotTable>,
}

#[derive(Debug, Default)]
struct SlotTable {
    /// By age.
    places: BTreeMap<u64, HeldSlot>,
    per_address: HashMap<IpAddr, usize>,
    next: u64,
}

#[derive(Debug)]
struct HeldSlot {
    address: IpAddr,
    proven: Arc<AtomicBool>,
    cut: CancellationToken,
}

/// The slot of one connection, released on drop.
#[derive(Debug)]
pub struct ConnectionSlot {
    slots: ConnectionSlots,
    number: u64,
    proven: Arc<AtomicBool>,
    /// Cancelled when the slot goes to another connection.
    pub(super) cut: CancellationToken,
}

/// Proves that a connection has sent a whole request: silent ones lose their slots first.
#[derive(Debug, Clone)]
pub struct SlotProof(Arc<AtomicBool>);

impl SlotProof {
    pub fn mark_proven(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// After an upgrade the connection has sent nothing in its new protocol yet.
    pub fn withdraw_proof(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl ConnectionSlots {
    /// `per_address` is the configured share. With few files there are fewer slots, and one address
    /// gets at most three quarters of them.
    pub fn new(per_address: usize) -> Self {
        Self::with_limits(CONNECTIONS_MAX.min(slots_for_files()), per_address)
    }

    /// For listeners that only the parts of the cloud reach, from a few addresses.
    pub fn for_peers() -> Self {
        Self::new(CONNECTIONS_MAX)
    }

    fn with_limits(total_max: usize, per_address: usize) -> Self {
        let per_address_max = per_address.min(total_max - total_max / 4).max(1);
        Self(Arc::new(Inner {
            total_max,
            per_address_max,
            table: Mutex::default(),
        }))
    }

    /// `None` means: close the connection unread.
    pub fn take_slot(&self, from: IpAddr) -> Option<ConnectionSlot> {
        let address = subscriber_address(from);
        let mut table = self.lock_table();
        let held = table.per_address.get(&address).copied().unwrap_or_default();
        let refusal = if held >= self.0.per_address_max {
            Some("address")
        } else if table.places.len() >= self.0.total_max && !table.give_up_one(held) {
            Some("full")
        } else {
            None
        };
        if let Some(why) = refusal {
            metrics::CONNECTIONS_REFUSED.add([why], 1);
            return None;
        }
        metrics::HTTP_CONNECTIONS.change_by([], 1);
        let number = table.next;
        table.next += 1;
        *table.per_address.entry(address).or_default() += 1;
        let proven = Arc::<AtomicBool>::default();
        let cut = CancellationToken::new();
        let place = HeldSlot {
            address,
            proven: Arc::clone(&proven),
            cut: cut.clone(),
        };
        table.places.insert(number, place);
        drop(table);
        Some(ConnectionSlot {
            slots: self.clone(),
            number,
            proven,
            cut,
        })
    }

    fn lock_table(&self) -> MutexGuard<'_, SlotTable> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ConnectionSlots {
    fn default() -> Self {
        Self::for_peers()
    }
}

impl SlotTable {
    /// Takes a slot from the address with the most, if it has at least two more than the newcomer:
    /// a silent connection's, or else the oldest.
    fn give_up_one(&mut self, newcomer_holds: usize) -> bool {
        let most = self.per_address.iter().max_by_key(|(_, held)| **held);
        let Some((&address, &held)) = most else {
            return false;
        };
        if held < newcomer_holds + 2 {
            return false;
        }
        let mut theirs = self
            .places
            .iter()
            .filter(|(_, place)| place.address == address);
        let oldest = theirs.clone().next().map(|(number, _)| *number);
        let silent = theirs.find(|(_, place)| !place.proven.load(Ordering::Relaxed));
        let Some(number) = silent.map(|(number, _)| *number).or(oldest) else {
            return false;
        };
        metrics::CONNECTIONS_REFUSED.add(["given_up"], 1);
        self.remove(number);
        true
    }

    fn remove(&mut self, number: u64) {
        let Some(place) = self.places.remove(&number) else {
            return;
        };
        place.cut.cancel();
        metrics::HTTP_CONNECTIONS.change_by([], -1);
        if let Some(held) = self.per_address.get_mut(&place.address) {
            *held -= 1;
            if *held == 0 {
                self.per_address.remove(&place.address);
            }
        }
    }
}

impl ConnectionSlot {
    pub fn proof(&self) -> SlotProof {
        SlotProof(Arc::clone(&self.proven))
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.lock_table().remove(self.number);
    }
}

/// Counts an IPv6 /64 network as one subscriber, who can make up addresses within it.
fn subscriber_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & (!0 << 64)).into(),
        four @ IpAddr::V4(_) => four,
    }
}

/// Raises the open-file limit if allowed, and counts the connections it suffices for.
fn slots_for_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(FILES_WANTED).min(FILES_WANTED);
    let raised = current.is_some_and(|now| now < wanted)
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum,
            },
        )
        .is_ok();
    let files = if raised {
        wanted
    } else {
        current.unwrap_or(FILES_WANTED)
    };
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    (files.saturating_sub(FILES_KEPT.min(files / 2)) / FILES_PER_CONNECTION).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        [127, 0, 0, n].into()
    }

    #[test]
    fn one_address_has_its_share_and_the_others_their_room() {
        let slots = ConnectionSlots::with_limits(8, 3);
        let held: Vec<ConnectionSlot> = (0..3)
            .map(|_| slots.take_slot(address(1)).unwrap())
            .collect();
        assert!(slots.take_slot(address(1)).is_none());
        assert!(slots.take_slot(address(2)).is_some());
        drop(held);
        assert!(slots.take_slot(address(1)).is_some());
        assert!(slots.lock_table().places.is_empty() && slots.lock_table().per_address.is_empty());
    }

    #[test]
    fn a_newcomer_gets_the_place_of_a_silent_one_of_the_address_with_the_most() {
        let slots = ConnectionSlots::with_limits(4, 100);
        let many: Vec<ConnectionSlot> = (0..3)
            .map(|_| slots.take_slot(address(1)).unwrap())
            .collect();
        let other = slots.take_slot(address(2)).unwrap();
        many[0].proof().mark_proven();
        let newcomer = slots.take_slot(address(3)).unwrap();
        let cut: Vec<bool> = many.iter().map(|slot| slot.cut.is_cancelled()).collect();
        assert_eq!(cut, [false, true, false]);
        assert!(!other.cut.is_cancelled() && !newcomer.cut.is_cancelled());
        assert_eq!(slots.lock_table().places.len(), 4);
        assert!(
            slots.take_slot(address(2)).is_none(),
            "nobody has two more than that address"
        );
        drop(many);
        assert_eq!(slots.lock_table().per_address.len(), 2);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same: IpAddr = "2001:db8::ffff:1".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(subscriber_address(one), subscriber_address(same));
        assert_ne!(subscriber_address(one), subscriber_address(other));
        assert_eq!(
            subscriber_address("::ffff:127.0.0.1".parse().unwrap()),
            address(1)
        );
    }
}
