//! The people of a tale, and their acts. Each act is repeated under its own idempotency key until
//! it is answered.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use http::Method;
use process::{client::Client, clock::Clock};
use serde_json::{Value, json};
use support::{Api, Person, eventually};
use tokio::time::sleep;
use wire::{Amount, Code, CommandId, OrderId, OrderStatus, PaymentStatus, Region};

use super::{Tale, TalePlan, ToldTale, told::ShownCancel};
use crate::asking::{PATIENCE, until_answered};

/// Shorter than the wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A cancel within a day of the work costs a fee.
const SOON_MS: i64 = 3 * 3_600_000;
const AT_ONCE: usize = 5;

#[derive(Debug)]
pub struct MoneyPeople {
    pub admin: Person,
    pub customer: Person,
    pub providers: [Person; 2],
}

/// A round's people, and the ends of their orders.
pub struct PlayedRound {
    pub people: Arc<MoneyPeople>,
    pub tales: Vec<ToldTale>,
}

#[derive(Clone)]
pub(super) struct Teller {
    pub api: Api,
    pub client: Client,
    pub people: Arc<MoneyPeople>,
}

impl Teller {
    pub(super) async fn tell(self, plan: TalePlan) -> ToldTale {
        sleep(plan.begins).await;
        let order = self.accepted(&plan).await;
        let told = ToldTale {
            tale: plan.tale,
            order,
            customer: self.people.customer.user_id,
            provider: self.people.providers[0].user_id,
            price_minor: plan.price_minor,
            granted_minor: 0,
            shown: None,
        };
        match plan.tale {
            Tale::Plain => self.held_and_worked_on(&plan, told).await,
            Tale::Doubled => self.doubled(&plan, told).await,
            Tale::CancelledEarly | Tale::CancelledLate => self.cancelled(&plan, told).await,
            Tale::CancelledMeanwhile => self.cancelled_meanwhile(&plan, told).await,
            Tale::DeclinedFirst => {
                self.pays(order, plan.price_minor, "simulated.declined")
                    .await
                    .expect("a payment");
                self.payment_fails(order).await;
                self.held_and_worked_on(&plan, told).await
            }
            Tale::WrongAmountFirst => {
                let method = "simulated.other_amount";
                self.pays(order, plan.price_minor, method)
                    .await
                    .expect("a payment");
                self.payment_ends(order, "completed").await;
                self.held_and_worked_on(&plan, told).await
            }
            Tale::PartlyRefunded => self.partly_refunded(&plan, told).await,
            Tale::Reassigned => self.reassigned(&plan, told).await,
        }
    }

    async fn held_and_worked_on(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        self.held(plan, told.order).await;
        self.worked_on(told.order, &self.people.providers[0]).await;
        told
    }

    async fn doubled(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        let form = payment_form(told.order, plan.price_minor, plan.method);
        let key = new_key();
        let payer = &self.people.customer;
        let sent = (0..AT_ONCE).map(|_| self.post_under(key, payer, PAYMENTS, &form));
        let answers = join_all(sent)
            .await
            .into_iter()
            .map(|answer| answer.expect("a payment"));
        let answers: Vec<Value> = answers.collect();
        let of_first = &answers[0]["id"];
        assert!(
            answers.iter().all(|answer| answer["id"] == *of_first),
            "{answers:?}"
        );
        self.shows(told.order, PaymentStatus::Held).await;
        let again = self.pays(told.order, plan.price_minor, plan.method).await;
        assert_eq!(again, Err(Code::AlreadyPaid));
        self.worked_on(told.order, &self.people.providers[0]).await;
        told
    }

    async fn cancelled(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        self.held(plan, told.order).await;
        let path = format!("/api/v1/orders/{}/cancellation", told.order);
        let shown: Value = self.read(&self.people.customer, &path).await;
        self.act(
            &self.people.customer,
            told.order,
            "cancel",
            &json!({ "fee": shown["fee"] }),
        )
        .await;
        let shown = ShownCancel {
            fee_minor: minor(&shown["fee"]),
            refund_minor: minor(&shown["refund"]),
        };
        assert_eq!(shown.fee_minor + shown.refund_minor, plan.price_minor);
        assert_eq!(
            shown.fee_minor > 0,
            plan.tale == Tale::CancelledLate,
            "{shown:?}"
        );
        ToldTale {
            shown: Some(shown),
            ..told
        }
    }

    async fn cancelled_meanwhile(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        let customer = &self.people.customer;
        let free = json!({});
        let (paid, ()) = tokio::join!(
            self.pays(told.order, plan.price_minor, plan.method),
            self.act(customer, told.order, "cancel", &free),
        );
        assert!(
            matches!(paid, Ok(_) | Err(Code::OrderNotPayable)),
            "{paid:?}"
        );
        ToldTale {
            shown: Some(ShownCancel {
                fee_minor: 0,
                refund_minor: 0,
            }),
            ..told
        }
    }

    async fn partly_refunded(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        let MoneyPeople {
            admin,
            customer,
            providers,
        } = &*self.people;
        self.held(plan, told.order).await;
        self.act(&providers[0], told.order, "start", &Value::Null)
            .await;
        let granted_minor = plan.price_minor / 3;
        let amount = amount(granted_minor);
        let ask =
            json!({ "order_id": told.order, "amount": amount, "reason": "It took too long." });
        let asked = self
            .post(customer, "/api/v1/refunds", &ask)
            .await
            .expect("a request");
        let id = asked["id"].as_str().expect("its id");
        let grant = format!("/api/v1/admin/refunds/{id}/grant");
        let granted = self.post(admin, &grant, &json!({})).await;
        assert!(
            granted.is_ok(),
            "the key replays an answer that got lost: {granted:?}"
        );
        self.act(&providers[0], told.order, "complete", &Value::Null)
            .await;
        ToldTale {
            granted_minor,
            ..told
        }
    }

    async fn reassigned(&self, plan: &TalePlan, told: ToldTale) -> ToldTale {
        let [first, second] = &self.people.providers;
        self.held(plan, told.order).await;
        self.act(first, told.order, "withdraw", &Value::Null).await;
        self.act(second, told.order, "accept", &Value::Null).await;
        self.worked_on(told.order, second).await;
        ToldTale {
            provider: second.user_id,
            ..told
        }
    }

    async fn accepted(&self, plan: &TalePlan) -> OrderId {
        let MoneyPeople {
            admin,
            customer,
            providers,
        } = &*self.people;
        let starts = Clock::system().now().plus_ms(SOON_MS);
        let starts = (plan.tale == Tale::CancelledLate).then_some(starts);
        let form = json!({
            "title": format!("{:?}", plan.tale), "service_type": "cleaning_repair",
            "price": amount(plan.price_minor), "location": Region::North,
            "address": "1 Harbour Road", "service_start_time": starts,
        });
        let published = self
            .post(customer, "/api/v1/orders", &form)
            .await
            .expect("an order");
        let order = published["order_id"]
            .as_str()
            .expect("its id")
            .parse()
            .expect("an id");
        self.act(admin, order, "approve", &Value::Null).await;
        self.act(&providers[0], order, "accept", &Value::Null).await;
        order
    }

    async fn held(&self, plan: &TalePlan, order: OrderId) {
        self.pays(order, plan.price_minor, plan.method)
            .await
            .expect("a payment");
        self.shows(order, PaymentStatus::Held).await;
    }

    async fn worked_on(&self, order: OrderId, provider: &Person) {
        self.act(provider, order, "start", &Value::Null).await;
        self.act(provider, order, "complete", &Value::Null).await;
        let done: Value = self
            .read(provider, &format!("/api/v1/orders/{order}"))
            .await;
        assert_eq!(done["status"], OrderStatus::Completed.as_str());
    }

    async fn pays(&self, order: OrderId, minor: i64, method: &str) -> Result<Value, Code> {
        let form = payment_form(order, minor, method);
        self.post(&self.people.customer, PAYMENTS, &form).await
    }

    async fn shows(&self, order: OrderId, status: PaymentStatus) {
        let what = format!("{order} shows `{}`", status.as_str());
        eventually(&what, PATIENCE, async || {
            let order = self.api.order(&self.people.customer, order).await.ok()?;
            (order.payment_status == status).then_some(())
        })
        .await;
    }

    async fn payment_fails(&self, order: OrderId) {
        self.payment_ends(order, "failed").await;
    }

    async fn payment_ends(&self, order: OrderId, status: &str) {
        let path = format!("{PAYMENTS}?order_id={order}");
        eventually(
            &format!("the payment of {order} is {status}"),
            PATIENCE,
            async || {
                let payer = Some(&self.people.customer);
                let listed: Value = self.api.call(Method::GET, &path, payer, None).await.ok()?;
                (listed["items"][0]["status"] == status).then_some(())
            },
        )
        .await;
    }

    /// Takes an order step that must succeed.
    async fn act(&self, person: &Person, order: OrderId, action: &str, body: &Value) {
        let path = format!("/api/v1/orders/{order}/{action}");
        if let Err(code) = self.post(person, &path, body).await {
            panic!("{action} of {order} is refused: {code:?}");
        }
    }

    async fn post(&self, person: &Person, path: &str, body: &Value) -> Result<Value, Code> {
        self.post_under(new_key(), person, path, body).await
    }

    async fn post_under(
        &self,
        key: CommandId,
        person: &Person,
        path: &str,
        body: &Value,
    ) -> Result<Value, Code> {
        let url = format!("{}{path}", self.api.gateway());
        let body = (!body.is_null()).then_some(body);
        let send = || {
            self.client
                .send_command(key, &url, &person.token, body, TIMEOUT)
        };
        until_answered(path, send).await
    }

    async fn read(&self, person: &Person, path: &str) -> Value {
        let read = || self.api.call(Method::GET, path, Some(person), None);
        until_answered(path, read).await.expect("it may be read")
    }
}

const PAYMENTS: &str = "/api/v1/payments";

fn payment_form(order: OrderId, minor: i64, method: &str) -> Value {
    json!({ "order_id": order, "amount": amount(minor), "payment_method": method })
}

fn new_key() -> CommandId {
    CommandId(Clock::system().new_id())
}

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor).expect("an amount")
}

fn minor(amount: &Value) -> i64 {
    let amount: Amount = serde_json::from_value(amount.clone()).expect("an amount");
    amount.minor_units()
}
