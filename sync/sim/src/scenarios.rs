//! Schedules written by hand for events that chance rarely reaches. Each names its point and the
//! planted bugs it catches. They run next to the seeds and do not change with the plan generator.

mod hostile_hub;
mod images;
mod link;
mod restores;
mod rights;
mod schedule;

use crate::{Bug, SeedPlan, harness};
use schedule::Schedule;

pub type Scenario = harness::DirectedScenario<SeedPlan, Bug>;

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
