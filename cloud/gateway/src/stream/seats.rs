//! The bounds on open streams.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use process::{
    problem::Problem,
    sse::{OpenStream, StreamLimit},
};
use wire::{Code, UserId};

use crate::{NAME, say};

/// A browser has six connections to one origin, and a page needs some for its other requests.
const OF_ONE_PERSON_MAX: usize = 4;
const OF_ALL_MAX: usize = 1_000;
/// A tab that was closed has given up its place by then.
const RETRY_S: u32 = 10;

/// Counts the streams of each person. Clones share the counts; at a bound one more is refused.
#[derive(Clone)]
pub struct StreamSeats {
    of_each: Arc<Mutex<HashMap<UserId, usize>>>,
    of_all: StreamLimit,
}

/// A place for one stream, until it is dropped.
pub struct StreamSeat {
    seats: StreamSeats,
    user: UserId,
    _open: OpenStream,
}

impl Default for StreamSeats {
    fn default() -> Self {
        Self { of_each: Arc::default(), of_all: StreamLimit::new(NAME, OF_ALL_MAX) }
    }
}

impl StreamSeats {
    pub fn take(&self, user: UserId) -> Result<StreamSeat, Problem> {
        let mut taken = self.locked();
        let own = taken.get(&user).copied().unwrap_or_default();
        if own >= OF_ONE_PERSON_MAX {
            self.of_all.refuse();
            let most = OF_ONE_PERSON_MAX.into();
            return Err(refused().detail(say::streams_of_one { most }));
        }
        let open = self.of_all.open();
        let open = open.ok_or_else(|| refused().detail(say::streams_of_all))?;
        taken.insert(user, own + 1);
        Ok(StreamSeat { seats: self.clone(), user, _open: open })
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.of_each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        let mut taken = self.seats.locked();
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

fn refused() -> Problem {
    Problem::new(Code::TooManyStreams).retry_after(RETRY_S)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_person_has_four_and_a_place_that_is_given_up_is_free() {
        let seats = StreamSeats::default();
        let [one, other] = [1, 2].map(|n| UserId(Uuid::from_u128(n)));
        let mut held: Vec<_> = (0..4).map(|_| seats.take(one).unwrap()).collect();
        let refused = seats.take(one).err().unwrap();
        assert_eq!(refused.code(), Code::TooManyStreams);
        let body = refused.body(wire::Language::Chinese, None);
        assert!(body.detail.is_some_and(|detail| !detail.is_ascii()));
        assert!(seats.take(other).is_ok(), "one person's streams are not held against another");
        held.pop();
        assert!(seats.take(one).is_ok());
        held.clear();
        assert!(seats.locked().is_empty());
    }

    #[test]
    fn all_together_have_a_bound_too() {
        let seats = StreamSeats::default();
        let person = |n: usize| UserId(Uuid::from_u128(n as u128));
        let held: Vec<_> = (0..OF_ALL_MAX).map(|n| seats.take(person(n)).unwrap()).collect();
        assert_eq!(seats.take(person(OF_ALL_MAX)).err().unwrap().code(), Code::TooManyStreams);
        drop(held);
        assert!(seats.take(person(OF_ALL_MAX)).is_ok());
    }
}
