//! A provider's limits hold against concurrent requests, and a revoked provider's jobs are found.

use futures::future::join_all;
use order::{events::UserEventConsumer, store::AcceptanceRules};
use platform::consume::EventHandler;
use rstest::rstest;
use wire::{
    Code, CommandBody, Event, EventId, EventType, OrderId, Role, ShareKind, ShareLimits, UserEvent,
};

use crate::stage::*;

async fn pending(stage: &Stage, count: usize) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(stage.pending().await);
    }
    orders
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asks_for_all_jobs_at_once_gets_his_share(#[case] engine: Engine) {
    let stage = Stage::limited(engine, ShareLimits::default()).await;
    let orders = pending(&stage, 12).await;
    let tries = orders
        .iter()
        .map(|id| stage.decide(provider(1), accept(*id)));
    let outcomes = join_all(tries).await;
    let won = outcomes
        .iter()
        .filter(|outcome| outcome.has_succeeded())
        .count();
    assert_eq!(won, 5);
    for refused in outcomes.iter().filter(|outcome| !outcome.has_succeeded()) {
        assert_eq!(refused.code, Some(Code::TooManyOpenJobs));
        assert_eq!(refused.limit.unwrap().limit, ShareKind::OpenJobs);
    }
    let open = orders
        .iter()
        .zip(&outcomes)
        .find(|(_, outcome)| !outcome.has_succeeded());
    let other = stage.decide(provider(2), accept(*open.unwrap().0)).await;
    assert!(other.has_succeeded(), "the rest is for others: {other:?}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_accepts_reads_and_gives_back_comes_to_an_end(#[case] engine: Engine) {
    let stage = Stage::limited(engine, ShareLimits::default()).await;
    let orders = pending(&stage, 12).await;
    let mut read = 0;
    let mut last = None;
    for order_id in orders {
        let accepted = stage.decide(provider(1), accept(order_id)).await;
        read += usize::from(accepted.has_succeeded());
        let reason = None;
        let body = CommandBody::WithdrawAcceptance { order_id, reason };
        last = stage.decide(provider(1), body).await.code;
    }
    assert_eq!(read, 10);
    assert_eq!(last, Some(Code::NotYours));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_jobs_of_a_revoked_person_become_cases_once(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let orders = pending(&stage, 3).await;
    for order in &orders[..2] {
        stage.decide(provider(1), accept(*order)).await;
    }
    stage.decide(provider(2), accept(orders[2])).await;
    let user_id = provider(1).user_id;
    let body = UserEvent {
        user_id,
        role: Role::Provider,
        session_id: None,
    };
    let id = EventId(stage.clock.new_id());
    let event = Event::new(id, EventType::UserRevoked, NOW, "t", &body).unwrap();
    let people = UserEventConsumer {
        store: stage.store.clone(),
    };
    for _ in 0..2 {
        people.handle(&event).await.unwrap();
    }
    let cases = stage.store.list_cases(None, None, 10).await.unwrap();
    assert_eq!(cases.len(), 2);
    assert!(
        cases
            .iter()
            .all(|case| case.kind == "revoked_holder" && case.user_id == user_id)
    );
    assert_eq!(
        stage
            .store
            .list_provider_jobs(user_id, 10)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_customer_who_publishes_all_at_once_has_no_more_open_orders_than_the_bound(
    #[case] engine: Engine,
) {
    let rules = AcceptanceRules {
        open_orders: 3,
        ..AcceptanceRules::OFF
    };
    let stage = Stage::under(engine, rules).await;
    let ids: Vec<_> = (0..8).map(|_| stage.command_id()).collect();
    let publish = |id| stage.publish(id, customer(1), draft());
    let outcomes = join_all(ids.iter().map(|id| publish(*id))).await;
    let made = outcomes
        .iter()
        .filter(|outcome| outcome.has_succeeded())
        .count();
    assert_eq!(made, 3);
    for (id, first) in ids.iter().zip(&outcomes) {
        let again = publish(*id).await;
        assert_eq!(
            again.has_succeeded(),
            first.has_succeeded(),
            "a repeat is answered alike"
        );
        let limit = again.limit.map(|limit| (limit.limit, limit.most));
        assert_eq!(
            limit,
            (!first.has_succeeded()).then_some((ShareKind::OpenOrders, 3))
        );
    }
    let other = stage
        .publish(stage.command_id(), customer(2), draft())
        .await;
    assert!(
        other.has_succeeded(),
        "each customer has a bound of their own"
    );
    let done = outcomes
        .iter()
        .find_map(|outcome| outcome.order.as_ref())
        .unwrap()
        .id;
    let reject = CommandBody::RejectOrder {
        order_id: done,
        reason: "No address there.".into(),
    };
    assert!(stage.decide(admin(), reject).await.has_succeeded());
    let room = stage
        .publish(stage.command_id(), customer(1), draft())
        .await;
    assert!(room.has_succeeded(), "{room:?}");
}
