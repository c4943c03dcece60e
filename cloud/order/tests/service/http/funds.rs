//! The service queries the payment service before refusing an edge's start for funds.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use custody::{FundsQuery, FundsReply};
use rstest::rstest;
use serde_json::{Value, json};
use wire::{
    Actor, Code, CommandBody, CommandId, Event, EventType, OpsDecisions, OrderId, OrderStatus,
    PaymentStatus,
};

use super::service::{Answer, Service};
use crate::{stage::*, store::word};

/// A payment service that returns these events, or is unavailable.
#[derive(Clone, Default)]
pub(super) struct Payments(Arc<Mutex<Script>>);

#[derive(Default)]
pub(super) struct Script {
    pub words: Option<Vec<Event>>,
    pub asked: Vec<OrderId>,
}

impl Payments {
    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/internal/funds", post(funds))
            .with_state(self.clone())
    }
}

async fn funds(State(payments): State<Payments>, Json(asked): Json<FundsQuery>) -> Response {
    let mut script = payments.script();
    script.asked.extend(asked.orders);
    match script.words.clone() {
        Some(words) => Json(FundsReply { words }).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Service {
    async fn accepted(&self) -> OrderId {
        let id = self.stage.pending().await;
        self.stage.decide(provider(1), accept(id)).await;
        id
    }

    /// Sends an edge's ops as the hub does.
    async fn hands_in(&self, ops: &[(CommandId, Actor, CommandBody)]) -> Answer {
        let log = ops.iter().fold(Log::of("north-1"), |log, (id, by, body)| {
            log.then(*id, Some(*by), body.clone())
        });
        self.hands_in_batch(&log).await
    }

    /// Sets NORTH's rules as an operator.
    async fn rules(&self, rules: Value) -> Answer {
        let token = format!("Bearer {}", self.token(admin()));
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/api/v1/admin/assignments/NORTH")
            .header(header::AUTHORIZATION, token);
        let set = self.send(request, Some(json!({ "rules": rules }))).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.body);
        set
    }

    async fn hands_in_batch(&self, log: &Log) -> Answer {
        let token = self
            .service_key
            .issue_token("hub", "order", &self.stage.clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/ops")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, Some(serde_json::to_value(log.batch()).unwrap()))
            .await
    }

    async fn starts(&self, command: CommandId, order_id: OrderId) -> Answer {
        self.hands_in(&[(
            command,
            provider(1),
            CommandBody::StartOrder {
                order_id,
                start_code: None,
                photos: Vec::new(),
            },
        )])
        .await
    }
}

impl Answer {
    #[track_caller]
    fn codes(&self) -> Vec<Option<Code>> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let decisions: OpsDecisions = serde_json::from_value(self.body.clone()).unwrap();
        decisions
            .answers
            .into_iter()
            .map(|answer| decided(answer.decision).code)
            .collect()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_start_whose_price_is_held_by_now_is_not_refused(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.accepted().await;
    let kind = EventType::PaymentStatusChanged;
    let held = word(&service.stage, id, kind, 1, PaymentStatus::Held);
    service.payments.script().words = Some(vec![held]);
    let command = service.stage.command_id();
    assert_eq!(service.starts(command, id).await.codes(), [None]);
    let order = service.stage.store.find_order(id).await.unwrap().unwrap();
    assert_eq!(
        (order.status, order.payment_status),
        (OrderStatus::InProgress, PaymentStatus::Held)
    );
    assert_eq!(service.payments.script().asked, [id]);
    // A repeat gets the stored answer.
    service.starts(command, id).await.codes();
    assert_eq!(service.payments.script().asked, [id]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_start_is_refused_for_funds_once_the_payment_service_has_said_so(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.accepted().await;
    let command = service.stage.command_id();
    service.payments.script().words = Some(Vec::new());
    assert_eq!(
        service.starts(command, id).await.codes(),
        [Some(Code::FundsNotHeld)]
    );
    assert_eq!(service.payments.script().asked, [id]);
    // No query for a repeated refusal, nor for a portal user, who gets the refusal at once.
    service.starts(command, id).await.codes();
    service
        .act(provider(1), id, "start")
        .await
        .refused(400, "funds_not_held");
    assert_eq!(service.payments.script().asked, [id]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn work_that_is_paid_for_afterwards_starts_unpaid_at_portal_and_edge(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let list = "/api/v1/orders/paid-afterwards";
    assert_eq!(
        service.get(customer(1), list).await.body,
        json!({ "items": [] })
    );
    let mine = service.accepted().await;
    let other = service.accepted().await;
    service
        .act(provider(1), mine, "start")
        .await
        .refused(400, "funds_not_held");

    service
        .rules(json!({ "paid_afterwards": ["cleaning_repair", "cleaning_repair"] }))
        .await;
    let told = json!({ "items": [{ "region": "NORTH", "service_types": ["cleaning_repair"] }] });
    for reader in [customer(1), provider(1), admin()] {
        assert_eq!(service.get(reader, list).await.body, told);
    }
    assert_eq!(
        service.act(provider(1), mine, "start").await.status,
        StatusCode::OK
    );
    let done = service.act(provider(1), mine, "complete").await;
    assert_eq!(
        done.body["order"]["payment_status"], "unpaid",
        "the price is still to be paid"
    );
    let command = service.stage.command_id();
    assert_eq!(service.starts(command, other).await.codes(), [None]);
    assert!(
        service.payments.script().asked.is_empty(),
        "there is nothing to ask for"
    );
    let cases = service.get(admin(), "/api/v1/admin/cases").await;
    assert_eq!(cases.body["items"], json!([]), "that is how such work goes");

    let next = service.accepted().await;
    let events = service.stage.events().await.into_iter();
    let accepted = events.filter(|event| event.kind == EventType::OrderAccepted);
    let tells: Vec<_> = accepted
        .map(|event| event.body.get("paid_afterwards").is_some())
        .collect();
    assert_eq!(tells, [false, false, true]);
    service.rules(json!({})).await;
    service
        .act(provider(1), next, "start")
        .await
        .refused(400, "funds_not_held");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn small_work_starts_unpaid_at_an_edge_and_becomes_a_case(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.payments.script().words = Some(Vec::new());
    let small = service.accepted().await;
    let large = service.accepted().await;
    // Each costs 200.00.
    service
        .rules(json!({ "unpaid_start_max": { "price_max": "199.99" } }))
        .await;
    let command = service.stage.command_id();
    assert_eq!(
        service.starts(command, large).await.codes(),
        [Some(Code::FundsNotHeld)]
    );
    let set = service
        .rules(json!({ "unpaid_start_max": { "price_max": "200.00" } }))
        .await;
    let kept = &set.body["assignment"]["rules"];
    assert_eq!(
        kept["unpaid_start_max"],
        json!({ "price_max": "200.00", "currency": "CNY" })
    );
    assert_eq!(
        kept["unpaid_start"],
        json!(false),
        "older readers allow none"
    );
    service
        .act(provider(1), small, "start")
        .await
        .refused(400, "funds_not_held");
    let log = Log::of("north-2");
    let command = service.stage.command_id();
    let log = log.then(
        command,
        Some(provider(1)),
        CommandBody::StartOrder {
            order_id: small,
            start_code: None,
            photos: Vec::new(),
        },
    );
    assert_eq!(service.hands_in_batch(&log).await.codes(), [None]);
    let cases = service.get(admin(), "/api/v1/admin/cases").await;
    assert_eq!(cases.body["items"][0]["kind"], "offline_rule");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_edge_that_was_linked_starts_no_unpaid_work_by_the_rules(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.payments.script().words = Some(Vec::new());
    let linked = service.accepted().await;
    let away = service.accepted().await;
    service.rules(json!({ "unpaid_start": true })).await;
    let [first, second] = [(); 2].map(|()| service.stage.command_id());
    let start = |order_id| CommandBody::StartOrder {
        order_id,
        start_code: None,
        photos: Vec::new(),
    };
    let log = Log::of("north-1")
        .then(first, Some(provider(1)), start(linked))
        .cut_off(false);
    let log = log
        .then(second, Some(provider(1)), start(away))
        .cut_off(true);
    assert_eq!(
        service.hands_in_batch(&log).await.codes(),
        [Some(Code::FundsNotHeld), None]
    );
    let cases = service.get(admin(), "/api/v1/admin/cases").await;
    let listed = cases.body["items"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "the start by the rule: {listed:?}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_start_waits_while_the_payment_service_is_away_and_nothing_of_its_run_is_stored(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let unpaid = service.accepted().await;
    let open = service.stage.pending().await;
    let [first, second] = [(); 2].map(|()| service.stage.command_id());
    let run = [
        (first, provider(2), accept(open)),
        (
            second,
            provider(1),
            CommandBody::StartOrder {
                order_id: unpaid,
                start_code: None,
                photos: Vec::new(),
            },
        ),
    ];
    let lines = "SELECT COUNT(*) FROM order_timeline";
    let before = service.stage.count(lines).await;
    service.hands_in(&run).await.refused(503, "unavailable");
    assert_eq!(service.stage.count(lines).await, before);

    let held = word(
        &service.stage,
        unpaid,
        EventType::PaymentCompleted,
        1,
        PaymentStatus::Held,
    );
    service.payments.script().words = Some(vec![held]);
    assert_eq!(service.hands_in(&run).await.codes(), [None, None]);
}
