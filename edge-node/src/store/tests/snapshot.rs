//! A snapshot of the region becomes the view.

use engine::edge::SnapshotChunkWrite;
use wire::{RegionAssignment, SnapshotCursor};

use super::*;

const GENERATION: u64 = 9;

pub(super) fn run(index: u32, changes: Vec<FeedChange>, last: bool) -> SnapshotChunkWrite {
    SnapshotChunkWrite {
        begins: index == 0,
        feed_generation: GENERATION,
        feed_seq: 70,
        index,
        hash: Hash::digest_bytes(&index.to_be_bytes()),
        changes,
        next: (!last).then_some(SnapshotCursor {
            kind: 0,
            entity: [1; 16],
        }),
    }
}

fn orders(orders: impl IntoIterator<Item = (u128, u64)>) -> Vec<FeedChange> {
    orders
        .into_iter()
        .map(|(n, version)| FeedChange::Order(order(n, version)))
        .collect()
}

async fn confirmed(store: &Store, n: u128) -> Option<Order> {
    let confirmed = move |conn: &_| orders::find_confirmed_order(conn, OrderId(id(n)));
    store
        .journal
        .read(confirmed)
        .await
        .unwrap()
        .map(|row| row.order)
}

async fn version(store: &Store, n: u128) -> Option<u64> {
    confirmed(store, n).await.map(|order| order.version)
}

/// An edge with some orders from the feed, and others only from outcomes.
async fn edge(data: &TempDir) -> Store {
    let (store, _) = open(data, 1).await;
    store.adopt_generation(4).await.unwrap();
    store
        .apply_changes(30, orders([(1, 1), (2, 5), (3, 1), (4, 2)]), NOW)
        .await
        .unwrap();
    let ahead = |n, version| Outcome::new_applied(order(n, version), NOW);
    let outcomes = vec![outcome(1, 1, ahead(4, 3)), outcome(2, 2, ahead(5, 7))];
    store.store_outcomes(2, outcomes, NOW).await.unwrap();
    store
}

#[tokio::test]
async fn the_view_stays_until_the_whole_image_is_here_and_then_is_the_image() {
    let data = tempfile::tempdir().unwrap();
    let store = edge(&data).await;
    let before = store.load_position().await.unwrap();
    let first = orders([(1, 1), (2, 4), (4, 2)]);
    assert!(
        store
            .stage_snapshot_chunk(run(0, first, false), NOW)
            .await
            .unwrap()
            .is_none()
    );
    let staged = store.load_position().await.unwrap();
    assert_eq!((staged.tally, staged.feed_cursor), (before.tally, 30));
    assert_eq!(staged.staged.as_ref().map(|staged| staged.chunks), Some(1));
    store.close();

    let (store, _) = open(&data, 2).await;
    assert_eq!(
        store.load_position().await.unwrap().staged,
        staged.staged,
        "a restart loses nothing"
    );
    let keys = FeedChange::Keys {
        version: 2,
        jwks: "of another feed".into(),
    };
    let last = [orders([(6, 1)]), vec![keys]].concat();
    let applied = store
        .stage_snapshot_chunk(run(1, last, true), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(applied.gone, [OrderId(id(3))], "the image lacks it");
    assert_eq!(applied.trust.jwks.as_deref(), Some("of another feed"));
    let mut versions = Vec::new();
    for n in 1..=6 {
        versions.push(version(&store, n).await);
    }
    let expected = [Some(1), Some(5), None, Some(3), Some(7), Some(1)];
    assert_eq!(
        versions, expected,
        "nothing lowers a version; what is ahead stays"
    );

    let position = store.load_position().await.unwrap();
    assert_eq!(
        (position.feed_generation, position.feed_cursor),
        (GENERATION, 70)
    );
    assert_eq!(position.staged, None);
    assert_eq!(
        position.snapshot,
        Some(Hash::digest_bytes(&1u32.to_be_bytes()))
    );
    assert_eq!(
        (position.tally.orders, position.tally.ahead),
        (5, 3),
        "2, 4 and 5 are ahead"
    );
    let mut digest = Hash::ZERO;
    for (n, version) in [(1, 1), (2, 5), (4, 3), (5, 7), (6, 1)] {
        digest.toggle_member(order(n, version).compute_digest());
    }
    assert_eq!(position.tally.digest, digest);
    // The feed catches up.
    store
        .apply_changes(71, orders([(2, 5), (4, 3), (5, 7)]), NOW)
        .await
        .unwrap();
    assert_eq!(store.load_position().await.unwrap().tally.ahead, 0);
}

#[tokio::test]
async fn pending_ops_stay_laid_over_whatever_the_image_brings() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    entered(&store, entry(100, by(20), accept(1))).await;
    let applied = store
        .stage_snapshot_chunk(run(0, orders([(1, 2)]), true), NOW)
        .await
        .unwrap()
        .unwrap();
    let seen = applied.views[0].order.as_ref().unwrap();
    assert_eq!((seen.status, seen.version), (OrderStatus::Accepted, 2));
    assert_eq!(store.load_position().await.unwrap().pending, 1);
}

#[tokio::test]
async fn at_an_equal_version_the_cloud_s_content_counts() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let other = Order {
        title: "Another".into(),
        ..order(1, 1)
    };
    store
        .apply_changes(1, vec![FeedChange::Order(other)], NOW)
        .await
        .unwrap();
    store
        .stage_snapshot_chunk(run(0, orders([(1, 1)]), true), NOW)
        .await
        .unwrap();
    assert_eq!(confirmed(&store, 1).await, Some(order(1, 1)));
    let position = store.load_position().await.unwrap();
    assert_eq!(
        (position.tally.digest, position.tally.ahead),
        (order(1, 1).compute_digest(), 0)
    );
}

#[tokio::test]
async fn a_grant_is_compared_with_the_image_and_with_nothing_that_ran_ahead_of_it() {
    for (first, proven) in [(1, true), (2, false)] {
        let data = tempfile::tempdir().unwrap();
        let store = edge(&data).await;
        let grant = RegionAssignment {
            policy_version: 3,
            policy: Policy::Exclusive,
            holder: Some(identity().edge_id),
            epoch: 1,
            fence: 2,
            digest: Some(wire::open_digest([
                (OrderId(id(1)), 1),
                (OrderId(id(4)), 2),
            ])),
            ..RegionAssignment::default()
        };
        let image = [
            orders([(1, first), (4, 2)]),
            vec![FeedChange::Assignment(grant)],
        ]
        .concat();
        store
            .stage_snapshot_chunk(run(0, image, true), NOW)
            .await
            .unwrap();
        let unproven = store.load_position().await.unwrap().unproven;
        assert_eq!(unproven, (!proven).then_some(2));
    }
}

#[tokio::test]
async fn an_image_that_begins_anew_keeps_nothing_of_the_earlier_one() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store
        .stage_snapshot_chunk(run(0, orders([(1, 1), (2, 1)]), false), NOW)
        .await
        .unwrap();
    store
        .stage_snapshot_chunk(run(0, orders([(2, 2)]), false), NOW)
        .await
        .unwrap();
    store
        .stage_snapshot_chunk(run(1, orders([(3, 1)]), true), NOW)
        .await
        .unwrap();
    let position = store.load_position().await.unwrap();
    assert_eq!((position.tally.orders, version(&store, 1).await), (2, None));
}
