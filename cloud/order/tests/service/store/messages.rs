//! Messages of an edge's log: several to one order in one transaction, at the same time as those of
//! the portal.

use futures::future::join_all;
use order::store::MessageRow;
use rstest::rstest;
use wire::{Actor, Code, CommandBody, EventType, OrderId, Outcome, OutcomeKind};

use crate::stage::*;

const MINUTE_MS: i64 = 60_000;

fn message(order_id: OrderId, text: &str) -> CommandBody {
    CommandBody::SendMessage {
        order_id,
        text: text.to_owned(),
        photo: None,
    }
}

async fn accepted(stage: &Stage) -> OrderId {
    let order_id = stage.pending().await;
    let accepted = stage.decide(provider(1), accept(order_id)).await;
    assert!(accepted.has_succeeded());
    order_id
}

/// Oldest first.
async fn thread(stage: &Stage, order_id: OrderId) -> Vec<MessageRow> {
    let rows = stage
        .store
        .list_messages(order_id, customer(1), None, 2_000);
    let mut rows = rows.await.unwrap();
    rows.reverse();
    rows
}

fn numbered(rows: &[MessageRow]) -> Vec<(u64, &str)> {
    let rows = rows.iter();
    rows.map(|row| (row.number, row.text.as_str())).collect()
}

fn codes(outcomes: &[Outcome]) -> Vec<Option<Code>> {
    outcomes.iter().map(|outcome| outcome.code).collect()
}

/// The unread messages that were told of, by the part of their writer.
async fn announce(stage: &Stage) -> Vec<Actor> {
    stage.clock.advance(MINUTE_MS);
    stage.store.announce_unread_messages(10).await.unwrap();
    let mut events = stage.events().await;
    events.retain(|event| event.kind == EventType::OrderMessageUnread);
    let actors = events.iter().map(|event| event.body["actor"].clone());
    actors
        .map(|actor| serde_json::from_value(actor).unwrap())
        .collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_batch_of_messages_gets_its_numbers_in_log_order_and_one_notice(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let me = provider(1);
    let job = stage.pending().await;
    let other = accepted(&stage).await;
    let again = stage.command_id();
    let mut log = Log::of("north-1")
        .then(stage.command_id(), Some(me), message(job, "Too early"))
        .then(stage.command_id(), Some(me), accept(job))
        .then(again, Some(me), message(job, "One"))
        .then(stage.command_id(), Some(me), message(other, "Elsewhere"))
        .then(stage.command_id(), Some(customer(1)), message(job, "Two"))
        .then(stage.command_id(), Some(me), message(job, "Three"))
        .then(again, Some(me), message(job, "One"));
    let outcomes = stage.batch(log.batch()).await;
    let early = Some(Code::OrderNotFound);
    assert_eq!(
        codes(&outcomes),
        [early, None, None, None, None, None, None]
    );
    assert_eq!(outcomes[6].kind, OutcomeKind::Duplicate);
    let rows = thread(&stage, job).await;
    assert_eq!(numbered(&rows), [(1, "One"), (2, "Two"), (3, "Three")]);
    assert!(rows.iter().all(|row| row.sent_at == NOW));
    assert_eq!(numbered(&thread(&stage, other).await), [(1, "Elsewhere")]);
    let version = stage.store.find_order(job).await.unwrap().unwrap().version;
    assert_eq!(version, 3, "as the acceptance left it");
    let lines = "SELECT COUNT(*) FROM order_timeline WHERE action = 'message'";
    assert_eq!(stage.count(lines).await, 0);
    assert_eq!(stage.count("SELECT COUNT(*) FROM case_items").await, 0);
    let events = stage.events().await;
    let sent = events
        .iter()
        .filter(|event| event.kind == EventType::OrderMessageSent);
    assert_eq!(sent.count(), 4);

    let told = announce(&stage).await;
    assert_eq!(told.len(), 3, "one in each direction: {told:?}");
    log = log.then(stage.command_id(), Some(me), message(job, "Four"));
    stage.batch(log.batch()).await;
    assert_eq!(announce(&stage).await.len(), 3, "the first line covers it");
    assert_eq!(thread(&stage, job).await.len(), 4);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn logs_of_two_edges_and_the_portal_write_at_once_without_a_gap(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let me = provider(1);
    let job = accepted(&stage).await;
    // The tablet sent each of them through both edges.
    let ids: Vec<_> = (0..6).map(|_| stage.command_id()).collect();
    let batches = ["north-1", "north-2"].map(|edge| {
        let log = ids.iter().enumerate().fold(Log::of(edge), |log, (n, id)| {
            log.then(*id, Some(me), message(job, &format!("tablet {n}")))
        });
        log.batch()
    });
    let portal = (0..6).map(|n| {
        let stage = &stage;
        async move {
            let text = format!("portal {n}");
            stage.decide(customer(1), message(job, &text)).await
        }
    });
    let logs = batches.map(|batch| stage.batch(batch));
    let (logs, portal) = tokio::join!(join_all(logs), join_all(portal));
    let outcomes: Vec<Outcome> = logs.into_iter().flatten().chain(portal).collect();
    assert!(outcomes.iter().all(Outcome::has_succeeded), "{outcomes:?}");
    let rows = thread(&stage, job).await;
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, Vec::from_iter(1..=12));
    let of_tablet = rows.iter().filter(|row| row.text.starts_with("tablet"));
    let of_tablet: Vec<_> = of_tablet.map(|row| row.text.clone()).collect();
    let expected: Vec<_> = (0..6).map(|n| format!("tablet {n}")).collect();
    assert_eq!(of_tablet, expected);
    assert_eq!(announce(&stage).await.len(), 2, "one in each direction");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_id_of_another_provider_is_refused_and_fails_no_batch(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let job = accepted(&stage).await;
    let id = stage.command_id();
    let sent = stage
        .decide_as(id, provider(1), message(job, "Hello"))
        .await;
    assert!(sent.has_succeeded());
    let back = CommandBody::WithdrawAcceptance {
        order_id: job,
        reason: None,
    };
    stage.decide(provider(1), back).await;
    stage.decide(provider(2), accept(job)).await;
    let log = Log::of("north-1")
        .then(id, Some(provider(2)), message(job, "Hello"))
        .then(stage.command_id(), Some(provider(2)), message(job, "Mine"));
    let outcomes = stage.batch(log.batch()).await;
    assert_eq!(codes(&outcomes), [Some(Code::CommandIdReused), None]);
    let rows = thread(&stage, job).await;
    assert_eq!(numbered(&rows), [(1, "Hello"), (2, "Mine")]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_log_that_ends_an_order_still_writes_and_one_a_month_later_does_not(
    #[case] engine: Engine,
) {
    const MONTH_MS: i64 = 30 * 24 * 60 * MINUTE_MS;
    let stage = Stage::new(engine).await;
    let job = accepted(&stage).await;
    let cancel = CommandBody::CancelOrder {
        order_id: job,
        reason: None,
        fee: None,
    };
    let me = Some(customer(1));
    let mut log = Log::of("north-1")
        .then(stage.command_id(), me, cancel)
        .then(stage.command_id(), me, message(job, "Leave the key"));
    let outcomes = stage.batch(log.batch()).await;
    assert_eq!(codes(&outcomes), [None, None]);
    for (later, code) in [(MONTH_MS - 1, None), (1, Some(Code::MessagesClosed))] {
        stage.clock.advance(later);
        log = log.then(stage.command_id(), me, message(job, "My key?"));
        let outcomes = stage.batch(log.batch()).await;
        assert_eq!(outcomes.last().unwrap().code, code);
    }
}
