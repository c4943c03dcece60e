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
    let whole: PathsOnly = serde_json::from_slice(WHOLE)
        .expect("the embedded document is valid JSON, as a test checks");
    let mut keyed = HashSet::new();
    for (path, operations) in whole.paths {
        for (method, operation) in operations {
            if operation.takes_idempotency_key()
                && let Ok(method) = method.to_uppercase().parse()
            {
                keyed.insert((method, path.clone()));
            }
        }
    }
    keyed
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

impl Operation {
    fn takes_idempotency_key(&self) -> bool {
        self.parameters.iter().any(|parameter| {
            parameter.place == "header" && parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY)
        })
    }
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
}

const SESSION: &str = "/api/v1/session";

pub fn api_document() -> ApiDocument {
    describe_sign_ins(letters::describe_routes(ApiDocument::for_part(NAME)))
        .with_described_route(
            "session",
            &Method::GET,
            SESSION,
            "Show the caller's session",
            |route| {
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
            },
        )
        .with_described_route(
            "signOut",
            &Method::DELETE,
            SESSION,
            "End the caller's session",
            |route| {
                route.answers_nothing(StatusCode::NO_CONTENT, "The session has ended everywhere.");
                route.takes_no_key("a repeat cannot be authenticated, because its session has ended");
            },
        )
        .with_described_route(
            "stream",
            &Method::GET,
            STREAM,
            "Receive updates as server-sent events",
            |route| {
                let text = json!({ "type": "string" });
                let about =
                    "The id of the last event that was received. The stream continues after it.";
                route.add_parameter("header", "Last-Event-ID", false, text.clone(), about);
                route.answers_with(StatusCode::OK, "text/event-stream", &text);
                route.add_refusal_codes(&[Code::TooManyStreams]);
            },
        )
        .with_described_route(
            "orderPage",
            &Method::GET,
            order_page::PATH,
            "Show an order with its parties, payment and review, and list the sections that were unavailable",
            |route| {
                route.add_parameter_fields::<OrderId>("path");
                route.answers_json::<OrderPage>(StatusCode::OK);
                route.add_refusal_codes(&[Code::OrderNotFound, Code::TimedOut]);
            },
        )
        .with_described_route(
            "document",
            &Method::GET,
            DOCUMENT,
            "Read this document",
            |route| {
                let any = json!({ "type": "object" });
                route.answers_with(StatusCode::OK, "application/json", &any);
            },
        )
}

/// The browser sign-ins; auth verifies the credentials.
fn describe_sign_ins(to: ApiDocument) -> ApiDocument {
    to.with_described_route(
        "signIn",
        &Method::POST,
        SESSION,
        "Sign a browser in; the token stays in a cookie",
        |route| {
            route.takes_json(RouteDescription::schema_reference("LoginForm"), true);
            route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
            route.add_refusal_codes(&[
                Code::InvalidCredentials,
                Code::AccountLocked,
                Code::ForeignPage,
            ]);
            route.takes_no_key("a repeat signs in again; sessions are not stored for replay");
        },
    )
    .with_described_route(
        "signInBack",
        &Method::POST,
        BACK,
        "Sign a browser in with an identity provider's answer; the token stays in a cookie",
        |route| {
            route.takes_json(RouteDescription::schema_reference("VisitForm"), true);
            route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
            route.add_refusal_codes(&[
                Code::VisitOver,
                Code::NotFound,
                Code::IssuerAway,
                Code::IdentityRefused,
                Code::UserExists,
                Code::Revoked,
                Code::RegistrationQuota,
                Code::ForeignPage,
            ]);
            route.takes_no_key("a repeat fails because its ticket is spent");
        },
    )
    .with_described_route(
        "signInByCode",
        &Method::POST,
        BY_CODE,
        "Sign a browser in with a code sent to a phone; the token stays in a cookie",
        |route| {
            route.takes_json(RouteDescription::schema_reference("CodeForm"), true);
            route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
            route.add_refusal_codes(&[
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
            route.takes_no_key("a repeat fails because its code is spent");
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
        assert!(
            heeds("/api/v1/orders") && heeds("/api/v1/orders/{id}/accept"),
            "{keyed:?}"
        );
        assert!(heeds("/api/v1/users/me/addresses"), "{keyed:?}");
        assert!(
            keyed.contains(&(Method::PUT, "/api/v1/users/me/profile".to_owned())),
            "{keyed:?}"
        );
        assert!(
            !heeds("/api/v1/auth/login") && !heeds("/api/v1/session"),
            "{keyed:?}"
        );
    }
}
