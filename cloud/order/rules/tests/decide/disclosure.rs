//! The timeline records address access and its start.

use crate::stage::*;
use rules::{OfflineRules, Submission};
use wire::{AddressShown, OrderStatus, UnixMillis};

fn shown(stage: &mut Stage, request: Submission) -> Vec<Option<AddressShown>> {
    let (_, writes) = stage.decide_one(request);
    writes
        .timeline
        .iter()
        .map(|line| line.entry.address_shown)
        .collect()
}

fn open() -> Stage {
    Stage::with([order(1, OrderStatus::Pending)])
}

#[test]
fn a_decided_acceptance_shows_the_address_and_a_lost_one_does_not() {
    let mut stage = open();
    let won = logged(1, 1, Some(provider(1)), accept(1));
    assert_eq!(shown(&mut stage, won), [Some(AddressShown::Decided)]);
    let lost = logged(2, 2, Some(provider(2)), accept(1));
    assert_eq!(shown(&mut stage, lost), [None]);
    assert_eq!(
        shown(&mut stage, portal(3, provider(1), start(1))),
        [] as [_; 0],
        "not paid"
    );
}

#[test]
fn a_promise_shows_the_address_also_where_it_is_overturned() {
    let mut stage = open().assign(held());
    let promised = firm(4, 1, 1, provider(1), accept(1));
    assert_eq!(shown(&mut stage, promised), [Some(AddressShown::Firm)]);
    let taken_back = ended(wire::FenceEnding::TakenBack);
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]).assign(taken_back);
    let lost = relogged(4, 1, 1, provider(2), accept(1));
    assert_eq!(shown(&mut stage, lost), [Some(AddressShown::Firm)]);
}

#[test]
fn a_start_on_an_undecided_acceptance_shows_it_where_the_region_says_so() {
    let rules = |address_at_start| OfflineRules {
        address_at_start,
        ..OfflineRules::default()
    };
    let start = |provider| logged(2, 2, Some(provider), start(1));
    for (rule, expected) in [(true, Some(AddressShown::Started)), (false, None)] {
        let mut stage = open().allow(rules(rule));
        shown(&mut stage, logged(1, 1, Some(provider(1)), accept(1)));
        let stranger = start(provider(2));
        assert_eq!(
            shown(&mut stage, stranger),
            [expected],
            "his acceptance has lost since"
        );
        let mut early = order(1, OrderStatus::Accepted);
        early.acceptance.as_mut().unwrap().decided_at = UnixMillis(NOW.0 - 20_000);
        let mut stage = Stage::with([early]).allow(rules(rule));
        assert_eq!(
            shown(&mut stage, start(provider(1))),
            [None],
            "its line told of it already"
        );
    }
}
