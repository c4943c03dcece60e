//! The inbox lines of payments, refunds and payouts.

use texts::Sentence;
use wire::{MoneyCaseKind, OrderStatus, PaymentEvent, PaymentStatus, PayoutEvent, Permission};

use crate::{
    domain::{
        inbox::MoneyParams,
        line_template::{EventRecipient, LineTemplate, LineText, tell, text},
    },
    say,
};

use EventRecipient::{Admins, Customer, Provider};
use Permission::{ReadDesks, RefundMoney};

pub(in crate::domain) type PaymentLine = LineTemplate<PaymentEvent, MoneyParams>;
pub(in crate::domain) type PayoutLine = LineTemplate<PayoutEvent, MoneyParams>;

pub(super) const PAYMENT_COMPLETED: &[PaymentLine] = &[PaymentLine::new(Customer, |money| {
    match money.params.returning {
        Some(_) => text!(money => payment_returning_customer { amount, returning }),
        None => text!(money => payment_completed_customer { amount }),
    }
})];

pub(super) const PAYMENT_FAILED: &[PaymentLine] =
    &[tell!(PaymentLine: Customer => payment_failed_customer { amount })];

pub(super) const PAYMENT_RELEASED: &[PaymentLine] =
    &[tell!(PaymentLine: Provider => payment_released_provider { amount })];

/// Covers chargebacks and booked cancel fees. Other money changes have their own events. Admins also
/// get the cases of an older payment service, which opened them with this event.
pub(super) const PAYMENT_STATUS_CHANGED: &[PaymentLine] = &[
    tell!(PaymentLine: Customer => payment_charged_back_customer { amount }).only_if(stops_work),
    PaymentLine::new(Provider, |money| match money.params.cancel_fee {
        Some(_) => text!(money => payment_cancel_fee_provider { amount }),
        None => text!(money => payment_charged_back_provider { amount }),
    })
    .only_if(|event| event.cancel_fee.is_some() || stops_work(event)),
    PaymentLine::new(Admins(&[RefundMoney, ReadDesks]), |money| {
        match money.params.case {
            Some(_) => text!(money => payment_case_admin { why, amount }),
            None => text!(money => payment_charged_back_admin { amount }),
        }
    })
    .only_if(|event| event.charged_back.is_some() || needs_announcement(event)),
];

pub(super) const PAYMENT_CASE_OPENED: &[PaymentLine] = &[tell!(PaymentLine:
    Admins(&[RefundMoney, ReadDesks]) => payment_case_admin { why, amount })
.only_if(needs_announcement)];

/// Until it is answered, nothing is released to the provider.
pub(super) const REFUND_REQUESTED: &[PaymentLine] = &[
    tell!(PaymentLine: Provider => refund_requested_provider { amount }),
    tell!(PaymentLine: Admins(&[RefundMoney, ReadDesks]) => refund_requested_admin { amount }),
];

/// The customer gets `refund.processed` once the money has left.
pub(super) const REFUND_GRANTED: &[PaymentLine] =
    &[tell!(PaymentLine: Provider => refund_granted_provider { amount })];

pub(super) const REFUND_REFUSED: &[PaymentLine] = &[
    tell!(PaymentLine: Customer => refund_refused_customer { amount }),
    tell!(PaymentLine: Provider => refund_refused_provider { amount }),
];

pub(super) const REFUND_PROCESSED: &[PaymentLine] =
    &[tell!(PaymentLine: Customer => refund_processed_customer { amount })];

pub(super) const PAYOUT_SENT: &[PayoutLine] =
    &[tell!(PayoutLine: Provider => payout_sent_provider { amount })];

pub(super) const PAYOUT_FAILED: &[PayoutLine] =
    &[tell!(PayoutLine: Provider => payout_failed_provider { amount })];

/// A chargeback left too little custody for work that is still unpaid.
fn stops_work(event: &PaymentEvent) -> bool {
    use OrderStatus::{Accepted, InProgress, Pending};
    // An older payment service omits the status and reports `unpaid`.
    let goes_on = event
        .order_status
        .is_none_or(|status| matches!(status, Pending | Accepted | InProgress));
    let is_covered = matches!(
        event.payment_status,
        PaymentStatus::Held | PaymentStatus::Paid
    );
    event.charged_back.is_some() && !needs_announcement(event) && goes_on && !is_covered
}

/// The event opens a case. A chargeback also opens one, but the event with `charged_back` announces
/// it.
fn needs_announcement(event: &PaymentEvent) -> bool {
    event
        .case
        .as_deref()
        .is_some_and(|case| case.parse() != Ok(MoneyCaseKind::Chargeback))
}
