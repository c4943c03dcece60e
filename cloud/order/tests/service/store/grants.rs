//! Grants of an assignment right on both engines, among many decisions and operators: no decision
//! slips past a grant.

use std::time::Duration;

use futures::future::join_all;
use platform::{sql::SqlError, transact, vals};
use rstest::rstest;
use wire::{OrderId, RegionAssignment, is_open, open_digest};

use super::rights::WAITS;
use crate::stage::*;

async fn digest_open_orders(stage: &Stage) -> wire::Hash {
    let rows = stage
        .rows::<(uuid::Uuid, i64, String)>(
            "SELECT id, version, status FROM orders WHERE location = 'NORTH'",
        )
        .await;
    let open = rows
        .into_iter()
        .filter(|(_, _, status)| is_open(status.parse().unwrap()));
    open_digest(open.map(|(id, version, _)| (OrderId(id), u64::try_from(version).unwrap())))
}

/// The grant's digest covers all earlier decisions; all others wait for the holder.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_grant_among_many_accepts_is_made_on_exactly_what_came_before_it(#[case] engine: Engine) {
    for _ in 0..3 {
        let stage = Stage::new(engine).await;
        let ids: Vec<OrderId> = join_all((0..24).map(|_| stage.pending())).await;
        let singles = ids
            .iter()
            .take(12)
            .map(|id| stage.waits(provider(1), accept(*id)));
        let logs: Vec<Log> = (0..4)
            .map(|n| {
                let run = ids.iter().skip(12 + n * 3).take(3);
                run.fold(Log::of(&format!("north-{}", n + 2)), |log, id| {
                    log.then(stage.command_id(), Some(provider(2)), accept(*id))
                })
            })
            .collect();
        let batches = logs.iter().map(|log| stage.answers(log.batch()));
        let (singles, batches, granted) =
            futures::join!(join_all(singles), join_all(batches), stage.grant("north-1"));
        let waiting = singles.iter().filter(|waits| **waits).count()
            + batches
                .iter()
                .flatten()
                .filter(|answer| **answer == WAITS)
                .count();
        check_grant(&stage, &granted, waiting).await;
    }
}

/// SQLite has one writer and requires no such lock.
#[tokio::test]
async fn a_grant_waits_for_the_decisions_under_way() {
    let stage = Stage::new(Engine::MariaDb).await;
    let granted = transact!(stage.sql, tx => {
        let lock = "SELECT fence FROM region_assignment WHERE region = ? LOCK IN SHARE MODE";
        tx.fetch_optional::<i64>(lock, vals!["NORTH"]).await?;
        let granting = tokio::time::timeout(Duration::from_millis(300), stage.grant("north-1"));
        Ok::<_, SqlError>(granting.await.is_ok())
    });
    assert!(!granted.unwrap(), "granted while a decision was being made");
    assert_eq!(stage.grant("north-1").await.fence, 1);
}

async fn check_grant(stage: &Stage, granted: &RegionAssignment, waiting: usize) {
    assert_eq!(
        granted.digest,
        Some(digest_open_orders(stage).await),
        "nothing was decided after it"
    );
    let pending = stage
        .count("SELECT COUNT(*) FROM orders WHERE status = 'pending'")
        .await;
    assert_eq!(
        i64::try_from(waiting).unwrap(),
        pending,
        "who did not get it waits"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_operators_at_once_one_grants_and_fences_are_not_shared(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let names: Vec<String> = (1..=8).map(|n| format!("north-{n}")).collect();
    join_all(names.iter().map(|name| stage.grant(name))).await;
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM fences WHERE ended_at IS NULL")
            .await,
        1
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM fences").await, 1);
    let versions: Vec<_> = stage
        .told()
        .await
        .iter()
        .map(|told| told.policy_version)
        .collect();
    let expected: Vec<u64> = (2..=9).collect();
    assert_eq!(versions, expected, "each was recorded and told in its turn");
}
