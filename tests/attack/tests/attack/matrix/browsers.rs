//! A browser in which notifications are turned on.

use attack::{HttpCall, Somebody};
use serde_json::{Value, json};

/// A key as a browser makes it, from RFC 8291.
const KEY: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

/// Returns the id of the device.
pub(super) async fn register_browser(person: &Somebody) -> Value {
    let place = person.person.user_id.0.simple();
    let form = json!({
        "name": "Firefox, Linux", "endpoint": format!("http://127.0.0.1:9/{place}"),
        "p256dh": KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    });
    let call = HttpCall::post("/api/v1/push/devices");
    person.done(call.json(&form)).await["id"].clone()
}
