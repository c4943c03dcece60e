//! What admins change is on record before a part hears of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use gateway::Config;
use platform::upstream::Upstream;
use process::parts::CloudPart;
use serde_json::{Value, json};
use wire::Role;

use crate::common::{Answer, Gate, USER};

const REVOKE: &str = "/api/v1/admin/users/0193a1c2-0000-7000-8000-000000000001/revoke";
const KEY: &str = "0193a1c2-0000-7000-8000-0000000000aa";

async fn change(gate: &Gate, role: Role, path: &str) -> Answer {
    let token = gate.token(role);
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("idempotency-key", KEY);
    gate.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn an_admins_change_is_on_record_with_its_answer() {
    let gate = Gate::new().await;
    let answer = change(&gate, Role::Admin, REVOKE).await;
    assert_eq!(answer.status, StatusCode::OK);
    let is_answered = |acts: &Vec<Value>| acts.iter().all(|act| act["status"].is_u64());
    let acts = gate
        .auth
        .wait_for_acts(|acts| acts.len() == 1 && is_answered(acts))
        .await;
    let expected = json!([{
        "by": USER,
        "method": "POST",
        "route": "/api/v1/admin/users/{id}/revoke",
        "path": REVOKE,
        "key": KEY,
        "trace": KEY.replace('-', ""),
        "status": 200,
    }]);
    assert_eq!(Value::from(acts), expected);
}

#[tokio::test]
async fn a_change_that_cannot_be_put_on_record_reaches_no_part() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let order = Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let gate = Gate::with(Config::default(), "memory:", |peers| {
        peers.with_part(CloudPart::Order, Upstream::from_router(order))
    })
    .await;
    let approve = "/api/v1/orders/0193a1c2-0000-7000-8000-000000000001/approve";
    let done = change(&gate, Role::Admin, approve).await;
    assert_eq!(
        (done.status, calls.swap(0, Ordering::Relaxed)),
        (StatusCode::OK, 1)
    );
    gate.auth.set(|auth| auth.takes_no_acts = true);
    let refused = change(&gate, Role::Admin, approve).await;
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert_eq!(
        (refused.status, refused.code(), &refused.body["part"]),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            &"auth".into()
        )
    );
}

#[tokio::test]
async fn what_changes_nothing_or_needs_no_permission_of_an_admin_is_not_recorded() {
    let gate = Gate::new().await;
    gate.auth.set(|auth| auth.takes_no_acts = true);
    let admin = gate.token(Role::Admin);
    for (method, path) in [
        (Method::GET, "/api/v1/admin/users"),
        (Method::POST, "/api/v1/auth/password"),
        (Method::PUT, "/api/v1/notifications/x/read"),
    ] {
        let answer = gate.ask(&method, path, Some(&admin)).await;
        assert_eq!(answer.status, StatusCode::OK, "{method} {path}");
    }
    let cancel = "/api/v1/orders/0193a1c2-0000-7000-8000-000000000001/cancel";
    let answer = change(&gate, Role::Customer, cancel).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(gate.auth.acts(), Vec::<Value>::new());
    let answer = change(&gate, Role::Admin, cancel).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
