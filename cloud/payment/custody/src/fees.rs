//! The platform's charges: its fee on a price, and the price of a cancel. A fee is rounded down
//! once, and the other side gets the difference.
//!
//! The order service decides a cancel's price with these functions: the preview shown to a person,
//! and the terms fixed on the order. The payment service only executes the terms.

use wire::{OrderStatus, PaymentStatus, Role, UnixMillis, UserId};

use crate::{MoneyRule, is_disabled};

pub const WHOLE_BASIS_POINTS: i64 = 10_000;
/// Maximum number of scheduled versions that are not in force yet.
pub const FEES_TO_COME_MAX: u64 = 20;
/// A version can be set, changed or withdrawn until this long before it takes effect. The margin
/// makes replicas with different clocks, and slow transactions, apply the same version to an order.
const SETTLED_BEFORE_MS: i64 = 60 * 60 * 1_000;

/// One version of the platform's fees, in force from a given moment. A version never changes once
/// in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    pub from: UnixMillis,
    pub platform_fee_bp: u16,
    pub cancel_fee_bp: u16,
    /// A cancel with less notice than this before the start costs the fee.
    pub cancel_notice_ms: i64,
}

impl FeePolicy {
    /// The version in force when the order was created [FEE_BY_CREATION]. Before the first version,
    /// everything is free.
    pub fn find_in_force(policies: &[Self], created_at: UnixMillis, now: UnixMillis) -> Self {
        let at = if is_disabled(MoneyRule::FeeByCreation) {
            now
        } else {
            created_at
        };
        let in_force = policies.iter().filter(|policy| policy.from <= at);
        in_force
            .max_by_key(|policy| policy.from)
            .copied()
            .unwrap_or(Self::FREE)
    }

    /// Returns true if a version that begins at `from` may still be set or withdrawn.
    pub fn is_open(from: UnixMillis, now: UnixMillis) -> bool {
        from >= now.plus_ms(SETTLED_BEFORE_MS)
    }

    /// No version that begins before this can be set or withdrawn any more. Half of the margin is
    /// left for replicas with different clocks, and for answers that are cached.
    pub fn complete_until(now: UnixMillis) -> UnixMillis {
        now.plus_ms(SETTLED_BEFORE_MS / 2)
    }

    pub const FREE: Self = Self {
        from: UnixMillis(0),
        platform_fee_bp: 0,
        cancel_fee_bp: 0,
        cancel_notice_ms: 0,
    };

    pub fn cancel_fee_minor(&self, price_minor: i64) -> i64 {
        share_minor(price_minor, self.cancel_fee_bp)
    }
}

/// An amount in two parts that add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeSplit {
    pub fee_minor: i64,
    pub rest_minor: i64,
}

impl FeeSplit {
    /// Rounds the fee once and gives the remainder to the other side [SUBTRACT].
    pub fn from_amount(amount_minor: i64, basis_points: u16) -> Self {
        let fee_minor = share_minor(amount_minor, basis_points);
        let rest_minor = if is_disabled(MoneyRule::Subtract) {
            let bp = WHOLE_BASIS_POINTS - i64::from(basis_points);
            amount_minor * bp / WHOLE_BASIS_POINTS
        } else {
            amount_minor - fee_minor
        };
        Self {
            fee_minor,
            rest_minor,
        }
    }
}

/// Rounds down. A ten-digit amount times ten thousand fits an `i64`.
fn share_minor(amount_minor: i64, basis_points: u16) -> i64 {
    amount_minor * i64::from(basis_points) / WHOLE_BASIS_POINTS
}

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
    pub fn confirm_terms(&self, shown_fee_minor: Option<i64>) -> Result<CancelTerms, TermsChanged> {
        let preview = self.preview_fee();
        let is_as_shown = preview.fee_minor == shown_fee_minor.unwrap_or(0);
        if !is_as_shown && !is_disabled(MoneyRule::PreviewBound) {
            return Err(TermsChanged(preview));
        }
        let provider_id = self.provider_id.filter(|_| preview.fee_minor > 0);
        Ok(CancelTerms {
            fee_minor: preview.fee_minor,
            provider_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_make_up_the_whole() {
        for amount in [0, 1, 99, 100, 101, 3_333, 9_999_999_999] {
            for bp in [0, 1, 333, 1_000, 9_999, 10_000] {
                let FeeSplit {
                    fee_minor,
                    rest_minor,
                } = FeeSplit::from_amount(amount, bp);
                assert_eq!(fee_minor + rest_minor, amount, "{amount} at {bp}");
                assert!(fee_minor >= 0 && rest_minor >= 0, "{amount} at {bp}");
            }
        }
    }

    #[test]
    fn a_fee_is_rounded_down() {
        assert_eq!(
            FeeSplit::from_amount(199, 1_000),
            FeeSplit {
                fee_minor: 19,
                rest_minor: 180
            }
        );
    }

    #[test]
    fn the_version_of_the_orders_creation_counts() {
        let version = |from, platform_fee_bp| FeePolicy {
            from: UnixMillis(from),
            platform_fee_bp,
            ..FeePolicy::FREE
        };
        let policies = [version(10, 500), version(20, 900)];
        let of = |created| {
            let policy = FeePolicy::find_in_force(&policies, UnixMillis(created), UnixMillis(99));
            policy.platform_fee_bp
        };
        assert_eq!([of(9), of(10), of(19), of(20)], [0, 500, 500, 900]);
    }
}
