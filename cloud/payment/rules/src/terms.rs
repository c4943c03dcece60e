//! Owns the price of a cancel: the preview that a person is shown, and the terms that the order
//! carries for ever. The order service decides with these functions; the payment service only does
//! what the terms say.

use wire::{OrderStatus, PaymentStatus, Role, UnixMillis, UserId};

use crate::{FeePolicy, MoneyLapse};

/// All that the price of a cancel depends on, as it stands on the order's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelQuestion {
    pub by: Role,
    pub status: OrderStatus,
    pub payment_status: PaymentStatus,
    pub provider_id: Option<UserId>,
    pub price_minor: i64,
    /// In custody by the last word of the payment service.
    pub held_minor: i64,
    pub starts_at: Option<UnixMillis>,
    /// When it was tapped at the portal, or logged at an edge.
    pub at: UnixMillis,
    /// Of the order's creation.
    pub policy: FeePolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelPreview {
    pub fee_minor: i64,
    pub refund_minor: i64,
}

/// What a cancel has cost; it never changes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelTerms {
    pub fee_minor: i64,
    /// Gets the fee.
    pub provider_id: Option<UserId>,
}

/// Why a cancel was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermsChanged(pub CancelPreview);

impl CancelQuestion {
    /// A customer who cancels late an accepted order with money in custody pays the provider;
    /// nobody else pays anything. The fee is never more than is held.
    pub fn preview(&self) -> CancelPreview {
        let late = self
            .starts_at
            .is_some_and(|start| start.0.saturating_sub(self.at.0) < self.policy.cancel_notice_ms);
        let costs = late
            && self.by == Role::Customer
            && self.status == OrderStatus::Accepted
            && self.provider_id.is_some()
            && self.payment_status == PaymentStatus::Held;
        let fee = if costs { self.policy.cancel_fee_minor(self.price_minor) } else { 0 };
        let fee_minor = fee.min(self.held_minor);
        CancelPreview { fee_minor, refund_minor: self.held_minor - fee_minor }
    }

    /// The terms, where the person was shown this fee [PREVIEW_BOUND]. Who names none was shown
    /// none.
    pub fn terms(
        &self,
        shown_fee_minor: Option<i64>,
        lapse: Option<MoneyLapse>,
    ) -> Result<CancelTerms, TermsChanged> {
        let preview = self.preview();
        let is_as_shown = preview.fee_minor == shown_fee_minor.unwrap_or(0);
        if !is_as_shown && lapse != Some(MoneyLapse::PreviewBound) {
            return Err(TermsChanged(preview));
        }
        let provider_id = self.provider_id.filter(|_| preview.fee_minor > 0);
        Ok(CancelTerms { fee_minor: preview.fee_minor, provider_id })
    }
}
