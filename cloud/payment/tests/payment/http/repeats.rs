//! Repeated requests that send money out, under one idempotency key. A crash between the change and
//! its response leaves only the change, and so does a platform that has forgotten the response.

use super::*;

const FORGET_ANSWERS: &str = "DELETE FROM answers";

/// A service with a failed refund, and the refund's id.
async fn with_failed_refund(engine: Engine) -> (Service, Value) {
    let service = Service::new(engine).await;
    service.stage.becomes(0, 3, OrderStatus::Accepted).await;
    service.stage.pays(0, "simulated.no_refund").await;
    service.stage.becomes(0, 9, OrderStatus::Cancelled).await;
    service.stage.worker.make_due_calls().await.unwrap();
    let desk = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let refund = service.get(admin(), &desk).await.body["refunds"][0]["id"].clone();
    (service, refund)
}

async fn with_request(engine: Engine) -> (Service, String) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.order(|order| order.status = OrderStatus::InProgress);
    let ask = json!({ "order_id": order_id(0), "amount": "50.00", "reason": "It drips." });
    let asked = service
        .post(customer(CUSTOMER), "/api/v1/refunds", ask)
        .await;
    (
        service,
        format!(
            "/api/v1/admin/refunds/{}",
            asked.body["id"].as_str().unwrap()
        ),
    )
}

async fn released(engine: Engine) -> Service {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&service.stage.worker)
        .await
        .unwrap();
    service
}

impl Service {
    /// Sends the request three times, with the stored answer kept or forgotten, and checks for one
    /// effect and equal answers.
    async fn repeats(&self, path: &str, form: &Value) {
        let send = async || {
            let answer = self
                .send(admin(), (Method::POST, path), "one wish", form.clone())
                .await;
            assert!(answer.status.is_success(), "{path}: {}", answer.body);
            let booked = self.stage.count("SELECT COUNT(*) FROM journals").await;
            let acts = self.stage.count("SELECT COUNT(*) FROM money_acts").await;
            (answer.status, answer.body, booked, acts)
        };
        let first = send().await;
        assert_eq!(send().await, first, "{path}");
        self.stage
            .sql
            .exec(FORGET_ANSWERS, Vec::new())
            .await
            .unwrap();
        assert_eq!(send().await, first, "{path}, whose answer is lost");
    }

    /// The request is refused without a key, or with a key used for a different request.
    async fn needs_an_own_key(&self, path: &str, form: &Value, other: &Value) {
        let to = (Method::POST, path);
        let unkeyed = self.send(admin(), to.clone(), "", form.clone()).await;
        unkeyed.refused(422, "invalid_input");
        assert_eq!(
            unkeyed.body["errors"][0]["field"], "Idempotency-Key",
            "{path}"
        );
        self.repeats(path, form).await;
        let reused = self.send(admin(), to, "one wish", other.clone()).await;
        reused.refused(409, "command_id_reused");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_decision_on_a_refund_is_replayed_also_when_its_answer_was_lost(#[case] engine: Engine) {
    let (service, request) = with_request(engine).await;
    let granted = json!({ "amount": "40.00" });
    let other = json!({ "amount": "41.00" });
    service
        .needs_an_own_key(&format!("{request}/grant"), &granted, &other)
        .await;
    assert_eq!(service.stage.money(0).await.returned_minor(), 4_000);

    let (service, request) = with_request(engine).await;
    let refuse = format!("{request}/refuse");
    service
        .send(admin(), (Method::POST, &refuse), "", Value::Null)
        .await
        .refused(422, "invalid_input");
    service.repeats(&refuse, &Value::Null).await;
    // A refusal's key cannot be reused for a grant.
    let grant = format!("{request}/grant");
    let reused = service
        .send(admin(), (Method::POST, &grant), "one wish", granted)
        .await;
    reused.refused(409, "command_id_reused");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn goodwill_and_compensation_are_replayed_also_when_their_answer_was_lost(
    #[case] engine: Engine,
) {
    let service = released(engine).await;
    let path = |act: &str| format!("/api/v1/admin/orders/{}/{act}", order_id(0));
    let goodwill = |amount: &str| json!({ "amount": amount, "reason": "It took three visits." });
    service
        .needs_an_own_key(&path("goodwill"), &goodwill("10.00"), &goodwill("11.00"))
        .await;
    assert_eq!(service.stage.money(0).await.returned_minor(), 1_000);

    let service = released(engine).await;
    service.orders.lists(user(8));
    service.orders.lists(user(9));
    let form = |n| json!({ "provider_id": user(n), "amount": "30.00", "reason": "In vain." });
    service
        .needs_an_own_key(&path("compensation"), &form(8), &form(9))
        .await;
    // Repeats are answered even without the order service.
    service.orders.goes_away();
    service
        .stage
        .sql
        .exec(FORGET_ANSWERS, Vec::new())
        .await
        .unwrap();
    service.repeats(&path("compensation"), &form(8)).await;
    assert_eq!(
        service
            .stage
            .money(0)
            .await
            .account_balance(custody::LedgerAccount::Loss),
        3_000
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_mending_of_a_failed_refund_is_replayed_also_when_its_answer_was_lost(
    #[case] engine: Engine,
) {
    let path = |act: &str| format!("/api/v1/admin/orders/{}/{act}", order_id(0));
    let (service, refund) = with_failed_refund(engine).await;
    let by_hand = json!({ "refund_id": refund, "reason": "By bank transfer 4711." });
    let other = json!({ "refund_id": Uuid::from_u128(404), "reason": "By bank transfer 4711." });
    service
        .needs_an_own_key(&path("paid-otherwise"), &by_hand, &other)
        .await;
    let bank = service
        .stage
        .money(0)
        .await
        .account_balance(custody::LedgerAccount::Bank);
    assert_eq!(bank, -PRICE);

    let (service, _) = with_failed_refund(engine).await;
    let anew = json!({ "reason": "The bank says that it works again." });
    service
        .needs_an_own_key(&path("refund-anew"), &anew, &json!({}))
        .await;
}
