//! The promises about money, checked against the stores: the movements in the adapter's own tables,
//! the books, and the orders. No part of the platform judges itself.

use std::collections::BTreeMap;

use platform::{
    sql::{Row, Sql},
    vals,
};
use uuid::Uuid;
use wire::OrderStatus;

use super::ToldTale;
use crate::truth::Findings;

pub struct Books {
    pub payment_db: Sql,
    pub order_db: Sql,
}

/// A line of a provider's account: order, provider, booked action, and amount. Credit is negative.
type EarnedLine = (Uuid, Uuid, String, i64);

/// An order as the books or its own row show it: id, status, payment status, money version,
/// version.
type Standing = (Uuid, String, String, i64, i64);

impl Books {
    /// Everything open, owed or in transit.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn waits(&self) -> Findings {
        const UNSENT: &str = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
        const OWED: &str = "SELECT COUNT(*) FROM accounts WHERE balance_minor <> 0 \
            AND account IN ('held', 'suspense', 'refunding', 'provider', 'sending')";
        const IN_PAYMENT: [(&str, &str); 6] = [
            ("events about money not sent", UNSENT),
            (
                "payments under way",
                "SELECT COUNT(*) FROM payments WHERE status = 'pending'",
            ),
            (
                "refunds under way",
                "SELECT COUNT(*) FROM refunds WHERE status = 'pending'",
            ),
            (
                "payouts under way",
                "SELECT COUNT(*) FROM payouts WHERE status = 'pending'",
            ),
            (
                "dues that need a person",
                "SELECT COUNT(*) FROM dues WHERE saga = 'needs_person'",
            ),
            ("accounts with money in custody, owed or on its way", OWED),
        ];
        let in_payment = IN_PAYMENT.map(|asked| (&self.payment_db, asked));
        let in_order = [(&self.order_db, ("events of orders not sent", UNSENT))];
        let mut found = Findings::new();
        for (sql, (what, text)) in in_payment.into_iter().chain(in_order) {
            let number: i64 = sql
                .fetch_optional(text, vals![])
                .await
                .expect("a count")
                .expect("a row");
            if number > 0 {
                found.push(format!("{number} {what}"));
            }
        }
        found
    }

    /// Orders that differ from the books, or have not applied the last event about their money.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn unheard(&self) -> Findings {
        let dues = self.dues().await;
        let orders = self.standings().await;
        let mut found = Findings::new();
        for due in dues {
            let order = orders.iter().find(|order| order.0 == due.0);
            if order != Some(&due) {
                found.push(format!("{order:?}, by the books {due:?}"));
            }
        }
        found
    }

    /// Journals that do not sum to zero.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn uneven_journals(&self) -> Findings {
        const UNEVEN: &str =
            "SELECT journal_id FROM transactions GROUP BY journal_id HAVING SUM(amount_minor) <> 0";
        let uneven: Vec<Uuid> = all(&self.payment_db, UNEVEN).await;
        uneven
            .into_iter()
            .map(|id| format!("journal {id} does not sum to zero"))
            .collect()
    }

    /// Customers not charged exactly once, or refunded another amount than shown or granted.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn charged_otherwise(&self, told: &[ToldTale]) -> Findings {
        let charges = self.charges().await;
        let refunds = self.refunds().await;
        let mut found = Findings::new();
        for tale in told {
            let paid = charges
                .get(&tale.order.0)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let back = refunds
                .get(&tale.order.0)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let cost = paid.iter().sum::<i64>() - back.iter().sum::<i64>();
            let (least, most) = tale.charges();
            if cost != tale.cost_minor() || paid.len() < least || paid.len() > most {
                let expected = tale.cost_minor();
                found.push(format!(
                    "{cost} of {expected} is paid, by {paid:?} less {back:?}: {tale:?}"
                ));
            }
        }
        found
    }

    /// Cancels that charged or refunded another amount than the preview showed.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn unlike_the_preview(&self, told: &[ToldTale]) -> Findings {
        let refunds = self.refunds().await;
        let earned = self.earned().await;
        let mut found = Findings::new();
        for tale in told {
            let Some(shown) = tale.shown.filter(|shown| shown.refund_minor > 0) else {
                continue;
            };
            let back = refunds
                .get(&tale.order.0)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let fees = earned
                .iter()
                .filter(|line| line.0 == tale.order.0 && line.2 == "cancel_fee");
            let fee: i64 = fees.map(|line| -line.3).sum();
            if back != [shown.refund_minor] || fee != shown.fee_minor {
                found.push(format!(
                    "{fee} and {back:?} instead of what was shown: {tale:?}"
                ));
            }
        }
        found
    }

    /// Orders that did not pay their provider exactly once, by completed work or a late cancel, or
    /// that paid anyone else.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn earned_otherwise(&self, told: &[ToldTale]) -> Findings {
        let lines = self.earned().await;
        let standings = self.standings().await;
        let mut found = Findings::new();
        for tale in told {
            let of_order: Vec<_> = lines.iter().filter(|line| line.0 == tale.order.0).collect();
            let expected = tale.earned_minor();
            let is_right = match of_order.as_slice() {
                [] => expected == 0,
                [line] => line.1 == tale.provider.0 && -line.3 == expected,
                _ => false,
            };
            if !is_right {
                found.push(format!("{of_order:?} instead of {expected}: {tale:?}"));
            }
        }
        for line in lines.iter().filter(|line| line.2 == "release") {
            let standing = standings.iter().find(|standing| standing.0 == line.0);
            if standing.is_none_or(|(_, status, ..)| status != OrderStatus::Completed.as_str()) {
                found.push(format!("a release of what is not completed: {standing:?}"));
            }
        }
        found
    }

    /// Providers with other payouts by the adapter than their earnings.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn paid_out_otherwise(&self, told: &[ToldTale]) -> Findings {
        const PAYOUTS: &str = "SELECT p.provider_id, s.amount_minor FROM payouts p \
            JOIN simulated_movements s ON s.id = p.id WHERE s.state = 'done'";
        let sent = by_owner(all(&self.payment_db, PAYOUTS).await);
        let mut earned: BTreeMap<Uuid, i64> = BTreeMap::new();
        for tale in told.iter().filter(|tale| tale.earned_minor() > 0) {
            *earned.entry(tale.provider.0).or_default() += tale.earned_minor();
        }
        let sent: BTreeMap<Uuid, i64> = sent
            .into_iter()
            .map(|(owner, amounts)| (owner, amounts.iter().sum()))
            .collect();
        if sent == earned {
            return Findings::new();
        }
        let differing = sent
            .iter()
            .filter(|(owner, minor)| earned.get(*owner) != Some(*minor));
        let unsent = earned
            .iter()
            .filter(|(owner, _)| !sent.contains_key(*owner));
        let of = |(owner, minor): (&Uuid, &i64)| {
            let sent = sent.get(owner);
            let earned = earned.get(owner);
            format!("{owner}: {minor}; sent {sent:?}, earned {earned:?}")
        };
        differing.chain(unsent).map(of).collect()
    }

    /// Orders whose payment status differs from the answers that people got.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn shown_otherwise(&self, told: &[ToldTale]) -> Findings {
        let orders = self.standings().await;
        let mut found = Findings::new();
        for tale in told {
            let order = orders.iter().find(|order| order.0 == tale.order.0);
            let shown = order.map(|order| order.2.as_str());
            if tale
                .shows()
                .is_some_and(|status| shown != Some(status.as_str()))
            {
                found.push(format!("{shown:?} is shown: {tale:?}"));
            }
        }
        found
    }

    pub(crate) async fn charges(&self) -> BTreeMap<Uuid, Vec<i64>> {
        // A slow charge counts as paid once its time is set.
        const CHARGES: &str = "SELECT p.order_id, s.amount_minor FROM payments p \
            JOIN simulated_movements s ON s.id = p.id \
            WHERE s.state = 'paid' OR (s.state = 'pending' AND s.pays_at IS NOT NULL)";
        by_owner(all(&self.payment_db, CHARGES).await)
    }

    pub(crate) async fn refunds(&self) -> BTreeMap<Uuid, Vec<i64>> {
        const REFUNDS: &str = "SELECT r.order_id, s.amount_minor FROM refunds r \
            JOIN simulated_movements s ON s.id = r.id WHERE s.state = 'done'";
        by_owner(all(&self.payment_db, REFUNDS).await)
    }

    async fn earned(&self) -> Vec<EarnedLine> {
        const EARNED: &str = "SELECT order_id, owner_id, action, amount_minor FROM transactions \
            WHERE account = 'provider' AND order_id IS NOT NULL";
        all(&self.payment_db, EARNED).await
    }

    async fn dues(&self) -> Vec<Standing> {
        const DUES: &str =
            "SELECT order_id, order_status, payment_status, money_version, order_version FROM dues";
        all(&self.payment_db, DUES).await
    }

    async fn standings(&self) -> Vec<Standing> {
        const ORDERS: &str =
            "SELECT id, status, payment_status, money_version, version FROM orders";
        all(&self.order_db, ORDERS).await
    }
}

async fn all<R: Row>(sql: &Sql, text: &'static str) -> Vec<R> {
    sql.fetch_all(text, vals![]).await.expect("rows")
}

fn by_owner(rows: Vec<(Uuid, i64)>) -> BTreeMap<Uuid, Vec<i64>> {
    let mut owners: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for (owner, minor) in rows {
        owners.entry(owner).or_default().push(minor);
    }
    owners
}
