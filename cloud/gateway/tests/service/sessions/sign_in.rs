//! A gateway before a fake auth, and the browsers that sign in there.

use std::sync::{Arc, LazyLock, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Builder},
    response::{IntoResponse, Response},
    routing::post,
};
use gateway::{Config, Peers};
use platform::upstream::Upstream;
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
pub(super) const OWN: &str = "http://127.0.0.1:8080";

/// A fake auth that accepts the right password and renews for twelve hours.
#[derive(Clone)]
pub(super) struct SigningAuth {
    signer: Signer,
    clock: Clock,
    pub state: Arc<Mutex<SigningState>>,
}

#[derive(Default)]
pub(super) struct SigningState {
    pub renewed: usize,
    pub signed_out: usize,
    pub is_away: bool,
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

    pub(super) fn set(&self, change: impl FnOnce(&mut SigningState)) {
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

pub(super) static GUESSES: LazyLock<Value> =
    LazyLock::new(|| json!({ "count": 10, "places": 2, "since": NOW }));

/// A gateway before that auth.
pub(super) struct SignInGate {
    pub gateway: Gate,
    pub auth: SigningAuth,
}

pub(super) struct Browser {
    pub cookie: String,
    pub csrf: String,
}

impl SignInGate {
    pub(super) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(super) async fn with(config: Config) -> Self {
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
            .route("/internal/acts", post(async || Json(json!({ "id": "1" }))))
            .with_state(auth.clone())
            .fallback_service(echo(CloudPart::Auth));
        let alter = |peers: Peers| peers.with_part(CloudPart::Auth, Upstream::from_router(router));
        let gateway = Gate::signed_by(issuer, clock, config, "memory:", alter).await;
        Self { gateway, auth }
    }

    pub(super) async fn sign_in(&self, username: &str, password: &str) -> Answer {
        let form = json!({ "username": username, "password": password }).to_string();
        let request = request_from_page("POST", "/api/v1/session").header(header::ORIGIN, OWN);
        self.gateway
            .send(request.body(Body::from(form)).unwrap())
            .await
    }

    pub(super) async fn open_browser(&self, username: &str) -> Browser {
        let answer = self.sign_in(username, "right").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let csrf = answer.body["csrf_token"].as_str().unwrap().to_owned();
        Browser {
            cookie: read_cookie(&answer),
            csrf,
        }
    }

    pub(super) async fn get(&self, browser: &Browser, path: &str) -> Answer {
        let request = request_from_page("GET", path).header(header::COOKIE, &browser.cookie);
        self.gateway
            .send(request.body(Body::empty()).unwrap())
            .await
    }

    pub(super) async fn change(&self, browser: &Browser, method: &str, path: &str) -> Answer {
        let request = request_from_page(method, path)
            .header(header::COOKIE, &browser.cookie)
            .header("x-csrf-token", &browser.csrf)
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, OWN);
        self.gateway
            .send(request.body(Body::empty()).unwrap())
            .await
    }
}

pub(super) fn request_from_page(method: &str, path: &str) -> Builder {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, HOST);
    request.header(header::CONTENT_TYPE, "application/json")
}

pub(super) fn find_set_cookie(answer: &Answer) -> Option<&str> {
    answer
        .headers
        .get(header::SET_COOKIE)
        .map(|value| value.to_str().unwrap())
}

pub(super) fn read_cookie(answer: &Answer) -> String {
    find_set_cookie(answer)
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}
