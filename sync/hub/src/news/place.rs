//! A place in the feeds of all regions, as a browser keeps it between two connections.

use std::{fmt, str::FromStr};

use wire::Region;

use crate::domain::status::RegionRecord;

/// The number of each region's last change, and the generation of the feeds that they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPlace {
    generation: u64,
    seqs: [u64; Region::ALL.len()],
}

/// More is not read again: loading the views anew is cheaper.
pub const MISSED_MAX: u64 = 500;

impl FeedPlace {
    /// The end of every feed.
    pub fn end(regions: &[RegionRecord]) -> Self {
        let mut place = Self { generation: 0, seqs: [0; Region::ALL.len()] };
        for record in regions {
            place.generation = place.generation.rotate_left(7) ^ record.feed_generation;
            place.seqs[usize::from(record.region.index())] = record.feed_seq;
        }
        place
    }

    pub fn of(&self, region: Region) -> u64 {
        self.seqs[usize::from(region.index())]
    }

    pub fn pass(&mut self, region: Region, feed_seq: u64) {
        self.seqs[usize::from(region.index())] = feed_seq;
    }

    /// Returns whether everything between this place and the end still stands in the feeds and is not too
    /// much.
    pub fn reaches(&self, end: &Self, regions: &[RegionRecord]) -> bool {
        let is_near = |record: &RegionRecord| {
            let (from, to) = (self.of(record.region), end.of(record.region));
            (record.compacted_to..=to).contains(&from) && to - from <= MISSED_MAX
        };
        self.generation == end.generation && regions.iter().all(is_near)
    }
}

impl fmt::Display for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.generation)?;
        self.seqs.iter().try_for_each(|seq| write!(f, ".{seq}"))
    }
}

impl FromStr for FeedPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a place in the feeds";
        let mut parts = text.split('.');
        let generation = parts.next().and_then(|part| u64::from_str_radix(part, 16).ok());
        let mut seqs = [0; Region::ALL.len()];
        for seq in &mut seqs {
            *seq = parts.next().and_then(|part| part.parse().ok()).ok_or(wrong)?;
        }
        match (generation, parts.next()) {
            (Some(generation), None) => Ok(Self { generation, seqs }),
            _ => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_other_texts_do_not() {
        let place = FeedPlace { generation: 0xab12, seqs: [1, 0, 9_000_000_000, 4, 5] };
        assert_eq!(place.to_string(), "ab12.1.0.9000000000.4.5");
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in ["", "x", "ab12", "ab12.1.2.3.4", "ab12.1.2.3.4.5.6", "ab12.1.2.3.4.-5", "a b"] {
            assert!(bad.parse::<FeedPlace>().is_err(), "{bad}");
        }
    }
}
