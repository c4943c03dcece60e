//! The calendar of a phone, which reads a person's orders by a secret address.

use axum::body::Body;
use http::{Method, Request};
use process::client::Client;
use serde_json::Value;
use support::{Api, Person};

/// The customer's calendar reads their orders. Returns the secret of its address.
pub(super) async fn read_orders(api: &Api, customer: &Person) -> String {
    let made: Value = api
        .call(Method::POST, "/api/v1/calendar-feed", Some(customer), None)
        .await
        .unwrap();
    let path = made["path"].as_str().unwrap();
    let read = Request::get(format!("{}{path}", api.gateway())).body(Body::empty());
    let answer = Client::new().send_request(read.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let (_, secret) = path.split_once("?s=").unwrap();
    secret.to_owned()
}
