//! The plan of one round, drawn only from the run's seed and the round's number.

use std::{fmt, time::Duration};

use process::parts::CloudPart;
use stack::{Part, Server};
use support::{Draws, Wire};
use wire::Region;

/// The active regions: two with two edges each, and one with one.
pub const REGIONS: [Region; 3] = [Region::North, Region::South, Region::West];
/// The region with an edge that holds the right to assign.
pub const EXCLUSIVE: Region = Region::West;
/// The regions with a second edge.
pub const DOUBLED: [Region; 2] = [Region::North, Region::West];

/// Orders per region that several people compete for.
pub const CONTESTED: usize = 5;
/// Orders that a kiosk publishes in each region.
pub const PUBLISHED: usize = 3;

/// One of a region's edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    pub region: Region,
    pub second: bool,
}

/// A competitor for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// One of the two tablets at the region's first edge.
    AtFirst(usize),
    /// The tablet at the region's second edge, if any.
    AtSecond,
    InPortal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    pub region: Region,
    pub contenders: Vec<Contender>,
    /// The customer cancels it in the portal meanwhile.
    pub cancelled: bool,
}

/// The time of the kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// While the wires are broken, after this many receipts.
    Receipts(usize),
    /// This long after the wires heal, while the waiting ops are decided.
    AfterHealing(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub victim: Part,
    pub moment: Moment,
    pub broken: Vec<(Seat, Wire)>,
    pub contests: Vec<Contest>,
    /// The exclusive region's holder is away and keeps its right, while the region's other edge is
    /// linked.
    pub is_awaited: bool,
    /// An operator takes the exclusive region's right back while its holder is away.
    pub taken_back: bool,
}

/// One in this many rounds takes the right back from an absent holder, so that every run of ten has
/// one.
const TAKEN_BACK_EVERY: u32 = 10;
/// In these rounds of every `AWAITED_OF`, the holder is away and keeps its right while the region's
/// other edge is linked: orders wanted there wait for the holder.
const AWAITED: [u32; 2] = [0, 6];
const AWAITED_OF: u32 = 10;
/// The minimum number of receipts in a round.
const RECEIPTS_MIN: usize = 12;
const HEALING_MS_MAX: usize = 400;
const TORN_BYTES_MAX: usize = 3_000;

impl Plan {
    pub fn of(seed: u64, round: u32) -> Self {
        let mut draws = Draws::of(seed ^ (u64::from(round) << 32));
        let victim = match round % 4 {
            1 => Part::Alone(CloudPart::Order),
            2 => Part::Server(Server::RabbitMq),
            // RabbitMQ may still be starting, and edges do not depend on it.
            3 => Part::Edge(draws.of_these(&REGIONS)),
            _ => Part::Alone(CloudPart::Hub),
        };
        let of_receipts = matches!(victim, Part::Edge(_)) || draws.one_in(3);
        let moment = if of_receipts {
            Moment::Receipts(1 + draws.below(RECEIPTS_MIN))
        } else {
            let ms = u64::try_from(draws.below(HEALING_MS_MAX)).unwrap_or_default();
            Moment::AfterHealing(Duration::from_millis(ms))
        };
        let mut broken = broken(&mut draws, round);
        let holder = Seat {
            region: EXCLUSIVE,
            second: false,
        };
        let is_certain = round % TAKEN_BACK_EVERY == 2;
        let is_awaited = AWAITED.contains(&(round % AWAITED_OF));
        if is_certain || is_awaited {
            broken.retain(|(seat, _)| *seat != holder);
            broken.push((holder, Wire::Cut));
        }
        if is_awaited {
            broken.retain(|(seat, _)| !(seat.region == EXCLUSIVE && seat.second));
        }
        let holder_is_away = broken.contains(&(holder, Wire::Cut));
        let contests = REGIONS
            .iter()
            .flat_map(|region| contests(&mut draws, *region))
            .collect::<Vec<_>>();
        let taken_back = holder_is_away && !is_awaited && (draws.one_in(2) || is_certain);
        Self {
            victim,
            moment,
            broken,
            contests,
            is_awaited,
            taken_back,
        }
    }
}

/// Breaks at least one wire; every other round that includes the exclusive region's holder.
fn broken(draws: &mut Draws, round: u32) -> Vec<(Seat, Wire)> {
    let firsts = REGIONS.map(|region| Seat {
        region,
        second: false,
    });
    let seconds = DOUBLED.map(|region| Seat {
        region,
        second: true,
    });
    let always = if round.is_multiple_of(2) {
        firsts[2]
    } else {
        draws.of_these(&firsts)
    };
    let mut broken = Vec::new();
    for seat in firsts.into_iter().chain(seconds) {
        if seat == always || draws.one_in(3) {
            let torn = Wire::TearsAfter(draws.below(TORN_BYTES_MAX));
            let wire =
                draws.of_these(&[Wire::Cut, Wire::Cut, torn, Wire::Swallows, Wire::HalfOpen]);
            broken.push((seat, wire));
        }
    }
    broken
}

fn contests(draws: &mut Draws, region: Region) -> Vec<Contest> {
    let second = if DOUBLED.contains(&region) {
        Contender::AtSecond
    } else {
        Contender::InPortal
    };
    let mut contests = Vec::new();
    for _ in 0..CONTESTED {
        let first = Contender::AtFirst(draws.below(2));
        let against = draws.of_these(&[
            Contender::AtFirst(0),
            Contender::AtFirst(1),
            second,
            Contender::InPortal,
        ]);
        let mut contenders = vec![first, second];
        // `against` may already be a contender, and each contender tries an order only once.
        if !contenders.contains(&against) {
            contenders.push(against);
        }
        if draws.one_in(2) {
            contenders.reverse();
        }
        contests.push(Contest {
            region,
            contenders,
            cancelled: draws.one_in(8),
        });
    }
    contests
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.second { 2 } else { 1 };
        write!(f, "{}-{number}", self.region.as_str().to_lowercase())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipts(number) => write!(f, "after {number} receipts"),
            Self::AfterHealing(wait) => write!(f, "{wait:?} after healing"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seat, wire) in &self.broken {
            write!(f, "{seat} {wire:?}, ")?;
        }
        write!(f, "{} killed {}", self.victim, self.moment)?;
        f.write_str(if self.is_awaited {
            ", holder awaited"
        } else {
            ""
        })?;
        f.write_str(if self.taken_back {
            ", right taken back"
        } else {
            ""
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_round_make_the_same_plan_and_others_another() {
        assert_eq!(Plan::of(7, 3), Plan::of(7, 3));
        assert_ne!(Plan::of(7, 3), Plan::of(7, 7));
        assert_ne!(Plan::of(7, 3), Plan::of(8, 3));
    }

    /// The holder is away with its right, and the other edge is linked, so it can wait for the
    /// decision.
    fn waits_for_the_holder(plan: &Plan) -> bool {
        let is_broken = |second| {
            let seat = Seat {
                region: EXCLUSIVE,
                second,
            };
            plan.broken.iter().any(|(broken, _)| *broken == seat)
        };
        is_broken(false) && !is_broken(true) && !plan.taken_back
    }

    #[test]
    fn ten_rounds_break_and_kill_everything_there_is_to_break_and_kill() {
        let plans: Vec<_> = (1..=10).map(|round| Plan::of(1, round)).collect();
        for seed in 0..100 {
            let plans: Vec<_> = (1..=10).map(|round| Plan::of(seed, round)).collect();
            assert!(plans.iter().any(|plan| plan.taken_back), "seed {seed}");
            let awaited = || plans.iter().filter(|plan| plan.is_awaited);
            assert!(
                awaited().count() == 2 && awaited().all(waits_for_the_holder),
                "seed {seed}"
            );
        }
        let killed = |part: Part| plans.iter().any(|plan| plan.victim == part);
        assert!(
            killed(Part::Alone(CloudPart::Hub))
                && killed(Part::Alone(CloudPart::Order))
                && killed(Part::Server(Server::RabbitMq))
        );
        assert!(
            plans
                .iter()
                .any(|plan| matches!(plan.victim, Part::Edge(_)))
        );
        assert!(plans.iter().all(|plan| !plan.broken.is_empty()));
        let holder = Seat {
            region: EXCLUSIVE,
            second: false,
        };
        let away = |plan: &Plan| plan.broken.iter().any(|(seat, _)| *seat == holder);
        assert!(plans.iter().filter(|plan| away(plan)).count() >= 5);
        let everyone = plans.iter().flat_map(|plan| &plan.contests);
        assert!(everyone.clone().all(|contest| {
            let wants = |one| {
                contest
                    .contenders
                    .iter()
                    .filter(|other| *other == one)
                    .count()
            };
            contest.contenders.len() >= 2 && contest.contenders.iter().all(|one| wants(one) == 1)
        }));
        assert!(everyone.clone().any(|contest| contest.cancelled));
    }
}
