//! The order service as its callers meet it: who may ask, what they are told, and that a repeat is
//! answered like the first.
#![allow(clippy::unwrap_used)]

mod stage;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
};
use futures::future::join_all;
use order::Peers;
use platform::{Ground, bus::Bus, cache::Cache};
use process::{
    tasks::Tasks,
    tokens::{Claims, Keys, ServiceKey, Signer, TokenKind},
};
use rstest::rstest;
use serde_json::{Value, json};
use stage::*;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, CommandBody, OpsDecisions, OrderId, Region, SessionId};

struct Service {
    router: Router,
    signer: Signer,
    service_key: ServiceKey,
    stage: Stage,
    tasks: Tasks,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Service {
    async fn new(engine: Engine) -> Self {
        let stage = Stage::new(engine).await;
        let signer = Signer::from_pkcs8(&Signer::generate()).unwrap();
        let keys = Keys::empty();
        keys.replace(&signer.jwks()).unwrap();
        let service_key = ServiceKey::from_pkcs8(&Signer::generate()).unwrap();
        let bus = stage.folder.path().join("bus.db");
        let tasks = Tasks::new();
        let ground = Ground {
            clock: stage.clock.clone(),
            tasks: tasks.clone(),
            bus: Bus::open(&format!("embedded:{}", bus.display())).await.unwrap(),
            cache: Cache::open("memory:").unwrap(),
            keys,
            service_key: service_key.clone(),
        };
        let router = order::open(stage.config.clone(), ground, Peers::default()).await.unwrap();
        Self { router, signer, service_key, stage, tasks }
    }

    fn token(&self, actor: Actor) -> String {
        let iat = self.stage.clock.now().0 / 1000;
        self.signer.sign(&Claims {
            iss: "holdfast".into(),
            sub: actor.user_id,
            role: actor.role,
            jti: SessionId(Uuid::from_u128(1)),
            iat,
            exp: iat + 3600,
            kind: TokenKind::Access,
            device: None,
        })
    }

    async fn send(&self, request: axum::http::request::Builder, body: Option<Value>) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request: Request = request.body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 22).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, actor: Actor, path: &str) -> Answer {
        let token = format!("Bearer {}", self.token(actor));
        let request = Request::builder().uri(path).header(header::AUTHORIZATION, token);
        self.send(request, None).await
    }

    async fn post(&self, actor: Actor, path: &str, body: Value) -> Answer {
        self.keyed(actor, path, None, body).await
    }

    async fn keyed(&self, actor: Actor, path: &str, key: Option<Uuid>, body: Value) -> Answer {
        let token = format!("Bearer {}", self.token(actor));
        let mut request = Request::builder().method(Method::POST).uri(path);
        request = request.header(header::AUTHORIZATION, token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        self.send(request, (!body.is_null()).then_some(body)).await
    }

    async fn act(&self, actor: Actor, id: OrderId, action: &str) -> Answer {
        self.post(actor, &format!("/api/v1/orders/{id}/{action}"), Value::Null).await
    }
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    fn ids(&self) -> Vec<OrderId> {
        let items = self.body["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.body);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

fn draft_json() -> Value {
    json!({
        "title": " Fix a tap ", "service_type": "cleaning_repair", "price": 200,
        "location": "NORTH", "address": "1 Lake Road",
    })
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_published_approved_accepted_and_read(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let published = service.post(customer(1), "/api/v1/orders", draft_json()).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    assert_eq!(published.body["status"], "pending_review");
    assert_eq!(published.body["message"], "Order published. It waits for review.");
    assert_eq!(published.body["order"]["title"], "Fix a tap");
    assert_eq!(published.body["order"]["price"], "200.00");
    assert_eq!(published.body["order"]["payment_status"], "unpaid");
    assert!(published.body["code"].as_str().unwrap().starts_with("N-"));
    let id: OrderId = published.body["order_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(published.headers[header::LOCATION], format!("/api/v1/orders/{id}"));

    let approved = service.act(admin(), id, "approve").await;
    assert_eq!((approved.status, &approved.body["status"]), (StatusCode::OK, &json!("pending")));
    let accepted = service.act(provider(1), id, "accept").await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.body);
    assert_eq!(accepted.body["order_id"], json!(id));
    assert_eq!(accepted.body["status"], "accepted");
    assert_eq!(accepted.body["provider_id"], json!(provider(1).user_id));
    assert_eq!(accepted.body["order"]["address"], "1 Lake Road", "now it is the provider's own");

    let path = format!("/api/v1/orders/{id}/timeline");
    let timeline = service.get(customer(1), &path).await;
    let items = timeline.body["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|item| item["action"].as_str()).collect();
    assert_eq!(actions, [None, Some("approve"), Some("accept")]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ninety_nine_losers_are_told_who_won(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let answers = join_all((1..=100).map(|n| service.act(provider(n), id, "accept"))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(won.len(), 1);
    let winner = &won[0].body["provider_id"];
    for lost in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        lost.refused(400, "order_already_accepted");
        assert_eq!(lost.body["title"], "Order has been accepted by another provider");
        assert_eq!(lost.body["order"]["status"], "accepted");
        assert_eq!(&lost.body["order"]["provider_id"], winner);
        assert_eq!(lost.body["order"]["address"], "", "an address is the winner's to see");
        assert!(lost.body["lost"]["winner_decided_at"].is_string());
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_retry_is_answered_like_the_first(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let key = Some(Uuid::from_u128(77));
    let first = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    let again = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    let mut other = draft_json();
    other["title"] = json!("Another");
    let reused = service.keyed(customer(1), "/api/v1/orders", key, other).await;
    reused.refused(409, "command_id_reused");

    let id = service.stage.pending().await;
    let path = format!("/api/v1/orders/{id}/accept");
    let key = Some(Uuid::from_u128(78));
    let first = service.keyed(provider(1), &path, key, Value::Null).await;
    assert_eq!(first.status, StatusCode::OK);
    for key in [key, None] {
        let again = service.keyed(provider(1), &path, key, Value::Null).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    }
    service.keyed(provider(2), &path, key, Value::Null).await.refused(409, "command_id_reused");

    let key = Some(Uuid::from_u128(79));
    for _ in 0..2 {
        let lost = service.keyed(provider(2), &path, key, Value::Null).await;
        lost.refused(400, "order_already_accepted");
        assert!(lost.body["lost"]["winner_decided_at"].is_string());
    }
}

#[tokio::test]
async fn a_correction_may_be_sent_under_the_same_key() {
    let service = Service::new(Engine::Sqlite).await;
    let key = Some(Uuid::from_u128(80));
    let mut wrong = draft_json();
    wrong["title"] = json!("  ");
    wrong["price"] = json!("0.00");
    wrong["service_start_time"] = json!("2026-01-02T10:00:00Z");
    wrong["service_end_time"] = json!("2026-01-02T09:00:00Z");
    let refused = service.keyed(customer(1), "/api/v1/orders", key, wrong).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["title", "price", "service_end_time"]);
    let published = service.keyed(customer(1), "/api/v1/orders", key, draft_json()).await;
    assert_eq!(published.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_cannot_be_read_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    for (change, field) in [
        (json!({ "price": "12.345" }), "price"),
        (json!({ "location": "NOWHERE" }), "location"),
        (json!({ "service_type": "magic" }), "service_type"),
        (json!({ "service_start_time": "tomorrow" }), "service_start_time"),
    ] {
        let mut draft = draft_json();
        draft.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = service.post(customer(1), "/api/v1/orders", draft).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field], "{}", refused.body);
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/orders")
        .header(header::AUTHORIZATION, format!("Bearer {}", service.token(customer(1))))
        .header("idempotency-key", "not-a-uuid");
    let refused = service.send(request, Some(draft_json())).await;
    refused.refused(422, "invalid_input");
    assert_eq!(refused.fields(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn nothing_is_open_without_a_token() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let get = |path: String| (Method::GET, path);
    let post = |path: String| (Method::POST, path);
    let routes = [
        get("/api/v1/orders".into()),
        get("/api/v1/orders/available".into()),
        get("/api/v1/admin/orders".into()),
        get(format!("/api/v1/orders/{id}")),
        get(format!("/api/v1/orders/{id}/timeline")),
        post("/api/v1/orders".into()),
        post("/internal/ops".into()),
        (Method::PUT, format!("/api/v1/orders/{id}/status")),
    ];
    let actions = ["approve", "reject", "accept", "withdraw", "start", "complete", "cancel"];
    let actions = actions.map(|action| post(format!("/api/v1/orders/{id}/{action}")));
    for (method, path) in routes.into_iter().chain(actions) {
        for token in [None, Some("Bearer nonsense")] {
            let mut request = Request::builder().method(method.clone()).uri(&path);
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, token);
            }
            service.send(request, None).await.refused(401, "invalid_token");
        }
    }
    let commands = service.stage.count("SELECT COUNT(*) FROM commands").await;
    assert_eq!(commands, 2, "none of it was stored");
}

#[tokio::test]
async fn people_do_only_what_is_theirs_to_do() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    service.post(provider(1), "/api/v1/orders", draft_json()).await.refused(403, "role_forbidden");
    service.act(customer(1), id, "accept").await.refused(403, "providers_only");
    service.act(customer(1), id, "approve").await.refused(403, "role_forbidden");
    service.get(customer(1), "/api/v1/admin/orders").await.refused(403, "role_forbidden");
    service.get(customer(1), "/api/v1/orders/available").await.refused(403, "role_forbidden");
    let stranger = service.act(customer(2), id, "cancel").await;
    stranger.refused(403, "not_yours");
    assert_eq!(stranger.body.get("order"), None, "a stranger is shown nothing");
    service.act(provider(1), id, "accept").await;
    service.act(provider(2), id, "start").await.refused(403, "not_yours");
    let unpaid = service.act(provider(1), id, "start").await;
    unpaid.refused(400, "funds_not_held");
    assert_eq!(unpaid.body["order"]["address"], "1 Lake Road");
    let unknown = OrderId(Uuid::from_u128(5));
    service.act(provider(1), unknown, "accept").await.refused(404, "order_not_found");
    let nowhere = service.post(provider(1), "/api/v1/orders/x/accept", Value::Null).await;
    nowhere.refused(404, "not_found");
}

#[tokio::test]
async fn an_order_that_is_not_theirs_does_not_exist_for_them() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let (order, timeline) =
        (format!("/api/v1/orders/{id}"), format!("/api/v1/orders/{id}/timeline"));
    let seen = service.get(provider(2), &order).await;
    assert_eq!((seen.status, &seen.body["address"]), (StatusCode::OK, &json!("")));
    service.get(provider(2), &timeline).await.refused(404, "order_not_found");
    service.get(customer(2), &order).await.refused(404, "order_not_found");
    service.get(customer(2), &timeline).await.refused(404, "order_not_found");
    service.act(provider(1), id, "accept").await;
    service.get(provider(2), &order).await.refused(404, "order_not_found");
    for actor in [customer(1), provider(1), admin()] {
        assert_eq!(service.get(actor, &order).await.body["address"], "1 Lake Road");
        assert_eq!(service.get(actor, &timeline).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn each_list_shows_what_its_reader_may_see() {
    let service = Service::new(Engine::Sqlite).await;
    let (open, taken) = (service.stage.pending().await, service.stage.pending().await);
    service.act(provider(1), taken, "accept").await;
    let south = wire::Draft { location: Region::South, ..draft() };
    service.stage.publish(service.stage.command_id(), customer(2), south).await;

    assert_eq!(service.get(customer(1), "/api/v1/orders").await.ids(), [taken, open]);
    let pending = service.get(customer(1), "/api/v1/orders?status=pending").await;
    assert_eq!(pending.ids(), [open]);
    assert_eq!(service.get(provider(1), "/api/v1/orders").await.ids(), [taken]);
    assert_eq!(service.get(provider(2), "/api/v1/orders").await.ids(), []);
    assert_eq!(service.get(admin(), "/api/v1/orders").await.ids(), []);
    let available = service.get(provider(2), "/api/v1/orders/available").await;
    assert_eq!(available.ids(), [open]);
    assert_eq!(available.body["items"][0]["address"], "");
    let elsewhere = service.get(provider(2), "/api/v1/orders/available?region=SOUTH").await;
    assert_eq!(elsewhere.ids(), []);

    assert_eq!(service.get(admin(), "/api/v1/admin/orders").await.ids().len(), 3);
    let south = service.get(admin(), "/api/v1/admin/orders?region=SOUTH").await;
    assert_eq!(south.ids().len(), 1);
    let code = service.get(admin(), &format!("/api/v1/orders/{open}")).await.body["code"].clone();
    let typed = code.as_str().unwrap().to_lowercase();
    let found = service.get(admin(), &format!("/api/v1/admin/orders?code={typed}")).await;
    assert_eq!(found.ids(), [open]);
    for (query, field) in [("code=x", "code"), ("cursor=x", "cursor")] {
        let refused = service.get(admin(), &format!("/api/v1/admin/orders?{query}")).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field]);
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let service = Service::new(Engine::Sqlite).await;
    for _ in 0..5 {
        service.stage.pending().await;
    }
    let first = service.get(customer(1), "/api/v1/orders?limit=3").await;
    let next = first.body["next"].as_str().unwrap();
    let path = format!("/api/v1/orders?limit=3&cursor={next}");
    let second = service.get(customer(1), &path).await;
    assert_eq!((first.ids().len(), second.ids().len()), (3, 2));
    assert_eq!(second.body["next"], Value::Null);
    let all = service.get(customer(1), "/api/v1/orders?limit=1000").await.ids();
    assert_eq!(all, [first.ids(), second.ids()].concat());
}

#[tokio::test]
async fn a_target_status_is_reached_by_its_action() {
    let service = Service::new(Engine::Sqlite).await;
    let published = service.post(customer(1), "/api/v1/orders", draft_json()).await;
    let id = published.body["order_id"].as_str().unwrap().to_owned();
    let put = async |actor: Actor, body: Value| {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/orders/{id}/status"))
            .header(header::AUTHORIZATION, format!("Bearer {}", service.token(actor)));
        service.send(request, Some(body)).await
    };
    let rejected = put(admin(), json!({ "status": "rejected" })).await;
    rejected.refused(422, "invalid_input");
    assert_eq!(rejected.fields(), ["reason"]);
    assert_eq!(put(admin(), json!({ "status": "pending" })).await.body["status"], "pending");
    assert_eq!(put(provider(1), json!({ "status": "accepted" })).await.body["status"], "accepted");
    assert_eq!(put(provider(1), json!({ "status": "pending" })).await.body["status"], "pending");
    put(customer(1), json!({ "status": "reviewed" })).await.refused(422, "invalid_input");
    let cancelled = put(customer(1), json!({ "status": "cancelled", "reason": "晚了" })).await;
    assert_eq!(cancelled.body["status"], "cancelled");
}

#[tokio::test]
async fn answers_come_in_the_readers_language() {
    let service = Service::new(Engine::Sqlite).await;
    let id = service.stage.pending().await;
    let accept = async |actor: Actor| {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/orders/{id}/accept"))
            .header(header::ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9")
            .header(header::AUTHORIZATION, format!("Bearer {}", service.token(actor)));
        service.send(request, None).await
    };
    assert_eq!(accept(provider(1)).await.body["message"], "接单成功");
    assert_eq!(accept(provider(2)).await.body["title"], "订单已被其他服务商接走");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_run_of_an_edges_log_is_decided_for_the_hub_alone(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let accept = CommandBody::AcceptOrder { order_id: id };
    let log = Log::of("north-1")
        .then(service.stage.command_id(), Some(provider(1)), accept.clone())
        .then(service.stage.command_id(), Some(provider(2)), accept);
    let batch = serde_json::to_value(log.batch()).unwrap();
    let post = async |token: String| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/ops")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        service.send(request, Some(batch.clone())).await
    };
    let clock = &service.stage.clock;
    post(service.token(admin())).await.refused(401, "invalid_token");
    let other = service.service_key.token("hub", "auth", clock);
    post(other).await.refused(401, "invalid_token");
    let stranger = service.service_key.token("notification", "order", clock);
    post(stranger).await.refused(403, "role_forbidden");

    let first = post(service.service_key.token("hub", "order", clock)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let decisions: OpsDecisions = serde_json::from_value(first.body.clone()).unwrap();
    let outcomes: Vec<_> = decisions
        .answers
        .into_iter()
        .map(|answer| (answer.seq, decided(answer.decision)))
        .collect();
    assert_eq!(outcomes.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
    assert!(outcomes[0].1.succeeded() && !outcomes[1].1.succeeded());
    let again = post(service.service_key.token("hub", "order", clock)).await;
    assert_eq!(again.body, first.body);
}

#[tokio::test]
async fn it_says_when_it_is_ready_and_stops_cleanly() {
    let service = Service::new(Engine::Sqlite).await;
    let ready = service.send(Request::builder().uri("/health/ready"), None).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    service.tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_database_that_is_not_up_to_date_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("order.db").display());
    let config = order::Config { sql_url: url.as_str().into(), ..order::Config::default() };
    let bus = format!("embedded:{}", folder.path().join("bus.db").display());
    let ground = Ground {
        clock: process::clock::Clock::fixed(NOW),
        tasks: Tasks::new(),
        bus: Bus::open(&bus).await.unwrap(),
        cache: Cache::open("memory:").unwrap(),
        keys: Keys::empty(),
        service_key: ServiceKey::from_pkcs8(&Signer::generate()).unwrap(),
    };
    let error = order::open(config, ground, Peers::default()).await.err().unwrap();
    let told = process::problem::chain(&error);
    assert!(told.contains("holdfast-cloud migrate"), "{told}");
}
