//! Floods by a provider who exceeds a daily share.

use std::sync::atomic::Ordering::Relaxed;

use attack::{HttpAnswer, HttpCall, Somebody, Station};
use futures::FutureExt;
use serde_json::json;
use wire::OrderId;

use super::{
    super::flood::{Attempt, Flood, FloodAct},
    TIMES, Tenfold,
};

const ACCEPTANCES_A_DAY_MAX: usize = 20;
const WITHDRAWALS_A_DAY_MAX: usize = 5;

impl Tenfold<'_> {
    /// Only the share's own code counts as a refusal, because requests per minute are limited as
    /// well.
    pub(super) fn of_shares(&self) -> [Flood<'_>; 2] {
        let accepts = ACCEPTANCES_A_DAY_MAX;
        let gives_back = WITHDRAWALS_A_DAY_MAX;
        [
            takes("20 acceptances a day of a provider", accepts, |from| {
                self.read_a_job(from)
            }),
            takes("5 withdrawals a day of a provider", gives_back, |from| {
                self.waver(from)
            }),
        ]
    }

    async fn read_a_job(&self, from: Station) -> Attempt {
        let order = self.open_order();
        let answer = self.act(from, &self.reader, order, "accept").await;
        match (answer.status, answer.code().as_str()) {
            (200, _) => {
                let ended = self.act(from, &self.customer, order, "cancel").await;
                assert_eq!(ended.status, 200, "{}", ended.text());
                self.order_is_gone();
                Attempt::Granted
            }
            (_, "too_many_acceptances") => Attempt::Refused,
            (_, "order_already_accepted") => {
                self.order_is_gone();
                Attempt::Futile
            }
            _ => Attempt::Futile,
        }
    }

    async fn waver(&self, from: Station) -> Attempt {
        let order = self.open_order();
        let accepted = self.act(from, &self.waverer, order, "accept").await;
        if accepted.code() == "order_already_accepted" {
            self.order_is_gone();
        }
        let answer = self.act(from, &self.waverer, order, "withdraw").await;
        match (answer.status, answer.code().as_str()) {
            (200, _) => Attempt::Granted,
            (_, "too_many_withdrawals") => Attempt::Refused,
            _ => Attempt::Futile,
        }
    }

    fn open_order(&self) -> OrderId {
        self.orders[self.next_order.load(Relaxed) % self.orders.len()]
    }

    fn order_is_gone(&self) {
        self.next_order.fetch_add(1, Relaxed);
    }

    async fn act(&self, from: Station, who: &Somebody, order: OrderId, act: &str) -> HttpAnswer {
        let call = HttpCall::post(&format!("/api/v1/orders/{order}/{act}"));
        let call = call.bearer(&who.person.token).json(&json!({}));
        from.ask(self.platform.gateway(), &call)
            .await
            .expect("an answer")
    }
}

/// Attempts run one after the other, so that no other limit is reached first.
fn takes<'a, T>(
    name: &'static str,
    limit: usize,
    attempt: impl Fn(Station) -> T + Send + Sync + 'a,
) -> Flood<'a>
where
    T: Future<Output = Attempt> + Send + 'a,
{
    let act = FloodAct::Take(Box::new(move |from| attempt(from).boxed()));
    Flood {
        name,
        attempts: TIMES * limit,
        at_once: 1,
        grants_max: Some(limit),
        act,
    }
}
