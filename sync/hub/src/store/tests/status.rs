//! The stored status of an edge for operators.

use wire::{Code, EdgeStatus, Lost, Outcome};

use super::{
    feed::{event, order},
    work_queue::decided,
    *,
};
use crate::domain::run_plan::DecidedOp;

async fn shown(store: &Store) -> EdgeStatus {
    store
        .list_edges("", 10)
        .await
        .unwrap()
        .swap_remove(0)
        .stored
}

#[rstest]
#[tokio::test]
async fn an_edge_is_behind_since_the_oldest_of_what_it_lacks_was_stored(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 3).await;
    assert_eq!(shown(&store).await.lag_down_since, None);
    let at = |ms| NOW.plus_ms(ms);
    store
        .feed_order(&event(1), &order(1, 1), at(20))
        .await
        .unwrap();
    store
        .feed_order(&event(2), &order(2, 1), at(40))
        .await
        .unwrap();
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &decided([1]), at(10), UNTIL)
            .await
            .unwrap()
    );
    assert!(
        store
            .commit_progress(&claim, &decided([2]), at(30), UNTIL)
            .await
            .unwrap()
    );

    let term = store
        .read_session_pulse(&north())
        .await
        .unwrap()
        .unwrap()
        .term;
    let mut since = Vec::new();
    for (outcome_cursor, feed_cursor) in [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)] {
        let ack = Ack {
            feed_cursor,
            ..ack(term, outcome_cursor)
        };
        assert!(
            store
                .save_ack(&north(), &ack, &LogHeadReports::default(), NOW)
                .await
                .unwrap()
        );
        since.push(shown(&store).await.lag_down_since);
    }
    assert_eq!(
        since,
        [Some(at(10)), Some(at(20)), Some(at(30)), Some(at(40)), None]
    );
}

#[rstest]
#[tokio::test]
async fn acceptances_that_lost_are_counted_with_the_last_of_them(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 4).await;
    let claim = claimed(&store).await;
    let lost = |seq| {
        let outcome = Outcome::new_rejected(Code::OrderAlreadyAccepted, None, NOW);
        let outcome = Outcome {
            lost: Some(Lost::default()),
            ..outcome
        };
        DecidedOp {
            seq,
            command_id: None,
            user_id: None,
            made_at: None,
            outcome,
        }
    };
    let mut pass = decided([1]);
    pass.decided.extend([lost(2), lost(3)]);
    assert!(
        store
            .commit_progress(&claim, &pass, NOW, UNTIL)
            .await
            .unwrap()
    );
    assert!(
        store
            .commit_progress(&claim, &decided([4]), LATER, UNTIL)
            .await
            .unwrap()
    );
    let edge = shown(&store).await;
    assert_eq!(
        (edge.lost, edge.lost_at),
        (2, Some(NOW)),
        "what else is refused is no conflict"
    );
}
