//! Schedules written by hand for events that chance rarely reaches. Each names its point and the
//! planted bugs it catches. They run next to the seeds and do not change with the plan generator.

mod hostile_hub;
mod images;
mod link;
mod restores;
mod rights;
mod schedule;

use crate::{Bug, SeedPlan};
use schedule::Schedule;

pub struct Scenario {
    pub name: &'static str,
    /// A former failure, or a promise.
    pub says: &'static str,
    pub catches: &'static [Bug],
    pub plan: SeedPlan,
}

pub fn all() -> Vec<Scenario> {
    let older = link::all()
        .into_iter()
        .chain(rights::all())
        .chain(restores::all());
    older
        .chain(images::all())
        .chain(hostile_hub::all())
        .collect()
}

pub fn catching(bug: Bug) -> impl Iterator<Item = Scenario> {
    all()
        .into_iter()
        .filter(move |scenario| scenario.catches.contains(&bug))
}

pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}
