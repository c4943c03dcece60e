//! The versions of the late-cancellation fee. The order service owns them. An edge keeps a copy, so
//! that a kiosk can show what a cancel costs, also while the region is cut off.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::UnixMillis;

const WHOLE_BASIS_POINTS: u16 = 10_000;

/// One version of the fee. It applies to orders created from its start until the next version's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct CancelFeeVersion {
    #[n(0)]
    pub from: UnixMillis,
    /// In hundredths of a percent: 1000 is a tenth of the price. The fee is rounded down.
    #[n(1)]
    #[schema(maximum = 10_000)]
    pub basis_points: u16,
    /// A cancel with less notice than this before the agreed start costs the fee.
    #[n(2)]
    #[schema(maximum = 720)]
    pub notice_hours: u16,
}

/// The newest versions of the late-cancellation fee, those to come included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct CancelFees {
    /// The fee of an order created before this cannot change any more. For later orders another
    /// version may still be set.
    #[n(0)]
    pub complete_until: UnixMillis,
    /// Newest first, at most 40.
    #[n(1)]
    pub versions: Vec<CancelFeeVersion>,
}

impl CancelFees {
    /// All versions to come and twenty others, which last longer than an order stays open.
    pub const VERSIONS_MAX: usize = 40;
    /// Thirty days; a longer notice is a typing error.
    pub const NOTICE_HOURS_MAX: u16 = 720;

    /// True if an order service can have sent this list.
    pub fn is_sound(&self) -> bool {
        let is_bounded = (1..=Self::VERSIONS_MAX).contains(&self.versions.len());
        let is_newest_first = self
            .versions
            .is_sorted_by(|newer, older| newer.from > older.from);
        let are_fees = self.versions.iter().all(|version| {
            version.basis_points <= WHOLE_BASIS_POINTS
                && version.notice_hours <= Self::NOTICE_HOURS_MAX
        });
        is_bounded && is_newest_first && are_fees
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(from: i64, basis_points: u16, notice_hours: u16) -> CancelFeeVersion {
        CancelFeeVersion {
            from: UnixMillis(from),
            basis_points,
            notice_hours,
        }
    }

    fn is_sound(versions: Vec<CancelFeeVersion>) -> bool {
        let complete_until = UnixMillis(0);
        CancelFees {
            complete_until,
            versions,
        }
        .is_sound()
    }

    #[test]
    fn a_list_is_sound_if_it_is_bounded_and_newest_first() {
        let falling = |count: i64| {
            (0..count)
                .rev()
                .map(|from| version(from, 500, 24))
                .collect()
        };
        assert!(is_sound(vec![version(2, 0, 0), version(1, 10_000, 720)]));
        assert!(is_sound(falling(40)) && !is_sound(falling(41)));
        assert!(!is_sound(Vec::new()), "an order before them has no fee");
        assert!(!is_sound(vec![version(1, 10_001, 24)]));
        assert!(!is_sound(vec![version(1, 1_000, 721)]));
        for twice in [1, 2] {
            assert!(!is_sound(vec![version(1, 0, 0), version(twice, 0, 0)]));
        }
    }
}
