//! Concurrency: one winner, one effect, and no contradictory answers.

use std::time::Duration;

use futures::future::join_all;
use platform::{sql::SqlError, transact, vals};
use rstest::rstest;
use wire::{Code, CommandId, EventType, OrderId, OutcomeKind};

use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_providers_one_gets_the_order(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    let tries = (1..=100).map(|n| stage.decide(provider(n), accept(id)));
    let outcomes = join_all(tries).await;
    let won: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.has_succeeded())
        .collect();
    assert_eq!(won.len(), 1);
    let winner = won[0].order.as_ref().unwrap();
    for lost in outcomes.iter().filter(|outcome| !outcome.has_succeeded()) {
        assert_eq!(lost.code, Some(Code::OrderAlreadyAccepted));
        assert_eq!(
            lost.order.as_ref(),
            Some(winner),
            "the loser sees the winner's state"
        );
        assert_eq!(lost.lost.as_ref().unwrap().winner_decided_at, Some(NOW));
    }
    let accepted = stage.events().await;
    let accepted = accepted
        .iter()
        .filter(|event| event.kind == EventType::OrderAccepted);
    assert_eq!(accepted.count(), 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM commands").await, 102);
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM commands WHERE applied = 0")
            .await,
        99
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_command_sent_many_times_at_once_takes_effect_once(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    let command = stage.command_id();
    let tries = (0..12).map(|_| stage.decide_as(command, provider(1), accept(id)));
    let outcomes = join_all(tries).await;
    assert!(
        outcomes.iter().all(wire::Outcome::has_succeeded),
        "{outcomes:?}"
    );
    let applied = outcomes
        .iter()
        .filter(|outcome| outcome.kind == OutcomeKind::Applied);
    assert_eq!(applied.count(), 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM order_timeline").await, 3);
    assert_eq!(stage.events().await.len(), 3);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_publication_sent_many_times_makes_one_order(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let command = stage.command_id();
    let tries = (0..12).map(|_| stage.publish(command, customer(1), draft()));
    let outcomes = join_all(tries).await;
    let first = outcomes[0].order.as_ref().unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.order.as_ref() == Some(first))
    );
    assert!(outcomes.iter().all(wire::Outcome::has_succeeded));
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, 1);

    let other = wire::Draft {
        title: "Another".into(),
        ..draft()
    };
    let reused = stage.publish(command, customer(1), other).await;
    assert_eq!(reused.code, Some(Code::CommandIdReused));
    let strangers = stage.publish(command, customer(2), draft()).await;
    assert_ne!(
        strangers.order.unwrap().id,
        first.id,
        "another person's is another command"
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edges_and_people_who_collide_on_many_orders_leave_one_winner_each(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let ids: Vec<OrderId> = join_all((0..20).map(|_| stage.pending())).await;
    let log = |edge: &str, n: u128, backwards: bool| {
        let mut order: Vec<_> = ids.clone();
        if backwards {
            order.reverse();
        }
        order.into_iter().fold(Log::of(edge), |log, id| {
            log.then(stage.command_id(), Some(provider(n)), accept(id))
        })
    };
    let logs = [
        log("north-1", 1, false),
        log("north-2", 2, true),
        log("north-3", 3, false),
        log("north-4", 4, true),
    ];
    let batches = join_all(logs.iter().map(|log| stage.batch(log.batch())));
    let singles = join_all(ids.iter().map(|id| stage.decide(provider(5), accept(*id))));
    let (batches, singles) = futures::join!(batches, singles);
    let won = batches
        .iter()
        .flatten()
        .chain(&singles)
        .filter(|outcome| outcome.has_succeeded());
    let mut won: Vec<OrderId> = won
        .map(|outcome| outcome.order.as_ref().unwrap().id)
        .collect();
    won.sort_unstable();
    let mut expected = ids.clone();
    expected.sort_unstable();
    assert_eq!(won, expected);
    let accepted = stage.events().await;
    let accepted = accepted
        .iter()
        .filter(|event| event.kind == EventType::OrderAccepted);
    assert_eq!(accepted.count(), ids.len());
}

/// An assignment change waits for decisions in progress, and they for it. SQLite has one writer and
/// requires no such lock.
#[tokio::test]
async fn a_decision_waits_for_a_change_of_its_regions_assignment_and_no_others() {
    let stage = Stage::new(Engine::MariaDb).await;
    let north = stage.pending().await;
    let id = stage.pending().await;
    let decided = transact!(stage.sql, tx => {
        let lock = "SELECT fence FROM region_assignment WHERE region = ? FOR UPDATE";
        tx.fetch_optional::<i64>(lock, vals!["NORTH"]).await?;
        let other = wire::Draft { location: wire::Region::South, ..draft() };
        let south = stage.publish(CommandId(stage.clock.new_id()), customer(1), other).await;
        assert!(south.has_succeeded());
        let waiting = stage.decide(provider(1), accept(north));
        let decided = tokio::time::timeout(Duration::from_millis(300), waiting).await;
        Ok::<_, SqlError>(decided.is_ok())
    });
    assert!(
        !decided.unwrap(),
        "decided while the region's assignment was being changed"
    );
    assert!(stage.decide(provider(1), accept(id)).await.has_succeeded());
}
