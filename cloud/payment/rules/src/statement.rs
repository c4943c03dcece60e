//! Compares our books with the adapter's statement, to find the movements to query. The statement
//! itself books nothing, answers do [STATEMENT]; the exception is the adapter's own fees, which
//! appear only in the statement.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{Action, MoneyJournal, MovementId, OrderMoney, Payout, PayoutState};

/// An amount moved by the adapter, from its statement or our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementLine {
    /// The movement to query.
    pub movement: MovementId,
    pub kind: LineKind,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    Charge,
    Refund,
    /// Carries the adapter's id, since a payment may have several.
    Chargeback(Uuid),
    Reversal(Uuid),
    Payout,
    PayoutReturned,
    /// The adapter's fee for the movement, with the line's id.
    Fee(Uuid),
}

/// Movements that only one side has, or that differ in amount.
pub fn find_differing_movements(
    ours: &BTreeSet<StatementLine>,
    adapters: &BTreeSet<StatementLine>,
) -> BTreeSet<MovementId> {
    ours.symmetric_difference(adapters)
        .map(|line| line.movement)
        .collect()
}

impl OrderMoney {
    /// The adapter's movements for the order, by our books.
    pub fn statement_lines(&self) -> impl Iterator<Item = StatementLine> {
        self.journals
            .iter()
            .filter_map(|journal| self.to_statement_line(journal))
    }

    /// The payment of a known chargeback.
    fn charged_back_payment(&self, chargeback: Uuid) -> Option<MovementId> {
        let known = self
            .chargebacks
            .iter()
            .find(|known| known.id.0 == chargeback)?;
        Some(known.payment)
    }

    fn to_statement_line(&self, journal: &MoneyJournal) -> Option<StatementLine> {
        let subject = journal.key.subject;
        let (movement, kind) = match journal.key.action {
            Action::Charge => (MovementId(subject), LineKind::Charge),
            Action::RefundDone => (MovementId(subject), LineKind::Refund),
            Action::Chargeback => (
                self.charged_back_payment(subject)?,
                LineKind::Chargeback(subject),
            ),
            Action::Reversal => (
                self.charged_back_payment(subject)?,
                LineKind::Reversal(subject),
            ),
            _ => return None,
        };
        let amounts = journal
            .postings
            .iter()
            .filter(|p| p.account == crate::LedgerAccount::Adapter);
        let amount_minor = amounts.map(|posting| posting.minor.abs()).sum();
        Some(StatementLine {
            movement,
            kind,
            amount_minor,
        })
    }
}

impl Payout {
    pub fn statement_lines(&self) -> impl Iterator<Item = StatementLine> {
        let kinds: &[LineKind] = match self.state {
            PayoutState::Completed => &[LineKind::Payout],
            PayoutState::Returned => &[LineKind::Payout, LineKind::PayoutReturned],
            PayoutState::Pending | PayoutState::Failed => &[],
        };
        kinds.iter().map(|kind| StatementLine {
            movement: self.id,
            kind: *kind,
            amount_minor: self.amount_minor,
        })
    }
}
