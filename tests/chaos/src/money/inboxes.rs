//! People get one notification for each movement of their money.

use std::collections::BTreeMap;

use support::Person;
use wire::OrderId;

use super::{MoneyScene, PlayedRound};
use crate::truth::Findings;

const PAID: &str = "payment.completed";
const SENT_BACK: &str = "refund.processed";
const RELEASED: &str = "payment.released";

type Lines = BTreeMap<(OrderId, String), usize>;

impl MoneyScene {
    /// Missing or surplus inbox lines about the money of a round's people.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn told_otherwise(&self, round: &PlayedRound) -> Findings {
        let charges = self.books.charges().await;
        let refunds = self.books.refunds().await;
        let mut found = Findings::new();
        let mut expected = Lines::new();
        for tale in &round.tales {
            let number = |of: &BTreeMap<_, Vec<i64>>| of.get(&tale.order.0).map_or(0, Vec::len);
            expected.insert((tale.order, PAID.to_owned()), number(&charges));
            expected.insert((tale.order, SENT_BACK.to_owned()), number(&refunds));
        }
        found.extend(self.differs(&round.people.customer, &expected).await);
        for provider in &round.people.providers {
            let his = round
                .tales
                .iter()
                .filter(|tale| tale.provider == provider.user_id);
            let done = his.filter(|tale| tale.shown.is_none());
            let expected = done
                .map(|tale| ((tale.order, RELEASED.to_owned()), 1))
                .collect();
            found.extend(self.differs(provider, &expected).await);
        }
        found
    }

    async fn differs(&self, person: &Person, expected: &Lines) -> Findings {
        let Ok(inbox) = self.api.inbox(person).await else {
            return vec![format!("{} cannot read the inbox", person.user_id)];
        };
        let mut lines = Lines::new();
        for line in inbox {
            let Some(order) = line.order_id else { continue };
            if [PAID, SENT_BACK, RELEASED].contains(&line.kind.as_str()) {
                *lines.entry((order, line.kind)).or_default() += 1;
            }
        }
        let number = |of: &Lines, key| of.get(key).copied().unwrap_or_default();
        let keys = expected.keys().chain(lines.keys());
        let differ = keys.filter(|key| number(&lines, key) != number(expected, key));
        differ
            .map(|key| {
                let told = number(&lines, key);
                let should = number(expected, key);
                format!(
                    "{} is told {key:?} {told} times instead of {should}",
                    person.user_id
                )
            })
            .collect()
    }
}
