//! A customer pays again after a payment expired or was declined.

use custody::PaymentState;
use platform::vals;

use super::*;

const EXPIRY: i64 = HOUR / 2;
/// However often it is asked.
const SILENCE: &str = "UPDATE simulated_movements SET silences = 1000 WHERE id = ?";
const SILENCE_ENDS: &str = "UPDATE simulated_movements SET silences = 0 WHERE id = ?";

impl Service {
    /// A service with an open payment by this method.
    async fn begun(engine: Engine, method: &str) -> (Self, String) {
        let service = Self::new(engine).await;
        service.stage.done(0, service.orders.heard()).await;
        let payment = service.stage.pays(0, method).await;
        assert_eq!(
            service.stage.money(0).await.payments[0].state,
            PaymentState::Pending
        );
        (service, payment.0.to_string())
    }

    async fn pay_under(&self, key: &str) -> Answer {
        self.send(
            customer(CUSTOMER),
            (Method::POST, "/api/v1/payments"),
            key,
            payment_json(),
        )
        .await
    }
}

impl Answer {
    #[track_caller]
    fn paid_by_another_than(&self, earlier: &str) {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        assert_ne!(self.body["id"], earlier, "{}", self.body);
        assert_eq!(self.body["status"], "completed", "{}", self.body);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn who_pays_after_an_expiry_or_a_refusal_gets_another_payment(#[case] engine: Engine) {
    let (service, expired) = Service::begun(engine, "simulated.waiting").await;
    assert_eq!(
        service.pay(customer(CUSTOMER)).await.body["id"],
        *expired,
        "it is open"
    );
    service.stage.clock.advance(EXPIRY);
    service
        .pay(customer(CUSTOMER))
        .await
        .paid_by_another_than(&expired);

    let (service, declined) = Service::begun(engine, "simulated.declined").await;
    service
        .pay(customer(CUSTOMER))
        .await
        .paid_by_another_than(&declined);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payment_that_was_paid_in_time_is_found_and_no_other_begins(#[case] engine: Engine) {
    let (service, payment) = Service::begun(engine, "simulated.waiting").await;
    let payment = custody::MovementId(payment.parse().unwrap());
    let payment::adapter::PaymentAdapter::Simulated(bank) = &service.stage.worker.adapter else {
        panic!("these tests pay by the simulated adapter");
    };
    assert!(bank.pay_charge(payment).await.unwrap());
    service.stage.clock.advance(EXPIRY);
    service
        .pay(customer(CUSTOMER))
        .await
        .refused(409, "already_paid");
    let money = service.stage.money(0).await;
    assert_eq!((money.payments.len(), money.held_minor()), (1, PRICE));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn while_the_adapter_does_not_answer_the_refusal_says_when_to_try_again(
    #[case] engine: Engine,
) {
    let (service, expired) = Service::begun(engine, "simulated.waiting").await;
    let id: Uuid = expired.parse().unwrap();
    service.stage.sql.exec(SILENCE, vals![id]).await.unwrap();
    service.stage.clock.advance(EXPIRY);

    let refusal = service.pay_under("pay again").await;
    refusal.refused(503, "unavailable");
    let detail = refusal.body["detail"].as_str().unwrap();
    assert!(detail.contains("Try again in 2 seconds"), "{detail}");
    let answers_again = service.stage.sql.exec(SILENCE_ENDS, vals![id]);
    answers_again.await.unwrap();
    let again = service.pay_under("pay again").await;
    again.paid_by_another_than(&expired);
    assert_eq!(
        service.pay_under("pay again").await.body,
        again.body,
        "the key is its own"
    );
}
