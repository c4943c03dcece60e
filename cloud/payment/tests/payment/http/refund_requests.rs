//! A refund request from its customer to the admin's decision.

use super::*;

async fn assert_wrong_refund_requests_are_refused(service: &Service, ask: &Value) {
    service
        .post(customer(2), "/api/v1/refunds", ask.clone())
        .await
        .refused(404, "order_not_found");
    let too_much = json!({ "order_id": order_id(0), "amount": "200.02", "reason": "All." });
    service
        .post(customer(CUSTOMER), "/api/v1/refunds", too_much)
        .await
        .refused(422, "amount_mismatch");
}

/// 40.00 went back to the customer, and nothing is left for an admin to do.
async fn assert_refund_is_booked_and_done(service: &Service) {
    assert_eq!(service.stage.money(0).await.returned_minor(), 4_000);
    let path = format!("/api/v1/orders/{}/statement", order_id(0));
    let seen = service.get(provider(PROVIDER), &path).await;
    let lines = seen
        .items()
        .iter()
        .map(|line| (&line["action"], &line["amount"], &line["fee"]));
    let gone_back = (&json!("refund"), &json!("40.00"), &Value::Null);
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [gone_back],
        "this is no longer held for the provider"
    );
    let anew = format!("/api/v1/admin/orders/{}/refund-anew", order_id(0));
    service
        .post(admin(), &anew, Value::Null)
        .await
        .refused(409, "nothing_failed");
    assert!(
        service
            .get(admin(), "/api/v1/admin/money-cases")
            .await
            .items()
            .is_empty()
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refund_is_asked_for_decided_and_sent(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let ask = json!({ "order_id": order_id(0), "amount": 50, "reason": "It still drips." });
    let me = customer(CUSTOMER);
    service
        .post(me, "/api/v1/refunds", ask.clone())
        .await
        .refused(409, "not_refundable");
    service.order(|order| order.status = OrderStatus::InProgress);
    assert_wrong_refund_requests_are_refused(&service, &ask).await;
    let asked = service.post(me, "/api/v1/refunds", ask.clone()).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    assert_eq!(asked.body["status"], "open");
    let open = service.get(admin(), "/api/v1/admin/refunds").await;
    assert_eq!(open.items()[0]["reason"], "It still drips.");
    service
        .get(me, "/api/v1/admin/refunds")
        .await
        .refused(403, "role_forbidden");
    let id = asked.body["id"].as_str().unwrap();
    let grant = format!("/api/v1/admin/refunds/{id}/grant");
    service
        .post(me, &grant, Value::Null)
        .await
        .refused(403, "role_forbidden");
    let granted = service
        .post(admin(), &grant, json!({ "amount": "40.00" }))
        .await;
    assert_eq!(
        (&granted.body["status"], &granted.body["granted"]),
        (&json!("granted"), &json!("40.00"))
    );
    service
        .post(admin(), &grant, Value::Null)
        .await
        .refused(409, "refund_decided");
    let again = service.post(me, "/api/v1/refunds", ask).await;
    let refuse_again = format!(
        "/api/v1/admin/refunds/{}/refuse",
        again.body["id"].as_str().unwrap()
    );
    service
        .post(admin(), &refuse_again, json!({ "reason": "It is mended." }))
        .await;
    assert_eq!(
        service.told_of_requests().await,
        [
            "refund.requested 50.00",
            "refund.granted 40.00",
            "refund.requested 50.00",
            "refund.refused 50.00"
        ]
    );
    let refuse = format!("/api/v1/admin/refunds/{id}/refuse");
    service
        .post(admin(), &refuse, Value::Null)
        .await
        .refused(409, "refund_decided");
    assert_refund_is_booked_and_done(&service).await;
    let list = format!("/api/v1/refunds?order_id={}", order_id(0));
    assert_eq!(service.get(me, &list).await.items().len(), 2);
}
