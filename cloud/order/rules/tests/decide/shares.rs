//! Limits on one provider's work, within a batch and on top of existing work.

use crate::stage::*;
use wire::{
    Code, EventType, LimitReached, OrderStatus, Outcome, ProviderWorkload, ShareAct, ShareKind,
    ShareLimits, UnixMillis,
};

const LIMITS: ShareLimits = ShareLimits {
    open_jobs: 2,
    acceptances_a_day: 3,
    withdrawals_a_day: 1,
};

/// Provider 1 has this load; NORTH has six open orders.
fn stage(load: ProviderWorkload) -> Stage {
    let mut stage = Stage::with((1..=6).map(|n| order(n, OrderStatus::Pending)));
    stage.snapshot.limits = LIMITS;
    stage.snapshot.workloads.insert(provider(1).user_id, load);
    stage
}

#[test]
fn one_batch_gives_no_more_than_the_share() {
    let mut stage = stage(ProviderWorkload::default());
    let log: Vec<_> = (1..=3)
        .map(|n| logged(n, n.into(), Some(provider(1)), accept(n.into())))
        .collect();
    let writes = stage.decide(&log);
    let refused: &Outcome = outcome(&writes, 2);
    let limit = LimitReached {
        limit: ShareKind::OpenJobs,
        most: 2,
        frees_at: None,
    };
    assert_eq!(
        (refused.code, refused.limit),
        (Some(Code::TooManyOpenJobs), Some(limit))
    );
    assert_eq!(stage.order(3).status, OrderStatus::Pending);
    assert_eq!(writes.acts.len(), 2);
    assert_eq!(
        writes.acts[0].at,
        UnixMillis(NOW.0 - 10_000),
        "when the edge took it"
    );
    let told = writes.events.last().unwrap();
    assert_eq!(
        told.kind,
        EventType::OrderAcceptanceLost,
        "his inbox tells him"
    );
    assert_eq!(told.body.code, Some(Code::TooManyOpenJobs));
    assert_eq!(writes.timeline.len(), 3, "and the order's history");
}

#[test]
fn finishing_and_giving_back_make_room_and_a_withdrawal_is_a_share_of_its_own() {
    let mut stage = stage(ProviderWorkload::default());
    let me = provider(1);
    let mut started = order(6, OrderStatus::InProgress);
    started.order.version = 9;
    stage.snapshot.orders.insert(order_id(6), started);
    stage
        .snapshot
        .workloads
        .get_mut(&me.user_id)
        .unwrap()
        .open_jobs = 1;
    let log = [
        logged(1, 1, Some(me), accept(1)),
        logged(2, 2, Some(me), complete(6)),
        logged(3, 3, Some(me), accept(2)),
        logged(4, 4, Some(me), accept(3)),
        logged(5, 5, Some(me), withdraw(1)),
        logged(6, 6, Some(me), withdraw(2)),
        logged(7, 7, Some(me), accept(3)),
        logged(8, 8, Some(me), accept(1)),
    ];
    let jobs = Code::TooManyOpenJobs;
    let day = Code::TooManyAcceptances;
    let back = Code::TooManyWithdrawals;
    let expected = [
        None,
        None,
        None,
        Some(jobs),
        None,
        Some(back),
        None,
        Some(jobs),
    ];
    assert_eq!(codes(&mut stage, &log), expected);
    let mut spent = ProviderWorkload::default();
    for minutes in 1..=3 {
        spent.add(ShareAct::Accept, UnixMillis(NOW.0 - minutes * 60_000));
    }
    let mut stage = self::stage(spent);
    let (refused, writes) = stage.decide_one(portal(1, me, accept(1)));
    assert_eq!(refused.code, Some(day));
    let frees = refused.limit.unwrap().frees_at;
    assert_eq!(frees, Some(UnixMillis(NOW.0 - 180_000 + 86_400_000)));
    assert!(
        writes.commands.is_empty(),
        "he may ask again under the same id"
    );
}

#[test]
fn a_promise_is_kept_beyond_the_limit_and_an_admin_withdraws_without_one() {
    let full = ProviderWorkload {
        open_jobs: 2,
        ..ProviderWorkload::default()
    };
    let mut stage = stage(full).assign(held());
    let promised = firm(4, 1, 1, provider(1), accept(1));
    assert_eq!(codes(&mut stage, &[promised]), [None]);
    let again = logged(2, 2, Some(provider(1)), accept(1));
    assert_eq!(codes(&mut stage, &[again]), [None], "his own job once more");
    let by_admin: Vec<_> = [1]
        .map(|n| portal(9, admin(), withdraw_because(n, Some("He is ill."))))
        .into();
    let writes = stage.decide(&by_admin);
    assert_eq!(outcome(&writes, 0).code, None);
    assert!(writes.acts.is_empty(), "nobody's share");
}

/// Customer 1 has one order fewer than the limit, and NORTH allows firm publications.
fn nearly_full() -> Stage {
    let mut stage = Stage::with([
        order(1, OrderStatus::Pending),
        order(2, OrderStatus::Completed),
    ]);
    stage.snapshot.open_orders_max = 2;
    stage.snapshot.open_orders.insert(customer(1).user_id, 1);
    stage
}

#[test]
fn a_customer_has_so_many_open_orders_and_a_cancel_makes_room() {
    let me = customer(1);
    let mut stage = nearly_full();
    let full = Some(Code::TooManyOpenOrders);
    let none = None;
    let requests = [
        portal(1, me, publish(5)),
        portal(2, me, publish(6)),
        portal(3, me, cancel(1)),
    ];
    assert_eq!(codes(&mut stage, &requests), [none, full, none]);
    stage.snapshot.open_orders.insert(me.user_id, 1);
    // The refusal did not use up its id; repeats get the same answer at the limit or below it.
    assert_eq!(codes(&mut stage, &[portal(2, me, publish(6))]), [none]);
    stage.snapshot.open_orders.insert(me.user_id, 2);
    let (again, writes) = stage.decide_one(portal(1, me, publish(5)));
    assert!(
        again.has_succeeded() && writes.orders.is_empty(),
        "{again:?}"
    );
    let other = portal(9, customer(2), publish(9));
    assert_eq!(
        codes(&mut stage, &[other]),
        [none],
        "nobody counted the orders of another"
    );
}

#[test]
fn an_edges_publication_over_the_bound_gets_an_answer_that_names_it() {
    let me = customer(1);
    let mut stage = nearly_full();
    stage.snapshot.open_orders.insert(me.user_id, 2);
    let op = logged(1, 1, Some(me), publish(5));
    let (refused, writes) = stage.decide_one(op.clone());
    let limit = LimitReached {
        limit: ShareKind::OpenOrders,
        most: 2,
        frees_at: None,
    };
    assert_eq!(
        (refused.code, refused.limit),
        (Some(Code::TooManyOpenOrders), Some(limit))
    );
    assert_eq!(
        writes.commands.len(),
        1,
        "the answer is kept, and no op waits for another"
    );
    stage.snapshot.open_orders.clear();
    assert!(
        !stage.decide_one(op).0.has_succeeded(),
        "once told, it stands"
    );
}

#[test]
fn an_order_that_the_holder_has_promised_is_kept_over_the_bound() {
    let me = customer(1);
    let stage = nearly_full();
    let mut stage = stage.assign(held());
    stage.snapshot.open_orders.insert(me.user_id, 2);
    let (kept, _) = stage.decide_one(firm(4, 1, 1, me, publish(5)));
    assert!(kept.has_succeeded(), "{kept:?}");
}
