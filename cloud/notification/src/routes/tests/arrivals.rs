//! What an operator's trace reads of the inboxes.

use wire::UnixMillis;

use super::*;

/// Asks for the accepted order's event, which is the third.
async fn arrivals(service: &InboxService, token: &str, people: &Value) -> (StatusCode, Value) {
    let event = EventId(Uuid::from_u128(3));
    let query = json!({"events": [{"event": event, "people": people}]});
    let request = Request::post("/internal/arrivals")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(query.to_string()))
        .unwrap();
    let response = service.router.clone().oneshot(request).await.unwrap();
    (response.status(), read_body(response).await)
}

#[tokio::test]
async fn a_trace_shows_who_has_a_line_since_when_and_no_text() {
    let service = InboxService::new().await;
    let before = Clock::system().now();
    let token = service.token(CUSTOMER, Role::Customer);
    let list = service.list_lines("", "en").await;
    let id = list["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/notifications/{id}/read");
    service.ask("PUT", &path, Some(&token), "en").await;
    let admin = service.token(UserId(Uuid::from_u128(99)), Role::Admin);
    let people = json!([
        {"user_id": CUSTOMER, "role": "customer"},
        {"user_id": PROVIDER, "role": "provider"},
        {"user_id": Uuid::from_u128(98), "role": "provider"},
    ]);
    let (status, shown) = arrivals(&service, &admin, &people).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    let items = shown["items"].as_array().unwrap();
    let of = |user: UserId| {
        let found = items
            .iter()
            .find(|item| item["user_id"] == user.to_string());
        found.unwrap_or_else(|| panic!("{user} in {shown}"))
    };
    assert_eq!(items.len(), 2, "a stranger and the admins have no line");
    // Not the event's time, which is long ago.
    let at: UnixMillis = serde_json::from_value(of(PROVIDER)["at"].clone()).unwrap();
    assert!(at.plus_ms(60_000) > before, "{shown}");
    assert!(of(CUSTOMER)["read_at"].is_string() && of(PROVIDER).get("read_at").is_none());
    let text = shown.to_string();
    assert!(
        !text.contains("title") && !text.contains("content"),
        "{text}"
    );

    let (status, _) = arrivals(&service, &token, &people).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "only for admins");
    let many: Vec<&Value> = std::iter::repeat_n(&people[0], 9).collect();
    let (status, _) = arrivals(&service, &admin, &json!(many)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
