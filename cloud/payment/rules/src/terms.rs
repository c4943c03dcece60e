//! The price of a cancel: the preview shown to a person, and the terms fixed on the order. The
//! order service decides with these functions; the payment service only executes the terms.

use wire::{OrderStatus, PaymentStatus, Role, UnixMillis, UserId};

use crate::{DisabledMoneyRule, FeePolicy};

/// The inputs to the price of a cancel, from the order's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelPricing {
    pub by: Role,
    pub status: OrderStatus,
    pub payment_status: PaymentStatus,
    pub provider_id: Option<UserId>,
    pub price_minor: i64,
    /// In custody, by the payment service's latest event.
    pub held_minor: i64,
    pub starts_at: Option<UnixMillis>,
    /// When the person tapped cancel at the portal, or an edge logged it.
    pub at: UnixMillis,
    /// In force when the order was created.
    pub policy: FeePolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelPreview {
    pub fee_minor: i64,
    pub refund_minor: i64,
}

/// The final price of a cancel; it never changes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelTerms {
    pub fee_minor: i64,
    /// Receives the fee.
    pub provider_id: Option<UserId>,
}

/// The reason for refusing a cancel: the price differs from the preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermsChanged(pub CancelPreview);

impl CancelPricing {
    /// A fee is due only if a customer cancels an accepted order late, with money in custody. The
    /// provider gets it, and it never exceeds the held amount.
    pub fn preview_fee(&self) -> CancelPreview {
        let late = self
            .starts_at
            .is_some_and(|start| start.0.saturating_sub(self.at.0) < self.policy.cancel_notice_ms);
        let costs = late
            && self.by == Role::Customer
            && self.status == OrderStatus::Accepted
            && self.provider_id.is_some()
            && self.payment_status == PaymentStatus::Held;
        let fee = if costs {
            self.policy.cancel_fee_minor(self.price_minor)
        } else {
            0
        };
        let fee_minor = fee.min(self.held_minor);
        CancelPreview {
            fee_minor,
            refund_minor: self.held_minor - fee_minor,
        }
    }

    /// Returns the terms if the person was shown this fee [PREVIEW_BOUND]. An absent
    /// `shown_fee_minor` means zero.
    pub fn confirm_terms(
        &self,
        shown_fee_minor: Option<i64>,
        disabled: Option<DisabledMoneyRule>,
    ) -> Result<CancelTerms, TermsChanged> {
        let preview = self.preview_fee();
        let is_as_shown = preview.fee_minor == shown_fee_minor.unwrap_or(0);
        if !is_as_shown && disabled != Some(DisabledMoneyRule::PreviewBound) {
            return Err(TermsChanged(preview));
        }
        let provider_id = self.provider_id.filter(|_| preview.fee_minor > 0);
        Ok(CancelTerms {
            fee_minor: preview.fee_minor,
            provider_id,
        })
    }
}
