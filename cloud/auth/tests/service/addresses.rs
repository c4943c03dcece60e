//! Email confirmation: codes work once, in time, and only for their owner; answers reveal nothing
//! to others.

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use wire::EventType;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const OTHER: &str = "other@example.org";
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A registered and signed-in person.
struct Newcomer {
    user: String,
    token: String,
}

async fn newcomer(auth: &Auth, name: &str) -> Newcomer {
    auth.register(name, "customer").await;
    let signed = auth.login(name, PASSWORD).await.body;
    let text = |key: &str| signed[key].as_str().unwrap().to_owned();
    Newcomer {
        user: text("user_id"),
        token: text("access_token"),
    }
}

async fn address(auth: &Auth, who: &Newcomer) -> Value {
    auth.send(Method::GET, "/api/v1/auth/address", Some(&who.token), None)
        .await
        .body
}

async fn change(auth: &Auth, who: &Newcomer, email: &str, password: &str) -> Answer {
    let form = json!({ "email": email, "password": password });
    auth.send(
        Method::PUT,
        "/api/v1/auth/address",
        Some(&who.token),
        Some(form),
    )
    .await
}

async fn again(auth: &Auth, who: &Newcomer) -> Answer {
    auth.send(
        Method::POST,
        "/api/v1/auth/address/code",
        Some(&who.token),
        None,
    )
    .await
}

async fn confirm(auth: &Auth, who: &Newcomer, code: &str) -> Answer {
    let path = "/api/v1/auth/address/confirm";
    auth.send(
        Method::POST,
        path,
        Some(&who.token),
        Some(json!({ "code": code })),
    )
    .await
}

/// Calls an internal route as the notification service.
async fn told(auth: &Auth, path: &str, who: &Newcomer) -> Value {
    let own = auth
        .service_key
        .issue_token("notification", "auth", &auth.clock);
    let asked = json!({ "user_id": who.user });
    auth.send(Method::POST, path, Some(&own), Some(asked))
        .await
        .body
}

async fn sent(auth: &Auth, who: &Newcomer) -> (String, String) {
    let made = told(auth, "/internal/address-codes", who).await;
    let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
    (text("email"), text("code"))
}

async fn mailed_to(auth: &Auth, who: &Newcomer) -> Value {
    told(auth, "/internal/contact", who).await["email"].clone()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_address_gets_mail_once_its_code_has_come_back(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = newcomer(&auth, "lisi").await;
    let own = json!({ "email": "lisi@example.com", "is_confirmed": false, "pending": null });
    assert_eq!(address(&auth, &lisi).await, own);
    let contact = told(&auth, "/internal/contact", &lisi).await;
    assert_eq!(
        (&contact["email"], &contact["is_unconfirmed"]),
        (&Value::Null, &json!(true))
    );

    let (to, void) = sent(&auth, &lisi).await;
    assert_eq!(to, "lisi@example.com");
    let (_, code) = sent(&auth, &lisi).await;
    assert_eq!(
        confirm(&auth, &lisi, &void).await.code(),
        "code_wrong",
        "the newest alone counts"
    );
    assert_eq!(confirm(&auth, &lisi, "no code").await.fields(), ["code"]);
    let typed = code.to_lowercase().replace('-', " ");
    let done = confirm(&auth, &lisi, &typed).await;
    assert_eq!(
        (done.status, &done.body["is_confirmed"]),
        (StatusCode::OK, &json!(true))
    );
    assert_eq!(mailed_to(&auth, &lisi).await, "lisi@example.com");
    assert_eq!(
        confirm(&auth, &lisi, &code).await.code(),
        "code_over",
        "once"
    );
    assert_eq!(sent(&auth, &lisi).await.1, "", "nothing waits any more");
    assert_eq!(again(&auth, &lisi).await.status, StatusCode::OK);
    let asked = auth.events().await;
    assert!(
        asked
            .iter()
            .all(|event| event.kind != EventType::UserConfirmationAsked)
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_address_in_force_stays_until_another_is_confirmed(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = newcomer(&auth, "lisi").await;
    let (_, code) = sent(&auth, &lisi).await;
    confirm(&auth, &lisi, &code).await;

    assert_eq!(
        change(&auth, &lisi, "no address", PASSWORD).await.fields(),
        ["email"]
    );
    let wrong = change(&auth, &lisi, OTHER, "wrong horse battery").await;
    assert_eq!(wrong.code(), "invalid_credentials");
    let asked = change(&auth, &lisi, " Other@Example.ORG ", PASSWORD).await;
    let own = json!({ "email": "lisi@example.com", "is_confirmed": true, "pending": OTHER });
    assert_eq!(
        (asked.status, &asked.body),
        (StatusCode::OK, &own),
        "{}",
        asked.text
    );
    assert_eq!(address(&auth, &lisi).await, own);
    assert_eq!(mailed_to(&auth, &lisi).await, "lisi@example.com");
    let events = auth.events().await;
    let told_of = events
        .iter()
        .find(|event| event.kind == EventType::UserAddressChangeAsked);
    let made = told(&auth, "/internal/address-codes", &lisi).await;
    assert_eq!(
        made["wish"],
        json!(told_of.unwrap().id),
        "its code waits for that warning"
    );
    assert!(
        !events
            .iter()
            .any(|event| event.body.to_string().contains("example"))
    );

    let (to, code) = sent(&auth, &lisi).await;
    assert_eq!(to, OTHER);
    let own = json!({ "email": OTHER, "is_confirmed": true, "pending": null });
    assert_eq!(confirm(&auth, &lisi, &code).await.body, own);
    assert_eq!(mailed_to(&auth, &lisi).await, OTHER);
    // The former address is free for others.
    let form = json!({
        "username": "lisi2", "email": "lisi@example.com", "password": PASSWORD, "role": "customer",
    });
    assert_eq!(
        auth.post("register", form).await.status,
        StatusCode::CREATED
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn nobody_learns_by_asking_who_has_an_address_and_nobody_takes_one(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = newcomer(&auth, "lisi").await;
    let wangwu = newcomer(&auth, "wangwu").await;
    let taken = change(&auth, &lisi, "wangwu@example.com", PASSWORD).await;
    let free = change(&auth, &wangwu, OTHER, PASSWORD).await;
    assert_eq!(
        (taken.status, free.status),
        (StatusCode::OK, StatusCode::OK)
    );
    // Only the mailbox gets the code.
    let (to, code) = sent(&auth, &lisi).await;
    assert_eq!(to, "wangwu@example.com");
    assert_eq!(
        confirm(&auth, &wangwu, &code).await.code(),
        "code_over",
        "it is another person's"
    );
    assert_eq!(confirm(&auth, &lisi, &code).await.code(), "user_exists");
    assert_eq!(address(&auth, &lisi).await["email"], "lisi@example.com");
    assert_eq!(mailed_to(&auth, &wangwu).await, Value::Null);
}

async fn register_with(auth: &Auth, name: &str, email: &str) -> Newcomer {
    let form =
        json!({ "username": name, "email": email, "password": PASSWORD, "role": "customer" });
    let answer = auth.post("register", form).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let signed = auth.login(name, PASSWORD).await.body;
    let text = |key: &str| signed[key].as_str().unwrap().to_owned();
    Newcomer {
        user: text("user_id"),
        token: text("access_token"),
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_registration_tells_its_mailbox_alone_that_the_address_has_an_owner(
    #[case] engine: Engine,
) {
    let auth = Auth::new(engine).await;
    let owner = newcomer(&auth, "lisi").await;
    let (_, code) = sent(&auth, &owner).await;
    confirm(&auth, &owner, &code).await;

    // A stranger gets the same answers for both addresses.
    let mut heard = Vec::new();
    for (name, email) in [
        ("mallory1", "LiSi@example.com"),
        ("mallory2", "free@example.com"),
    ] {
        let form =
            json!({ "username": name, "email": email, "password": PASSWORD, "role": "customer" });
        let registered = auth.post("register", form).await;
        let stranger = Newcomer {
            user: registered.body["user_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            token: auth.token(name).await,
        };
        let made = told(&auth, "/internal/address-codes", &stranger).await;
        let guessed = confirm(&auth, &stranger, "0000-0000-0000-0000").await;
        let asked = again(&auth, &stranger).await;
        let mut shown = address(&auth, &stranger).await;
        assert_eq!(shown["email"], email.to_lowercase());
        shown["email"] = Value::Null;
        heard.push((
            registered.status,
            guessed.code().to_owned(),
            asked.status,
            shown,
        ));
        if name == "mallory1" {
            assert_eq!(
                (&made["owner"], &made["code"]),
                (&json!("lisi"), &Value::Null)
            );
            assert_eq!(made["email"], "lisi@example.com");
        } else {
            assert!(
                made["owner"].is_null() && made["code"].is_string(),
                "{made}"
            );
        }
    }
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].0, StatusCode::CREATED);
    assert_eq!(
        mailed_to(&auth, &owner).await,
        "lisi@example.com",
        "it stays the owner's"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_address_that_its_account_never_confirmed_goes_to_the_account_whose_person_reads_its_mail(
    #[case] engine: Engine,
) {
    let auth = Auth::new(engine).await;
    let stranger = register_with(&auth, "mallory", "lisi@example.com").await;
    let owner = register_with(&auth, "lisi", "lisi@example.com").await;
    let (_, strangers) = sent(&auth, &stranger).await;
    let (to, code) = sent(&auth, &owner).await;
    assert_eq!(to, "lisi@example.com");
    assert_eq!(
        confirm(&auth, &owner, &code).await.body["is_confirmed"],
        true
    );
    assert_eq!(
        confirm(&auth, &stranger, &strangers).await.code(),
        "user_exists"
    );
    assert_eq!(
        told(&auth, "/internal/address-codes", &stranger).await["owner"],
        "lisi"
    );
    assert_eq!(mailed_to(&auth, &stranger).await, Value::Null);
    assert_eq!(mailed_to(&auth, &owner).await, "lisi@example.com");
}

#[tokio::test]
async fn registrations_mail_an_address_five_times_an_hour() {
    let auth = Auth::new(Engine::Sqlite).await;
    let mut mailed = 0;
    for number in 0..7 {
        let who = register_with(&auth, &format!("mallory{number}"), OTHER).await;
        // A retry does not count as another mail.
        for _ in 0..2 {
            mailed += usize::from(!sent(&auth, &who).await.0.is_empty());
        }
    }
    assert_eq!(mailed, 10);
}

#[tokio::test]
async fn a_code_ends_after_a_day_and_with_the_password() {
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = newcomer(&auth, "lisi").await;
    let (_, code) = sent(&auth, &lisi).await;
    auth.clock.advance(24 * HOUR_MS);
    let lisi = Newcomer {
        token: auth.token("lisi").await,
        ..lisi
    };
    assert_eq!(confirm(&auth, &lisi, &code).await.code(), "code_over");

    // The request may come from a thief of the old password.
    change(&auth, &lisi, OTHER, PASSWORD).await;
    let (_, code) = sent(&auth, &lisi).await;
    let form = json!({ "old_password": PASSWORD, "new_password": "staple battery horse" });
    let path = "/api/v1/auth/password";
    let changed = auth
        .send(Method::POST, path, Some(&lisi.token), Some(form))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(confirm(&auth, &lisi, &code).await.code(), "code_over");
    assert_eq!(address(&auth, &lisi).await["pending"], Value::Null);
    assert_eq!(sent(&auth, &lisi).await.0, "lisi@example.com");
}

#[tokio::test]
async fn mails_and_tries_are_counted() {
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = newcomer(&auth, "lisi").await;
    for _ in 0..5 {
        assert_eq!(again(&auth, &lisi).await.status, StatusCode::OK);
    }
    assert_eq!(again(&auth, &lisi).await.code(), "rate_limited");
    assert_eq!(
        change(&auth, &lisi, OTHER, PASSWORD).await.code(),
        "rate_limited"
    );
    let asked = auth.events().await;
    let asked = asked
        .iter()
        .filter(|event| event.kind == EventType::UserConfirmationAsked);
    assert_eq!(asked.count(), 5);

    // Two people share the limit of one address.
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = newcomer(&auth, "lisi").await;
    let wangwu = newcomer(&auth, "wangwu").await;
    for who in [&lisi, &wangwu, &lisi, &wangwu, &lisi] {
        assert_eq!(
            change(&auth, who, OTHER, PASSWORD).await.status,
            StatusCode::OK
        );
    }
    assert_eq!(
        change(&auth, &wangwu, OTHER, PASSWORD).await.code(),
        "rate_limited"
    );

    let (_, code) = sent(&auth, &lisi).await;
    let mut codes = Vec::new();
    for guess in 0..31 {
        codes.push(
            confirm(&auth, &lisi, &format!("0000-0000-0000-{guess:04}"))
                .await
                .code()
                .to_owned(),
        );
    }
    assert_eq!(
        (codes[29].as_str(), codes[30].as_str()),
        ("code_wrong", "rate_limited")
    );
    assert_eq!(confirm(&auth, &lisi, &code).await.code(), "rate_limited");
}

#[tokio::test]
async fn the_address_is_that_of_the_account_again_where_a_wish_is_taken_back() {
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = newcomer(&auth, "lisi").await;
    change(&auth, &lisi, OTHER, PASSWORD).await;
    let back = change(&auth, &lisi, "lisi@example.com", PASSWORD).await;
    assert_eq!(back.body["pending"], Value::Null);
    assert_eq!(sent(&auth, &lisi).await.0, "lisi@example.com");
}

#[tokio::test]
async fn only_the_sender_of_mail_hears_a_code() {
    let auth = Auth::new(Engine::Sqlite).await;
    let lisi = newcomer(&auth, "lisi").await;
    let asked = json!({ "user_id": lisi.user });
    let other = auth.service_key.issue_token("order", "auth", &auth.clock);
    for (token, code) in [(&other, "role_forbidden"), (&lisi.token, "invalid_token")] {
        let path = "/internal/address-codes";
        let refused = auth
            .send(Method::POST, path, Some(token), Some(asked.clone()))
            .await;
        assert_eq!(refused.code(), code, "{}", refused.text);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_address_lies_sealed_and_its_code_as_a_hash(#[case] engine: Engine) {
    let auth = Auth::new(engine).await;
    let lisi = newcomer(&auth, "lisi").await;
    change(&auth, &lisi, OTHER, PASSWORD).await;
    let (_, code) = sent(&auth, &lisi).await;
    let rows: Vec<(String, Vec<u8>)> = auth
        .sql
        .fetch_all("SELECT email, code_hash FROM address_claims", Vec::new())
        .await
        .unwrap();
    let [(email, hash)] = rows.as_slice() else {
        panic!("one claim: {rows:?}")
    };
    assert!(auth.sql.data_keys().is_sealed_text(email), "{email}");
    assert_eq!(hash.len(), 32);
    assert!(!String::from_utf8_lossy(hash).contains(&code[..4]));
}

#[tokio::test]
async fn an_operator_may_trust_the_addresses_from_before() {
    let before = |config| auth::Config {
        addresses_trusted_before: "2025-11-24T16:00:01Z".to_owned(),
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", before).await;
    let lisi = newcomer(&auth, "lisi").await;
    assert_eq!(mailed_to(&auth, &lisi).await, "lisi@example.com");
    assert_eq!(address(&auth, &lisi).await["is_confirmed"], true);
    auth.clock.advance(1_000);
    let wangwu = newcomer(&auth, "wangwu").await;
    assert_eq!(mailed_to(&auth, &wangwu).await, Value::Null);
}
