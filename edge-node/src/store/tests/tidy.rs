//! Which rows are deleted once they are old, and how long a logged token serves.

use super::*;

#[tokio::test]
async fn old_and_settled_rows_are_forgotten_and_pending_ones_never() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=3).await;
    let mut seqs = Vec::new();
    for n in 1..=3 {
        seqs.push(
            entered(&store, entry(100 + n, by(20), accept(n)))
                .await
                .0
                .head
                .seq,
        );
    }
    let applied = Outcome::new_applied(after(1, 2, Action::Accept, 20), NOW);
    let second = Outcome::new_applied(after(3, 2, Action::Accept, 20), NOW);
    let outcomes = vec![outcome(1, seqs[0], applied), outcome(2, seqs[2], second)];
    store.store_outcomes(2, outcomes, NOW).await.unwrap();
    assert_eq!(store.delete_old_rows(NOW).await.unwrap(), 0);

    let year = UnixMillis(NOW.0 + 366 * 24 * 3_600_000);
    // Deleted: the boot op, the first command and the expired token's row. The second command is
    // pending and may refer to the token's op; the last is the head of the chain.
    assert_eq!(store.delete_old_rows(year).await.unwrap(), 3);
    let later = UnixMillis(NOW.0 + 401 * 24 * 3_600_000);
    assert_eq!(store.delete_old_rows(later).await.unwrap(), 2);
    let report = read_report(&path_in(data.path())).unwrap();
    assert_eq!((report.pending, report.last_seq), (1, seqs[2]));
    let (_, shown) = store.load_board(&identity()).await.unwrap();
    assert_eq!(shown.len(), 3);

    let last = Outcome::new_applied(after(2, 2, Action::Accept, 20), NOW);
    store
        .store_outcomes(3, vec![outcome(3, seqs[1], last)], NOW)
        .await
        .unwrap();
    assert_eq!(
        store.delete_old_rows(later).await.unwrap(),
        3,
        "with the last of them its token goes"
    );
}

/// The hub drops old tokens, so no op may refer to a very old one.
#[tokio::test]
async fn an_expired_token_is_logged_anew_and_then_known_for_a_while() {
    const HOUR_MS: i64 = 3_600_000;
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=4).await;
    let mut seqs = Vec::new();
    for (n, at_ms) in [(1, 0), (2, HOUR_MS), (3, HOUR_MS + 1), (4, 2 * HOUR_MS)] {
        let later = CheckedCommand {
            received_at: NOW.plus_ms(at_ms),
            ..entry(100 + n, by(20), accept(n))
        };
        seqs.push(entered(&store, later).await.0.head.seq);
    }
    assert_eq!(
        seqs,
        [3, 5, 6, 8],
        "boot, token, accept, and a token before each that finds none"
    );
}
