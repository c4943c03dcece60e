//! A provider has one job at a time, by the hours that the orders agree.

use rules::{Booking, CaseKind, OrderRule, OrderState, Submission};
use wire::{Actor, Code, EventType, FenceEnding, OrderId, OrderStatus, UnixMillis};

use crate::stage::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// An order from one full hour to another one, counted from now.
fn timed(n: u128, status: OrderStatus, (from, to): (i64, i64)) -> OrderState {
    let mut state = order(n, status);
    state.order.service_start_time = Some(NOW.plus_ms(from * HOUR_MS));
    state.order.service_end_time = Some(NOW.plus_ms(to * HOUR_MS));
    state
}

/// Provider 1 has order 1 from ten to twelve; the others are open.
fn stage(others: impl IntoIterator<Item = OrderState>) -> Stage {
    let own = timed(1, OrderStatus::Accepted, (10, 12));
    let mut stage = Stage::with(others.into_iter().chain([own]));
    read_bookings(&mut stage);
    stage
}

/// Reads all bookings, as the store does for the accepting providers.
fn read_bookings(stage: &mut Stage) {
    stage.snapshot.bookings.clear();
    for state in stage.snapshot.orders.values() {
        let order = &state.order;
        let provider = order.provider_at_work();
        if let (Some(provider), Some(booking)) = (provider, Booking::from_order(order)) {
            let bookings = &mut stage.snapshot.bookings;
            bookings.entry(provider).or_default().push(booking);
        }
    }
}

#[test]
fn a_job_at_the_hours_of_another_is_refused_and_one_before_after_or_any_time_is_not() {
    let any_time = order(2, OrderStatus::Pending);
    let any_time_of_a_day = timed(2, OrderStatus::Pending, (0, 24));
    for (wanted, expected) in [
        (any_time, None),
        (any_time_of_a_day, None),
        (timed(2, OrderStatus::Pending, (8, 10)), None),
        (timed(2, OrderStatus::Pending, (12, 13)), None),
        (
            timed(2, OrderStatus::Pending, (11, 12)),
            Some(Code::DoubleBooked),
        ),
        (
            timed(2, OrderStatus::Pending, (9, 14)),
            Some(Code::DoubleBooked),
        ),
    ] {
        for request in [
            portal(1, provider(1), accept(2)),
            logged(1, 1, Some(provider(1)), accept(2)),
        ] {
            let mut stage = stage([wanted.clone()]);
            assert_eq!(codes(&mut stage, &[request]), [expected], "{wanted:?}");
        }
    }
    let mut stage = stage([timed(2, OrderStatus::Pending, (10, 12))]);
    let other = stage.decide_one(portal(1, provider(2), accept(2))).0;
    assert!(other.has_succeeded(), "another provider is free: {other:?}");
    let repeat = stage.decide_one(portal(2, provider(1), accept(1))).0;
    assert!(repeat.has_succeeded(), "their own job again: {repeat:?}");
}

#[test]
fn a_refusal_leaves_the_id_free_over_http_and_tells_the_provider_of_an_edges_op() {
    let me = provider(1);
    let mut stage = stage([timed(2, OrderStatus::Pending, (10, 12))]);
    let (_, writes) = stage.decide_one(portal(1, me, accept(2)));
    assert!(
        writes.commands.is_empty() && writes.events.is_empty(),
        "{writes:?}"
    );
    let (refused, writes) = stage.decide_one(logged(1, 2, Some(me), accept(2)));
    assert_eq!(
        (refused.code, refused.lost),
        (Some(Code::DoubleBooked), None)
    );
    let told = writes.events.last().unwrap();
    assert_eq!(
        (told.kind, told.body.code),
        (EventType::OrderAcceptanceLost, Some(Code::DoubleBooked))
    );
    assert_eq!(writes.timeline.len(), 1, "and the order's history");
    stage.decide_one(portal(3, me, withdraw(1)));
    read_bookings(&mut stage);
    let (outcome, _) = stage.decide_one(portal(1, me, accept(2)));
    assert!(
        outcome.has_succeeded(),
        "once the hours are free: {outcome:?}"
    );
}

#[test]
fn the_jobs_of_one_batch_count_in_its_order() {
    let me = provider(1);
    let open = [2, 3].map(|n| timed(n, OrderStatus::Pending, (20, 21)));
    let mut stage = stage(open);
    let log = [
        logged(1, 1, Some(me), accept(2)),
        logged(2, 2, Some(me), accept(3)),
        logged(3, 3, Some(me), withdraw(2)),
        logged(4, 4, Some(me), accept(3)),
    ];
    let expected = [None, Some(Code::DoubleBooked), None, None];
    assert_eq!(codes(&mut stage, &log), expected);
}

#[test]
fn a_finished_job_frees_its_hours() {
    let me = provider(1);
    let mut started = timed(4, OrderStatus::InProgress, (20, 22));
    started.order.version = 9;
    let mut stage = stage([timed(2, OrderStatus::Pending, (20, 21)), started]);
    let log = [
        logged(1, 1, Some(me), accept(2)),
        logged(2, 2, Some(me), complete(4)),
        logged(3, 3, Some(me), accept(2)),
    ];
    assert_eq!(
        codes(&mut stage, &log),
        [Some(Code::DoubleBooked), None, None]
    );
}

#[test]
fn a_promise_is_kept_and_becomes_a_case() {
    let me = provider(1);
    let wanted = || [timed(2, OrderStatus::Pending, (10, 12))];
    let mut stage = stage(wanted()).assign(held());
    let (outcome, writes) = stage.decide_one(firm(4, 1, 1, me, accept(2)));
    assert!(outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(case_kinds(&writes), [CaseKind::DoubleBooked]);

    let mut stage = self::stage(wanted()).assign(ended(FenceEnding::TakenBack));
    let (outcome, writes) = stage.decide_one(firm(4, 1, 1, me, accept(2)));
    assert!(outcome.has_succeeded(), "no holder any more: {outcome:?}");
    assert_eq!(case_kinds(&writes), [CaseKind::DoubleBooked]);

    let mut closed = timed(2, OrderStatus::Cancelled, (10, 12));
    closed.order.version = 9;
    let mut stage = self::stage([closed]).assign(held());
    let (_, writes) = stage.decide_one(firm(4, 1, 1, me, accept(2)));
    assert_eq!(
        case_kinds(&writes),
        [CaseKind::MetClosed],
        "it takes no hours"
    );
}

const DAYS: u64 = 500;
const ORDERS_A_DAY: u128 = 40;
const BOOKINGS_A_DAY: u64 = 200;

/// A day of three providers who accept, give back and finish timed orders, at the portal and
/// through an edge's log, whose commands come in batches and again.
fn live_a_day(draws: &mut Draws, disabled: Option<OrderRule>) -> (u64, bool) {
    let mut orders = Vec::new();
    for n in 1..=ORDERS_A_DAY {
        let from = i64::try_from(draws.below(12)).unwrap();
        let length = 1 + i64::try_from(draws.below(3)).unwrap();
        orders.push(timed(n, OrderStatus::Pending, (from, from + length)));
    }
    let mut stage = Stage::with(orders);
    stage.disabled = disabled;
    let (mut tried, mut seq, mut is_clean) = (0, 0, true);
    let mut sent: Vec<Submission> = Vec::new();
    while tried < BOOKINGS_A_DAY {
        let mut batch = Vec::new();
        for _ in 0..=draws.below(5) {
            seq += 1;
            let who = provider(1 + u128::from(draws.below(3)));
            let n = 1 + u128::from(draws.below(40));
            let body = match draws.below(10) {
                0 => withdraw(n),
                1 => complete(n),
                _ => accept(n),
            };
            tried += 1;
            batch.push(match draws.below(8) {
                0 if !sent.is_empty() => {
                    let at = draws.below(sent.len() as u64);
                    sent[usize::try_from(at).unwrap()].clone()
                }
                1..=3 => portal(seq.into(), who, body),
                _ => logged(seq, seq.into(), Some(who), body),
            });
        }
        sent.extend(batch.iter().cloned());
        read_bookings(&mut stage);
        stage.decide(&batch);
        is_clean &= is_booked_once(&stage);
    }
    (tried, is_clean)
}

/// Compares each two jobs of each provider, by the orders' own times.
fn is_booked_once(stage: &Stage) -> bool {
    let jobs: Vec<(Actor, OrderId, UnixMillis, UnixMillis)> = (1..=3)
        .map(provider)
        .flat_map(|who| {
            let orders = stage.snapshot.orders.values().map(|state| &state.order);
            let own = orders.filter(move |order| order.provider_at_work() == Some(who.user_id));
            own.map(move |order| {
                let start = order.service_start_time.unwrap();
                (who, order.id, start, order.service_end_time.unwrap())
            })
        })
        .collect();
    jobs.iter().all(|(who, id, start, end)| {
        let mut others = jobs.iter();
        !others.any(|(other, other_id, other_start, other_end)| {
            who == other && id != other_id && start < other_end && other_start < end
        })
    })
}

#[test]
fn a_hundred_thousand_bookings_book_no_provider_twice() {
    let mut draws = Draws(20);
    let mut bookings = 0;
    for day in 0..DAYS {
        let (tried, is_clean) = live_a_day(&mut draws, None);
        assert!(is_clean, "day {day}");
        bookings += tried;
    }
    assert!(bookings >= 100_000, "{bookings}");
    let mut draws = Draws(20);
    let (_, is_clean) = live_a_day(&mut draws, Some(OrderRule::BookedOnce));
    assert!(
        !is_clean,
        "without the rule, the first day has a double booking"
    );
}
