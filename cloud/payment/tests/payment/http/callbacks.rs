//! Messages of the simulated adapter: their effects and limits.

use payment::adapter::SimulatedAdapter;
use process::tasks::Tasks;
use ring::hmac;
use tokio::net::TcpListener;

use super::*;

impl Service {
    /// Posts an adapter message signed with this secret.
    async fn called_back(&self, secret: &str, body: &str) -> Answer {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hex::encode(hmac::sign(&key, body.as_bytes()));
        let request = Request::builder().method(Method::POST);
        let request = request
            .uri("/api/v1/payments/callbacks/simulated")
            .header("x-signature", tag);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }
}

async fn assert_forgeries_are_refused(service: &Service, body: &str) {
    service
        .called_back("a stranger's", body)
        .await
        .refused(401, "signature_wrong");
    service
        .called_back("", body)
        .await
        .refused(401, "signature_wrong");
}

async fn assert_unknown_movements_are_refused(service: &Service) {
    let nobodys = json!({ "id": Uuid::from_u128(404), "state": "paid" }).to_string();
    service
        .called_back(CALLBACK_SECRET, &nobodys)
        .await
        .refused(404, "not_found");
    service
        .called_back(CALLBACK_SECRET, "no form at all")
        .await
        .refused(404, "not_found");
}

/// Admins read every message with its verdict; no one changes the record.
async fn assert_callbacks_are_recorded(service: &Service) {
    let stage = &service.stage;
    let record = service
        .get(admin(), "/api/v1/admin/payment-callbacks")
        .await;
    let mut verdicts: Vec<&str> = record
        .items()
        .iter()
        .map(|item| item["verdict"].as_str().unwrap())
        .collect();
    verdicts.sort_unstable();
    let expected = [
        "asked", "asked", "asked", "asked", "asked", "forged", "forged", "unknown", "unknown",
    ];
    assert_eq!(verdicts, expected);
    let forged = "SELECT COUNT(*) FROM callbacks WHERE verdict = 'forged' AND movement_id IS NULL";
    assert_eq!(
        stage.count(forged).await,
        2,
        "what a stranger says is not even read"
    );
    for text in [
        "UPDATE callbacks SET verdict = 'asked'",
        "DELETE FROM callbacks",
    ] {
        assert!(stage.sql.exec(text, Vec::new()).await.is_err(), "{text}");
    }
    service
        .get(customer(CUSTOMER), "/api/v1/admin/payment-callbacks")
        .await
        .refused(403, "role_forbidden");
}

/// Messages may be forged, early, late, duplicated, out of order or wrong in amount: only the
/// adapter's own answer counts, and all messages are recorded.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_callback_only_makes_us_ask(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    stage.done(0, service.orders.heard()).await;
    let payment = stage.pays(0, "simulated.waiting").await;
    let says = |state: &str, amount: &str| {
        json!({ "id": payment.0, "state": state, "amount": amount }).to_string()
    };
    assert_forgeries_are_refused(&service, &says("paid", "200.01")).await;
    // Well signed but false: the adapter has no money.
    for told in [says("paid", "200.01"), says("failed", "0.00")] {
        assert_eq!(
            service.called_back(CALLBACK_SECRET, &told).await.status,
            StatusCode::OK
        );
        assert_eq!(stage.money(0).await.held_minor(), 0);
        assert!(stage.money(0).await.open_payment().is_some());
    }
    assert_unknown_movements_are_refused(&service).await;

    let payment::adapter::PaymentAdapter::Simulated(bank) = &stage.worker.adapter else {
        panic!("a simulated adapter");
    };
    assert!(bank.pay_charge(payment).await.unwrap());
    // A wrong amount, a duplicate and an older message: the paid amount is held once.
    for told in [
        says("paid", "1.00"),
        says("paid", "1.00"),
        says("pending", "200.01"),
    ] {
        assert_eq!(
            service.called_back(CALLBACK_SECRET, &told).await.status,
            StatusCode::OK
        );
        assert_eq!(stage.money(0).await.held_minor(), PRICE);
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM journals").await, 1);

    assert_callbacks_are_recorded(&service).await;
    let elsewhere = service
        .post(
            customer(CUSTOMER),
            "/api/v1/payments/callbacks/other",
            json!({}),
        )
        .await;
    elsewhere.refused(404, "not_found");
}

#[tokio::test]
async fn callbacks_are_bounded_in_size_and_number() {
    let service = Service::new(Engine::Sqlite).await;
    let large = "x".repeat(64 * 1024 + 1);
    service
        .called_back(CALLBACK_SECRET, &large)
        .await
        .refused(413, "body_too_large");
    for n in 0..150 {
        let forged = service.called_back("a stranger's", "{}").await;
        assert_eq!(forged.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    assert_eq!(
        service.stage.count("SELECT COUNT(*) FROM callbacks").await,
        60,
        "forged ones have a bound"
    );
    for n in 0..100 {
        let signed = service.called_back(CALLBACK_SECRET, "{}").await;
        assert_eq!(
            signed.status,
            StatusCode::NOT_FOUND,
            "forged ones take no room: {n}"
        );
    }
    service
        .called_back(CALLBACK_SECRET, "{}")
        .await
        .refused(429, "too_many_requests");
    service.stage.clock.advance(1_000);
    service
        .called_back(CALLBACK_SECRET, "{}")
        .await
        .refused(404, "not_found");
}

/// Sends the adapter's own messages over a real connection.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_scripted_message_comes_late_or_twice_and_books_once(#[case] engine: Engine) {
    const SLOW: i64 = 3_000;
    const LATE: i64 = 60_000;
    for (method, messages) in [
        ("simulated.two_callbacks", 2),
        ("simulated.late_callback", 1),
    ] {
        let service = Service::new(engine).await;
        let stage = &service.stage;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let address = format!("http://{address}/api/v1/payments/callbacks/simulated");
        let tasks = Tasks::new();
        let router = service.router.clone();
        tasks.spawn("payment", async move {
            axum::serve(listener, router).await.unwrap()
        });
        let bank = SimulatedAdapter::new(stage.sql.clone(), stage.clock.clone(), true);
        let bank = bank
            .with_callback_secret(CALLBACK_SECRET)
            .with_notify_url(&address);

        stage.done(0, service.orders.heard()).await;
        stage.pays(0, method).await;
        assert_eq!(
            bank.send_callbacks().await.unwrap(),
            0,
            "nothing has happened yet"
        );
        stage.clock.advance(SLOW);
        if messages == 1 {
            assert_eq!(bank.send_callbacks().await.unwrap(), 0, "it is late");
            stage.worker.make_due_calls().await.unwrap();
            assert_eq!(stage.money(0).await.held_minor(), PRICE, "we have asked");
            stage.clock.advance(LATE);
        }
        assert_eq!(bank.send_callbacks().await.unwrap(), messages, "{method}");
        assert_eq!(bank.send_callbacks().await.unwrap(), 0, "each is sent once");
        assert_eq!(stage.money(0).await.held_minor(), PRICE, "{method}");
        assert_eq!(
            stage.count("SELECT COUNT(*) FROM journals").await,
            1,
            "{method}"
        );
        let heard = "SELECT COUNT(*) FROM callbacks WHERE verdict = 'asked' AND claim = 'paid'";
        assert_eq!(
            usize::try_from(stage.count(heard).await).unwrap(),
            messages,
            "{method}"
        );
    }
}
