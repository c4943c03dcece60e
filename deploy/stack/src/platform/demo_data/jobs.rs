//! The jobs of the demo: region, place, time and final state of each.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use process::clock::Clock;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::{Region, UnixMillis};

const FILE: &str = include_str!("../../../data/demo_jobs.json");
const HOUR_MS: i64 = 3_600_000;

/// The final state of a demo order.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    Published,
    Approved,
    Accepted,
    /// Paid, and begun at the regional node while it was cut off.
    Started,
    /// Paid, and done at the regional node while it was cut off.
    Completed,
    Rejected,
    Cancelled,
    /// Accepted and paid: the platform holds the money.
    Held,
    /// Paid, done, reviewed, and the provider has replied.
    Reviewed,
    /// Paid and done; the customer wants some of the money back.
    Objected,
}

#[derive(Deserialize)]
pub(super) struct DemoReview {
    pub rating: u8,
    pub comment: String,
    pub reply: String,
}

#[derive(Deserialize)]
pub(super) struct Objection {
    pub refund: String,
    pub reason: String,
}

#[derive(Deserialize)]
pub(super) struct Jobs {
    /// The admin's reason for rejecting a job.
    pub rejection: String,
    /// A provider's note on finished work.
    pub note: String,
    /// The fates of a region's jobs, in publishing order.
    fates: Vec<Fate>,
    streets: BTreeMap<Region, Vec<String>>,
    /// What the customer of an accepted job writes, and its provider's answer.
    talks: BTreeMap<Region, [String; 2]>,
    reviews: BTreeMap<Region, DemoReview>,
    objections: BTreeMap<Region, Objection>,
    /// The customers' forms, without place and time.
    jobs: Vec<Map<String, Value>>,
}

impl Jobs {
    pub(super) fn read() -> Result<Self> {
        serde_json::from_str(FILE).context("could not read the demo jobs")
    }

    /// Each region starts elsewhere in the list, so no two publish the same jobs together.
    pub(super) fn of(&self, region: Region) -> impl Iterator<Item = (Fate, Map<String, Value>)> {
        let first = region as usize * 4;
        let forms = self.fates.iter().copied().enumerate();
        forms.map(move |(n, fate)| (fate, self.form(first + n, n, region)))
    }

    pub(super) fn talk_of(&self, region: Region) -> &[String; 2] {
        &self.talks[&region]
    }

    pub(super) fn review_of(&self, region: Region) -> &DemoReview {
        &self.reviews[&region]
    }

    pub(super) fn objection_of(&self, region: Region) -> &Objection {
        &self.objections[&region]
    }

    /// A job outside the region's list above.
    pub(super) fn disputed(&self, region: Region) -> Map<String, Value> {
        self.form(region as usize * 4 + self.fates.len(), 0, region)
    }

    fn form(&self, job: usize, n: usize, region: Region) -> Map<String, Value> {
        let mut form = self.jobs[job % self.jobs.len()].clone();
        let streets = &self.streets[&region];
        form.insert("location".into(), json!(region));
        form.insert("address".into(), json!(streets[n % streets.len()]));
        // One job in three may be done on any day.
        if n % 3 != 2 {
            let (begin, end) = appointment(n);
            form.insert("service_start_time".into(), json!(begin));
            form.insert("service_end_time".into(), json!(end));
        }
        form
    }
}

/// Two hours on one of the next days, starting on the hour.
fn appointment(n: usize) -> (UnixMillis, UnixMillis) {
    let now = Clock::system().now();
    let full_hour = now.plus_ms(HOUR_MS - now.0.rem_euclid(HOUR_MS));
    let begin = full_hour.plus_ms(i64::try_from(n * 5).unwrap_or_default() * HOUR_MS);
    (begin, begin.plus_ms(2 * HOUR_MS))
}
