//! What differs between the feed and its owner.
//!
//! Invariant: the owner is right, and nothing is ever lowered: where the feed is ahead of its owner, that
//! is an alarm and stays.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use wire::{Order, OrderId, OrderMark, Region};

/// An order on which the two ends do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    pub id: OrderId,
    /// As the feed has it; absent where it does not.
    pub ours: Option<OrderMark>,
}

/// What is to be done about a suspect that did not change while it was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They agree by now, or the feed has moved on: a later comparison looks again.
    Fine,
    /// The feed has not heard of this version.
    Behind(Box<Order>),
    /// It is not in this region any more, since this version.
    Gone(u64),
    /// Equal version and other content: an alarm. The owner's content takes its place.
    Other(Box<Order>),
    /// The feed has a version that its owner does not: an alarm, and nothing is done about it.
    Ahead,
}

/// Behind which order the next comparison of each region begins, where the last one had found all that
/// it could hold: else orders that never settle would keep it from what stands behind them. Clones share
/// it; a process that starts anew begins at the first order.
#[derive(Clone, Default)]
pub struct Resume(Arc<Mutex<BTreeMap<Region, OrderId>>>);

impl Resume {
    pub fn of(&self, region: Region) -> Option<OrderId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&region).copied()
    }

    pub fn note(&self, region: Region, behind: Option<OrderId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match behind {
            Some(behind) => known.insert(region, behind),
            None => known.remove(&region),
        };
    }
}

/// Once round the orders of a region, range by range, from behind any of them.
#[derive(Debug)]
pub struct Round {
    began: Option<OrderId>,
    after: Option<OrderId>,
    around: bool,
}

impl Round {
    pub fn behind(began: Option<OrderId>) -> Self {
        Self { began, after: began, around: false }
    }

    /// The next range begins behind this.
    pub fn after(&self) -> Option<OrderId> {
        self.after
    }

    /// Whether an order is of this round: what it began behind is where it ends.
    pub fn has(&self, id: OrderId) -> bool {
        !self.around || self.began.is_some_and(|began| id <= began)
    }

    /// A range was looked at, up to its end; absent at the last. Whether there is another.
    pub fn reached(&mut self, end: Option<OrderId>) -> bool {
        self.after = end;
        if end.is_none() && !self.around {
            self.around = true;
            return self.began.is_some();
        }
        end.is_some_and(|end| self.has(end) && Some(end) != self.began)
    }
}

/// Both by their ids.
pub fn suspects(owner: &[OrderMark], ours: &[OrderMark]) -> Vec<Suspect> {
    let (mut owner, mut ours) = (owner.iter().peekable(), ours.iter().peekable());
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
            found.push(Suspect { id: mark.id, ours: known.copied() });
        }
    }
}

/// Looks at a suspect once more: what both ends have of it now.
pub fn judge(
    suspect: &Suspect,
    region: Region,
    owner: Option<Order>,
    ours: Option<OrderMark>,
) -> Verdict {
    if ours != suspect.ours {
        return Verdict::Fine;
    }
    match (owner, ours) {
        (None, None) => Verdict::Fine,
        (None, Some(ours)) => Verdict::Gone(ours.version),
        (Some(order), None) if order.location == region => Verdict::Behind(Box::new(order)),
        (Some(_), None) => Verdict::Fine,
        (Some(order), Some(ours)) if order.version < ours.version => Verdict::Ahead,
        (Some(order), Some(_)) if order.location != region => Verdict::Gone(order.version),
        (Some(order), Some(ours)) if order.version > ours.version => {
            Verdict::Behind(Box::new(order))
        }
        (Some(order), Some(ours)) if order.digest() == ours.digest => Verdict::Fine,
        (Some(order), Some(_)) => Verdict::Other(Box::new(order)),
    }
}

#[cfg(test)]
mod tests {
    use wire::Hash;

    use super::*;

    fn mark(n: u128, version: u64, content: &str) -> OrderMark {
        let id = OrderId(uuid::Uuid::from_u128(n));
        OrderMark { id, version, digest: Hash::of(content.as_bytes()) }
    }

    #[test]
    fn a_comparison_goes_once_round_from_wherever_it_begins() {
        let id = |n| OrderId(uuid::Uuid::from_u128(n));
        // Ranges end at every third of nine orders, so at the ninth there is no other.
        let ends = |after: Option<OrderId>| {
            let next = after.map_or(3, |after| (after.0.as_u128() / 3 + 1) * 3);
            (next < 9).then_some(id(next))
        };
        for began in [None, Some(id(3)), Some(id(4)), Some(id(8))] {
            let mut round = Round::behind(began);
            let mut seen = Vec::new();
            loop {
                let (first, end) = (round.after(), ends(round.after()));
                let first = first.map_or(1, |after| after.0.as_u128() + 1);
                let range = first..=end.map_or(9, |end| end.0.as_u128());
                seen.extend(range.filter(|n| round.has(id(*n))));
                if !round.reached(end) {
                    break;
                }
            }
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(1..=9), "behind {began:?}: {seen:?}");
        }
    }

    #[test]
    fn a_comparison_that_was_full_is_gone_on_with_behind_what_it_held() {
        let (resume, last) = (Resume::default(), mark(4, 1, "d").id);
        resume.note(Region::North, Some(last));
        assert_eq!((resume.of(Region::North), resume.of(Region::South)), (Some(last), None));
        resume.note(Region::North, None);
        assert_eq!(resume.of(Region::North), None);
    }

    #[test]
    fn whatever_one_end_has_and_the_other_has_not_is_suspect() {
        let owner = [mark(1, 1, "a"), mark(2, 2, "b"), mark(3, 1, "c"), mark(6, 1, "f")];
        let ours = [mark(2, 1, "b"), mark(3, 1, "C"), mark(4, 1, "d"), mark(6, 1, "f")];
        let found: Vec<_> = suspects(&owner, &ours)
            .into_iter()
            .map(|suspect| (suspect.id.0.as_u128(), suspect.ours.map(|ours| ours.version)))
            .collect();
        assert_eq!(found, [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(1))]);
        assert_eq!(suspects(&owner, &owner), []);
        assert_eq!(suspects(&[], &ours[..1]).len(), 1);
    }
}
