//! The thief of every fourth seed, drawn separately. An edge's key is stolen, with its files or the
//! whole machine. Later an operator disables the edge, and issues a new key.

use super::{ACTIVE_MS, Fault, FaultKind, Step, StepKind, weighted};
use crate::{cast::EDGE_COUNT, random::Random};

const STREAM: u64 = 0x7e1f_57ea_7e1f_57ea;

/// The second of this many seeds has one.
const EVERY: u64 = 4;
/// By then the edge has done some work.
const STOLEN_MS: (u64, u64) = (14_000, 44_000);
const DISABLED_AFTER_MS: (u64, u64) = (3_000, 22_000);
const NEW_KEY_AFTER_MS: (u64, u64) = (1_000, 14_000);
const TRIES: (u64, u64) = (5, 10);
/// The thief continues for a while after the hub stops accepting them.
const GOES_ON_MS: u64 = 5_000;
const MACHINE_GONE_IN_A_THOUSAND: u64 = 550;
/// The named time is before the theft as often as after it.
const SINCE_BEFORE_IN_A_THOUSAND: u64 = 500;
const KEEPS_LOG_IN_A_THOUSAND: u64 = 500;
/// The chance that the edge holds its region when it is stolen, and that one of its people is
/// revoked.
const HOLDS_IN_A_THOUSAND: u64 = 600;
const REVOKED_IN_A_THOUSAND: u64 = 600;
/// The chance that the order service is down when the edge is disabled, so that ops are undecided.
const UNDECIDED_IN_A_THOUSAND: u64 = 350;
const DOWN_MS: (u64, u64) = (2_000, 6_000);

macro_rules! tricks {
    ($($variant:ident $name:literal $weight:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Trick { $($variant,)+ }

        impl Trick {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            fn weight(self) -> u64 {
                match self { $(Self::$variant => $weight,)+ }
            }
        }
    };
}

tricks! {
    Untapped "forged command" 16,
    OldToken "old token, and a time at which it was good" 14,
    AfterAbsence "old token, after a made-up absence" 10,
    MadeUpReceipt "old token, and a made-up receipt" 10,
    WrongClock "old token, after a lie about the clock" 8,
    Revoked "revoked person whose revocation has not arrived" 12,
    Release "release of a right" 3,
    OtherRun "session of another run" 6,
}

pub(super) fn steps(seed: u64, others: &[Step]) -> Vec<Step> {
    if seed % EVERY != 1 {
        return Vec::new();
    }
    let random = &mut Random::seeded(seed ^ STREAM);
    let drawn = random.below(EDGE_COUNT);
    let around = (0..EDGE_COUNT).map(|k| (drawn + k) % EDGE_COUNT);
    let Some(on) = around.into_iter().find(|on| !is_cloned(others, *on)) else {
        return Vec::new();
    };
    let stolen_at = random.between(STOLEN_MS.0, STOLEN_MS.1);
    let disabled_at = stolen_at + random.between(DISABLED_AFTER_MS.0, DISABLED_AFTER_MS.1);
    let new_key_at = disabled_at + random.between(NEW_KEY_AFTER_MS.0, NEW_KEY_AFTER_MS.1);
    let gone = random.chance(MACHINE_GONE_IN_A_THOUSAND);
    let since = match random.chance(SINCE_BEFORE_IN_A_THOUSAND) {
        true => stolen_at - random.between(0, 10_000),
        false => random.between(stolen_at, disabled_at),
    };
    let keeps_log = random.chance(KEEPS_LOG_IN_A_THOUSAND) && !gone;
    let mut steps = vec![
        Step {
            at: stolen_at,
            what: StepKind::Steals { on, gone },
        },
        Step {
            at: disabled_at,
            what: StepKind::Disables { on, since },
        },
        Step {
            at: new_key_at,
            what: StepKind::NewKey { on, keeps_log },
        },
    ];
    let weights = Trick::ALL.iter().map(|what| (*what, what.weight()));
    for _ in 0..random.between(TRIES.0, TRIES.1) {
        let what = weighted(random, weights.clone()).unwrap_or(Trick::Untapped);
        let at = random.between(stolen_at + 100, (disabled_at + GOES_ON_MS).min(ACTIVE_MS));
        steps.push(Step {
            at,
            what: StepKind::Tricks {
                what,
                pick: random.next(),
            },
        });
    }
    if random.chance(HOLDS_IN_A_THOUSAND) {
        let at = stolen_at - random.between(4_000, 9_000);
        steps.push(fault(at, FaultKind::PolicyChange, on));
    }
    if random.chance(REVOKED_IN_A_THOUSAND) {
        let provider = on + EDGE_COUNT * random.below(2);
        let at = stolen_at - random.between(1_000, 8_000);
        steps.push(fault(at, FaultKind::Revocation, provider));
    }
    if random.chance(UNDECIDED_IN_A_THOUSAND) {
        let kind = FaultKind::OwnerDown;
        let size = 0;
        let lasts_ms = random.between(DOWN_MS.0, DOWN_MS.1);
        let at = disabled_at - random.between(500, lasts_ms);
        steps.push(Step {
            at,
            what: StepKind::Fault(Fault {
                kind,
                on: 0,
                lasts_ms,
                size,
            }),
        });
    }
    steps
}

fn fault(at: u64, kind: FaultKind, on: usize) -> Step {
    Step {
        at,
        what: StepKind::Fault(Fault {
            kind,
            on,
            lasts_ms: 0,
            size: 0,
        }),
    }
}

/// A copy of a stolen edge would require its own operator.
fn is_cloned(steps: &[Step], on: usize) -> bool {
    steps.iter().any(|step| match step.what {
        StepKind::Fault(Fault {
            kind: FaultKind::EdgeCloned,
            on: cloned,
            ..
        }) => cloned == on,
        _ => false,
    })
}
