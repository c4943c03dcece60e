//! A seed's plan: the people's taps and the faults, each at its time. It is complete before the
//! run, so that a failing plan can be shrunk by dropping steps.

mod far_behind;
mod faults;
mod hostile_hub;
mod messages;
mod stranger;
mod thief;

pub use faults::FaultKind;
pub(crate) use faults::{Fault, GOOD_STANDING_ONLY, ONLY_OF_FEED};
pub(crate) use hostile_hub::Forgery;
pub(crate) use stranger::Mischief;
pub(crate) use thief::Trick;

use std::collections::BTreeSet;

use wire::{LinkLimits, OrderId};

use crate::{
    cast::{DESK_COUNT, EDGE_COUNT, TABLET_COUNT},
    random::Random,
};

#[derive(Debug, Clone)]
pub struct SeedPlan {
    pub seed: u64,
    pub tuning: Tuning,
    /// Sorted by time.
    pub steps: Vec<Step>,
    /// Time at which all faults are lifted.
    pub heals_at: u64,
    /// The attacker's edge.
    pub stranger_at: usize,
}

/// Limits that vary between seeds, so that small ones are exercised.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    pub limits: LinkLimits,
    /// A hub worker's maximum batch per pass.
    pub run_max: usize,
    /// Faults strike every time, so that a directed schedule can rely on them.
    pub every: bool,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub at: u64,
    pub what: StepKind,
}

impl Step {
    pub fn ends_at(&self) -> u64 {
        match self.what {
            StepKind::Fault(fault) => self.at + fault.lasts_ms,
            _ => self.at,
        }
    }
}

#[derive(Debug, Clone)]
pub enum StepKind {
    Tap {
        tablet: usize,
        intent: Intent,
        pick: u64,
    },
    Desk {
        person: usize,
        intent: Intent,
        pick: u64,
    },
    Fault(Fault),
    Mischief {
        what: Mischief,
        pick: u64,
    },
    /// The hostile replica forges a frame for this edge.
    Forges {
        on: usize,
        what: Forgery,
        pick: u64,
    },
    /// This edge has no hub key for this long.
    Keyless {
        on: usize,
        lasts_ms: u64,
    },
    /// This edge's key and files are stolen, perhaps with its machine.
    Steals {
        on: usize,
        gone: bool,
    },
    Tricks {
        what: Trick,
        pick: u64,
    },
    /// An operator disables the stolen edge, and distrusts everything received since `since`.
    Disables {
        on: usize,
        since: u64,
    },
    NewKey {
        on: usize,
        keeps_log: bool,
    },
    /// In directed schedules: exactly this person does exactly this.
    Does {
        who: Doer,
        intent: Intent,
        order: OrderId,
    },
    /// In directed schedules: the fate of one frame.
    Catch(Catch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doer {
    Tablet(usize),
    Desk(usize),
}

/// An end of an edge's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Edge,
    Hub,
}

/// A frame of an edge's link, and its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Catch {
    pub edge: usize,
    pub to: Side,
    pub kind: &'static str,
    /// This many frames of its kind pass first.
    pub after: u32,
    pub becomes: FrameFate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFate {
    /// It arrives this much later, and later frames overtake it.
    Late(u64),
    /// Its connection breaks, and it arrives in the next session, right behind its Welcome.
    OfTheNextSession,
}

/// A person's intent. The order is chosen when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Publish,
    /// In directed schedules: an order with an agreed hour.
    PublishTimed,
    Approve,
    Reject,
    Accept,
    Withdraw,
    Start,
    Complete,
    Cancel,
    Review,
    /// To the other person of the order.
    Message,
    /// A broken app reuses an earlier command's id for another command.
    ReuseId,
}

const COMMANDS: (u64, u64) = (54, 76);
const FAULTS: (u64, u64) = (6, 16);
/// At most this many regions become exclusive early; faults add more policy changes.
const GRANTS_MAX: u64 = 4;
/// The time span of people's acts and faults.
const ACTIVE_MS: u64 = 70_000;
/// No fault lasts longer than this after the last possible start of a step.
const HEAL_AFTER_MS: u64 = 5_000;

impl SeedPlan {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let tuning = tuning(&mut random);
        let mut steps = Vec::new();
        for n in 0..random.between(COMMANDS.0, COMMANDS.1) {
            steps.push(command(&mut random, n));
        }
        for _ in 0..random.between(FAULTS.0, FAULTS.1) {
            let at = random.between(1_000, ACTIVE_MS);
            steps.push(Step {
                at,
                what: StepKind::Fault(Fault::draw_from(&mut random)),
            });
        }
        for _ in 0..random.between(0, GRANTS_MAX) {
            let on = random.below(EDGE_COUNT);
            let size = random.between(0, 5);
            let fault = Fault {
                kind: FaultKind::PolicyChange,
                on,
                lasts_ms: 0,
                size,
            };
            let at = random.between(2_000, ACTIVE_MS / 2);
            steps.push(Step {
                at,
                what: StepKind::Fault(fault),
            });
        }
        steps.sort_by_key(|step| step.at);
        steps.extend(of_section_six(&mut Random::seeded(seed ^ SECTION_SIX)));
        steps.extend(far_behind::steps(&mut Random::seeded(
            seed ^ far_behind::STREAM,
        )));
        let mut his = Random::seeded(seed ^ stranger::STREAM);
        let stranger_at = stranger::settles(&mut his, &steps);
        steps.extend(stranger::steps(&mut his));
        steps.extend(hostile_hub::steps(seed));
        steps.extend(thief::steps(seed, &steps));
        steps.extend(messages::steps(&mut Random::seeded(
            seed ^ messages::STREAM,
        )));
        Self {
            seed,
            tuning,
            steps,
            heals_at: ACTIVE_MS + HEAL_AFTER_MS,
            stranger_at,
        }
    }

    /// The plan reduced to the steps at these indices.
    #[must_use]
    pub fn keep_steps(&self, keep: &BTreeSet<usize>) -> Self {
        let steps = self
            .steps
            .iter()
            .enumerate()
            .filter(|(at, _)| keep.contains(at));
        Self {
            steps: steps.map(|(_, step)| step.clone()).collect(),
            ..self.clone()
        }
    }

    /// The plan without steps that replace or change an edge's file or give it another epoch.
    #[must_use]
    pub fn undisturbed(&self) -> Self {
        let disturbs = |step: &Step| match step.what {
            StepKind::Fault(Fault { kind, .. }) => {
                let changes = [
                    FaultKind::EdgeCloned,
                    FaultKind::MarkLost,
                    FaultKind::ViewDamaged,
                ];
                kind.restores() || changes.contains(&kind) || kind == FaultKind::Corruption
            }
            StepKind::Steals { .. } => true,
            _ => false,
        };
        let steps = self
            .steps
            .iter()
            .filter(|step| !disturbs(step))
            .cloned()
            .collect();
        Self {
            steps,
            ..self.clone()
        }
    }

    /// The number of commands, without the attacker's.
    pub fn commands(&self) -> usize {
        use StepKind::{Desk, Does, Tap};
        let given = |step: &&Step| matches!(step.what, Tap { .. } | Desk { .. } | Does { .. });
        self.steps.iter().filter(given).count()
    }

    pub fn tries(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step.what, StepKind::Mischief { .. }))
            .count()
    }

    pub fn faults(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step.what, StepKind::Fault(_)))
            .count()
    }
}

/// Restores, copies and losses of edges and tablets. Now and then one machine gets many of them.
fn of_section_six(random: &mut Random) -> Vec<Step> {
    let unlucky = random.chance(60).then(|| random.below(EDGE_COUNT));
    let count = if unlucky.is_some() {
        random.between(4, 6)
    } else {
        random.between(0, 3)
    };
    let step = |_| {
        let drawn = match unlucky {
            Some(_) => *random.pick(&UNLUCKY),
            None => weighted(random, SECTION_SIX_WEIGHTS.into_iter()).unwrap_or(UNLUCKY[0]),
        };
        let (least, most) = drawn.lasts_ms();
        let on = unlucky.unwrap_or_else(|| random.below(drawn.who()));
        let lasts_ms = random.between(least, most);
        let size = random.between(0, 1_000);
        let at = random.between(4_000, ACTIVE_MS);
        Step {
            at,
            what: StepKind::Fault(Fault {
                kind: drawn,
                on,
                lasts_ms,
                size,
            }),
        }
    };
    (0..count).map(step).collect()
}

const SECTION_SIX: u64 = 0x6666_0000_6666_0000;
const SECTION_SIX_WEIGHTS: [(FaultKind, u64); 8] = [
    (FaultKind::RulesChange, 3),
    (FaultKind::DatabaseRestored, 5),
    (FaultKind::MachineRestored, 5),
    (FaultKind::EdgeCloned, 4),
    (FaultKind::MarkLost, 2),
    (FaultKind::EdgeSuspended, 4),
    (FaultKind::TabletLost, 3),
    (FaultKind::Poison, 4),
];
const UNLUCKY: [FaultKind; 3] = [
    FaultKind::DatabaseRestored,
    FaultKind::MachineRestored,
    FaultKind::MarkLost,
];

fn tuning(random: &mut Random) -> Tuning {
    let limits = LinkLimits {
        batch_ops_max: *random.pick(&[2, 10, 5_000]),
        batch_bytes_max: *random.pick(&[600, 4_000, 1 << 20]),
        credit_ops: *random.pick(&[4, 20, 10_000]),
        credit_bytes: *random.pick(&[1_500, 8_000, 4 << 20]),
    };
    Tuning {
        limits,
        run_max: *random.pick(&[2, 8, 1_000]),
        every: false,
    }
}

/// Publishes first, so that there are orders to collide on.
fn command(random: &mut Random, n: u64) -> Step {
    let early = n < 18;
    let at = if early {
        random.between(0, 15_000)
    } else {
        random.between(5_000, ACTIVE_MS)
    };
    let intent = if early {
        Intent::Publish
    } else {
        intent(random)
    };
    let pick = random.next();
    let what = if random.chance(250) {
        StepKind::Desk {
            person: random.below(DESK_COUNT),
            intent,
            pick,
        }
    } else {
        StepKind::Tap {
            tablet: random.below(TABLET_COUNT),
            intent,
            pick,
        }
    };
    Step { at, what }
}

fn intent(random: &mut Random) -> Intent {
    const WEIGHTS: [(Intent, u64); 10] = [
        (Intent::Publish, 60),
        (Intent::Approve, 190),
        (Intent::Reject, 30),
        (Intent::Accept, 430),
        (Intent::Withdraw, 60),
        (Intent::Start, 90),
        (Intent::Complete, 50),
        (Intent::Cancel, 60),
        (Intent::Review, 10),
        (Intent::ReuseId, 20),
    ];
    weighted(random, WEIGHTS.into_iter()).unwrap_or(Intent::Accept)
}

fn weighted<T: Copy>(random: &mut Random, of: impl Iterator<Item = (T, u64)> + Clone) -> Option<T> {
    let total: u64 = of.clone().map(|(_, weight)| weight).sum();
    let mut left = random.next() % total.max(1);
    for (what, weight) in of {
        if left < weight {
            return Some(what);
        }
        left -= weight;
    }
    None
}
