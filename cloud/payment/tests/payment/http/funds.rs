//! The order service's check before it refuses an edge's start for lack of funds.

use custody::FundsReply;
use wire::{PaymentEvent, PaymentStatus};

use super::*;

impl Service {
    async fn asked_by(&self, part: &'static str) -> Answer {
        let asked = json!({ "orders": [order_id(0), order_id(404)] });
        self.asked_internally(part, "/internal/funds", asked).await
    }

    pub(super) async fn asked_internally(
        &self,
        part: &'static str,
        path: &str,
        asked: Value,
    ) -> Answer {
        let token = self
            .service_key
            .issue_token(part, payment::NAME, &self.stage.clock);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(asked.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn word(&self) -> PaymentEvent {
        let answer = self.asked_by("order").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let FundsReply { words } = serde_json::from_value(answer.body).unwrap();
        let [word] = words.as_slice() else {
            panic!("{words:?}")
        };
        serde_json::from_value(word.body.clone()).unwrap()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_open_payment_is_asked_about_before_its_order_is_answered_for(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let none = service.asked_by("order").await;
    assert_eq!(
        none.body,
        json!({ "words": [] }),
        "of an order that nobody has taken"
    );
    stage.done(0, service.orders.heard()).await;
    let payment = stage.pays(0, "simulated.waiting").await;
    let word = service.word().await;
    assert_eq!(
        (word.payment_status, word.held),
        (PaymentStatus::Unpaid, Amount::ZERO)
    );

    // The customer pays, and no callback arrives.
    let payment::adapter::PaymentAdapter::Simulated(bank) = &stage.worker.adapter else {
        panic!("these tests pay by the simulated adapter");
    };
    assert!(bank.pay_charge(payment).await.unwrap());
    let word = service.word().await;
    assert_eq!(
        (word.payment_status, word.held.minor_units()),
        (PaymentStatus::Held, PRICE)
    );
    assert_eq!(word.money_version, stage.money(0).await.due.money_version);
    service.asked_by("hub").await.refused(403, "role_forbidden");
}
