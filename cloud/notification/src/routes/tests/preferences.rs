//! A person's preferences.

use super::*;

#[tokio::test]
async fn preferences_are_kept_whole_on_the_version_that_was_read() {
    let service = InboxService::new().await;
    let path = "/api/v1/notifications/preferences";
    let token = service.token(CUSTOMER, Role::Customer);
    let put = async |form: Value| {
        let request = Request::put(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(form.to_string()));
        let answer = service
            .router
            .clone()
            .oneshot(request.unwrap())
            .await
            .unwrap();
        (answer.status(), read_body(answer).await)
    };
    let first = read_body(service.ask("GET", path, Some(&token), "en").await).await;
    assert_eq!(
        (&first["version"], &first["quiet_hours"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(first["channels"], json!(["sms", "push"]));
    let provider = service.token(PROVIDER, Role::Provider);
    let of_provider = read_body(service.ask("GET", path, Some(&provider), "en").await).await;
    assert_eq!(
        of_provider["channels"],
        json!(["push"]),
        "providers prove no phone"
    );
    let account = &first["kinds"][4];
    assert_eq!(account["locked"], json!(["email"]), "{account}");

    let form = json!({
        "version": 0, "language": "zh-CN", "time_zone": "Europe/Berlin", "digest_hour": 8,
        "quiet_hours": {"from": "22:00", "to": "06:30"},
        "kinds": [{"kind": "jobs", "channels": ["email", "email"]}],
    });
    let (status, kept) = put(form.clone()).await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    assert_eq!(kept["kinds"][1]["channels"], json!(["email"]));
    assert_eq!(
        kept["kinds"][4]["channels"],
        json!(["email"]),
        "what is locked stays on"
    );
    assert_eq!(
        read_body(service.ask("GET", path, Some(&token), "en").await).await,
        kept
    );
    let (status, stale) = put(form.clone()).await;
    assert_eq!(
        (status, &stale["version"]),
        (StatusCode::CONFLICT, &json!(1))
    );

    for (field, value) in [
        ("time_zone", json!("Moon/Base")),
        ("digest_hour", json!(24)),
    ] {
        let mut wrong = form.clone();
        wrong["version"] = json!(1);
        wrong[field] = value;
        let (status, answer) = put(wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert_eq!(answer["errors"][0]["field"], field);
    }
    let other = service.token(PROVIDER, Role::Provider);
    let others = read_body(service.ask("GET", path, Some(&other), "en").await).await;
    assert_eq!(others["version"], 0, "everybody has their own");
}

#[tokio::test]
async fn admins_who_may_read_alarms_choose_channels_for_them_alone() {
    let service = InboxService::new().await;
    let path = "/api/v1/notifications/preferences";
    let shown = read_body(
        service
            .ask_with_permissions("read_platform", "GET", path)
            .await,
    )
    .await;
    assert_eq!(shown["channels"], json!(["push"]));
    let kinds = shown["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), 1, "{shown}");
    assert_eq!(
        (&kinds[0]["kind"], &kinds[0]["channels"]),
        (&json!("alarms"), &json!([]))
    );
    let shown = read_body(
        service
            .ask_with_permissions("read_desks", "GET", path)
            .await,
    )
    .await;
    assert_eq!(shown["kinds"], json!([]));
    let customer = service.token(CUSTOMER, Role::Customer);
    let shown = read_body(service.ask("GET", path, Some(&customer), "en").await).await;
    let kinds = shown["kinds"].as_array().unwrap();
    assert!(kinds.iter().all(|kind| kind["kind"] != "alarms"), "{shown}");
}
