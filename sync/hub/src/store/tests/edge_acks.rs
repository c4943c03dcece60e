//! What an operator's trace reads: an order's changes, and when an edge acknowledged them.

use wire::{OpOutcome, OpPlace, OutcomeKind};

use super::{
    feed::{event, order},
    *,
};
use crate::store::edge_acks::ACKS_KEPT_MS;

fn at(ms: i64) -> UnixMillis {
    NOW.plus_ms(ms)
}

/// Feeds versions 2 and 3 of an order, with another order between them.
async fn fed(store: &Store) -> [OrderChange; 2] {
    for (n, order, ms) in [
        (1, order(1, 2), 0),
        (2, order(2, 1), 10),
        (3, order(1, 3), 20),
    ] {
        store.feed_order(&event(n), &order, at(ms)).await.unwrap();
    }
    let changes = store.list_changes_of_order(order(1, 1).id, 10).await;
    changes.unwrap().try_into().unwrap()
}

async fn acknowledge(store: &Store, term: u64, cursors: (u64, u64), when: UnixMillis) -> bool {
    let (outcome_cursor, feed_cursor) = cursors;
    let ack = Ack {
        feed_cursor,
        ..ack(term, outcome_cursor)
    };
    store
        .save_moved_ack(&north(), 1, &ack, &LogHeadReports::default(), when)
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn each_change_is_acknowledged_at_the_first_ack_that_covers_it(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (old, _) = session(&store).await;
    let (term, _) = session(&store).await;
    let [first, second] = fed(&store).await;
    assert_eq!(
        [
            (first.feed_seq, first.version),
            (second.feed_seq, second.version)
        ],
        [(1, 2), (3, 3)]
    );
    assert!(!first.gone && first.region == Region::North && first.at == NOW);
    let acked = async |change| {
        store
            .find_feed_ack(&north(), change, at(100))
            .await
            .unwrap()
    };
    assert_eq!(acked(&first).await, None);

    assert!(!acknowledge(&store, old, (0, 3), at(30)).await);
    assert_eq!(acked(&second).await, None, "an older session says nothing");
    assert!(acknowledge(&store, term, (0, 2), at(40)).await);
    assert!(acknowledge(&store, term, (0, 2), at(40)).await, "a repeat");
    assert!(acknowledge(&store, term, (1, 3), at(90)).await);
    assert!(acknowledge(&store, term, (2, 3), at(95)).await);
    assert_eq!(acked(&first).await, Some(at(40)));
    assert_eq!(acked(&second).await, Some(at(90)));

    let week_later = at(ACKS_KEPT_MS + 21);
    let forgotten = store.find_feed_ack(&north(), &second, week_later).await;
    assert_eq!(forgotten.unwrap(), None, "earlier acks may be gone");
}

#[rstest]
#[tokio::test]
async fn an_outcome_is_acknowledged_in_its_own_epoch(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, _) = session(&store).await;
    assert!(acknowledge(&store, term, (1, 0), at(90)).await);
    assert!(acknowledge(&store, term, (2, 0), at(95)).await);
    let told = async |epoch, number| {
        let place = OpPlace {
            edge: north(),
            epoch,
            seq: 1,
        };
        let outcome = OpOutcome {
            number,
            stored_at: NOW,
            told: Some(true),
            told_at: None,
            outcome: Outcome::new_plain(OutcomeKind::Applied, NOW),
        };
        let found = store.find_outcome_ack(&place, &outcome, at(100)).await;
        found.unwrap()
    };
    assert_eq!(
        (told(1, 1).await, told(1, 2).await),
        (Some(at(90)), Some(at(95)))
    );
    assert_eq!(told(1, 3).await, None);
    assert_eq!(
        told(2, 1).await,
        None,
        "each epoch numbers its own outcomes"
    );
}

#[rstest]
#[tokio::test]
async fn acknowledgements_are_forgotten_in_parts(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, _) = session(&store).await;
    let [first, second] = fed(&store).await;
    for (feed_cursor, ms) in [(1, 30), (2, 40), (3, 50)] {
        assert!(acknowledge(&store, term, (0, feed_cursor), at(ms)).await);
    }
    let drop_old = async |before| store.drop_old_acks(&north(), before, 1).await.unwrap();
    assert_eq!(drop_old(at(50)).await, 1);
    assert_eq!(drop_old(at(50)).await, 1);
    assert_eq!(drop_old(at(50)).await, 0);
    let acked = async |change| {
        store
            .find_feed_ack(&north(), change, at(100))
            .await
            .unwrap()
    };
    // The rows of the first two are gone; an edge with the later change has the earlier ones too.
    assert_eq!(
        [acked(&first).await, acked(&second).await],
        [Some(at(50)); 2]
    );
}
