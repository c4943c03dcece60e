//! Sign-in with a phone code; a folder replaces the gateway.

use std::{num::NonZeroU32, path::PathBuf};

use auth::Config;
use axum::http::{Method, StatusCode};
use platform::sealing::DataKeys;
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, Role};

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

pub const PHONE: &str = "+8613800138000";
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Auth and the folder with the messages to phones.
pub struct Scene {
    pub auth: Auth,
    phones: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub async fn new(engine: Engine) -> Self {
        Self::with(engine, |config| config).await
    }

    pub async fn with(engine: Engine, alter: impl Fn(Config) -> Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let phones = folder.path().join("phones");
        let sms_url = format!("folder:{}", phones.display());
        let alter = |config| {
            alter(Config {
                sms_url: sms_url.clone(),
                ..config
            })
        };
        Self {
            auth: Auth::with(engine, "memory:", alter).await,
            phones,
            _folder: folder,
        }
    }

    /// All messages so far, oldest first: number and text.
    pub fn messages(&self) -> Vec<(String, String)> {
        let all = self
            .phones
            .read_dir()
            .unwrap()
            .map(|file| file.unwrap().path());
        // Other extensions mark incomplete files.
        let whole = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
        let mut files: Vec<_> = all.filter(whole).collect();
        files.sort_unstable();
        let read = |file: &PathBuf| {
            let message: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let text = |name: &str| message[name].as_str().unwrap().to_owned();
            (text("to"), text("text"))
        };
        files.iter().map(read).collect()
    }

    pub async fn ask(&self, phone: &str) -> Answer {
        self.auth.post("codes", json!({ "phone": phone })).await
    }

    /// Requests a code and returns it.
    async fn code(&self, phone: &str) -> String {
        let answer = self.ask(phone).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let (_, text) = self.messages().pop().unwrap();
        let digits: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).collect();
        (*digits.iter().find(|digits| digits.len() == 6).unwrap()).to_owned()
    }

    pub async fn enter(&self, phone: &str, code: &str) -> Answer {
        self.auth
            .post("codes/sign-in", json!({ "phone": phone, "code": code }))
            .await
    }

    async fn link(&self, token: &str, phone: &str, code: &str, password: &str) -> Answer {
        let form = json!({ "phone": phone, "code": code, "password": password });
        let path = "/api/v1/auth/identities/phone";
        self.auth
            .send(Method::POST, path, Some(token), Some(form))
            .await
    }

    /// Registers a customer and links that number.
    pub async fn customer(&self, name: &str, phone: &str) -> String {
        self.auth.register(name, "customer").await;
        let token = self.auth.token(name).await;
        let code = self.code(phone).await;
        let linked = self.link(&token, phone, &code, PASSWORD).await;
        assert_eq!(linked.status, StatusCode::NO_CONTENT, "{}", linked.text);
        token
    }
}

/// A different six-digit code.
pub fn not(code: &str) -> String {
    if code == "000000" {
        "000001".to_owned()
    } else {
        "000000".to_owned()
    }
}

pub fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{}",
        answer.text
    );
}

pub fn token(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["access_token"].as_str().unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_newcomer_becomes_a_customer_and_stays_the_same_person(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let code = scene.code("138 0013 8000").await;
    let (to, text) = scene.messages().pop().unwrap();
    assert_eq!(to, PHONE);
    assert!(text.contains("5 minutes"), "{text}");

    let first = scene.enter(PHONE, &code).await;
    let access = token(&first);
    assert_eq!(
        (&first.body["role"], &first.body["expires_in"]),
        (&json!("customer"), &json!(3600))
    );
    let name = first.body["username"].as_str().unwrap();
    assert!(
        name.starts_with("guest-") && !name.contains("138"),
        "{name}"
    );
    assert_eq!(
        scene.auth.verify(access).await.body["user_id"],
        first.body["user_id"]
    );

    let code = scene.code(PHONE).await;
    let again = scene.enter("+86-138-0013-8000", &code).await;
    assert_eq!(
        (token(&again) != access, &again.body["user_id"]),
        (true, &first.body["user_id"])
    );
    let code = scene.code("+8613800138001").await;
    let other = scene.enter("+8613800138001", &code).await;
    assert_ne!(other.body["user_id"], first.body["user_id"]);
    let registered = |event: &&wire::Event| event.kind == EventType::UserRegistered;
    assert_eq!(
        scene.auth.events().await.iter().filter(registered).count(),
        2
    );

    // No password opens an account without one, and its person sees this.
    assert_eq!(
        scene.auth.login(name, "none").await.code(),
        "invalid_credentials"
    );
    let path = "/api/v1/auth/identities";
    let own = scene
        .auth
        .send(Method::GET, path, Some(token(&again)), None)
        .await;
    assert_eq!(own.body["has_password"], false);
    let identity = &own.body["items"][0];
    assert_eq!(
        (&identity["phone"], &identity["origin"]),
        (&json!(true), &json!(true))
    );
    let path = format!("{path}/{}", identity["id"].as_str().unwrap());
    let kept = scene
        .auth
        .send(Method::DELETE, &path, Some(token(&again)), None)
        .await;
    refused(&kept, StatusCode::CONFLICT, "last_way_in");
}

#[tokio::test]
async fn a_message_is_in_the_language_of_its_reader() {
    let scene = Scene::new(Engine::Sqlite).await;
    let request = axum::extract::Request::post("/api/v1/auth/codes")
        .header("accept-language", "zh-CN,zh;q=0.9")
        .body(axum::body::Body::from(
            json!({ "phone": PHONE }).to_string(),
        ))
        .unwrap();
    let answer = tower::ServiceExt::oneshot(scene.auth.router.clone(), request)
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let (_, text) = scene.messages().pop().unwrap();
    assert!(
        text.contains("验证码") && text.chars().count() <= 70,
        "{text}"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_code_opens_one_session_of_its_own_number_within_five_minutes(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let over = |answer: &Answer| refused(answer, StatusCode::CONFLICT, "code_over");
    over(&scene.enter(PHONE, "123456").await);

    let code = scene.code(PHONE).await;
    // Numbers of other people: one without a code, and one with a code.
    over(&scene.enter("+8613800138001", &code).await);
    scene.code("+8613800138002").await;
    refused(
        &scene.enter("+8613800138002", &code).await,
        StatusCode::UNAUTHORIZED,
        "code_wrong",
    );
    token(&scene.enter(PHONE, &code).await);
    over(&scene.enter(PHONE, &code).await);

    let first = scene.code(PHONE).await;
    let second = scene.code(PHONE).await;
    if first != second {
        refused(
            &scene.enter(PHONE, &first).await,
            StatusCode::UNAUTHORIZED,
            "code_wrong",
        );
    }
    scene.auth.clock.advance(5 * MINUTE_MS);
    over(&scene.enter(PHONE, &second).await);
    let code = scene.code(PHONE).await;
    scene.auth.clock.advance(5 * MINUTE_MS - 1);
    token(&scene.enter(PHONE, &code).await);

    // Of many concurrent tries with the right code, one succeeds.
    let code = scene.code(PHONE).await;
    let all = futures::future::join_all((0..5).map(|_| scene.enter(PHONE, &code))).await;
    let entered = all
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(entered, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_fifth_wrong_try_ends_a_code_and_many_lock_the_number(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    for round in 0..2 {
        let code = scene.code(PHONE).await;
        for left in (0..5).rev() {
            let wrong = scene.enter(PHONE, &not(&code)).await;
            refused(&wrong, StatusCode::UNAUTHORIZED, "code_wrong");
            assert_eq!(wrong.body["tries_left"], left);
        }
        let late = scene.enter(PHONE, &code).await;
        match round {
            0 => refused(&late, StatusCode::CONFLICT, "code_over"),
            // Ten wrong codes lock the number for a quarter of an hour, like ten wrong passwords.
            _ => refused(&late, StatusCode::TOO_MANY_REQUESTS, "account_locked"),
        }
    }
    scene.auth.clock.advance(15 * MINUTE_MS);
    let code = scene.code(PHONE).await;
    token(&scene.enter(PHONE, &code).await);

    // Concurrent tries count like sequential ones. The right code reset the earlier count.
    let code = scene.code(PHONE).await;
    let guesses = (0..9).map(|_| {
        scene.auth.post(
            "codes/sign-in",
            json!({ "phone": PHONE, "code": not(&code) }),
        )
    });
    let wrong = futures::future::join_all(guesses).await;
    let tried = wrong
        .iter()
        .filter(|answer| answer.code() == "code_wrong")
        .count();
    assert_eq!(tried, 5);
}

#[tokio::test]
async fn nobody_learns_from_an_answer_whose_a_number_is() {
    let scene = Scene::new(Engine::Sqlite).await;
    scene.customer("lisi", PHONE).await;
    scene.auth.register("wang", "provider").await;
    let known = "+8613800138000";
    let unknown = "+8613800138999";
    let known_asked = scene.ask(known).await;
    let unknown_asked = scene.ask(unknown).await;
    assert_eq!(
        (known_asked.status, &known_asked.body),
        (unknown_asked.status, &unknown_asked.body)
    );
    assert_eq!(scene.messages().len(), 3, "one to link, and one to each");
    let codes = [known, unknown].map(|phone| {
        let message = scene
            .messages()
            .into_iter()
            .rev()
            .find(|(to, _)| to == phone)
            .unwrap();
        let text = message.1;
        text.split(|c: char| !c.is_ascii_digit())
            .find(|word| word.len() == 6)
            .unwrap()
            .to_owned()
    });
    let guess = ["000000", "000001", "000002"];
    let guess = guess
        .into_iter()
        .find(|guess| !codes.iter().any(|code| code == guess))
        .unwrap();
    for _ in 0..6 {
        let mut answers = Vec::new();
        for phone in [known, unknown] {
            let mut answer = scene.enter(phone, guess).await;
            answer.body["trace"] = Value::Null;
            answers.push((answer.status, answer.body));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test]
async fn a_number_opens_a_customers_account_whose_person_linked_it_by_the_password() {
    let scene = Scene::new(Engine::Sqlite).await;
    scene.auth.register("lisi", "customer").await;
    let token_of_lisi = scene.auth.token("lisi").await;
    let code = scene.code(PHONE).await;
    // Neither the session alone nor a wrong code links a number, and neither spends the code.
    let wrong = scene
        .link(&token_of_lisi, PHONE, &code, "not the password")
        .await;
    refused(&wrong, StatusCode::UNAUTHORIZED, "invalid_credentials");
    let wrong = scene
        .link(&token_of_lisi, PHONE, &not(&code), PASSWORD)
        .await;
    refused(&wrong, StatusCode::UNAUTHORIZED, "code_wrong");
    let linked = scene.link(&token_of_lisi, PHONE, &code, PASSWORD).await;
    assert_eq!(linked.status, StatusCode::NO_CONTENT, "{}", linked.text);
    let code = scene.code(PHONE).await;
    let entered = scene.enter(PHONE, &code).await;
    token(&entered);
    assert_eq!(entered.body["username"], "lisi");

    // A number belongs to one account, and an account has one number.
    scene.auth.register("zhao", "customer").await;
    let zhao = scene.auth.token("zhao").await;
    let code = scene.code(PHONE).await;
    refused(
        &scene.link(&zhao, PHONE, &code, PASSWORD).await,
        StatusCode::CONFLICT,
        "identity_taken",
    );
    let code = scene.code("+8613800138001").await;
    refused(
        &scene
            .link(&token_of_lisi, "+8613800138001", &code, PASSWORD)
            .await,
        StatusCode::CONFLICT,
        "identity_taken",
    );

    // Only customers link a number.
    scene.auth.register("wang", "provider").await;
    let wang = scene.auth.token("wang").await;
    let code = scene.code("+8613800138002").await;
    refused(
        &scene.link(&wang, "+8613800138002", &code, PASSWORD).await,
        StatusCode::FORBIDDEN,
        "role_forbidden",
    );

    // A password change unlinks the number.
    let form = json!({ "old_password": PASSWORD, "new_password": "another password of hers" });
    let path = "/api/v1/auth/password";
    let changed = scene
        .auth
        .send(Method::POST, path, Some(&token_of_lisi), Some(form))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(
        scene.auth.verify(token(&entered)).await.code(),
        "invalid_token"
    );
    scene.auth.clock.advance(HOUR_MS);
    let code = scene.code(PHONE).await;
    let newcomer = scene.enter(PHONE, &code).await;
    token(&newcomer);
    assert_ne!(newcomer.body["username"], "lisi");
}

#[tokio::test]
async fn an_account_that_is_closed_or_more_than_a_customers_is_not_opened() {
    let scene = Scene::new(Engine::Sqlite).await;
    for (name, change, status, code) in [
        (
            "lisi",
            "UPDATE users SET is_active = 0",
            StatusCode::FORBIDDEN,
            "revoked",
        ),
        (
            "zhao",
            "UPDATE users SET is_active = 1, role_id = 3",
            StatusCode::FORBIDDEN,
            "password_only",
        ),
        (
            "wang",
            "UPDATE users SET role_id = 2",
            StatusCode::FORBIDDEN,
            "password_only",
        ),
    ] {
        let phone = format!(
            "+861380013{:04}",
            1000 + name.len() + usize::from(name.as_bytes()[0])
        );
        scene.customer(name, &phone).await;
        scene.auth.sql.exec(change, Vec::new()).await.unwrap();
        let right = scene.code(&phone).await;
        refused(&scene.enter(&phone, &right).await, status, code);
        scene
            .auth
            .sql
            .exec("UPDATE users SET is_active = 1, role_id = 1", Vec::new())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn newcomers_register_otherwise_where_the_operator_says_so() {
    let alter = |config| Config {
        code_newcomers: false,
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    let known = PHONE;
    let unknown = "+8613800138001";
    scene.customer("lisi", known).await;
    // Requesting a code reveals nothing; the number's owner learns it with the code.
    assert_eq!(scene.ask(known).await.body, scene.ask(unknown).await.body);
    let code = scene.code(unknown).await;
    refused(
        &scene.enter(unknown, &code).await,
        StatusCode::FORBIDDEN,
        "phone_unknown",
    );
    let code = scene.code(known).await;
    token(&scene.enter(known, &code).await);
    assert_eq!(scene.auth.count("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn codes_are_counted_by_number_by_address_and_in_all() {
    let few = |count| NonZeroU32::new(count).unwrap();
    let alter = |config| Config {
        codes_per_phone_per_hour: few(2),
        codes_per_address_per_hour: few(3),
        codes_per_hour: few(4),
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    let ask = async |address: &str, phone: &str| {
        scene
            .auth
            .post_from(address, "codes", json!({ "phone": phone }))
            .await
    };
    let kiosk = "203.0.113.5";
    let elsewhere = "198.51.100.7";
    for _ in 0..2 {
        assert_eq!(ask(kiosk, PHONE).await.status, StatusCode::OK);
    }
    let by_number = ask(elsewhere, PHONE).await;
    refused(&by_number, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    assert!(by_number.headers.contains_key("retry-after"));
    assert!(
        by_number.body["detail"]
            .as_str()
            .unwrap()
            .contains("one number")
    );
    assert_eq!(ask(kiosk, "+8613800138001").await.status, StatusCode::OK);
    let by_address = ask(kiosk, "+8613800138002").await;
    refused(&by_address, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    assert!(
        by_address.body["detail"]
            .as_str()
            .unwrap()
            .contains("one address")
    );
    assert_eq!(
        ask(elsewhere, "+8613800138002").await.status,
        StatusCode::OK
    );
    let of_all = ask(elsewhere, "+8613800138003").await;
    refused(&of_all, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    assert!(of_all.headers.contains_key("retry-after"));
    assert_eq!(scene.messages().len(), 4);
}

#[tokio::test]
async fn codes_are_not_offered_without_a_gateway_and_one_that_is_away_is_said() {
    let auth = Auth::new(Engine::Sqlite).await;
    let offer = async |auth: &Auth| {
        auth.send(Method::GET, "/api/v1/auth/codes", None, None)
            .await
    };
    assert_eq!(offer(&auth).await.body, json!({ "offered": false }));
    let form = json!({ "phone": PHONE, "code": "123456" });
    for path in ["codes", "codes/sign-in"] {
        refused(
            &auth.post(path, form.clone()).await,
            StatusCode::NOT_FOUND,
            "codes_off",
        );
    }

    let scene = Scene::new(Engine::Sqlite).await;
    assert_eq!(offer(&scene.auth).await.body, json!({ "offered": true }));
    std::fs::remove_dir_all(&scene.phones).unwrap();
    let away = scene.ask(PHONE).await;
    refused(&away, StatusCode::SERVICE_UNAVAILABLE, "code_not_sent");
    assert!(away.headers.contains_key("retry-after"));
    let wrong = scene.enter("12", "12345").await;
    refused(&wrong, StatusCode::UNPROCESSABLE_ENTITY, "invalid_input");
    assert_eq!(wrong.fields(), ["phone", "code"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn neither_a_number_nor_a_code_is_kept_and_what_is_over_goes(#[case] engine: Engine) {
    let scene = Scene::new(engine).await;
    let code = scene.code(PHONE).await;
    let kept: Vec<(Vec<u8>, Vec<u8>)> = scene
        .auth
        .sql
        .fetch_all(
            "SELECT phone_hash, code_hash FROM sign_in_codes",
            Vec::new(),
        )
        .await
        .unwrap();
    let guessed = [PHONE.to_owned(), format!("{PHONE}\n{code}"), code.clone()];
    for plain in guessed {
        // An unkeyed hash could be brute-forced over all codes in a moment.
        let hash = ring::digest::digest(&ring::digest::SHA256, plain.as_bytes());
        let keyed = DataKeys::without_keys().hash("sign_in_codes.code", &plain);
        for (phone_hash, code_hash) in &kept {
            assert!(phone_hash != hash.as_ref() && code_hash != hash.as_ref());
            assert!(code_hash[..] != keyed);
        }
    }
    assert_eq!(kept.len(), 1);
    scene.ask(PHONE).await;
    assert_eq!(
        scene.auth.count("SELECT COUNT(*) FROM sign_in_codes").await,
        1,
        "one living code"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_proven_number_is_told_to_services_while_it_is_its_persons_and_kept_sealed(
    #[case] engine: Engine,
) {
    let scene = Scene::new(engine).await;
    let auth = &scene.auth;
    let contact = async |user: &Value| {
        let own = auth
            .service_key
            .issue_token("notification", "auth", &auth.clock);
        let asked = Some(json!({ "user_id": user }));
        auth.send(Method::POST, "/internal/contact", Some(&own), asked)
            .await
            .body
    };
    let of = |is_open: bool, is_unconfirmed: bool, phone: Value| {
        json!({
            "is_open": is_open, "role": is_open.then_some(Role::Customer), "email": null,
            "is_unconfirmed": is_unconfirmed, "phone": phone,
        })
    };

    // A person registered by phone has no address.
    let guest = scene.enter(PHONE, &scene.code(PHONE).await).await;
    assert_eq!(
        contact(&guest.body["user_id"]).await,
        of(true, false, json!(PHONE))
    );
    let kept: Vec<String> = auth
        .sql
        .fetch_all("SELECT number FROM identities", Vec::new())
        .await
        .unwrap();
    assert!(kept.len() == 1 && !kept[0].contains("138"), "{kept:?}");
    // Rows of the previous release lack the number until the person signs in again.
    auth.sql
        .exec("UPDATE identities SET number = NULL", Vec::new())
        .await
        .unwrap();
    assert_eq!(contact(&guest.body["user_id"]).await["phone"], Value::Null);
    token(&scene.enter(PHONE, &scene.code(PHONE).await).await);
    assert_eq!(contact(&guest.body["user_id"]).await["phone"], PHONE);

    let other = "+8613800138001";
    let token = scene.customer("lisi", other).await;
    let lisi = auth.verify(&token).await.body["user_id"].clone();
    assert_eq!(contact(&lisi).await, of(true, true, json!(other)));
    let own = auth
        .send(Method::GET, "/api/v1/auth/identities", Some(&token), None)
        .await;
    let path = format!(
        "/api/v1/auth/identities/{}",
        own.body["items"][0]["id"].as_str().unwrap()
    );
    let removed = auth.send(Method::DELETE, &path, Some(&token), None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(
        contact(&lisi).await["phone"],
        Value::Null,
        "it is no longer hers"
    );

    let other_service = auth.service_key.issue_token("gateway", "auth", &auth.clock);
    let asked = Some(json!({ "user_id": lisi }));
    let refused = auth
        .send(
            Method::POST,
            "/internal/contact",
            Some(&other_service),
            asked,
        )
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "it writes to nobody");

    auth.sql
        .exec("UPDATE users SET is_active = 0", Vec::new())
        .await
        .unwrap();
    let closed = of(false, false, Value::Null);
    assert_eq!(contact(&guest.body["user_id"]).await, closed);
}
