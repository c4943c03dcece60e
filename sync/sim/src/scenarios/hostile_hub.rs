//! A replica without the hub's key, on an edge's line or in the hub's place.

use super::{
    Scenario, Schedule,
    schedule::{P1, SOUTH_1, open, order},
};
use crate::{
    Bug, FaultKind,
    plan::{Forgery, Intent::Accept},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        frames_of_a_hostile_replica(),
        a_call_that_a_hostile_replica_takes(),
        an_edge_without_a_key(),
    ]
}

/// On the line while a command waits: the order service is down.
fn frames_of_a_hostile_replica() -> Scenario {
    use Forgery::{
        Ask, Credit, Grant, Held, Image, Keys, LogBroken, Order, Outcome, Revocation, Twin,
    };
    let all = [
        Outcome, Order, Grant, Revocation, Keys, Image, Ask, Held, Credit, LogBroken, Twin,
    ];
    let schedule = open(Schedule::new(), 1).fault(3_000, FaultKind::OwnerDown, 0, 40_000);
    let schedule = schedule.tablet(4_000, P1, Accept, order(1, 1));
    let schedule = all
        .into_iter()
        .zip(1..)
        .fold(schedule, |schedule, (what, n)| {
            schedule.on_the_line(4_000 + 3_000 * n, SOUTH_1, what)
        });
    schedule.shows(
        "frames_of_a_hostile_replica",
        "nothing that a replica without the hub's key says is stored at an edge or told",
        &[Bug::ForgedIsSigned],
    )
}

fn a_call_that_a_hostile_replica_takes() -> Scenario {
    use Forgery::{BrokenSession, EpochEnded, Replay, Session};
    open(Schedule::new(), 1)
        .at_the_call(4_000, SOUTH_1, Session)
        .at_the_call(10_000, SOUTH_1, EpochEnded)
        .at_the_call(16_000, SOUTH_1, BrokenSession)
        .at_the_call(22_000, SOUTH_1, Replay)
        .shows(
            "a_call_that_a_hostile_replica_takes",
            "a replica without the hub's key opens no session and ends no epoch",
            &[Bug::ForgedIsSigned],
        )
}

fn an_edge_without_a_key() -> Scenario {
    use Forgery::{BrokenSession, EpochEnded, LogBroken, Twin};
    open(Schedule::new(), 1)
        .keyless(SOUTH_1, 30_000)
        .at_the_call(4_000, SOUTH_1, EpochEnded)
        .at_the_call(10_000, SOUTH_1, Twin)
        .at_the_call(16_000, SOUTH_1, BrokenSession)
        .on_the_line(24_000, SOUTH_1, LogBroken)
        .shows(
            "an_edge_without_a_key",
            "an edge that knows no key lets nobody end its epoch, or call it a copy or broken",
            &[Bug::UnsignedIsSigned],
        )
}
