//! Sign-in through another service. The browser tests use a real one; here a fake issuer also
//! misbehaves.

mod links;
mod staff;

use std::num::NonZeroU32;

use axum::http::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use wire::EventType;

use crate::{
    common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD},
    forged::{ForgedIssuer, query},
};

const BACK: &str = "http://127.0.0.1:1/sign-in/back";
const IDENTITIES: &str = "/api/v1/auth/identities";

/// A browser that was sent to an issuer.
struct Visitor {
    way: String,
    ticket: String,
}

async fn auth_at(engine: Engine, issuers: &[(&str, &ForgedIssuer)]) -> Auth {
    let oidc: Vec<_> = issuers
        .iter()
        .map(|(name, issuer)| issuer.config(name))
        .collect();
    let alter = |config| auth::Config {
        oidc: oidc.clone(),
        oidc_return: BACK.into(),
        ..config
    };
    Auth::with(engine, "memory:", alter).await
}

fn now_s(auth: &Auth) -> i64 {
    auth.clock.now().0 / 1000
}

async fn begin(auth: &Auth, issuer: &str) -> Visitor {
    visitor(&auth.post(&format!("oidc/{issuer}/begin"), json!({})).await)
}

fn visitor(begun: &Answer) -> Visitor {
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    let text = |name: &str| begun.body[name].as_str().unwrap().to_owned();
    Visitor {
        way: text("address"),
        ticket: text("ticket"),
    }
}

fn reply(visitor: &Visitor, code: &str) -> Value {
    json!({ "ticket": visitor.ticket, "state": query(&visitor.way, "state"), "code": code })
}

/// Runs the complete flow as that subject of the issuer.
async fn sign_in(auth: &Auth, name: &str, issuer: &ForgedIssuer, subject: &str) -> Answer {
    let visitor = begin(auth, name).await;
    let code = issuer.grant(&visitor.way, subject, now_s(auth));
    auth.post("oidc/sign-in", reply(&visitor, &code)).await
}

fn token(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn users(auth: &Auth) -> i64 {
    auth.count("SELECT COUNT(*) FROM users").await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn somebody_new_becomes_a_customer_and_stays_the_same_person(#[case] engine: Engine) {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(engine, &[("acme", &issuer)]).await;
    auth.register("lisi", "provider").await;
    let offered = auth
        .send(Method::GET, "/api/v1/auth/oidc", None, None)
        .await;
    assert_eq!(
        offered.body,
        json!({ "items": [{ "name": "acme", "label": "The acme" }] })
    );

    issuer.forgery().told = json!({
        "sub": "17", "email": "Li.Si@elsewhere.example", "email_verified": true, "preferred_username": "LiSi",
    });
    let first = sign_in(&auth, "acme", &issuer, "17").await;
    let access = token(&first);
    assert_eq!(
        (&first.body["role"], &first.body["expires_in"]),
        (&json!("customer"), &json!(3600))
    );
    let name = first.body["username"].as_str().unwrap();
    assert!(name.starts_with("lisi-"), "{name}: the plain one is taken");
    let verified = auth.verify(&access).await;
    assert_eq!(verified.body["user_id"], first.body["user_id"]);

    // The issuer verified the address, so mail goes there.
    let shown = auth
        .send(Method::GET, "/api/v1/auth/address", Some(&access), None)
        .await;
    let known = json!({
        "email": "li.si@elsewhere.example", "is_confirmed": true, "pending": null,
    });
    assert_eq!(shown.body, known);

    let again = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(again.body["user_id"], first.body["user_id"]);
    let other = sign_in(&auth, "acme", &issuer, "18").await;
    assert_ne!(token(&other), access);
    assert_ne!(other.body["user_id"], first.body["user_id"]);
    let registered = |event: &&wire::Event| event.kind == EventType::UserRegistered;
    assert_eq!(auth.events().await.iter().filter(registered).count(), 3);

    // No password opens an account without one, and its person can sign out normally.
    for password in ["none", PASSWORD, ""] {
        assert_eq!(
            auth.login(name, password).await.code(),
            "invalid_credentials"
        );
    }
    assert_eq!(auth.logout(&access).await.status, StatusCode::NO_CONTENT);
    assert_eq!(auth.verify(&access).await.code(), "invalid_token");
}

#[tokio::test]
async fn an_address_links_nothing_to_an_account() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    auth.register("lisi", "customer").await;
    issuer.forgery().claims = json!({ "email": "lisi@example.com", "email_verified": true });
    let refused = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::CONFLICT, "user_exists")
    );
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("The acme"),
        "{}",
        refused.text
    );
    assert_eq!(users(&auth).await, 1);
    for unverified in [json!(false), json!(null), json!("false"), json!(1)] {
        issuer.forgery().claims["email_verified"] = unverified;
        let subject = users(&auth).await.to_string();
        let access = token(&sign_in(&auth, "acme", &issuer, &subject).await);
        let shown = auth
            .send(Method::GET, "/api/v1/auth/address", Some(&access), None)
            .await;
        assert_eq!(
            (&shown.body["email"], &shown.body["is_confirmed"]),
            (&Value::Null, &json!(false))
        );
    }
    assert_eq!(users(&auth).await, 5, "each became somebody else");
}

#[tokio::test]
async fn a_visit_is_ended_once_by_its_own_browser_and_in_time() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    let [ours, theirs] = [begin(&auth, "acme").await, begin(&auth, "acme").await];
    let code = issuer.grant(&ours.way, "17", now_s(&auth));
    let good = reply(&ours, &code);
    let over = async |change: Value| {
        let mut form = good.clone();
        form.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = auth.post("oidc/sign-in", form).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::CONFLICT, "visit_over"),
            "{change}"
        );
    };
    over(json!({ "state": query(&theirs.way, "state") })).await;
    over(json!({ "state": "" })).await;
    over(json!({ "ticket": theirs.ticket })).await;
    over(json!({ "ticket": "no ticket" })).await;
    token(&auth.post("oidc/sign-in", good.clone()).await);
    over(json!({})).await;

    // The issuer rejects a code that was used or belongs to another flow.
    let used = auth.post("oidc/sign-in", reply(&theirs, &code)).await;
    assert_eq!(
        (used.status, used.code()),
        (StatusCode::FORBIDDEN, "identity_refused")
    );
    let [ours, theirs] = [begin(&auth, "acme").await, begin(&auth, "acme").await];
    let code = issuer.grant(&ours.way, "17", now_s(&auth));
    assert_eq!(
        auth.post("oidc/sign-in", reply(&theirs, &code))
            .await
            .code(),
        "identity_refused"
    );

    let late = begin(&auth, "acme").await;
    let code = issuer.grant(&late.way, "17", now_s(&auth));
    auth.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        auth.post("oidc/sign-in", reply(&late, &code)).await.code(),
        "visit_over"
    );
}

#[tokio::test]
async fn a_flood_of_codes_from_an_address_is_refused_before_the_issuer_hears_it() {
    const FLOOD: &str = "203.0.113.5";
    let issuer = ForgedIssuer::start().await;
    let oidc = vec![issuer.config("acme")];
    let few = NonZeroU32::new(3).unwrap();
    let alter = |config| auth::Config {
        oidc: oidc.clone(),
        oidc_return: BACK.into(),
        sign_ins_per_address_per_minute: few,
        ..config
    };
    let auth = Auth::with(Engine::Sqlite, "memory:", alter).await;
    for _ in 0..3 {
        let form = reply(&begin(&auth, "acme").await, "no-code");
        assert_eq!(
            auth.post_from(FLOOD, "oidc/sign-in", form).await.code(),
            "identity_refused"
        );
    }
    let visitor = begin(&auth, "acme").await;
    let form = reply(&visitor, &issuer.grant(&visitor.way, "17", now_s(&auth)));
    let refused = auth.post_from(FLOOD, "oidc/sign-in", form.clone()).await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        refused.text
    );
    assert_eq!(refused.code(), "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(issuer.forgery().exchanges, 3);
    // The flow is not spent, and other addresses count separately.
    token(&auth.post_from("198.51.100.7", "oidc/sign-in", form).await);
}

#[tokio::test]
async fn a_token_that_is_wrong_in_anything_registers_nobody() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    let now = now_s(&auth);
    for (header, claims) in [
        (json!({ "alg": "none" }), json!({})),
        (json!({ "alg": "HS256", "kid": "first" }), json!({})),
        (json!({ "alg": "EdDSA", "kid": "another" }), json!({})),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "nonce": "of another sign-in" }),
        ),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "nonce": null }),
        ),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "aud": "somebody-else" }),
        ),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "iss": "https://other.example" }),
        ),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "exp": now - 61 }),
        ),
        (
            json!({ "alg": "EdDSA", "kid": "first" }),
            json!({ "iat": now - 3600 }),
        ),
    ] {
        {
            let mut forgery = issuer.forgery();
            (forgery.header, forgery.claims) = (header.clone(), claims.clone());
        }
        let answer = sign_in(&auth, "acme", &issuer, "17").await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{header} {claims}: {}",
            answer.text
        );
        assert_eq!(answer.code(), "identity_refused", "{header} {claims}");
    }
    {
        let mut forgery = issuer.forgery();
        (forgery.header, forgery.claims) = (json!({ "alg": "EdDSA", "kid": "first" }), json!({}));
        forgery.signs_by = 9;
    }
    assert_eq!(
        sign_in(&auth, "acme", &issuer, "17").await.code(),
        "identity_refused"
    );
    issuer.forgery().signs_by = 1;
    let visitor = begin(&auth, "acme").await;
    let mut form = reply(&visitor, &issuer.grant(&visitor.way, "17", now));
    form["iss"] = json!("https://other.example");
    assert_eq!(
        auth.post("oidc/sign-in", form).await.code(),
        "identity_refused",
        "a mix-up"
    );
    assert_eq!(users(&auth).await, 0);
    token(&sign_in(&auth, "acme", &issuer, "17").await);
}

#[tokio::test]
async fn a_new_key_is_read_and_unknown_ones_are_asked_for_once_a_minute() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    token(&sign_in(&auth, "acme", &issuer, "17").await);
    assert_eq!(issuer.forgery().key_reads, 1);
    {
        let mut forgery = issuer.forgery();
        forgery.published = vec![("first".to_owned(), 1), ("second".to_owned(), 2)];
        forgery.header = json!({ "alg": "EdDSA", "kid": "second" });
        forgery.signs_by = 2;
    }
    for _ in 0..3 {
        assert_eq!(
            sign_in(&auth, "acme", &issuer, "17").await.code(),
            "identity_refused"
        );
    }
    assert_eq!(issuer.forgery().key_reads, 1, "read a moment ago");
    auth.clock.advance(MINUTE_MS);
    token(&sign_in(&auth, "acme", &issuer, "17").await);
    assert_eq!(issuer.forgery().key_reads, 2);
    issuer.forgery().header = json!({ "alg": "EdDSA", "kid": "third" });
    auth.clock.advance(MINUTE_MS);
    for _ in 0..3 {
        assert_eq!(
            sign_in(&auth, "acme", &issuer, "17").await.code(),
            "identity_refused"
        );
    }
    assert_eq!(issuer.forgery().key_reads, 3);
}

#[tokio::test]
async fn a_closed_account_stays_closed_to_its_identity() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    let access = token(&sign_in(&auth, "acme", &issuer, "17").await);
    auth.sql
        .exec("UPDATE users SET is_active = 0", Vec::new())
        .await
        .unwrap();
    let listed = auth
        .send(Method::GET, "/api/v1/auth/sessions", Some(&access), None)
        .await;
    assert_eq!(listed.code(), "invalid_token");
    let refused = sign_in(&auth, "acme", &issuer, "17").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, "revoked")
    );
    assert_eq!(users(&auth).await, 1, "nor is a second account made");
}

#[tokio::test]
async fn an_issuer_that_is_away_is_named_and_keeps_no_other_sign_in_waiting() {
    let gone = ForgedIssuer::start().await;
    let here = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("gone", &gone), ("here", &here)]).await;
    auth.register("lisi", "customer").await;
    let visitor = begin(&auth, "gone").await;
    let code = gone.grant(&visitor.way, "17", now_s(&auth));
    gone.stop().await;
    let away = auth.post("oidc/sign-in", reply(&visitor, &code)).await;
    assert_eq!(
        (away.status, away.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "issuer_away")
    );
    assert!(
        away.body["detail"].as_str().unwrap().contains("The gone"),
        "{}",
        away.text
    );
    assert!(away.headers.contains_key("retry-after"));
    token(&sign_in(&auth, "here", &here, "17").await);
    assert_eq!(auth.login("lisi", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(
        auth.post("oidc/nobody/begin", json!({})).await.status,
        StatusCode::NOT_FOUND
    );

    // The discovery document is cached for an hour.
    begin(&auth, "gone").await;
    let auth = auth_at(Engine::Sqlite, &[("gone", &gone)]).await;
    for _ in 0..2 {
        assert_eq!(
            auth.post("oidc/gone/begin", json!({})).await.code(),
            "issuer_away"
        );
    }
}

#[tokio::test]
async fn an_issuer_that_leads_elsewhere_or_calls_itself_otherwise_is_not_followed() {
    let issuer = ForgedIssuer::start().await;
    let auth = auth_at(Engine::Sqlite, &[("acme", &issuer)]).await;
    issuer.forgery().redirects = true;
    let begun = async || {
        auth.post("oidc/acme/begin", json!({}))
            .await
            .code()
            .to_owned()
    };
    assert_eq!(begun().await, "issuer_away");
    assert_eq!(issuer.forgery().key_reads, 0, "a redirection was followed");
    issuer.forgery().redirects = false;
    assert_eq!(begun().await, "issuer_away", "it rests for a moment");
    for document in [
        json!({ "issuer": "https://other.example" }),
        json!({ "token_endpoint": "http://other.example/token" }),
        json!({ "jwks_uri": "ftp://other.example" }),
        json!({ "jwks_uri": null }),
        json!({ "more": "x".repeat(200_000) }),
    ] {
        auth.clock.advance(MINUTE_MS);
        issuer.forgery().document = document.clone();
        assert_eq!(begun().await, "issuer_away", "{:.80}", document.to_string());
    }
    auth.clock.advance(MINUTE_MS);
    issuer.forgery().document = json!({});
    token(&sign_in(&auth, "acme", &issuer, "17").await);
}
