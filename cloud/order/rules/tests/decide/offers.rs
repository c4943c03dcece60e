//! A job that an admin offers to a few providers for a time.

use rules::{OrderRule, OrderState, list_newly_offered, rule_on_offer};
use wire::{Code, EventType, FenceEnding, JobOffer, OrderStatus, UserId};

use crate::stage::*;

const MINUTE_MS: i64 = 60_000;

/// An offer to the first `count` providers, which ends in ten minutes.
fn offer(count: u128) -> JobOffer {
    let providers = (1..=count).map(|n| provider(n).user_id);
    JobOffer::new(providers.collect(), NOW.plus_ms(10 * MINUTE_MS))
}

fn offered(n: u128) -> OrderState {
    let mut state = order(n, OrderStatus::Pending);
    state.order.offer = Some(offer(2));
    state
}

#[test]
fn while_an_offer_runs_only_its_providers_get_the_job() {
    for (who, expected) in [(1, None), (2, None), (3, Some(Code::OfferedToOthers))] {
        let mut stage = Stage::with([offered(1)]);
        let by_portal = portal(1, provider(who), accept(1));
        assert_eq!(codes(&mut stage, &[by_portal]), [expected]);
        let mut stage = Stage::with([offered(1)]);
        let by_edge = logged(1, 1, Some(provider(who)), accept(1));
        assert_eq!(codes(&mut stage, &[by_edge]), [expected]);
    }
    let mut stage = Stage::with([offered(1)]);
    stage.snapshot.now = NOW.plus_ms(10 * MINUTE_MS);
    let after_its_end = portal(1, provider(3), accept(1));
    assert_eq!(codes(&mut stage, &[after_its_end]), [None]);
    let mut stage = Stage::with([offered(1)]).without(OrderRule::OfferKept);
    let unkept = portal(1, provider(3), accept(1));
    assert_eq!(codes(&mut stage, &[unkept]), [None]);
}

#[test]
fn a_promise_stands_against_any_offer() {
    let mut stage = Stage::with([offered(1)]).assign(held());
    let (outcome, _) = stage.decide_one(firm(4, 1, 1, provider(3), accept(1)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    let mut stage = Stage::with([offered(1)]).assign(ended(FenceEnding::TakenBack));
    let (outcome, _) = stage.decide_one(firm(4, 1, 1, provider(3), accept(1)));
    assert!(outcome.has_succeeded(), "no holder any more: {outcome:?}");
}

#[test]
fn an_offer_ends_with_the_state_that_it_was_made_in() {
    let mut stage = Stage::with([offered(1)]);
    stage.decide_one(portal(1, provider(2), accept(1)));
    assert_eq!(stage.order(1).offer, None);
    stage.decide_one(portal(2, provider(2), withdraw(1)));
    let (outcome, _) = stage.decide_one(portal(3, provider(3), accept(1)));
    assert!(outcome.has_succeeded(), "open to all again: {outcome:?}");
}

#[test]
fn a_refusal_leaves_the_id_free_over_http_and_tells_the_provider_of_an_edges_op() {
    let me = provider(3);
    let mut stage = Stage::with([offered(1)]);
    let (_, writes) = stage.decide_one(portal(1, me, accept(1)));
    assert!(writes.commands.is_empty() && writes.events.is_empty());
    let (_, writes) = stage.decide_one(logged(1, 2, Some(me), accept(1)));
    let event = writes.events.last().unwrap();
    assert_eq!(event.kind, EventType::OrderAcceptanceLost);
    assert_eq!(event.body.code, Some(Code::OfferedToOthers));
    stage.snapshot.now = NOW.plus_ms(10 * MINUTE_MS);
    let (outcome, _) = stage.decide_one(portal(1, me, accept(1)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
}

#[test]
fn a_loser_is_pointed_to_no_job_that_is_offered_to_a_few() {
    let taken = order(1, OrderStatus::Accepted);
    let open = [offered(2), order(3, OrderStatus::Pending)];
    let mut stage = Stage::with(open.iter().cloned().chain([taken]));
    stage.snapshot.open_jobs = open.iter().map(|state| state.order.clone()).collect();
    let (outcome, _) = stage.decide_one(portal(1, provider(3), accept(1)));
    let nearby = outcome.lost.unwrap().nearby;
    let nearby: Vec<_> = nearby.into_iter().map(|job| job.order_id).collect();
    assert_eq!(nearby, [order_id(3)]);
}

#[test]
fn only_an_open_job_is_offered_and_the_same_offer_changes_nothing() {
    let open = order(1, OrderStatus::Pending).order;
    let after = rule_on_offer(&open, Some(offer(2)), NOW).unwrap().unwrap();
    assert_eq!(after.version, open.version + 1);
    assert_eq!(rule_on_offer(&after, Some(offer(2)), NOW), Ok(None));
    let withdrawn = rule_on_offer(&after, None, NOW).unwrap().unwrap();
    assert_eq!(withdrawn.offer, None);
    assert_eq!(rule_on_offer(&withdrawn, None, NOW), Ok(None));
    for (status, code) in [
        (OrderStatus::PendingReview, Code::OrderNotApproved),
        (OrderStatus::Accepted, Code::OrderAlreadyAccepted),
        (OrderStatus::Cancelled, Code::OrderCancelled),
    ] {
        let order = order(1, status).order;
        assert_eq!(rule_on_offer(&order, Some(offer(1)), NOW), Err(code));
        assert_eq!(rule_on_offer(&order, None, NOW), Err(code));
    }
}

#[test]
fn providers_are_told_once_of_an_offer_with_the_same_end() {
    let ids = |range: std::ops::RangeInclusive<u128>| -> Vec<UserId> {
        range.map(|n| provider(n).user_id).collect()
    };
    assert_eq!(list_newly_offered(None, &offer(2)), ids(1..=2));
    assert_eq!(list_newly_offered(Some(&offer(2)), &offer(3)), ids(3..=3));
    let later = JobOffer::new(ids(1..=2), NOW.plus_ms(20 * MINUTE_MS));
    assert_eq!(list_newly_offered(Some(&offer(2)), &later), ids(1..=2));
}
