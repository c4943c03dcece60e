//! A provider's rating, aggregated from their reviews.

use platform::documents::{GroupTotals, millis};
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

use super::Dimensions;

/// Covers only shown reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRating {
    /// Hundredths of a star; 0 without reviews.
    pub average_hundredths: i64,
    pub total_reviews: i64,
    /// The number of reviews with one star, two stars, and so on.
    pub distribution: [i64; 5],
    /// Hundredths of a star.
    pub dimensions: Dimensions,
    #[serde(with = "millis")]
    pub last_updated: UnixMillis,
}

impl ProviderRating {
    /// Aggregates groups by stars, each with the sums of the three dimensions.
    pub fn from_groups(groups: &[GroupTotals], now: UnixMillis) -> Self {
        let mut rating = Self::empty_at(now);
        let mut stars = 0;
        let mut sums = [0; 3];
        for group in groups {
            let count = i64::try_from(group.count).unwrap_or(i64::MAX);
            let place = usize::try_from(group.key - 1).ok();
            let Some(of) = place.and_then(|place| rating.distribution.get_mut(place)) else {
                continue;
            };
            *of = count;
            rating.total_reviews += count;
            stars += group.key * count;
            for (sum, of_group) in sums.iter_mut().zip(&group.sums) {
                *sum += of_group;
            }
        }
        let total = rating.total_reviews;
        rating.average_hundredths = average_in_hundredths(stars, total);
        let [professionalism, attitude, punctuality] =
            sums.map(|sum| average_in_hundredths(sum, total));
        rating.dimensions = Dimensions {
            professionalism,
            attitude,
            punctuality,
        };
        rating
    }

    pub fn empty_at(now: UnixMillis) -> Self {
        Self {
            average_hundredths: 0,
            total_reviews: 0,
            distribution: [0; 5],
            dimensions: Dimensions::default(),
            last_updated: now,
        }
    }

    /// Compares everything except the time of the aggregation.
    pub fn has_same_values(&self, other: &Self) -> bool {
        *self
            == Self {
                last_updated: self.last_updated,
                ..other.clone()
            }
    }
}

/// In hundredths, rounded to nearest.
fn average_in_hundredths(sum: i64, count: i64) -> i64 {
    if count == 0 {
        0
    } else {
        (sum * 100 + count / 2) / count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_hundredth_go_up_and_nothing_adds_up_to_nothing() {
        let at = UnixMillis(1);
        let group = |key, count, sums: [i64; 3]| GroupTotals {
            key,
            count,
            sums: sums.to_vec(),
        };
        let rating =
            ProviderRating::from_groups(&[group(4, 2, [8, 10, 2]), group(5, 1, [5, 5, 5])], at);
        assert_eq!((rating.average_hundredths, rating.total_reviews), (433, 3));
        assert_eq!(rating.distribution, [0, 0, 0, 2, 1]);
        let dimensions = Dimensions {
            professionalism: 433,
            attitude: 500,
            punctuality: 233,
        };
        assert_eq!(rating.dimensions, dimensions);
        assert_eq!(
            ProviderRating::from_groups(&[], at),
            ProviderRating::empty_at(at)
        );
    }
}
