//! A browser in which notifications are turned on.

use http::Method;
use serde_json::{Value, json};
use support::{Api, Person};

use super::journey::Secret;

/// A key as a browser makes it, from RFC 8291.
const KEY: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const ENDPOINT: &str = "http://127.0.0.1:9/lantern-device-4711";
const NAME: &str = "Wilhelmina's violet telephone";

pub(super) fn environment() -> Vec<(String, String)> {
    [
        ("PUSH_URL", "web"),
        ("PUSH_CONTACT", "mailto:ops@example.org"),
        ("PUSH_SERVICES", r#"["127.0.0.1"]"#),
    ]
    .map(|(name, value)| (format!("HOLDFAST__NOTIFICATION__{name}"), value.to_owned()))
    .into()
}

/// Returns the values that must stay secret.
pub(super) async fn register_browser(api: &Api, person: &Person) -> Vec<Secret> {
    let form = json!({ "name": NAME, "endpoint": ENDPOINT, "p256dh": KEY, "auth": AUTH });
    let path = "/api/v1/push/devices";
    let _: Value = api
        .call(Method::POST, path, Some(person), Some(form))
        .await
        .unwrap();
    let secret = |what, value: &str| Secret {
        what,
        value: value.as_bytes().to_vec(),
    };
    vec![
        secret("address of a browser", "lantern-device-4711"),
        secret("name", NAME),
        secret("key", KEY),
        secret("key", AUTH),
    ]
}
