//! The shares of a provider's work that this edge counts.

use wire::LimitReached;

use super::*;

const LIMITS: ShareLimits = ShareLimits {
    open_jobs: 2,
    acceptances_a_day: 3,
    withdrawals_a_day: 1,
};

fn withdraw(n: u128) -> CommandBody {
    CommandBody::WithdrawAcceptance {
        order_id: OrderId(id(n)),
        reason: None,
    }
}

async fn try_at(
    store: &Store,
    command: u128,
    body: CommandBody,
    ms: i64,
) -> Result<u64, LimitReached> {
    let received_at = NOW.plus_ms(ms);
    let entry = CheckedCommand {
        limits: LIMITS,
        received_at,
        ..entry(command, by(20), body)
    };
    match enter(store, entry).await {
        CommandLogResult::Stored { stored, .. } => Ok(stored.head.seq),
        CommandLogResult::NotTaken(code) => panic!("not taken: {code}"),
        CommandLogResult::OverLimit(reached) => Err(reached),
    }
}

#[tokio::test]
async fn jobs_in_hand_count_as_confirmed_and_as_undecided_here() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=4).await;
    let from_the_portal = after(1, 2, Action::Accept, 20);
    store
        .apply_changes(9, vec![FeedChange::Order(from_the_portal)], NOW)
        .await
        .unwrap();
    let seq = try_at(&store, 101, accept(2), 0).await.unwrap();
    let full = try_at(&store, 102, accept(3), 0).await.unwrap_err();
    assert_eq!(
        (full.code(), full.most, full.frees_at),
        (Code::TooManyOpenJobs, 2, None)
    );
    assert!(
        try_at(&store, 101, accept(2), 0).await.is_ok(),
        "a repeat is answered"
    );
    let lost = after(2, 2, Action::Accept, 21);
    let rejected = Outcome::new_rejected(Code::OrderAlreadyAccepted, Some(lost), NOW);
    store
        .store_outcomes(1, vec![outcome(1, seq, rejected)], NOW)
        .await
        .unwrap();
    assert!(
        try_at(&store, 103, accept(3), 0).await.is_ok(),
        "what was lost is not in hand"
    );
}

#[tokio::test]
async fn a_days_acceptances_and_withdrawals_are_counted_and_free_again_after_it() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=4).await;
    let hour = 3_600_000;
    try_at(&store, 101, accept(1), 0).await.unwrap();
    try_at(&store, 102, withdraw(1), hour).await.unwrap();
    try_at(&store, 103, accept(2), 2 * hour).await.unwrap();
    let spent = try_at(&store, 104, withdraw(2), 3 * hour)
        .await
        .unwrap_err();
    assert_eq!(spent.code(), Code::TooManyWithdrawals);
    assert_eq!(spent.frees_at, Some(NOW.plus_ms(25 * hour)));
    try_at(&store, 105, accept(3), 4 * hour).await.unwrap();
    try_at(&store, 106, withdraw(3), 26 * hour).await.unwrap();
    try_at(&store, 107, accept(4), 26 * hour).await.unwrap();
    let full = try_at(&store, 108, accept(1), 26 * hour).await.unwrap_err();
    assert_eq!(full.code(), Code::TooManyOpenJobs);
}
