//! Requests as parts receive them, and responses as clients receive them.

use axum::{
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header},
};
use gateway::Config;
use wire::Role;

use crate::common::{Gate, USER};

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn who_the_caller_is_only_the_gateway_says() {
    let gate = Gate::new().await;
    let spoofed = |path: &str| {
        request("GET", path)
            .header("x-user-id", "00000000-0000-0000-0000-000000000001")
            .header("X-User-Id", "00000000-0000-0000-0000-000000000002")
            .header("x_user_id", "00000000-0000-0000-0000-000000000003")
            .header("x-user-role", "admin")
            .header("x-holdfast-service", "order")
            .header("x-forwarded-for", "10.0.0.1")
            .header("connection", "x-user-role")
    };
    let signed_in = spoofed("/api/v1/orders").header(
        header::AUTHORIZATION,
        format!("Bearer {}", gate.token(Role::Customer)),
    );
    let answer = gate.send(signed_in.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let headers = &answer.body["headers"];
    assert_eq!(headers["x-user-id"], USER.to_string());
    assert_eq!(headers["x-user-role"], "customer");
    for gone in [
        "x_user_id",
        "x-holdfast-service",
        "x-forwarded-for",
        "connection",
    ] {
        assert!(headers.get(gone).is_none(), "{gone}");
    }

    let open = spoofed("/.well-known/jwks.json")
        .body(Body::empty())
        .unwrap();
    let answer = gate.send(open).await;
    assert_eq!(answer.status, StatusCode::OK);
    for gone in ["x-user-id", "x-user-role", "x_user_id"] {
        assert!(answer.body["headers"].get(gone).is_none(), "{gone}");
    }
}

#[tokio::test]
async fn browsers_keep_to_tls_where_the_gateway_speaks_it() {
    let by_tls = Config {
        tls_certificate: "chain.pem".into(),
        ..Config::default()
    };
    for (config, told) in [
        (by_tls, Some("max-age=31536000")),
        (Config::default(), None),
    ] {
        let gate = Gate::with(config, "memory:", |peers| peers).await;
        for path in [
            "/",
            "/api/v1/orders",
            "/.well-known/jwks.json",
            "/api/v1/no-such-route",
        ] {
            let answer = gate
                .send(request("GET", path).body(Body::empty()).unwrap())
                .await;
            let header = answer.headers.get(header::STRICT_TRANSPORT_SECURITY);
            let header = header.map(|value| value.to_str().unwrap());
            assert_eq!(header, told, "{path}");
        }
    }
}

#[tokio::test]
async fn two_tokens_in_one_request_are_none() {
    let gate = Gate::new().await;
    let token = format!("Bearer {}", gate.token(Role::Customer));
    let twice = request("GET", "/api/v1/orders")
        .header(header::AUTHORIZATION, &token)
        .header(header::AUTHORIZATION, &token);
    let answer = gate.send(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn body_query_and_trace_go_through() {
    let gate = Gate::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let published = request("POST", "/api/customer/orders/publish?a=1&b=%2Fx")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", gate.token(Role::Customer)),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "0193a0c0-0000-7000-8000-000000000001")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = gate
        .send(published.body(Body::from(r#"{"title":"x"}"#)).unwrap())
        .await;
    assert_eq!(answer.body["uri"], "/api/v1/orders?a=1&b=%2Fx");
    assert_eq!(answer.body["method"], "POST");
    assert_eq!(answer.body["body"], r#"{"title":"x"}"#);
    let headers = &answer.body["headers"];
    assert_eq!(
        headers["idempotency-key"],
        "0193a0c0-0000-7000-8000-000000000001"
    );
    assert!(
        headers["traceparent"]
            .as_str()
            .unwrap()
            .starts_with(&format!("00-{trace}-"))
    );
    assert_eq!(answer.headers["x-request-id"], trace);
}

#[tokio::test]
async fn a_trace_is_made_where_there_is_none() {
    let gate = Gate::new().await;
    let token = gate.token(Role::Customer);
    let answer = gate.ask(&Method::GET, "/api/v1/orders", Some(&token)).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let sent = answer.body["headers"]["traceparent"].as_str().unwrap();
    assert!(sent.starts_with(&format!("00-{id}-")), "{sent} {id}");
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let gate = Gate::new().await;
    let admin = gate.token(Role::Admin);
    for path in [
        "/internal/ops",
        "/api/internal/ops",
        "/api/v1/orders/../../internal/ops",
        "/api/v1/orders/%2e%2e/%2e%2e/internal/ops",
        "/api/v1/orders//accept",
        "//internal/ops",
        "/api/v1/nothing",
        "/",
    ] {
        let answer = gate.ask(&Method::POST, path, Some(&admin)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "not_found", "{path}");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_wrong_method_hears_the_right_ones() {
    let gate = Gate::new().await;
    let answer = gate.ask(&Method::DELETE, "/api/v1/orders", None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.headers[header::ALLOW], "POST, GET");
}

#[tokio::test]
async fn a_body_beyond_the_limit_reaches_nobody() {
    let gate = Gate::new().await;
    let token = format!("Bearer {}", gate.token(Role::Customer));
    let chunks = (0..300).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1024]));
    let streamed = Body::from_stream(futures::stream::iter(chunks));
    for body in [Body::from(vec![b'x'; 300 * 1024]), streamed] {
        let large = request("POST", "/api/v1/orders").header(header::AUTHORIZATION, &token);
        let answer = gate.send(large.body(body).unwrap()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.code(), "body_too_large");
    }
}

#[tokio::test]
async fn refusals_speak_the_callers_language() {
    let gate = Gate::new().await;
    let chinese = request("GET", "/api/v1/orders").header(header::ACCEPT_LANGUAGE, "zh-CN");
    let answer = gate.send(chinese.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.body["title"], "令牌无效");
}

#[tokio::test]
async fn every_answer_is_safe_to_show_in_a_browser() {
    let gate = Gate::new().await;
    let token = gate.token(Role::Customer);
    for (path, token) in [
        ("/api/v1/orders", Some(token.as_str())),
        ("/api/v1/orders", None),
        ("/nothing", None),
        ("/health", None),
    ] {
        let answer = gate.ask(&Method::GET, path, token).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; sandbox",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        assert!(
            answer.headers.get("access-control-allow-origin").is_none(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_listed_origins_may_call_from_a_page() {
    let listed = "https://portal.example.com";
    let config = Config {
        cors_origins: vec![listed.to_owned()],
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    for (origin, allowed) in [(listed, true), ("https://evil.example.com", false)] {
        let preflight = request("OPTIONS", "/api/v1/orders")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let answer = gate.send(preflight.body(Body::empty()).unwrap()).await;
        let told = answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(
            told.map(|value| value.to_str().unwrap()),
            allowed.then_some(listed)
        );
        assert!(
            answer
                .headers
                .get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
                .is_none()
        );
    }
    let answer = Gate::new()
        .await
        .ask(&Method::OPTIONS, "/api/v1/orders", None)
        .await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait_and_nobody_else_is() {
    let limit = |n| std::num::NonZeroU32::new(n).unwrap();
    let config = Config {
        per_user_per_minute: limit(3),
        per_address_per_minute: limit(2),
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    let token = gate.token(Role::Customer);
    for (method, path, token, allowed) in [
        (Method::GET, "/api/v1/orders", Some(token.as_str()), 3),
        // Other paths and ids of the same endpoint share its limit.
        (Method::GET, "/api/orders", Some(token.as_str()), 0),
        (Method::GET, "/api/v1/orders/7", Some(token.as_str()), 3),
        (Method::GET, "/api/v1/orders/8", Some(token.as_str()), 0),
        (Method::POST, "/api/v1/orders", Some(token.as_str()), 3),
        (Method::POST, "/api/v1/auth/verify-token", None, 2),
        (Method::POST, "/api/v1/edges/enrol", None, 2),
    ] {
        for _ in 0..allowed {
            assert_eq!(
                gate.ask(&method, path, token).await.status,
                StatusCode::OK,
                "{path}"
            );
        }
        let refused = gate.ask(&method, path, token).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(refused.code(), "rate_limited");
        assert!(
            refused.headers["ratelimit"]
                .to_str()
                .unwrap()
                .contains(";r=0;t=")
        );
        let wait: u32 = refused.headers[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    for _ in 0..2 {
        let answer = gate
            .ask(&Method::GET, "/api/v1/notifications", Some("x.y.z"))
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let guessing = gate
        .ask(&Method::GET, "/api/v1/notifications", Some("x.y.z"))
        .await;
    assert_eq!(
        guessing.status,
        StatusCode::TOO_MANY_REQUESTS,
        "tokens are not to be guessed"
    );
    let signed_in = gate
        .ask(&Method::GET, "/api/v1/notifications", Some(&token))
        .await;
    assert_eq!(
        signed_in.status,
        StatusCode::OK,
        "the address is not held against who is known"
    );
}

#[tokio::test]
async fn an_answer_tells_what_is_left_for_the_person_and_the_endpoint() {
    let gate = Gate::new().await;
    let token = gate.token(Role::Customer);
    for (path, token, policy, left) in [
        (
            "/api/v1/orders",
            Some(&token),
            PERSONS,
            "\"endpoint\";r=99;t=60, \"person\";r=599;t=60",
        ),
        (
            "/api/v1/orders",
            Some(&token),
            PERSONS,
            "\"endpoint\";r=98;t=60, \"person\";r=598;t=60",
        ),
        (
            "/api/v1/orders/7",
            Some(&token),
            PERSONS,
            "\"endpoint\";r=99;t=60, \"person\";r=597;t=60",
        ),
        (
            "/api/v1/orders",
            None,
            "\"address\";q=300;w=60",
            "\"address\";r=299;t=60",
        ),
    ] {
        let answer = gate
            .ask(&Method::GET, path, token.map(String::as_str))
            .await;
        let told = [
            &answer.headers["ratelimit-policy"],
            &answer.headers["ratelimit"],
        ];
        assert_eq!(told, [policy, left], "{path}");
    }
    let page = gate.ask(&Method::GET, "/nowhere", None).await;
    assert!(
        page.headers.get("ratelimit").is_none(),
        "it was not counted"
    );
}

const PERSONS: &str = "\"endpoint\";q=100;w=60, \"person\";q=600;w=60";

#[tokio::test]
async fn auth_hears_the_address_of_an_entrant_and_counts_for_itself() {
    let per_address_per_minute = std::num::NonZeroU32::new(2).unwrap();
    let trusted_proxies = vec!["10.0.0.0/8".to_owned()];
    let config = Config {
        per_address_per_minute,
        trusted_proxies,
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    for (peer, forwarded, heard) in [
        ("198.51.100.1", None, "198.51.100.1"),
        ("198.51.100.1", Some("203.0.113.9"), "198.51.100.1"),
        ("10.1.1.1", Some("1.1.1.1, 203.0.113.9"), "203.0.113.9"),
        ("10.1.1.1", None, "10.1.1.1"),
    ] {
        let from = std::net::SocketAddr::new(peer.parse().unwrap(), 4711);
        let mut login = request("POST", "/api/v1/auth/login")
            .header("x-holdfast-client", "192.0.2.1")
            .extension(axum::extract::ConnectInfo(from));
        if let Some(forwarded) = forwarded {
            login = login.header("x-forwarded-for", forwarded);
        }
        let answer = gate.send(login.body(Body::empty()).unwrap()).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "the gateway does not count it"
        );
        let headers = &answer.body["headers"];
        assert_eq!(headers["x-holdfast-client"], heard);
        assert!(headers.get("x-forwarded-for").is_none());
        assert!(
            headers["x-holdfast-service"]
                .as_str()
                .unwrap()
                .contains('.')
        );
    }
}
