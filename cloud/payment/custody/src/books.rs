//! Double-entry bookkeeping: journals under unique keys, and the accounts their postings move. A
//! debit is positive. A journal never changes, and balances follow from journals alone.

use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId, words, words_from_text};

use crate::{ChargebackId, FeeSplit, LineKind, MovementId, Source, StatementLine};

/// Each account has one balance per currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// Money held by the adapter for us.
    Adapter,
    Held(OrderId),
    Suspense(MovementId),
    /// On the way back to the order's customer.
    Refunding(OrderId),
    Provider(UserId),
    /// On the way to the provider.
    Sending(UserId),
    Fees,
    Loss,
    /// Paid by hand, outside the adapter.
    Bank,
}

impl LedgerAccount {
    /// A credit account never rises above zero: it holds our debts and earnings, and a constraint
    /// in the store enforces this. The others may change sign: a chargeback can push the adapter
    /// below zero, and its reversal the loss.
    pub fn is_credit(self) -> bool {
        !matches!(self, Self::Adapter | Self::Loss)
    }
}

words! {
    /// The kind of a fact. Kind, subject and party form the journal's key.
    Action {
        Charge "charge",
        Refund "refund",
        RefundDone "refund_done",
        RefundBack "refund_back",
        PaidOtherwise "paid_otherwise",
        CancelFee "cancel_fee",
        Release "release",
        Compensation "compensation",
        Payout "payout",
        PayoutDone "payout_done",
        PayoutBack "payout_back",
        PayoutReturned "payout_returned",
        Chargeback "chargeback",
        Reversal "reversal",
        AdapterFee "adapter_fee",
    }
}

words_from_text!(Action);

/// A fact is booked once a journal with its key exists [JOURNAL_KEY].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalKey {
    pub action: Action,
    /// The movement, the order or the adapter's own id. A reversed chargeback's id is also the
    /// subject of a second release or cancel fee, paid from the money it returned.
    pub subject: Uuid,
    /// The provider, for a compensation.
    pub party: Option<UserId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub account: LedgerAccount,
    pub minor: i64,
}

/// One fact. Its postings sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyJournal {
    pub key: JournalKey,
    pub currency: Currency,
    pub at: UnixMillis,
    pub postings: Vec<Posting>,
}

pub(crate) struct JournalDraft {
    pub key: JournalKey,
    pub postings: Vec<(LedgerAccount, i64)>,
}

impl JournalDraft {
    fn new(action: Action, subject: Uuid, postings: Vec<(LedgerAccount, i64)>) -> Self {
        Self {
            key: JournalKey {
                action,
                subject,
                party: None,
            },
            postings,
        }
    }

    fn transfer_between(
        action: Action,
        subject: Uuid,
        minor: i64,
        from: LedgerAccount,
        to: LedgerAccount,
    ) -> Self {
        Self::new(action, subject, vec![(from, minor), (to, -minor)])
    }

    pub(crate) fn for_charge(payment: MovementId, minor: i64, into: LedgerAccount) -> Self {
        Self::transfer_between(
            Action::Charge,
            payment.0,
            minor,
            LedgerAccount::Adapter,
            into,
        )
    }

    pub(crate) fn for_refund(
        refund: MovementId,
        minor: i64,
        from: LedgerAccount,
        order: OrderId,
    ) -> Self {
        Self::transfer_between(
            Action::Refund,
            refund.0,
            minor,
            from,
            LedgerAccount::Refunding(order),
        )
    }

    pub(crate) fn refund_done(refund: MovementId, minor: i64, order: OrderId) -> Self {
        let from = LedgerAccount::Refunding(order);
        Self::transfer_between(
            Action::RefundDone,
            refund.0,
            minor,
            from,
            LedgerAccount::Adapter,
        )
    }

    pub(crate) fn refund_back(
        refund: MovementId,
        minor: i64,
        to: LedgerAccount,
        order: OrderId,
    ) -> Self {
        Self::transfer_between(
            Action::RefundBack,
            refund.0,
            minor,
            LedgerAccount::Refunding(order),
            to,
        )
    }

    pub(crate) fn paid_otherwise(refund: MovementId, minor: i64, from: LedgerAccount) -> Self {
        Self::transfer_between(
            Action::PaidOtherwise,
            refund.0,
            minor,
            from,
            LedgerAccount::Bank,
        )
    }

    /// The subject is the order, or the reversed chargeback that returned the money.
    pub(crate) fn cancel_fee(order: OrderId, subject: Uuid, minor: i64, provider: UserId) -> Self {
        let to = LedgerAccount::Provider(provider);
        Self::transfer_between(
            Action::CancelFee,
            subject,
            minor,
            LedgerAccount::Held(order),
            to,
        )
    }

    /// Same subject as for `cancel_fee`.
    pub(crate) fn for_release(
        order: OrderId,
        subject: Uuid,
        minor: i64,
        split: FeeSplit,
        provider: UserId,
    ) -> Self {
        let parts = vec![
            (LedgerAccount::Held(order), minor),
            (LedgerAccount::Provider(provider), -split.rest_minor),
            (LedgerAccount::Fees, -split.fee_minor),
        ];
        Self::new(Action::Release, subject, parts)
    }

    /// Booked once per order and provider.
    pub(crate) fn for_compensation(order: OrderId, minor: i64, provider: UserId) -> Self {
        let to = LedgerAccount::Provider(provider);
        let fact = Self::transfer_between(
            Action::Compensation,
            order.0,
            minor,
            LedgerAccount::Loss,
            to,
        );
        Self {
            key: JournalKey {
                party: Some(provider),
                ..fact.key
            },
            ..fact
        }
    }

    pub(crate) fn for_chargeback(
        id: ChargebackId,
        parts: Vec<(LedgerAccount, i64)>,
        minor: i64,
    ) -> Self {
        let parts = parts
            .into_iter()
            .chain([(LedgerAccount::Adapter, -minor)])
            .collect();
        Self::new(Action::Chargeback, id.0, parts)
    }

    /// Returns to each account the amount the chargeback took from it [REVERSAL_BACK].
    pub(crate) fn for_reversal(chargeback: &MoneyJournal) -> Self {
        let postings = chargeback.postings.iter();
        let opposite = postings
            .map(|posting| (posting.account, -posting.minor))
            .collect();
        Self::new(Action::Reversal, chargeback.key.subject, opposite)
    }

    /// Books the whole chargeback as the platform's gain.
    pub(crate) fn reversal_as_gain(id: ChargebackId, minor: i64) -> Self {
        Self::transfer_between(
            Action::Reversal,
            id.0,
            minor,
            LedgerAccount::Adapter,
            LedgerAccount::Loss,
        )
    }

    pub(crate) fn for_payout(
        action: Action,
        payout: MovementId,
        minor: i64,
        provider: UserId,
    ) -> Self {
        let balance = LedgerAccount::Provider(provider);
        let sending = LedgerAccount::Sending(provider);
        let (from, to) = match action {
            Action::PayoutDone => (sending, LedgerAccount::Adapter),
            Action::PayoutBack => (sending, balance),
            Action::PayoutReturned => (LedgerAccount::Adapter, balance),
            _ => (balance, sending),
        };
        Self::transfer_between(action, payout.0, minor, from, to)
    }

    pub(crate) fn into_journal(self, currency: Currency, at: UnixMillis) -> MoneyJournal {
        let postings = self.postings.into_iter().filter(|(_, minor)| *minor != 0);
        let postings = postings
            .map(|(account, minor)| Posting { account, minor })
            .collect();
        MoneyJournal {
            key: self.key,
            currency,
            at,
            postings,
        }
    }
}

/// The adapter's charge for a movement, booked from its statement alone, under the line's own id.
/// Returns `None` for an impossible line: a fee of zero or less, or above the moved amount.
pub fn adapter_fee(
    line: &StatementLine,
    moved_minor: i64,
    currency: Currency,
    at: UnixMillis,
) -> Option<MoneyJournal> {
    let LineKind::Fee(id) = line.kind else {
        return None;
    };
    let minor = line.amount_minor;
    if minor <= 0 || minor > moved_minor {
        return None;
    }
    let from = LedgerAccount::Loss;
    let to = LedgerAccount::Adapter;
    let fact = JournalDraft::transfer_between(Action::AdapterFee, id, minor, from, to);
    Some(fact.into_journal(currency, at))
}

pub(crate) fn source_account(source: Source, order: OrderId, payment: MovementId) -> LedgerAccount {
    match source {
        Source::Held => LedgerAccount::Held(order),
        Source::Suspense => LedgerAccount::Suspense(payment),
        Source::Loss => LedgerAccount::Loss,
    }
}
