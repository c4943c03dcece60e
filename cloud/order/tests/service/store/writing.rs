//! One decision is one transaction: written in full or not at all.

use rstest::rstest;
use wire::{
    Action, Code, CommandBody, EventType, OrderEvent, OrderId, OrderStatus, Outcome, OutcomeKind,
    PaymentStatus, Verdict,
};

use crate::stage::*;

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
    assert_eq!(
        stage.store.find_order(order.id).await.unwrap(),
        Some(order.clone())
    );

    let lines = stage.store.read_timeline(order.id).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].action, lines[0].to),
        (None, OrderStatus::PendingReview)
    );
    assert_eq!(
        (lines[0].actor, lines[0].command_id),
        (customer(1), command_id)
    );
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM commands WHERE applied = 1")
            .await,
        1
    );

    let events = stage.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind, events[0].at),
        (EventType::OrderCreated, NOW)
    );
    assert_eq!(events[0].trace, command_id.0.simple().to_string());
    let body: OrderEvent = serde_json::from_value(events[0].body.clone()).unwrap();
    assert_eq!(body.order, order, "the whole order, its emoji too");
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

    let lines = stage.store.read_timeline(id).await.unwrap();
    let last = lines.last().unwrap();
    assert_eq!(
        (last.action, last.code),
        (Some(Action::Accept), Some(Code::OrderAlreadyAccepted))
    );
    assert_eq!(
        (last.from, last.to),
        (Some(OrderStatus::Accepted), OrderStatus::Accepted)
    );
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
    assert_eq!(
        (body.actor, body.code),
        (provider(2), Some(Code::OrderAlreadyAccepted))
    );
}

/// A failure at any point leaves nothing: no order, answer, timeline entry or event.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_fails_half_way_leaves_nothing(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let exec = async |text| stage.sql.exec(text, Vec::new()).await.unwrap();
    exec("DROP TABLE outbox").await;
    // The fake outbox rejects a second event at the same moment.
    exec(
        "CREATE TABLE outbox (event_id BINARY(16), event TEXT, made_at BIGINT UNIQUE, \
         order_id BINARY(16))",
    )
    .await;
    let publish = |title: &str| CommandBody::PublishOrder {
        order_id: OrderId(stage.clock.new_id()),
        order: wire::Draft {
            title: title.into(),
            ..draft()
        },
    };
    let log = Log::of("north-1")
        .then(stage.command_id(), Some(customer(1)), publish("Good"))
        .then(stage.command_id(), Some(customer(1)), publish("Better"));
    let requests = rules::submissions_from_batch(log.batch());
    stage.store.decide_all(&requests).await.unwrap_err();
    assert_eq!(everything(&stage).await, [0, 0, 0, 0, 0]);
    assert_eq!(
        stage.store.decide_all(&requests[..1]).await.unwrap().len(),
        1
    );
    assert_eq!(everything(&stage).await, [1, 1, 1, 1, 1]);
}

/// Publishes each of these orders.
fn log_publications(stage: &Stage, ids: &[OrderId]) -> Log {
    let mut log = Log::of("north-1");
    for &order_id in ids {
        let publish = CommandBody::PublishOrder {
            order_id,
            order: draft(),
        };
        log = log.then(stage.command_id(), Some(customer(1)), publish);
    }
    log
}

/// Approves each order; two of three are accepted, each by another provider.
fn log_approvals_and_acceptances(stage: &Stage, ids: &[OrderId]) -> Log {
    let mut log = Log::of("north-2");
    for (n, &order_id) in ids.iter().enumerate() {
        let approve = CommandBody::ApproveOrder { order_id };
        log = log.then(stage.command_id(), Some(admin()), approve);
        if n % 3 > 0 {
            let by = provider(n as u128);
            log = log.then(stage.command_id(), Some(by), accept(order_id));
        }
    }
    log
}

/// Withdraws one of two accepted orders and cancels the other.
fn log_withdrawals_and_cancels(stage: &Stage, ids: &[OrderId]) -> Log {
    let mut log = Log::of("north-3");
    for (n, &order_id) in ids.iter().enumerate().filter(|(n, _)| n % 3 > 0) {
        let (actor, body) = match n % 3 {
            1 => (
                provider(n as u128),
                CommandBody::WithdrawAcceptance {
                    order_id,
                    reason: None,
                },
            ),
            _ => (
                customer(1),
                CommandBody::CancelOrder {
                    order_id,
                    reason: Some("晚了".into()),
                    fee: None,
                },
            ),
        };
        log = log.then(stage.command_id(), Some(actor), body);
    }
    log
}

async fn decide_without_refusal(stage: &Stage, log: &Log) -> Vec<Outcome> {
    let outcomes = stage.batch(log.batch()).await;
    assert!(outcomes.iter().all(Outcome::has_succeeded), "{outcomes:?}");
    outcomes
}

/// More orders than one statement takes, each changed differently (published, accepted, withdrawn,
/// cancelled), mixing null and non-null columns.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_large_batch_is_written_as_the_rules_decided_it(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let ids: Vec<OrderId> = (0..250).map(|_| OrderId(stage.clock.new_id())).collect();
    decide_without_refusal(&stage, &log_publications(&stage, &ids)).await;
    decide_without_refusal(&stage, &log_approvals_and_acceptances(&stage, &ids)).await;
    let ends = log_withdrawals_and_cancels(&stage, &ids);
    for outcome in decide_without_refusal(&stage, &ends).await {
        let order = outcome.order.unwrap();
        assert_eq!(stage.store.find_order(order.id).await.unwrap(), Some(order));
    }
    let statuses = stage
        .rows::<(String, i64)>(
            "SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY status",
        )
        .await;
    assert_eq!(
        statuses,
        [("cancelled".to_owned(), 83), ("pending".to_owned(), 167)]
    );
    let open = "SELECT COUNT(*) FROM orders WHERE provider_id IS NULL AND accepted_at IS NULL \
                AND accepted_source IS NULL";
    assert_eq!(stage.count(open).await, 167);
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM outbox").await,
        250 + 250 + 166 + 166
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_replayed_batch_gets_the_same_answers_and_writes_nothing(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let free = stage.pending().await;
    let taken = stage.pending().await;
    let other = stage.pending().await;
    stage.decide(provider(9), accept(taken)).await;
    let unknown = OrderId(stage.clock.new_id());
    let same = stage.command_id();
    let publish = CommandBody::PublishOrder {
        order_id: unknown,
        order: draft(),
    };
    let log = Log::of("north-1")
        .then(same, Some(provider(1)), accept(free))
        .then(stage.command_id(), Some(provider(1)), accept(taken))
        .then(same, Some(provider(1)), accept(free))
        .then(same, Some(provider(2)), accept(free))
        .then(stage.command_id(), Some(provider(2)), accept(unknown))
        .then(stage.command_id(), Some(customer(2)), publish)
        .then(stage.command_id(), None, accept(other))
        .then(
            stage.command_id(),
            Some(provider(3)),
            CommandBody::StartOrder {
                order_id: free,
                start_code: None,
                photos: Vec::new(),
            },
        );
    let first = stage.batch(log.batch()).await;
    let told: Vec<_> = first
        .iter()
        .map(|outcome| (outcome.kind, outcome.code))
        .collect();
    assert_eq!(
        told,
        [
            (OutcomeKind::Applied, None),
            (OutcomeKind::Rejected, Some(Code::OrderAlreadyAccepted)),
            (OutcomeKind::Duplicate, None),
            (OutcomeKind::Rejected, Some(Code::OrderAlreadyAccepted)),
            (OutcomeKind::Rejected, Some(Code::OrderNotFound)),
            (OutcomeKind::Applied, None),
            (OutcomeKind::Rejected, Some(Code::InvalidToken)),
            (OutcomeKind::Rejected, Some(Code::NotYours)),
        ]
    );
    let offered = &first[1].lost.as_ref().unwrap().nearby;
    assert_eq!(
        offered.iter().map(|job| job.order_id).collect::<Vec<_>>(),
        [other]
    );

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
async fn trying_out_leaves_nothing_and_fails_where_every_batch_would(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    stage
        .store
        .run_trial_decision(wire::Region::North)
        .await
        .unwrap();
    assert_eq!(everything(&stage).await, [0, 0, 0, 0, 0]);
    stage
        .sql
        .exec("DROP TABLE commands", Vec::new())
        .await
        .unwrap();
    stage
        .store
        .run_trial_decision(wire::Region::North)
        .await
        .unwrap_err();
}
