//! Stale orders are closed on record, once.

use futures::join;
use order::{Config, jobs};
use platform::vals;
use rstest::rstest;
use wire::{CommandBody, Draft, EventType, OrderId, OrderStatus, Role, UnixMillis};

use crate::stage::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const AGE_MS: i64 = 30 * DAY_MS;

async fn status(stage: &Stage, id: OrderId) -> OrderStatus {
    stage.store.find_order(id).await.unwrap().unwrap().status
}

async fn unapproved(stage: &Stage, start: Option<UnixMillis>) -> OrderId {
    let draft = Draft {
        service_start_time: start,
        service_end_time: None,
        ..draft()
    };
    let published = stage.publish(stage.command_id(), customer(1), draft).await;
    published.order.unwrap().id
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn orders_that_wait_in_vain_are_closed_once_with_event_and_history(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let waits = stage.pending().await;
    let unseen = unapproved(&stage, None).await;
    let taken = stage.pending().await;
    stage.decide(provider(1), accept(taken)).await;
    let booked = unapproved(&stage, Some(UnixMillis(NOW.0 + 90 * DAY_MS))).await;
    let reopened = stage.pending().await;
    stage.decide(provider(1), accept(reopened)).await;
    stage.clock.advance(DAY_MS);
    let body = CommandBody::WithdrawAcceptance {
        order_id: reopened,
        reason: None,
    };
    stage.decide(provider(1), body).await;
    stage.clock.advance(AGE_MS - DAY_MS);
    assert_eq!(
        jobs::close_stale_orders(&stage.store, AGE_MS)
            .await
            .unwrap(),
        0,
        "not yet"
    );
    stage.clock.advance(1);
    let young = stage.pending().await;

    // Two replicas at once, as after losing the claim on a run.
    let before = stage.events().await.len();
    let (one, two) = join!(
        jobs::close_stale_orders(&stage.store, AGE_MS),
        jobs::close_stale_orders(&stage.store, AGE_MS)
    );
    assert_eq!(one.unwrap() + two.unwrap(), 2);
    assert_eq!(
        jobs::close_stale_orders(&stage.store, AGE_MS)
            .await
            .unwrap(),
        0
    );
    for (id, expected) in [
        (waits, OrderStatus::Cancelled),
        (unseen, OrderStatus::Rejected),
        (taken, OrderStatus::Accepted),
        (booked, OrderStatus::PendingReview),
        (reopened, OrderStatus::Pending),
        (young, OrderStatus::Pending),
    ] {
        assert_eq!(status(&stage, id).await, expected, "{expected}");
    }
    let events = stage.events().await.split_off(before);
    let mut kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    assert_eq!(kinds, [EventType::OrderCancelled, EventType::OrderRejected]);
    for (id, words) in [(waits, "无人接单"), (unseen, "Publish it again")] {
        let line = stage.store.read_timeline(id).await.unwrap().pop().unwrap();
        assert!(line.reason.unwrap().contains(words));
        assert!(line.actor.role == Role::Admin && line.actor.user_id.0.is_nil());
    }
}

/// A provider may accept between listing a stale order and closing it.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_that_was_taken_meanwhile_is_not_closed(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let id = stage.pending().await;
    stage.clock.advance(AGE_MS + 1);
    let since = stage.store.stale_since(AGE_MS);
    assert_eq!(
        stage
            .store
            .find_stale(OrderStatus::Pending, since, 9)
            .await
            .unwrap(),
        [id]
    );
    stage.decide(provider(1), accept(id)).await;
    // As if accepted long ago: only its status protects it.
    let old = "UPDATE orders SET updated_at = ?";
    stage.sql.exec(old, vals![NOW]).await.unwrap();
    assert!(!stage.store.close_stale(id, since, "Late.").await.unwrap());
    assert_eq!(status(&stage, id).await, OrderStatus::Accepted);
}

#[test]
fn orders_stay_open_where_the_config_says_so() {
    let days = |stale_after_days| {
        Config {
            stale_after_days,
            ..Config::default()
        }
        .stale_after()
    };
    assert_eq!((days(0), days(30)), (None, Some(AGE_MS)));
}
