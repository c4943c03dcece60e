//! A seed's attacker, drawn separately. They can sign in, and own nothing else.

use super::{ACTIVE_MS, Fault, FaultKind, Step, StepKind, weighted};
use crate::{cast::EDGE_COUNT, random::Random};

pub(super) const STREAM: u64 = 0x6057_11e0_6057_11e0;

/// By then there is data to spoil.
const FIRST_MS: u64 = 8_000;
const TRIES: (u64, u64) = (8, 14);
const AT_HOLDER_IN_A_THOUSAND: u64 = 700;
/// In this many of a thousand seeds the attacker also tries a flood.
const FLOODS_IN_A_THOUSAND: u64 = 80;

macro_rules! mischief {
    ($($variant:ident $name:literal $weight:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mischief { $($variant,)+ }

        impl Mischief {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            pub fn accepts(self) -> bool {
                self == Self::AcceptClosed
            }
            fn weight(self) -> u64 {
                match self { $(Self::$variant => $weight,)+ }
            }
        }
    };
}

mischief! {
    Start "start of another's order" 30,
    Complete "completion of another's order" 15,
    Withdraw "withdrawal of another's acceptance" 20,
    Cancel "cancellation of another's order" 5,
    Approve "approval" 5,
    Reject "rejection" 5,
    Review "review of another's order" 3,
    AcceptClosed "acceptance of a closed order" 10,
    OtherBody "own command id with another body" 6,
    OthersId "another's command id" 8,
    Flood "flood of starts on one order" 0,
}

/// The attacker's edge: mostly the first to be granted a right, because firm answers come from
/// there.
pub(super) fn settles(random: &mut Random, others: &[Step]) -> usize {
    let drawn = random.below(EDGE_COUNT);
    let granted = others.iter().find_map(|step| match step.what {
        StepKind::Fault(Fault {
            kind: FaultKind::PolicyChange,
            on,
            ..
        }) => Some(on),
        _ => None,
    });
    granted
        .filter(|_| random.chance(AT_HOLDER_IN_A_THOUSAND))
        .unwrap_or(drawn)
}

pub(super) fn steps(random: &mut Random) -> Vec<Step> {
    let weights = Mischief::ALL.iter().map(|what| (*what, what.weight()));
    let drawn = 0..random.between(TRIES.0, TRIES.1);
    let drawn = drawn.map(|_| weighted(random, weights.clone()).unwrap_or(Mischief::Start));
    let mut tries: Vec<Mischief> = drawn.collect();
    tries.extend(
        random
            .chance(FLOODS_IN_A_THOUSAND)
            .then_some(Mischief::Flood),
    );
    let steps = tries.into_iter().map(|what| {
        let at = random.between(FIRST_MS, ACTIVE_MS);
        let pick = random.next();
        Step {
            at,
            what: StepKind::Mischief { what, pick },
        }
    });
    steps.collect()
}
