//! The portal's pages, built or not.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use gateway::Config;
use tower::ServiceExt;
use wire::Role;

use crate::common::{Answer, Gate};

async fn ask(gate: &Gate, method: &str, path: &str, accepted: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", accepted);
    gate.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_browser_gets_the_app_under_the_policy_of_pages() {
    let gate = Gate::new().await;
    for path in ["/", "/orders/0193", "/admin/wallboard"] {
        let answer = ask(&gate, "GET", path, "text/html").await;
        assert_eq!(
            answer.headers["content-type"], "text/html; charset=utf-8",
            "{path}"
        );
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.headers["x-frame-options"], "DENY");
        assert_eq!(answer.headers["cross-origin-opener-policy"], "same-origin");
    }
}

#[tokio::test]
async fn head_is_answered_as_get_without_a_body() {
    let gate = Gate::new().await;
    let token = format!("Bearer {}", gate.token(Role::Customer));
    for (path, accepted) in [
        ("/", "*/*"),
        ("/orders/0193", "text/html"),
        ("/orders/0193", "*/*"),
        ("/index.html", "*/*"),
        ("/assets/none.js", "*/*"),
        ("/api/v1/orders", "*/*"),
        ("/api/v1/session", "*/*"),
        ("/api/v1/nothing", "*/*"),
        ("/openapi.json", "*/*"),
        ("/docs", "text/html"),
        ("/health/ready", "*/*"),
        ("/metrics", "*/*"),
    ] {
        let ask = async |method: &str| {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("accept", accepted);
            let request = request
                .header("authorization", &token)
                .body(Body::empty())
                .unwrap();
            let response = gate.router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let kind = response.headers().get("content-type").cloned();
            let body = axum::body::to_bytes(response.into_body(), 1 << 22)
                .await
                .unwrap();
            ((status, kind), body.len())
        };
        let (get, _) = ask("GET").await;
        let (head, length) = ask("HEAD").await;
        assert_eq!(head, get, "{path}");
        assert_eq!(length, 0, "{path}");
    }
}

#[tokio::test]
async fn a_program_that_asks_for_nothing_hears_so_and_gets_no_page() {
    let gate = Gate::new().await;
    for (method, path, accepted) in [
        ("GET", "/nothing", "*/*"),
        ("POST", "/nothing", "text/html"),
        ("GET", "/assets/none.js", "text/html"),
        ("GET", "/api/v1/nothing", "text/html"),
        ("GET", "/internal/ops", "text/html"),
        ("GET", "/openapi.json/x", "text/html"),
        ("GET", "/health/nothing", "text/html"),
        ("GET", "//api/v1/orders", "text/html"),
    ] {
        let answer = ask(&gate, method, path, accepted).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.code(), "not_found", "{method} {path}");
    }
}

#[tokio::test]
async fn an_address_of_a_page_and_of_a_route_is_answered_by_what_is_asked_for() {
    let gate = Gate::new().await;
    let id = "0193f000-0000-7000-8000-000000000001";
    let order = format!("/orders/{id}");
    let reviews = format!("/providers/{id}/reviews");
    for (path, program) in [
        (&*order, 401),
        (&*reviews, 401),
        ("/reviews", 405),
        ("/orders", 405),
    ] {
        let page = ask(
            &gate,
            "GET",
            path,
            "text/html,application/xhtml+xml,*/*;q=0.8",
        )
        .await;
        assert_eq!(
            page.headers["content-type"], "text/html; charset=utf-8",
            "{path}"
        );
        let answer = ask(&gate, "GET", path, "application/json").await;
        assert_eq!(answer.status.as_u16(), program, "{path}");
    }
    // A canonical route always serves the API, even for `Accept: text/html`.
    let answer = ask(&gate, "GET", &format!("/api/v1/orders/{id}"), "text/html").await;
    assert_eq!(answer.status.as_u16(), 401);
}

#[tokio::test]
async fn anyone_reads_the_document_of_the_routes() {
    let gate = Gate::new().await;
    let answer = ask(&gate, "GET", "/openapi.json", "*/*").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("etag"));
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert!(answer.body["paths"]["/api/v1/orders"]["post"].is_object());
    assert!(!answer.body.to_string().contains("/internal"));
}

async fn read_site_page(gate: &Gate, page: &str, language: &str) -> Answer {
    let request = Request::builder()
        .uri(format!("/api/v1/pages/{page}"))
        .header("accept-language", language);
    gate.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn anyone_reads_help_terms_and_privacy_in_their_language() {
    let gate = Gate::new().await;
    for page in ["help", "terms", "privacy"] {
        let english = read_site_page(&gate, page, "en").await;
        assert_eq!(english.status, StatusCode::OK, "{page}");
        assert_eq!(english.body["page"], page);
        assert_eq!(english.body["language"], "en");
        let chinese = read_site_page(&gate, page, "zh-CN,zh;q=0.9,en;q=0.8").await;
        assert_eq!(chinese.body["language"], "zh-CN", "{page}");
        assert_ne!(chinese.body["text"], english.body["text"], "{page}");
    }
    let unknown = read_site_page(&gate, "imprint", "en").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_operators_page_replaces_the_default_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("terms.en.md"), "# Our own terms").unwrap();
    let config = Config {
        pages_folder: folder.path().to_owned(),
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    for language in ["en", "zh-CN"] {
        let terms = read_site_page(&gate, "terms", language).await;
        assert_eq!(terms.body["text"], "# Our own terms", "{language}");
        assert_eq!(terms.body["language"], "en", "{language}");
    }
    let help = read_site_page(&gate, "help", "zh-CN").await;
    assert_eq!(help.body["language"], "zh-CN");
}
