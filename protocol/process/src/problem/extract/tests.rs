//! Wrong bodies, parameters and paths are refused with the field to correct.

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt;

use super::{super::ProblemBody, *};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    price: u32,
    place: Place,
    tags: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Place {
    region: wire::Region,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Page {
    limit: u8,
}

async fn ask(request: Request) -> Result<(), ProblemBody> {
    let router = Router::new()
        .route("/orders", post(async |Json(_): Json<Order>| ()))
        .route("/orders", get(async |Query(_): Query<Page>| ()))
        .route("/orders/{id}", get(async |Path(_): Path<wire::OrderId>| ()))
        .layer(DefaultBodyLimit::max(200));
    let response = router.oneshot(request).await.unwrap();
    if response.status().is_success() {
        return Ok(());
    }
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: ProblemBody = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body.status, status);
    Err(body)
}

async fn post_text(text: impl Into<Body>, kind: &str) -> Result<(), ProblemBody> {
    let request = Request::post("/orders").header(header::CONTENT_TYPE, kind);
    ask(request.body(text.into()).unwrap()).await
}

#[tokio::test]
async fn a_wrong_body_is_answered_with_the_field_to_correct() {
    let sound = json!({ "price": 5, "place": { "region": "NORTH" }, "tags": [1] });
    post_text(sound.to_string(), "application/json; charset=utf-8")
        .await
        .unwrap();
    for (pointer, value, field) in [
        ("/price", json!("five"), "price"),
        ("/place", json!({}), "place.region"),
        ("/place/region", json!("MOON"), "place.region"),
        ("/place/region", json!(null), "place.region"),
        ("/place/region", json!([]), "place.region"),
        ("/place/region", json!(7), "place.region"),
        ("/tags", json!([1, 2, -3]), "tags[2]"),
        (
            "/place",
            json!({ "region": "NORTH", "zip": 1 }),
            "place.zip",
        ),
    ] {
        let mut body = sound.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let problem = post_text(body.to_string(), "application/json")
            .await
            .unwrap_err();
        assert_eq!(
            (problem.code, problem.errors.len()),
            (Code::InvalidInput, 1),
            "{field}"
        );
        assert_eq!(problem.errors[0].field, field);
    }
    let problem = post_text(r#"{"place":{"region":"NORTH"}}"#, "application/json").await;
    assert_eq!(
        problem.unwrap_err().errors[0].message,
        "This field is required."
    );
}

#[tokio::test]
async fn a_word_that_is_none_of_those_known_is_told_which_are() {
    let body = json!({ "price": 5, "place": { "region": "MOON" }, "tags": [] });
    let problem = post_text(body.to_string(), "application/json")
        .await
        .unwrap_err();
    let message = &problem.errors[0].message;
    assert_eq!(message, "`MOON` is none of: NORTH, SOUTH, EAST, WEST, MID.");
}

#[tokio::test]
async fn what_is_no_json_is_malformed_and_what_is_too_large_is_said_so() {
    for (text, kind, code) in [
        ("{", "application/json", Code::MalformedBody),
        ("", "application/json", Code::MalformedBody),
        ("{}{}", "application/json", Code::MalformedBody),
        (
            r#"[5, {"region": "NORTH"}, [1]]"#,
            "application/json",
            Code::MalformedBody,
        ),
        (
            "price=5",
            "application/x-www-form-urlencoded",
            Code::MalformedBody,
        ),
        (&"x".repeat(201), "application/json", Code::BodyTooLarge),
    ] {
        let problem = post_text(text.to_owned(), kind).await.unwrap_err();
        assert_eq!(problem.code, code, "{text:?}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named_and_a_wrong_path_leads_nowhere() {
    let problem = ask(Request::get("/orders?limit=many")
        .body(Body::empty())
        .unwrap())
    .await;
    let problem = problem.unwrap_err();
    assert_eq!(
        (problem.code, problem.errors[0].field.as_str()),
        (Code::InvalidInput, "limit")
    );
    let problem = ask(Request::get("/orders").body(Body::empty()).unwrap())
        .await
        .unwrap_err();
    assert_eq!(problem.errors[0].field, "limit");
    let problem = ask(Request::get("/orders/7").body(Body::empty()).unwrap())
        .await
        .unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
}
