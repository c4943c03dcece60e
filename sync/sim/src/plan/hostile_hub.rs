//! The hostile replica of every fourth seed, drawn separately. It sits on an edge's line, or
//! answers a call in the hub's place. It holds copied hub frames, but no hub key.

use super::{ACTIVE_MS, Step, StepKind, weighted};
use crate::random::Random;

const STREAM: u64 = 0x0b5e_55ed_0b5e_55ed;

/// The last of this many seeds has one.
const EVERY: u64 = 4;
/// By then there is data to spoil.
const FIRST_MS: u64 = 6_000;
const FORGERIES: (u64, u64) = (4, 9);
/// In this many of a thousand of those seeds, one edge has no key for a while.
const KEYLESS_IN_A_THOUSAND: u64 = 400;
const KEYLESS_MS: (u64, u64) = (25_000, 60_000);
/// The edges that check the hub's signature.
const CHECKING: [usize; 3] = [0, 2, 4];

macro_rules! forgeries {
    ($($variant:ident $name:literal $weight:literal),+ $(,)?) => {
        /// A frame forged by the hostile replica.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Forgery { $($variant,)+ }

        impl Forgery {
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

forgeries! {
    Twin "word that the edge is a second one" 10,
    LogBroken "word that the log is broken" 10,
    EpochEnded "end of the epoch" 10,
    Session "session with another feed" 6,
    BrokenSession "session with another log" 8,
    Outcome "outcome" 10,
    Order "order" 10,
    Grant "right to assign" 10,
    Revocation "revocation" 8,
    Keys "keys" 8,
    Image "image of the region" 8,
    Ask "acceptance to log" 10,
    Held "word that an op waits" 6,
    Credit "credit" 6,
    Resend "question for ops" 4,
    Probe "probe" 4,
    Replay "frame of an earlier session" 16,
}

impl Forgery {
    /// Returns true if it opens a session.
    pub fn greets(self) -> bool {
        matches!(self, Self::EpochEnded | Self::Session | Self::BrokenSession)
    }

    /// Returns true if every edge must ignore it, even one without a key, which believes most
    /// frames.
    pub fn hurts_without_a_key(self) -> bool {
        matches!(
            self,
            Self::Twin | Self::LogBroken | Self::EpochEnded | Self::BrokenSession
        )
    }
}

pub(super) fn steps(seed: u64) -> Vec<Step> {
    if seed % EVERY != EVERY - 1 {
        return Vec::new();
    }
    let random = &mut Random::seeded(seed ^ STREAM);
    let weights = Forgery::ALL.iter().map(|what| (*what, what.weight()));
    let drawn = 0..random.between(FORGERIES.0, FORGERIES.1);
    let mut steps: Vec<Step> = drawn
        .map(|_| {
            let what = weighted(random, weights.clone()).unwrap_or(Forgery::Twin);
            let on = *random.pick(&CHECKING);
            forges(random, on, what, (FIRST_MS, ACTIVE_MS))
        })
        .collect();
    if random.chance(KEYLESS_IN_A_THOUSAND) {
        let on = *random.pick(&CHECKING);
        let lasts_ms = random.between(KEYLESS_MS.0, KEYLESS_MS.1);
        steps.push(Step {
            at: 0,
            what: StepKind::Keyless { on, lasts_ms },
        });
        let hurts = Forgery::ALL
            .iter()
            .filter(|what| what.hurts_without_a_key());
        for what in hurts {
            steps.push(forges(random, on, *what, (FIRST_MS, lasts_ms)));
        }
    }
    steps
}

fn forges(random: &mut Random, on: usize, what: Forgery, within: (u64, u64)) -> Step {
    let at = random.between(within.0, within.1);
    let pick = random.next();
    Step {
        at,
        what: StepKind::Forges { on, what, pick },
    }
}
