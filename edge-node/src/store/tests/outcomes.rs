//! One commit stores and merges an outcome and retires its op.

use super::*;

#[tokio::test]
async fn an_outcome_is_merged_and_retires_its_op_in_one_step() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let lost = after(1, 2, Action::Accept, 21);
    let rejected = Outcome::new_rejected(Code::OrderAlreadyAccepted, Some(lost), NOW);
    let settled = store
        .store_outcomes(3, vec![outcome(3, stored.head.seq, rejected.clone())], NOW)
        .await
        .unwrap();
    assert_eq!(settled.len(), 1);
    assert_eq!(
        settled[0].view.order.as_ref().unwrap().provider_id,
        Some(UserId(id(21)))
    );
    let position = store.load_position().await.unwrap();
    assert_eq!((position.pending, position.outcome_cursor), (0, 3));
    assert_eq!(
        (position.tally.orders, position.tally.ahead),
        (1, 1),
        "the feed has yet to bring it"
    );

    let (again, view, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(!new && view.pending.is_empty());
    assert_eq!(
        again.outcome,
        Some(Outcome {
            order: None,
            ..rejected
        })
    );
    store
        .apply_changes(
            2,
            vec![FeedChange::Order(after(1, 2, Action::Accept, 21))],
            NOW,
        )
        .await
        .unwrap();
    let position = store.load_position().await.unwrap();
    assert_eq!(position.tally.ahead, 0);
    assert_eq!(
        position.tally.digest,
        after(1, 2, Action::Accept, 21).compute_digest()
    );
}

/// The test for the planted defect `op_retired_before_outcome`.
#[tokio::test]
async fn an_op_is_never_seen_retired_without_its_outcome() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let applied = Outcome::new_applied(after(1, 2, Action::Accept, 20), NOW);
    let settling = store.store_outcomes(3, vec![outcome(3, stored.head.seq, applied)], NOW);
    let mut settling = std::pin::pin!(settling);
    loop {
        tokio::select! {
            biased;
            settled = &mut settling => {
                settled.unwrap();
                return;
            }
            position = store.load_position() => {
                let position = position.unwrap();
                let between = position.pending == 0 && position.outcome_cursor == 0;
                assert!(!between, "the op is gone and its outcome is not there");
            }
        }
    }
}

#[tokio::test]
async fn an_outcome_that_names_another_regions_order_is_told_and_leaves_the_view_alone() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let customer = Actor {
        user_id: UserId(id(11)),
        role: Role::Customer,
    };
    let publish = CommandBody::PublishOrder {
        order_id: OrderId(id(7)),
        order: draft(),
    };
    let (stored, ..) = entered(&store, entry(101, customer, publish)).await;
    let (moved, ..) = entered(&store, entry(102, by(20), accept(1))).await;
    let before = store.load_position().await.unwrap().tally;

    let elsewhere = |n| Order {
        location: wire::Region::South,
        ..order(n, 4)
    };
    let exists = Outcome::new_rejected(Code::OrderExists, Some(elsewhere(7)), NOW);
    let gone = Outcome::new_rejected(Code::WrongState, Some(elsewhere(1)), NOW);
    let outcomes = vec![
        outcome(1, stored.head.seq, exists),
        outcome(2, moved.head.seq, gone),
    ];
    let settled = store.store_outcomes(2, outcomes, NOW).await.unwrap();
    assert_eq!(settled[0].outcome.code, Some(Code::OrderExists));
    assert_eq!(settled[0].view.order, None);
    let known = settled[1].view.order.as_ref().map(|order| order.version);
    assert_eq!(known, Some(1), "the feed says when it leaves");
    let position = store.load_position().await.unwrap();
    assert_eq!((position.tally, position.pending), (before, 0));
}
