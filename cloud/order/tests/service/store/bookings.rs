//! A provider is booked once at a time, also by concurrent acceptances.

use futures::future::join_all;
use rstest::rstest;
use wire::{Code, Draft, OrderId, UnixMillis};

use crate::stage::*;

const HOUR_MS: i64 = 3_600_000;

/// An open order from one full hour to another one, counted from now.
async fn timed(stage: &Stage, (from, to): (i64, i64)) -> OrderId {
    let at = |hours| Some(UnixMillis(NOW.0 + hours * HOUR_MS));
    let draft = Draft {
        service_start_time: at(from),
        service_end_time: at(to),
        ..draft()
    };
    stage.approved(draft).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twelve_jobs_at_the_same_time_a_provider_gets_one(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(timed(&stage, (10, 12)).await);
    }
    let tries = orders
        .iter()
        .map(|id| stage.decide(provider(1), accept(*id)));
    let outcomes = join_all(tries).await;
    let won = outcomes.iter().filter(|outcome| outcome.has_succeeded());
    assert_eq!(won.count(), 1, "{outcomes:?}");
    let refused = outcomes.iter().filter(|outcome| !outcome.has_succeeded());
    for refused in refused {
        assert_eq!(refused.code, Some(Code::DoubleBooked));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_edges_log_books_around_the_jobs_of_the_portal(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let me = provider(1);
    let at_the_portal = timed(&stage, (10, 12)).await;
    assert!(
        stage
            .decide(me, accept(at_the_portal))
            .await
            .has_succeeded()
    );
    let clashing = timed(&stage, (11, 13)).await;
    let free = timed(&stage, (12, 13)).await;
    let at_the_same_time = timed(&stage, (12, 14)).await;
    let any_time = stage.pending().await;
    let log = [clashing, free, at_the_same_time, any_time]
        .into_iter()
        .fold(Log::of("north-1"), |log, order| {
            log.then(stage.command_id(), Some(me), accept(order))
        });
    let outcomes = stage.batch(log.batch()).await;
    let codes: Vec<_> = outcomes.iter().map(|outcome| outcome.code).collect();
    let refused = Some(Code::DoubleBooked);
    assert_eq!(codes, [refused, None, refused, None]);
}
