//! Bounds the number of waiting requests, in total and per address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use platform::ClientAddress;

/// Clones share the counts.
#[derive(Clone)]
pub struct HashWaitQueue {
    all_max: usize,
    of_one_max: usize,
    taken: Arc<Mutex<WaiterCounts>>,
}

/// Counts as waiting until dropped.
pub struct HashWaitPermit {
    room: HashWaitQueue,
    address: ClientAddress,
}

#[derive(Default)]
struct WaiterCounts {
    all: usize,
    of_each: HashMap<ClientAddress, usize>,
}

impl HashWaitQueue {
    pub fn new(all_max: usize, of_one_max: usize) -> Self {
        Self {
            all_max,
            of_one_max,
            taken: Arc::default(),
        }
    }

    pub fn try_reserve(&self, address: ClientAddress) -> Option<HashWaitPermit> {
        let mut taken = self.lock_counts();
        let own = taken.of_each.get(&address).copied().unwrap_or_default();
        if taken.all >= self.all_max || own >= self.of_one_max {
            return None;
        }
        taken.all += 1;
        taken.of_each.insert(address, own + 1);
        Some(HashWaitPermit {
            room: self.clone(),
            address,
        })
    }

    fn lock_counts(&self) -> MutexGuard<'_, WaiterCounts> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HashWaitPermit {
    fn drop(&mut self) {
        let mut taken = self.room.lock_counts();
        taken.all -= 1;
        if let Some(own) = taken.of_each.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.of_each.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_and_all_together_have_their_bounds() {
        let room = HashWaitQueue::new(3, 2);
        let address = |n| ClientAddress::from_ip(Some([10, 0, 0, n].into()));
        let mut held: Vec<_> = (0..2)
            .map(|_| room.try_reserve(address(1)).unwrap())
            .collect();
        assert!(room.try_reserve(address(1)).is_none());
        held.push(room.try_reserve(address(2)).unwrap());
        assert!(room.try_reserve(address(3)).is_none());
        held.remove(0);
        assert!(room.try_reserve(address(3)).is_some());
        held.clear();
        assert!(room.lock_counts().of_each.is_empty() && room.lock_counts().all == 0);
    }
}
