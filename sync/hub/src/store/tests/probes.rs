//! Liveness probes: which answers count, and what waits for none.

use super::*;

#[rstest]
#[tokio::test]
async fn an_answer_counts_for_its_session_and_never_falls(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (old, _) = session(&store).await;
    let answered = async |term| store.read_answered_probe(&north(), term).await.unwrap();
    let answer = async |term, number| {
        let recorded = store.record_probe_answer(&north(), term, number).await;
        recorded.unwrap();
    };
    assert_eq!(store.start_probe(&north(), NOW).await.unwrap(), 1);
    assert_eq!(store.start_probe(&north(), NOW).await.unwrap(), 2);
    assert_eq!(answered(old).await, 0);
    for number in [1, 2, 1] {
        answer(old, number).await;
    }
    assert_eq!(answered(old).await, 2);

    let (new, _) = session(&store).await;
    assert_eq!(answered(new).await, 0, "another run may have answered");
    answer(new, 3).await;
    answer(old, 4).await;
    assert_eq!((answered(old).await, answered(new).await), (0, 3));

    // A replica of the previous version answers in the edge's row.
    store.settle_probe(&north(), old, 5).await.unwrap();
    assert_eq!(answered(new).await, 3, "the old session is over");
    store.settle_probe(&north(), new, 5).await.unwrap();
    assert_eq!(answered(new).await, 5);
}

#[rstest]
#[tokio::test]
async fn a_probe_is_open_until_it_is_settled_or_too_old(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, _) = session(&store).await;
    let before = NOW.plus_ms(-1);
    let open = async |since| store.list_open_probes(since).await.unwrap();
    assert_eq!(open(before).await, []);
    store.start_probe(&north(), NOW).await.unwrap();
    assert_eq!(open(before).await, [(north(), 1)]);
    assert_eq!(open(NOW).await, []);
    let pulse = async || store.read_session_pulse(&north()).await.unwrap().unwrap();
    assert_eq!(pulse().await.probe, Some(1));
    store.settle_probe(&north(), term, 1).await.unwrap();
    assert_eq!(open(before).await, []);
    assert_eq!(pulse().await.probe, None);
}
