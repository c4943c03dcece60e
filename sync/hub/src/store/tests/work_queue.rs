//! Claims to a log, and the results of the work.

use platform::vals;
use wire::{Code, CommandOp, EarlierReceipt, HeldReason, Order, Outcome, QuarantineWhy, Verdict};

use super::*;
use crate::domain::run_plan::{DecidedOp, PassResults, tests::accept_op};

pub(super) fn decided(seqs: impl IntoIterator<Item = u64>) -> PassResults {
    let outcome = Outcome::new_rejected(Code::OrderNotFound, None, NOW);
    let one = |seq| DecidedOp {
        seq,
        command_id: None,
        user_id: None,
        made_at: None,
        outcome: outcome.clone(),
    };
    PassResults {
        decided: seqs.into_iter().map(one).collect(),
        ..PassResults::default()
    }
}

#[rstest]
#[tokio::test]
async fn one_worker_has_a_log_until_its_claim_runs_out(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let claim = |n, now: UnixMillis| store.claim_log(&NORTH, replica(n), now, now.plus_ms(3_000));
    assert_eq!(claim(1, NOW).await.unwrap(), None, "there is nothing to do");
    received(&store, 3).await;
    let first = claim(1, NOW).await.unwrap().unwrap();
    assert_eq!(claim(2, NOW).await.unwrap(), None);
    let second = claim(2, LATER).await.unwrap().unwrap();

    assert!(
        !store
            .commit_progress(&first, &decided([1]), LATER, LATER)
            .await
            .unwrap()
    );
    assert!(
        store
            .commit_progress(&second, &decided([1, 2]), LATER, UNTIL)
            .await
            .unwrap()
    );
    store.give_up_claim(&second).await.unwrap();
    let third = claim(1, LATER).await.unwrap().unwrap();
    assert_eq!(due_seqs(&due(&store, &third, 9).await), [3]);

    let much_later = LATER.plus_ms(60_000);
    store
        .extend_claim(&second, much_later.plus_ms(1))
        .await
        .unwrap();
    store
        .extend_claim(&third, much_later.plus_ms(1))
        .await
        .unwrap();
    assert_eq!(
        claim(2, much_later).await.unwrap(),
        None,
        "its worker waits, and is alive"
    );
}

#[rstest]
#[tokio::test]
async fn every_edge_with_work_has_its_turn_however_many_have_some(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    for (n, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let edge = EdgeId::new(name).unwrap();
        let code = Hash::digest_bytes(name.as_bytes());
        store
            .invite_edge(&edge, Region::North, code, admin(), NOW)
            .await
            .unwrap();
        let undecided = "UPDATE edges SET undecided = ? WHERE edge = ?";
        store
            .sql()
            .exec(undecided, vals![u64::from(n != 1), &edge])
            .await
            .unwrap();
    }
    let mut after = String::new();
    let mut looks = Vec::new();
    for _ in 0..4 {
        let (edges, next) = store.list_edges_with_work(&after, 2).await.unwrap();
        looks.push(edges.iter().map(ToString::to_string).collect::<String>());
        after = next;
    }
    assert_eq!(looks, ["ac", "de", "ac", "de"]);
}

#[rstest]
#[tokio::test]
async fn no_clock_that_is_far_ahead_keeps_a_log_from_the_others(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 1).await;
    let claim = |n, now: UnixMillis| store.claim_log(&NORTH, replica(n), now, now.plus_ms(3_000));
    claim(1, NOW.plus_ms(50_000)).await.unwrap().unwrap();
    assert_eq!(
        claim(2, NOW).await.unwrap(),
        None,
        "that clock is no more than a little ahead"
    );
    let ahead = claim(1, NOW.plus_ms(3_600_000)).await.unwrap().unwrap();
    let second = claim(2, NOW).await.unwrap().unwrap();
    assert!(
        !store
            .commit_progress(&ahead, &decided([1]), LATER, LATER)
            .await
            .unwrap()
    );
    assert!(
        store
            .commit_progress(&second, &decided([1]), NOW, UNTIL)
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn outcomes_are_numbered_in_the_order_they_are_stored(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    received(&store, 700).await;
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &decided([2]), NOW, UNTIL)
            .await
            .unwrap()
    );
    let rest = (1..=700).filter(|seq| *seq != 2);
    assert!(
        store
            .commit_progress(&claim, &decided(rest), NOW, UNTIL)
            .await
            .unwrap()
    );

    let outcomes = store.read_outcomes(&north(), 1, 0, 900).await.unwrap();
    assert!(outcomes.iter().map(|outcome| outcome.number).eq(1..=700));
    let seqs: Vec<_> = outcomes.iter().take(3).map(|outcome| outcome.seq).collect();
    assert_eq!(seqs, [2, 1, 3]);
    assert_eq!(outcomes[0].outcome.code, Some(Code::OrderNotFound));
    assert_eq!(
        store
            .read_outcomes(&north(), 1, 699, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        store
            .read_session_pulse(&north())
            .await
            .unwrap()
            .unwrap()
            .outcome_count,
        700
    );
    assert!(
        store
            .list_edges_with_work("", 9)
            .await
            .unwrap()
            .0
            .is_empty()
    );
}

#[rstest]
#[tokio::test]
async fn a_frame_of_outcomes_ends_with_its_bytes_and_the_next_goes_on_behind_it(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 4).await;
    let mut progress = decided(1..=4);
    // The second alone exceeds a frame, and so would any two of the others.
    for (decided, bytes) in progress
        .decided
        .iter_mut()
        .zip([20_000, 50_000, 20_000, 10])
    {
        let order = Order {
            description: "x".repeat(bytes),
            ..feed::order(1, 1)
        };
        decided.outcome.order = Some(order);
    }
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &progress, NOW, UNTIL)
            .await
            .unwrap()
    );
    let mut frames: Vec<Vec<u64>> = Vec::new();
    while let Some(after) = frames.last().map_or(Some(0), |frame| frame.last().copied()) {
        let outcomes = store.read_outcomes(&north(), 1, after, 10).await.unwrap();
        frames.push(outcomes.iter().map(|outcome| outcome.number).collect());
    }
    assert_eq!(frames, [vec![1], vec![2], vec![3, 4], vec![]]);
}

#[rstest]
#[tokio::test]
async fn an_op_is_decided_once_and_a_second_decision_undoes_its_pass(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 3).await;
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &decided([1]), NOW, UNTIL)
            .await
            .unwrap()
    );
    let twice = store
        .commit_progress(&claim, &decided([2, 1]), NOW, UNTIL)
        .await;
    assert!(
        matches!(twice, Err(StoreError::Contradiction(_))),
        "{twice:?}"
    );
    assert_eq!(due_seqs(&due(&store, &claim, 9).await), [2, 3]);
    assert_eq!(
        store
            .read_session_pulse(&north())
            .await
            .unwrap()
            .unwrap()
            .outcome_count,
        1
    );
}

#[rstest]
#[tokio::test]
async fn what_waits_is_counted_and_stops_only_what_is_behind_it(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let ops = accepts_and_release(term, stored.cursor);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let stuck = PassResults {
        held: vec![(1, HeldReason::NeedsOperator), (2, HeldReason::Region)],
        parked: vec![3],
        failed: Some(1),
        ..PassResults::default()
    };
    assert!(
        store
            .commit_progress(&claim, &stuck, NOW, UNTIL)
            .await
            .unwrap()
    );
    // 1 needs an operator, 3 is about the same order, 5 releases a lease, 2 waits for its region.
    assert_eq!(due_seqs(&due(&store, &claim, 9).await), [4]);
    assert_eq!(
        due_seqs(&store.read_held_ops_to_retry(&claim, 0, 9).await.unwrap()),
        [2]
    );
    assert!(
        store
            .read_held_ops_to_retry(&claim, 2, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let told = store.list_held_ops(&north(), 1, 9).await.unwrap();
    assert_eq!(
        told,
        [(1, HeldReason::NeedsOperator), (2, HeldReason::Region)]
    );
    let edges = store.list_edges("", 10).await.unwrap();
    assert_eq!(
        (
            edges[0].stored.undecided,
            edges[0].stored.held,
            edges[0].stored.parked
        ),
        (5, 2, 1)
    );
}

#[rstest]
#[tokio::test]
async fn what_is_held_by_its_region_stops_its_order_and_no_release(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let ops = accepts_and_release(term, stored.cursor);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let hold = |seqs: &[u64]| PassResults {
        held: seqs.iter().map(|seq| (*seq, HeldReason::Region)).collect(),
        ..PassResults::default()
    };
    assert!(
        store
            .commit_progress(&claim, &hold(&[1]), NOW, UNTIL)
            .await
            .unwrap()
    );
    assert_eq!(
        due_seqs(&due(&store, &claim, 9).await),
        [2, 4, 5],
        "3 is behind 1"
    );
    assert!(
        store
            .commit_progress(&claim, &hold(&[2, 3]), NOW, UNTIL)
            .await
            .unwrap()
    );
    assert_eq!(
        due_seqs(&store.read_held_ops_to_retry(&claim, 0, 2).await.unwrap()),
        [1, 2]
    );
    let rest = store.read_held_ops_to_retry(&claim, 2, 2).await.unwrap();
    assert!(
        rest.is_empty(),
        "1 was handed in and is held still, so 3 stays behind it"
    );
    assert!(
        store
            .commit_progress(&claim, &decided([1]), NOW, UNTIL)
            .await
            .unwrap()
    );
    assert_eq!(
        due_seqs(&store.read_held_ops_to_retry(&claim, 2, 2).await.unwrap()),
        [3]
    );
}

pub(super) fn accepts_and_release(term: u64, after: ChainHead) -> NewOps {
    let mut at = after;
    let mut ops: Vec<Op> = [1, 2, 1, 3].map(|n| Op::Command(accept_op(n))).into();
    ops.push(Op::LeaseReleased { fence: 1 });
    let ops = ops.iter().map(|op| {
        let bytes = op.to_bytes();
        at = at.append_op(&bytes);
        NewOp {
            head: at,
            bytes,
            bounds: OpBounds::default(),
        }
    });
    NewOps {
        term,
        epoch: 1,
        after,
        ops: ops.collect(),
        heads: LogHeadReports::default(),
    }
}

/// A restored machine relogs a decided command, and its person gets the answer again.
#[rstest]
#[tokio::test]
async fn a_place_where_a_command_was_decided_for_its_person_vouches_for_it_again(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let ops = accepts_and_release(term, stored.cursor);
    let places: Vec<ChainHead> = ops.ops.iter().map(|op| op.head).collect();
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let is_answered = async |n: u128, head: ChainHead| {
        let edge = north();
        let verdict = Verdict::Provisional;
        let why = QuarantineWhy::EdgeRestored;
        let relogged = Some(EarlierReceipt {
            edge,
            epoch: 1,
            at: head,
            verdict,
            fence: None,
            why,
        });
        let again = CommandOp {
            relogged,
            ..accept_op(n)
        };
        store
            .find_first_arrival(&claim, &again)
            .await
            .unwrap()
            .unwrap()
            .is_answered
    };
    assert!(!is_answered(1, places[0]).await, "it is undecided");
    let mut progress = decided([1, 2]);
    progress.decided[1].outcome = Outcome::new_rejected(Code::InvalidToken, None, NOW);
    assert!(
        store
            .commit_progress(&claim, &progress, NOW, UNTIL)
            .await
            .unwrap()
    );
    assert!(is_answered(1, places[0]).await);
    assert!(
        !is_answered(2, places[1]).await,
        "its token was dead before"
    );
}

#[rstest]
#[tokio::test]
async fn tokens_are_found_by_their_place_in_the_log(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let mut ops = boots(term, stored.cursor, 1);
    let bytes = Op::Token {
        token: "a token".into(),
    }
    .to_bytes();
    ops.ops.push(NewOp {
        head: ops.cursor().append_op(&bytes),
        bytes,
        bounds: OpBounds::default(),
    });
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let tokens = store.read_tokens(&claim, &[1, 2, 9]).await.unwrap();
    assert_eq!(tokens, [(2, "a token".to_owned())].into());
}

#[rstest]
#[tokio::test]
async fn what_an_operator_lets_in_again_is_as_new_and_on_record(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    received(&store, 2).await;
    let claim = claimed(&store).await;
    let progress = PassResults {
        held: vec![(1, HeldReason::NeedsOperator)],
        failed: Some(1),
        ..PassResults::default()
    };
    assert!(
        store
            .commit_progress(&claim, &progress, NOW, UNTIL)
            .await
            .unwrap()
    );
    assert_eq!(due_seqs(&due(&store, &claim, 10).await), [2]);
    let retry = async |seq| {
        store
            .retry_op(&north(), 1, seq, admin(), LATER)
            .await
            .unwrap()
    };
    assert_eq!(retry(2).await, RetryResult::NotStopped);
    assert_eq!(retry(3).await, RetryResult::Unknown);
    assert_eq!(retry(1).await, RetryResult::Retried);
    assert_eq!(retry(1).await, RetryResult::NotStopped, "once");
    let due = due(&store, &claim, 10).await;
    assert_eq!((due_seqs(&due), due[0].failures), (vec![1, 2], 0));
    let noted: Vec<(i64, i64, Uuid)> = store
        .sql()
        .fetch_all("SELECT seq, at, made_by FROM op_retries", vec![])
        .await
        .unwrap();
    assert_eq!(noted, [(1, LATER.0, admin().0)]);
}
