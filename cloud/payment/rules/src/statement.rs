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

    fn to_statement_line(&self, journal: &MoneyJournal) -> Option<StatementLine> {
        let subject = journal.key.subject;
        let of_chargeback = || {
            let known = self
                .chargebacks
                .iter()
                .find(|chargeback| chargeback.id.0 == subject)?;
            Some(known.payment)
        };
        let (movement, kind) = match journal.key.action {
            Action::Charge => (MovementId(subject), LineKind::Charge),
            Action::RefundDone => (MovementId(subject), LineKind::Refund),
            Action::Chargeback => (of_chargeback()?, LineKind::Chargeback(subject)),
            Action::Reversal => (of_chargeback()?, LineKind::Reversal(subject)),
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
        let line = |kind| StatementLine {
            movement: self.id,
            kind,
            amount_minor: self.amount_minor,
        };
        let sent = matches!(self.state, PayoutState::Completed | PayoutState::Returned);
        let came_back = self.state == PayoutState::Returned;
        let sent = sent.then(|| line(LineKind::Payout));
        sent.into_iter()
            .chain(came_back.then(|| line(LineKind::PayoutReturned)))
    }
}
