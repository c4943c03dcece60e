//! The texts of payments, refunds and payouts.

use texts::{Phrase, Sentence};
use wire::{EventType, Language, Role};

use super::words;
use crate::{domain::inbox::MoneyParams, say};

/// Payment events lack the order's title; the line links to the order.
pub fn render_money_news(
    language: Language,
    event: (EventType, Role),
    params: &MoneyParams,
) -> Option<(String, String)> {
    let amount = params.amount.with_currency(params.currency);
    let returning = params
        .returning
        .map(|returning| returning.with_currency(params.currency));
    Some(match event {
        (EventType::PaymentCompleted, Role::Customer) => match returning {
            Some(returning) => words!(language, payment_returning_customer { amount, returning }),
            None => words!(language, payment_completed_customer { amount }),
        },
        (EventType::PaymentStatusChanged, Role::Customer) => {
            words!(language, payment_charged_back_customer { amount })
        }
        (EventType::PaymentStatusChanged, Role::Provider) => {
            words!(language, payment_charged_back_provider { amount })
        }
        (EventType::PaymentStatusChanged, Role::Admin) if params.case.is_some() => {
            let why = money_case(params.case.as_deref()).text_in(language);
            words!(language, payment_case_admin { why, amount })
        }
        (EventType::PaymentStatusChanged, Role::Admin) => {
            words!(language, payment_charged_back_admin { amount })
        }
        (EventType::PaymentFailed, Role::Customer) => {
            words!(language, payment_failed_customer { amount })
        }
        (EventType::RefundProcessed, Role::Customer) => {
            words!(language, refund_processed_customer { amount })
        }
        (EventType::PaymentReleased, Role::Provider) => {
            words!(language, payment_released_provider { amount })
        }
        (EventType::PayoutSent, Role::Provider) => {
            words!(language, payout_sent_provider { amount })
        }
        (EventType::PayoutFailed, Role::Provider) => {
            words!(language, payout_failed_provider { amount })
        }
        (EventType::RefundRequested, Role::Admin) => {
            words!(language, refund_requested_admin { amount })
        }
        (EventType::RefundRequested, Role::Provider) => {
            words!(language, refund_requested_provider { amount })
        }
        (EventType::RefundGranted, Role::Provider) => {
            words!(language, refund_granted_provider { amount })
        }
        (EventType::RefundRefused, Role::Customer) => {
            words!(language, refund_refused_customer { amount })
        }
        (EventType::RefundRefused, Role::Provider) => {
            words!(language, refund_refused_provider { amount })
        }
        _ => return None,
    })
}

/// A kind from a newer payment service gets the generic text.
fn money_case(kind: Option<&str>) -> Phrase {
    match kind {
        Some("extra_payment") => say::money_case_extra_payment,
        Some("wrong_amount") => say::money_case_wrong_amount,
        Some("refund_failed") => say::money_case_refund_failed,
        Some("chargeback_reversed") => say::money_case_chargeback_reversed,
        Some("unanswered") => say::money_case_unanswered,
        Some("completed_unpaid") => say::money_case_completed_unpaid,
        Some("adapter_differs") => say::money_case_adapter_differs,
        _ => say::money_case_other,
    }
}
