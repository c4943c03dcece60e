//! A snapshot plus later changes equals the region, even if the feed changes meanwhile.

use std::collections::BTreeMap;

use engine::cloud::ChunkRequest;
use wire::{FeedChange, SnapshotCursor};

use super::{
    assignments::{assigned, assignment},
    feed::{event, order},
    *,
};

type View = BTreeMap<OrderId, u64>;

fn apply(view: &mut View, changes: Vec<FeedChange>) {
    for change in changes {
        match change {
            FeedChange::Order(order) => {
                let known = view.entry(order.id).or_default();
                *known = order.version.max(*known);
            }
            FeedChange::OrderGone { order_id, .. } => {
                view.remove(&order_id);
            }
            _ => {}
        }
    }
}

async fn chunk(
    store: &Store,
    feed_seq: u64,
    after: Option<SnapshotCursor>,
) -> (Vec<FeedChange>, Option<SnapshotCursor>) {
    let part = store
        .read_snapshot_chunk(Region::North, ChunkRequest { feed_seq, after })
        .await
        .unwrap();
    (part.changes, part.next)
}

async fn rest(store: &Store, mut after: u64) -> Vec<FeedChange> {
    let mut all = Vec::new();
    loop {
        let (to, changes) = store.read_feed(Region::North, after, 50).await.unwrap();
        if to == after {
            return all;
        }
        all.extend(changes);
        after = to;
    }
}

#[rstest]
#[tokio::test]
async fn an_image_that_is_read_while_the_feed_moves_on_adds_up(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let fed = async |n: u128, version: u64| {
        let id = event(n * 1_000 + u128::from(version));
        // Some orders are so large that a chunk fills up early.
        let description = "It drips. ".repeat(if n.is_multiple_of(10) { 500 } else { 1 });
        let order = wire::Order {
            description,
            ..order(n, version)
        };
        store.feed_order(&id, &order, NOW).await.unwrap();
    };
    for n in 1..=150 {
        fed(n, 1).await;
    }
    store.feed_keys("keys", NOW).await.unwrap();
    assigned(&store, 9_999_999, &assignment(1, None, 0)).await;
    let as_of = region(&store).await.feed_seq;
    let mut image = Vec::new();
    let mut next = None;
    let mut chunks = 0;
    loop {
        let (changes, then) = chunk(&store, as_of, next).await;
        assert!(changes.len() <= 64 + 2, "{}", changes.len());
        image.extend(changes);
        chunks += 1;
        // Orders behind the place, before it, new, gone, and compacted during the read.
        fed(10 + chunks, 2).await;
        fed(150 - chunks, 2).await;
        fed(200 + chunks, 1).await;
        store.feed_gone(&gone(30 + chunks), NOW).await.unwrap();
        store.feed_gone(&gone(120 + chunks), NOW).await.unwrap();
        let to = region(&store).await.feed_seq;
        store.compact_feed(Region::North, to).await.unwrap();
        next = then;
        if next.is_none() {
            break;
        }
    }
    assert!(chunks >= 3, "{chunks}");
    assert!(
        matches!(image.last(), Some(FeedChange::Assignment(_))),
        "behind the orders"
    );
    assert!(
        image
            .iter()
            .any(|change| matches!(change, FeedChange::Keys { .. }))
    );
    let mut view = View::new();
    let mut all = View::new();
    apply(&mut view, image);
    apply(&mut view, rest(&store, as_of).await);
    apply(&mut all, rest(&store, 0).await);
    assert_eq!(view, all);
    let end = region(&store).await;
    assert_eq!(end.orders, view.len() as u64);
}

fn gone(n: u128) -> DepartedOrder {
    DepartedOrder {
        region: Region::North,
        order_id: OrderId(Uuid::from_u128(n)),
        version: 9,
    }
}

#[rstest]
#[tokio::test]
async fn a_tombstone_stands_until_all_have_passed_it_and_behind_a_grant_for_as_long_as_that(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    session(&store).await;
    store
        .feed_order(&event(1), &order(1, 1), NOW)
        .await
        .unwrap();
    store
        .feed_order(&event(2), &order(2, 1), NOW)
        .await
        .unwrap();
    assert_eq!(
        store.feed_gone(&gone(1), NOW).await.unwrap(),
        FeedEffect::Added
    );
    assert_eq!(
        store.feed_gone(&gone(1), NOW).await.unwrap(),
        FeedEffect::Known
    );
    assert_eq!(
        region(&store).await.feed_digest,
        order(2, 1).compute_digest()
    );
    let late = store
        .feed_order(&event(3), &order(1, 9), NOW)
        .await
        .unwrap();
    assert_eq!(late, FeedEffect::Known, "nothing brings back what is gone");
    assigned(&store, 4, &assignment(1, Some("north-1"), 1)).await;
    store.feed_gone(&gone(2), NOW).await.unwrap();
    store
        .feed_order(&event(7), &order(4, 1), NOW)
        .await
        .unwrap();
    store.feed_gone(&gone(4), NOW).await.unwrap();
    store
        .feed_order(&event(5), &order(3, 1), NOW)
        .await
        .unwrap();

    let all = region(&store).await.feed_seq;
    let live = store
        .find_compaction_limit(Region::North, all, NOW.plus_ms(-1))
        .await
        .unwrap();
    assert_eq!(live, 0, "the edge has read nothing yet");
    let away = store
        .find_compaction_limit(Region::North, all, NOW.plus_ms(1))
        .await
        .unwrap();
    assert_eq!(
        away, all,
        "an edge that is away for too long is not waited for"
    );
    assert_eq!(store.drop_tombstones(Region::North, live).await.unwrap(), 0);
    assert_eq!(
        store.drop_tombstones(Region::North, all).await.unwrap(),
        0,
        "an order is behind"
    );
    while store.compact_feed(Region::North, all).await.unwrap() > 0 {}
    assert_eq!(store.drop_tombstones(Region::North, all).await.unwrap(), 1);
    let standing = store.load_edge_state(&north(), NOW).await.unwrap().unwrap();
    assert_eq!(
        (standing.feed_holds_from, standing.granted_seq),
        (3, Some(4))
    );

    assigned(&store, 6, &assignment(2, None, 1)).await;
    let all = region(&store).await.feed_seq;
    while store.compact_feed(Region::North, all).await.unwrap() > 0 {}
    assert_eq!(
        store.drop_tombstones(Region::North, all).await.unwrap(),
        2,
        "no right stands"
    );
    let standing = store.load_edge_state(&north(), NOW).await.unwrap().unwrap();
    assert_eq!((standing.feed_holds_from, standing.granted_seq), (7, None));
    assert_eq!(standing.feed_compacted_to, all);
    let mut view = View::new();
    apply(&mut view, rest(&store, 0).await);
    assert_eq!(view.into_keys().collect::<Vec<_>>(), [order(3, 1).id]);
}

#[rstest]
#[tokio::test]
async fn an_order_whose_owner_has_it_after_all_comes_back(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    store
        .feed_order(&event(1), &order(1, 9), NOW)
        .await
        .unwrap();
    store.feed_gone(&gone(1), NOW).await.unwrap();
    assert_eq!(
        store.repair_order(&order(1, 9), NOW).await.unwrap(),
        FeedEffect::Added
    );
    let region = region(&store).await;
    assert_eq!(
        (region.orders, region.feed_digest),
        (1, order(1, 9).compute_digest())
    );
    assert_eq!(
        store.repair_order(&order(1, 9), NOW).await.unwrap(),
        FeedEffect::Known
    );
}

#[rstest]
#[tokio::test]
async fn an_order_that_moves_leaves_the_region_it_was_in(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let south = |version| wire::Order {
        location: Region::South,
        ..order(1, version)
    };
    let feed =
        async |n, order: wire::Order| store.feed_order(&event(n), &order, NOW).await.unwrap();
    assert_eq!(feed(1, order(1, 1)).await, FeedEffect::Added);
    assert_eq!(feed(2, south(3)).await, FeedEffect::Added);
    assert_eq!(
        feed(3, order(1, 2)).await,
        FeedEffect::Known,
        "late, from where it was"
    );
    let left = FeedChange::OrderGone {
        order_id: order(1, 1).id,
        version: 3,
    };
    assert_eq!(rest(&store, 1).await, [left]);
    assert_eq!(
        (
            region(&store).await.orders,
            region(&store).await.feed_digest
        ),
        (0, Hash::ZERO)
    );
    assert_eq!(feed(4, order(1, 4)).await, FeedEffect::Added, "and back");
    assert_eq!(
        region(&store).await.feed_digest,
        order(1, 4).compute_digest()
    );
}
