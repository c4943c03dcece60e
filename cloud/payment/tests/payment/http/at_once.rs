//! Concurrent identical requests under one key: one effect and one answer.

use super::*;

const TIMES: usize = 50;

impl Service {
    /// Checks that all answers equal the first.
    async fn at_once(&self, by: Actor, path: &str, key: &str, form: &Value) -> Answer {
        let send = |_| self.send(by, (Method::POST, path), key, form.clone());
        let answers = join_all((0..TIMES).map(send)).await;
        let first = (answers[0].status, answers[0].body.clone());
        for Answer { status, body } in answers {
            assert!(status.is_success(), "{status}: {body}");
            assert_eq!((status, body), first);
        }
        Answer {
            status: first.0,
            body: first.1,
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_refunds_under_one_key_are_one_with_one_answer(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.order(|order| order.status = OrderStatus::InProgress);
    let form = json!({ "order_id": order_id(0), "amount": "50.00", "reason": "It drips." });
    let asked = service
        .at_once(customer(CUSTOMER), "/api/v1/refunds", "ask once", &form)
        .await;
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM refund_requests")
            .await,
        1
    );

    let grant = format!(
        "/api/v1/admin/refunds/{}/grant",
        asked.body["id"].as_str().unwrap()
    );
    let granted = service
        .at_once(admin(), &grant, "grant once", &json!({}))
        .await;
    assert_eq!(granted.body["granted"], "50.00");
    assert_eq!(service.stage.money(0).await.returned_minor(), 5_000);

    let goodwill = format!("/api/v1/admin/orders/{}/goodwill", order_id(0));
    let form = json!({ "amount": "10.00", "reason": "For the trouble." });
    service.order(|order| order.status = OrderStatus::Completed);
    service.stage.done(0, service.orders.heard()).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&service.stage.worker)
        .await
        .unwrap();
    service
        .at_once(admin(), &goodwill, "goodwill once", &form)
        .await;
    assert_eq!(service.stage.money(0).await.returned_minor(), 6_000);
    let sent = "SELECT COUNT(*) FROM simulated_movements WHERE kind = 'refund'";
    assert_eq!(service.stage.count(sent).await, 2);
}
