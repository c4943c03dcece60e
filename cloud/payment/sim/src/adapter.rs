//! The adapter's own record of moved money, independent of our books. It keeps the contract (one
//! effect per id, final states stay final), except for payments it reports paid after closing them.

use std::collections::{BTreeMap, BTreeSet};

use custody::{AdapterAnswer, Ask, Chargeback, ChargebackId, LineKind, MovementId, StatementLine};
use uuid::Uuid;

const FEE_BASIS_POINTS: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Charge,
    Refund { payment: MovementId },
    Payout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdapterTruth {
    pub kind: Kind,
    pub amount_minor: i64,
    /// The state that a query reports.
    pub state: AdapterAnswer,
}

/// A call in transit, with all the adapter needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub id: MovementId,
    pub ask: Ask,
    pub kind: Kind,
    pub amount_minor: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Adapter {
    pub truths: BTreeMap<MovementId, AdapterTruth>,
    pub chargebacks: Vec<Chargeback>,
    /// The adapter's fee for each payment, charged once.
    pub fees: BTreeMap<MovementId, i64>,
    /// Payments that the record shows as paid after they were closed.
    pub broke: BTreeSet<MovementId>,
}

impl Adapter {
    pub(crate) fn receive_call(&mut self, call: Call) -> AdapterAnswer {
        let known = self.truths.get_mut(&call.id);
        match (call.ask, known) {
            (Ask::Query, known) => known.map_or(AdapterAnswer::NotFound, |truth| truth.state),
            (Ask::Call, Some(truth)) => truth.state,
            (Ask::Call, None) => self.begin_movement(call, AdapterAnswer::Pending),
            (Ask::Close, None) => self.begin_movement(call, AdapterAnswer::Closed),
            (Ask::Close, Some(truth)) => {
                if matches!(
                    truth.state,
                    AdapterAnswer::Pending | AdapterAnswer::Declined
                ) {
                    truth.state = AdapterAnswer::Closed;
                }
                truth.state
            }
        }
    }

    fn begin_movement(&mut self, call: Call, state: AdapterAnswer) -> AdapterAnswer {
        let truth = AdapterTruth {
            kind: call.kind,
            amount_minor: call.amount_minor,
            state,
        };
        self.truths.insert(call.id, truth);
        state
    }

    pub(crate) fn find_chargebacks(&self, payment: MovementId) -> Vec<Chargeback> {
        self.chargebacks
            .iter()
            .filter(|taken| taken.payment == payment)
            .copied()
            .collect()
    }

    /// Moves the `n`th matching movement to the state that `next` returns.
    pub(crate) fn change_state(
        &mut self,
        n: u8,
        next: impl Fn(&AdapterTruth) -> Option<AdapterAnswer>,
    ) -> Option<MovementId> {
        let fits: Vec<MovementId> = self
            .truths
            .iter()
            .filter(|(_, truth)| next(truth).is_some())
            .map(|(id, _)| *id)
            .collect();
        let id = *fits.get(usize::from(n) % fits.len().max(1))?;
        let truth = self.truths.get_mut(&id)?;
        truth.state = next(truth)?;
        Some(id)
    }

    /// A bank takes back a payment, at most once.
    pub(crate) fn charge_back_payment(&mut self, n: u8, half: bool) -> Option<MovementId> {
        let paid: Vec<(MovementId, i64)> = self
            .truths
            .iter()
            .filter_map(|(id, truth)| Some((*id, truth.paid_minor()?)))
            .collect();
        let (payment, minor) = *paid.get(usize::from(n) % paid.len().max(1))?;
        if self
            .chargebacks
            .iter()
            .any(|taken| taken.payment == payment)
        {
            return None;
        }
        let id = ChargebackId(Uuid::from_u128(payment.0.as_u128() ^ 0xffff));
        let amount_minor = if half { minor / 2 } else { minor };
        self.chargebacks.push(Chargeback {
            id,
            payment,
            amount_minor,
            is_reversed: false,
        });
        Some(payment)
    }

    pub(crate) fn reverse_chargeback(&mut self, n: u8) -> Option<MovementId> {
        let n = usize::from(n) % self.chargebacks.len().max(1);
        let taken = self
            .chargebacks
            .get_mut(n)
            .filter(|taken| !taken.is_reversed)?;
        taken.is_reversed = true;
        Some(taken.payment)
    }

    /// The adapter keeps a fee for a payment, at most once.
    pub(crate) fn keep_fee(&mut self, n: u8) -> Option<MovementId> {
        let mut paid: Vec<(MovementId, i64)> = Vec::new();
        for (id, truth) in &self.truths {
            if let Some(minor) = truth.paid_minor()
                && !self.fees.contains_key(id)
            {
                paid.push((*id, minor));
            }
        }
        let (payment, minor) = *paid.get(usize::from(n) % paid.len().max(1))?;
        self.fees
            .insert(payment, (minor * FEE_BASIS_POINTS / 10_000).max(1));
        Some(payment)
    }

    pub(crate) fn list_statement(&self) -> BTreeSet<StatementLine> {
        let mut lines = BTreeSet::new();
        for (&movement, truth) in &self.truths {
            lines.extend(truth.statement_lines(movement));
        }
        for (&movement, &amount_minor) in &self.fees {
            let fee_id = Uuid::from_u128(movement.0.as_u128() ^ 0xfee);
            lines.insert(StatementLine {
                movement,
                kind: LineKind::Fee(fee_id),
                amount_minor,
            });
        }
        for chargeback in &self.chargebacks {
            let line = StatementLine {
                movement: chargeback.payment,
                kind: LineKind::Chargeback(chargeback.id.0),
                amount_minor: chargeback.amount_minor,
            };
            lines.insert(line);
            if chargeback.is_reversed {
                let kind = LineKind::Reversal(chargeback.id.0);
                lines.insert(StatementLine { kind, ..line });
            }
        }
        lines
    }

    /// The money the adapter owes us.
    pub(crate) fn balance_minor(&self) -> i64 {
        let lines = self.list_statement();
        let signed = lines.iter().map(|line| match line.kind {
            LineKind::Charge | LineKind::Reversal(_) | LineKind::PayoutReturned => {
                line.amount_minor
            }
            LineKind::Refund | LineKind::Chargeback(_) | LineKind::Payout | LineKind::Fee(_) => {
                -line.amount_minor
            }
        });
        signed.sum()
    }

    /// The sum of the payment's refunds, done or under way.
    pub(crate) fn refunded_minor(&self, payment: MovementId) -> i64 {
        let refund = Kind::Refund { payment };
        let refunds = self
            .truths
            .values()
            .filter(|truth| truth.kind == refund && truth.state != AdapterAnswer::Failed);
        refunds.map(|truth| truth.amount_minor).sum()
    }
}

impl AdapterTruth {
    fn statement_lines(&self, movement: MovementId) -> Vec<StatementLine> {
        let line = |kind, amount_minor| StatementLine {
            movement,
            kind,
            amount_minor,
        };
        match (self.kind, self.state) {
            (Kind::Charge, AdapterAnswer::Paid { amount_minor }) => {
                vec![line(LineKind::Charge, amount_minor)]
            }
            (Kind::Refund { .. }, AdapterAnswer::Done) => {
                vec![line(LineKind::Refund, self.amount_minor)]
            }
            (Kind::Payout, AdapterAnswer::Done) => {
                vec![line(LineKind::Payout, self.amount_minor)]
            }
            (Kind::Payout, AdapterAnswer::Returned) => vec![
                line(LineKind::Payout, self.amount_minor),
                line(LineKind::PayoutReturned, self.amount_minor),
            ],
            _ => Vec::new(),
        }
    }

    pub(crate) fn paid_minor(&self) -> Option<i64> {
        match self.state {
            AdapterAnswer::Paid { amount_minor } => Some(amount_minor),
            _ => None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, AdapterAnswer::Pending | AdapterAnswer::Declined)
    }
}
