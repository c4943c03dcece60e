//! Auth writes no password, token, address, phone number or code in the clear to its log or tables.
#![allow(clippy::unwrap_used)]

#[path = "service/common.rs"]
mod common;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::http::{Method, StatusCode};
use common::{Auth, Engine, PASSWORD};
use serde_json::json;

const PHONE: &str = "+8613912340987";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_passwords_nor_tokens_nor_addresses_are_logged() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let phones = tempfile::tempdir().unwrap();
    let sms_url = format!("folder:{}", phones.path().display());
    let alter = |config| auth::Config {
        sms_url: sms_url.clone(),
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    auth.register("zhangsan", "customer").await;
    auth.register("zhangsan", "customer").await;
    auth.login("zhangsan", "wrong horse battery").await;
    auth.login("correct horse battery", "zhangsan").await;
    let token = auth.token("zhangsan").await;
    let asking = json!({ "username": "zhangsan", "password": PASSWORD, "device": "" });
    let device = auth.post("login", asking.clone()).await.body["device"].clone();
    let mut knowing = asking;
    knowing["device"] = device.clone();
    assert_eq!(auth.post("login", knowing).await.body["device"], device);
    let device = device.as_str().unwrap();
    auth.verify(&token).await;
    auth.verify("sometokenofnobody").await;
    auth.send(Method::GET, "/api/v1/auth/sessions", Some(&token), None)
        .await;
    assert_eq!(auth.logout(&token).await.status, StatusCode::NO_CONTENT);

    // A phone number with two codes: a wrong one and the right one.
    assert_eq!(
        auth.post("codes", json!({ "phone": PHONE })).await.status,
        StatusCode::OK
    );
    let message = phones
        .path()
        .read_dir()
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let message = std::fs::read_to_string(message).unwrap();
    let mut words = message
        .split(|c: char| !c.is_ascii_digit())
        .filter(|word| word.len() == 6);
    let code = words.next().unwrap().to_owned();
    for tried in ["246801", code.as_str(), code.as_str()] {
        auth.post("codes/sign-in", json!({ "phone": PHONE, "code": tried }))
            .await;
    }

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("Signed in") && text.contains("SELECT"),
        "the log was read"
    );
    let signature = token.rsplit('.').next().unwrap();
    for secret in [
        PASSWORD,
        "wrong horse",
        "sometokenofnobody",
        signature,
        device,
        "@example.com",
    ] {
        assert!(!text.contains(secret), "`{secret}` is in the log");
    }
    assert!(!text.contains("$argon2id$"), "a hash is in the log");
    assert!(text.contains("Sent a code to a phone") && text.contains("sign_in_codes"));
    for secret in [&PHONE[3..], &message, "is your code"] {
        assert!(!text.contains(secret), "`{secret}` is in the log");
    }
    // Six digits may occur by chance within a time or id, but not as a separate token.
    let words: Vec<_> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for code in [code.as_str(), "246801"] {
        assert!(!words.contains(&code), "a code is in the log");
    }
}

#[tokio::test]
async fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let auth = Auth::new(Engine::Sqlite).await;
    let mode = std::fs::metadata(auth.file("auth.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
