//! The plan of one money round, drawn only from the run's seed and the round's number.

use std::{fmt, time::Duration};

use process::parts::CloudPart;
use stack::{Part, Server};

use support::Draws;

/// The target of a round's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyVictim {
    /// Killed and restarted.
    Killed(Part),
    /// The adapter is unreachable for this long.
    Adapter(Duration),
}

/// The course of an order's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tale {
    /// Paid, worked on, completed.
    Plain,
    /// Like `Plain`, but five identical payments arrive at once under one idempotency key.
    Doubled,
    /// Cancelled by the customer long before the work.
    CancelledEarly,
    /// Cancelled shortly before the work, at the fee shown.
    CancelledLate,
    /// Cancelled during the payment.
    CancelledMeanwhile,
    /// The bank declines; a second payment succeeds.
    DeclinedFirst,
    /// A payment one cent short is returned; then the price is paid.
    WrongAmountFirst,
    /// A partial refund is requested during the work, and granted.
    PartlyRefunded,
    /// The provider withdraws after the payment, and another does the work.
    Reassigned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalePlan {
    pub tale: Tale,
    pub price_minor: i64,
    pub method: &'static str,
    pub begins: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRound {
    pub victim: MoneyVictim,
    /// Delay from the start of the first tale to the fault.
    pub moment: Duration,
    pub tales: Vec<TalePlan>,
}

/// Answers at once, loses its answer, or answers late.
const METHODS: [&str; 3] = ["simulated", "simulated.silent", "simulated.slow"];
const BEGIN_MS_MAX: usize = 1_200;
const MOMENT_MS_MAX: usize = 2_500;
const AWAY_MS_MAX: usize = 3_000;
const PRICE_MIN: i64 = 10_001;
const PRICES: usize = 30_000;

impl Tale {
    pub const ALL: [Self; 9] = [
        Self::Plain,
        Self::Doubled,
        Self::CancelledEarly,
        Self::CancelledLate,
        Self::CancelledMeanwhile,
        Self::DeclinedFirst,
        Self::WrongAmountFirst,
        Self::PartlyRefunded,
        Self::Reassigned,
    ];
}

impl MoneyRound {
    /// Includes every tale once. Six consecutive rounds have six victims.
    pub fn of(seed: u64, round: u32) -> Self {
        let mut draws = Draws::of(seed ^ (u64::from(round) << 32));
        let victim = match round % 6 {
            1 => MoneyVictim::Killed(Part::Alone(CloudPart::Payment)),
            2 => MoneyVictim::Killed(Part::Server(Server::RabbitMq)),
            // RabbitMQ may still be starting, so choose a victim that does not wait for it.
            3 => MoneyVictim::Killed(Part::Server(Server::MariaDb)),
            4 => MoneyVictim::Killed(Part::Alone(CloudPart::Order)),
            5 => MoneyVictim::Adapter(drawn(&mut draws, AWAY_MS_MAX)),
            _ => MoneyVictim::Killed(Part::Alone(CloudPart::Notification)),
        };
        let moment = drawn(&mut draws, MOMENT_MS_MAX);
        let tales = Tale::ALL.map(|tale| TalePlan {
            tale,
            price_minor: PRICE_MIN + i64::try_from(draws.below(PRICES)).unwrap_or_default(),
            method: draws.of_these(&METHODS),
            begins: drawn(&mut draws, BEGIN_MS_MAX),
        });
        Self {
            victim,
            moment,
            tales: tales.into(),
        }
    }
}

fn drawn(draws: &mut Draws, ms_max: usize) -> Duration {
    Duration::from_millis(u64::try_from(draws.below(ms_max)).unwrap_or_default())
}

impl fmt::Display for MoneyRound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.victim {
            MoneyVictim::Killed(part) => write!(f, "{part} killed")?,
            MoneyVictim::Adapter(away) => write!(f, "the adapter away for {away:?}")?,
        }
        write!(f, " after {:?}", self.moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_round_make_the_same_plan_and_six_rounds_have_six_victims() {
        assert_eq!(MoneyRound::of(7, 3), MoneyRound::of(7, 3));
        assert_ne!(MoneyRound::of(7, 3), MoneyRound::of(8, 3));
        let kind = |victim| match victim {
            MoneyVictim::Killed(part) => part.name(),
            MoneyVictim::Adapter(_) => "adapter".to_owned(),
        };
        let victims = (5..11).map(|round| kind(MoneyRound::of(1, round).victim));
        assert_eq!(victims.collect::<std::collections::BTreeSet<_>>().len(), 6);
    }
}
