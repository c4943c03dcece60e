//! The feed applies each event once, has no gap, and loses no state to compaction.

use engine::cloud::ChunkRequest;
pub(super) use support::samples::order;
use wire::{
    Event, EventId, EventType, FeedChange, Order, Policy, ProviderVerification, RegionAssignment,
    RevocationStatus, SessionId,
};

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
        let lost = store
            .lost_acceptances(Region::North, 0, to, 1_000)
            .await
            .unwrap();
        lost.into_iter()
            .map(|(number, change)| (number, change.unwrap()))
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
async fn revocations_and_keys_go_to_every_region_and_into_no_digest(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let session = SessionId(Uuid::from_u128(5));
    assert_eq!(
        store
            .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
            .await
            .unwrap(),
        FeedEffect::Added
    );
    assert_eq!(
        store
            .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
            .await
            .unwrap(),
        FeedEffect::Known
    );
    assert_eq!(
        store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(),
        FeedEffect::Added
    );
    assert_eq!(
        store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(),
        FeedEffect::Known
    );
    for region in Region::ALL {
        let (to, changes) = store.read_feed(region, 0, 10).await.unwrap();
        let revoked = FeedChange::Revoked {
            version: 1,
            sessions: vec![session],
            users: vec![],
            person: None,
            mark: None,
        };
        let keys = FeedChange::Keys {
            version: 2,
            jwks: "{\"keys\":[]}".into(),
        };
        assert_eq!((to, changes), (2, vec![revoked, keys]));
    }
    assert_eq!(region(&store).await.feed_digest, Hash::ZERO);
}

#[rstest]
#[tokio::test]
async fn an_ended_session_is_forgotten_with_its_token_and_a_revoked_person_never(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let session = SessionId(Uuid::from_u128(5));
    let person = UserId(Uuid::from_u128(6));
    store
        .feed_revoked(&event(1), RevokedSubject::Session(session), NOW)
        .await
        .unwrap();
    store
        .feed_revoked(&event(2), RevokedSubject::Person(person), NOW)
        .await
        .unwrap();
    store.feed_keys("{\"keys\":[]}", NOW).await.unwrap();
    let named = [session.0, person.0];
    assert_eq!(
        store
            .read_revocations(Region::North, &named)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        store
            .drop_revocations(Region::North, 3, LATER)
            .await
            .unwrap(),
        1
    );
    let kept = store.read_revocations(Region::North, &named).await.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&person.0]);
    let (_, changes) = store.read_feed(Region::North, 0, 10).await.unwrap();
    let revoked = FeedChange::Revoked {
        version: 2,
        sessions: vec![],
        users: vec![person],
        person: Some(RevocationStatus::from_revocation(person, NOW)),
        mark: None,
    };
    assert_eq!(changes[0], revoked, "an edge that is new hears of it, too");
}

#[rstest]
#[tokio::test]
async fn a_readmission_undoes_the_revocations_before_it_for_newer_tokens(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let person = UserId(Uuid::from_u128(6));
    let at = |after_s: i64| NOW.plus_ms(after_s * 1_000);
    let revoke = async |n: u128, after_s: i64| {
        let event = Event {
            at: at(after_s),
            ..event(n)
        };
        store
            .feed_revoked(&event, RevokedSubject::Person(person), NOW)
            .await
            .unwrap()
    };
    let readmit = async |n: u128, after_s: i64| {
        store
            .feed_readmitted(&event(n), person, at(after_s), NOW)
            .await
            .unwrap()
    };
    let version = async |after_s: i64| {
        let known = store
            .read_revocations(Region::North, &[person.0])
            .await
            .unwrap();
        known[&person.0]
            .of_token(at(after_s))
            .map(|revocation| revocation.version)
    };
    revoke(1, 10).await;
    assert_eq!((version(0).await, version(90).await), (Some(1), Some(1)));
    assert_eq!(readmit(2, 20).await, FeedEffect::Added);
    assert_eq!(readmit(2, 20).await, FeedEffect::Known);
    assert_eq!((version(19).await, version(20).await), (Some(1), None));
    revoke(3, 30).await;
    assert_eq!(
        (version(19).await, version(20).await, version(90).await),
        (Some(1), Some(3), Some(3))
    );
    // The readmission overtook its revocation.
    readmit(4, 50).await;
    revoke(5, 40).await;
    let versions = [19, 20, 49, 50];
    let mut first = Vec::new();
    for issued in versions {
        first.push(version(issued).await);
    }
    assert_eq!(first, [Some(1), Some(3), Some(3), None]);
    let (_, changes) = store.read_feed(Region::South, 0, 10).await.unwrap();
    let readmitted = FeedChange::Revoked {
        version: 2,
        sessions: vec![],
        users: vec![],
        person: Some(RevocationStatus::from_readmission(person, at(20))),
        mark: None,
    };
    assert_eq!((changes.len(), &changes[1]), (5, &readmitted));
}

#[rstest]
#[tokio::test]
async fn a_mark_is_told_once_for_each_turn_and_a_late_word_tells_nothing(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let user = UserId(Uuid::from_u128(6));
    let mark = |version, verified| ProviderVerification {
        user,
        version,
        verified,
    };
    let mut effects = Vec::new();
    for (version, verified) in [
        (1, false),
        (3, true),
        (2, false),
        (4, true),
        (3, true),
        (6, false),
        (5, true),
        (6, false),
    ] {
        effects.push(store.feed_mark(mark(version, verified), NOW).await.unwrap());
    }
    let added = FeedEffect::Added;
    let known = FeedEffect::Known;
    assert_eq!(
        effects,
        [known, added, known, known, known, added, known, known]
    );
    for region in Region::ALL {
        let (to, changes) = store.read_feed(region, 0, 10).await.unwrap();
        let change = |version, mark| {
            let sessions = vec![];
            let users = vec![];
            FeedChange::Revoked {
                version,
                sessions,
                users,
                person: None,
                mark: Some(mark),
            }
        };
        assert_eq!(
            (to, changes),
            (2, vec![change(1, mark(3, true)), change(2, mark(6, false))])
        );
    }
    let asked = ChunkRequest {
        feed_seq: 2,
        after: None,
    };
    let mut image = Vec::new();
    let mut next = Some(asked);
    while let Some(wanted) = next {
        let part = store
            .read_snapshot_chunk(Region::South, wanted)
            .await
            .unwrap();
        image.extend(part.changes);
        next = part.next.map(|place| ChunkRequest {
            after: Some(place),
            ..wanted
        });
    }
    let newest = |change: &FeedChange| matches!(change, FeedChange::Revoked { mark: Some(told), .. } if *told == mark(6, false));
    assert!(
        matches!(&image[..], [one] if newest(one)),
        "an image tells the newest word: {image:?}"
    );
    let known = store
        .read_revocations(Region::North, &[user.0])
        .await
        .unwrap();
    assert!(known.is_empty(), "the end of a mark revokes nobody");
    assert_eq!(
        store.compact_feed(Region::North, 2).await.unwrap(),
        1,
        "the newest word stays"
    );
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
            .passed_by_all(Region::North, 6, day_before)
            .await
            .unwrap(),
        6,
        "no edge"
    );
    enrolled(&store).await;
    assert_eq!(
        store
            .passed_by_all(Region::North, 6, day_before)
            .await
            .unwrap(),
        0,
        "a new edge"
    );
    assert_eq!(
        store.passed_by_all(Region::North, 6, LATER).await.unwrap(),
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
        mark: None,
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

pub(super) fn assignment(
    policy_version: u64,
    holder: Option<&str>,
    fence: u64,
) -> RegionAssignment {
    RegionAssignment {
        policy_version,
        policy: Policy::Exclusive,
        holder: holder.map(|name| EdgeId::new(name).unwrap()),
        epoch: 1,
        fence,
        digest: holder.map(|_| Hash::digest_bytes(b"the region")),
        ..RegionAssignment::default()
    }
}

pub(super) async fn assigned(store: &Store, n: u128, word: &RegionAssignment) -> FeedEffect {
    store
        .feed_assignment(&event(n), Region::North, word, NOW)
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_grant_is_fed_once_ends_its_frame_and_shows_who_holds_the_region(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let grant = assignment(2, Some("north-1"), 1);
    store
        .feed_order(&event(1), &order(1, 1), NOW)
        .await
        .unwrap();
    assert_eq!(assigned(&store, 2, &grant).await, FeedEffect::Added);
    assert_eq!(
        assigned(&store, 2, &grant).await,
        FeedEffect::Known,
        "the same event"
    );
    assert_eq!(
        assigned(&store, 3, &assignment(1, None, 0)).await,
        FeedEffect::Known,
        "an older word"
    );
    store
        .feed_order(&event(4), &order(1, 2), NOW)
        .await
        .unwrap();

    let (to, changes) = store.read_feed(Region::North, 0, 9).await.unwrap();
    assert_eq!(
        (to, changes.last()),
        (2, Some(&FeedChange::Assignment(grant)))
    );
    let (to, changes) = store.read_feed(Region::North, to, 9).await.unwrap();
    assert_eq!((to, changes), (3, vec![FeedChange::Order(order(1, 2))]));
    let shown = region(&store).await;
    assert_eq!(
        (shown.policy, shown.holder),
        (Policy::Exclusive, Some(north()))
    );

    assert_eq!(
        assigned(&store, 5, &assignment(3, None, 1)).await,
        FeedEffect::Added
    );
    assert_eq!(region(&store).await.holder, None);
    let digest = region(&store).await.feed_digest;
    assert_eq!(
        digest,
        order(1, 2).compute_digest(),
        "it counts orders alone"
    );
}

#[rstest]
#[tokio::test]
async fn nothing_is_compacted_across_the_grant_that_stands(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let read = async || {
        let mut after = 0;
        let mut all = Vec::new();
        loop {
            let (to, changes) = store.read_feed(Region::North, after, 50).await.unwrap();
            if to == after {
                return all;
            }
            (after, all) = (to, [all, changes].concat());
        }
    };
    let versions = |changes: &[FeedChange]| -> Vec<u64> {
        let of = |change: &FeedChange| match change {
            FeedChange::Order(order) => order.version,
            _ => 0,
        };
        changes.iter().map(of).collect()
    };
    for version in [1, 2] {
        store
            .feed_order(&event(version.into()), &order(1, version), NOW)
            .await
            .unwrap();
    }
    assigned(&store, 11, &assignment(1, Some("north-1"), 1)).await;
    store
        .feed_order(&event(3), &order(1, 3), NOW)
        .await
        .unwrap();
    // A change about the same right keeps the grant.
    let asked = RegionAssignment {
        release_asked: true,
        ..assignment(2, Some("north-1"), 1)
    };
    assigned(&store, 12, &asked).await;
    store
        .feed_order(&event(4), &order(1, 4), NOW)
        .await
        .unwrap();
    assert_eq!(store.compact_feed(Region::North, 6).await.unwrap(), 2);
    assert_eq!(
        versions(&read().await),
        [2, 0, 0, 4],
        "2 is what the grant is compared with"
    );

    assigned(&store, 13, &assignment(3, None, 1)).await;
    assert_eq!(
        store.compact_feed(Region::North, 7).await.unwrap(),
        3,
        "nobody compares any more"
    );
    assert_eq!(versions(&read().await), [4, 0]);
}
