//! The adapter's own record of moved money, independent of our books. It keeps the contract (one
//! effect per id, final states stay final), except for payments it reports paid after closing them.

use std::collections::{BTreeMap, BTreeSet};

use custody::{AdapterAnswer, Ask, Chargeback, ChargebackId, LineKind, MovementId, StatementLine};
use uuid::Uuid;

const FEE_BASIS_POINTS: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Charge,
    Refund { payment: MovementId },
    Payout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdapterTruth {
    pub kind: Kind,
    pub amount_minor: i64,
    /// The state that a query reports.
    pub state: AdapterAnswer,
}

/// A call in transit, with all the adapter needs.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub id: MovementId,
    pub ask: Ask,
    pub kind: Kind,
    pub amount_minor: i64,
}

#[derive(Debug, Default)]
pub struct Adapter {
    pub truths: BTreeMap<MovementId, AdapterTruth>,
    pub chargebacks: Vec<Chargeback>,
    /// The adapter's fee for each payment, charged once.
    pub fees: BTreeMap<MovementId, i64>,
    /// Payments that the record shows as paid after they were closed.
    pub broke: BTreeSet<MovementId>,
}

impl Adapter {
    pub fn take(&mut self, call: Call) -> AdapterAnswer {
        let Call {
            id,
            ask,
            kind,
            amount_minor,
        } = call;
        let known = self.truths.get_mut(&id);
        match (ask, known) {
            (Ask::Query, known) => known.map_or(AdapterAnswer::NotFound, |truth| truth.state),
            (Ask::Call, Some(truth)) => truth.state,
            (Ask::Call, None) => self.begin(id, kind, amount_minor, AdapterAnswer::Pending),
            (Ask::Close, None) => self.begin(id, kind, amount_minor, AdapterAnswer::Closed),
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

    fn begin(
        &mut self,
        id: MovementId,
        kind: Kind,
        amount_minor: i64,
        state: AdapterAnswer,
    ) -> AdapterAnswer {
        self.truths.insert(
            id,
            AdapterTruth {
                kind,
                amount_minor,
                state,
            },
        );
        state
    }

    pub fn chargebacks_of(&self, payment: MovementId) -> Vec<Chargeback> {
        self.chargebacks
            .iter()
            .filter(|taken| taken.payment == payment)
            .copied()
            .collect()
    }

    /// Moves the `n`th matching movement to the state that `next` returns.
    pub fn turn(
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
    pub fn charge_back(&mut self, n: u8, half: bool) -> Option<MovementId> {
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

    pub fn reverse(&mut self, n: u8) -> Option<MovementId> {
        let n = usize::from(n) % self.chargebacks.len().max(1);
        let taken = self
            .chargebacks
            .get_mut(n)
            .filter(|taken| !taken.is_reversed)?;
        taken.is_reversed = true;
        Some(taken.payment)
    }

    /// The adapter keeps a fee for a payment, at most once.
    pub fn keep_fee(&mut self, n: u8) -> Option<MovementId> {
        let free = |(id, truth): (&MovementId, &AdapterTruth)| {
            let minor = truth.paid_minor().filter(|_| !self.fees.contains_key(id))?;
            Some((*id, minor))
        };
        let paid: Vec<(MovementId, i64)> = self.truths.iter().filter_map(free).collect();
        let (payment, minor) = *paid.get(usize::from(n) % paid.len().max(1))?;
        self.fees
            .insert(payment, (minor * FEE_BASIS_POINTS / 10_000).max(1));
        Some(payment)
    }

    pub fn statement(&self) -> BTreeSet<StatementLine> {
        let mut lines = BTreeSet::new();
        let mut put = |movement, kind, amount_minor| {
            lines.insert(StatementLine {
                movement,
                kind,
                amount_minor,
            });
        };
        for (&id, truth) in &self.truths {
            match (truth.kind, truth.state) {
                (Kind::Charge, AdapterAnswer::Paid { amount_minor }) => {
                    put(id, LineKind::Charge, amount_minor)
                }
                (Kind::Refund { .. }, AdapterAnswer::Done) => {
                    put(id, LineKind::Refund, truth.amount_minor)
                }
                (Kind::Payout, AdapterAnswer::Done) => {
                    put(id, LineKind::Payout, truth.amount_minor)
                }
                (Kind::Payout, AdapterAnswer::Returned) => {
                    put(id, LineKind::Payout, truth.amount_minor);
                    put(id, LineKind::PayoutReturned, truth.amount_minor);
                }
                _ => {}
            }
        }
        for (&payment, &minor) in &self.fees {
            put(
                payment,
                LineKind::Fee(Uuid::from_u128(payment.0.as_u128() ^ 0xfee)),
                minor,
            );
        }
        for taken in &self.chargebacks {
            put(
                taken.payment,
                LineKind::Chargeback(taken.id.0),
                taken.amount_minor,
            );
            if taken.is_reversed {
                put(
                    taken.payment,
                    LineKind::Reversal(taken.id.0),
                    taken.amount_minor,
                );
            }
        }
        lines
    }

    /// The money the adapter owes us.
    pub fn balance_minor(&self) -> i64 {
        let lines = self.statement();
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
    pub fn refunded_minor(&self, of: MovementId) -> i64 {
        let counts = |truth: &&AdapterTruth| {
            truth.kind == Kind::Refund { payment: of } && truth.state != AdapterAnswer::Failed
        };
        self.truths
            .values()
            .filter(counts)
            .map(|truth| truth.amount_minor)
            .sum()
    }
}

impl AdapterTruth {
    pub fn paid_minor(&self) -> Option<i64> {
        match self.state {
            AdapterAnswer::Paid { amount_minor } => Some(amount_minor),
            _ => None,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, AdapterAnswer::Pending | AdapterAnswer::Declined)
    }
}
