//! Changes from the feed never move the view backwards.

use super::*;

#[tokio::test]
async fn a_change_never_lowers_a_version_and_gone_orders_leave() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store
        .apply_changes(1, vec![FeedChange::Order(order(1, 5))], NOW)
        .await
        .unwrap();
    let old_gone = FeedChange::OrderGone {
        order_id: OrderId(id(1)),
        version: 4,
    };
    let applied = store
        .apply_changes(3, vec![FeedChange::Order(order(1, 4)), old_gone], NOW)
        .await
        .unwrap();
    assert_eq!(applied.views[0].order.as_ref().unwrap().version, 5);
    assert!(applied.gone.is_empty());
    let gone = FeedChange::OrderGone {
        order_id: OrderId(id(1)),
        version: 6,
    };
    assert_eq!(
        store.apply_changes(4, vec![gone], NOW).await.unwrap().gone,
        [OrderId(id(1))]
    );
    let position = store.load_position().await.unwrap();
    assert_eq!(
        (position.tally.orders, position.tally.digest),
        (0, Hash::ZERO)
    );
}

#[tokio::test]
async fn keys_policy_and_revocations_outlive_the_process() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let revoked = FeedChange::Revoked {
        version: 4,
        sessions: vec![wire::SessionId(id(1))],
        users: vec![UserId(id(2))],
        person: None,
        verification: None,
    };
    let policy = FeedChange::Policy {
        version: 2,
        policy: Policy::Exclusive,
    };
    let keys = FeedChange::Keys {
        version: 3,
        jwks: "new".into(),
    };
    let applied = store
        .apply_changes(3, vec![revoked, policy, keys], NOW)
        .await
        .unwrap();
    assert_eq!(applied.trust.jwks.as_deref(), Some("new"));
    let older = FeedChange::Keys {
        version: 2,
        jwks: "old".into(),
    };
    assert_eq!(
        store
            .apply_changes(4, vec![older], NOW)
            .await
            .unwrap()
            .trust
            .jwks,
        None
    );
    store.close();
    let (store, _) = open(&data, 2).await;
    let trust = store.load_trust().await.unwrap();
    assert_eq!(trust.known.jwks.as_deref(), Some("new"));
    assert_eq!(
        (trust.known.revoked_sessions.len(), trust.known.people.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_readmission_outlives_the_process_and_is_not_undone_by_an_older_word() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let user = UserId(id(2));
    let stranger = UserId(id(3));
    let revoked = |at: i64| FeedChange::Revoked {
        version: 1,
        sessions: Vec::new(),
        users: vec![user],
        person: Some(RevocationStatus::from_revocation(user, UnixMillis(at))),
        verification: None,
    };
    let readmitted = |user| FeedChange::Revoked {
        version: 1,
        sessions: Vec::new(),
        users: Vec::new(),
        person: Some(RevocationStatus::from_readmission(user, UnixMillis(2_000))),
        verification: None,
    };
    let changes = vec![
        revoked(1_500),
        readmitted(user),
        readmitted(stranger),
        revoked(1_400),
    ];
    store.apply_changes(4, changes, NOW).await.unwrap();
    store.close();
    let (store, _) = open(&data, 2).await;
    let known = store.load_trust().await.unwrap().known.people;
    assert_eq!(known.len(), 2);
    for standing in known {
        assert!(
            standing.refuses_token(UnixMillis(1_999)) && !standing.refuses_token(UnixMillis(2_000))
        );
    }
    store
        .apply_changes(6, vec![revoked(2_000), readmitted(user)], NOW)
        .await
        .unwrap();
    let known = store.load_trust().await.unwrap().known.people;
    let standing = known.iter().find(|standing| standing.user == user).unwrap();
    assert!(
        standing.refuses_token(UnixMillis(9_000)),
        "revoked once more"
    );
}

#[tokio::test]
async fn a_mark_outlives_the_process_and_an_older_word_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let mark = |n, version, verified| ProviderVerification {
        user: UserId(id(n)),
        version,
        verified,
    };
    let told = |mark| FeedChange::Revoked {
        version: 1,
        sessions: Vec::new(),
        users: Vec::new(),
        person: None,
        verification: Some(mark),
    };
    let words = [
        mark(2, 4, true),
        mark(3, 7, false),
        mark(2, 3, false),
        mark(3, 6, true),
    ];
    let applied = store
        .apply_changes(4, words.map(told).into(), NOW)
        .await
        .unwrap();
    assert_eq!(
        applied.trust.marks, words,
        "the authenticator keeps the newest"
    );
    store.close();
    let (store, _) = open(&data, 2).await;
    let known = store.load_trust().await.unwrap().known;
    assert_eq!(known.marks, [mark(2, 4, true), mark(3, 7, false)]);
    assert!(known.people.is_empty(), "nobody is revoked by it");
}

#[tokio::test]
async fn another_generation_counts_from_zero_and_keeps_the_orders() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1, 2]).await;
    store.adopt_generation(9).await.unwrap();
    let position = store.load_position().await.unwrap();
    assert_eq!((position.feed_generation, position.feed_cursor), (9, 0));
    assert_eq!(position.tally.orders, 2);
}
