//! Properties of every sequence of commands, for all senders and batch sizes.

use crate::{
    incidents::{answer, report},
    reschedules::agree,
    stage::*,
};
use proptest::prelude::*;
use rules::{Submission, Writes};
use wire::{Actor, CommandBody, EventType, IncidentKind, OpDecision, OrderStatus, PaymentStatus};

const ORDERS: u128 = 3;

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        2 => (1u128..=2).prop_map(customer),
        4 => (1u128..=3).prop_map(provider),
        1 => Just(admin()),
    ]
}

fn body() -> impl Strategy<Value = CommandBody> {
    (1..=ORDERS, 0..12u8).prop_map(|(n, kind)| match kind {
        0 => publish(n),
        1 => approve(n),
        2 => reject(n),
        3 | 4 => accept(n),
        5 => withdraw(n),
        6 => start(n),
        7 => complete(n),
        8 => report(n, IncidentKind::MoreWork, Some(8_000)),
        9 => answer(n, 8, true),
        10 => agree(n, 66),
        _ => cancel(n),
    })
}

/// Few ids, so that the same person or others often reuse them.
fn requests() -> impl Strategy<Value = Vec<Submission>> {
    let request = (
        0u128..12,
        actor(),
        body(),
        any::<bool>(),
        prop::bool::weighted(0.05),
    );
    prop::collection::vec(request, 1..24).prop_map(|drawn| {
        let numbered = (1u64..).zip(drawn);
        numbered
            .map(
                |(seq, (id, actor, body, from_edge, unvouched))| match from_edge {
                    true => logged(seq, id, (!unvouched).then_some(actor), body),
                    false => portal(id, actor, body),
                },
            )
            .collect()
    })
}

fn stage_of(statuses: [OrderStatus; 2]) -> Stage {
    let standing = |(n, status)| {
        let mut standing = order(n, status);
        standing.order.payment_status = PaymentStatus::Held;
        standing
    };
    Stage::with((1..).zip(statuses).map(standing))
        .propose_time(1, 66, true)
        .propose_time(2, 66, false)
}

fn statuses() -> impl Strategy<Value = [OrderStatus; 2]> {
    let status = || prop::sample::select(OrderStatus::ALL.as_slice());
    [status(), status()]
}

/// Nearby jobs are chosen at the end of a batch, so only they may vary with batch boundaries.
fn without_offers(mut answers: Vec<OpDecision>) -> Vec<OpDecision> {
    for answer in &mut answers {
        if let OpDecision::Decided(outcome) = answer
            && let Some(lost) = &mut outcome.lost
        {
            lost.nearby.clear();
        }
    }
    answers
}

fn check_writes(before: &rules::Snapshot, writes: &Writes) -> Result<(), TestCaseError> {
    for write in &writes.orders {
        let id = write.after.order.id;
        let order = &write.after.order;
        let changes =
            |line: &&rules::NewTimelineEntry| line.order_id == id && line.entry.code.is_none();
        let changes = writes.timeline.iter().filter(changes).count() as u64;
        let version = before
            .orders
            .get(&id)
            .map_or(0, |standing| standing.order.version);
        prop_assert_eq!(order.version, version + changes, "a line for every change");
        let told = writes
            .events
            .iter()
            .filter(|event| event.body.order.id == id);
        let told = told
            .filter(|event| event.kind != EventType::OrderAcceptanceLost)
            .count();
        prop_assert_eq!(told as u64, changes, "an event for every change");
        let working = matches!(
            order.status,
            OrderStatus::Accepted
                | OrderStatus::InProgress
                | OrderStatus::Completed
                | OrderStatus::Reviewed
        );
        prop_assert!(
            !working || order.provider_id.is_some(),
            "work has a provider"
        );
        let open = matches!(
            order.status,
            OrderStatus::PendingReview | OrderStatus::Pending
        );
        prop_assert!(
            !open || order.provider_id.is_none(),
            "an open order has none"
        );
        prop_assert_eq!(
            order.provider_id.is_some(),
            write.after.acceptance.is_some()
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_change_is_told_and_written_down(statuses in statuses(), requests in requests()) {
        let mut stage = stage_of(statuses);
        let before = stage.snapshot.clone();
        let writes = stage.decide(&requests);
        check_writes(&before, &writes)?;
    }

    #[test]
    fn a_batch_decides_as_its_ops_would_one_by_one(
        statuses in statuses(),
        requests in requests(),
        cut in 0usize..24,
    ) {
        let mut whole = stage_of(statuses);
        let all = whole.decide(&requests).answers;
        let mut parts = stage_of(statuses);
        let (head, tail) = requests.split_at(cut.min(requests.len()));
        let mut answers = parts.decide(head).answers;
        answers.extend(parts.decide(tail).answers);
        prop_assert_eq!(without_offers(answers), without_offers(all));
        prop_assert_eq!(parts.snapshot.orders, whole.snapshot.orders);
        prop_assert_eq!(parts.snapshot.answers, whole.snapshot.answers);
    }

    #[test]
    fn a_repeated_batch_changes_nothing(statuses in statuses(), requests in requests()) {
        let from_edges: Vec<_> = requests
            .into_iter()
            .filter(|request| matches!(request, Submission::Command(a) if a.op().is_some()))
            .collect();
        let mut stage = stage_of(statuses);
        let first = stage.decide(&from_edges);
        stage.snapshot.now = NOW.plus_ms(60_000);
        let again = stage.decide(&from_edges);
        let silent = Writes { answers: again.answers.clone(), ..Writes::default() };
        prop_assert_eq!(&again, &silent);
        for (one, other) in first.answers.iter().zip(&again.answers) {
            let (OpDecision::Decided(one), OpDecision::Decided(other)) = (one, other) else {
                return Err(TestCaseError::fail("nothing is held"));
            };
            prop_assert_eq!((one.kind, one.code, &one.first), (other.kind, other.code, &other.first));
        }
    }

    #[test]
    fn nobody_takes_an_order_that_is_anothers(statuses in statuses(), requests in requests()) {
        let mut stage = stage_of(statuses);
        for request in requests {
            let before = stage.snapshot.orders.clone();
            stage.decide(&[request]);
            for (id, standing) in &stage.snapshot.orders {
                let held = before.get(id).and_then(|standing| standing.order.provider_id);
                let now = standing.order.provider_id;
                prop_assert!(held.is_none() || now.is_none() || held == now, "taken from under them");
            }
        }
    }

    #[test]
    fn whoever_loses_is_offered_jobs_of_a_region_that_was_asked_for(
        statuses in statuses(),
        requests in requests(),
    ) {
        let stage = stage_of(statuses);
        let regions = rules::regions_to_explain(&stage.snapshot, &requests);
        for answer in rules::decide_submissions(&stage.snapshot, &requests).answers {
            let OpDecision::Decided(outcome) = answer else { continue };
            if let (Some(_), Some(order)) = (outcome.lost, outcome.order)
                && stage.snapshot.orders.contains_key(&order.id)
            {
                prop_assert!(regions.contains(&order.location));
            }
        }
    }
}
