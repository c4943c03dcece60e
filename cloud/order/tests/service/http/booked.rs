//! The user service's question who has another job at some hours.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::json;
use wire::{BOOKED_PROVIDERS_MAX, ServiceHours, UserId};

use super::{
    service::{Answer, Service},
    time_proposals::at,
};
use crate::stage::*;

impl Service {
    async fn ask_who_is_booked(&self, part: &'static str, hours: (i64, i64)) -> Answer {
        let providers = [1, 2, 3].map(|n| provider(n).user_id);
        self.ask_about(part, &providers, hours).await
    }

    async fn ask_about(
        &self,
        part: &'static str,
        providers: &[UserId],
        hours: (i64, i64),
    ) -> Answer {
        let token = self
            .service_key
            .issue_token(part, "order", &self.stage.clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/booked-providers")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let hours = ServiceHours {
            start: at(hours.0),
            end: at(hours.1),
        };
        let body = json!({ "providers": providers, "hours": hours });
        self.send(request, Some(body)).await
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn providers_are_booked_at_the_hours_of_their_open_jobs(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.booked_job(provider(1), (10, 12)).await;
    service.booked_job(provider(2), (14, 16)).await;
    service.open_job((10, 12)).await;
    let [one, two] = [1, 2].map(|n| provider(n).user_id);
    for (hours, expected) in [
        ((8, 10), vec![]),
        ((11, 13), vec![one]),
        ((12, 14), vec![]),
        ((11, 15), vec![one, two]),
    ] {
        let answer = service.ask_who_is_booked("user", hours).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body, json!({ "booked": expected }), "{hours:?}");
    }
}

#[tokio::test]
async fn only_the_user_service_asks_and_about_so_many_at_once() {
    let service = Service::new(Engine::Sqlite).await;
    for part in ["gateway", "hub", "payment", "notification", "review"] {
        let answer = service.ask_who_is_booked(part, (10, 12)).await;
        answer.refused(403, "role_forbidden");
    }
    let too_many = vec![provider(1).user_id; BOOKED_PROVIDERS_MAX + 1];
    let answer = service.ask_about("user", &too_many, (10, 12)).await;
    answer.refused(413, "body_too_large");
}
