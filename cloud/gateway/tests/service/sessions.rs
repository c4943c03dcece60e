//! Sign-in from a page, calls with its cookie, and sign-out.

use std::sync::{Arc, LazyLock, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Builder},
    response::{IntoResponse, Response},
    routing::post,
};
use gateway::{Config, Peers};
use platform::{sessions, upstream::Upstream};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::Problem,
    tokens::{Claims, Signer},
};
use serde_json::{Value, json};
use support::Issuer;
use wire::{Actor, Code, Role, UnixMillis};

use crate::common::{Answer, Gate, NOW, USER, echo, every_permission};

const HOST: &str = "127.0.0.1:8080";
const OWN: &str = "http://127.0.0.1:8080";
const MINUTE_MS: i64 = 60_000;

/// A fake auth that accepts the right password and renews for twelve hours.
#[derive(Clone)]
struct SigningAuth {
    signer: Signer,
    clock: Clock,
    state: Arc<Mutex<SigningState>>,
}

#[derive(Default)]
struct SigningState {
    renewed: usize,
    signed_out: usize,
    is_away: bool,
}

impl SigningAuth {
    fn claims(&self, role: Role) -> Claims {
        support::claims(
            Actor {
                user_id: USER,
                role,
            },
            self.clock.now(),
        )
    }

    fn set(&self, change: impl FnOnce(&mut SigningState)) {
        change(&mut self.state.lock().unwrap());
    }

    fn is_away(&self) -> bool {
        self.state.lock().unwrap().is_away
    }
}

async fn login(State(auth): State<SigningAuth>, Json(form): Json<Value>) -> Response {
    if form["password"] != "right" {
        return Problem::new(Code::InvalidCredentials).into_response();
    }
    let role = if form["username"] == "admin" {
        Role::Admin
    } else {
        Role::Customer
    };
    let mut grant = json!({ "access_token": auth.signer.sign_claims(&auth.claims(role)) });
    if form["username"] == "guessed" {
        grant["device"] = if form["device"] == "" {
            json!("minted")
        } else {
            form["device"].clone()
        };
        grant["wrong_passwords"] = GUESSES.clone();
    }
    Json(grant).into_response()
}

async fn renew(
    State(auth): State<SigningAuth>,
    headers: HeaderMap,
    Json(form): Json<Value>,
) -> Response {
    assert!(form["token"].is_string() && headers.contains_key(header::AUTHORIZATION));
    if auth.is_away() {
        return Problem::new(Code::Unavailable).into_response();
    }
    auth.set(|state| state.renewed += 1);
    let ends = NOW.0 / 1000 + 12 * 3600;
    let mut claims = auth.claims(Role::Customer);
    claims.exp = claims.exp.min(ends);
    Json(json!({
        "access_token": auth.signer.sign_claims(&claims),
        "ends_at": UnixMillis(ends * 1000),
    }))
    .into_response()
}

async fn logout(State(auth): State<SigningAuth>, headers: HeaderMap) -> Response {
    assert!(headers.contains_key(header::AUTHORIZATION));
    if auth.is_away() {
        return Problem::new(Code::Unavailable).into_response();
    }
    auth.set(|state| state.signed_out += 1);
    StatusCode::NO_CONTENT.into_response()
}

static GUESSES: LazyLock<Value> =
    LazyLock::new(|| json!({ "count": 10, "places": 2, "since": NOW }));

struct World {
    gate: Gate,
    auth: SigningAuth,
}

struct Browser {
    cookie: String,
    csrf: String,
}

impl World {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let issuer = Issuer::new();
        let clock = Clock::fixed_at(NOW);
        let signer = issuer.signer.clone();
        let state = Arc::default();
        let auth = SigningAuth {
            signer,
            clock: clock.clone(),
            state,
        };
        let router = Router::new()
            .route("/api/v1/auth/login", post(login))
            .route("/api/v1/auth/logout", post(logout))
            .route("/internal/sessions/renew", post(renew))
            .route("/internal/permissions", post(async || every_permission()))
            .with_state(auth.clone())
            .fallback_service(echo(CloudPart::Auth));
        let alter = |peers: Peers| peers.with_part(CloudPart::Auth, Upstream::from_router(router));
        let gate = Gate::signed_by(issuer, clock, config, "memory:", alter).await;
        Self { gate, auth }
    }

    async fn sign_in(&self, username: &str, password: &str) -> Answer {
        let form = json!({ "username": username, "password": password }).to_string();
        let request = page("POST", "/api/v1/session").header(header::ORIGIN, OWN);
        self.gate
            .send(request.body(Body::from(form)).unwrap())
            .await
    }

    async fn browser(&self, username: &str) -> Browser {
        let answer = self.sign_in(username, "right").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let csrf = answer.body["csrf_token"].as_str().unwrap().to_owned();
        Browser {
            cookie: cookie_in(&answer),
            csrf,
        }
    }

    async fn get(&self, browser: &Browser, path: &str) -> Answer {
        let request = page("GET", path).header(header::COOKIE, &browser.cookie);
        self.gate.send(request.body(Body::empty()).unwrap()).await
    }

    async fn change(&self, browser: &Browser, method: &str, path: &str) -> Answer {
        let request = page(method, path)
            .header(header::COOKIE, &browser.cookie)
            .header("x-csrf-token", &browser.csrf)
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, OWN);
        self.gate.send(request.body(Body::empty()).unwrap()).await
    }
}

fn page(method: &str, path: &str) -> Builder {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, HOST);
    request.header(header::CONTENT_TYPE, "application/json")
}

fn set_cookie(answer: &Answer) -> Option<&str> {
    answer
        .headers
        .get(header::SET_COOKIE)
        .map(|value| value.to_str().unwrap())
}

fn cookie_in(answer: &Answer) -> String {
    set_cookie(answer)
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_page_that_signs_in_gets_a_cookie_and_never_the_token() {
    let world = World::new().await;
    let answer = world.sign_in(" lisi ", "right").await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "user_id": USER, "username": "lisi", "role": "customer", "region": null,
        "expires_at": UnixMillis(NOW.0 + 60 * MINUTE_MS), "csrf_token": answer.body["csrf_token"],
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.body["csrf_token"].as_str().unwrap().len(), 43);
    let cookie = set_cookie(&answer).unwrap().to_owned();
    let (value, rules) = cookie.split_once("; ").unwrap();
    assert_eq!(rules, "Path=/; HttpOnly; SameSite=Strict");
    assert!(value.starts_with("holdfast=") && !value.contains("eyJ") && value.len() < 1_000);
    assert_eq!(answer.headers["cache-control"], "no-store");

    let browser = Browser {
        cookie: cookie_in(&answer),
        csrf: String::new(),
    };
    let again = world.get(&browser, "/api/v1/session").await;
    assert_eq!(
        again.body, expected,
        "it is the same for whoever asks later"
    );
    assert!(set_cookie(&again).is_none(), "nothing is due yet");
}

#[tokio::test]
async fn auths_refusals_are_passed_on_and_leave_no_cookie() {
    let world = World::new().await;
    let answer = world.sign_in("lisi", "wrong").await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::UNAUTHORIZED, "invalid_credentials")
    );
    assert!(set_cookie(&answer).is_none());
}

#[tokio::test]
async fn a_part_hears_the_token_and_nothing_of_the_cookie() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let answer = world.get(&browser, "/api/v1/orders").await;
    assert_eq!(answer.status, StatusCode::OK);
    let headers = &answer.body["headers"];
    assert!(
        headers["authorization"]
            .as_str()
            .unwrap()
            .starts_with("Bearer eyJ")
    );
    assert_eq!(headers["x-user-id"], USER.to_string());
    assert!(headers.get("cookie").is_none());
    let refused = world.get(&browser, "/api/v1/admin/orders").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, "role_forbidden")
    );
}

#[tokio::test]
async fn a_request_with_both_is_the_bearers() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let admin = format!("Bearer {}", world.gate.token(Role::Admin));
    for (bearer, status) in [
        (admin.as_str(), StatusCode::OK),
        ("Bearer x.y.z", StatusCode::UNAUTHORIZED),
    ] {
        // A bearer request needs no CSRF token: browsers do not add the header automatically.
        let request = page("POST", "/api/v1/orders/7/approve")
            .header(header::COOKIE, &browser.cookie)
            .header(header::AUTHORIZATION, bearer);
        let answer = world.gate.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_sessions_token_and_our_own_page() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let other = world.browser("lisi").await;
    assert_ne!(browser.csrf, other.csrf, "each sign-in has its own");
    const TOKEN: &str = "x-csrf-token";
    let own = ("origin", OWN);
    let good = (TOKEN, browser.csrf.as_str());
    for (headers, code) in [
        (vec![good, own], ""),
        (vec![good, ("sec-fetch-site", "same-origin")], ""),
        (vec![own], "csrf_token_wrong"),
        (vec![own, (TOKEN, "")], "csrf_token_wrong"),
        (vec![own, (TOKEN, other.csrf.as_str())], "csrf_token_wrong"),
        (vec![own, (TOKEN, &browser.csrf[1..])], "csrf_token_wrong"),
        (vec![own, good, good], "csrf_token_wrong"),
        (vec![good], "foreign_page"),
        (
            vec![good, ("origin", "http://evil.example")],
            "foreign_page",
        ),
        (vec![good, ("origin", "null")], "foreign_page"),
        (
            vec![good, own, ("sec-fetch-site", "cross-site")],
            "foreign_page",
        ),
        (
            vec![good, own, ("sec-fetch-site", "same-site")],
            "foreign_page",
        ),
    ] {
        for (method, path) in [
            ("POST", "/api/v1/orders/7/cancel"),
            ("PUT", "/api/v1/notifications/7/read"),
        ] {
            let request = page(method, path).header(header::COOKIE, &browser.cookie);
            let request = headers
                .iter()
                .fold(request, |all, (name, value)| all.header(*name, *value));
            let answer = world.gate.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.code(), code, "{method} {headers:?}");
            let expected = if code.is_empty() {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(answer.status, expected, "{method} {headers:?}");
            assert_eq!(answer.body["detail"].is_string(), !code.is_empty());
        }
    }
}

#[tokio::test]
async fn another_sites_page_cannot_sign_anybody_in() {
    let world = World::new().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-nothing", ""),
    ] {
        let form = json!({ "username": "lisi", "password": "right" }).to_string();
        let request = page("POST", "/api/v1/session").header(name, value);
        let answer = world
            .gate
            .send(request.body(Body::from(form)).unwrap())
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "foreign_page")
        );
        assert!(set_cookie(&answer).is_none());
    }
}

#[tokio::test]
async fn a_session_is_renewed_before_its_hour_is_over() {
    let world = World::new().await;
    let mut browser = world.browser("lisi").await;
    world.gate.clock.advance(39 * MINUTE_MS);
    assert!(set_cookie(&world.get(&browser, "/api/v1/orders").await).is_none());
    world.gate.clock.advance(2 * MINUTE_MS);
    let answer = world.get(&browser, "/api/v1/orders").await;
    assert_eq!(answer.status, StatusCode::OK);
    let csrf = browser.csrf.clone();
    browser = Browser {
        cookie: cookie_in(&answer),
        csrf,
    };
    world.gate.clock.advance(30 * MINUTE_MS);
    let shown = world.get(&browser, "/api/v1/session").await;
    assert_eq!(
        shown.body["expires_at"],
        json!(UnixMillis(NOW.0 + 101 * MINUTE_MS))
    );
    assert_eq!(
        shown.body["csrf_token"], browser.csrf,
        "open pages go on with the one they have"
    );
    assert_eq!(
        world
            .change(&browser, "POST", "/api/v1/orders")
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn at_the_end_of_a_session_nothing_is_renewed_and_nobody_is_asked_again() {
    let world = World::new().await;
    let mut browser = world.browser("lisi").await;
    for _ in 0..16 {
        world.gate.clock.advance(44 * MINUTE_MS);
        let answer = world.get(&browser, "/api/v1/orders").await;
        assert_eq!(answer.status, StatusCode::OK);
        if set_cookie(&answer).is_some() {
            browser.cookie = cookie_in(&answer);
        }
    }
    let renewed = world.auth.state.lock().unwrap().renewed;
    world.gate.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        world.get(&browser, "/api/v1/orders").await.status,
        StatusCode::OK
    );
    assert_eq!(world.auth.state.lock().unwrap().renewed, renewed);
    world.gate.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        world.get(&browser, "/api/v1/orders").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn while_auth_is_away_the_token_at_hand_is_good_to_its_end() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    world.auth.set(|state| state.is_away = true);
    world.gate.clock.advance(50 * MINUTE_MS);
    let answer = world.get(&browser, "/api/v1/orders").await;
    assert_eq!((answer.status, set_cookie(&answer)), (StatusCode::OK, None));
    world.gate.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        world.get(&browser, "/api/v1/orders").await.code(),
        "invalid_token"
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere_and_takes_the_cookie() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let answer = world.change(&browser, "DELETE", "/api/v1/session").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(cookie_in(&answer), "holdfast=");
    assert!(set_cookie(&answer).unwrap().ends_with("Max-Age=0"));
    assert_eq!(world.auth.state.lock().unwrap().signed_out, 1);

    let away = world.browser("lisi").await;
    world.auth.set(|state| state.is_away = true);
    let answer = world.change(&away, "DELETE", "/api/v1/session").await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    );
    assert_eq!(
        cookie_in(&answer),
        "holdfast=",
        "this browser is out all the same"
    );
}

#[tokio::test]
async fn an_ended_session_is_out_at_once_also_by_its_cookie() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let session = world.gate.claims(Role::Customer).jti;
    let hour = std::time::Duration::from_secs(3600);
    sessions::revoke_session(&world.gate.cache, session, hour)
        .await
        .unwrap();
    for path in ["/api/v1/session", "/api/v1/orders"] {
        assert_eq!(
            world.get(&browser, path).await.code(),
            "invalid_token",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_or_stands_twice_is_none() {
    let world = World::new().await;
    let browser = world.browser("lisi").await;
    let elsewhere = World::new().await.browser("lisi").await;
    let twice = format!("{}; {}", browser.cookie, elsewhere.cookie);
    let changed = format!("{}A", browser.cookie);
    for cookie in [
        "holdfast=",
        "holdfast=x",
        "other=1",
        &elsewhere.cookie,
        &twice,
        &changed,
    ] {
        let request = page("GET", "/api/v1/session").header(header::COOKIE, cookie);
        let answer = world.gate.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
    let beside = format!("a=b; {}; c=d", browser.cookie);
    let request = page("GET", "/api/v1/session").header(header::COOKIE, beside);
    let answer = world.gate.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn by_https_the_cookie_is_for_https_alone_and_the_origin_the_public_one() {
    let public = "https://portal.example.org";
    let config = Config {
        public_origin: public.to_owned(),
        ..Config::default()
    };
    let world = World::with(config).await;
    let form = json!({ "username": "lisi", "password": "right" }).to_string();
    assert_eq!(world.sign_in("lisi", "right").await.code(), "foreign_page");
    let request = page("POST", "/api/v1/session").header(header::ORIGIN, public);
    let answer = world
        .gate
        .send(request.body(Body::from(form)).unwrap())
        .await;
    let cookie = set_cookie(&answer).unwrap();
    assert!(cookie.starts_with("__Host-holdfast="));
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
}

#[tokio::test]
async fn a_browser_is_known_again_by_a_cookie_that_outlives_its_session() {
    let world = World::new().await;
    let form = |device: &str| {
        json!({ "username": "guessed", "password": "right", "device": device }).to_string()
    };
    for (sent, kept) in [
        (None, "minted"),
        (Some("holdfast-device=older; other=1"), "older"),
    ] {
        let mut request = page("POST", "/api/v1/session").header(header::ORIGIN, OWN);
        if let Some(cookie) = sent {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = world
            .gate
            .send(request.body(Body::from(form("a script's"))).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
        let rules = "Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000";
        assert_eq!(
            cookies[1],
            format!("holdfast-device={kept}; {rules}").as_str()
        );
        assert_eq!(
            answer.body["wrong_passwords"], *GUESSES,
            "the owner is told"
        );
        assert!(
            !answer.body.to_string().contains(kept),
            "no script reads it"
        );
    }
    assert_eq!(
        world
            .sign_in("lisi", "right")
            .await
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .count(),
        1
    );
}

#[tokio::test]
async fn requests_by_cookie_count_like_requests_by_bearer() {
    let limit = std::num::NonZeroU32::new(3).unwrap();
    let world = World::with(Config {
        per_user_per_minute: limit,
        ..Config::default()
    })
    .await;
    let browser = world.browser("lisi").await;
    let token = world.gate.token(Role::Customer);
    for _ in 0..2 {
        assert_eq!(
            world.get(&browser, "/api/v1/orders").await.status,
            StatusCode::OK
        );
    }
    let by_token = || world.gate.ask(&Method::GET, "/api/v1/orders", Some(&token));
    assert_eq!(by_token().await.status, StatusCode::OK);
    assert_eq!(by_token().await.code(), "rate_limited");
    assert_eq!(
        world.get(&browser, "/api/v1/orders").await.code(),
        "rate_limited"
    );
}

#[tokio::test]
async fn a_program_may_ask_who_it_is_by_its_bearer() {
    let world = World::new().await;
    let token = world.gate.token(Role::Provider);
    let answer = world
        .gate
        .ask(&Method::GET, "/api/v1/session", Some(&token))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["role"], "provider");
    assert_eq!(
        (&answer.body["username"], &answer.body["csrf_token"]),
        (&Value::Null, &Value::Null)
    );
}
