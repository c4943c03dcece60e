//! The providers who fit a job, for admins and for the service that notifies them.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use wire::{UnixMillis, UserId};

use crate::{
    AT, PROVIDER, STRANGER,
    service::{ProfileService, admin},
};

const HOUR_MS: i64 = 3_600_000;

fn hours_from_now(hours: i64) -> UnixMillis {
    AT.plus_ms(hours * HOUR_MS)
}

/// Two verified providers; the order service's one order belongs to the first, from 10 to 12 hours
/// after now.
async fn two_providers() -> ProfileService {
    let service = ProfileService::new().await;
    for provider in [PROVIDER, STRANGER] {
        let waiting = service.submit_provider(provider).await;
        let body = json!({ "version": waiting["version"], "reason": "seen in person" });
        let path = format!("/api/v1/admin/providers/{provider}/verify");
        service.done(admin(), "POST", &path, Some(body)).await;
    }
    service.order(|order| {
        let order = order.as_mut().unwrap();
        order.provider_id = Some(PROVIDER);
        order.service_start_time = Some(hours_from_now(10));
        order.service_end_time = Some(hours_from_now(12));
    });
    service
}

/// Each match, with what is known of the provider's other jobs.
fn found(answer: &Value) -> Vec<(UserId, Option<bool>)> {
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let user = serde_json::from_value(item["user_id"].clone()).unwrap();
            (user, item["is_booked"].as_bool())
        })
        .collect()
}

async fn matches_from(service: &ProfileService, start: Option<UnixMillis>) -> Value {
    let time = start.map_or_else(String::new, |at| format!("&service_start_time={at}"));
    let path = format!("/api/v1/admin/matches?region=NORTH&service_type=it_technology{time}");
    service.done(admin(), "GET", &path, None).await
}

#[tokio::test]
async fn who_has_another_job_then_comes_last() {
    let service = two_providers().await;
    let free_and_booked = [(STRANGER, Some(false)), (PROVIDER, Some(true))];
    let overlapping = matches_from(&service, Some(hours_from_now(11))).await;
    assert_eq!(found(&overlapping), free_and_booked);
    let later = matches_from(&service, Some(hours_from_now(12))).await;
    let both_free = [(PROVIDER, Some(false)), (STRANGER, Some(false))];
    assert_eq!(found(&later), both_free);
    let at_any_time = matches_from(&service, None).await;
    assert_eq!(found(&at_any_time), [(PROVIDER, None), (STRANGER, None)]);
}

#[tokio::test]
async fn the_matches_stay_while_the_order_service_is_away() {
    let service = two_providers().await;
    service.order(|order| *order = None);
    let unknown = matches_from(&service, Some(hours_from_now(11))).await;
    assert_eq!(found(&unknown), [(PROVIDER, None), (STRANGER, None)]);
}

#[tokio::test]
async fn a_provider_who_could_not_accept_a_job_is_not_notified_of_it() {
    let service = two_providers().await;
    for (start, expected) in [(11, vec![STRANGER]), (12, vec![PROVIDER, STRANGER])] {
        let body = json!({
            "region": "NORTH",
            "service_type": "it_technology",
            "service_start_time": hours_from_now(start),
        });
        let answer = ask_as_part(&service, &body).await;
        let users: Vec<UserId> = found(&answer).into_iter().map(|(user, _)| user).collect();
        assert_eq!(users, expected);
    }
}

async fn ask_as_part(service: &ProfileService, body: &Value) -> Value {
    let key = &service.service_key;
    let token = key.issue_token("notification", "user", &service.clock);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/internal/matches?limit=20")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = tower::ServiceExt::oneshot(service.router.clone(), request)
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}
