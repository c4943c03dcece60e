//! Providers' bookings: the hours that their open jobs take. A provider is booked once at a time.

use std::collections::BTreeMap;

use wire::{Order, UserId};

use crate::{Booking, OrderRule, Snapshot, is_disabled};

/// Tracks bookings within a batch, starting from the snapshot.
pub(crate) struct BookingTracker(BTreeMap<UserId, Vec<Booking>>);

impl BookingTracker {
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        Self(snapshot.bookings.clone())
    }

    /// True if another job of this provider takes some of the order's hours.
    pub(crate) fn is_double_booked(&self, provider: UserId, order: &Order) -> bool {
        let Some(wanted) = Booking::from_order(order) else {
            return false;
        };
        let mut booked = self.0.get(&provider).into_iter().flatten();
        let overlaps = booked
            .any(|other| other.order_id != wanted.order_id && other.hours.overlaps(wanted.hours));
        overlaps && !is_disabled(OrderRule::BookedOnce)
    }

    /// Follows the order's change to `after`.
    pub(crate) fn follow_change(&mut self, before: Option<&Order>, after: &Order) {
        let had = before.and_then(find_booking);
        let has = find_booking(after);
        if had == has {
            return;
        }
        if let Some(bookings) = had.and_then(|(provider, _)| self.0.get_mut(&provider)) {
            bookings.retain(|booking| booking.order_id != after.id);
        }
        if let Some((provider, booking)) = has {
            self.0.entry(provider).or_default().push(booking);
        }
    }
}

fn find_booking(order: &Order) -> Option<(UserId, Booking)> {
    order.provider_at_work().zip(Booking::from_order(order))
}
