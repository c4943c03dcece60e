//! Auth's question before it deletes an account: how many orders of a person are open.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::json;
use wire::{Actor, CommandBody};

use super::service::{Answer, Service};
use crate::stage::*;

impl Service {
    async fn open_matters(&self, part: &'static str, of: Actor) -> Answer {
        let clock = &self.stage.clock;
        let token = self.service_key.issue_token(part, "order", clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri("/internal/people/open-matters")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, Some(json!({ "user_id": of.user_id })))
            .await
    }

    /// The open orders of the customer and of the provider.
    async fn open(&self) -> [u64; 2] {
        let mut open = [0; 2];
        for (count, of) in open.iter_mut().zip([customer(1), provider(1)]) {
            let answer = self.open_matters("auth", of).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            *count = answer.body["open"].as_u64().unwrap();
        }
        open
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_open_for_both_its_people_until_its_work_is_done(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    assert_eq!(service.open().await, [0, 0]);
    let order_id = stage.pending().await;
    let cancelled = stage.pending().await;
    assert_eq!(service.open().await, [2, 0]);
    stage.decide(provider(1), accept(order_id)).await;
    assert_eq!(service.open().await, [2, 1]);
    let cancel = CommandBody::CancelOrder {
        order_id: cancelled,
        reason: None,
        fee: None,
    };
    stage.decide(customer(1), cancel).await;
    assert_eq!(service.open().await, [1, 1]);
    let start = "UPDATE orders SET status = 'in_progress' WHERE status = 'accepted'";
    stage.sql.exec(start, Vec::new()).await.unwrap();
    assert_eq!(service.open().await, [1, 1]);
    let complete = "UPDATE orders SET status = 'completed' WHERE status = 'in_progress'";
    stage.sql.exec(complete, Vec::new()).await.unwrap();
    assert_eq!(service.open().await, [0, 0]);
    stage
        .publish(stage.command_id(), customer(1), draft())
        .await;
    assert_eq!(service.open().await, [1, 0], "one waits for approval");
}

#[tokio::test]
async fn only_auth_asks_for_open_orders() {
    let service = Service::new(Engine::Sqlite).await;
    for part in ["gateway", "hub", "payment", "user", "review"] {
        let answer = service.open_matters(part, customer(1)).await;
        answer.refused(403, "role_forbidden");
    }
    let own = service
        .post(
            customer(1),
            "/internal/people/open-matters",
            json!({ "user_id": customer(1).user_id }),
        )
        .await;
    assert_eq!(own.status, StatusCode::UNAUTHORIZED, "{}", own.body);
}
