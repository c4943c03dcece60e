//! Operation: the hub's batches, readiness, and a database that is not ready.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use order::Peers;
use platform::upstream::Upstream;
use rstest::rstest;
use serde_json::json;
use wire::{CommandBody, OpsDecisions};

use super::service::*;
use crate::stage::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_run_of_an_edges_log_is_decided_for_the_hub_alone(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let accept = CommandBody::AcceptOrder { order_id: id };
    let log = Log::of("north-1")
        .then(
            service.stage.command_id(),
            Some(provider(1)),
            accept.clone(),
        )
        .then(service.stage.command_id(), Some(provider(2)), accept);
    let batch = serde_json::to_value(log.batch()).unwrap();
    let post = async |token: String| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/ops")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        service.send(request, Some(batch.clone())).await
    };
    let clock = &service.stage.clock;
    post(service.token(admin()))
        .await
        .refused(401, "invalid_token");
    let other = service.service_key.issue_token("hub", "auth", clock);
    post(other).await.refused(401, "invalid_token");
    let stranger = service
        .service_key
        .issue_token("notification", "order", clock);
    post(stranger).await.refused(403, "role_forbidden");

    let first = post(service.service_key.issue_token("hub", "order", clock)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let decisions: OpsDecisions = serde_json::from_value(first.body.clone()).unwrap();
    let outcomes: Vec<_> = decisions
        .answers
        .into_iter()
        .map(|answer| (answer.seq, decided(answer.decision)))
        .collect();
    assert_eq!(
        outcomes.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(outcomes[0].1.has_succeeded() && !outcomes[1].1.has_succeeded());
    let again = post(service.service_key.issue_token("hub", "order", clock)).await;
    assert_eq!(again.body, first.body);

    let empty = json!({ "edge": "north-1", "region": "NORTH", "epoch": 1, "ops": [] });
    let token = format!(
        "Bearer {}",
        service.service_key.issue_token("hub", "order", clock)
    );
    let request = Request::builder().method(Method::POST).uri("/internal/ops");
    let request = request.header(header::AUTHORIZATION, token);
    let answer = service.send(request, Some(empty)).await;
    assert_eq!(
        (answer.status, answer.body),
        (StatusCode::OK, json!({ "answers": [] }))
    );
}

#[tokio::test]
async fn it_says_when_it_is_ready_and_stops_cleanly() {
    let service = Service::new(Engine::Sqlite).await;
    let ready = service
        .send(Request::builder().uri("/health/ready"), None)
        .await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    service
        .tasks
        .shutdown(std::time::Duration::from_secs(5))
        .await;
}

#[tokio::test]
async fn a_database_that_is_not_up_to_date_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("order.db").display());
    let config = order::Config {
        sql_url: url.as_str().into(),
        ..order::Config::default()
    };
    let ground = testing::ground(folder.path(), &process::clock::Clock::fixed_at(NOW)).await;
    let peers = Peers {
        hub: Upstream::open_later().0,
        payment: Upstream::open_later().0,
    };
    let error = order::open(config, ground, peers).await.err().unwrap();
    let told = process::problem::format_error_chain(&error);
    assert!(told.contains("holdfast-cloud migrate"), "{told}");
}
