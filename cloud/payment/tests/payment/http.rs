//! What callers meet: payments, refunds and statements, by owner and role.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use custody::{KnownOrder, KnownOrders, KnownQuestion, MoneyStep};
use futures::future::join_all;
use payment::{Config, Peers};
use platform::{Ground, upstream::Upstream};
use process::config::Secret;
use ring::hmac;
use rstest::rstest;
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Amount, Draft, Order, OrderAndTerms, OrderId, OrderStatus, Role};

use crate::stage::*;

const CUSTOMER: u128 = 1;
const PROVIDER: u128 = 7;

/// An order service that knows one order, and the number of the last word about its money that it has taken.
#[derive(Clone)]
pub struct Orders(pub Arc<Mutex<(Order, u64)>>);

struct Service {
    router: Router,
    issuer: Issuer,
    orders: Orders,
    stage: Stage,
}

struct Answer {
    status: StatusCode,
    body: Value,
}

impl Orders {
    pub fn new() -> Self {
        let draft =
            Draft { price: Amount::from_minor(PRICE).unwrap(), ..support::samples::draft() };
        let order = Order::published(order_id(0), draft, user(1), NOW, wire::Source::Portal);
        Self(Arc::new(Mutex::new((order, 0))))
    }

    pub fn upstream(&self) -> Upstream {
        let router = Router::new()
            .route("/internal/orders/{id}", get(show))
            .route("/internal/known-orders", post(known));
        Upstream::local(router.with_state(self.clone()))
    }

    /// Changes the order; nobody is told.
    pub fn change(&self, change: impl FnOnce(&mut Order)) {
        let (order, _) = &mut *self.0.lock().unwrap();
        order.provider_id = Some(user(PROVIDER));
        order.version += 1;
        change(order);
    }

    /// The order has taken this word about its money.
    pub fn took(&self, money_version: u64) {
        self.0.lock().unwrap().1 = money_version;
    }

    /// As payment_db hears it.
    pub fn heard(&self) -> MoneyStep {
        let (order, _) = self.0.lock().unwrap().clone();
        MoneyStep::OrderHeard(payment::events::heard(&order, None))
    }
}

impl Service {
    async fn new(engine: Engine) -> Self {
        let stage = Stage::new(engine).await;
        let issuer = Issuer::new();
        let ground = testing::ground(stage.folder.path(), &stage.clock).await;
        let ground = Ground { keys: issuer.keys(), ..ground };
        let orders = Orders::new();
        let order = orders.upstream();
        let config = Config { callback_secret: secret(), ..stage.config.clone() };
        let router = payment::open(config, ground, Peers { order }).await.unwrap();
        let service = Self { router, issuer, orders, stage };
        service.order(|order| order.status = OrderStatus::Accepted);
        service
    }

    fn order(&self, change: impl FnOnce(&mut Order)) {
        self.orders.change(change);
    }

    async fn send(&self, by: Actor, request: (Method, &str), key: &str, body: Value) -> Answer {
        let token = self.issuer.token(by, self.stage.clock.now());
        let mut request = Request::builder().method(request.0).uri(request.1);
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn post(&self, by: Actor, path: &str, body: Value) -> Answer {
        self.send(by, (Method::POST, path), "", body).await
    }

    async fn get(&self, by: Actor, path: &str) -> Answer {
        self.send(by, (Method::GET, path), "", Value::Null).await
    }

    async fn pay(&self, by: Actor) -> Answer {
        self.post(by, "/api/v1/payments", payment_json()).await
    }
}

impl Answer {
    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        let told = self.body["code"].as_str().unwrap_or_default();
        assert_eq!((self.status.as_u16(), told), (status, code), "{}", self.body);
    }

    #[track_caller]
    fn items(&self) -> &[Value] {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["items"].as_array().unwrap()
    }
}

/// Signs callbacks.
const CALLBACK_SECRET: &str = "between the two of us";

fn secret() -> Secret {
    serde_json::from_value(json!(CALLBACK_SECRET)).unwrap()
}

async fn show(State(orders): State<Orders>, Path(id): Path<OrderId>) -> Response {
    let (order, _) = orders.0.lock().unwrap().clone();
    if order.id == id {
        return Json(OrderAndTerms { order, terms: None }).into_response();
    }
    let body = json!({ "type": "", "title": "", "status": 404, "code": "order_not_found" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn known(
    State(orders): State<Orders>,
    Json(asked): Json<KnownQuestion>,
) -> Json<KnownOrders> {
    let (order, money_version) = orders.0.lock().unwrap().clone();
    let is_meant = match asked {
        KnownQuestion::Named(ids) => ids.contains(&order.id),
        KnownQuestion::Changed { since, after } => order.updated_at >= since && after.is_none(),
    };
    let known = KnownOrder { order, terms: None, money_version };
    Json(KnownOrders { items: is_meant.then_some(known).into_iter().collect() })
}

fn payment_json() -> Value {
    json!({ "order_id": order_id(0), "amount": "200.01" })
}

fn customer(n: u128) -> Actor {
    Actor { user_id: user(n), role: Role::Customer }
}

fn provider(n: u128) -> Actor {
    Actor { user_id: user(n), role: Role::Provider }
}

fn admin() -> Actor {
    Actor { user_id: user(0xA), role: Role::Admin }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_customer_pays_an_order_once(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let paid = service.pay(customer(CUSTOMER)).await;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.body);
    assert_eq!(
        (&paid.body["status"], &paid.body["amount"]),
        (&json!("completed"), &json!("200.01"))
    );
    assert_eq!(paid.body["transaction_id"], paid.body["id"]);
    service.pay(customer(CUSTOMER)).await.refused(409, "already_paid");
    let path = format!("/api/v1/payments/{}", paid.body["id"].as_str().unwrap());
    for (who, status) in
        [(customer(CUSTOMER), 200), (admin(), 200), (customer(2), 404), (provider(PROVIDER), 404)]
    {
        assert_eq!(service.get(who, &path).await.status.as_u16(), status, "{who:?}");
    }
    let list = format!("/api/v1/payments?order_id={}", order_id(0));
    assert_eq!(service.get(customer(CUSTOMER), &list).await.items().len(), 1);
    let methods = service.get(customer(CUSTOMER), "/api/v1/payments/methods").await;
    assert_eq!(methods.items()[0], json!({ "method": "simulated", "simulated": true }));
    service.get(customer(2), &list).await.refused(404, "order_not_found");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_wrong_payment_is_refused_by_its_code(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let pay = async |by: Actor, change: Value| {
        let mut body = payment_json();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        service.post(by, "/api/v1/payments", body).await
    };
    let me = customer(CUSTOMER);
    pay(me, json!({ "amount": "200.00" })).await.refused(422, "amount_mismatch");
    pay(me, json!({ "currency": "USD" })).await.refused(422, "amount_mismatch");
    pay(me, json!({ "payment_method": "4111111111111111" })).await.refused(422, "invalid_input");
    pay(me, json!({ "order_id": Uuid::nil() })).await.refused(404, "order_not_found");
    pay(customer(2), json!({})).await.refused(404, "order_not_found");
    pay(provider(PROVIDER), json!({})).await.refused(403, "role_forbidden");
    service.order(|order| order.status = OrderStatus::Cancelled);
    pay(me, json!({})).await.refused(409, "order_not_payable");
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM payments").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_that_nobody_has_taken_is_not_payable(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.order(|order| (order.status, order.provider_id) = (OrderStatus::Pending, None));
    service.pay(customer(CUSTOMER)).await.refused(409, "order_not_payable");
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM dues").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_payments_under_one_key_are_one_with_one_answer(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let to = (Method::POST, "/api/v1/payments");
    let send =
        |key: &'static str| service.send(customer(CUSTOMER), to.clone(), key, payment_json());
    let answers = join_all((0..50).map(|_| send("pay once"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED));
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM simulated_movements").await, 1);
    assert_eq!(service.stage.money(0).await.held_minor(), PRICE);
    send("another key").await.refused(409, "already_paid");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refund_is_asked_for_decided_and_sent(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let ask = json!({ "order_id": order_id(0), "amount": 50, "reason": "It still drips." });
    let me = customer(CUSTOMER);
    service.post(me, "/api/v1/refunds", ask.clone()).await.refused(409, "not_refundable");
    service.order(|order| order.status = OrderStatus::InProgress);
    service.post(customer(2), "/api/v1/refunds", ask.clone()).await.refused(404, "order_not_found");
    let too_much = json!({ "order_id": order_id(0), "amount": "200.02", "reason": "All." });
    service.post(me, "/api/v1/refunds", too_much).await.refused(422, "amount_mismatch");
    let asked = service.post(me, "/api/v1/refunds", ask.clone()).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    assert_eq!(asked.body["status"], "open");
    let open = service.get(admin(), "/api/v1/admin/refunds").await;
    assert_eq!(open.items()[0]["reason"], "It still drips.");
    service.get(me, "/api/v1/admin/refunds").await.refused(403, "role_forbidden");
    let id = asked.body["id"].as_str().unwrap();
    let grant = format!("/api/v1/admin/refunds/{id}/grant");
    service.post(me, &grant, Value::Null).await.refused(403, "role_forbidden");
    let granted = service.post(admin(), &grant, json!({ "amount": "40.00" })).await;
    assert_eq!(
        (&granted.body["status"], &granted.body["granted"]),
        (&json!("granted"), &json!("40.00"))
    );
    service.post(admin(), &grant, Value::Null).await.refused(409, "refund_decided");
    let refuse = format!("/api/v1/admin/refunds/{id}/refuse");
    service.post(admin(), &refuse, Value::Null).await.refused(409, "refund_decided");
    assert_eq!(service.stage.money(0).await.returned_minor(), 4_000);
    let anew = format!("/api/v1/admin/orders/{}/refund-anew", order_id(0));
    service.post(admin(), &anew, Value::Null).await.refused(409, "nothing_failed");
    assert!(service.get(admin(), "/api/v1/admin/money-cases").await.items().is_empty());
    let list = format!("/api/v1/refunds?order_id={}", order_id(0));
    assert_eq!(service.get(me, &list).await.items().len(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn everybody_reads_what_was_booked_for_them_alone(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle(&service.stage.courier).await.unwrap();
    let path = format!("/api/v1/orders/{}/statement", order_id(0));
    let actions = async |who: Actor| {
        let answer = service.get(who, &path).await;
        let items = answer.items().iter();
        let line = |item: &Value| {
            format!("{} {}", item["action"].as_str().unwrap(), item["amount"].as_str().unwrap())
        };
        items.map(line).collect::<Vec<_>>()
    };
    assert_eq!(actions(customer(CUSTOMER)).await, ["charge 200.01"]);
    assert_eq!(actions(provider(PROVIDER)).await, ["release -180.01"]);
    assert_eq!(actions(admin()).await.len(), 5);
    service.get(customer(2), &path).await.refused(404, "order_not_found");
    service.get(provider(8), &path).await.refused(404, "order_not_found");
    let mine = service.get(provider(PROVIDER), "/api/v1/statements").await;
    let fees =
        |answer: &Answer| answer.items().iter().map(|item| item["fee"].clone()).collect::<Vec<_>>();
    assert_eq!(fees(&mine), [json!("20.00")]);
    // The same on the order's statement, and on the provider's line alone.
    assert_eq!(fees(&service.get(provider(PROVIDER), &path).await), [json!("20.00")]);
    let all = service.get(admin(), &path).await;
    assert_eq!(fees(&all).iter().filter(|fee| !fee.is_null()).count(), 1);
    let earned = service.get(provider(PROVIDER), "/api/v1/earnings").await;
    let expected = json!([{ "currency": "CNY", "available": "180.01", "sending": "0.00" }]);
    assert_eq!(earned.body["items"], expected);
    assert!(service.get(provider(8), "/api/v1/earnings").await.items().is_empty());
    service.get(customer(CUSTOMER), "/api/v1/earnings").await.refused(403, "role_forbidden");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_mends_on_record_a_refund_that_cannot_be_sent(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.stage.becomes(0, 3, OrderStatus::Accepted).await;
    service.stage.pays(0, "simulated.no_refund").await;
    service.stage.becomes(0, 9, OrderStatus::Cancelled).await;
    service.stage.courier.carry_all().await.unwrap();
    let desk = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let money = service.get(admin(), &desk).await;
    assert_eq!(money.status, StatusCode::OK, "{}", money.body);
    assert_eq!(
        (&money.body["saga"], &money.body["held"]),
        (&json!("needs_person"), &json!("200.01"))
    );
    let refund = &money.body["refunds"][0];
    assert_eq!((&refund["status"], &refund["source"]), (&json!("rejected"), &json!("held")));
    service.get(customer(CUSTOMER), &desk).await.refused(403, "role_forbidden");

    let by_hand = format!("/api/v1/admin/orders/{}/paid-otherwise", order_id(0));
    let told = json!({ "refund_id": refund["id"], "reason": "By bank transfer 4711." });
    service.post(customer(CUSTOMER), &by_hand, told.clone()).await.refused(403, "role_forbidden");
    let silent = json!({ "refund_id": refund["id"], "reason": " " });
    service.post(admin(), &by_hand, silent).await.refused(422, "invalid_input");
    let other = json!({ "refund_id": Uuid::from_u128(404), "reason": "By hand." });
    service.post(admin(), &by_hand, other).await.refused(409, "nothing_failed");
    let done = service.post(admin(), &by_hand, told.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
    service.post(admin(), &by_hand, told).await.refused(409, "nothing_failed");
    let money = service.get(admin(), &desk).await.body;
    assert_eq!((&money["saga"], &money["held"]), (&json!("done"), &json!("0.00")));
    assert_eq!(money["payment_status"], "refunded");
    assert_eq!(money["acts"].as_array().unwrap().len(), 1, "what was refused is no act");
    assert_eq!(money["acts"][0]["reason"], "By bank transfer 4711.");

    let open = service.get(admin(), "/api/v1/admin/money-cases").await;
    assert_eq!(open.items()[0]["kind"], "refund_failed");
    let close = format!("/api/v1/admin/money-cases/{}/close", open.items()[0]["id"]);
    let why = json!({ "reason": "Paid by hand." });
    service.post(provider(PROVIDER), &close, why.clone()).await.refused(403, "role_forbidden");
    for _ in 0..2 {
        let closed = service.post(admin(), &close, why.clone()).await;
        assert!(closed.body["closed_at"].is_string(), "{}", closed.body);
    }
    assert!(service.get(admin(), "/api/v1/admin/money-cases").await.items().is_empty());
    service
        .post(admin(), "/api/v1/admin/money-cases/77/close", why)
        .await
        .refused(404, "not_found");
    let acts = service.get(admin(), &desk).await.body["acts"].clone();
    let kinds: Vec<_> = acts.as_array().unwrap().iter().map(|act| act["kind"].clone()).collect();
    assert_eq!(kinds, ["case_closed", "paid_otherwise"]);
    let plain =
        "SELECT COUNT(*) FROM money_acts WHERE reason LIKE '%hand%' OR reason LIKE '%transfer%'";
    assert_eq!(service.stage.count(plain).await, 0, "reasons are sealed");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn goodwill_and_compensation_come_from_the_platforms_own_money(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let goodwill = format!("/api/v1/admin/orders/{}/goodwill", order_id(0));
    let kind = json!({ "amount": "10.00", "reason": "It took three visits." });
    service.post(admin(), &goodwill, kind.clone()).await.refused(409, "not_refundable");
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle(&service.stage.courier).await.unwrap();
    for amount in ["0.00", "-1.00", "200.02"] {
        let wrong = json!({ "amount": amount, "reason": "Sorry." });
        assert_eq!(service.post(admin(), &goodwill, wrong).await.status.as_u16(), 422, "{amount}");
    }
    service.post(customer(CUSTOMER), &goodwill, kind.clone()).await.refused(403, "role_forbidden");
    for _ in 0..2 {
        let to = (Method::POST, goodwill.as_str());
        let given = service.send(admin(), to, "once", kind.clone()).await;
        assert_eq!(given.status, StatusCode::NO_CONTENT, "{}", given.body);
    }
    let pays = format!("/api/v1/admin/orders/{}/compensation", order_id(0));
    let form =
        |amount: &str| json!({ "provider_id": user(8), "amount": amount, "reason": "In vain." });
    for _ in 0..2 {
        let paid = service.post(admin(), &pays, form("30.00")).await;
        assert_eq!(paid.status, StatusCode::NO_CONTENT, "{}", paid.body);
    }
    service.post(admin(), &pays, form("40.00")).await.refused(422, "amount_mismatch");
    let nobodys = format!("/api/v1/admin/orders/{}/compensation", order_id(404));
    service.post(admin(), &nobodys, form("1.00")).await.refused(404, "order_not_found");
    let money = service.stage.money(0).await;
    assert_eq!(money.returned_minor(), 1_000);
    assert_eq!(money.balance(custody::LedgerAccount::Loss), 4_000);
    assert_eq!(money.balance(custody::LedgerAccount::Provider(user(8))), -3_000);
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM money_acts").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn admins_read_the_reconciliation_report(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let path = "/api/v1/payments/reconciliation";
    let report = service.get(admin(), path).await;
    assert_eq!(report.status, StatusCode::OK, "{}", report.body);
    assert_eq!((&report.body["differences"], &report.body["waiting"]), (&json!([]), &json!([])));
    for who in [customer(CUSTOMER), provider(PROVIDER)] {
        service.get(who, path).await.refused(403, "role_forbidden");
    }
}

impl Service {
    /// A message of the adapter, signed by this secret.
    async fn called_back(&self, secret: &str, body: &str) -> Answer {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hex::encode(hmac::sign(&key, body.as_bytes()));
        let request = Request::builder().method(Method::POST);
        let request =
            request.uri("/api/v1/payments/callbacks/simulated").header("x-signature", tag);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }
}

/// Forged, early, late, twice, out of order, for another amount: the adapter's own word alone counts, and all of them
/// are on record.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_callback_only_makes_us_ask(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    stage.done(0, service.orders.heard()).await;
    let payment = stage.pays(0, "simulated.waiting").await;
    let says = |state: &str, amount: &str| {
        json!({ "id": payment.0, "state": state, "amount": amount }).to_string()
    };
    service
        .called_back("a stranger's", &says("paid", "200.01"))
        .await
        .refused(401, "signature_wrong");
    service.called_back("", &says("paid", "200.01")).await.refused(401, "signature_wrong");
    // A true signature, and a lie: the adapter has no money.
    for told in [says("paid", "200.01"), says("failed", "0.00")] {
        assert_eq!(service.called_back(CALLBACK_SECRET, &told).await.status, StatusCode::OK);
        assert_eq!(stage.money(0).await.held_minor(), 0);
        assert!(stage.money(0).await.open_payment().is_some());
    }
    let nobodys = json!({ "id": Uuid::from_u128(404), "state": "paid" }).to_string();
    service.called_back(CALLBACK_SECRET, &nobodys).await.refused(404, "not_found");
    service.called_back(CALLBACK_SECRET, "no form at all").await.refused(404, "not_found");

    let payment::adapter::Payments::Simulated(bank) = &stage.courier.adapter;
    assert!(bank.pays(payment).await.unwrap());
    // It names another amount, comes twice, and is followed by an older one: what was paid is held, once.
    for told in [says("paid", "1.00"), says("paid", "1.00"), says("pending", "200.01")] {
        assert_eq!(service.called_back(CALLBACK_SECRET, &told).await.status, StatusCode::OK);
        assert_eq!(stage.money(0).await.held_minor(), PRICE);
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM journals").await, 1);

    let record = service.get(admin(), "/api/v1/admin/payment-callbacks").await;
    let verdicts: Vec<_> = record.items().iter().map(|item| item["verdict"].clone()).collect();
    let (asked, unknown, forged) = ("asked", "unknown", "forged");
    let expected = [asked, asked, asked, unknown, unknown, asked, asked, forged, forged];
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words
    };
    let verdicts = verdicts.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    assert_eq!(sorted(verdicts), sorted(expected.map(str::to_owned).to_vec()));
    let forged = "SELECT COUNT(*) FROM callbacks WHERE verdict = 'forged' AND movement_id IS NULL";
    assert_eq!(stage.count(forged).await, 2, "what a stranger says is not even read");
    for text in ["UPDATE callbacks SET verdict = 'asked'", "DELETE FROM callbacks"] {
        assert!(stage.sql.exec(text, Vec::new()).await.is_err(), "{text}");
    }
    service
        .get(customer(CUSTOMER), "/api/v1/admin/payment-callbacks")
        .await
        .refused(403, "role_forbidden");
    let elsewhere =
        service.post(customer(CUSTOMER), "/api/v1/payments/callbacks/other", json!({})).await;
    elsewhere.refused(404, "not_found");
}

#[tokio::test]
async fn callbacks_are_bounded_in_size_and_number() {
    let service = Service::new(Engine::Sqlite).await;
    let large = "x".repeat(64 * 1024 + 1);
    service.called_back(CALLBACK_SECRET, &large).await.refused(413, "body_too_large");
    for n in 0..100 {
        let forged = service.called_back("a stranger's", "{}").await;
        assert_eq!(forged.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    service.called_back(CALLBACK_SECRET, "{}").await.refused(429, "too_many_requests");
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM callbacks").await,
        60,
        "forged ones have a bound"
    );
    service.stage.clock.advance(1_000);
    service.called_back(CALLBACK_SECRET, "{}").await.refused(404, "not_found");
}
