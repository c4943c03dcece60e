//! Region assignments in the feed: each grant is fed once, ends its frame, and stays.

use wire::{FeedChange, Policy, RegionAssignment};

use super::{
    feed::{event, order},
    *,
};

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

pub(super) async fn assigned(store: &Store, n: u128, assignment: &RegionAssignment) -> FeedEffect {
    store
        .feed_assignment(&event(n), Region::North, assignment, NOW)
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
