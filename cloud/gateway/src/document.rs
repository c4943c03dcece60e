//! The routes that the gateway answers itself, for clients. The document of all parts is made of every part's
//! own by `tests/contract/tests/openapi.rs` and stands in `cloud/gateway/openapi.json`.

use http::{Method, StatusCode};
use process::openapi::{ApiDocument, RouteDescription};
use serde_json::json;
use wire::Code;

use crate::{
    NAME,
    routes::{DOCUMENT, STREAM},
    session::SessionAnswer,
};

pub fn document() -> ApiDocument {
    const PATH: &str = "/api/v1/session";
    ApiDocument::of(NAME)
        .described(
            "signIn",
            &Method::POST,
            PATH,
            "Sign a page in: the token stays in a cookie",
            |route| {
                route.takes(RouteDescription::named("LoginForm"), true);
                route.answers::<SessionAnswer<'_>>(StatusCode::OK);
                route.refuses(&[Code::InvalidCredentials, Code::AccountLocked, Code::ForeignPage]);
            },
        )
        .described("session", &Method::GET, PATH, "Show the session of the caller", |route| {
            route.answers::<SessionAnswer<'_>>(StatusCode::OK);
        })
        .described("signOut", &Method::DELETE, PATH, "End the session of the caller", |route| {
            route.answers_nothing(StatusCode::NO_CONTENT, "It is over everywhere.");
        })
        .described("stream", &Method::GET, STREAM, "Hear the news as server-sent events", |route| {
            let text = json!({ "type": "string" });
            let about = "The id of the last event that was heard. The stream goes on behind it.";
            route.parameter("header", "Last-Event-ID", false, text.clone(), about);
            route.answers_with(StatusCode::OK, "text/event-stream", &text);
            route.refuses(&[Code::TooManyStreams]);
        })
        .described("document", &Method::GET, DOCUMENT, "Read this document", |route| {
            let any = json!({ "type": "object" });
            route.answers_with(StatusCode::OK, "application/json", &any);
        })
}
