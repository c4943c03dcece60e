//! The record of what admins change, as the gateway writes it and admins read it.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    common::{Answer, Engine, MINUTE_MS, NOW},
    roles::Staff,
};

const APPROVE: &str = "/api/v1/orders/{id}/approve";
const REVOKE: &str = "/api/v1/admin/users/{id}/revoke";

fn act(by: &str, route: &str, key: Option<&str>) -> Value {
    let id = "0193a1c2-0000-7000-8000-000000000001";
    json!({
        "by": by,
        "method": "POST",
        "route": route,
        "path": route.replace("{id}", id),
        "key": key,
        "trace": "0193a1c2000070008000000000000001",
    })
}

impl Staff {
    async fn call_as_gateway(&self, path: &str, body: Value) -> Answer {
        let token = self
            .auth
            .service_key
            .issue_token("gateway", "auth", &self.auth.clock);
        self.ask(&token, Method::POST, path, Some(body)).await
    }

    async fn record(&self, act: Value) -> String {
        let answer = self.call_as_gateway("/internal/acts", act).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    async fn acts(&self, query: &str) -> Answer {
        let path = format!("/api/v1/admin/acts?{query}");
        let answer = self.ask(&self.admin, Method::GET, &path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let answer = self.acts(query).await;
        let items = answer.body["items"].as_array().unwrap();
        let ids = items.iter().map(|item| item["id"].as_str().unwrap().into());
        ids.collect()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn acts_are_listed_by_person_change_and_time(#[case] engine: Engine) {
    let staff = Staff::open(engine).await;
    let boss = staff.id("boss").await;
    let other = staff.id("zhang").await;
    let first = staff.record(act(&boss, APPROVE, None)).await;
    staff.auth.clock.advance(MINUTE_MS);
    let second = staff.record(act(&boss, REVOKE, None)).await;
    staff.auth.clock.advance(MINUTE_MS);
    let third = staff.record(act(&other, APPROVE, None)).await;
    let end = format!("/internal/acts/{second}");
    let ended = staff.call_as_gateway(&end, json!({ "status": 409 })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);

    let [later, later_still] = [1, 2].map(|n| NOW.plus_ms(n * MINUTE_MS));
    let approvals = "change=POST%20/api/v1/orders/%7Bid%7D/approve";
    for (query, expected) in [
        (String::new(), vec![&third, &second, &first]),
        (format!("by={boss}"), vec![&second, &first]),
        (approvals.to_owned(), vec![&third, &first]),
        (format!("{approvals}&by={other}"), vec![&third]),
        (format!("since={later}"), vec![&third, &second]),
        (format!("until={later}"), vec![&first]),
        (format!("since={later}&until={later_still}"), vec![&second]),
        (format!("until={NOW}"), vec![]),
    ] {
        let listed = staff.listed(&query).await;
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
    }

    let page = staff.acts("limit=2").await;
    let next = page.body["next"].as_str().unwrap();
    let rest = staff.listed(&format!("limit=2&cursor={next}")).await;
    assert_eq!(rest, [first]);
    let item = &page.body["items"][1];
    let mut expected = act(&boss, REVOKE, None);
    expected.as_object_mut().unwrap().remove("key");
    expected["id"] = json!(second);
    expected["at"] = json!(later);
    expected["status"] = json!(409);
    assert_eq!(item, &expected);
    assert_eq!(page.body["items"][0].get("status"), None);
}

/// A route may heed no key, or have forgotten it: each request may be a change of its own.
#[tokio::test]
async fn requests_under_one_key_have_an_entry_each() {
    let staff = Staff::open(Engine::Sqlite).await;
    let boss = staff.id("boss").await;
    let key = Some("0193a1c2-0000-7000-8000-0000000000aa");
    let first = staff.record(act(&boss, REVOKE, key)).await;
    let end = format!("/internal/acts/{first}");
    staff.call_as_gateway(&end, json!({ "status": 200 })).await;
    let second = staff.record(act(&boss, REVOKE, key)).await;
    let end = format!("/internal/acts/{second}");
    staff.call_as_gateway(&end, json!({ "status": 409 })).await;
    let listed = staff.acts("").await;
    let items = listed.body["items"].as_array().unwrap();
    let answers: Vec<_> = items.iter().map(|item| &item["status"]).collect();
    assert_eq!(answers, [409, 200]);
}

#[tokio::test]
async fn people_write_no_acts_and_read_them_by_their_permission_alone() {
    let staff = Staff::open(Engine::Sqlite).await;
    let boss = staff.id("boss").await;
    for path in [
        "/internal/acts",
        "/internal/acts/0193a1c2-0000-7000-8000-000000000001",
    ] {
        let body = Some(act(&boss, REVOKE, None));
        let refused = staff.ask(&staff.admin, Method::POST, path, body).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let unknown = "/internal/acts/0193a1c2-0000-7000-8000-000000000001";
    let missing = staff
        .call_as_gateway(unknown, json!({ "status": 200 }))
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let wrong = "/api/v1/admin/acts?change=approve";
    let refused = staff.ask(&staff.admin, Method::GET, wrong, None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body["errors"][0]["field"], "change");
}
