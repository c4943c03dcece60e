//! Jobs that repeat: all orders of a series or none, each an order like any other.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use order::events::PaymentEventConsumer;
use platform::consume::EventHandler;
use rstest::rstest;
use serde_json::{Value, json};
use support::files::png;
use uuid::Uuid;
use wire::{Actor, EventType, OrderId, OrderStatus, PaymentStatus, UnixMillis};

use super::service::*;
use crate::{
    stage::*,
    store::{reference, word},
};

const HOUR: i64 = 3_600_000;

const WEEK: i64 = 7 * 24 * HOUR;

/// In eight hours, for two hours.
fn form(rule: &str) -> Value {
    let mut form = draft_json();
    form["service_start_time"] = json!(NOW.plus_ms(8 * HOUR));
    form["service_end_time"] = json!(NOW.plus_ms(10 * HOUR));
    form["repeat"] = json!({ "rule": rule, "time_zone": "Asia/Shanghai" });
    form
}

impl Service {
    /// Publishes a series of customer 1. Returns its orders.
    async fn published_series(&self, rule: &str) -> Vec<OrderId> {
        let published = self.post(customer(1), "/api/v1/orders", form(rule)).await;
        assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
        series_ids(&published.body["series"])
    }

    async fn series(&self, reader: Actor, id: OrderId) -> Answer {
        self.get(reader, &format!("/api/v1/orders/{id}/series"))
            .await
    }

    async fn cancel_rest(&self, by: Actor, id: OrderId, key: Option<Uuid>) -> Answer {
        let path = format!("/api/v1/orders/{id}/series/cancel");
        self.keyed(by, &path, key, json!({ "reason": "We move." }))
            .await
    }

    /// Accepted by provider 1, and paid.
    async fn booked(&self, id: OrderId) {
        let accepted = self.act(provider(1), id, "accept").await;
        assert!(accepted.status.is_success(), "{}", accepted.body);
        let held = word(
            &self.stage,
            id,
            EventType::PaymentCompleted,
            1,
            PaymentStatus::Held,
        );
        let store = self.stage.store.clone();
        let payments = PaymentEventConsumer { store };
        payments.handle(&held).await.unwrap();
    }

    async fn count_orders(&self) -> i64 {
        self.stage.count("SELECT COUNT(*) FROM orders").await
    }
}

fn series_ids(series: &Value) -> Vec<OrderId> {
    let items = series["items"].as_array().unwrap();
    items.iter().map(|item| id_of(&item["order_id"])).collect()
}

fn id_of(id: &Value) -> OrderId {
    id.as_str().unwrap().parse().unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_occurrence_is_an_order_of_its_own(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let published = service
        .post(customer(1), "/api/v1/orders", form("freq=weekly;count=4"))
        .await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    let series = &published.body["series"];
    assert_eq!(series["rule"], "FREQ=WEEKLY;COUNT=4");
    assert_eq!(series["time_zone"], "Asia/Shanghai");
    let ids = series_ids(series);
    assert_eq!(ids.len(), 4);
    assert_eq!(id_of(&published.body["order_id"]), ids[0]);
    assert_eq!(id_of(&published.body["order"]["id"]), ids[0]);
    let mut codes = BTreeSet::new();
    for (number, id) in (0i64..).zip(&ids) {
        let order = service.order(*id).await;
        let start = NOW.plus_ms(8 * HOUR + number * WEEK);
        assert_eq!(order.service_start_time, Some(start));
        assert_eq!(order.service_end_time, Some(start.plus_ms(2 * HOUR)));
        assert_eq!(order.status, OrderStatus::PendingReview);
        assert_eq!(order.title, "Fix a tap");
        codes.insert(order.code.to_string());
        let timeline = format!("/api/v1/orders/{id}/timeline");
        let history = service.get(customer(1), &timeline).await;
        assert_eq!(history.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(service.series(customer(1), *id).await.body, *series);
        let shown = service
            .get(customer(1), &format!("/api/v1/orders/{id}"))
            .await;
        let place = json!({ "id": series["id"], "number": number + 1, "occurrences": 4 });
        assert_eq!(shown.body["series"], place);
    }
    assert_eq!(codes.len(), 4);
    let told = service.events_of(EventType::OrderCreated).await;
    assert_eq!(told.len(), 4, "each is told of");

    // The second goes its own way.
    let approved = service.act(admin(), ids[1], "approve").await;
    assert!(approved.status.is_success(), "{}", approved.body);
    let accepted = service.act(provider(1), ids[1], "accept").await;
    assert!(accepted.status.is_success(), "{}", accepted.body);
    let statuses = service.series(customer(1), ids[0]).await;
    let statuses = statuses.body["items"].as_array().unwrap().clone();
    let statuses: Vec<&str> = statuses
        .iter()
        .map(|item| item["status"].as_str().unwrap())
        .collect();
    let waits = "pending_review";
    assert_eq!(statuses, [waits, "accepted", waits, waits]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn people_see_the_orders_of_a_series_that_they_may_read(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let ids = service.published_series("FREQ=WEEKLY;COUNT=3").await;
    for stranger in [customer(2), provider(1)] {
        service
            .series(stranger, ids[0])
            .await
            .refused(404, "order_not_found");
    }
    service.act(admin(), ids[0], "approve").await;
    service.act(admin(), ids[2], "approve").await;
    let open = service.series(provider(1), ids[0]).await.body;
    assert_eq!(series_ids(&open), [ids[0], ids[2]]);
    // From the rule they would read when the other orders are.
    assert_eq!((open.get("rule"), open.get("time_zone")), (None, None));
    let numbers: Vec<&Value> = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["number"])
        .collect();
    assert_eq!(numbers, [1, 3]);
    service.act(provider(2), ids[0], "accept").await;
    service
        .series(provider(1), ids[0])
        .await
        .refused(404, "order_not_found");
    let left = service.series(provider(1), ids[2]).await.body;
    assert_eq!(series_ids(&left), [ids[2]]);
    assert_eq!(series_ids(&service.series(admin(), ids[1]).await.body), ids);

    let board = service
        .get(provider(1), "/api/v1/orders/available")
        .await
        .body;
    let place = json!({ "id": open["id"], "number": 3, "occurrences": 3 });
    assert_eq!(board["items"][0]["series"], place);
    let single = service
        .post(customer(1), "/api/v1/orders", draft_json())
        .await
        .body;
    assert_eq!(single.get("series"), None);
    let single = id_of(&single["order_id"]);
    service
        .series(customer(1), single)
        .await
        .refused(404, "not_found");
    service
        .cancel_rest(customer(1), single, None)
        .await
        .refused(404, "not_found");
    let own = service.get(customer(1), "/api/v1/orders").await.body;
    assert_eq!(own["items"][0].get("series"), None);
    assert_eq!(own["items"][1]["series"]["number"], 3);
    let desk = service
        .get(admin(), "/api/v1/admin/orders?text=tap")
        .await
        .body;
    assert_eq!(desk["items"][1]["series"]["number"], 3);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_request_publishes_nothing_more(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let key = Some(Uuid::from_u128(0x5e1));
    let path = "/api/v1/orders";
    let form = |rule| form(rule);
    let same = "FREQ=WEEKLY;COUNT=5";
    let at_once = (0..6).map(|_| service.keyed(customer(1), path, key, form(same)));
    let answers = futures::future::join_all(at_once).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert_eq!(answer.body["series"], answers[0].body["series"]);
        assert_eq!(answer.body["order_id"], answers[0].body["order_id"]);
    }
    assert_eq!(service.count_orders().await, 5);

    let mut single = form(same);
    single["repeat"] = Value::Null;
    let mut other_zone = form(same);
    other_zone["repeat"]["time_zone"] = json!("Asia/Tokyo");
    let mut other_job = form(same);
    other_job["title"] = json!("Mow the lawn");
    for other in [
        form("FREQ=WEEKLY;COUNT=6"),
        single.clone(),
        other_zone,
        other_job,
    ] {
        let refused = service.keyed(customer(1), path, key, other).await;
        refused.refused(409, "command_id_reused");
    }
    let another = service.keyed(customer(2), path, key, form(same)).await;
    assert_eq!(
        another.status,
        StatusCode::CREATED,
        "keys are a person's own"
    );
    let key = Some(Uuid::from_u128(0x5e2));
    let first = service.keyed(customer(1), path, key, single).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let then = service.keyed(customer(1), path, key, form(same)).await;
    then.refused(409, "command_id_reused");
    assert_eq!(service.count_orders().await, 11);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn every_occurrence_counts_as_an_open_order_and_none_is_published_alone(
    #[case] engine: Engine,
) {
    let service = Service::with_open_orders(engine, 5).await;
    let path = "/api/v1/orders";
    let six = form("FREQ=WEEKLY;COUNT=6");
    let refused = service.post(customer(1), path, six).await;
    refused.refused(429, "too_many_open_orders");
    assert_eq!(refused.body["limit"]["most"], 5, "{}", refused.body);
    for table in [
        "SELECT COUNT(*) FROM orders",
        "SELECT COUNT(*) FROM order_timeline",
        "SELECT COUNT(*) FROM commands",
        "SELECT COUNT(*) FROM series",
        "SELECT COUNT(*) FROM series_orders",
    ] {
        assert_eq!(service.stage.count(table).await, 0, "{table}");
    }
    let three = service.published_series("FREQ=WEEKLY;COUNT=3").await;
    let more = service
        .post(customer(1), path, form("FREQ=WEEKLY;COUNT=3"))
        .await;
    more.refused(429, "too_many_open_orders");
    service.act(admin(), three[2], "approve").await;
    let cancelled = service.act(customer(1), three[2], "cancel").await;
    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    service.published_series("FREQ=WEEKLY;COUNT=3").await;
    assert_eq!(service.count_orders().await, 6);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_wrong_rule_names_its_field(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let wrong_zone = json!({ "rule": "FREQ=DAILY;COUNT=3", "time_zone": "Mars/Base" });
    for (repeat, field) in [
        (
            json!({ "rule": "FREQ=YEARLY;COUNT=3", "time_zone": "Asia/Shanghai" }),
            "rule",
        ),
        (
            json!({ "rule": "FREQ=DAILY;COUNT=27", "time_zone": "Asia/Shanghai" }),
            "rule",
        ),
        (
            json!({ "rule": "FREQ=DAILY;COUNT=1", "time_zone": "Asia/Shanghai" }),
            "rule",
        ),
        (
            json!({ "rule": "FREQ=DAILY", "time_zone": "Asia/Shanghai" }),
            "rule",
        ),
        (wrong_zone, "time_zone"),
    ] {
        let mut form = form("");
        let mut asked = repeat.clone();
        form["repeat"] = repeat;
        let published = service
            .post(customer(1), "/api/v1/orders", form.clone())
            .await;
        published.refused(422, "invalid_input");
        assert_eq!(published.fields(), [format!("repeat.{field}")]);
        for time in ["service_start_time", "service_end_time"] {
            asked[time] = form[time].clone();
        }
        let previewed = service
            .post(customer(1), "/api/v1/orders/occurrences", asked)
            .await;
        previewed.refused(422, "invalid_input");
        assert_eq!(previewed.fields(), [field]);
    }
    let mut any_time = form("FREQ=DAILY;COUNT=3");
    any_time["service_start_time"] = Value::Null;
    any_time["service_end_time"] = Value::Null;
    let refused = service.post(customer(1), "/api/v1/orders", any_time).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["service_start_time"]);
    assert_eq!(service.count_orders().await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_preview_lists_the_times_that_a_publication_has(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    // Over the night in which the clocks go forward there.
    let start = UnixMillis(1_774_339_200_000);
    let asked = json!({
        "rule": "FREQ=WEEKLY;COUNT=2", "time_zone": "Europe/Berlin",
        "service_start_time": start, "service_end_time": start.plus_ms(2 * HOUR),
    });
    let path = "/api/v1/orders/occurrences";
    let listed = service.post(customer(1), path, asked.clone()).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    let next = start.plus_ms(WEEK - HOUR);
    let expected = json!([
        { "service_start_time": start, "service_end_time": start.plus_ms(2 * HOUR) },
        { "service_start_time": next, "service_end_time": next.plus_ms(2 * HOUR) },
    ]);
    assert_eq!(listed.body["items"], expected);
    assert_eq!(service.count_orders().await, 0);
    for other in [provider(1), admin()] {
        let refused = service.post(other, path, asked.clone()).await;
        refused.refused(403, "role_forbidden");
    }
    let mut form = form("FREQ=WEEKLY;COUNT=2");
    form["repeat"]["time_zone"] = json!("Europe/Berlin");
    form["service_start_time"] = json!(start);
    form["service_end_time"] = json!(start.plus_ms(2 * HOUR));
    let published = service.post(customer(1), "/api/v1/orders", form).await;
    let times: Vec<&Value> = published.body["series"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["service_start_time"])
        .collect();
    assert_eq!(times, [&json!(start), &json!(next)]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_rest_of_a_series_is_cancelled_one_by_one(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let ids = service.published_series("FREQ=WEEKLY;COUNT=5").await;
    for id in &ids {
        service.act(admin(), *id, "approve").await;
    }
    service.booked(ids[2]).await;
    let started = service.act(provider(1), ids[2], "start").await;
    assert!(started.status.is_success(), "{}", started.body);
    for stranger in [customer(2), provider(1)] {
        let refused = service.cancel_rest(stranger, ids[1], None).await;
        assert!(refused.status.is_client_error(), "{}", refused.body);
    }
    let key = Some(Uuid::from_u128(0x5e3));
    let cancelled = service.cancel_rest(customer(1), ids[1], key).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    let outcomes = |answer: &Answer| -> Vec<(u64, String, String)> {
        let items = answer.body["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        items
            .map(|item| {
                let number = item["number"].as_u64().unwrap();
                (number, text(&item["status"]), text(&item["refused"]))
            })
            .collect()
    };
    let outcome =
        |number, status: &str, refused: &str| (number, status.to_owned(), refused.to_owned());
    let expected = [
        outcome(2, "cancelled", ""),
        outcome(3, "in_progress", "wrong_state"),
        outcome(4, "cancelled", ""),
        outcome(5, "cancelled", ""),
    ];
    assert_eq!(outcomes(&cancelled), expected);
    assert_eq!(service.order(ids[0]).await.status, OrderStatus::Pending);
    let told = service.events_of(EventType::OrderCancelled).await;
    let versions = service.order(ids[3]).await.version;
    let again = service.cancel_rest(customer(1), ids[1], key).await;
    assert_eq!(outcomes(&again), expected);
    assert_eq!(service.order(ids[3]).await.version, versions);
    let later = service.events_of(EventType::OrderCancelled).await;
    assert_eq!(later.len(), told.len(), "a repeat cancels nothing");
    assert_eq!(told.len(), 3);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_occurrence_that_costs_a_fee_is_not_cancelled_with_the_rest(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let ids = service.published_series("FREQ=WEEKLY;COUNT=2").await;
    for id in &ids {
        service.act(admin(), *id, "approve").await;
        service.booked(*id).await;
    }
    let cancelled = service.cancel_rest(customer(1), ids[0], None).await;
    let items = &cancelled.body["items"];
    assert_eq!(items[0]["refused"], "terms_changed", "{items}");
    assert_eq!(items[1]["status"], "cancelled", "{items}");
    assert_eq!(items[1].get("refused"), None, "{items}");
    assert_eq!(service.order(ids[0]).await.status, OrderStatus::Accepted);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_photo_is_sent_once_for_all_orders_of_a_series(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bytes = png(120, 100);
    let photo = reference(&bytes);
    let mut form = form("FREQ=WEEKLY;COUNT=3");
    form["photos"] = json!([photo]);
    let published = service.post(customer(1), "/api/v1/orders", form).await;
    let ids = series_ids(&published.body["series"]);
    let (status, sent) = service
        .put_photo(customer(1), ids[1], photo.hash, &bytes)
        .await;
    assert_eq!(status, 200, "{sent}");
    for id in ids {
        let listed = service.list(customer(1), id).await.body;
        assert_eq!(listed["items"][0]["arrived_at"], json!(NOW), "{listed}");
        service.shown(customer(1), id, photo.hash).await;
    }
}
