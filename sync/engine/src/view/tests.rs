//! The view with scripted and random ops.

mod claimants;

use proptest::prelude::*;
use wire::{OrderCode, UserId};

use super::*;
use crate::tests::{actor, draft, edge, id, order, overlay_without_rules};

const PROVIDER: u128 = 20;

fn op(seq: u64, body: CommandBody) -> PendingOp {
    PendingOp::of(seq, actor(PROVIDER, Role::Provider), body)
}

fn at(status: OrderStatus, provider: Option<u128>) -> Order {
    Order {
        status,
        provider_id: provider.map(|n| UserId(id(n))),
        ..order(1, 3)
    }
}

fn bodies() -> [CommandBody; 4] {
    let order_id = OrderId(id(1));
    [
        CommandBody::AcceptOrder { order_id },
        CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        CommandBody::WithdrawAcceptance {
            order_id,
            reason: None,
        },
    ]
}

#[track_caller]
fn check(confirmed: Order, ops: Vec<PendingOp>, status: OrderStatus, doubts: &[Option<Code>]) {
    let view = overlay_without_rules(Some(confirmed), ops);
    assert_eq!(view.order.map(|order| order.status), Some(status));
    let found: Vec<_> = view.pending.iter().map(|op| op.doubt).collect();
    assert_eq!(found, doubts);
}

#[test]
fn work_goes_on_over_what_is_pending() {
    let [accept, start, complete, _] = bodies();
    let ops = vec![op(5, accept), op(6, start), op(9, complete)];
    check(
        at(OrderStatus::Pending, None),
        ops,
        OrderStatus::Completed,
        &[None; 3],
    );
}

#[test]
fn an_op_that_no_longer_applies_is_in_doubt_and_blocks_nothing() {
    let [accept, start, _, _] = bodies();
    let order_id = OrderId(id(1));
    let cancel = CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee: None,
    };
    let cancel = PendingOp {
        actor: actor(30, Role::Admin),
        ..op(7, cancel)
    };
    let ops = vec![op(5, accept), op(6, start), cancel];
    let doubts = [Some(Code::LooksTaken), Some(Code::LooksNotYours), None];
    check(
        at(OrderStatus::Accepted, Some(21)),
        ops,
        OrderStatus::Cancelled,
        &doubts,
    );
}

#[test]
fn what_the_feed_brought_ahead_of_the_outcome_is_no_doubt() {
    let [accept, start, complete, withdraw] = bodies();
    let mine = Some(PROVIDER);
    check(
        at(OrderStatus::Accepted, mine),
        vec![op(5, accept.clone())],
        OrderStatus::Accepted,
        &[None],
    );
    check(
        at(OrderStatus::InProgress, mine),
        vec![op(5, start)],
        OrderStatus::InProgress,
        &[None],
    );
    check(
        at(OrderStatus::Completed, mine),
        vec![op(5, complete)],
        OrderStatus::Completed,
        &[None],
    );
    check(
        at(OrderStatus::Pending, None),
        vec![op(5, withdraw)],
        OrderStatus::Pending,
        &[None],
    );
    let gone = Some(Code::LooksWrongState);
    check(
        at(OrderStatus::Cancelled, mine),
        vec![op(5, accept)],
        OrderStatus::Cancelled,
        &[gone],
    );
}

#[test]
fn a_pending_cancel_of_unpaid_work_ends_it_in_the_view() {
    let [_, start, complete, _] = bodies();
    let cancel = CommandBody::CancelOrder {
        order_id: OrderId(id(1)),
        reason: None,
        fee: None,
    };
    let cancelled = PendingOp::of(7, actor(10, Role::Customer), cancel);
    let accepted = at(OrderStatus::Accepted, Some(PROVIDER));
    let held = Order {
        payment_status: PaymentStatus::Held,
        ..accepted.clone()
    };
    let ops = vec![op(6, start), cancelled, op(8, complete)];
    let gone = Some(Code::LooksWrongState);
    check(
        accepted,
        ops.clone(),
        OrderStatus::Cancelled,
        &[None, None, gone],
    );
    check(held, ops, OrderStatus::Completed, &[None, gone, None]);
}

#[test]
fn a_published_order_is_seen_at_once_and_is_nobodys_version() {
    let order_id = OrderId(id(1));
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    let publish = PendingOp {
        actor: actor(10, Role::Customer),
        ..op(4, publish)
    };
    let seen = overlay_without_rules(None, vec![publish.clone()])
        .order
        .unwrap();
    assert_eq!((seen.status, seen.version), (OrderStatus::PendingReview, 0));
    assert_eq!(seen.source, Source::Edge(edge()));
    assert_eq!(seen.code, OrderCode::from_order_id(seen.location, order_id));
    let confirmed = at(OrderStatus::Pending, None);
    let view = overlay_without_rules(Some(confirmed.clone()), vec![publish]);
    assert_eq!(view.order, Some(confirmed), "the confirmed row wins");
    assert_eq!(view.pending[0].doubt, None);
}

#[test]
fn the_overlay_without_its_order_is_in_doubt() {
    let [accept, ..] = bodies();
    let view = overlay_without_rules(None, vec![op(1, accept)]);
    assert_eq!(view.order, None);
    assert_eq!(view.pending[0].doubt, Some(Code::OrderNotFound));
}

#[test]
fn equal_version_with_other_content_is_a_conflict_and_the_row_stays() {
    let row = ConfirmedOrder {
        order: order(1, 3),
        feed_version: 3,
    };
    let other = Order {
        title: "other".into(),
        ..order(1, 3)
    };
    assert_eq!(
        merge_order(Some(&row), other, OrderSource::Feed),
        (row, MergeResult::Conflict)
    );
}

#[test]
fn an_outcome_runs_ahead_until_the_feed_brings_the_version() {
    let (row, what) = merge_order(None, order(1, 2), OrderSource::Outcome);
    assert!(row.is_ahead() && what == MergeResult::Raised);
    let (row, what) = merge_order(Some(&row), order(1, 1), OrderSource::Feed);
    assert!(row.is_ahead() && what == MergeResult::Kept);
    let (row, what) = merge_order(Some(&row), order(1, 2), OrderSource::Feed);
    assert!(!row.is_ahead() && what == MergeResult::Kept);
    assert!(leaves_view(&row, 2) && !leaves_view(&row, 1));
}

proptest! {
    /// In any order of arrival the row ends at the highest version, no step lowers it, and the
    /// running tally equals a fresh count.
    #[test]
    fn merging_never_lowers_a_version(
        arrivals in prop::collection::vec((1u128..4, 1u64..9, any::<bool>()), 1..60)
    ) {
        let mut rows = std::collections::BTreeMap::<u128, ConfirmedOrder>::new();
        let mut tally = ViewDigest::default();
        for (n, version, feed) in arrivals {
            let via = if feed { OrderSource::Feed } else { OrderSource::Outcome };
            let before = rows.get(&n).cloned();
            let (row, what) = merge_order(before.as_ref(), order(n, version), via);
            tally.replace_row(before.as_ref(), Some(&row));
            let floor = before.as_ref().map_or(0, |row| row.order.version);
            prop_assert_eq!(row.order.version, floor.max(version));
            prop_assert_ne!(what, MergeResult::Conflict);
            prop_assert!(row.feed_version <= row.order.version);
            rows.insert(n, row);
        }
        let mut counted = ViewDigest::default();
        rows.values().for_each(|row| counted.replace_row(None, Some(row)));
        prop_assert_eq!(tally, counted);
    }

    /// No sequence of commands breaks the view: it is a function of its inputs, keeps the confirmed
    /// version, and is the same without the doubtful ops.
    #[test]
    fn doubtful_ops_leave_no_trace(
        status in prop::sample::select(OrderStatus::ALL.as_slice()), picks in prop::collection::vec(0usize..4, 0..12)
    ) {
        let ops: Vec<_> =
            picks.iter().enumerate().map(|(seq, &pick)| op(seq as u64, bodies()[pick].clone())).collect();
        let confirmed = at(status, Some(PROVIDER));
        let view = overlay_without_rules(Some(confirmed.clone()), ops.clone());
        let sound = ops
            .into_iter()
            .filter(|op| view.pending.iter().any(|p| p.seq == op.seq && p.doubt.is_none()))
            .collect();
        let again = overlay_without_rules(Some(confirmed.clone()), sound);
        prop_assert_eq!(&again.order, &view.order);
        prop_assert!(again.pending.iter().all(|op| op.doubt.is_none()));
        prop_assert_eq!(view.order.map(|order| order.version), Some(confirmed.version));
    }
}
