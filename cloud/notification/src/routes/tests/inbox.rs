//! The list of lines: order, language, pages, read marks, and access.

use wire::PaymentStatus;

use super::*;
use crate::domain::{DeliveryPreferences, KEPT_MS, TimeZone};

#[tokio::test]
async fn the_newest_line_comes_first_in_the_readers_language() {
    let service = InboxService::new().await;
    let english = service.list_lines("", "en").await;
    assert_eq!(
        event_types(&english),
        ["order.accepted", "order.approved", "order.created"]
    );
    assert_eq!(english["items"][2]["title"], "Order published");
    assert_eq!(english["unread"], 3);
    let chinese = service.list_lines("", "zh-CN").await;
    assert_eq!(chinese["items"][2]["title"], "订单已发布");
    assert_eq!(
        chinese["items"][2]["event_id"],
        english["items"][2]["event_id"]
    );
}

#[tokio::test]
async fn a_line_tells_its_times_by_the_clock_of_the_device_that_shows_it() {
    let service = InboxService::new().await;
    let completed = samples::completed(PaymentStatus::Held);
    let mut lines = samples::order_lines(EventType::OrderCompleted, &completed);
    lines.retain(|line| line.user_id == CUSTOMER);
    service
        .store
        .add_line(LineId(Clock::system().new_id()), &lines[0])
        .await
        .unwrap();
    let check = async |query: &str, until: &str| {
        let list = service.list_lines(query, "en").await;
        let contents = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["content"]);
        let content = contents
            .map(|content| content.as_str().unwrap())
            .find(|content| content.contains("ask for a refund by"));
        let content = content.unwrap_or_default();
        assert!(content.contains(until), "{query}: {content}");
    };
    check("?time_zone=Europe/Berlin", "by Nov 27, 2025, 17:00;").await;
    check("", "by Nov 28, 2025, 00:00 GMT+8;").await;
    check("?time_zone=Moon/Base", "by Nov 28, 2025, 00:00 GMT+8;").await;

    let wishes = DeliveryPreferences {
        time_zone: TimeZone::from_name("UTC"),
        ..DeliveryPreferences::default()
    };
    assert!(
        service
            .preferences
            .save_preferences(CUSTOMER, 0, &wishes)
            .await
            .unwrap()
    );
    check("", "by Nov 27, 2025, 16:00;").await;
    check("?time_zone=Moon/Base", "by Nov 27, 2025, 16:00;").await;
    check("?time_zone=Asia/Shanghai", "by Nov 28, 2025, 00:00;").await;
}

#[tokio::test]
async fn a_line_says_its_kind_its_region_and_the_other_side() {
    let service = InboxService::new().await;
    let told = async |person, role| {
        let token = service.token(person, role);
        let list = read_body(
            service
                .ask("GET", "/api/v1/notifications", Some(&token), "en")
                .await,
        )
        .await;
        let items = list["items"].as_array().unwrap().iter();
        let told = items.map(|item| json!([item["kind"], item["location"], item["counterpart"]]));
        told.collect::<Vec<_>>()
    };
    let of_customer = told(CUSTOMER, Role::Customer).await;
    let expected = ["order_accepted", "order_update", "order_created"];
    assert_eq!(
        of_customer,
        expected.map(|kind| json!([kind, "NORTH", PROVIDER]))
    );
    let of_provider = told(PROVIDER, Role::Provider).await;
    assert_eq!(of_provider, [json!(["order_accepted", "NORTH", CUSTOMER])]);
    let of_admin = told(UserId(Uuid::from_u128(90)), Role::Admin).await;
    assert_eq!(of_admin, [json!(["new_order", "NORTH", null])]);
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_repeat() {
    let service = InboxService::new().await;
    let first = service.list_lines("?limit=2", "en").await;
    let next = first["next"].as_str().unwrap();
    let second = service
        .list_lines(&format!("?limit=2&cursor={next}"), "en")
        .await;
    assert_eq!(event_types(&first), ["order.accepted", "order.approved"]);
    assert_eq!(event_types(&second), ["order.created"]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_line_read_is_read_and_twice_is_as_good_as_once() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    let list = service.list_lines("", "en").await;
    let path = format!(
        "/api/v1/notifications/{}/read",
        list["items"][0]["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        let answer = service.ask("PUT", &path, Some(&token), "en").await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let list = service.list_lines("", "en").await;
    assert_eq!(list["unread"], 2);
    assert_eq!(list["items"][0]["is_read"], true);
    assert_eq!(
        event_types(&service.list_lines("?unread=1", "en").await),
        ["order.approved", "order.created"]
    );

    service.clock.advance(KEPT_MS + 1);
    assert_eq!(
        event_types(&service.list_lines("", "en").await),
        ["order.approved", "order.created"]
    );
}

#[tokio::test]
async fn nobody_reads_or_marks_anothers_inbox() {
    let service = InboxService::new().await;
    let provider = service.token(PROVIDER, Role::Provider);
    let mine = service
        .ask("GET", "/api/v1/notifications", Some(&provider), "en")
        .await;
    assert_eq!(event_types(&read_body(mine).await), ["order.accepted"]);

    let list = service.list_lines("", "en").await;
    let path = format!(
        "/api/v1/notifications/{}/read",
        list["items"][0]["id"].as_str().unwrap()
    );
    let stranger = service.token(UserId(Uuid::from_u128(99)), Role::Customer);
    for token in [&provider, &stranger] {
        assert_eq!(
            service.ask("PUT", &path, Some(token), "en").await.status(),
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(service.list_lines("", "en").await["unread"], 3);
    let answer = service
        .ask("GET", "/api/v1/notifications", None, "en")
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?cursor=x", "cursor"),
        ("?unread=x", "unread"),
    ] {
        let path = format!("/api/v1/notifications{query}");
        let answer = service.ask("GET", &path, Some(&token), "en").await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(
            read_body(answer).await["errors"][0]["field"],
            field,
            "{query}"
        );
    }
}
