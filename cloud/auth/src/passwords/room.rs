//! Bounds the number of waiting requests, in total and per address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use platform::ClientAddress;

/// Clones share the counts.
#[derive(Clone)]
pub struct WaitingRoom {
    all_max: usize,
    of_one_max: usize,
    taken: Arc<Mutex<TakenSeats>>,
}

/// Counts as waiting until dropped.
pub struct WaitingSeat {
    room: WaitingRoom,
    address: ClientAddress,
}

#[derive(Default)]
struct TakenSeats {
    all: usize,
    of_each: HashMap<ClientAddress, usize>,
}

impl WaitingRoom {
    pub fn new(all_max: usize, of_one_max: usize) -> Self {
        Self { all_max, of_one_max, taken: Arc::default() }
    }

    pub fn take(&self, address: ClientAddress) -> Option<WaitingSeat> {
        let mut taken = self.locked();
        let own = taken.of_each.get(&address).copied().unwrap_or_default();
        if taken.all >= self.all_max || own >= self.of_one_max {
            return None;
        }
        taken.all += 1;
        taken.of_each.insert(address, own + 1);
        Some(WaitingSeat { room: self.clone(), address })
    }

    fn locked(&self) -> MutexGuard<'_, TakenSeats> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitingSeat {
    fn drop(&mut self) {
        let mut taken = self.room.locked();
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
        let room = WaitingRoom::new(3, 2);
        let address = |n| ClientAddress::of(Some([10, 0, 0, n].into()));
        let mut held: Vec<_> = (0..2).map(|_| room.take(address(1)).unwrap()).collect();
        assert!(room.take(address(1)).is_none());
        held.push(room.take(address(2)).unwrap());
        assert!(room.take(address(3)).is_none());
        held.remove(0);
        assert!(room.take(address(3)).is_some());
        held.clear();
        assert!(room.locked().of_each.is_empty() && room.locked().all == 0);
    }
}
