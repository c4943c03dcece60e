//! Admins' actions on money: repairs, gifts, and the report.

use custody::{AdapterAnswer, AdapterReply, Chargeback, ChargebackId, MovementId, PayoutStep};
use wire::{EventType, PaymentStatus};

use super::*;

/// Records that this refund was paid outside the system: once, by an admin, with a reason.
async fn record_refund_by_hand(service: &Service, refund_id: &Value) {
    let by_hand = format!("/api/v1/admin/orders/{}/paid-otherwise", order_id(0));
    let told = json!({ "refund_id": refund_id, "reason": "By bank transfer 4711." });
    service
        .post(customer(CUSTOMER), &by_hand, told.clone())
        .await
        .refused(403, "role_forbidden");
    let silent = json!({ "refund_id": refund_id, "reason": " " });
    service
        .post(admin(), &by_hand, silent)
        .await
        .refused(422, "invalid_input");
    let other = json!({ "refund_id": Uuid::from_u128(404), "reason": "By hand." });
    service
        .post(admin(), &by_hand, other)
        .await
        .refused(409, "nothing_failed");
    let done = service.post(admin(), &by_hand, told.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
    service
        .post(admin(), &by_hand, told)
        .await
        .refused(409, "nothing_failed");
}

/// Closes the one open case; a repeat gets the same answer.
async fn close_failed_refund_case(service: &Service) {
    let open = service.get(admin(), "/api/v1/admin/money-cases").await;
    assert_eq!(open.items()[0]["kind"], "refund_failed");
    let close = format!("/api/v1/admin/money-cases/{}/close", open.items()[0]["id"]);
    let why = json!({ "reason": "Paid by hand." });
    service
        .post(provider(PROVIDER), &close, why.clone())
        .await
        .refused(403, "role_forbidden");
    for _ in 0..2 {
        let closed = service.post(admin(), &close, why.clone()).await;
        assert!(closed.body["closed_at"].is_string(), "{}", closed.body);
    }
    assert!(
        service
            .get(admin(), "/api/v1/admin/money-cases")
            .await
            .items()
            .is_empty()
    );
    service
        .post(admin(), "/api/v1/admin/money-cases/77/close", why)
        .await
        .refused(404, "not_found");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_mends_on_record_a_refund_that_cannot_be_sent(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.stage.becomes(0, 3, OrderStatus::Accepted).await;
    service.stage.pays(0, "simulated.no_refund").await;
    service.stage.becomes(0, 9, OrderStatus::Cancelled).await;
    service.stage.worker.make_due_calls().await.unwrap();
    let desk = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let money = service.get(admin(), &desk).await;
    assert_eq!(money.status, StatusCode::OK, "{}", money.body);
    assert_eq!(
        (&money.body["saga"], &money.body["held"]),
        (&json!("needs_person"), &json!("200.01"))
    );
    let refund = &money.body["refunds"][0];
    assert_eq!(
        (&refund["status"], &refund["source"]),
        (&json!("rejected"), &json!("held"))
    );
    service
        .get(customer(CUSTOMER), &desk)
        .await
        .refused(403, "role_forbidden");

    record_refund_by_hand(&service, &refund["id"]).await;
    let money = service.get(admin(), &desk).await.body;
    assert_eq!(
        (&money["saga"], &money["held"]),
        (&json!("done"), &json!("0.00"))
    );
    assert_eq!(money["payment_status"], "refunded");
    assert_eq!(
        money["acts"].as_array().unwrap().len(),
        1,
        "what was refused is no act"
    );
    assert_eq!(money["acts"][0]["reason"], "By bank transfer 4711.");

    close_failed_refund_case(&service).await;
    let acts = service.get(admin(), &desk).await.body["acts"].clone();
    let kinds: Vec<_> = acts
        .as_array()
        .unwrap()
        .iter()
        .map(|act| act["kind"].clone())
        .collect();
    assert_eq!(kinds, ["case_closed", "paid_otherwise"]);
    let plain =
        "SELECT COUNT(*) FROM money_acts WHERE reason LIKE '%hand%' OR reason LIKE '%transfer%'";
    assert_eq!(service.stage.count(plain).await, 0, "reasons are sealed");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn goodwill_and_compensation_come_from_the_platforms_own_money(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let goodwill = format!("/api/v1/admin/orders/{}/goodwill", order_id(0));
    let kind = json!({ "amount": "10.00", "reason": "It took three visits." });
    service
        .post(admin(), &goodwill, kind.clone())
        .await
        .refused(409, "not_refundable");
    service.stage.becomes(0, 9, OrderStatus::Completed).await;
    service.stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&service.stage.worker)
        .await
        .unwrap();
    for amount in ["0.00", "-1.00", "200.02"] {
        let wrong = json!({ "amount": amount, "reason": "Sorry." });
        assert_eq!(
            service
                .post(admin(), &goodwill, wrong)
                .await
                .status
                .as_u16(),
            422,
            "{amount}"
        );
    }
    service
        .post(customer(CUSTOMER), &goodwill, kind.clone())
        .await
        .refused(403, "role_forbidden");
    for _ in 0..2 {
        let to = (Method::POST, goodwill.as_str());
        let given = service.send(admin(), to, "once", kind.clone()).await;
        assert_eq!(given.status, StatusCode::NO_CONTENT, "{}", given.body);
    }
    service.orders.lists(user(8));
    let pays = format!("/api/v1/admin/orders/{}/compensation", order_id(0));
    let form =
        |amount: &str| json!({ "provider_id": user(8), "amount": amount, "reason": "In vain." });
    for _ in 0..2 {
        let paid = service.post(admin(), &pays, form("30.00")).await;
        assert_eq!(paid.status, StatusCode::NO_CONTENT, "{}", paid.body);
    }
    service
        .post(admin(), &pays, form("40.00"))
        .await
        .refused(422, "amount_mismatch");
    let nobodys = format!("/api/v1/admin/orders/{}/compensation", order_id(404));
    service
        .post(admin(), &nobodys, form("1.00"))
        .await
        .refused(404, "order_not_found");
    let money = service.stage.money(0).await;
    assert_eq!(money.returned_minor(), 1_000);
    assert_eq!(money.account_balance(custody::LedgerAccount::Loss), 4_000);
    assert_eq!(
        money.account_balance(custody::LedgerAccount::Provider(user(8))),
        -3_000
    );
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM money_acts").await,
        2
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_desk_offers_as_much_goodwill_as_a_chargeback_leaves(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let paid = service.pay(customer(CUSTOMER)).await;
    let stage = &service.stage;
    stage.becomes(0, 9, OrderStatus::Completed).await;
    stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&stage.worker).await.unwrap();
    let goodwill = format!("/api/v1/admin/orders/{}/goodwill", order_id(0));
    let give = async |amount: &str| {
        let form = json!({ "amount": amount, "reason": "It took three visits." });
        service.post(admin(), &goodwill, form).await
    };
    assert_eq!(give("20.00").await.status, StatusCode::NO_CONTENT);
    let payment = MovementId(paid.body["id"].as_str().unwrap().parse().unwrap());
    let id = ChargebackId(Uuid::from_u128(900));
    let amount_minor = 10_000;
    let chargeback = Chargeback {
        id,
        payment,
        amount_minor,
        is_reversed: false,
    };
    let answer = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    let reply = AdapterReply {
        answer,
        chargebacks: vec![chargeback],
    };
    stage
        .done(
            0,
            MoneyStep::Answered {
                movement: payment,
                reply,
            },
        )
        .await;

    let desk = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let money = service.get(admin(), &desk).await.body;
    assert_eq!(
        (&money["charged_back"], &money["goodwill_most"]),
        (&json!("100.00"), &json!("80.01"))
    );
    give("80.02").await.refused(422, "amount_mismatch");
    assert_eq!(give("80.01").await.status, StatusCode::NO_CONTENT);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn only_work_in_vain_is_compensated_with_a_share_of_the_price_at_most(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    service.pay(customer(CUSTOMER)).await;
    let pays = format!("/api/v1/admin/orders/{}/compensation", order_id(0));
    let give = async |to: u128, amount: &str| {
        let form = json!({ "provider_id": user(to), "amount": amount, "reason": "In vain." });
        service.post(admin(), &pays, form).await
    };
    // A stranger, the customer, an admin, and a provider with accepted work.
    for nobody in [404, CUSTOMER, 0xA, PROVIDER] {
        give(nobody, "1.00").await.refused(409, "no_work_in_vain");
    }
    service.orders.lists(user(8));
    // The platform keeps a tenth of 200.01.
    give(8, "180.02").await.refused(422, "amount_mismatch");
    assert_eq!(give(8, "180.01").await.status, StatusCode::NO_CONTENT);
    give(8, "0.01").await.refused(422, "amount_mismatch");
    service.orders.lists(user(9));

    let desk = format!("/api/v1/admin/orders/{}/money", order_id(0));
    let money = service.get(admin(), &desk).await.body;
    let work = |n: u128, compensated: bool| json!({ "provider_id": user(n), "most": "180.01", "compensated": compensated });
    assert_eq!(
        money["worked_in_vain"],
        json!([work(8, true), work(9, false)])
    );

    service.orders.goes_away();
    give(9, "1.00").await.refused(503, "unavailable");
    let money = service.get(admin(), &desk).await;
    assert_eq!(money.status, StatusCode::OK, "{}", money.body);
    assert_eq!(
        (&money.body["worked_in_vain"], &money.body["held"]),
        (&Value::Null, &json!("200.01"))
    );
    assert_eq!(
        service
            .stage
            .money(0)
            .await
            .account_balance(custody::LedgerAccount::Loss),
        18_001
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn admins_read_the_reconciliation_report(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let path = "/api/v1/payments/reconciliation";
    let report = service.get(admin(), path).await;
    assert_eq!(report.status, StatusCode::OK, "{}", report.body);
    assert_eq!(
        (&report.body["differences"], &report.body["waiting"]),
        (&json!([]), &json!([]))
    );
    for who in [customer(CUSTOMER), provider(PROVIDER)] {
        service.get(who, path).await.refused(403, "role_forbidden");
    }
}

/// A bank takes a payment back without a callback.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_who_reconciles_has_the_adapters_statement_booked(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let path = "/api/v1/payments/reconciliation";
    let paid = service.pay(customer(CUSTOMER)).await;
    let payment = custody::MovementId(paid.body["id"].as_str().unwrap().parse().unwrap());
    let payment::adapter::PaymentAdapter::Simulated(bank) = &service.stage.worker.adapter else {
        panic!("these tests pay by the simulated adapter");
    };
    bank.charge_back(payment, PRICE, false).await.unwrap();
    let read = service.get(admin(), path).await;
    assert_eq!(
        read.body["differences"][0]["kind"], "adapter_differs",
        "{}",
        read.body
    );
    assert_eq!(
        service.stage.money(0).await.held_minor(),
        PRICE,
        "reading changes nothing"
    );

    for who in [customer(CUSTOMER), provider(PROVIDER)] {
        service
            .post(who, path, Value::Null)
            .await
            .refused(403, "role_forbidden");
    }
    let reconciled = service.post(admin(), path, Value::Null).await;
    assert_eq!(reconciled.status, StatusCode::OK, "{}", reconciled.body);
    let differs = |one: &Value| one["kind"] == "adapter_differs";
    let differences = reconciled.body["differences"].as_array().unwrap();
    assert!(!differences.iter().any(differs), "{}", reconciled.body);
    let money = service.stage.money(0).await;
    assert_eq!(
        (money.held_minor(), money.due.payment_status),
        (0, PaymentStatus::Refunded)
    );
    let told = service.stage.events().await;
    let word = told
        .iter()
        .rfind(|event| event.kind == EventType::PaymentStatusChanged);
    let told_order = word.and_then(|event| event.body["payment_status"].as_str());
    assert_eq!(told_order, Some("refunded"), "so the order refuses a start");
}

/// The case belongs to no order and names the provider.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payout_without_an_answer_for_a_day_is_a_case_once(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    service.pay(customer(CUSTOMER)).await;
    stage.becomes(0, 9, OrderStatus::Completed).await;
    stage.clock.advance(72 * HOUR);
    payment::jobs::settle_dues(&stage.worker).await.unwrap();
    let payout = async |step| {
        let whose = user(PROVIDER);
        let currency = wire::Currency::Cny;
        stage
            .store
            .apply_payout_step(whose, currency, step)
            .await
            .unwrap()
            .unwrap()
            .payout
            .id
    };
    let begun = payout(PayoutStep::HourStruck).await;
    let silent = PayoutStep::Answered {
        payout: begun,
        answer: AdapterAnswer::Unknown,
    };
    stage.clock.advance(23 * HOUR);
    payout(silent).await;
    let cases = async || service.get(admin(), "/api/v1/admin/money-cases").await;
    assert_eq!(cases().await.items(), [Value::Null; 0]);
    for hour in 24..26 {
        stage.clock.advance(HOUR);
        payout(silent).await;
        let open = cases().await;
        let [case] = open.items() else {
            panic!("{hour}: {}", open.body)
        };
        assert_eq!(
            (&case["kind"], &case["order_id"]),
            (&json!("unanswered"), &Value::Null)
        );
        assert_eq!(case["provider_id"], json!(user(PROVIDER)));
        assert_eq!(case["movement_id"], json!(begun.0));
    }
    let close = format!(
        "/api/v1/admin/money-cases/{}/close",
        cases().await.items()[0]["id"]
    );
    let closed = service
        .post(admin(), &close, json!({ "reason": "The bank is on it." }))
        .await;
    assert!(closed.body["closed_at"].is_string(), "{}", closed.body);
    stage.clock.advance(HOUR);
    payout(silent).await;
    assert_eq!(cases().await.items(), [Value::Null; 0]);
}
