//! Sign-in with a phone code; a folder replaces the gateway.

mod accounts;
mod edges;
mod stored;

use std::{num::NonZeroU32, path::PathBuf};

use auth::Config;
use axum::http::{Method, StatusCode};
use platform::sealing::DataKeys;
use rstest::rstest;
use serde_json::{Value, json};
use wire::{EventType, Role};

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

pub(crate) const PHONE: &str = "+8613800138000";
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Auth and the folder with the messages to phones.
pub(crate) struct Scene {
    pub auth: Auth,
    phones: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with(engine, |config| config).await
    }

    pub(crate) async fn with(engine: Engine, alter: impl Fn(Config) -> Config) -> Self {
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
    pub(crate) fn messages(&self) -> Vec<(String, String)> {
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

    pub(crate) async fn ask(&self, phone: &str) -> Answer {
        self.auth.post("codes", json!({ "phone": phone })).await
    }

    /// Requests a code and returns it.
    pub(crate) async fn code(&self, phone: &str) -> String {
        self.newest_code(&self.ask(phone).await)
    }

    /// The code in the message that this answer confirms.
    fn newest_code(&self, sent: &Answer) -> String {
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
        let (_, text) = self.messages().pop().unwrap();
        let digits: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).collect();
        (*digits.iter().find(|digits| digits.len() == 6).unwrap()).to_owned()
    }

    pub(crate) async fn enter(&self, phone: &str, code: &str) -> Answer {
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
    pub(crate) async fn customer(&self, name: &str, phone: &str) -> String {
        self.auth.register(name, "customer").await;
        let token = self.auth.token(name).await;
        let code = self.code(phone).await;
        let linked = self.link(&token, phone, &code, PASSWORD).await;
        assert_eq!(linked.status, StatusCode::NO_CONTENT, "{}", linked.text);
        token
    }
}

/// A different six-digit code.
pub(crate) fn not(code: &str) -> String {
    if code == "000000" {
        "000001".to_owned()
    } else {
        "000000".to_owned()
    }
}

pub(crate) fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{}",
        answer.text
    );
}

pub(crate) fn token(answer: &Answer) -> &str {
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
