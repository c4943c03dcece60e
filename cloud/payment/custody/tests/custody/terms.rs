//! The price of a cancel.

use custody::{CancelPreview, CancelPricing, CancelTerms, TermsChanged};
use wire::{OrderStatus, PaymentStatus, Role, UnixMillis};

use crate::stage::{HOUR, POLICY, PRICE, user};

const START: UnixMillis = UnixMillis(1_000 * HOUR);

fn late() -> CancelPricing {
    CancelPricing {
        by: Role::Customer,
        status: OrderStatus::Accepted,
        payment_status: PaymentStatus::Held,
        provider_id: Some(user(7)),
        price_minor: PRICE,
        held_minor: PRICE,
        starts_at: Some(START),
        at: UnixMillis(START.0 - 24 * HOUR + 1),
        policy: POLICY,
    }
}

#[track_caller]
fn check(question: CancelPricing, fee_minor: i64) {
    let refund_minor = question.held_minor - fee_minor;
    assert_eq!(
        question.preview_fee(),
        CancelPreview {
            fee_minor,
            refund_minor
        }
    );
}

#[test]
fn only_a_late_cancel_by_the_customer_of_a_held_order_costs_a_fee() {
    check(late(), 2_000);
    check(
        CancelPricing {
            at: UnixMillis(START.0 - 24 * HOUR),
            ..late()
        },
        0,
    );
    check(
        CancelPricing {
            at: UnixMillis(START.0 + 1),
            ..late()
        },
        2_000,
    );
    check(
        CancelPricing {
            by: Role::Admin,
            ..late()
        },
        0,
    );
    check(
        CancelPricing {
            status: OrderStatus::Pending,
            ..late()
        },
        0,
    );
    check(
        CancelPricing {
            payment_status: PaymentStatus::Unpaid,
            ..late()
        },
        0,
    );
    check(
        CancelPricing {
            starts_at: None,
            ..late()
        },
        0,
    );
    check(
        CancelPricing {
            held_minor: 5,
            ..late()
        },
        5,
    );
}

#[test]
fn a_cancel_is_bound_by_the_fee_that_was_shown() {
    let terms = CancelTerms {
        fee_minor: 2_000,
        provider_id: Some(user(7)),
    };
    assert_eq!(late().confirm_terms(Some(2_000)), Ok(terms));
    let changed = Err(TermsChanged(late().preview_fee()));
    assert_eq!(late().confirm_terms(None), changed);
    assert_eq!(late().confirm_terms(Some(0)), changed);
    let early = CancelPricing {
        starts_at: None,
        ..late()
    };
    assert_eq!(
        early.confirm_terms(None),
        Ok(CancelTerms {
            fee_minor: 0,
            provider_id: None
        })
    );
}
