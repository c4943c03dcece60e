//! A provider reports that something happened, the customer answers, and the order's people read
//! both in its history.

use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{Code, CommandBody, CommandId, EventType, IncidentKind, OrderId};

use super::service::*;
use crate::stage::*;

const NOTE: &str = "The valve is worn.";

/// An order that provider 1 has accepted.
async fn accepted(service: &Service) -> OrderId {
    let order_id = service.stage.pending().await;
    service.stage.decide(provider(1), accept(order_id)).await;
    order_id
}

fn reports_of(order_id: OrderId) -> String {
    format!("/api/v1/orders/{order_id}/incidents")
}

fn answer_of(order_id: OrderId, report: u128) -> String {
    let report = Uuid::from_u128(report);
    format!("/api/v1/orders/{order_id}/incidents/{report}/answer")
}

fn more_work() -> Value {
    json!({ "kind": "more_work", "note": NOTE, "extra_price": "80.00" })
}

/// Sends the report of more work under this command id.
async fn report(service: &Service, order_id: OrderId, id: u128) -> Answer {
    let id = Some(Uuid::from_u128(id));
    let path = reports_of(order_id);
    service.keyed(provider(1), &path, id, more_work()).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_report_and_its_answer_are_read_by_the_orders_people(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let before = service.stage.store.find_order(order_id).await.unwrap();
    let before = before.unwrap();
    let sent = report(&service, order_id, 70).await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.body);
    let path = answer_of(order_id, 70);
    let declined = service.post(customer(1), &path, json!({ "agreed": false }));
    let declined = declined.await;
    assert_eq!(declined.status.as_u16(), 200, "{}", declined.body);

    let path = format!("/api/v1/orders/{order_id}/timeline");
    for reader in [customer(1), provider(1), admin()] {
        let timeline = service.get(reader, &path).await.body;
        let entries = timeline["items"].as_array().unwrap();
        let [.., told, answered] = entries.as_slice() else {
            panic!("{timeline}");
        };
        let shown = json!({ "kind": "more_work", "extra_price": "80.00" });
        assert_eq!(
            (&told["incident"], &told["action"]),
            (&shown, &json!("report"))
        );
        assert_eq!(told["reason"], NOTE);
        let given = json!({ "incident": Uuid::from_u128(70), "agreed": false });
        assert_eq!(answered["incident_answer"], given);
    }
    service
        .get(provider(2), &path)
        .await
        .refused(404, "order_not_found");
    let after = service.stage.store.find_order(order_id).await.unwrap();
    let after = after.unwrap();
    assert_eq!(
        (after.status, after.price, after.payment_status),
        (before.status, before.price, before.payment_status)
    );
    assert_eq!(after.version, before.version + 2);
}

#[tokio::test]
async fn a_report_made_at_an_edge_keeps_its_tap_time_and_tells_the_customer() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    let body = CommandBody::ReportIncident {
        order_id,
        kind: IncidentKind::NobodyHome,
        note: Some(NOTE.into()),
        extra_price: None,
    };
    let id = CommandId(Uuid::from_u128(70));
    let log = Log::of("north-1").then(id, Some(provider(1)), body);
    let outcomes = service.stage.batch(log.batch()).await;
    assert!(outcomes[0].has_succeeded(), "{outcomes:?}");
    let timeline = service.stage.store.read_timeline(order_id).await.unwrap();
    let told = timeline.last().unwrap();
    assert_eq!(
        told.incident.map(|report| report.kind),
        Some(IncidentKind::NobodyHome)
    );
    assert_eq!((told.seq, told.epoch), (Some(1), Some(1)));
    assert!(told.hops.tapped_at.is_some());
    let events = service.stage.events().await;
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventType::OrderIncidentReported);
    assert_eq!(last.body["incident"], json!({ "kind": "nobody_home" }));
    assert_eq!(last.body["reason"], NOTE);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_answers_at_once_one_counts(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    report(&service, order_id, 70).await;
    let path = answer_of(order_id, 70);
    let tries = (0..8).map(|n| service.post(customer(1), &path, json!({ "agreed": n % 2 == 0 })));
    let answers = futures::future::join_all(tries).await;
    let taken = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(taken.count(), 1);
    for late in answers.iter().filter(|answer| !answer.status.is_success()) {
        late.refused(409, "incident_answered");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_reports_at_once_five_are_taken(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let path = reports_of(order_id);
    let tries = (0..8).map(|_| service.post(provider(1), &path, json!({ "kind": "running_late" })));
    let answers = futures::future::join_all(tries).await;
    let taken = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(taken.count(), wire::INCIDENTS_MAX);
    for late in answers.iter().filter(|answer| !answer.status.is_success()) {
        late.refused(409, "too_many_incidents");
    }
}

#[tokio::test]
async fn a_wrong_report_names_its_field_and_strangers_are_refused() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    let path = reports_of(order_id);
    for (wrong, field) in [
        (json!({ "kind": "more_work" }), "extra_price"),
        (
            json!({ "kind": "other", "extra_price": "1.00" }),
            "extra_price",
        ),
        (json!({ "kind": "other", "note": "x".repeat(501) }), "note"),
    ] {
        let refused = service.post(provider(1), &path, wrong).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field]);
    }
    for (actor, status, code) in [
        (customer(1), 403, Code::RoleForbidden),
        (admin(), 403, Code::RoleForbidden),
        (provider(2), 404, Code::OrderNotFound),
    ] {
        let refused = service.post(actor, &path, more_work()).await;
        refused.refused(status, code.as_str());
    }
    report(&service, order_id, 70).await;
    let path = answer_of(order_id, 70);
    for (actor, status, code) in [
        (provider(1), 403, Code::RoleForbidden),
        (admin(), 403, Code::RoleForbidden),
        (customer(2), 404, Code::OrderNotFound),
    ] {
        let refused = service.post(actor, &path, json!({ "agreed": true })).await;
        refused.refused(status, code.as_str());
    }
    let path = answer_of(order_id, 71);
    let unknown = service.post(customer(1), &path, json!({ "agreed": true }));
    unknown.await.refused(404, "incident_not_found");
}
