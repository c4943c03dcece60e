//! Fee arithmetic. A fee is rounded down once, and the other side gets the difference.

use wire::UnixMillis;

use crate::DisabledMoneyRule;

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
    pub fn find_in_force(
        policies: &[Self],
        created_at: UnixMillis,
        now: UnixMillis,
        disabled: Option<DisabledMoneyRule>,
    ) -> Self {
        let at = if disabled == Some(DisabledMoneyRule::FeeByCreation) {
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
    pub fn from_amount(
        amount_minor: i64,
        basis_points: u16,
        disabled: Option<DisabledMoneyRule>,
    ) -> Self {
        let fee_minor = share_minor(amount_minor, basis_points);
        let rest_minor = match disabled {
            Some(DisabledMoneyRule::Subtract) => {
                let bp = WHOLE_BASIS_POINTS - i64::from(basis_points);
                amount_minor * bp / WHOLE_BASIS_POINTS
            }
            _ => amount_minor - fee_minor,
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
                } = FeeSplit::from_amount(amount, bp, None);
                assert_eq!(fee_minor + rest_minor, amount, "{amount} at {bp}");
                assert!(fee_minor >= 0 && rest_minor >= 0, "{amount} at {bp}");
            }
        }
    }

    #[test]
    fn a_fee_is_rounded_down() {
        assert_eq!(
            FeeSplit::from_amount(199, 1_000, None),
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
            let policy =
                FeePolicy::find_in_force(&policies, UnixMillis(created), UnixMillis(99), None);
            policy.platform_fee_bp
        };
        assert_eq!([of(9), of(10), of(19), of(20)], [0, 500, 500, 900]);
    }
}
