//! Decided ops and acknowledged outcomes are dropped; a token stays while an op may refer to it.

use super::{work_queue::decided, *};

#[rstest]
#[tokio::test]
async fn old_ops_and_acknowledged_outcomes_are_forgotten(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    received(&store, 3).await;
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &decided([1, 2]), NOW, UNTIL)
            .await
            .unwrap()
    );
    let dropped = async |before| store.drop_old_ops(&north(), 0, before).await.unwrap().ops;
    assert_eq!(dropped(NOW).await, 0, "not old yet");
    assert_eq!(dropped(LATER).await, 2);
    assert_eq!(
        due_seqs(&due(&store, &claim, 9).await),
        [3],
        "undecided ops stay"
    );
    assert_eq!(
        store.drop_old_outcomes(&north(), LATER).await.unwrap(),
        0,
        "not acknowledged"
    );
    let (term, _) = session(&store).await;
    assert!(
        store
            .save_ack(&north(), &ack(term, 1), &LogHeadReports::default(), NOW)
            .await
            .unwrap()
    );
    assert_eq!(store.drop_old_outcomes(&north(), LATER).await.unwrap(), 1);
    assert_eq!(store.list_enrolled_edges().await.unwrap(), [north()]);
}

#[rstest]
#[tokio::test]
async fn a_token_outlives_what_may_refer_to_it(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let mut ops = boots(term, stored.cursor, 1);
    for bytes in [
        Op::Token {
            token: "a token".into(),
        }
        .to_bytes(),
        Op::Boot {
            nonce: BootNonce([2; 16]),
            at: NOW,
        }
        .to_bytes(),
        Op::Boot {
            nonce: BootNonce([3; 16]),
            at: NOW,
        }
        .to_bytes(),
    ] {
        ops.ops.push(NewOp {
            head: ops.cursor().append_op(&bytes),
            bytes,
            bounds: OpBounds::default(),
        });
    }
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &decided([1, 2, 3]), NOW, UNTIL)
            .await
            .unwrap()
    );
    let look = store.drop_old_ops(&north(), 0, LATER).await.unwrap();
    assert_eq!(look, OldOpsBatch { ops: 3, last: 3 });
    assert_eq!(
        store.read_tokens(&claim, &[1, 2, 3]).await.unwrap(),
        [(2, "a token".to_owned())].into()
    );
    assert_eq!(
        store.drop_old_ops(&north(), 3, LATER).await.unwrap().ops,
        0,
        "past what stays"
    );

    assert!(
        store
            .commit_progress(&claim, &decided([4]), NOW, UNTIL)
            .await
            .unwrap()
    );
    let token_stays = async |last_seq, at| {
        let said = Ack {
            last_seq,
            ..ack(term, 0)
        };
        assert!(
            store
                .save_ack(&north(), &said, &LogHeadReports::default(), at)
                .await
                .unwrap()
        );
        store.drop_old_ops(&north(), 0, LATER).await.unwrap();
        !store.read_tokens(&claim, &[2]).await.unwrap().is_empty()
    };
    let days = |n: i64| NOW.plus_ms(n * 24 * 60 * 60 * 1000);
    assert!(
        token_stays(9, days(40)).await,
        "five ops of the edge are still on their way"
    );
    assert!(
        token_stays(4, days(4)).await,
        "what it has not logged yet may refer to it"
    );
    assert!(!token_stays(4, days(5)).await);
}
