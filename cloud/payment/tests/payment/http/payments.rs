//! Payments of a customer: who may pay, how often, and who reads them.

use super::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_customer_pays_an_order_once(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let paid = service.pay(customer(CUSTOMER)).await;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.body);
    assert_eq!(
        (&paid.body["status"], &paid.body["amount"]),
        (&json!("completed"), &json!("200.01"))
    );
    assert_eq!(paid.body["transaction_id"], paid.body["id"]);
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(409, "already_paid");
    let path = format!("/api/v1/payments/{}", paid.body["id"].as_str().unwrap());
    for (who, status) in [
        (customer(CUSTOMER), 200),
        (admin(), 200),
        (customer(2), 404),
        (provider(PROVIDER), 403),
    ] {
        assert_eq!(
            service.get(who, &path).await.status.as_u16(),
            status,
            "{who:?}"
        );
    }
    let list = format!("/api/v1/payments?order_id={}", order_id(0));
    assert_eq!(
        service.get(customer(CUSTOMER), &list).await.items().len(),
        1
    );
    let methods = service
        .get(customer(CUSTOMER), "/api/v1/payments/methods")
        .await;
    assert_eq!(
        methods.items()[0],
        json!({ "method": "simulated", "simulated": true })
    );
    service
        .get(customer(2), &list)
        .await
        .refused(404, "order_not_found");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_wrong_payment_is_refused_by_its_code(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let pay = async |by: Actor, change: Value| {
        let mut body = payment_json();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        service.post(by, "/api/v1/payments", body).await
    };
    let me = customer(CUSTOMER);
    pay(me, json!({ "amount": "200.00" }))
        .await
        .refused(422, "amount_mismatch");
    pay(me, json!({ "currency": "USD" }))
        .await
        .refused(422, "amount_mismatch");
    pay(me, json!({ "payment_method": "4111111111111111" }))
        .await
        .refused(422, "invalid_input");
    pay(me, json!({ "order_id": Uuid::nil() }))
        .await
        .refused(404, "order_not_found");
    pay(customer(2), json!({}))
        .await
        .refused(404, "order_not_found");
    pay(provider(PROVIDER), json!({}))
        .await
        .refused(403, "role_forbidden");
    service.order(|order| order.status = OrderStatus::Cancelled);
    pay(me, json!({})).await.refused(409, "order_not_payable");
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM payments").await,
        0
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_that_nobody_has_taken_is_not_payable(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.order(|order| (order.status, order.provider_id) = (OrderStatus::Pending, None));
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(409, "order_not_payable");
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM dues").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_payments_under_one_key_are_one_with_one_answer(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let to = (Method::POST, "/api/v1/payments");
    let send =
        |key: &'static str| service.send(customer(CUSTOMER), to.clone(), key, payment_json());
    let answers = join_all((0..50).map(|_| send("pay once"))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::CREATED)
    );
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM simulated_movements")
            .await,
        1
    );
    assert_eq!(service.stage.money(0).await.held_minor(), PRICE);
    send("another key").await.refused(409, "already_paid");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn everybody_reads_what_was_booked_for_them_alone(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&service.stage.worker)
        .await
        .unwrap();
    let path = format!("/api/v1/orders/{}/statement", order_id(0));
    let actions = async |actor: Actor| {
        let answer = service.get(actor, &path).await;
        let items = answer.items().iter();
        let line = |item: &Value| {
            format!(
                "{} {}",
                item["action"].as_str().unwrap(),
                item["amount"].as_str().unwrap()
            )
        };
        items.map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        actions(customer(CUSTOMER)).await,
        ["charge 200.01", "release 200.01"]
    );
    assert_eq!(actions(provider(PROVIDER)).await, ["release -180.01"]);
    assert_eq!(actions(admin()).await.len(), 5);
    service
        .get(customer(2), &path)
        .await
        .refused(404, "order_not_found");
    service
        .get(provider(8), &path)
        .await
        .refused(404, "order_not_found");
    let mine = service.get(provider(PROVIDER), "/api/v1/statements").await;
    let fees = |answer: &Answer| {
        answer
            .items()
            .iter()
            .map(|item| item["fee"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fees(&mine), [json!("20.00")]);
    // The order's statement shows the same fee, only on the provider's line.
    assert_eq!(
        fees(&service.get(provider(PROVIDER), &path).await),
        [json!("20.00")]
    );
    let all = service.get(admin(), &path).await;
    assert_eq!(fees(&all).iter().filter(|fee| !fee.is_null()).count(), 1);
    let earned = service.get(provider(PROVIDER), "/api/v1/earnings").await;
    let expected = json!([{ "currency": "CNY", "available": "180.01", "sending": "0.00" }]);
    assert_eq!(earned.body["items"], expected);
    assert!(
        service
            .get(provider(8), "/api/v1/earnings")
            .await
            .items()
            .is_empty()
    );
    service
        .get(customer(CUSTOMER), "/api/v1/earnings")
        .await
        .refused(403, "role_forbidden");
    let desks = format!("/api/v1/admin/providers/{}/earnings", user(PROVIDER));
    assert_eq!(service.get(admin(), &desks).await.body["items"], expected);
    service
        .get(provider(PROVIDER), &desks)
        .await
        .refused(403, "role_forbidden");
}
