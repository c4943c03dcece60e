//! Accepts that wait at the portal.

use wire::{Actor, CommandId, ForwardedAccept, OpState, Role};

use super::{work_queue::decided, *};
use crate::domain::run_plan::{FAILURES_OF_POISON_OP, tests::accept_op};

pub(super) const FIRST: AcceptKey = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
const USER: UserId = UserId(Uuid::from_u128(5));

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

pub(super) fn accept(n: u128) -> ForwardedAccept {
    let command = accept_op(n).command;
    let actor = Actor {
        user_id: USER,
        role: Role::Provider,
    };
    ForwardedAccept {
        region: Region::North,
        command,
        actor,
        token: "t".into(),
    }
}

pub(super) async fn make_north_holder(store: &Store) {
    const HOLDER: &str = "UPDATE regions SET holder = ?, holder_epoch = 1 WHERE region = 'NORTH'";
    let values = platform::vals![&north()];
    store.sql().exec(HOLDER, values).await.unwrap();
}

/// Adds `count` waiting accepts for NORTH's only edge, which holds the region.
async fn waiting(mysql: bool, count: u128) -> Database {
    let store = with_edge(mysql).await;
    let (term, _) = session(&store).await;
    store.record_contact(contact(term, NOW)).await.unwrap();
    make_north_holder(&store).await;
    for n in 1..=count {
        assert_eq!(
            store.admit_portal_accept(&accept(n), NOW).await.unwrap(),
            AcceptAdmission::Waits
        );
    }
    store
}

/// Counts lone failures until the accept stops.
async fn stops(store: &Store, n: u128) {
    for failures in 0..FAILURES_OF_POISON_OP {
        assert!(
            store
                .count_accept_failure((id(n), USER), failures)
                .await
                .unwrap()
        );
    }
}

async fn handed_in(store: &Store) -> Vec<(CommandId, u32)> {
    let part = store.read_accepts_to_retry(FIRST, 10).await.unwrap();
    let id = |accept: &wire::WaitingAccept| accept.command.id;
    part.accepts
        .iter()
        .map(|accept| (id(accept), part.failures[&(id(accept), USER)]))
        .collect()
}

#[rstest]
#[tokio::test]
async fn an_accept_that_this_version_cannot_read_hides_no_other(
    #[values(false, true)] mysql: bool,
) {
    const ADD: &str = "UPDATE asks SET command = X'FF' WHERE command_id = ?";
    let store = waiting(mysql, 3).await;
    store.sql().exec(ADD, platform::vals![id(2)]).await.unwrap();
    assert_eq!(handed_in(&store).await, [(id(1), 0), (id(3), 0)]);
    let part = store.read_accepts_to_retry(FIRST, 10).await.unwrap();
    assert_eq!(part.unreadable, [(id(2), USER)]);
    let put = store
        .list_accepts_for_holder(Region::North, &north(), 1, 10)
        .await
        .unwrap();
    assert!(
        put.iter()
            .map(|due| due.accept.command.id)
            .eq([id(1), id(3)])
    );
    let shown = store.list_waiting_accepts(FIRST, 10).await.unwrap();
    let read: Vec<_> = shown
        .iter()
        .map(|ask| (ask.command_id, ask.order_id.is_some()))
        .collect();
    assert_eq!(read, [(id(1), true), (id(2), false), (id(3), true)]);
}

#[rstest]
#[tokio::test]
async fn an_accept_that_failed_alone_three_times_is_handed_in_when_an_operator_says_so(
    #[values(false, true)] mysql: bool,
) {
    const NOTES: &str = "SELECT command_id, user_id, at, made_by FROM ask_retries";
    let store = waiting(mysql, 2).await;
    let failed = async |failures| {
        store
            .count_accept_failure((id(1), USER), failures)
            .await
            .unwrap()
    };
    assert!(failed(0).await && failed(1).await);
    assert!(
        !failed(1).await,
        "two that tried it at once count one failure"
    );
    let retry = async |n| store.retry_asks(id(n), admin(), NOW).await.unwrap();
    assert_eq!(retry(1).await, RetryResult::NotStopped);
    assert_eq!(handed_in(&store).await, [(id(1), 2), (id(2), 0)]);
    assert!(failed(2).await);

    // The accept still waits: for the holder, behind the others, and as the same request.
    assert_eq!(handed_in(&store).await, [(id(2), 0)]);
    let put = store
        .list_accepts_for_holder(Region::North, &north(), 1, 10)
        .await
        .unwrap();
    assert!(
        put.iter()
            .map(|due| due.accept.command.id)
            .eq([id(2), id(1)])
    );
    assert_eq!(
        store.admit_portal_accept(&accept(1), LATER).await.unwrap(),
        AcceptAdmission::Waits
    );
    let shown = store.list_waiting_accepts(FIRST, 10).await.unwrap();
    let states: Vec<_> = shown.iter().map(|ask| (ask.state, ask.failures)).collect();
    assert_eq!(
        states,
        [(OpState::NeedsOperator, 3), (OpState::HeldRegion, 0)]
    );
    let shown = region(&store).await;
    assert_eq!((shown.asks_waiting, shown.asks_stopped), (2, 1));

    assert_eq!(
        (retry(2).await, retry(9).await),
        (RetryResult::NotStopped, RetryResult::Unknown)
    );
    assert_eq!(retry(1).await, RetryResult::Retried);
    assert_eq!(handed_in(&store).await, [(id(1), 0), (id(2), 0)]);
    assert_eq!(region(&store).await.asks_stopped, 0);
    let notes: Vec<(Uuid, Uuid, i64, Uuid)> = store
        .sql()
        .fetch_all(NOTES, platform::vals![])
        .await
        .unwrap();
    assert_eq!(notes, [(id(1).0, USER.0, NOW.0, admin().0)]);
    assert!(
        !failed(2).await,
        "what was tried before it was let in counts no more"
    );
}

#[rstest]
#[tokio::test]
async fn an_op_that_is_decided_under_its_name_has_a_stopped_accept_handed_in(
    #[values(false, true)] mysql: bool,
) {
    let store = waiting(mysql, 3).await;
    for n in [1, 2] {
        stops(&store, n).await;
    }
    let failed = async |failures| {
        store
            .count_accept_failure((id(3), USER), failures)
            .await
            .unwrap()
    };
    assert!(failed(0).await && failed(1).await);
    received(&store, 2).await;
    let mut progress = decided([1, 2]);
    for (decided, n) in progress.decided.iter_mut().zip([1, 3]) {
        (decided.command_id, decided.user_id) = (Some(id(n)), Some(USER));
    }
    let claim = claimed(&store).await;
    assert!(
        store
            .commit_progress(&claim, &progress, NOW, UNTIL)
            .await
            .unwrap()
    );
    assert_eq!(handed_in(&store).await, [(id(1), 0), (id(3), 0)]);
    assert!(
        !failed(2).await,
        "what failed while it was being decided stops it no more"
    );
}
