//! Commands that arrive while a file's only writer is busy are decided together, each answered as
//! if alone.

use std::time::Duration;

use futures::{future::join_all, poll};
use order::store::{AcceptanceRules, Store, StoreError};
use process::clock::Clock;
use rules::{Attempt, Origin};
use wire::{CommandBody, OrderId, Outcome};

use crate::stage::*;

const MANY: i64 = 50;

fn fresh(stage: &Stage) -> CommandBody {
    CommandBody::PublishOrder {
        order_id: OrderId(stage.clock.new_id()),
        order: draft(),
    }
}

fn attempt(stage: &Stage) -> Attempt {
    let command = command(stage.command_id(), fresh(stage));
    Attempt {
        command,
        actor: Some(customer(1)),
        verification: None,
        origin: Origin::Portal,
    }
}

#[tokio::test]
async fn what_waits_for_the_writer_is_decided_in_one_transaction() {
    let stage = Stage::new(Engine::Sqlite).await;
    // All decisions of a transaction have the same system time.
    let store = Store::new(stage.sql.clone(), Clock::system(), AcceptanceRules::OFF);
    let stage = Stage { store, ..stage };
    let busy = stage.sql.begin_transaction().await.unwrap();
    let decided = join_all((0..MANY).map(|_| stage.decide(customer(1), fresh(&stage))));
    let (decided, ()) = tokio::join!(decided, async { busy.rollback().await.unwrap() });
    assert!(decided.iter().all(Outcome::has_succeeded), "{decided:?}");
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, MANY);
    let moments = stage
        .count("SELECT COUNT(DISTINCT decided_at) FROM commands")
        .await;
    assert!(
        moments <= 2,
        "{moments}: the first one's, and that of all who came while it waited"
    );
}

#[tokio::test]
async fn a_command_that_cannot_be_written_takes_no_other_with_it() {
    let stage = Stage::new(Engine::Sqlite).await;
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON commands \
        WHEN (SELECT COUNT(*) FROM commands) = 20 BEGIN SELECT RAISE(ABORT, 'full'); END";
    stage.sql.exec(refuses, Vec::new()).await.unwrap();
    let tries = (0..MANY).map(|_| stage.store.decide_one(attempt(&stage)));
    let results = join_all(tries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
    assert!(results[1].is_ok(), "this one decided for all behind it");
    for table in ["SELECT COUNT(*) FROM orders", "SELECT COUNT(*) FROM outbox"] {
        assert_eq!(stage.count(table).await, 20, "{table}");
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_takes_no_other_with_them() {
    let stage = Stage::new(Engine::Sqlite).await;
    let busy = stage.sql.begin_transaction().await.unwrap();
    let mut first = Box::pin(stage.decide(customer(1), fresh(&stage)));
    let mut second = Box::pin(stage.decide(customer(2), fresh(&stage)));
    let mut rest = Box::pin(join_all(
        (0..MANY).map(|_| stage.decide(customer(3), fresh(&stage))),
    ));
    assert!(poll!(&mut first).is_pending(), "it waits for the writer");
    assert!(poll!(&mut second).is_pending() && poll!(&mut rest).is_pending());
    drop(first);
    assert!(
        poll!(&mut second).is_pending(),
        "it decides for the rest, too"
    );
    drop(second);
    busy.rollback().await.unwrap();
    let decided = rest.await;
    assert!(decided.iter().all(Outcome::has_succeeded), "{decided:?}");
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM orders").await,
        MANY,
        "none of those who left"
    );
}

#[tokio::test]
async fn where_the_writer_is_out_of_reach_nobody_waits_for_the_others_waits() {
    let stage = Stage::new(Engine::Sqlite).await;
    let busy = stage.sql.begin_transaction().await.unwrap();
    // Only the clock moves while the writer is held.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let results = join_all((0..MANY).map(|_| stage.store.decide_one(attempt(&stage)))).await;
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().is_err_and(StoreError::is_unavailable))
    );
    let waited = started.elapsed();
    tokio::time::resume();
    assert!(
        waited < Duration::from_secs(21),
        "two waits for the writer at most, not {waited:?}"
    );
    busy.rollback().await.unwrap();
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, 0);
}
