//! The region's lease (the right to assign) on a real file: when accepts are firm.

use engine::verdict::RegionRight;
use wire::{EdgeId, JobOffer, RegionAssignment, open_digest};

use super::*;

/// In the feed, order 1 is open at version 1 and order 2 at version 3.
fn grant(policy_version: u64, fence: u64) -> RegionAssignment {
    RegionAssignment {
        policy_version,
        policy: Policy::Exclusive,
        holder: Some(identity().edge_id),
        epoch: 1,
        fence,
        digest: Some(open_digest([(OrderId(id(1)), 1), (OrderId(id(2)), 3)])),
        ..RegionAssignment::default()
    }
}

async fn hear(store: &Store, assignment: RegionAssignment) {
    let to = store.load_position().await.unwrap().feed_cursor + 1;
    store
        .apply_changes(to, vec![FeedChange::Assignment(assignment)], NOW)
        .await
        .unwrap();
}

/// Orders 1 and 2 are open, 3 is completed.
async fn with_region(store: &Store) {
    let done = Order {
        status: OrderStatus::Completed,
        ..order(3, 2)
    };
    let changes = [order(1, 1), order(2, 3), done]
        .map(FeedChange::Order)
        .into();
    store.apply_changes(3, changes, NOW).await.unwrap();
}

async fn try_enter(store: &Store, checked: CheckedCommand) -> Box<StoredCommand> {
    let actor = checked.actor;
    let body = checked.command.body.clone();
    let judging = move |view: &EdgeOrderView, edge_state: &EdgeState| {
        let request = VerdictRequest {
            actor,
            body: &body,
            repeat: false,
            receipted: false,
            start_code: EnteredStartCode::None,
        };
        judge_command(
            &request,
            view,
            &EdgeState {
                let_in: true,
                ..*edge_state
            },
        )
    };
    match store.judge_and_log_command(checked, judging).await.unwrap() {
        CommandLogResult::Stored { stored, .. } => stored,
        CommandLogResult::NotTaken(code) => panic!("not taken: {code}"),
        CommandLogResult::OverLimit(reached) => panic!("over a limit: {reached:?}"),
    }
}

async fn ops(store: &Store) -> Vec<Op> {
    let wanted = OpRange {
        from: 1,
        ops_max: 100,
        bytes_max: 1 << 20,
        first_whatever_size: true,
    };
    let run = store.load_ops(wanted).await.unwrap();
    run.ops
        .iter()
        .map(|bytes| Op::from_bytes(bytes).unwrap())
        .collect()
}

#[tokio::test]
async fn a_proven_grant_makes_an_accept_firm_and_outlives_the_process() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    hear(
        &store,
        RegionAssignment {
            rules_version: 4,
            ..grant(7, 2)
        },
    )
    .await;
    let stored = try_enter(&store, entry(101, by(20), accept(1))).await;
    assert_eq!((stored.verdict, stored.fence), (Verdict::Firm, Some(2)));
    let Some(Op::Command(op)) = ops(&store).await.pop() else {
        panic!("a command")
    };
    assert_eq!((op.verdict, op.fence), (Verdict::Firm, Some(2)));
    assert_eq!((op.policy_version, op.rules_version), (Some(7), Some(4)));

    store.close();
    let (store, _) = open(&data, 2).await;
    let stored = try_enter(&store, entry(102, by(21), accept(2))).await;
    assert_eq!((stored.verdict, stored.fence), (Verdict::Firm, Some(2)));
    let loser = try_enter(&store, entry(103, by(22), accept(1))).await;
    assert_eq!(
        (loser.verdict, loser.doubt),
        (Verdict::Provisional, Some(Code::LooksTaken))
    );
}

#[tokio::test]
async fn a_grant_that_the_feed_does_not_agree_with_makes_nothing_firm() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    store
        .apply_changes(4, vec![FeedChange::Order(order(4, 1))], NOW)
        .await
        .unwrap();
    hear(&store, grant(1, 1)).await;
    let stored = try_enter(&store, entry(101, by(20), accept(1))).await;
    assert_eq!((stored.verdict, stored.fence), (Verdict::Provisional, None));
}

#[tokio::test]
async fn an_outcome_that_ran_ahead_of_the_feed_does_not_count_in_the_comparison() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    let (early, ..) = entered(&store, entry(101, by(20), accept(2))).await;
    let done = Order {
        status: OrderStatus::Completed,
        ..order(2, 6)
    };
    let unseen = Order {
        version: 9,
        ..order(8, 9)
    };
    let outcomes = vec![
        outcome(1, early.head.seq, Outcome::new_applied(done, NOW)),
        outcome(2, early.head.seq + 1, Outcome::new_applied(unseen, NOW)),
    ];
    store.store_outcomes(2, outcomes, NOW).await.unwrap();
    hear(&store, grant(1, 1)).await;
    let stored = try_enter(&store, entry(102, by(20), accept(1))).await;
    assert_eq!(stored.verdict, Verdict::Firm);
}

#[tokio::test]
async fn a_wish_for_the_right_is_answered_in_the_log_and_nothing_is_firm_after_it() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    hear(&store, grant(1, 1)).await;
    try_enter(&store, entry(101, by(20), accept(1))).await;
    hear(
        &store,
        RegionAssignment {
            release_asked: true,
            ..grant(2, 1)
        },
    )
    .await;
    assert_eq!(
        ops(&store).await.pop(),
        Some(Op::LeaseReleased { fence: 1 })
    );
    let head = store.load_position().await.unwrap().head;

    store.close();
    let (store, _) = open(&data, 2).await;
    let stored = try_enter(&store, entry(102, by(21), accept(2))).await;
    assert_eq!((stored.verdict, stored.fence), (Verdict::Provisional, None));
    hear(&store, grant(3, 1)).await;
    let stored = try_enter(&store, entry(103, by(21), accept(2))).await;
    assert_eq!(stored.verdict, Verdict::Provisional, "the fence stays dead");
    let released = ops(&store)
        .await
        .into_iter()
        .filter(|op| matches!(op, Op::LeaseReleased { .. }));
    assert_eq!(
        released.count(),
        1,
        "and is given back once, at {}",
        head.seq
    );
}

#[tokio::test]
async fn a_right_that_was_taken_back_is_another_edges_or_nobodys() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    hear(&store, grant(1, 1)).await;
    let other = EdgeId::new("north-2").unwrap();
    for (version, holder, right) in [
        (2, None, RegionRight::None),
        (3, Some(other), RegionRight::Elsewhere),
    ] {
        hear(
            &store,
            RegionAssignment {
                holder,
                ..grant(version, 2)
            },
        )
        .await;
        let judging = move |_: &EdgeOrderView, edge_state: &EdgeState| {
            assert_eq!(edge_state.right, right);
            CommandVerdict::NotTaken(Code::OrderNotFound)
        };
        store
            .judge_and_log_command(entry(101, by(20), accept(1)), judging)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_accept_made_elsewhere_is_logged_once_whatever_is_known_of_it() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    hear(&store, grant(1, 1)).await;
    let ask = |n: u128, order: u128| wire::ForwardedAcceptFrame {
        link_session: wire::LinkSessionId {
            term: 1,
            nonce: BootNonce([1; 16]),
        },
        command: entry(n, by(21), accept(order)).command,
        token: "of a stranger".into(),
        actor: by(21),
        taken_at: UnixMillis(NOW.0 - 60_000),
    };
    let view = store
        .log_forwarded_accept(ask(101, 1), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.order.unwrap().provider_id, Some(UserId(id(21))));
    assert!(
        store
            .log_forwarded_accept(ask(101, 1), NOW)
            .await
            .unwrap()
            .is_none(),
        "its id is known"
    );
    assert!(
        store
            .log_forwarded_accept(ask(102, 77), NOW)
            .await
            .unwrap()
            .is_some(),
        "an unknown order"
    );
    let asked: Vec<_> = ops(&store)
        .await
        .into_iter()
        .filter_map(|op| {
            if let Op::Command(op) = op {
                Some(op)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(asked.len(), 2);
    for op in &asked {
        assert_eq!((op.verdict, op.fence), (Verdict::Provisional, None));
        assert_eq!(
            op.received_at,
            UnixMillis(NOW.0 - 60_000),
            "the moment it was first taken"
        );
    }
    let own = try_enter(&store, entry(103, by(20), accept(1))).await;
    assert_eq!(
        own.verdict,
        Verdict::Provisional,
        "it rests on what is not firm"
    );
}

#[tokio::test]
async fn nothing_is_firm_on_more_than_is_looked_at() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_region(&store).await;
    hear(&store, grant(1, 1)).await;
    for n in 0..256 {
        let accepted = try_enter(&store, entry(1_000 + n, by(20), accept(1))).await;
        assert_eq!(accepted.verdict, Verdict::Firm, "one's own, number {n}");
    }
    let withdraw = CommandBody::WithdrawAcceptance {
        order_id: OrderId(id(1)),
        reason: None,
    };
    try_enter(&store, entry(2_000, by(20), withdraw)).await;
    let again = try_enter(&store, entry(2_001, by(20), accept(1))).await;
    assert_eq!(
        again.verdict,
        Verdict::Provisional,
        "he may have given it back"
    );
}

#[tokio::test]
async fn the_report_says_whose_the_right_is_and_whether_answers_are_firm() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1, 2]).await;
    let told = || read_report(&path_in(data.path())).unwrap();
    assert_eq!(
        (told().right.policy, told().right.fence),
        (Policy::Optimistic, None)
    );
    assert!(
        told()
            .to_string()
            .contains("No edge holds the right to assign")
    );

    let open = [1, 2].map(|n| (OrderId(id(n)), 1));
    let granted = |version, fence, holder: &str, digest| {
        let holder = Some(EdgeId::new(holder).unwrap());
        FeedChange::Assignment(RegionAssignment {
            holder,
            digest: Some(digest),
            ..grant(version, fence)
        })
    };
    let another = Hash::digest_bytes(b"other orders");
    for (to, change, fence, proven, words) in [
        (
            3,
            granted(1, 6, "north-1", open_digest(open)),
            Some(6),
            true,
            "accepts are firm",
        ),
        (
            4,
            granted(2, 7, "north-2", another),
            None,
            false,
            "The edge north-2 holds",
        ),
        (
            5,
            granted(3, 8, "north-1", another),
            Some(8),
            false,
            "do not agree",
        ),
    ] {
        store.apply_changes(to, vec![change], NOW).await.unwrap();
        let right = told().right;
        assert_eq!(
            (right.policy, right.fence),
            (Policy::Exclusive, fence),
            "{words}"
        );
        assert_eq!((right.fence.is_some() && right.proven), proven, "{words}");
        assert!(told().to_string().contains(words), "{}", told());
    }
    store.raise_alarm(Alarm::Older, NOW).await.unwrap();
    assert!(
        told().to_string().contains("accepts are provisional"),
        "{}",
        told()
    );
}

/// The order from one full hour to another one, counted from now.
fn timed(n: u128, version: u64, (from, to): (i64, i64)) -> Order {
    const HOUR_MS: i64 = 3_600_000;
    Order {
        service_start_time: Some(NOW.plus_ms(from * HOUR_MS)),
        service_end_time: Some(NOW.plus_ms(to * HOUR_MS)),
        ..order(n, version)
    }
}

#[tokio::test]
async fn a_holder_promises_a_provider_one_job_at_a_time() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let orders = [
        timed(1, 1, (10, 12)),
        timed(2, 3, (11, 13)),
        timed(3, 1, (12, 13)),
        timed(4, 1, (13, 14)),
        timed(5, 1, (10, 11)),
        Order {
            provider_id: Some(UserId(id(21))),
            status: OrderStatus::InProgress,
            ..timed(6, 1, (9, 11))
        },
        timed(7, 1, (12, 13)),
    ];
    let digest = open_digest(orders.iter().map(|order| (order.id, order.version)));
    let changes = orders.map(FeedChange::Order).into();
    store.apply_changes(7, changes, NOW).await.unwrap();
    let grant = RegionAssignment {
        digest: Some(digest),
        ..grant(7, 2)
    };
    hear(&store, grant).await;
    let mut command = 100;
    let mut answer = async |user: u128, n: u128| {
        command += 1;
        let stored = try_enter(&store, entry(command, by(user), accept(n))).await;
        (stored.verdict, stored.doubt)
    };
    let firm = (Verdict::Firm, None);
    let doubt = (Verdict::Provisional, Some(Code::LooksDoubleBooked));
    assert_eq!(answer(20, 1).await, firm);
    assert_eq!(answer(20, 2).await, doubt, "from eleven to twelve");
    let behind = answer(20, 3).await;
    assert_eq!(behind, doubt, "the second may yet be theirs");
    assert_eq!(answer(20, 4).await, firm, "it begins as the second ends");
    assert_eq!(answer(21, 5).await, doubt, "a confirmed job is in progress");
    assert_eq!(answer(21, 7).await, firm, "another provider is free");
}

#[tokio::test]
async fn a_holder_promises_an_offered_job_to_its_providers_alone() {
    const MINUTE_MS: i64 = 60_000;
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let offered = |n, until| Order {
        offer: Some(JobOffer::new(vec![UserId(id(20))], until)),
        ..order(n, 1)
    };
    let orders = [
        offered(1, NOW.plus_ms(10 * MINUTE_MS)),
        offered(2, NOW.plus_ms(10 * MINUTE_MS)),
        offered(3, NOW.plus_ms(-MINUTE_MS)),
    ];
    let digest = open_digest(orders.iter().map(|order| (order.id, order.version)));
    let changes = orders.map(FeedChange::Order).into();
    store.apply_changes(3, changes, NOW).await.unwrap();
    let grant = RegionAssignment {
        digest: Some(digest),
        ..grant(7, 2)
    };
    hear(&store, grant).await;
    let mut command = 100;
    let mut answer = async |user: u128, n: u128| {
        command += 1;
        let stored = try_enter(&store, entry(command, by(user), accept(n))).await;
        (stored.verdict, stored.doubt)
    };
    let firm = (Verdict::Firm, None);
    let doubt = (Verdict::Provisional, Some(Code::LooksOffered));
    assert_eq!(answer(21, 1).await, doubt);
    assert_eq!(answer(20, 2).await, firm, "it is offered to them");
    assert_eq!(answer(21, 3).await, firm, "the offer is over");
}
