//! Decides how an edge reacts to a filling disk, by the share of the volume in use: it first warns,
//! then drops copies that the cloud has, and last refuses new commands before it stores them.
//!
//! Invariants: each level includes the ones before it. A level ends once the share has fallen a
//! little below the level's beginning, so a share at the limit does not switch it on and off. With
//! less than the floor free, the edge refuses at any share.

use serde::Serialize;
use texts::{Language, Sentence, Text};
use utoipa::ToSchema;
use wire::DiskLevel;

use crate::say;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskLadder {
    pub warn_percent: u8,
    pub shed_percent: u8,
    pub refuse_percent: u8,
    /// Room for one batch of commands and a checkpoint.
    pub floor_bytes: u64,
    /// With this much free, the shares do not matter.
    pub ample_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "edge.disk_warn_percent, edge.disk_shed_percent and edge.disk_refuse_percent must each be at \
     least the one before, and at most 100"
)]
pub struct DiskLadderError;

/// The state of the volume that holds the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VolumeUse {
    pub used_bytes: u64,
    /// Free for this edge's user.
    pub free_bytes: u64,
    /// Free pages inside the edge's database, which it fills before the file grows.
    pub reusable_bytes: u64,
}

/// How full the volume was on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskDay {
    /// Days since 1970.
    pub day: i64,
    pub filled_bytes: u64,
}

/// The edge's disk, as shown to users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EdgeDisk)]
pub struct DiskStanding {
    pub level: DiskLevel,
    /// Share of the volume in use.
    pub used_percent: u64,
    pub free_bytes: u64,
    /// Days until new commands are refused, if it fills as in the last two weeks. Absent if it does
    /// not fill, or if no day before today is known.
    #[schema(required)]
    pub runway_days: Option<u32>,
    /// What the edge does about it; absent at `normal`.
    #[schema(required)]
    pub message: Option<Text>,
}

/// The growth of these days counts.
const GROWTH_DAYS: i64 = 14;
/// A longer runway is not logged.
pub(crate) const RUNWAY_DAYS_MAX: u32 = 3_650;
/// How far below its beginning a level ends.
const ENDS_PERMILLE_BELOW: u64 = 10;

impl DiskLadder {
    pub(crate) fn check(self) -> Result<Self, DiskLadderError> {
        let rises = self.warn_percent <= self.shed_percent
            && self.shed_percent <= self.refuse_percent
            && self.refuse_percent <= 100;
        if rises {
            Ok(self)
        } else {
            Err(DiskLadderError)
        }
    }

    /// The level after `before`, which decides between a level's beginning and its end.
    pub(crate) fn find_level(&self, volume: VolumeUse, before: DiskLevel) -> DiskLevel {
        if volume.free_bytes < self.floor_bytes {
            return DiskLevel::Refuse;
        }
        if volume.free_bytes >= self.ample_bytes {
            return DiskLevel::Normal;
        }
        let used = volume.used_permille();
        let reached = [DiskLevel::Refuse, DiskLevel::Shed, DiskLevel::Warn]
            .into_iter()
            .find(|level| {
                let begins = self.begins_at_permille(*level);
                let ends = begins.saturating_sub(ENDS_PERMILLE_BELOW);
                used >= begins || before >= *level && used >= ends
            });
        reached.unwrap_or(DiskLevel::Normal)
    }

    /// Days until new commands are refused, by the growth since the oldest of the recent days.
    pub(crate) fn find_runway_days(
        &self,
        volume: VolumeUse,
        history: &[DiskDay],
        today: i64,
    ) -> Option<u32> {
        let before = history
            .iter()
            .find(|day| (1..=GROWTH_DAYS).contains(&today.saturating_sub(day.day)))?;
        let days = u64::try_from(today.saturating_sub(before.day)).ok()?;
        let growth = volume.filled_bytes().checked_sub(before.filled_bytes)?;
        let room = self.find_room_bytes(volume);
        let runway = u128::from(room) * u128::from(days);
        let runway = runway.checked_div(u128::from(growth))?;
        Some(u32::try_from(runway).map_or(RUNWAY_DAYS_MAX, |days| days.min(RUNWAY_DAYS_MAX)))
    }

    /// The bytes that fit until new commands are refused.
    fn find_room_bytes(&self, volume: VolumeUse) -> u64 {
        let share = u128::from(volume.size_bytes()) * u128::from(self.refuse_percent) / 100;
        let by_share = u64::try_from(share).unwrap_or(u64::MAX);
        let by_share = by_share.saturating_sub(volume.filled_bytes());
        let free = volume.free_bytes + volume.reusable_bytes;
        // With ample space the share does not matter until that much is left.
        by_share
            .max(free.saturating_sub(self.ample_bytes))
            .min(free.saturating_sub(self.floor_bytes))
    }

    fn begins_at_permille(&self, level: DiskLevel) -> u64 {
        let percent = match level {
            DiskLevel::Normal => 0,
            DiskLevel::Warn => self.warn_percent,
            DiskLevel::Shed => self.shed_percent,
            DiskLevel::Refuse => self.refuse_percent,
        };
        u64::from(percent) * 10
    }
}

impl VolumeUse {
    pub(crate) fn used_percent(self) -> u64 {
        self.used_permille() / 10
    }

    fn used_permille(self) -> u64 {
        let filled = u128::from(self.filled_bytes());
        let permille = filled * 1_000 / u128::from(self.size_bytes().max(1));
        u64::try_from(permille).unwrap_or(u64::MAX)
    }

    pub(crate) fn filled_bytes(self) -> u64 {
        self.used_bytes.saturating_sub(self.reusable_bytes)
    }

    /// The space that this user can reach, like `df`.
    fn size_bytes(self) -> u64 {
        self.used_bytes.saturating_add(self.free_bytes)
    }
}

impl DiskStanding {
    pub(crate) fn new(level: DiskLevel, volume: VolumeUse, runway_days: Option<u32>) -> Self {
        let mut standing = Self {
            level,
            used_percent: volume.used_percent(),
            free_bytes: volume.free_bytes,
            runway_days,
            message: None,
        };
        standing.message = (level > DiskLevel::Normal).then(|| standing.to_text());
        standing
    }
}

impl Sentence for DiskStanding {
    fn render_in(&self, language: Language) -> String {
        let percent = self.used_percent.into();
        let free = (self.free_bytes / (1024 * 1024)).into();
        let state = match self.level {
            DiskLevel::Normal => say::disk_normal { percent }.render_in(language),
            DiskLevel::Warn => say::disk_warn { percent }.render_in(language),
            DiskLevel::Shed => say::disk_shed { percent }.render_in(language),
            DiskLevel::Refuse => {
                return say::disk_refuse { percent, free }.render_in(language);
            }
        };
        let Some(days) = self.runway_days else {
            return state;
        };
        let days = u64::from(days).into();
        let runway = say::disk_runway { days }.render_in(language);
        match language {
            Language::English => format!("{state} {runway}"),
            Language::Chinese => format!("{state}{runway}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: DiskLadder = DiskLadder {
        warn_percent: 70,
        shed_percent: 85,
        refuse_percent: 95,
        floor_bytes: 32,
        ample_bytes: 100_000,
    };

    /// A volume of 1,000 bytes.
    fn used(bytes: u64) -> VolumeUse {
        VolumeUse {
            used_bytes: bytes,
            free_bytes: 1_000 - bytes,
            reusable_bytes: 0,
        }
    }

    #[test]
    fn each_level_begins_at_its_share_and_ends_a_little_below_it() {
        let mut level = DiskLevel::Normal;
        for (share, expected) in [
            (699, DiskLevel::Normal),
            (700, DiskLevel::Warn),
            (849, DiskLevel::Warn),
            (850, DiskLevel::Shed),
            (949, DiskLevel::Shed),
            (950, DiskLevel::Refuse),
            (940, DiskLevel::Refuse),
            (939, DiskLevel::Shed),
            (840, DiskLevel::Shed),
            (839, DiskLevel::Warn),
            (690, DiskLevel::Warn),
            (689, DiskLevel::Normal),
            (699, DiskLevel::Normal),
            (960, DiskLevel::Refuse),
            (100, DiskLevel::Normal),
        ] {
            level = LADDER.find_level(used(share), level);
            assert_eq!(level, expected, "{share}");
        }
    }

    #[test]
    fn below_the_floor_it_refuses_at_any_share() {
        let volume = VolumeUse {
            used_bytes: 1,
            free_bytes: 31,
            reusable_bytes: 1_000_000,
        };
        let level = LADDER.find_level(volume, DiskLevel::Normal);
        assert_eq!(level, DiskLevel::Refuse);
        let enough = VolumeUse {
            free_bytes: 32,
            ..volume
        };
        assert_eq!(LADDER.find_level(enough, level), DiskLevel::Normal);
    }

    #[test]
    fn with_ample_space_the_share_does_not_matter() {
        let volume = VolumeUse {
            used_bytes: 99_900_000,
            free_bytes: 100_000,
            reusable_bytes: 0,
        };
        let level = LADDER.find_level(volume, DiskLevel::Refuse);
        assert_eq!(level, DiskLevel::Normal);
        let scarce = VolumeUse {
            free_bytes: 99_999,
            ..volume
        };
        assert_eq!(LADDER.find_level(scarce, level), DiskLevel::Refuse);
    }

    #[test]
    fn free_pages_of_the_database_count_as_free() {
        let volume = VolumeUse {
            reusable_bytes: 251,
            ..used(950)
        };
        assert_eq!(
            LADDER.find_level(volume, DiskLevel::Normal),
            DiskLevel::Normal
        );
        assert_eq!(volume.used_percent(), 69);
    }

    #[test]
    fn the_runway_ends_where_commands_are_refused() {
        let day = |day, filled_bytes| DiskDay { day, filled_bytes };
        let runway = |history: &[DiskDay]| LADDER.find_runway_days(used(500), history, 100);
        assert_eq!(runway(&[day(90, 400), day(99, 499)]), Some(45));
        assert_eq!(
            runway(&[day(80, 0), day(99, 499)]),
            Some(450),
            "recent days"
        );
        assert_eq!(runway(&[day(100, 100)]), None, "today has no growth yet");
        assert_eq!(runway(&[day(90, 500)]), None, "it does not fill");
        assert_eq!(runway(&[day(90, 600)]), None, "it empties");
        assert_eq!(runway(&[day(101, 0)]), None, "a day to come");
        assert_eq!(runway(&[]), None);
        let full = LADDER.find_runway_days(used(960), &[day(90, 400)], 100);
        assert_eq!(full, Some(0));
    }

    #[test]
    fn with_ample_space_the_runway_ends_at_the_floor_of_it() {
        let volume = VolumeUse {
            used_bytes: 9_900_000,
            free_bytes: 110_000,
            reusable_bytes: 0,
        };
        let before = DiskDay {
            day: 9,
            filled_bytes: 9_899_000,
        };
        let runway = LADDER.find_runway_days(volume, &[before], 10);
        assert_eq!(runway, Some(10), "10,000 bytes until the share counts");
    }

    #[test]
    fn shares_that_do_not_rise_are_refused() {
        assert!(LADDER.check().is_ok());
        for (warn_percent, shed_percent, refuse_percent) in
            [(90, 85, 95), (70, 96, 95), (1, 2, 101)]
        {
            let ladder = DiskLadder {
                warn_percent,
                shed_percent,
                refuse_percent,
                ..LADDER
            };
            assert!(ladder.check().is_err(), "{ladder:?}");
        }
    }
}
