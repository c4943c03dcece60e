//! The feed applies each event once, has no gap, and loses no state to compaction.

pub(super) use support::samples::order;
use wire::{Event, EventId, EventType, FeedChange, Order, SessionId};

use super::*;
use crate::store::feed::orders::LOST_KEPT;

pub(super) fn event(n: u128) -> Event {
    Event {
        id: EventId(Uuid::from_u128(n)),
        kind: EventType::OrderStatusChanged,
        version: 1,
        at: NOW,
        trace: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        body: serde_json::Value::Null,
    }
}

#[rstest]
#[tokio::test]
async fn a_feed_takes_each_event_once_and_the_highest_version_wins(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let feed = |n, order| {
        let event = event(n);
        let store = &store;
        async move { store.feed_order(&event, &order, NOW).await.unwrap() }
    };
    assert_eq!(feed(1, order(1, 2)).await, FeedEffect::Added);
    assert_eq!(
        feed(1, order(1, 2)).await,
        FeedEffect::Known,
        "the same event"
    );
    assert_eq!(
        feed(2, order(1, 1)).await,
        FeedEffect::Known,
        "an older version, late"
    );
    assert_eq!(
        feed(3, order(1, 2)).await,
        FeedEffect::Known,
        "the same content by another event"
    );
    let other = Order {
        title: "Another".into(),
        ..order(1, 2)
    };
    assert_eq!(feed(4, other).await, FeedEffect::Contradicted);
    assert_eq!(feed(5, order(2, 1)).await, FeedEffect::Added);
    assert_eq!(feed(6, order(1, 3)).await, FeedEffect::Added);

    let (to, changes) = store.read_feed(Region::North, 0, 10).await.unwrap();
    let expected = [order(1, 2), order(2, 1), order(1, 3)].map(FeedChange::Order);
    assert_eq!((to, changes), (3, expected.into()));
    let (to, changes) = store.read_feed(Region::North, 1, 1).await.unwrap();
    assert_eq!((to, changes.len()), (2, 1));

    let mut digest = order(1, 3).compute_digest();
    digest.toggle_member(order(2, 1).compute_digest());
    let north = region(&store).await;
    assert_eq!(
        (north.feed_seq, north.orders, north.feed_digest),
        (3, 2, digest)
    );
    assert_eq!(
        store.read_feed(Region::South, 0, 10).await.unwrap(),
        (0, vec![])
    );
}

/// Returns the feeds of all regions and their ends, without the generation.
async fn told(store: &Store) -> Vec<(u64, u64, Hash, Vec<FeedChange>)> {
    let mut told = Vec::new();
    for record in store.list_regions().await.unwrap() {
        let (_, changes) = store.read_feed(record.region, 0, 1_000).await.unwrap();
        told.push((record.feed_seq, record.orders, record.feed_digest, changes));
    }
    told
}

#[rstest]
#[tokio::test]
async fn a_run_of_orders_leaves_what_taking_them_one_by_one_leaves(
    #[values(false, true)] mysql: bool,
) {
    let at_once = database(mysql).await;
    let one_by_one = database(mysql).await;
    let south = |n, version| Order {
        location: Region::South,
        ..order(n, version)
    };
    let runs = [
        vec![
            (1, order(1, 1)),
            (2, south(2, 1)),
            (3, order(1, 2)),
            (4, order(3, 1)),
            (3, order(1, 2)),
        ],
        // Known events, older versions, unchanged content, and a newer version.
        vec![
            (4, order(3, 1)),
            (5, order(1, 1)),
            (6, south(2, 1)),
            (7, south(2, 4)),
            (8, order(4, 1)),
        ],
    ];
    for (run, added) in runs.into_iter().zip([4, 2]) {
        for (n, order) in &run {
            one_by_one.feed_order(&event(*n), order, NOW).await.unwrap();
        }
        let events: Vec<_> = run.iter().map(|(n, _)| event(*n)).collect();
        let run: Vec<_> = events
            .iter()
            .zip(run)
            .map(|(event, (_, order))| (event, order))
            .collect();
        assert_eq!(at_once.feed_orders(&run, NOW).await.unwrap(), Some(added));
    }
    assert_eq!(told(&at_once).await, told(&one_by_one).await);
    let again = [(&event(8), order(4, 9))];
    assert_eq!(
        at_once.feed_orders(&again, NOW).await.unwrap(),
        Some(0),
        "the event is known"
    );
}

#[rstest]
#[tokio::test]
async fn a_run_with_an_order_that_moves_or_contradicts_changes_nothing(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    store
        .feed_order(&event(1), &order(1, 1), NOW)
        .await
        .unwrap();
    let before = told(&store).await;
    let moved = Order {
        location: Region::South,
        ..order(1, 2)
    };
    let other = Order {
        title: "Another".into(),
        ..order(1, 1)
    };
    for odd in [moved, other] {
        let run = [(&event(2), order(2, 1)), (&event(3), odd)];
        assert_eq!(store.feed_orders(&run, NOW).await.unwrap(), None);
        assert_eq!(told(&store).await, before);
    }
    assert_eq!(
        store
            .feed_order(&event(2), &order(2, 1), NOW)
            .await
            .unwrap(),
        FeedEffect::Added
    );
}

#[rstest]
#[tokio::test]
async fn an_acceptance_that_lost_is_numbered_and_changes_nothing_that_an_edge_reads(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    store
        .feed_order(&event(1), &order(1, 3), NOW)
        .await
        .unwrap();
    let before = told(&store).await;
    let lost = |n| Event {
        kind: EventType::OrderAcceptanceLost,
        ..event(n)
    };
    let lost_to = async |to| {
        let notes = store
            .list_order_notes(Region::North, 0, to, 1_000)
            .await
            .unwrap();
        notes
            .into_iter()
            .map(|note| (note.number, note.newest.unwrap()))
            .collect::<Vec<_>>()
    };
    let known = (1, FeedChange::Order(order(1, 3)));
    for (fed, effect) in [(lost(2), FeedEffect::Added), (lost(2), FeedEffect::Known)] {
        assert_eq!(
            store.feed_order(&fed, &order(1, 3), NOW).await.unwrap(),
            effect
        );
        assert_eq!(lost_to(9).await, std::slice::from_ref(&known));
    }
    let first = lost(3);
    let second = lost(4);
    let run = [
        (&first, order(1, 3)),
        (&second, order(1, 2)),
        (&first, order(1, 3)),
    ];
    assert_eq!(store.feed_orders(&run, NOW).await.unwrap(), Some(2));
    let numbers: Vec<_> = lost_to(9)
        .await
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!((numbers, region(&store).await.lost), (vec![1, 2, 3], 3));
    assert_eq!(told(&store).await, before);

    // Only the newest are kept.
    let many: Vec<_> = (10..10 + u128::from(LOST_KEPT)).map(lost).collect();
    let many: Vec<_> = many.iter().map(|event| (event, order(1, 3))).collect();
    store.feed_orders(&many, NOW).await.unwrap();
    let kept = lost_to(LOST_KEPT + 9).await;
    assert_eq!((kept.len() as u64, kept[0].0), (LOST_KEPT, 4));
}

#[rstest]
#[tokio::test]
async fn writers_at_once_leave_no_gap_and_no_reader_passes_over_one(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let write = |n: u128| {
        let store = &store;
        async move {
            store
                .feed_order(&event(n), &order(n, 1), NOW)
                .await
                .unwrap()
        }
    };
    let writing = futures::future::join_all((1..=40).map(write));
    let reading = async {
        let mut cursor = 0;
        let mut seen = 0;
        while cursor < 40 {
            let (to, changes) = store.read_feed(Region::North, cursor, 7).await.unwrap();
            assert_eq!(to - cursor, changes.len() as u64, "a gap behind {cursor}");
            (cursor, seen) = (to, seen + changes.len());
            tokio::task::yield_now().await;
        }
        seen
    };
    let (written, seen) = futures::future::join(writing, reading).await;
    assert!(written.iter().all(|fed| *fed == FeedEffect::Added));
    assert_eq!(seen, 40);
}

#[rstest]
#[tokio::test]
async fn a_compacted_feed_still_tells_a_new_edge_everything(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    for (n, (id, version)) in [(1, 1), (2, 1), (1, 2), (1, 3), (2, 2)]
        .into_iter()
        .enumerate()
    {
        store
            .feed_order(&event(n as u128), &order(id, version), NOW)
            .await
            .unwrap();
    }
    let session = SessionId(Uuid::from_u128(5));
    store
        .feed_revoked(&event(90), RevokedSubject::Session(session), NOW)
        .await
        .unwrap();
    let day_before = NOW.plus_ms(-1);
    assert_eq!(
        store
            .find_compaction_limit(Region::North, 6, day_before)
            .await
            .unwrap(),
        6,
        "no edge"
    );
    enrolled(&store).await;
    assert_eq!(
        store
            .find_compaction_limit(Region::North, 6, day_before)
            .await
            .unwrap(),
        0,
        "a new edge"
    );
    assert_eq!(
        store
            .find_compaction_limit(Region::North, 6, LATER)
            .await
            .unwrap(),
        6,
        "long gone"
    );

    // At 4, version 3 of order 1 replaces both earlier ones; order 2's newer version lies beyond.
    assert_eq!(store.compact_feed(Region::North, 4).await.unwrap(), 2);
    assert_eq!(
        store
            .drop_revocations(Region::North, 6, LATER)
            .await
            .unwrap(),
        0,
        "the newest stays"
    );
    let (to, changes) = store.read_feed(Region::North, 0, 10).await.unwrap();
    let revoked = FeedChange::Revoked {
        version: 6,
        sessions: vec![session],
        users: vec![],
        person: None,
        verification: None,
    };
    let expected = vec![
        FeedChange::Order(order(2, 1)),
        FeedChange::Order(order(1, 3)),
        FeedChange::Order(order(2, 2)),
        revoked,
    ];
    assert_eq!((to, changes), (6, expected));
    assert_eq!(region(&store).await.compacted_to, 4);

    store
        .feed_order(&event(91), &order(3, 1), NOW)
        .await
        .unwrap();
    assert_eq!(
        store
            .drop_revocations(Region::North, 7, LATER)
            .await
            .unwrap(),
        1
    );
}

#[rstest]
#[tokio::test]
async fn a_frame_of_the_feed_ends_with_its_bytes_and_the_next_goes_on_behind_it(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let large = |n, bytes| Order {
        description: "x".repeat(bytes),
        ..order(n, 1)
    };
    // The second alone exceeds a frame, and so would any two of the others.
    let sizes = [20_000, 50_000, 20_000, 20_000, 10];
    for (n, bytes) in (1..).zip(sizes) {
        store
            .feed_order(&event(n), &large(n, bytes), NOW)
            .await
            .unwrap();
    }
    store
        .feed_order(
            &event(9),
            &Order {
                version: 2,
                ..large(3, 20_000)
            },
            NOW,
        )
        .await
        .unwrap();
    store.compact_feed(Region::North, 6).await.unwrap();
    let mut frames = Vec::new();
    let mut told = Vec::new();
    let mut after = 0;
    while after < 6 {
        let (to, changes) = store.read_feed(Region::North, after, 10).await.unwrap();
        frames.push((after, to));
        told.extend(changes);
        after = to;
    }
    assert_eq!(frames, [(0, 1), (1, 2), (2, 5), (5, 6)], "3 is compacted");
    let newest = Order {
        version: 2,
        ..large(3, 20_000)
    };
    let expected = [
        large(1, 20_000),
        large(2, 50_000),
        large(4, 20_000),
        large(5, 10),
        newest,
    ];
    assert_eq!(told, expected.map(FeedChange::Order));
}

/// What the order service leaves of an order.
fn erased(n: u128, version: u64) -> Order {
    Order {
        title: "—".into(),
        description: String::new(),
        address: String::new(),
        ..order(n, version)
    }
}

#[rstest]
#[tokio::test]
async fn an_erased_order_replaces_its_texts_and_compaction_drops_them(
    #[values(false, true)] mysql: bool,
) {
    const ADDRESS: &str = "42 Hidden Orchard Road";
    let store = database(mysql).await;
    let with_texts = Order {
        address: ADDRESS.into(),
        ..order(1, 3)
    };
    store.feed_order(&event(1), &with_texts, NOW).await.unwrap();
    let event = Event {
        kind: EventType::OrderErased,
        ..event(2)
    };
    for fed in [FeedEffect::Added, FeedEffect::Known] {
        let told = store.feed_order(&event, &erased(1, 4), NOW).await.unwrap();
        assert_eq!(told, fed);
    }
    let north = region(&store).await;
    let expected = (2, 1, erased(1, 4).compute_digest(), 0);
    assert_eq!(
        (north.feed_seq, north.orders, north.feed_digest, north.lost),
        expected
    );
    store.compact_feed(Region::North, 2).await.unwrap();
    let (_, changes) = store.read_feed(Region::North, 0, 10).await.unwrap();
    assert_eq!(changes, [FeedChange::Order(erased(1, 4))]);
}
