//! The kinds of faults, with their weights and durations, and one drawn fault.

use super::weighted;
use crate::{
    cast::{EDGE_COUNT, REPLICA_COUNT, TABLET_COUNT},
    random::Random,
};

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The size of a fault, modulo forty, that lets a holder approve only for customers in good
/// standing.
pub(crate) const GOOD_STANDING_ONLY: u64 = 24;
/// One of three sizes of damage: it hits the feed's version instead of the order.
pub(crate) const ONLY_OF_FEED: u64 = 1;

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub kind: FaultKind,
    /// The edge, tablet or replica, ignored by kinds with a single target.
    pub on: usize,
    pub lasts_ms: u64,
    pub size: u64,
}

macro_rules! faults {
    ($($variant:ident $name:literal $weight:literal $who:ident $least:literal $most:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultKind { $($variant,)+ }

        impl FaultKind {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            pub fn weight(self) -> u64 {
                match self { $(Self::$variant => $weight,)+ }
            }
            pub(super) fn who(self) -> usize {
                match self { $(Self::$variant => $who,)+ }
            }
            pub(super) fn lasts_ms(self) -> (u64, u64) {
                match self { $(Self::$variant => ($least, $most),)+ }
            }
        }
    };
}

const ALONE: usize = 1;
const CLOCKS: usize = EDGE_COUNT + TABLET_COUNT + REPLICA_COUNT + 1;

faults! {
    // the link
    Cut "link cut" 6 EDGE_COUNT 0 0,
    HalfOpen "half-open socket" 5 EDGE_COUNT 0 0,
    Partition "partition" 9 EDGE_COUNT 1_000 40_000,
    Delay "frames delayed" 4 EDGE_COUNT 2_000 20_000,
    Loss "frames lost" 5 EDGE_COUNT 2_000 15_000,
    Duplicates "frames duplicated" 5 EDGE_COUNT 2_000 20_000,
    Reorder "frames reordered" 8 EDGE_COUNT 2_000 20_000,
    Strays "frames of an older session" 4 EDGE_COUNT 2_000 30_000,
    Corruption "frames corrupted" 2 EDGE_COUNT 2_000 10_000,
    GateShut "gate shut" 3 EDGE_COUNT 2_000 20_000,
    // the tablets' radio
    Radio "tablets' messages lost, doubled, late" 6 EDGE_COUNT 2_000 30_000,
    Roaming "tablet goes to the other edge" 14 TABLET_COUNT 5_000 40_000,
    // the edge
    EdgeKilled "edge killed" 6 EDGE_COUNT 200 10_000,
    EdgeKilledInCommit "edge killed in a commit" 8 EDGE_COUNT 200 5_000,
    PowerCut "edge without power" 4 EDGE_COUNT 500 15_000,
    DiskFull "disk full" 4 EDGE_COUNT 2_000 15_000,
    DiskSlow "disk slow" 4 EDGE_COUNT 2_000 15_000,
    ClockJump "clock jump" 6 CLOCKS 0 0,
    // the cloud
    ReplicaKilled "hub replica killed" 6 REPLICA_COUNT 500 10_000,
    TakeOver "session taken over by another replica" 4 EDGE_COUNT 0 0,
    OwnerDown "order service down" 6 ALONE 500 15_000,
    OwnerKilledInCommit "order service killed in a commit" 5 ALONE 200 5_000,
    AnswersLost "order service's answers lost" 5 ALONE 2_000 10_000,
    LateCommits "late commits" 6 ALONE 3_000 20_000,
    LateFeed "late feed commits" 5 ALONE 3_000 20_000,
    BusDown "bus down" 3 ALONE 1_000 15_000,
    BusRepeats "events again and out of order" 5 ALONE 3_000 20_000,
    Compaction "feed compacted" 3 ALONE 0 0,
    // operators
    TakeBack "region lease revoked" 6 EDGE_COUNT 0 0,
    PolicyChange "policy changed" 10 EDGE_COUNT 0 0,
    Revocation "provider revoked" 4 TABLET_COUNT 0 0,
    // Drawn separately, so that older seeds keep their steps: restores, copies, and other lasting
    // changes to an edge, a tablet or the order service.
    RulesChange "offline rules changed" 0 EDGE_COUNT 0 0,
    DatabaseRestored "edge's database restored" 0 EDGE_COUNT 200 4_000,
    MachineRestored "edge's whole machine restored" 0 EDGE_COUNT 200 4_000,
    EdgeCloned "edge cloned" 0 EDGE_COUNT 0 20_000,
    MarkLost "high-water file lost or torn" 0 EDGE_COUNT 200 2_000,
    EdgeSuspended "edge suspended" 0 EDGE_COUNT 500 25_000,
    TabletLost "tablet gone for good" 0 TABLET_COUNT 0 0,
    Poison "op that makes the order service fail" 0 ALONE 0 0,
    EventsLost "event thrown away" 0 ALONE 0 0,
    ViewDamaged "order gone from an edge's view" 0 EDGE_COUNT 0 0,
    FeedAnew "feed restarted" 0 EDGE_COUNT 0 0,
    StrangeOrder "order that its owner does not know" 0 EDGE_COUNT 0 0,
}

impl FaultKind {
    /// Returns true if it restores a backup.
    pub fn restores(self) -> bool {
        matches!(self, Self::DatabaseRestored | Self::MachineRestored)
    }
}

impl Fault {
    /// Draws one of the common kinds.
    pub(super) fn draw_from(random: &mut Random) -> Self {
        let drawn = weighted(
            random,
            FaultKind::ALL.iter().map(|kind| (*kind, kind.weight())),
        );
        let kind = drawn.unwrap_or(FaultKind::Cut);
        let (least, most) = kind.lasts_ms();
        let on = random.below(kind.who());
        let lasts_ms = random.between(least, most);
        let size_max = if kind == FaultKind::ClockJump {
            2 * DAY_MS
        } else {
            1_000
        };
        Self {
            kind,
            on,
            lasts_ms,
            size: random.between(0, size_max),
        }
    }

    /// The time of the backup that it restores at `at`: recent, or any time.
    pub fn backed_up_at(&self, at: u64, recent_ms: u64) -> u64 {
        if self.size.is_multiple_of(2) {
            at.saturating_sub(recent_ms * self.size / 1_000).max(1)
        } else {
            (at * self.size / 1_000).max(1)
        }
    }

    pub fn ahead(self, hours: u64) -> Self {
        Self {
            size: DAY_MS + hours * HOUR_MS,
            ..self
        }
    }

    /// Up to a day, backwards or forwards.
    pub fn jump_ms(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(0) - i64::try_from(DAY_MS).unwrap_or(0)
    }
}
