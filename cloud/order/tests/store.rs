//! What order_db keeps, on both engines: one decision is one transaction, a command takes effect once,
//! and whoever comes second sees who came first.
#![allow(clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use futures::future::join_all;
use order::store::{Listing, Page};
use platform::{sql::SqlError, transact, vals};
use rstest::rstest;
use stage::*;
use wire::{
    Action, Code, CommandBody, CommandId, EventType, OrderEvent, OrderId, OrderStatus, OutcomeKind,
    PaymentStatus, Verdict,
};

fn accept(order_id: OrderId) -> CommandBody {
    CommandBody::AcceptOrder { order_id }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_decision_writes_order_timeline_answer_and_event(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let command_id = stage.command_id();
    let outcome = stage.publish(command_id, customer(1), draft()).await;
    let order = outcome.order.unwrap();
    assert_eq!(order.payment_status, PaymentStatus::Unpaid);
    assert_eq!(stage.store.order(order.id).await.unwrap(), Some(order.clone()));

    let lines = stage.store.timeline(order.id).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].action, lines[0].to), (None, OrderStatus::PendingReview));
    assert_eq!((lines[0].actor, lines[0].command_id), (customer(1), command_id));
    assert_eq!(stage.count("SELECT COUNT(*) FROM commands WHERE applied = 1").await, 1);

    let events = stage.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind, events[0].at), (EventType::OrderCreated, NOW));
    assert_eq!(events[0].trace, command_id.0.simple().to_string());
    let body: OrderEvent = serde_json::from_value(events[0].body.clone()).unwrap();
    assert_eq!(body.order, order, "the whole order, its emoji too");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_providers_one_gets_the_order(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    let tries = (1..=100).map(|n| stage.decide(provider(n), accept(id)));
    let outcomes = join_all(tries).await;
    let won: Vec<_> = outcomes.iter().filter(|outcome| outcome.succeeded()).collect();
    assert_eq!(won.len(), 1);
    let winner = won[0].order.as_ref().unwrap();
    for lost in outcomes.iter().filter(|outcome| !outcome.succeeded()) {
        assert_eq!(lost.code, Some(Code::OrderAlreadyAccepted));
        assert_eq!(lost.order.as_ref(), Some(winner), "the loser sees the winner's state");
        assert_eq!(lost.lost.as_ref().unwrap().winner_decided_at, Some(NOW));
    }
    let accepted = stage.events().await;
    let accepted = accepted.iter().filter(|event| event.kind == EventType::OrderAccepted);
    assert_eq!(accepted.count(), 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM commands").await, 102);
    assert_eq!(stage.count("SELECT COUNT(*) FROM commands WHERE applied = 0").await, 99);
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
    assert!(outcomes.iter().all(wire::Outcome::succeeded), "{outcomes:?}");
    let applied = outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Applied);
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
    assert!(outcomes.iter().all(|outcome| outcome.order.as_ref() == Some(first)));
    assert!(outcomes.iter().all(wire::Outcome::succeeded));
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, 1);

    let other = wire::Draft { title: "Another".into(), ..draft() };
    let reused = stage.publish(command, customer(1), other).await;
    assert_eq!(reused.code, Some(Code::CommandIdReused));
    let stolen = stage.publish(command, customer(2), draft()).await;
    assert_eq!(stolen.code, Some(Code::CommandIdReused));
    assert_eq!(stage.count("SELECT COUNT(*) FROM orders").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_replayed_batch_gets_the_same_answers_and_writes_nothing(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let (free, taken, other) =
        (stage.pending().await, stage.pending().await, stage.pending().await);
    stage.decide(provider(9), accept(taken)).await;
    let unknown = OrderId(stage.clock.new_id());
    let same = stage.command_id();
    let publish = CommandBody::PublishOrder { order_id: unknown, order: draft() };
    let log = Log::of("north-1")
        .then(same, Some(provider(1)), accept(free))
        .then(stage.command_id(), Some(provider(1)), accept(taken))
        .then(same, Some(provider(1)), accept(free))
        .then(same, Some(provider(2)), accept(free))
        .then(stage.command_id(), Some(provider(2)), accept(unknown))
        .then(stage.command_id(), Some(customer(2)), publish)
        .then(stage.command_id(), None, accept(other))
        .then(stage.command_id(), Some(provider(3)), CommandBody::StartOrder { order_id: free });
    let first = stage.batch(log.batch()).await;
    let told: Vec<_> = first.iter().map(|outcome| (outcome.kind, outcome.code)).collect();
    assert_eq!(
        told,
        [
            (OutcomeKind::Applied, None),
            (OutcomeKind::Rejected, Some(Code::OrderAlreadyAccepted)),
            (OutcomeKind::Duplicate, None),
            (OutcomeKind::Rejected, Some(Code::CommandIdReused)),
            (OutcomeKind::Rejected, Some(Code::OrderNotFound)),
            (OutcomeKind::Applied, None),
            (OutcomeKind::Rejected, Some(Code::InvalidToken)),
            (OutcomeKind::Rejected, Some(Code::NotYours)),
        ]
    );
    let offered = &first[1].lost.as_ref().unwrap().nearby;
    assert_eq!(offered.iter().map(|job| job.order_id).collect::<Vec<_>>(), [other]);

    let before = everything(&stage).await;
    let again = stage.batch(log.batch()).await;
    assert_eq!(again, first);
    assert_eq!(everything(&stage).await, before);
}

async fn everything(stage: &Stage) -> Vec<i64> {
    let mut counts = Vec::new();
    for text in [
        "SELECT COUNT(*) FROM commands",
        "SELECT COUNT(*) FROM order_timeline",
        "SELECT COUNT(*) FROM outbox",
        "SELECT COALESCE(MAX(version), 0) FROM orders",
        "SELECT COUNT(*) FROM orders",
    ] {
        counts.push(stage.count(text).await);
    }
    counts
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_lost_acceptance_from_an_edge_stands_in_the_timeline_and_is_told(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.decide(provider(1), accept(id)).await;
    let log = Log::of("north-1").then(stage.command_id(), Some(provider(2)), accept(id));
    stage.batch(log.batch()).await;

    let lines = stage.store.timeline(id).await.unwrap();
    let last = lines.last().unwrap();
    assert_eq!((last.action, last.code), (Some(Action::Accept), Some(Code::OrderAlreadyAccepted)));
    assert_eq!((last.from, last.to), (Some(OrderStatus::Accepted), OrderStatus::Accepted));
    assert_eq!(
        (last.epoch, last.seq, last.verdict),
        (Some(1), Some(1), Some(Verdict::Provisional))
    );
    assert_eq!(last.source.to_string(), "north-1");
    assert!(last.hops.tapped_at < last.hops.edge_at && last.hops.edge_at < last.hops.cloud_at);

    let events = stage.events().await;
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventType::OrderAcceptanceLost);
    let body: OrderEvent = serde_json::from_value(last.body.clone()).unwrap();
    assert_eq!((body.actor, body.code), (provider(2), Some(Code::OrderAlreadyAccepted)));
}

/// Whatever fails, and however late, the transaction leaves nothing: no order, no answer, no line, no
/// event.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_fails_half_way_leaves_nothing(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let exec = async |text| stage.sql.exec(text, Vec::new()).await.unwrap();
    exec("DROP TABLE outbox").await;
    exec(
        "CREATE TABLE outbox (event_id BINARY(16), event TEXT, made_at BIGINT, \
         CHECK (event NOT LIKE '%unwritable%'))",
    )
    .await;
    let publish = |title: &str| CommandBody::PublishOrder {
        order_id: OrderId(stage.clock.new_id()),
        order: wire::Draft { title: title.into(), ..draft() },
    };
    let log = Log::of("north-1").then(stage.command_id(), Some(customer(1)), publish("Good")).then(
        stage.command_id(),
        Some(customer(1)),
        publish("unwritable"),
    );
    let requests = rules::requests(log.batch());
    stage.store.decide_all(&requests).await.unwrap_err();
    assert_eq!(everything(&stage).await, [0, 0, 0, 0, 0]);
    assert_eq!(stage.store.decide_all(&requests[..1]).await.unwrap().len(), 1);
    assert_eq!(everything(&stage).await, [1, 1, 1, 1, 1]);
}

/// More orders than one statement takes, each changed otherwise: published, accepted, withdrawn,
/// cancelled; columns with and without values side by side.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_large_batch_is_written_as_the_rules_decided_it(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let ids: Vec<OrderId> = (0..250).map(|_| OrderId(stage.clock.new_id())).collect();
    let mut log = Log::of("north-1");
    for &order_id in &ids {
        let publish = CommandBody::PublishOrder { order_id, order: draft() };
        log = log.then(stage.command_id(), Some(customer(1)), publish);
    }
    assert!(stage.batch(log.batch()).await.iter().all(wire::Outcome::succeeded));
    let mut log = Log::of("north-2");
    for (n, &order_id) in ids.iter().enumerate() {
        log = log.then(stage.command_id(), Some(admin()), CommandBody::ApproveOrder { order_id });
        if n % 3 > 0 {
            log = log.then(stage.command_id(), Some(provider(n as u128)), accept(order_id));
        }
    }
    assert!(stage.batch(log.batch()).await.iter().all(wire::Outcome::succeeded));
    let mut log = Log::of("north-3");
    for (n, &order_id) in ids.iter().enumerate().filter(|(n, _)| n % 3 > 0) {
        let (actor, body) = match n % 3 {
            1 => (provider(n as u128), CommandBody::WithdrawAcceptance { order_id, reason: None }),
            _ => (customer(1), CommandBody::CancelOrder { order_id, reason: Some("晚了".into()) }),
        };
        log = log.then(stage.command_id(), Some(actor), body);
    }
    let outcomes = stage.batch(log.batch()).await;
    assert!(outcomes.iter().all(wire::Outcome::succeeded), "{outcomes:?}");
    for outcome in outcomes {
        let order = outcome.order.unwrap();
        assert_eq!(stage.store.order(order.id).await.unwrap(), Some(order));
    }
    let statuses = stage
        .rows::<(String, i64)>(
            "SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY status",
        )
        .await;
    assert_eq!(statuses, [("cancelled".to_owned(), 83), ("pending".to_owned(), 167)]);
    let open = "SELECT COUNT(*) FROM orders WHERE provider_id IS NULL AND accepted_at IS NULL \
                AND accepted_source IS NULL";
    assert_eq!(stage.count(open).await, 167);
    assert_eq!(stage.count("SELECT COUNT(*) FROM outbox").await, 250 + 250 + 166 + 166);
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
    let won = batches.iter().flatten().chain(&singles).filter(|outcome| outcome.succeeded());
    let mut won: Vec<OrderId> = won.map(|outcome| outcome.order.as_ref().unwrap().id).collect();
    won.sort_unstable();
    let mut expected = ids.clone();
    expected.sort_unstable();
    assert_eq!(won, expected);
    let accepted = stage.events().await;
    let accepted = accepted.iter().filter(|event| event.kind == EventType::OrderAccepted);
    assert_eq!(accepted.count(), ids.len());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_list_pages_through_every_order_once_newest_first(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let mut expected = Vec::new();
    for n in 0..11 {
        // Some are made in the same millisecond.
        stage.clock.advance(n % 3);
        expected.insert(0, stage.pending().await);
    }
    let other = wire::Draft { location: wire::Region::South, ..draft() };
    stage.publish(stage.command_id(), customer(2), other).await;
    let status = Some(OrderStatus::Pending);
    let customer = Some(customer(1).user_id);
    for listing in [
        Listing { customer, ..Listing::default() },
        Listing { customer, status, ..Listing::default() },
        Listing { status, region: Some(wire::Region::North), ..Listing::default() },
    ] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let slice = stage.store.list(&listing, Page { limit: 4, after }).await.unwrap();
            seen.extend(slice.orders.iter().map(|order| order.id));
            // What is added meanwhile is newer than every page to come.
            after = slice.next.map(|cursor| cursor.to_string().parse().unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{listing:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_found_by_the_code_people_read_aloud(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.pending().await;
    let code = stage.store.order(id).await.unwrap().unwrap().code;
    let listing = Listing { code: Some(code), ..Listing::default() };
    let found = stage.store.list(&listing, Page { limit: 5, after: None }).await.unwrap();
    assert_eq!(found.orders.iter().map(|order| order.id).collect::<Vec<_>>(), [id]);
}

/// Whoever changes how a region assigns waits for the decisions under way, and they for it. SQLite has
/// one writer at a time and needs no such lock.
#[tokio::test]
async fn a_decision_waits_for_a_change_of_its_regions_assignment_and_no_others() {
    let stage = Stage::new(Engine::MariaDb).await;
    let (north, id) = (stage.pending().await, stage.pending().await);
    let decided = transact!(stage.sql, tx => {
        let lock = "SELECT fence FROM region_assignment WHERE region = ? FOR UPDATE";
        tx.one::<(i64,)>(lock, vals!["NORTH"]).await?;
        let other = wire::Draft { location: wire::Region::South, ..draft() };
        let south = stage.publish(CommandId(stage.clock.new_id()), customer(1), other).await;
        assert!(south.succeeded());
        let waiting = stage.decide(provider(1), accept(north));
        let decided = tokio::time::timeout(Duration::from_millis(300), waiting).await;
        Ok::<_, SqlError>(decided.is_ok())
    });
    assert!(!decided.unwrap(), "decided while the region's assignment was being changed");
    assert!(stage.decide(provider(1), accept(id)).await.succeeded());
}
