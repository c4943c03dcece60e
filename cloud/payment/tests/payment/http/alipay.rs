//! A customer pays with Alipay, from the link to custody and back, with messages over a real
//! connection.

use alipay_sandbox::Sandbox;
use payment::{
    AdapterWorker,
    adapter::{Alipay, PayLink, PaymentAdapter},
    jobs,
};
use process::tasks::Tasks;
use tokio::net::TcpListener;
use wire::{Currency, PaymentStatus};

use super::*;

const CALLBACKS: &str = "/api/v1/payments/callbacks/alipay";
/// When an unopened link has expired by Alipay's clock too.
const LINK_MS: i64 = 30 * 60_000 + 120_000;

/// The service, listening at the bank's notify URL.
struct AtAlipay {
    service: Service,
    bank: Sandbox,
    /// Plays the service's jobs.
    worker: AdapterWorker,
    _tasks: Tasks,
}

impl AtAlipay {
    async fn new() -> Self {
        let stage = Stage::new(Engine::Sqlite).await;
        let bank = Sandbox::start("127.0.0.1:0", stage.clock.clone())
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}{CALLBACKS}", listener.local_addr().unwrap());
        let config = at_alipay(&stage.config, &bank, &address);
        let alipay = Alipay::open(config.alipay_settings(), stage.clock.clone()).unwrap();
        let worker = AdapterWorker {
            store: stage.store.clone(),
            adapter: PaymentAdapter::Alipay(alipay),
        };
        let service = Service::on(stage, config).await;
        let tasks = Tasks::new();
        let router = service.router.clone();
        tasks.spawn("payment", async move {
            axum::serve(listener, router).await.unwrap()
        });
        Self {
            service,
            bank,
            worker,
            _tasks: tasks,
        }
    }

    /// A new payment: its id, its number at the bank, and its link.
    async fn begun(&self) -> (String, String, String) {
        let begun = self.service.pay(customer(CUSTOMER)).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
        assert_eq!(begun.body["status"], "pending");
        assert_eq!(begun.body["payment_method"], "alipay");
        let id = begun.body["id"].as_str().unwrap().to_owned();
        let link = begun.body["pay_url"].as_str().unwrap().to_owned();
        (id.clone(), id.replace('-', ""), link)
    }

    async fn shown(&self, id: &str) -> Value {
        self.service
            .get(customer(CUSTOMER), &format!("/api/v1/payments/{id}"))
            .await
            .body
    }

    /// Delivers a message from the bank or a stranger.
    async fn sends(&self, form: &str) -> StatusCode {
        let request = Request::post(CALLBACKS)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        let router = self.service.router.clone();
        router.oneshot(request.unwrap()).await.unwrap().status()
    }

    async fn held(&self) -> i64 {
        self.service.stage.money(0).await.held_minor()
    }
}

fn sum(text: &str) -> Amount {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_customer_pays_by_a_link_and_a_message_makes_us_ask() {
    let at = AtAlipay::new().await;
    let service = &at.service;
    let bank = &at.bank;
    let methods = service
        .get(customer(CUSTOMER), "/api/v1/payments/methods")
        .await;
    assert_eq!(
        methods.items(),
        [json!({ "method": "alipay", "simulated": false })]
    );
    let (id, number, link) = at.begun().await;
    assert_eq!(
        at.begun().await.0,
        id,
        "the open payment, and not another one"
    );

    assert!(bank.opens(&link).await);
    let dearer = link.replace("200.01", "200.02");
    assert!(
        dearer != link && !bank.opens(&dearer).await,
        "a link that was changed"
    );
    assert_eq!(bank.refused_signatures(), 1);

    let early = bank.message(&number);
    assert!(bank.pays(&number, sum("200.01")));
    let paid = bank.message(&number);
    assert_eq!(at.held().await, 0, "nobody has told us");
    // Delivered once, then repeated.
    for _ in 0..3 {
        assert_eq!(bank.tells(&number).await, Some((200, "success".into())));
        assert_eq!(at.held().await, PRICE);
    }
    // The earlier message, delayed in transit.
    assert_eq!(at.sends(&early).await, StatusCode::OK);
    assert_eq!(at.held().await, PRICE);
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM journals").await,
        1
    );
    let shown = at.shown(&id).await;
    assert_eq!(
        (&shown["status"], &shown["pay_url"]),
        (&json!("completed"), &Value::Null)
    );

    // A cancel refunds the whole payment once; the payment stays completed.
    service.order(|order| order.status = OrderStatus::Cancelled);
    service.stage.done(0, service.orders.heard()).await;
    at.worker.make_order_calls(order_id(0)).await.unwrap();
    let refunds = bank.refunds(&number);
    assert_eq!(
        refunds
            .iter()
            .map(|(_, amount)| *amount)
            .collect::<Vec<_>>(),
        [sum("200.01")]
    );
    assert_eq!(bank.tells(&number).await, Some((200, "success".into())));
    for replayed in [&paid, &early] {
        assert_eq!(at.sends(replayed).await, StatusCode::OK);
        let money = service.stage.money(0).await;
        assert_eq!(
            (money.held_minor(), money.due.saga),
            (0, custody::Saga::Done)
        );
    }
    assert_eq!(bank.refunds(&number).len(), 1);
}

#[tokio::test]
async fn a_forged_message_moves_nothing_and_a_signed_one_only_asks() {
    let at = AtAlipay::new().await;
    let bank = &at.bank;
    let (id, number, link) = at.begun().await;
    assert!(bank.opens(&link).await && bank.pays(&number, sum("200.00")));
    let signed = bank.message(&number);
    let forged = [
        signed.replace("200.00", "200.01"),
        signed.replace("TRADE_SUCCESS", "TRADE_CLOSED"),
        signed.replace("sign_type=RSA2", "sign_type=RSA"),
        signed.replace("app_id=2021", "app_id=2022"),
        format!("{signed}&body=added"),
        format!("{signed}&total_amount=200.01"),
        "no form at all".to_owned(),
    ];
    for form in &forged {
        assert_ne!(*form, signed);
        assert_eq!(at.sends(form).await, StatusCode::UNAUTHORIZED, "{form}");
    }
    assert_eq!(
        bank.calls("alipay.trade.query"),
        1,
        "the one at its beginning"
    );
    assert_eq!(at.shown(&id).await["status"], "pending");

    // From a trade that is not ours.
    let nobodys = PayLink {
        payment: custody::MovementId(at.service.stage.clock.new_id()),
        order: order_id(0),
        amount_minor: PRICE,
        begun_at: NOW,
    };
    assert!(
        bank.opens(&at.worker.adapter.payment_link(&nobodys).unwrap())
            .await
    );
    let strange = bank.message(&nobodys.payment.0.simple().to_string());
    assert_eq!(at.sends(&strange).await, StatusCode::NOT_FOUND);

    // The customer paid a cent less: the money is not held and goes back.
    assert_eq!(bank.tells(&number).await, Some((200, "success".into())));
    assert_eq!(at.held().await, 0);
    at.worker.make_order_calls(order_id(0)).await.unwrap();
    assert_eq!(bank.refunds(&number).len(), 1);
    assert_eq!(bank.refunds(&number)[0].1, sum("200.00"));
    assert_eq!(at.shown(&id).await["status"], "completed");
    // The record keeps the message's claim with our verdict.
    let record = at
        .service
        .get(admin(), "/api/v1/admin/payment-callbacks")
        .await;
    let asked = record
        .items()
        .iter()
        .find(|item| item["verdict"] == "asked")
        .unwrap();
    assert_eq!(
        (&asked["claim"], &asked["amount"]),
        (&json!("TRADE_SUCCESS"), &json!("200.00"))
    );
}

#[tokio::test]
async fn a_payment_that_nobody_begins_fails_once_its_link_is_over() {
    let at = AtAlipay::new().await;
    let clock = &at.service.stage.clock;
    let (id, number, link) = at.begun().await;
    clock.advance(LINK_MS - 1);
    jobs::settle_dues(&at.worker).await.unwrap();
    let shown = at.shown(&id).await;
    assert_eq!(
        (&shown["status"], &shown["pay_url"]),
        (&json!("pending"), &Value::Null)
    );
    assert!(!at.bank.opens(&link).await && !at.bank.pays(&number, sum("200.01")));
    clock.advance(HOUR);
    at.worker.make_due_calls().await.unwrap();
    assert_eq!(at.shown(&id).await["status"], "failed");
    let (again, ..) = at.begun().await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn what_alipay_cannot_do_is_not_begun() {
    let at = AtAlipay::new().await;
    let service = &at.service;
    let (_, number, link) = at.begun().await;
    assert!(at.bank.opens(&link).await && at.bank.pays(&number, sum("200.01")));
    at.bank.tells(&number).await;
    for status in [OrderStatus::InProgress, OrderStatus::Completed] {
        service.order(|order| order.status = status);
        service.stage.done(0, service.orders.heard()).await;
    }
    service.stage.clock.advance(72 * HOUR);
    jobs::settle_dues(&at.worker).await.unwrap();
    // Released, and owed to the provider until an adapter can send payouts.
    jobs::start_due_payouts(&at.worker).await.unwrap();
    assert_eq!(service.stage.count("SELECT COUNT(*) FROM payouts").await, 0);
    let status = service.stage.money(0).await.due.payment_status;
    assert_eq!(status, PaymentStatus::Paid);
    // Alipay gives no statement, so the report shows no difference, only that the comparison is
    // missing.
    let report = service
        .get(admin(), "/api/v1/payments/reconciliation")
        .await;
    let kinds = |list: &str| -> Vec<String> {
        let found = report.body[list].as_array().unwrap();
        found
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(
        kinds("waiting").contains(&"adapter_silent".to_owned()),
        "{}",
        report.body
    );
    assert!(
        !kinds("differences").contains(&"adapter_silent".to_owned()),
        "{}",
        report.body
    );
    service.order(|order| order.currency = Currency::Usd);
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(422, "invalid_input");
}
