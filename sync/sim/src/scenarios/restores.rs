//! Restores, copies and quarantine, and cases for an operator.

use std::collections::BTreeSet;

use super::{
    Scenario, Schedule,
    schedule::{ADMIN, CUSTOMER, DESK_CUSTOMER, DESK_PROVIDER, P2, SOUTH_2, open, order},
};
use crate::{
    Bug, FaultKind, SeedPlan, cast,
    plan::{FrameFate::*, Intent::*, Side},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        a_database_older_than_its_mark(),
        a_machine_older_than_a_tablets_receipt(),
        a_copy_beside_its_live_original(),
        a_copy_that_connects_first(),
        an_older_copy_that_connects_first(),
        an_epoch_that_was_given_before(),
        a_restart_and_a_half_open_socket(),
        the_rights_of_an_epoch_that_is_over(),
        a_suspect_edge_and_a_held_region(),
        what_only_the_cloud_has_seen(),
        a_receipt_before_the_welcome(),
        more_restores_than_a_day_allows(),
        a_lease_behind_what_needs_an_operator(),
        an_epoch_that_ends_before_its_op_is_decided(),
        rights_taken_back_while_their_epoch_goes_on(),
    ]
}

/// The steps of a seed without its messages: among few thousands this one alone shows it.
fn rights_taken_back_while_their_epoch_goes_on() -> Scenario {
    const STEPS: [usize; 58] = [
        0, 2, 3, 6, 7, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31, 32,
        33, 34, 35, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
        58, 61, 70, 71, 72, 74, 77, 79, 81, 82, 83,
    ];
    Scenario {
        name: "rights_taken_back_while_their_epoch_goes_on",
        says: "the end of an epoch is on record before its rights are taken back",
        catches: &[Bug::EndingForgotten],
        plan: SeedPlan::from_seed(314).keep_steps(&BTreeSet::from(STEPS)),
    }
}

/// The edge is cut off, so only its mark can reveal the restore; a restart does not forget it.
fn a_database_older_than_its_mark() -> Scenario {
    Schedule::new()
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .fault(4_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(5_000, CUSTOMER, Publish, order(1, 2))
        .tablet(7_000, CUSTOMER, Publish, order(1, 3))
        .restore(8_000, FaultKind::DatabaseRestored, SOUTH_2, 6_000)
        .fault(11_000, FaultKind::EdgeKilled, SOUTH_2, 1_000)
        .shows(
            "a_database_older_than_its_mark",
            "a database that is older than its high-water mark is found out at once, and stays so",
            &[Bug::Hwm, Bug::SuspicionForgotten, Bug::Relog],
        )
}

fn a_machine_older_than_a_tablets_receipt() -> Scenario {
    Schedule::new()
        .fault(4_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, CUSTOMER, Publish, order(1, 1))
        .restore(8_000, FaultKind::MachineRestored, SOUTH_2, 5_000)
        .shows(
            "a_machine_older_than_a_tablets_receipt",
            "a machine that was restored is found out by a tablet that holds a newer receipt",
            &[Bug::Receipts],
        )
}

fn a_copy_beside_its_live_original() -> Scenario {
    open(Schedule::new(), 1)
        .tablet(2_000, CUSTOMER, Publish, order(1, 2))
        .fault(25_000, FaultKind::EdgeCloned, SOUTH_2, 0)
        .tablet(27_000, P2, Accept, order(1, 1))
        .tablet(27_000, ADMIN, Approve, order(1, 2))
        .shows(
            "a_copy_beside_its_live_original",
            "a copy beside its live original is told so, and becomes an edge of its own",
            &[Bug::ProbeOldSession],
        )
}

/// Both answered firm under one fence. The copy connects first, so it is the edge.
fn a_copy_that_connects_first() -> Scenario {
    open(open(Schedule::new(), 1), 2)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 30_000)
        .fault(6_000, FaultKind::EdgeCloned, SOUTH_2, 0)
        .tablet(6_500, P2, Accept, order(1, 1))
        .tablet(9_000, ADMIN, Cancel, order(1, 2))
        .desk(15_000, DESK_CUSTOMER, Cancel, order(1, 2))
        .shows(
            "a_copy_that_connects_first",
            "of two that are cut off from each other the one that connects first is the edge",
            &[],
        )
}

/// The copy lacks ops that its original has sent up since, so it gets its own epoch. It does not
/// answer when the original calls.
fn an_older_copy_that_connects_first() -> Scenario {
    open(Schedule::new(), 1)
        .fault(5_000, FaultKind::EdgeCloned, SOUTH_2, 15_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .fault(10_000, FaultKind::Partition, SOUTH_2, 28_000)
        .fault(27_000, FaultKind::Partition, cast::copy_of(SOUTH_2), 30_000)
        .shows(
            "an_older_copy_that_connects_first",
            "an original whose older copy was let in meanwhile is told that it was copied",
            &[],
        )
}

/// Restored twice to the same backup: the second time, the next epoch is already taken.
fn an_epoch_that_was_given_before() -> Scenario {
    Schedule::new()
        .tablet(5_000, CUSTOMER, Publish, order(1, 1))
        .restore(8_000, FaultKind::DatabaseRestored, SOUTH_2, 3_000)
        .tablet(14_000, CUSTOMER, Publish, order(1, 2))
        .restore(20_000, FaultKind::DatabaseRestored, SOUTH_2, 3_000)
        .shows(
            "an_epoch_that_was_given_before",
            "an epoch that was given to one run is given to no other",
            &[Bug::OneEpochOwner],
        )
}

fn a_restart_and_a_half_open_socket() -> Scenario {
    Schedule::new()
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .fault(4_000, FaultKind::HalfOpen, SOUTH_2, 0)
        .fault(9_000, FaultKind::EdgeKilled, SOUTH_2, 500)
        .fault(14_000, FaultKind::PowerCut, SOUTH_2, 500)
        .tablet(18_000, CUSTOMER, Publish, order(1, 2))
        .shows(
            "a_restart_and_a_half_open_socket",
            "neither a restart nor a half-open socket is an alarm",
            &[Bug::NoNaiveNonceAlarm, Bug::BootOp],
        )
}

fn the_rights_of_an_epoch_that_is_over() -> Scenario {
    open(open(Schedule::new(), 1), 2)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .tablet(8_000, P2, Accept, order(1, 2))
        .restore(9_000, FaultKind::DatabaseRestored, SOUTH_2, 7_000)
        .shows(
            "the_rights_of_an_epoch_that_is_over",
            "with an epoch its rights end, and what was firm under them is logged anew without",
            &[Bug::QuarTakeback, Bug::FenceKept],
        )
}

fn a_suspect_edge_and_a_held_region() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, CUSTOMER, Publish, order(1, 2))
        .restore(8_000, FaultKind::DatabaseRestored, SOUTH_2, 5_500)
        .tablet(11_000, P2, Accept, order(1, 1))
        .shows(
            "a_suspect_edge_and_a_held_region",
            "a suspect edge promises nothing, whatever it holds",
            &[Bug::SuspectIsFirm],
        )
}

/// The tablet is gone, the edge has lost the command, and it is still undecided.
fn what_only_the_cloud_has_seen() -> Scenario {
    Schedule::new()
        .fault(4_000, FaultKind::OwnerDown, 0, 20_000)
        .tablet(6_000, CUSTOMER, Publish, order(1, 1))
        .fault(8_000, FaultKind::TabletLost, CUSTOMER, 0)
        .restore(9_000, FaultKind::DatabaseRestored, SOUTH_2, 5_000)
        .shows(
            "what_only_the_cloud_has_seen",
            "what an edge has lost and the cloud has received comes back to it",
            &[Bug::TailForgotten],
        )
}

fn a_receipt_before_the_welcome() -> Scenario {
    Schedule::new()
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .fault(4_000, FaultKind::Partition, SOUTH_2, 5_000)
        .tablet(5_000, CUSTOMER, Publish, order(1, 2))
        .restore(8_000, FaultKind::MachineRestored, SOUTH_2, 4_500)
        .catch(8_500, (SOUTH_2, Side::Hub), ("Hello", 0), Late(4_000))
        .shows(
            "a_receipt_before_the_welcome",
            "an edge that becomes suspect between its Hello and its Welcome opens no session",
            &[],
        )
}

fn more_restores_than_a_day_allows() -> Scenario {
    let restores = (1..=5).map(|n| 8_000 * n);
    let schedule = Schedule::new().tablet(2_000, CUSTOMER, Publish, order(1, 1));
    restores
        .fold(schedule, |schedule, at| {
            schedule
                .tablet(at - 2_000, CUSTOMER, Publish, order(1, at))
                .restore(at, FaultKind::DatabaseRestored, SOUTH_2, at - 3_000)
        })
        .shows(
            "more_restores_than_a_day_allows",
            "an edge that is restored again and again is let in by an operator alone",
            &[],
        )
}

/// The firm accept makes its owner fail. The lease was released behind it, and must not end first.
fn a_lease_behind_what_needs_an_operator() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(6_000, FaultKind::Poison, 0, 0)
        .tablet(6_050, P2, Accept, order(1, 1))
        .optimistic(6_200, SOUTH_2)
        .desk(8_200, DESK_PROVIDER, Accept, order(1, 1))
        .shows(
            "a_lease_behind_what_needs_an_operator",
            "a lease ends only when everything under it is decided",
            &[Bug::ReleaseOvertaken],
        )
}

/// The op waits for an operator while its edge is restored. The op that logs it again is decided.
fn an_epoch_that_ends_before_its_op_is_decided() -> Scenario {
    Schedule::new()
        .fault(4_000, FaultKind::Poison, 0, 0)
        .tablet(4_050, CUSTOMER, Publish, order(1, 1))
        .restore(5_500, FaultKind::DatabaseRestored, SOUTH_2, 3_000)
        .shows(
            "an_epoch_that_ends_before_its_op_is_decided",
            "what an epoch leaves undecided is decided in the next, and not as itself",
            &[Bug::OldEpochDecided],
        )
}
