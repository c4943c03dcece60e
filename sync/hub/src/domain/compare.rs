//! What differs between the feed and its owner.
//!
//! Invariant: the owner is right, and nothing is ever lowered: where the feed is ahead of its owner, that
//! is an alarm and stays.

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
