//! Readiness means that nothing is missing; anything missing is named.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn get_text(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn readiness_names_everything_that_is_missing() {
    let mut readiness = Readiness::new();
    readiness
        .add("sql", || async { Ok(()) })
        .add("bus", || async { Err("connection refused".to_owned()) })
        .add("cache", std::future::pending);
    let public = router(readiness);
    let router = operator_routes(public.clone());
    let (status, body) = get_text(&router, "/health/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let expected = serde_json::json!({ "status": "not_ready", "missing": [
        { "name": "bus", "why": "connection refused" },
        { "name": "cache", "why": "no answer within 2 s" },
    ]});
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        expected
    );
    let bare = (
        StatusCode::SERVICE_UNAVAILABLE,
        r#"{"status":"not_ready"}"#.to_owned(),
    );
    assert_eq!(
        get_text(&public, "/health/ready").await,
        bare,
        "to everybody else"
    );
    assert_eq!(get_text(&public, "/metrics").await.0, StatusCode::NOT_FOUND);
    assert_eq!(get_text(&router, "/metrics").await.0, StatusCode::OK);
    // The process is live whatever is missing.
    for path in ["/health", "/health/live"] {
        assert_eq!(
            get_text(&router, path).await,
            (StatusCode::OK, r#"{"status":"ok"}"#.into())
        );
    }
}

#[tokio::test]
async fn a_process_that_misses_nothing_is_ready() {
    let (status, body) = get_text(&router(Readiness::new()), "/health/ready").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::OK, r#"{"status":"ready"}"#)
    );
}
