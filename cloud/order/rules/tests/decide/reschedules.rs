//! One of the two people of an accepted order proposes another time, and the other one agrees.

use rules::{
    Booking, OrderState, ProposalRefusal, TimeProposal, check_may_answer, check_may_propose,
    check_proposal, preview_cancellation,
};
use uuid::Uuid;
use wire::{
    Actor, Code, CommandBody, EventType, Order, OrderStatus, Outcome, OutcomeKind, PlannedTime,
    ProposalId,
};

use crate::stage::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

impl Stage {
    /// The provider, or the customer, proposes that the order begins in 30 hours.
    pub(crate) fn propose_time(mut self, order: u128, proposal: u128, by_provider: bool) -> Self {
        let proposal = TimeProposal {
            by_provider,
            ..proposed(proposal, (30, 32))
        };
        self.snapshot.proposals.insert(order_id(order), proposal);
        self
    }
}

fn proposal_id(n: u128) -> ProposalId {
    ProposalId(Uuid::from_u128(0x7000 + n))
}

pub(crate) fn agree(n: u128, proposal: u128) -> CommandBody {
    CommandBody::RescheduleOrder {
        order_id: order_id(n),
        proposal: proposal_id(proposal),
    }
}

/// From one full hour to another one, counted from now.
fn planned((from, to): (i64, i64)) -> PlannedTime {
    PlannedTime {
        service_start_time: NOW.plus_ms(from * HOUR_MS),
        service_end_time: Some(NOW.plus_ms(to * HOUR_MS)),
    }
}

/// A proposal by provider 1.
fn proposed(n: u128, hours: (i64, i64)) -> TimeProposal {
    TimeProposal {
        id: proposal_id(n),
        by_provider: true,
        provider_id: provider(1).user_id,
        planned: planned(hours),
    }
}

fn timed(n: u128, status: OrderStatus, hours: (i64, i64)) -> OrderState {
    let mut state = order(n, status);
    state.order = planned(hours).apply_to(&state.order);
    state
}

/// Provider 1 has order 1 from ten to twelve, and has proposed number 66 for it.
fn stage(others: impl IntoIterator<Item = OrderState>) -> Stage {
    let own = timed(1, OrderStatus::Accepted, (10, 12));
    let mut stage = Stage::with(others.into_iter().chain([own])).propose_time(1, 66, true);
    for state in stage.snapshot.orders.values() {
        let order = &state.order;
        if let (Some(provider), Some(booking)) =
            (order.provider_at_work(), Booking::from_order(order))
        {
            let bookings = &mut stage.snapshot.bookings;
            bookings.entry(provider).or_default().push(booking);
        }
    }
    stage
}

#[track_caller]
fn check_refused(outcome: &Outcome, code: Code) {
    assert_eq!(
        (outcome.kind, outcome.code),
        (OutcomeKind::Rejected, Some(code))
    );
}

#[test]
fn an_agreement_moves_the_order_and_nothing_else_of_it() {
    let mut stage = stage([]);
    let before = stage.order(1).clone();
    let (outcome, writes) = stage.decide_one(portal(1, customer(1), agree(1, 66)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    let expected = Order {
        version: before.version + 1,
        updated_at: NOW,
        ..planned((30, 32)).apply_to(&before)
    };
    assert_eq!(stage.order(1), &expected);
    assert_eq!(writes.ended_proposals, [order_id(1)]);

    let entry = &writes.timeline[0].entry;
    assert_eq!((entry.from, entry.to), (Some(before.status), before.status));
    assert_eq!(entry.moved_from, Some(planned((10, 12))));
    assert_eq!(entry.moved_to, Some(planned((30, 32))));
    let [event] = writes.events.as_slice() else {
        panic!("{:?}", writes.events)
    };
    assert_eq!(event.kind, EventType::OrderRescheduled);
    assert_eq!(event.body.other_time, Some(planned((30, 32))));
    assert_eq!(event.body.order, expected);
}

#[test]
fn an_order_without_a_time_gets_one() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]).propose_time(1, 66, false);
    let (outcome, writes) = stage.decide_one(portal(1, provider(1), agree(1, 66)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(
        PlannedTime::from_order(stage.order(1)),
        Some(planned((30, 32)))
    );
    assert_eq!(writes.timeline[0].entry.moved_from, None);
}

#[test]
fn a_proposal_moves_an_order_once_however_often_it_is_agreed_to() {
    let mut stage = stage([]);
    let repeats = [1, 1, 2].map(|id| portal(id, customer(1), agree(1, 66)));
    let writes = stage.decide(&repeats);
    assert_eq!(outcome(&writes, 0).kind, OutcomeKind::Applied);
    let second = outcome(&writes, 1);
    assert_eq!(second.kind, OutcomeKind::Duplicate);
    assert!(second.has_succeeded(), "{second:?}");
    check_refused(outcome(&writes, 2), Code::TimeProposalOver);
    assert_eq!((writes.events.len(), writes.timeline.len()), (1, 1));
    // The rules do not count on the store to delete it.
    stage
        .snapshot
        .proposals
        .insert(order_id(1), proposed(66, (30, 32)));
    let (late, _) = stage.decide_one(portal(3, customer(1), agree(1, 66)));
    check_refused(&late, Code::TimeProposalOver);
}

#[test]
fn only_a_proposal_that_stands_is_agreed_to_and_only_by_the_other_person() {
    let foreign = TimeProposal {
        provider_id: provider(2).user_id,
        ..proposed(66, (30, 32))
    };
    for (standing, actor, code) in [
        (None, customer(1), Code::TimeProposalOver),
        (
            Some(proposed(67, (30, 32))),
            customer(1),
            Code::TimeProposalOver,
        ),
        (Some(foreign), customer(1), Code::TimeProposalOver),
        (
            Some(proposed(66, (0, 2))),
            customer(1),
            Code::TimeProposalOver,
        ),
        (
            Some(proposed(66, (10, 12))),
            customer(1),
            Code::TimeProposalOver,
        ),
        (Some(proposed(66, (30, 32))), provider(1), Code::OwnProposal),
        (
            Some(proposed(66, (30, 32))),
            provider(2),
            Code::OrderNotFound,
        ),
        (
            Some(proposed(66, (30, 32))),
            customer(2),
            Code::OrderNotFound,
        ),
    ] {
        let mut stage = stage([]);
        stage.snapshot.proposals.clear();
        let placed = standing.map(|standing| (order_id(1), standing));
        stage.snapshot.proposals.extend(placed);
        let before = stage.order(1).clone();
        let (outcome, writes) = stage.decide_one(portal(1, actor, agree(1, 66)));
        check_refused(&outcome, code);
        assert_eq!(stage.order(1), &before);
        assert!(writes.events.is_empty() && writes.ended_proposals.is_empty());
        let answer = check_may_answer(standing.as_ref(), proposal_id(66), &before, actor, NOW);
        assert_eq!(answer, Err(code), "declining has the same conditions");
    }
}

#[test]
fn a_provider_who_is_booked_at_the_proposed_time_keeps_the_present_one() {
    let hours = |hours| timed(2, OrderStatus::Accepted, hours);
    for (other, expected) in [
        (hours((31, 33)), Some(Code::DoubleBooked)),
        (hours((28, 40)), Some(Code::DoubleBooked)),
        (hours((32, 33)), None),
        (hours((10, 12)), None),
        (order(2, OrderStatus::Accepted), None),
    ] {
        let mut stage = stage([other.clone()]);
        let (outcome, writes) = stage.decide_one(portal(1, customer(1), agree(1, 66)));
        assert_eq!(outcome.code, expected, "{other:?}");
        let ended = !writes.ended_proposals.is_empty();
        assert_eq!(ended, expected.is_none(), "a refused proposal stays");
        if expected.is_some() {
            assert!(writes.commands.is_empty(), "the id is free for another try");
        }
    }
}

#[test]
fn an_order_does_not_count_against_its_own_new_time() {
    let mut stage = stage([]);
    let overlapping = proposed(66, (11, 13));
    stage.snapshot.proposals.insert(order_id(1), overlapping);
    let (outcome, _) = stage.decide_one(portal(1, customer(1), agree(1, 66)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
}

#[test]
fn in_a_batch_the_old_hours_are_free_after_a_move_and_the_new_ones_taken() {
    let open = [(2, (10, 12)), (3, (30, 31))];
    let mut stage = stage(open.map(|(n, hours)| timed(n, OrderStatus::Pending, hours)));
    let batch = [
        portal(1, provider(1), accept(2)),
        portal(2, customer(1), agree(1, 66)),
        portal(3, provider(1), accept(2)),
        portal(4, provider(1), accept(3)),
    ];
    let expected = [
        Some(Code::DoubleBooked),
        None,
        None,
        Some(Code::DoubleBooked),
    ];
    assert_eq!(codes(&mut stage, &batch), expected);
}

#[test]
fn a_proposal_ends_when_its_order_is_no_longer_an_accepted_one_of_its_provider() {
    for (actor, body) in [
        (customer(1), cancel(1)),
        (provider(1), withdraw(1)),
        (provider(1), start(1)),
    ] {
        let mut stage = stage([]);
        let state = stage.snapshot.orders.get_mut(&order_id(1)).unwrap();
        state.order.payment_status = wire::PaymentStatus::Held;
        let batch = [
            portal(1, actor, body.clone()),
            portal(2, customer(1), agree(1, 66)),
        ];
        let writes = stage.decide(&batch);
        assert!(outcome(&writes, 0).has_succeeded(), "{body:?}");
        assert!(!outcome(&writes, 1).has_succeeded(), "{body:?}");
        assert_eq!(writes.ended_proposals, [order_id(1)], "{body:?}");
    }
    let mut stage = stage([]);
    let report = crate::incidents::report(1, wire::IncidentKind::RunningLate, None);
    let (_, writes) = stage.decide_one(portal(1, provider(1), report));
    assert!(writes.ended_proposals.is_empty(), "a report ends none");
}

#[track_caller]
fn check_new(person: Actor, order: &OrderState, wanted: PlannedTime, wrong: Option<&str>) {
    let checked = check_proposal(&order.order, person, wanted, NOW);
    let found = match &checked {
        Ok(()) => None,
        Err(ProposalRefusal::Code(code)) => Some(code.as_str()),
        Err(ProposalRefusal::Field(error)) => Some(error.field.as_str()),
    };
    assert_eq!(found, wrong, "{wanted:?}");
}

#[test]
fn a_new_proposal_lies_ahead_differs_and_is_of_an_accepted_order() {
    let accepted = timed(1, OrderStatus::Accepted, (10, 12));
    for person in [customer(1), provider(1)] {
        check_new(person, &accepted, planned((1, 2)), None);
        check_new(person, &accepted, planned((10, 13)), None);
    }
    let me = customer(1);
    let start = Some("service_start_time");
    check_new(me, &accepted, planned((10, 12)), start);
    check_new(me, &accepted, planned((0, 2)), start);
    check_new(me, &accepted, planned((-1, 2)), start);
    check_new(me, &accepted, planned((5, 5)), Some("service_end_time"));
    check_new(me, &accepted, planned((5, 4)), Some("service_end_time"));
    check_new(
        me,
        &accepted,
        planned((70_000_000_000, 70_000_000_001)),
        start,
    );
    for stranger in [customer(2), provider(2), admin()] {
        check_new(
            stranger,
            &accepted,
            planned((1, 2)),
            Some("order_not_found"),
        );
    }
    for (status, code) in [
        (OrderStatus::Pending, "wrong_state"),
        (OrderStatus::InProgress, "wrong_state"),
        (OrderStatus::Cancelled, "order_cancelled"),
    ] {
        let order = timed(1, status, (10, 12));
        check_new(me, &order, planned((1, 2)), Some(code));
        assert!(check_may_propose(&order.order, me).is_err());
    }
}

#[test]
fn the_cancel_fee_goes_by_the_time_in_force() {
    let policy = crate::cancelling::policy();
    let mut stage = stage([]);
    let state = stage.snapshot.orders.get_mut(&order_id(1)).unwrap();
    state.order.payment_status = wire::PaymentStatus::Held;
    state.held = state.order.price;
    let free_until = |stage: &Stage| {
        let rules = rules::OfflineRules::default();
        let state = &stage.snapshot.orders[&order_id(1)];
        let shown = preview_cancellation(state, customer(1), &[policy], &rules, NOW);
        shown.unwrap().free_until.unwrap()
    };
    let before = free_until(&stage);
    stage.decide_one(portal(1, customer(1), agree(1, 66)));
    assert_eq!(free_until(&stage), before.plus_ms(20 * HOUR_MS));
}
