//! Sign-in from a page, calls with its cookie, and sign-out.

mod sign_in;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use gateway::Config;
use platform::sessions;
use serde_json::{Value, json};
use wire::{Role, UnixMillis};

use crate::common::{NOW, USER};
use sign_in::{Browser, GUESSES, OWN, SignInGate, find_set_cookie, read_cookie, request_from_page};

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn a_page_that_signs_in_gets_a_cookie_and_never_the_token() {
    let gate = SignInGate::new().await;
    let answer = gate.sign_in(" lisi ", "right").await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "user_id": USER, "username": "lisi", "role": "customer", "region": null,
        "expires_at": UnixMillis(NOW.0 + 60 * MINUTE_MS), "csrf_token": answer.body["csrf_token"],
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.body["csrf_token"].as_str().unwrap().len(), 43);
    let cookie = find_set_cookie(&answer).unwrap().to_owned();
    let (value, rules) = cookie.split_once("; ").unwrap();
    assert_eq!(rules, "Path=/; HttpOnly; SameSite=Strict");
    let sealed = value.strip_prefix("holdfast=").unwrap();
    assert!(!sealed.starts_with("eyJ") && !sealed.contains(".eyJ") && value.len() < 1_000);
    assert_eq!(answer.headers["cache-control"], "no-store");

    let browser = Browser {
        cookie: read_cookie(&answer),
        csrf: String::new(),
    };
    let again = gate.get(&browser, "/api/v1/session").await;
    assert_eq!(
        again.body, expected,
        "it is the same for whoever asks later"
    );
    assert!(find_set_cookie(&again).is_none(), "nothing is due yet");
}

#[tokio::test]
async fn auths_refusals_are_passed_on_and_leave_no_cookie() {
    let gate = SignInGate::new().await;
    let answer = gate.sign_in("lisi", "wrong").await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::UNAUTHORIZED, "invalid_credentials")
    );
    assert!(find_set_cookie(&answer).is_none());
}

#[tokio::test]
async fn a_part_hears_the_token_and_nothing_of_the_cookie() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let answer = gate.get(&browser, "/api/v1/orders").await;
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
    let refused = gate.get(&browser, "/api/v1/admin/orders").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, "role_forbidden")
    );
}

#[tokio::test]
async fn a_request_with_both_is_the_bearers() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let admin = format!("Bearer {}", gate.gateway.token(Role::Admin));
    for (bearer, status) in [
        (admin.as_str(), StatusCode::OK),
        ("Bearer x.y.z", StatusCode::UNAUTHORIZED),
    ] {
        // A bearer request needs no CSRF token: browsers do not add the header automatically.
        let request = request_from_page("POST", "/api/v1/orders/7/approve")
            .header(header::COOKIE, &browser.cookie)
            .header(header::AUTHORIZATION, bearer);
        let answer = gate
            .gateway
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_sessions_token_and_our_own_page() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let other = gate.open_browser("lisi").await;
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
            let request = request_from_page(method, path).header(header::COOKIE, &browser.cookie);
            let request = headers
                .iter()
                .fold(request, |all, (name, value)| all.header(*name, *value));
            let answer = gate
                .gateway
                .send(request.body(Body::empty()).unwrap())
                .await;
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
    let gate = SignInGate::new().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-nothing", ""),
    ] {
        let form = json!({ "username": "lisi", "password": "right" }).to_string();
        let request = request_from_page("POST", "/api/v1/session").header(name, value);
        let answer = gate
            .gateway
            .send(request.body(Body::from(form)).unwrap())
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "foreign_page")
        );
        assert!(find_set_cookie(&answer).is_none());
    }
}

#[tokio::test]
async fn a_session_is_renewed_before_its_hour_is_over() {
    let gate = SignInGate::new().await;
    let mut browser = gate.open_browser("lisi").await;
    gate.gateway.clock.advance(39 * MINUTE_MS);
    assert!(find_set_cookie(&gate.get(&browser, "/api/v1/orders").await).is_none());
    gate.gateway.clock.advance(2 * MINUTE_MS);
    let answer = gate.get(&browser, "/api/v1/orders").await;
    assert_eq!(answer.status, StatusCode::OK);
    let csrf = browser.csrf.clone();
    browser = Browser {
        cookie: read_cookie(&answer),
        csrf,
    };
    gate.gateway.clock.advance(30 * MINUTE_MS);
    let shown = gate.get(&browser, "/api/v1/session").await;
    assert_eq!(
        shown.body["expires_at"],
        json!(UnixMillis(NOW.0 + 101 * MINUTE_MS))
    );
    assert_eq!(
        shown.body["csrf_token"], browser.csrf,
        "open pages go on with the one they have"
    );
    assert_eq!(
        gate.change(&browser, "POST", "/api/v1/orders").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn at_the_end_of_a_session_nothing_is_renewed_and_nobody_is_asked_again() {
    let gate = SignInGate::new().await;
    let mut browser = gate.open_browser("lisi").await;
    for _ in 0..16 {
        gate.gateway.clock.advance(44 * MINUTE_MS);
        let answer = gate.get(&browser, "/api/v1/orders").await;
        assert_eq!(answer.status, StatusCode::OK);
        if find_set_cookie(&answer).is_some() {
            browser.cookie = read_cookie(&answer);
        }
    }
    let renewed = gate.auth.state.lock().unwrap().renewed;
    gate.gateway.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        gate.get(&browser, "/api/v1/orders").await.status,
        StatusCode::OK
    );
    assert_eq!(gate.auth.state.lock().unwrap().renewed, renewed);
    gate.gateway.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        gate.get(&browser, "/api/v1/orders").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn while_auth_is_away_the_token_at_hand_is_good_to_its_end() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    gate.auth.set(|state| state.is_away = true);
    gate.gateway.clock.advance(50 * MINUTE_MS);
    let answer = gate.get(&browser, "/api/v1/orders").await;
    assert_eq!(
        (answer.status, find_set_cookie(&answer)),
        (StatusCode::OK, None)
    );
    gate.gateway.clock.advance(10 * MINUTE_MS);
    assert_eq!(
        gate.get(&browser, "/api/v1/orders").await.code(),
        "invalid_token"
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere_and_takes_the_cookie() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let answer = gate.change(&browser, "DELETE", "/api/v1/session").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(read_cookie(&answer), "holdfast=");
    assert!(find_set_cookie(&answer).unwrap().ends_with("Max-Age=0"));
    assert_eq!(gate.auth.state.lock().unwrap().signed_out, 1);

    let away = gate.open_browser("lisi").await;
    gate.auth.set(|state| state.is_away = true);
    let answer = gate.change(&away, "DELETE", "/api/v1/session").await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    );
    assert_eq!(
        read_cookie(&answer),
        "holdfast=",
        "this browser is out all the same"
    );
}

#[tokio::test]
async fn an_ended_session_is_out_at_once_also_by_its_cookie() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let session = gate.gateway.claims(Role::Customer).jti;
    let hour = std::time::Duration::from_secs(3600);
    sessions::revoke_session(&gate.gateway.cache, session, hour)
        .await
        .unwrap();
    for path in ["/api/v1/session", "/api/v1/orders"] {
        assert_eq!(
            gate.get(&browser, path).await.code(),
            "invalid_token",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_or_stands_twice_is_none() {
    let gate = SignInGate::new().await;
    let browser = gate.open_browser("lisi").await;
    let elsewhere = SignInGate::new().await.open_browser("lisi").await;
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
        let request = request_from_page("GET", "/api/v1/session").header(header::COOKIE, cookie);
        let answer = gate
            .gateway
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
    let beside = format!("a=b; {}; c=d", browser.cookie);
    let request = request_from_page("GET", "/api/v1/session").header(header::COOKIE, beside);
    let answer = gate
        .gateway
        .send(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn by_https_the_cookie_is_for_https_alone_and_the_origin_the_public_one() {
    let public = "https://portal.example.org";
    let config = Config {
        public_origin: public.to_owned(),
        ..Config::default()
    };
    let gate = SignInGate::with(config).await;
    let form = json!({ "username": "lisi", "password": "right" }).to_string();
    assert_eq!(gate.sign_in("lisi", "right").await.code(), "foreign_page");
    let request = request_from_page("POST", "/api/v1/session").header(header::ORIGIN, public);
    let answer = gate
        .gateway
        .send(request.body(Body::from(form)).unwrap())
        .await;
    let cookie = find_set_cookie(&answer).unwrap();
    assert!(cookie.starts_with("__Host-holdfast="));
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
}

#[tokio::test]
async fn a_browser_is_known_again_by_a_cookie_that_outlives_its_session() {
    let gate = SignInGate::new().await;
    let form = |device: &str| {
        json!({ "username": "guessed", "password": "right", "device": device }).to_string()
    };
    for (sent, kept) in [
        (None, "minted"),
        (Some("holdfast-device=older; other=1"), "older"),
    ] {
        let mut request = request_from_page("POST", "/api/v1/session").header(header::ORIGIN, OWN);
        if let Some(cookie) = sent {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = gate
            .gateway
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
        gate.sign_in("lisi", "right")
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
    let gate = SignInGate::with(Config {
        per_user_per_minute: limit,
        ..Config::default()
    })
    .await;
    let browser = gate.open_browser("lisi").await;
    let token = gate.gateway.token(Role::Customer);
    for _ in 0..2 {
        assert_eq!(
            gate.get(&browser, "/api/v1/orders").await.status,
            StatusCode::OK
        );
    }
    let by_token = || {
        gate.gateway
            .ask(&Method::GET, "/api/v1/orders", Some(&token))
    };
    assert_eq!(by_token().await.status, StatusCode::OK);
    assert_eq!(by_token().await.code(), "rate_limited");
    assert_eq!(
        gate.get(&browser, "/api/v1/orders").await.code(),
        "rate_limited"
    );
}

#[tokio::test]
async fn a_program_may_ask_who_it_is_by_its_bearer() {
    let gate = SignInGate::new().await;
    let token = gate.gateway.token(Role::Provider);
    let answer = gate
        .gateway
        .ask(&Method::GET, "/api/v1/session", Some(&token))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["role"], "provider");
    assert_eq!(
        (&answer.body["username"], &answer.body["csrf_token"]),
        (&Value::Null, &Value::Null)
    );
}
