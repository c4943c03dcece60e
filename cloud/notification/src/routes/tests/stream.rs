//! The stream of changes that an open page reads, and the lines that an admin's role shows.

use std::{collections::BTreeSet, time::Duration};

use process::sse::EventReader;

use super::*;

/// Reads messages until an inbox state arrives.
async fn read_inbox_news(reader: &mut EventReader) -> Value {
    loop {
        let message = reader.next().await.unwrap();
        let text = std::str::from_utf8(&message).unwrap();
        if let Some(data) = text.strip_prefix("event: inbox\ndata: ") {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_page_hears_of_each_change_of_its_own_inbox() {
    let service = InboxService::new().await;
    assert_eq!(
        service
            .ask("GET", "/internal/stream", None, "en")
            .await
            .status(),
        StatusCode::UNAUTHORIZED
    );
    let token = service.token(CUSTOMER, Role::Customer);
    let answer = service
        .ask("GET", "/internal/stream", Some(&token), "en")
        .await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut reader = EventReader::new(answer.into_body());
    let news = read_inbox_news(&mut reader).await;
    assert_eq!(
        (&news["unread"], &news["newest"]["type"]),
        (&3.into(), &"order.accepted".into())
    );

    let path = format!(
        "/api/v1/notifications/{}/read",
        news["newest"]["id"].as_str().unwrap()
    );
    service.ask("PUT", &path, Some(&token), "en").await;
    assert_eq!(read_inbox_news(&mut reader).await["unread"], 2);

    let event_type = EventType::OrderCompleted;
    let event_id = EventId(Uuid::from_u128(77));
    let event = Event {
        id: event_id,
        at: AT.plus_ms(900),
        ..samples::event(event_type, &samples::event_body())
    };
    service.add_lines_of_event(&event).await;
    let news = read_inbox_news(&mut reader).await;
    assert_eq!(
        (&news["unread"], &news["newest"]["type"]),
        (&3.into(), &"order.completed".into())
    );
    assert!(
        news["newest"].get("params").is_none(),
        "it says what to load, and no more"
    );
}

#[tokio::test]
async fn a_page_hears_of_every_line_of_a_busy_inbox() {
    const LINES: usize = 350;
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    let answer = service
        .ask("GET", "/internal/stream", Some(&token), "en")
        .await;
    let mut reader = EventReader::new(answer.into_body());
    read_inbox_news(&mut reader).await;
    let mut sent = BTreeSet::new();
    let clock = Clock::system();
    for n in 0..LINES {
        let id = EventId(Uuid::from_u128(1_000 + u128::try_from(n).unwrap()));
        let event = Event {
            id,
            at: AT,
            ..samples::event(EventType::OrderApproved, &samples::event_body())
        };
        for line in build_event_lines(&event, 0).unwrap() {
            let line_id = LineId(clock.new_id());
            service.store.add_line(line_id, &line).await.unwrap();
            sent.extend((line.user_id == CUSTOMER).then(|| line_id.to_string()));
        }
    }
    assert_eq!(sent.len(), LINES);
    let mut told = BTreeSet::new();
    let every = async {
        while !sent.is_subset(&told) {
            let message = reader.next().await.unwrap();
            let text = std::str::from_utf8(&message).unwrap();
            let Some((place, _)) = text.split_once("\nevent: notice\n") else {
                continue;
            };
            assert!(
                told.insert(place.strip_prefix("id: ").unwrap().to_owned()),
                "twice: {place}"
            );
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(60), every).await;
    assert!(all.is_ok(), "{} of {LINES} were told", told.len());
}

#[tokio::test]
async fn an_admin_is_shown_the_lines_of_the_work_of_the_role_and_marks_no_other() {
    let service = InboxService::new().await;
    let events = [
        EventType::ProfileVerificationSubmitted,
        EventType::ReviewReported,
        EventType::PlatformAlarmRaised,
    ];
    service.add_admin_lines(&events).await;
    let list = async |held: &str, query: &str| {
        let path = format!("/api/v1/notifications{query}");
        read_body(service.ask_with_permissions(held, "GET", &path).await).await
    };
    let all = list(
        "approve_orders verify_providers moderate_reviews",
        "?limit=100",
    )
    .await;
    assert_eq!(
        (event_types(&all).len(), &all["unread"]),
        (3, &json!(3)),
        "{all}"
    );
    for (held, expected) in [
        ("verify_providers", vec!["profile.verification_submitted"]),
        ("read_desks", vec!["order.created"]),
        ("read_platform", vec!["platform.alarm_raised"]),
        ("manage_keys", vec![]),
        ("", vec![]),
    ] {
        for query in ["", "?unread=1", "?limit=1"] {
            let shown = list(held, query).await;
            assert_eq!(event_types(&shown), expected, "{held} {query}");
            assert_eq!(
                (&shown["unread"], &shown["next"]),
                (&json!(expected.len()), &Value::Null)
            );
        }
    }
    let alarm = &list("read_platform", "").await["items"][0]["alarm"];
    assert_eq!(alarm["edge"], "north-1", "{alarm}");
    let order = &list("read_desks", "").await["items"][0]["id"];
    let path = format!("/api/v1/notifications/{}/read", order.as_str().unwrap());
    let marked = async |held: &str| {
        service
            .ask_with_permissions(held, "PUT", &path)
            .await
            .status()
    };
    assert_eq!(marked("verify_providers").await, StatusCode::NOT_FOUND);
    assert_eq!(list("read_desks", "").await["unread"], 1);
    assert_eq!(marked("read_desks").await, StatusCode::OK);
    assert_eq!(list("read_desks", "").await["unread"], 0);

    let answer = service
        .ask_with_permissions("verify_providers", "GET", "/internal/stream")
        .await;
    let mut reader = EventReader::new(answer.into_body());
    let news = read_inbox_news(&mut reader).await;
    let newest = &news["newest"]["type"];
    assert_eq!(
        (&news["unread"], newest),
        (&json!(1), &json!("profile.verification_submitted"))
    );
    let events = [
        EventType::RefundRequested,
        EventType::ProfileVerificationSubmitted,
    ];
    service.add_admin_lines(&events).await;
    let notice = loop {
        let message = reader.next().await.unwrap();
        let text = String::from_utf8(message.to_vec()).unwrap();
        if text.contains("event: notice") {
            break text;
        }
    };
    assert!(
        notice.contains("profile.verification_submitted"),
        "not of the other: {notice}"
    );
    assert_eq!(read_inbox_news(&mut reader).await["unread"], 2);
}
