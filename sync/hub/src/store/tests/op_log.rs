//! Places and states of ops, for operators.

use engine::cloud::QuarantineRequest;
use wire::{CommandId, HeldReason, OpKind, OpPlace, OpState, QuarantineWhy};

use super::{
    work_queue::{accepts_and_release, decided},
    *,
};
use crate::domain::run_plan::PassResults;

fn place(epoch: u64, seq: u64) -> OpPlace {
    OpPlace {
        edge: north(),
        epoch,
        seq,
    }
}

/// Stores accepts of orders 1, 2, 1, 3 and a release. The first needs an operator, the region holds
/// the second, and the fourth is decided.
async fn worked(store: &Store) {
    enrolled(store).await;
    let (term, stored) = session(store).await;
    let ops = accepts_and_release(term, stored.cursor);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(store).await;
    let stuck = PassResults {
        held: vec![(1, HeldReason::NeedsOperator), (2, HeldReason::Region)],
        failed: Some(1),
        ..decided([4])
    };
    assert!(
        store
            .commit_progress(&claim, &stuck, NOW, UNTIL)
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn what_waits_is_listed_in_log_order_and_by_state(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    worked(&store).await;
    let listed = async |state, after| {
        let ops = store
            .list_waiting_ops(&north(), state, after, 9)
            .await
            .unwrap();
        ops.into_iter()
            .map(|op| (op.place.seq, op.state))
            .collect::<Vec<_>>()
    };
    let all = [
        (1, OpState::NeedsOperator),
        (2, OpState::HeldRegion),
        (3, OpState::Received),
        (5, OpState::Received),
    ];
    assert_eq!(listed(None, 0).await, all);
    assert_eq!(listed(Some(OpState::Received), 3).await, all[3..]);
    assert_eq!(listed(Some(OpState::HeldRegion), 0).await, all[1..2]);
    assert_eq!(listed(Some(OpState::Decided), 0).await, []);
    assert_eq!(store.list_waiting_edges("", 9).await.unwrap(), [north()]);

    let ops = store.list_waiting_ops(&north(), None, 0, 9).await.unwrap();
    assert_eq!((ops[0].failures, ops[0].kind), (1, OpKind::Command));
    assert_eq!(
        (ops[3].kind, ops[3].fence),
        (OpKind::LeaseReleased, Some(1))
    );
    let command = ops[0].command.as_ref().unwrap();
    assert_eq!(
        (command.name.as_str(), command.edge_at),
        ("accept_order", NOW)
    );
    let one = CommandId(Uuid::from_u128(1));
    let found = store.find_waiting_command(one).await.unwrap();
    assert_eq!(
        found.iter().map(|op| op.place.seq).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[rstest]
#[tokio::test]
async fn an_op_tells_its_outcome_and_whether_its_edge_has_it(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    worked(&store).await;
    let told = async |seq| {
        let op = store.find_op(&place(1, seq)).await.unwrap().unwrap();
        (
            op.state,
            op.outcome.map(|outcome| (outcome.number, outcome.told)),
        )
    };
    assert_eq!(told(1).await, (OpState::NeedsOperator, None));
    assert_eq!(told(4).await, (OpState::Decided, Some((1, Some(false)))));
    let (term, _) = session(&store).await;
    assert!(
        store
            .save_ack(&north(), &ack(term, 1), &LogHeadReports::default(), NOW)
            .await
            .unwrap()
    );
    assert_eq!(told(4).await, (OpState::Decided, Some((1, Some(true)))));
    assert_eq!(store.find_op(&place(1, 6)).await.unwrap(), None);
    assert_eq!(store.find_op(&place(2, 1)).await.unwrap(), None);
}

/// Ends the first epoch with four undecided ops. Returns the second epoch's term and cursor.
async fn left_behind(store: &Store) -> (u64, ChainHead) {
    worked(store).await;
    let (term, _) = session(store).await;
    let confined = QuarantineRequest {
        hello: hello(),
        over: term,
        epoch: 1,
        again: false,
        why: QuarantineWhy::EdgeRestored,
    };
    assert!(
        store
            .raise_epoch(&north(), &confined, 7, NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        left(store).await,
        [(1, None), (2, None), (3, None), (5, None)]
    );
    let hello = Hello {
        epoch: 2,
        ..hello()
    };
    let over = store
        .load_edge_state(&north(), NOW)
        .await
        .unwrap()
        .unwrap()
        .term;
    let (term, stored) = store
        .take_over(&north(), &hello, over, NOW)
        .await
        .unwrap()
        .unwrap();
    (term, stored.cursor)
}

/// Returns the seqs that the first epoch left, each with its new seq in the second.
async fn left(store: &Store) -> Vec<(u64, Option<u64>)> {
    let ops = store
        .list_left_behind_ops(&north(), (0, 0), 9)
        .await
        .unwrap();
    let seen = ops.into_iter().map(|op| {
        assert_eq!(op.state, OpState::LeftBehind);
        (op.place.seq, op.again.map(|again| again.seq))
    });
    seen.collect()
}

async fn second_is_decided(store: &Store, user: UserId) {
    let mut progress = decided([2]);
    progress.decided[0].command_id = Some(CommandId(Uuid::from_u128(2)));
    progress.decided[0].user_id = Some(user);
    let claim = claimed(store).await;
    assert!(
        store
            .commit_progress(&claim, &progress, NOW, UNTIL)
            .await
            .unwrap()
    );
}

async fn commands_left(store: &Store) -> u64 {
    let by_edge = store.count_left_behind().await.unwrap();
    by_edge.values().flatten().map(|left| left.commands).sum()
}

#[rstest]
#[tokio::test]
async fn what_an_ended_epoch_left_is_found_again_where_it_was_logged_anew(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let (term, cursor) = left_behind(&store).await;
    assert!(
        store
            .list_waiting_ops(&north(), None, 0, 9)
            .await
            .unwrap()
            .is_empty()
    );

    // The new epoch relogs the same commands, and one of them is decided.
    let again = NewOps {
        epoch: 2,
        ..accepts_and_release(term, cursor)
    };
    assert!(store.store_ops(&north(), &again, NOW).await.unwrap());
    second_is_decided(&store, admin()).await;
    assert_eq!(
        left(&store).await,
        [(1, Some(1)), (2, Some(2)), (3, Some(1)), (5, None)]
    );
    let beyond = store
        .list_left_behind_ops(&north(), (1, 3), 9)
        .await
        .unwrap();
    assert_eq!((beyond.len(), commands_left(&store).await), (1, 2));
}

#[rstest]
#[tokio::test]
async fn what_another_person_sends_under_the_same_id_is_not_what_was_left(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let (term, cursor) = left_behind(&store).await;
    let other = UserId(Uuid::from_u128(77));
    let mut head = cursor;
    let theirs = accepts_and_release(term, cursor).ops.into_iter().map(|op| {
        let bytes = match Op::from_bytes(&op.bytes).unwrap() {
            Op::Command(mut op) => {
                op.actor.user_id = other;
                Op::Command(op).to_bytes()
            }
            op => op.to_bytes(),
        };
        head = head.append_op(&bytes);
        NewOp {
            head,
            bytes,
            bounds: OpBounds::default(),
        }
    });
    let theirs = NewOps {
        term,
        epoch: 2,
        after: cursor,
        ops: theirs.collect(),
        heads: LogHeadReports::default(),
    };
    assert!(store.store_ops(&north(), &theirs, NOW).await.unwrap());
    second_is_decided(&store, other).await;
    assert_eq!(
        left(&store).await,
        [(1, None), (2, None), (3, None), (5, None)]
    );
    assert_eq!(commands_left(&store).await, 3);
}
