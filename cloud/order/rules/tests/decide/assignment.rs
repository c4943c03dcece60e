//! Changes of a region's assignment: a right ends only by its holder's release or a take-back, and
//! no fence is issued twice.

use rules::{
    Assignment, HolderEpoch, NextAssignment, OfflineRules, OpIdentity, OrderRule,
    RequestedAssignment, Submission,
};
use wire::{FenceEnd, FenceEnding, Hash, OpDecision, OrderStatus, OutcomeKind, Policy, Region};

use crate::stage::*;

fn seat(name: &str, epoch: u64) -> HolderEpoch {
    HolderEpoch {
        edge: edge(name),
        epoch,
    }
}

fn wanted(policy: Policy, holder: Option<HolderEpoch>) -> NextAssignment {
    NextAssignment {
        policy,
        holder,
        by: admin().user_id,
    }
}

fn wish(policy: Policy, holder: Option<HolderEpoch>) -> RequestedAssignment {
    RequestedAssignment {
        right: Some(wanted(policy, holder)),
        rules: None,
    }
}

fn end(how: FenceEnding) -> FenceEnd {
    FenceEnd {
        at: NOW,
        how,
        by: None,
        why: None,
    }
}

fn name(edge_name: &str, epoch: u64) -> OpIdentity {
    OpIdentity {
        edge: edge(edge_name),
        epoch,
        seq: 9,
        hash: Hash::digest_bytes(b"9"),
    }
}

fn release(edge_name: &str, epoch: u64, fence: u64) -> Submission {
    Submission::LeaseReleased {
        identity: name(edge_name, epoch),
        region: Region::North,
        fence,
    }
}

#[test]
fn a_grant_takes_a_new_fence_and_says_who_gave_it() {
    let free = Assignment {
        fence: 4,
        ..Assignment::default()
    };
    let granted = free
        .apply_request(wish(Policy::Exclusive, Some(seat("north-1", 2))))
        .unwrap();
    assert_eq!(granted.after.holder_epoch(), Some(seat("north-1", 2)));
    assert_eq!((granted.after.fence, granted.after.policy_version), (5, 1));
    assert_eq!(
        (granted.granted, granted.ended),
        (Some(admin().user_id), None)
    );
}

#[test]
fn what_is_so_already_is_no_change() {
    let free = Assignment::default();
    assert_eq!(free.apply_request(wish(Policy::Optimistic, None)), None);
    for holder in [None, Some(seat("north-1", 1))] {
        assert_eq!(held().apply_request(wish(Policy::Exclusive, holder)), None);
    }
    let rules = Some(OfflineRules::default());
    assert_eq!(
        held().apply_request(RequestedAssignment { right: None, rules }),
        None
    );
    assert_eq!(free.taken_back(end(FenceEnding::TakenBack)), None);
}

#[test]
fn a_change_of_policy_asks_and_the_holders_word_lets_it_come() {
    let changed = FenceEnding::PolicyChanged;
    let reassigned = FenceEnding::Reassigned;
    for (next, granted, how) in [
        (wanted(Policy::Optimistic, None), false, changed),
        (
            wanted(Policy::Exclusive, Some(seat("north-2", 1))),
            true,
            reassigned,
        ),
        (
            wanted(Policy::Exclusive, Some(seat("north-1", 2))),
            true,
            reassigned,
        ),
    ] {
        let asked = RequestedAssignment {
            right: Some(next.clone()),
            rules: None,
        };
        let asked = held().apply_request(asked).unwrap();
        assert_eq!((asked.granted, &asked.ended), (None, &None));
        assert_eq!(
            asked.after.holder_epoch(),
            held().holder_epoch(),
            "the right stands until its holder's word"
        );
        assert!(asked.after.to_region_assignment(None).release_asked);
        let released = asked
            .after
            .release_right(&name("north-1", 1), 4, NOW)
            .unwrap();
        let by = Some(admin().user_id);
        assert_eq!(
            released.ended,
            Some((4, FenceEnd { by, ..end(how) })),
            "who asked for it"
        );
        assert_eq!(
            (released.after.policy, released.after.holder_epoch()),
            (next.policy, next.holder)
        );
        assert_eq!(released.granted.is_some(), granted);
        assert_eq!(released.after.fence, if granted { 5 } else { 4 });
        assert!(!released.after.to_region_assignment(None).release_asked);
    }
    let optimistic = wish(Policy::Optimistic, None);
    let at_once = planted::run_with(OrderRule::ReleaseOp, || held().apply_request(optimistic));
    let at_once = at_once.unwrap();
    assert_eq!(at_once.after.holder, None, "that is what the rule is for");
}

#[test]
fn an_operator_may_think_again_while_the_holder_is_asked() {
    let asked = held()
        .apply_request(wish(Policy::Optimistic, None))
        .unwrap()
        .after;
    let kept = asked
        .apply_request(wish(Policy::Exclusive, Some(seat("north-1", 1))))
        .unwrap();
    assert_eq!(kept.after.wanted, None);
    assert_eq!(kept.after.policy_version, held().policy_version + 2);
}

#[test]
fn rules_change_at_once_and_leave_the_right_alone() {
    let rules = OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    };
    let turned = held()
        .apply_request(RequestedAssignment {
            right: None,
            rules: Some(rules.clone()),
        })
        .unwrap();
    assert!(turned.new_rules);
    assert_eq!(
        (turned.after.rules_version, &turned.after.rules),
        (1, &rules)
    );
    assert_eq!(
        (turned.after.holder_epoch(), turned.after.fence),
        (held().holder_epoch(), 4)
    );
}

#[test]
fn after_a_take_back_only_an_operator_grants_again() {
    let next = wish(Policy::Exclusive, Some(seat("north-2", 1)));
    let asked = held().apply_request(next).unwrap().after;
    let taken = asked.taken_back(end(FenceEnding::TakenBack)).unwrap();
    assert_eq!(
        (taken.after.holder, taken.after.wanted, taken.granted),
        (None, None, None)
    );
    assert_eq!(taken.ended, Some((4, end(FenceEnding::TakenBack))));
}

#[test]
fn an_epoch_that_is_over_holds_nothing_and_gets_nothing() {
    let over = end(FenceEnding::EdgeRestored);
    for (epoch, ends) in [(0, false), (1, true), (2, true)] {
        let turned = held().epoch_ended(&seat("north-1", epoch), over.clone());
        assert_eq!(
            turned.is_some_and(|turned| turned.ended.is_some()),
            ends,
            "epoch {epoch}"
        );
    }
    assert_eq!(held().epoch_ended(&seat("north-2", 1), over.clone()), None);
    let next = wish(Policy::Exclusive, Some(seat("north-2", 1)));
    let asked = held().apply_request(next).unwrap().after;
    let turned = asked.epoch_ended(&seat("north-2", 1), over).unwrap();
    assert_eq!(
        (turned.after.holder_epoch(), turned.ended),
        (held().holder_epoch(), None)
    );
    assert_eq!(turned.after.wanted, Some(wanted(Policy::Exclusive, None)));
}

#[test]
fn a_release_ends_the_right_in_log_order() {
    let mut stage = Stage::with([
        order(1, OrderStatus::Pending),
        order(2, OrderStatus::Pending),
        order(3, OrderStatus::Pending),
    ])
    .assign(held());
    let writes = stage.decide(&[
        firm(4, 1, 1, provider(1), accept(1)),
        portal(2, provider(2), accept(2)),
        release("north-1", 1, 4),
        portal(3, provider(2), accept(3)),
    ]);
    assert!(matches!(writes.answers[1], OpDecision::Held(_)));
    assert_eq!(outcome(&writes, 2).kind, OutcomeKind::Applied);
    assert!(outcome(&writes, 0).has_succeeded() && outcome(&writes, 3).has_succeeded());
    let [(Region::North, turned)] = writes.turns.as_slice() else {
        panic!("{:?}", writes.turns)
    };
    assert_eq!(
        turned.ended.as_ref().map(|(fence, end)| (*fence, end.how)),
        Some((4, FenceEnding::Released))
    );
    assert!(
        writes
            .commands
            .iter()
            .all(|answer| answer.command_id != command_id(2))
    );
}

#[test]
fn a_release_that_hands_the_region_on_binds_what_comes_after_it() {
    let next = wish(Policy::Exclusive, Some(seat("north-2", 1)));
    let asked = held().apply_request(next).unwrap().after;
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]).assign(asked);
    let writes = stage.decide(&[
        release("north-1", 1, 4),
        logged(10, 1, Some(provider(1)), accept(1)),
    ]);
    assert!(
        matches!(writes.answers[1], OpDecision::Held(_)),
        "north-2 holds it by now"
    );
    assert_eq!(writes.turns[0].1.after.fence, 5);
}

#[test]
fn a_release_of_another_fence_or_by_another_epoch_changes_nothing() {
    for request in [
        release("north-1", 1, 3),
        release("north-1", 2, 4),
        release("north-2", 1, 4),
    ] {
        let mut stage = Stage::with([]).assign(held());
        let (outcome, writes) = stage.decide_one(request.clone());
        assert_eq!(
            outcome.kind,
            OutcomeKind::Applied,
            "its edge has done what it should"
        );
        assert!(
            writes.turns.is_empty() && writes.commands.is_empty(),
            "{request:?}"
        );
    }
    let mut stage = Stage::with([])
        .assign(held())
        .without(OrderRule::AnyReleaseEnds);
    let (_, writes) = stage.decide_one(release("north-1", 1, 3));
    assert_eq!(writes.turns.len(), 1, "that is what the rule is for");
}
