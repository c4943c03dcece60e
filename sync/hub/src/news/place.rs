//! A position in the feeds of all regions, which a browser keeps between connections.

use std::{fmt, str::FromStr};

use wire::Region;

use crate::{domain::status::RegionRecord, store::feed::orders::LOST_KEPT};

/// The number of each region's last change and last lost acceptance, with the generation of the
/// feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPosition {
    generation: u64,
    changed: RegionNumbers,
    lost: RegionNumbers,
}

type RegionNumbers = [u64; Region::ALL.len()];

/// Each region numbers each kind separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    Changed,
    /// An acceptance lost; the order is unchanged.
    Lost,
}

/// Above this, reloading the views is cheaper than replaying.
pub const MISSED_MAX: u32 = 500;

impl FeedPosition {
    /// The end of every feed.
    pub fn end_of_feeds(regions: &[RegionRecord]) -> Self {
        let none = [0; Region::ALL.len()];
        let mut place = Self {
            generation: 0,
            changed: none,
            lost: none,
        };
        for record in regions {
            place.generation = place.generation.rotate_left(7) ^ record.feed_generation;
            place.advance_to(record.region, UpdateKind::Changed, record.feed_seq);
            place.advance_to(record.region, UpdateKind::Lost, record.lost);
        }
        place
    }

    pub fn number_of(&self, region: Region, kind: UpdateKind) -> u64 {
        let numbers = match kind {
            UpdateKind::Changed => &self.changed,
            UpdateKind::Lost => &self.lost,
        };
        numbers[usize::from(region.index())]
    }

    pub fn advance_to(&mut self, region: Region, kind: UpdateKind, number: u64) {
        let numbers = match kind {
            UpdateKind::Changed => &mut self.changed,
            UpdateKind::Lost => &mut self.lost,
        };
        numbers[usize::from(region.index())] = number;
    }

    /// Returns true if the store still has everything between this place and the end, and it is
    /// short enough to replay.
    pub fn can_replay_to(&self, end: &Self, regions: &[RegionRecord]) -> bool {
        self.generation == end.generation
            && regions
                .iter()
                .all(|record| self.can_replay_region(end, record))
    }

    fn can_replay_region(&self, end: &Self, record: &RegionRecord) -> bool {
        let changed = self.number_of(record.region, UpdateKind::Changed);
        let last_change = end.number_of(record.region, UpdateKind::Changed);
        let lost = self.number_of(record.region, UpdateKind::Lost);
        let last_lost = end.number_of(record.region, UpdateKind::Lost);
        (record.compacted_to..=last_change).contains(&changed)
            && last_change - changed <= MISSED_MAX.into()
            && (last_lost.saturating_sub(LOST_KEPT)..=last_lost).contains(&lost)
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.generation)?;
        self.changed
            .iter()
            .chain(&self.lost)
            .try_for_each(|number| write!(f, ".{number}"))
    }
}

impl FromStr for FeedPosition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a place in the feeds";
        let mut parts = text.split('.');
        let generation = parts
            .next()
            .and_then(|part| u64::from_str_radix(part, 16).ok());
        let mut changed = [0; Region::ALL.len()];
        let mut lost = [0; Region::ALL.len()];
        for number in changed.iter_mut().chain(&mut lost) {
            *number = parts
                .next()
                .and_then(|part| part.parse().ok())
                .ok_or(wrong)?;
        }
        match (generation, parts.next()) {
            (Some(generation), None) => Ok(Self {
                generation,
                changed,
                lost,
            }),
            _ => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_other_texts_do_not() {
        let place = FeedPosition {
            generation: 0xab12,
            changed: [1, 0, 9_000_000_000, 4, 5],
            lost: [0, 0, 7, 0, 0],
        };
        assert_eq!(place.to_string(), "ab12.1.0.9000000000.4.5.0.0.7.0.0");
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in [
            "",
            "x",
            "ab12",
            "ab12.1.2.3.4.5",
            "ab12.1.2.3.4.5.6.7.8.9",
            "a b",
        ] {
            assert!(bad.parse::<FeedPosition>().is_err(), "{bad}");
        }
        for bad in ["ab12.1.2.3.4.5.6.7.8.9.10.11", "ab12.1.2.3.4.5.6.7.8.9.-10"] {
            assert!(bad.parse::<FeedPosition>().is_err(), "{bad}");
        }
    }
}
