//! The two people who leave: what they tell the platform of themselves, and how they delete their
//! accounts.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::{Api, Person, eventually};
use wire::{Code, Region, Role};

const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "lantern-orchard-kettle-9";

/// A text that occurs nowhere else.
pub(super) struct Mark {
    pub what: &'static str,
    pub value: String,
}

pub(super) struct Leaver {
    pub person: Person,
    pub username: &'static str,
    pub marks: Vec<Mark>,
}

/// What a person tells of themselves.
struct Words {
    username: &'static str,
    email: &'static str,
    phone: &'static str,
    name: &'static str,
    bio: &'static str,
    home: &'static str,
    device: &'static str,
}

const CUSTOMER: Words = Words {
    username: "leaver-violet",
    email: "violet.leaver@lantern.example.org",
    phone: "+8613912340987",
    name: "Violetta Verborgen",
    bio: "collects music boxes",
    home: "77 Quiet Lantern Lane",
    device: "Violetta's silver telephone",
};

const PROVIDER: Words = Words {
    username: "leaver-ottokar",
    email: "ottokar.leaver@lantern.example.org",
    phone: "+8613912340654",
    name: "Ottokar Heimlich",
    bio: "repairs what drips",
    home: "5 Crooked Weir Street",
    device: "Ottokar's copper tablet",
};

/// The settings with which browsers may register for notifications.
pub(super) fn push_environment() -> [(String, String); 3] {
    [
        ("PUSH_URL", "web"),
        ("PUSH_CONTACT", "mailto:ops@example.org"),
        ("PUSH_SERVICES", r#"["127.0.0.1"]"#),
    ]
    .map(|(name, value)| (format!("HOLDFAST__NOTIFICATION__{name}"), value.to_owned()))
}

pub(super) async fn arrive(api: &Api, role: Role) -> Leaver {
    let words = match role {
        Role::Provider => PROVIDER,
        Role::Customer | Role::Admin => CUSTOMER,
    };
    let form = json!({
        "username": words.username, "email": words.email, "password": PASSWORD,
        "role": role.as_str(),
    });
    let path = "/api/v1/auth/register";
    let _: Value = api
        .call(Method::POST, path, None, Some(form))
        .await
        .unwrap();
    let person = api.sign_in(words.username, PASSWORD).await.unwrap();
    introduce(api, &person, &words).await;
    if role == Role::Provider {
        get_tablet_grant(api, &person, words.device).await;
    }
    register_browser(api, &person, words.device).await;
    let marks = [
        ("username", words.username),
        ("e-mail", words.email),
        ("phone", words.phone),
        ("name", words.name),
        ("bio", words.bio),
        ("home", words.home),
        ("device", words.device),
    ];
    Leaver {
        person,
        username: words.username,
        marks: marks
            .map(|(what, value)| Mark {
                what,
                value: value.to_owned(),
            })
            .into(),
    }
}

async fn introduce(api: &Api, person: &Person, words: &Words) {
    let me = "/api/v1/users/me";
    let profile = format!("{me}/profile");
    let shown: Value = api
        .call(Method::GET, &profile, Some(person), None)
        .await
        .unwrap();
    let form = json!({
        "version": shown["version"], "full_name": words.name, "phone_number": words.phone,
        "bio": words.bio,
    });
    let shown: Value = api
        .call(Method::PUT, &profile, Some(person), Some(form))
        .await
        .unwrap();
    let form = json!({
        "version": shown["version"], "detail": words.home, "recipient_name": words.name,
        "phone_number": words.phone,
    });
    let path = format!("{me}/addresses");
    let _: Value = api
        .call(Method::POST, &path, Some(person), Some(form))
        .await
        .unwrap();
}

async fn get_tablet_grant(api: &Api, provider: &Person, device: &str) {
    let device: String = device
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let form = json!({ "region": Region::North, "device": device });
    let path = "/api/v1/auth/device-grants";
    let _: Value = api
        .call(Method::POST, path, Some(provider), Some(form))
        .await
        .unwrap();
}

async fn register_browser(api: &Api, person: &Person, name: &str) {
    /// A key as a browser makes it, from RFC 8291.
    const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6S\
        RpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    let endpoint = format!("http://127.0.0.1:9/{}", person.user_id);
    let form = json!({ "name": name, "endpoint": endpoint, "p256dh": KEY, "auth": AUTH });
    let path = "/api/v1/push/devices";
    let _: Value = api
        .call(Method::POST, path, Some(person), Some(form))
        .await
        .unwrap();
}

/// Asks for the deletion and waits until it is done.
pub(super) async fn delete_account(api: &Api, leaver: &Leaver) {
    let person = api.sign_in(leaver.username, PASSWORD).await.unwrap();
    let form = json!({ "password": PASSWORD });
    let path = "/api/v1/auth/deletion";
    let asked: Value = api
        .call(Method::POST, path, Some(&person), Some(form))
        .await
        .unwrap();
    assert!(asked["delete_at"].is_string(), "{asked}");
    eventually("the account is deleted", SOON * 2, async || {
        let signed = api.sign_in(leaver.username, PASSWORD).await.err()?;
        (signed.problem?.code == Code::InvalidCredentials).then_some(())
    })
    .await;
}
