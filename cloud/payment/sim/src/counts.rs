//! The events that runs met, by name, and those that a thousand seeds must meet.

use std::{collections::BTreeMap, fmt};

/// With this many seeds, a run must meet every entry of [`WANTED`].
const SEEDS_ENOUGH: u64 = 1_000;
/// The situations that a thousand seeds must reach, so that the run proves enough.
const WANTED: [&str; 35] = [
    "adapter declined",
    "adapter failed",
    "adapter_fee",
    "adapter paid another amount",
    "already_paid",
    "asked before a refusal",
    "cancel at a fee",
    "chargeback",
    "chargeback_reversed",
    "charge",
    "command repeated",
    "compensation",
    "dead letter",
    "extra_payment",
    "granted",
    "late call",
    "late reply",
    "log handed in again",
    "old word about money",
    "order_not_payable",
    "paid though closed",
    "paid_otherwise",
    "parked start",
    "payment closing",
    "payout_back",
    "payout_returned",
    "refund_failed",
    "release",
    "request repeated",
    "reversal",
    "start unpaid by a rule",
    "statement differs",
    "terms_changed",
    "version pulled",
    "worked in vain",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoneyCounts(BTreeMap<&'static str, u64>);

impl MoneyCounts {
    pub fn count_event(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// The required events that these seeds did not meet.
    pub fn missing_events(&self, seed_count: u64) -> Vec<String> {
        if seed_count < SEEDS_ENOUGH {
            return Vec::new();
        }
        let missing = WANTED.iter().filter(|what| !self.0.contains_key(**what));
        missing.map(|what| (*what).to_owned()).collect()
    }
}

impl fmt::Display for MoneyCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self
            .0
            .iter()
            .map(|(what, count)| format!("{count:>10}  {what}"));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}
