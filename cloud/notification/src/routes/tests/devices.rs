//! Registering, listing and ending the browsers that take pushes.

use super::*;

const DEVICES: &str = "/api/v1/push/devices";
const POINT: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn form(n: usize) -> Value {
    json!({
        "name": format!("Firefox {n} on Linux"), "p256dh": POINT, "auth": AUTH,
        "endpoint": format!("https://fcm.googleapis.com/fcm/send/{n}"),
    })
}

impl InboxService {
    async fn register(&self, token: &str, form: &Value) -> (StatusCode, Value) {
        let request = Request::post(DEVICES)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(form.to_string()));
        let answer = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        (answer.status(), read_body(answer).await)
    }

    async fn register_new(&self, token: &str, n: usize) -> Value {
        let (status, device) = self.register(token, &form(n)).await;
        assert_eq!(status, StatusCode::CREATED, "{device}");
        self.clock.advance(1_000);
        device
    }

    async fn device_names(&self, token: &str) -> Vec<String> {
        let list = read_body(self.ask("GET", DEVICES, Some(token), "en").await).await;
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn end(&self, token: &str, device: &Value) -> StatusCode {
        let path = format!("{DEVICES}/{}", device["id"].as_str().unwrap());
        self.ask("DELETE", &path, Some(token), "en").await.status()
    }
}

#[tokio::test]
async fn a_person_lists_and_ends_their_own_devices_alone() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    let other = service.token(PROVIDER, Role::Provider);
    let device = service.register_new(&token, 1).await;
    assert_eq!(device["last_delivered_at"], Value::Null, "{device}");
    // From `printf %s ... | openssl dgst -sha256`.
    assert_eq!(
        device["endpoint_hash"], "67XxfEniWMkw1hRk0LiNv7KN4zCzWwas3xJdg_G1GUQ",
        "{device}"
    );
    assert!(device.get("endpoint").is_none(), "{device}");
    assert_eq!(service.device_names(&token).await, ["Firefox 1 on Linux"]);
    assert!(service.device_names(&other).await.is_empty());

    assert_eq!(service.end(&other, &device).await, StatusCode::NOT_FOUND);
    assert_eq!(service.device_names(&token).await.len(), 1);
    assert_eq!(service.end(&token, &device).await, StatusCode::NO_CONTENT);
    assert!(service.device_names(&token).await.is_empty());
    assert_eq!(service.end(&token, &device).await, StatusCode::NOT_FOUND);
    assert_eq!(
        service.ask("GET", DEVICES, None, "en").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_known_browser_is_renewed_and_moves_to_the_person_who_registers_it() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    let first = service.register_new(&token, 1).await;
    let mut renamed = form(1);
    renamed["name"] = json!("My phone");
    let (_, again) = service.register(&token, &renamed).await;
    assert_eq!(
        (&again["id"], &again["created_at"]),
        (&first["id"], &first["created_at"])
    );
    assert_eq!(service.device_names(&token).await, ["My phone"]);

    let other = service.token(PROVIDER, Role::Provider);
    let moved = service.register_new(&other, 1).await;
    assert_ne!(
        moved["created_at"], first["created_at"],
        "it is new to them"
    );
    assert!(service.device_names(&token).await.is_empty());
    assert_eq!(service.device_names(&other).await, ["Firefox 1 on Linux"]);
    assert_eq!(service.end(&token, &moved).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_eleventh_device_takes_the_place_of_the_one_unused_for_longest() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    for n in 1..=10 {
        service.register_new(&token, n).await;
    }
    // The first is used again, so the second is the one unused for longest.
    service.register_new(&token, 1).await;
    assert_eq!(service.device_names(&token).await.len(), 10);
    service.register_new(&token, 11).await;
    let numbers = [11, 1, 10, 9, 8, 7, 6, 5, 4, 3];
    let expected = numbers.map(|n| format!("Firefox {n} on Linux"));
    assert_eq!(service.device_names(&token).await, expected);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_no_stranger_is_sent_to() {
    let service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    for (field, value) in [
        ("endpoint", "https://evil.example/fcm.googleapis.com"),
        ("endpoint", "http://fcm.googleapis.com/fcm/send/1"),
        ("p256dh", AUTH),
        ("p256dh", ""),
        ("auth", POINT),
        ("name", " "),
        ("name", &"x".repeat(61)),
        ("name", "a\u{202e}b"),
    ] {
        let mut wrong = form(1);
        wrong[field] = json!(value);
        let (status, answer) = service.register(&token, &wrong).await;
        assert_eq!(
            status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field} {value}: {answer}"
        );
        assert_eq!(answer["errors"][0]["field"], field, "{value}: {answer}");
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
    }
    assert!(service.device_names(&token).await.is_empty());
}

#[tokio::test]
async fn browsers_get_the_key_where_pushes_go_to_them_and_nowhere_else() {
    let mut service = InboxService::new().await;
    let token = service.token(CUSTOMER, Role::Customer);
    let state = read_body(service.ask("GET", "/api/v1/push", Some(&token), "en").await).await;
    assert_eq!(state["is_on"], true);
    assert_eq!(state["public_key"].as_str().unwrap().len(), 87, "{state}");

    let admin = service.token(UserId(Uuid::from_u128(90)), Role::Admin);
    let (status, answer) = service.register(&admin, &form(1)).await;
    assert_eq!(status, StatusCode::CREATED, "for alarms: {answer}");

    let off = json!({ "is_on": false, "public_key": null });
    service.turn_web_push_off();
    let state = service.ask("GET", "/api/v1/push", Some(&token), "en").await;
    assert_eq!(read_body(state).await, off);
    let (status, answer) = service.register(&token, &form(1)).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::NOT_FOUND, &json!("push_off"))
    );
}
