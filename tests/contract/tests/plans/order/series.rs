//! The statements on a series of orders.

use order::store::{Publication, SeriesPublication, Store};
use process::clock::Clock;
use rules::Recurrence;
use wire::{Actor, CommandBody, CommandId, Draft, OrderId, PlannedTime, Role};

use super::{command, decided, draft, order_of, publication, user};
use crate::NOW;

/// A series of two orders, and the erasure of one of them.
pub(super) async fn publish_and_erase(store: &Store, clock: &Clock) {
    let customer = Actor {
        user_id: user(5),
        role: Role::Customer,
    };
    let first = PlannedTime {
        service_start_time: NOW.plus_ms(3_600_000),
        service_end_time: Some(NOW.plus_ms(7_200_000)),
    };
    let draft = Draft {
        service_start_time: Some(first.service_start_time),
        service_end_time: first.service_end_time,
        ..draft()
    };
    let recurrence = Recurrence::parse("FREQ=WEEKLY;COUNT=2", "Asia/Shanghai").unwrap();
    let times = recurrence.list_occurrences(first).unwrap();
    let command_id = CommandId(clock.new_id());
    let mut published = Vec::new();
    for _ in ["first", "repeat"] {
        let publication = Publication {
            actor: customer,
            ..publication(command_id, draft.clone())
        };
        let decision = store.publish_series(SeriesPublication {
            publication,
            recurrence: recurrence.clone(),
            times: times.clone(),
        });
        published.push(order_of(decision.await.unwrap()).id);
    }
    let order_id = published[0];
    assert_eq!(published[1], order_id);
    let series = store.find_series(order_id).await.unwrap().unwrap();
    let orders = store.list_series_orders(series.id).await.unwrap();
    let ids: Vec<OrderId> = orders.iter().map(|one| one.order.id).collect();
    assert_eq!(store.list_series_places(&ids).await.unwrap().len(), 2);
    let reject = CommandBody::RejectOrder {
        order_id,
        reason: "No address there.".into(),
    };
    decided(store, Role::Admin, command(clock, reject)).await;
    store.start_erasure(customer.user_id, NOW).await.unwrap();
    let due = store.list_due_erasures(1).await.unwrap();
    store.erase_order_texts(order_id, &due[0]).await.unwrap();
    assert_eq!(store.find_series(order_id).await.unwrap(), None);
}
