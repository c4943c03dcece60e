//! The differences between a feed and its owner.
//!
//! Invariant: the owner is right, and a version never decreases. A feed that is ahead of its owner
//! raises an alarm and stays unchanged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use wire::{Order, OrderFingerprint, OrderId, Region};

/// An order on which feed and owner disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuspectOrder {
    pub id: OrderId,
    /// The feed's mark, if it has one.
    pub ours: Option<OrderFingerprint>,
}

/// The difference that remains after the wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderDifference {
    /// No difference, or the feed has moved on: a later comparison checks again.
    None,
    /// The feed lacks this version.
    Behind(Box<Order>),
    /// The order left this region at this version.
    Gone(u64),
    /// Same version, different content: an alarm. The owner's content replaces ours.
    Other(Box<Order>),
    /// The feed has a version that its owner lacks: an alarm; the feed stays unchanged.
    Ahead,
}

/// The start of each region's next comparison if the last one hit its limit; otherwise orders that
/// never settle would hide the ones behind them. Clones share it; a new process starts at the first
/// order.
#[derive(Clone, Default)]
pub(crate) struct ComparisonCursors(Arc<Mutex<BTreeMap<Region, OrderId>>>);

impl ComparisonCursors {
    pub(crate) fn cursor_for(&self, region: Region) -> Option<OrderId> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&region)
            .copied()
    }

    pub(crate) fn save_cursor(&self, region: Region, behind: Option<OrderId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match behind {
            Some(behind) => known.insert(region, behind),
            None => known.remove(&region),
        };
    }
}

/// One pass over a region's orders, range by range, from any starting point, wrapping around.
#[derive(Debug)]
pub(crate) struct RangeScan {
    began: Option<OrderId>,
    after: Option<OrderId>,
    around: bool,
}

impl RangeScan {
    pub(crate) fn start_after(began: Option<OrderId>) -> Self {
        Self {
            began,
            after: began,
            around: false,
        }
    }

    /// The next range starts after this order.
    pub(crate) fn range_start(&self) -> Option<OrderId> {
        self.after
    }

    /// Returns true if the order belongs to this pass, which ends at the order it started after.
    pub(crate) fn contains_order(&self, id: OrderId) -> bool {
        !self.around || self.began.is_some_and(|began| id <= began)
    }

    /// Records that the range up to `end` was checked; `None` marks the last range. Returns true if
    /// another range follows.
    pub(crate) fn finish_range(&mut self, end: Option<OrderId>) -> bool {
        self.after = end;
        if end.is_none() && !self.around {
            self.around = true;
            return self.began.is_some();
        }
        end.is_some_and(|end| self.contains_order(end) && Some(end) != self.began)
    }
}

/// Compares two lists, both sorted by id.
pub(crate) fn find_suspects(
    owner: &[OrderFingerprint],
    ours: &[OrderFingerprint],
) -> Vec<SuspectOrder> {
    let mut owner = owner.iter().peekable();
    let mut ours = ours.iter().peekable();
    let mut found = Vec::new();
    loop {
        let (theirs, known) = match (owner.peek(), ours.peek()) {
            (None, None) => return found,
            (Some(theirs), Some(known)) if theirs.id == known.id => (owner.next(), ours.next()),
            (Some(theirs), Some(known)) if theirs.id < known.id => (owner.next(), None),
            (Some(_), None) => (owner.next(), None),
            (_, Some(_)) => (None, ours.next()),
        };
        if theirs != known
            && let Some(mark) = theirs.or(known)
        {
            found.push(SuspectOrder {
                id: mark.id,
                ours: known.copied(),
            });
        }
    }
}

/// Classifies a suspect by the current state at both ends.
pub(crate) fn classify_difference(
    suspect: &SuspectOrder,
    region: Region,
    owner: Option<Order>,
    ours: Option<OrderFingerprint>,
) -> OrderDifference {
    if ours != suspect.ours {
        return OrderDifference::None;
    }
    match (owner, ours) {
        (None, None) => OrderDifference::None,
        (None, Some(ours)) => OrderDifference::Gone(ours.version),
        (Some(order), None) if order.location == region => OrderDifference::Behind(Box::new(order)),
        (Some(_), None) => OrderDifference::None,
        (Some(order), Some(ours)) if order.version < ours.version => OrderDifference::Ahead,
        (Some(order), Some(_)) if order.location != region => OrderDifference::Gone(order.version),
        (Some(order), Some(ours)) if order.version > ours.version => {
            OrderDifference::Behind(Box::new(order))
        }
        (Some(order), Some(ours)) if order.compute_digest() == ours.digest => OrderDifference::None,
        (Some(order), Some(_)) => OrderDifference::Other(Box::new(order)),
    }
}

#[cfg(test)]
mod tests {
    use wire::Hash;

    use super::*;

    fn mark(n: u128, version: u64, content: &str) -> OrderFingerprint {
        let id = OrderId(uuid::Uuid::from_u128(n));
        OrderFingerprint {
            id,
            version,
            digest: Hash::digest_bytes(content.as_bytes()),
        }
    }

    #[test]
    fn a_comparison_goes_once_round_from_wherever_it_begins() {
        let id = |n| OrderId(uuid::Uuid::from_u128(n));
        // Ranges end at every third of nine orders, so the ninth has no successor.
        let ends = |after: Option<OrderId>| {
            let next = after.map_or(3, |after| (after.0.as_u128() / 3 + 1) * 3);
            (next < 9).then_some(id(next))
        };
        for began in [None, Some(id(3)), Some(id(4)), Some(id(8))] {
            let mut round = RangeScan::start_after(began);
            let mut seen = Vec::new();
            loop {
                let first = round.range_start();
                let end = ends(round.range_start());
                let first = first.map_or(1, |after| after.0.as_u128() + 1);
                let range = first..=end.map_or(9, |end| end.0.as_u128());
                seen.extend(range.filter(|n| round.contains_order(id(*n))));
                if !round.finish_range(end) {
                    break;
                }
            }
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(1..=9), "behind {began:?}: {seen:?}");
        }
    }

    #[test]
    fn a_comparison_that_was_full_is_gone_on_with_behind_what_it_held() {
        let resume = ComparisonCursors::default();
        let last = mark(4, 1, "d").id;
        resume.save_cursor(Region::North, Some(last));
        assert_eq!(
            (
                resume.cursor_for(Region::North),
                resume.cursor_for(Region::South)
            ),
            (Some(last), None)
        );
        resume.save_cursor(Region::North, None);
        assert_eq!(resume.cursor_for(Region::North), None);
    }

    #[test]
    fn whatever_one_end_has_and_the_other_has_not_is_suspect() {
        let owner = [
            mark(1, 1, "a"),
            mark(2, 2, "b"),
            mark(3, 1, "c"),
            mark(6, 1, "f"),
        ];
        let ours = [
            mark(2, 1, "b"),
            mark(3, 1, "C"),
            mark(4, 1, "d"),
            mark(6, 1, "f"),
        ];
        let found: Vec<_> = find_suspects(&owner, &ours)
            .into_iter()
            .map(|suspect| {
                (
                    suspect.id.0.as_u128(),
                    suspect.ours.map(|ours| ours.version),
                )
            })
            .collect();
        assert_eq!(found, [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(1))]);
        assert_eq!(find_suspects(&owner, &owner), []);
        assert_eq!(find_suspects(&[], &ours[..1]).len(), 1);
    }
}
