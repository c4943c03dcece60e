//! OpenAPI descriptions of the routes that the gateway answers itself.
//!
//! `tests/contract/tests/openapi.rs` merges the descriptions of all parts into
//! `cloud/gateway/openapi.json`.

use std::collections::{BTreeMap, HashSet};

use http::{Method, StatusCode};
use process::{
    idempotency::IDEMPOTENCY_KEY,
    openapi::{ApiDocument, RouteDescription},
};
use serde::Deserialize;
use serde_json::json;
use wire::{Code, OrderId};

use crate::{
    NAME, letters,
    order_page::{self, OrderPage},
    routes::{BACK, BY_CODE, DOCUMENT, STREAM},
    session::SessionAnswer,
};

/// The merged document, as served.
pub const WHOLE: &[u8] = include_bytes!("../openapi.json");

/// The method and path of each route that the document lists as accepting an `Idempotency-Key`.
pub fn keyed_routes() -> HashSet<(Method, String)> {
    let whole: PathsOnly =
        serde_json::from_slice(WHOLE).expect("the document is checked by a test");
    let takes_key = |operation: &Operation| {
        operation.parameters.iter().any(|parameter| {
            parameter.place == "header" && parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY)
        })
    };
    let routes = whole.paths.into_iter().flat_map(|(path, operations)| {
        let keyed = operations.into_iter().filter(|(_, operation)| takes_key(operation));
        let method = |(method, _): (String, _)| method.to_uppercase().parse().ok();
        Vec::from_iter(keyed.filter_map(method).map(|method| (method, path.clone())))
    });
    routes.collect()
}

#[derive(Deserialize)]
struct PathsOnly {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
}

const SESSION: &str = "/api/v1/session";

pub fn document() -> ApiDocument {
    sign_ins(letters::described(ApiDocument::of(NAME)))
        .described("session", &Method::GET, SESSION, "Show the session of the caller", |route| {
            route.answers::<SessionAnswer<'_>>(StatusCode::OK);
        })
        .described("signOut", &Method::DELETE, SESSION, "End the session of the caller", |route| {
            route.answers_nothing(StatusCode::NO_CONTENT, "It is over everywhere.");
            route.takes_no_key("finds the session over, which would have to vouch for it");
        })
        .described("stream", &Method::GET, STREAM, "Hear the news as server-sent events", |route| {
            let text = json!({ "type": "string" });
            let about = "The id of the last event that was heard. The stream goes on behind it.";
            route.parameter("header", "Last-Event-ID", false, text.clone(), about);
            route.answers_with(StatusCode::OK, "text/event-stream", &text);
            route.refuses(&[Code::TooManyStreams]);
        })
        .described(
            "orderPage",
            &Method::GET,
            order_page::PATH,
            "Show an order with its parties, payment and review, and the parts that were away",
            |route| {
                route.parameters::<OrderId>("path");
                route.answers::<OrderPage>(StatusCode::OK);
                route.refuses(&[Code::OrderNotFound, Code::TimedOut]);
            },
        )
        .described("document", &Method::GET, DOCUMENT, "Read this document", |route| {
            let any = json!({ "type": "object" });
            route.answers_with(StatusCode::OK, "application/json", &any);
        })
}

/// The browser sign-ins; auth verifies the credentials.
fn sign_ins(to: ApiDocument) -> ApiDocument {
    to.described(
        "signIn",
        &Method::POST,
        SESSION,
        "Sign a page in: the token stays in a cookie",
        |route| {
            route.takes(RouteDescription::named("LoginForm"), true);
            route.answers::<SessionAnswer<'_>>(StatusCode::OK);
            route.refuses(&[Code::InvalidCredentials, Code::AccountLocked, Code::ForeignPage]);
            route.takes_no_key("signs in anew; its answer is a session, which is not kept");
        },
    )
    .described(
        "signInBack",
        &Method::POST,
        BACK,
        "Sign a page in with what another service has answered: the token stays in a cookie",
        |route| {
            route.takes(RouteDescription::named("VisitForm"), true);
            route.answers::<SessionAnswer<'_>>(StatusCode::OK);
            route.refuses(&[
                Code::VisitOver,
                Code::NotFound,
                Code::IssuerAway,
                Code::IdentityRefused,
                Code::UserExists,
                Code::Revoked,
                Code::RegistrationQuota,
                Code::ForeignPage,
            ]);
            route.takes_no_key("finds its ticket spent");
        },
    )
    .described(
        "signInByCode",
        &Method::POST,
        BY_CODE,
        "Sign a page in with the code of a phone: the token stays in a cookie",
        |route| {
            route.takes(RouteDescription::named("CodeForm"), true);
            route.answers::<SessionAnswer<'_>>(StatusCode::OK);
            route.refuses(&[
                Code::CodesOff,
                Code::CodeWrong,
                Code::CodeOver,
                Code::AccountLocked,
                Code::PhoneUnknown,
                Code::PasswordOnly,
                Code::Revoked,
                Code::RegistrationQuota,
                Code::ForeignPage,
            ]);
            route.takes_no_key("finds its code spent");
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_person_heeds_its_key_and_a_sign_in_none() {
        let keyed = keyed_routes();
        let heeds = |path: &str| keyed.contains(&(Method::POST, path.to_owned()));
        assert!(heeds("/api/v1/orders") && heeds("/api/v1/orders/{id}/accept"), "{keyed:?}");
        assert!(heeds("/api/v1/users/me/addresses"), "{keyed:?}");
        assert!(keyed.contains(&(Method::PUT, "/api/v1/users/me/profile".to_owned())), "{keyed:?}");
        assert!(!heeds("/api/v1/auth/login") && !heeds("/api/v1/session"), "{keyed:?}");
    }
}
