//! The right to assign: firm answers that meet unknowable facts, and the ends of a right.

use super::{
    Scenario, Schedule,
    schedule::{
        ADMIN, DESK_ADMIN, DESK_CUSTOMER, DESK_PROVIDER, P1, P2, SECOND_P2, SOUTH_1, SOUTH_2,
        STRANGER, open, order,
    },
};
use crate::{
    Bug, FaultKind,
    plan::{FrameFate::*, Intent::*, Side},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        firm_on_what_may_be_refused(),
        a_strangers_nonsense(),
        what_the_view_skips_may_yet_count(),
        an_accept_beside_a_holder_that_is_away(),
        a_repeat_of_what_was_lost_elsewhere(),
        a_repeat_that_comes_back(),
        a_grant_ahead_of_what_it_was_granted_on(),
        an_old_fence_behind_a_new_one(),
        a_release_behind_a_new_grant(),
        a_tap_after_the_release(),
        a_fence_that_was_given_back(),
        a_tap_before_there_is_anything(),
        a_revocation_that_came_too_late(),
        a_revocation_on_its_way_to_the_disk(),
        rules_that_came_too_late(),
        unpaid_work_at_a_linked_edge(),
        a_rule_for_those_who_have_paid(),
        cancelled_and_rejected_meanwhile(),
        work_done_in_vain(),
        a_firm_receipt_elsewhere(),
        what_waits_behind_what_waits(),
        many_jobs_at_the_same_hour(),
    ]
}

fn firm_on_what_may_be_refused() -> Scenario {
    Schedule::new()
        .desk(1_000, DESK_CUSTOMER, Publish, order(1, 1))
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, ADMIN, Approve, order(1, 1))
        .fault(6_500, FaultKind::Revocation, ADMIN, 0)
        .tablet(7_000, P2, Accept, order(1, 1))
        .shows(
            "firm_on_what_may_be_refused",
            "an accept that stands on an approval that may yet be refused is not firm",
            &[Bug::FirmBase],
        )
}

fn a_strangers_nonsense() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, STRANGER, Start, order(1, 1))
        .tablet(6_200, STRANGER, Withdraw, order(1, 1))
        .tablet(7_000, P2, Accept, order(1, 1))
        .tablet(8_000, P2, Start, order(1, 1))
        .shows(
            "a_strangers_nonsense",
            "an op that can never change its order leaves the holder's answers on it firm",
            &[Bug::NonsenseCounts],
        )
}

fn what_the_view_skips_may_yet_count() -> Scenario {
    Schedule::new()
        .desk(1_000, DESK_CUSTOMER, Publish, order(1, 1))
        .grant_with_rules(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, SECOND_P2, Accept, order(1, 1))
        .desk(7_000, DESK_ADMIN, Approve, order(1, 1))
        .tablet(8_000, ADMIN, Approve, order(1, 1))
        .tablet(9_000, P2, Accept, order(1, 1))
        .shows(
            "what_the_view_skips_may_yet_count",
            "an accept of an order that the cloud has opened meanwhile counts, although the holder's view skips it",
            &[Bug::SkippedIsIdle],
        )
}

fn an_accept_beside_a_holder_that_is_away() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 10_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .tablet(7_000, P1, Accept, order(1, 1))
        .shows(
            "an_accept_beside_a_holder_that_is_away",
            "what another edge accepts while the holder is away waits for the holder's log",
            &[Bug::NonfenceHeld],
        )
}

fn a_repeat_of_what_was_lost_elsewhere() -> Scenario {
    open(Schedule::new(), 1)
        .desk(3_000, DESK_PROVIDER, Accept, order(1, 1))
        .catch(3_400, (SOUTH_1, Side::Edge), ("Outcomes", 0), Late(9_000))
        .tablet(3_500, P1, Accept, order(1, 1))
        .desk(5_000, DESK_PROVIDER, Withdraw, order(1, 1))
        .grant(6_000, SOUTH_2)
        .fault(8_000, FaultKind::Roaming, P1, 20_000)
        .shows(
            "a_repeat_of_what_was_lost_elsewhere",
            "a repeat is not firm: where it was sent first it may have lost",
            &[Bug::RepeatNotFirm],
        )
}

fn a_repeat_that_comes_back() -> Scenario {
    open(Schedule::new(), 1)
        .desk(3_000, DESK_PROVIDER, Accept, order(1, 1))
        .fault(3_200, FaultKind::DiskFull, SOUTH_1, 4_000)
        .tablet(3_500, P1, Accept, order(1, 1))
        .catch(3_600, (SOUTH_2, Side::Edge), ("Outcomes", 0), Late(12_000))
        .fault(4_000, FaultKind::Roaming, P1, 5_000)
        .desk(5_500, DESK_PROVIDER, Withdraw, order(1, 1))
        .grant(6_500, SOUTH_1)
        .shows(
            "a_repeat_that_comes_back",
            "a command that was sent to another edge is not firm where it was sent first either",
            &[Bug::OnlyFirstCounts],
        )
}

fn a_grant_ahead_of_what_it_was_granted_on() -> Scenario {
    open(Schedule::new(), 1)
        .fault(3_000, FaultKind::BusDown, 0, 4_000)
        .fault(3_000, FaultKind::BusRepeats, 0, 8_000)
        .desk(4_000, DESK_PROVIDER, Accept, order(1, 1))
        .grant(5_000, SOUTH_2)
        .catch(6_900, (SOUTH_2, Side::Edge), ("Down", 1), Late(6_000))
        .tablet(9_000, P2, Accept, order(1, 1))
        .shows(
            "a_grant_ahead_of_what_it_was_granted_on",
            "a grant is used only on the view that it was made on",
            &[Bug::GrantDigest],
        )
}

fn an_old_fence_behind_a_new_one() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_1)
        .fault(5_000, FaultKind::Partition, SOUTH_1, 25_000)
        .tablet(6_000, P1, Accept, order(1, 1))
        .fault(7_000, FaultKind::TakeBack, SOUTH_1, 0)
        .grant(8_000, SOUTH_2)
        .fault(10_000, FaultKind::Partition, SOUTH_2, 40_000)
        .tablet(11_000, P2, Accept, order(1, 1))
        .shows(
            "an_old_fence_behind_a_new_one",
            "what was firm under a fence that was taken back waits for the new holder, and loses on record",
            &[Bug::OldfenceHeld],
        )
}

fn a_release_behind_a_new_grant() -> Scenario {
    Schedule::new()
        .grant(3_000, SOUTH_2)
        .catch(4_900, (SOUTH_2, Side::Hub), ("Up", 0), Late(6_000))
        .optimistic(5_000, SOUTH_2)
        .fault(6_000, FaultKind::TakeBack, SOUTH_2, 0)
        .grant(7_000, SOUTH_2)
        .shows(
            "a_release_behind_a_new_grant",
            "the release of an old fence leaves the new one as it is",
            &[Bug::AnyReleaseEnds],
        )
}

/// The cloud has decided the release, but its message is late.
fn a_tap_after_the_release() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .catch(4_900, (SOUTH_2, Side::Edge), ("Down", 1), Late(9_000))
        .optimistic(5_000, SOUTH_2)
        .desk(6_500, DESK_PROVIDER, Accept, order(1, 1))
        .tablet(6_600, P2, Accept, order(1, 1))
        .shows(
            "a_tap_after_the_release",
            "an edge that has logged its release answers nothing firm any more",
            &[Bug::ReleaseGoesOn],
        )
}

/// The operator cancels the release request while the release is in transit, so the edge receives
/// its own fence again.
fn a_fence_that_was_given_back() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .catch(4_900, (SOUTH_2, Side::Hub), ("Up", 0), Late(2_000))
        .optimistic(5_000, SOUTH_2)
        .grant(6_000, SOUTH_2)
        .catch(6_500, (SOUTH_2, Side::Edge), ("Down", 0), Late(9_000))
        .desk(8_000, DESK_PROVIDER, Accept, order(1, 1))
        .tablet(8_100, P2, Accept, order(1, 1))
        .shows(
            "a_fence_that_was_given_back",
            "a fence that an edge has given back is not granted to it again",
            &[Bug::ReleasedFenceDead],
        )
}

fn a_tap_before_there_is_anything() -> Scenario {
    open(Schedule::new(), 1)
        .desk(500, DESK_PROVIDER, Accept, order(1, 1))
        .shows(
            "a_tap_before_there_is_anything",
            "who is refused at the portal because nothing is there yet may send the same id again",
            &[Bug::RefuseNotConsume],
        )
}

fn a_revocation_that_came_too_late() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .fault(7_000, FaultKind::Revocation, P2, 0)
        .shows(
            "a_revocation_that_came_too_late",
            "a firm accept stands though its provider was revoked where the edge could not know it",
            &[Bug::RevokeSeen],
        )
}

/// The accept was let in before the edge's file had the revocation, and is logged after it.
fn a_revocation_on_its_way_to_the_disk() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_2)
        .fault(5_000, FaultKind::DiskSlow, SOUTH_2, 4_000)
        .fault(6_000, FaultKind::Revocation, P2, 0)
        .tablet(6_100, P2, Accept, order(1, 1))
        .shows(
            "a_revocation_on_its_way_to_the_disk",
            "who was let in before the file had the revocation, and is logged after it, is promised nothing",
            &[Bug::RevocationsStale],
        )
}

fn rules_that_came_too_late() -> Scenario {
    open(Schedule::new(), 1)
        .grant_with_rules(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .tablet(6_500, P2, Start, order(1, 1))
        .no_rules(7_000, SOUTH_2)
        .shows(
            "rules_that_came_too_late",
            "work on a firm accept is judged by the rules that its edge knew",
            &[Bug::RuleVersion],
        )
}

fn unpaid_work_at_a_linked_edge() -> Scenario {
    open(Schedule::new(), 1)
        .grant_with_rules(3_000, SOUTH_1)
        .tablet(6_000, P1, Accept, order(1, 1))
        .tablet(7_000, P1, Start, order(1, 1))
        .shows(
            "unpaid_work_at_a_linked_edge",
            "a rule for edges that are cut off starts no unpaid work while the link is up",
            &[Bug::LinkNotTold, Bug::UnpaidWhileLinked],
        )
}

fn a_rule_for_those_who_have_paid() -> Scenario {
    Schedule::new()
        .desk(1_000, DESK_CUSTOMER, Publish, order(1, 1))
        .grant_for_good_standing(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, ADMIN, Approve, order(1, 1))
        .shows(
            "a_rule_for_those_who_have_paid",
            "a holder that may approve for customers in good standing approves for nobody else",
            &[Bug::StandingAssumed],
        )
}

fn cancelled_and_rejected_meanwhile() -> Scenario {
    open(Schedule::new(), 1)
        .desk(1_000, DESK_CUSTOMER, Publish, order(1, 2))
        .grant_with_rules(3_000, SOUTH_2)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .desk(6_000, DESK_CUSTOMER, Cancel, order(1, 1))
        .tablet(6_000, ADMIN, Approve, order(1, 2))
        .tablet(7_000, P2, Accept, order(1, 2))
        .desk(7_000, DESK_ADMIN, Reject, order(1, 2))
        .shows(
            "cancelled_and_rejected_meanwhile",
            "what an edge promised counts, though its order was cancelled or rejected meanwhile",
            &[Bug::CancelHeld],
        )
}

fn work_done_in_vain() -> Scenario {
    open(Schedule::new(), 1)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 20_000)
        .tablet(6_000, P2, Accept, order(1, 1))
        .desk(6_500, DESK_CUSTOMER, Cancel, order(1, 1))
        .tablet(7_000, P2, Start, order(1, 1))
        .tablet(8_000, P2, Complete, order(1, 1))
        .shows(
            "work_done_in_vain",
            "who completed at an edge what was cancelled meanwhile is on a person's list",
            &[Bug::VainCase],
        )
}

fn a_firm_receipt_elsewhere() -> Scenario {
    open(Schedule::new(), 1)
        .grant(3_000, SOUTH_1)
        .fault(5_000, FaultKind::Partition, SOUTH_1, 40_000)
        .catch(5_000, (SOUTH_2, Side::Hub), ("Up", 0), Late(6_000))
        .tablet(6_000, P1, Accept, order(1, 1))
        .fault(7_000, FaultKind::Roaming, P1, 20_000)
        .fault(8_000, FaultKind::TakeBack, SOUTH_1, 0)
        .desk(9_000, DESK_PROVIDER, Accept, order(1, 1))
        .shows(
            "a_firm_receipt_elsewhere",
            "what a tablet holds a firm receipt for it sends to no other edge",
            &[Bug::KeepFirmReceipt],
        )
}

/// The approval waits for the end of the right, and the accept on it must not be decided first.
fn what_waits_behind_what_waits() -> Scenario {
    Schedule::new()
        .desk(1_000, DESK_CUSTOMER, Publish, order(1, 1))
        .grant(3_000, SOUTH_1)
        .fault(5_000, FaultKind::Partition, SOUTH_2, 4_000)
        .tablet(6_000, ADMIN, Approve, order(1, 1))
        .tablet(7_000, P2, Accept, order(1, 1))
        .shows(
            "what_waits_behind_what_waits",
            "an accept behind an approval that is held is not put to the holder before it",
            &[Bug::AskOvertakes, Bug::HeldBeforeChecks],
        )
}

fn many_jobs_at_the_same_hour() -> Scenario {
    const JOBS_EACH: usize = 6;
    let providers = DESK_PROVIDER..DESK_PROVIDER + 3;
    let jobs = (1..).map(|n| order(1, n));
    let by = providers.flat_map(|who| std::iter::repeat_n(who, JOBS_EACH));
    let taps: Vec<_> = by.zip(jobs).collect();
    let published = taps.iter().fold(Schedule::new(), |schedule, (_, id)| {
        let published = schedule.desk(1_000, DESK_CUSTOMER, PublishTimed, *id);
        published.desk(2_000, DESK_ADMIN, Approve, *id)
    });
    let slow = published.fault(4_000, FaultKind::LateCommits, 0, 4_000);
    let accepts = taps.into_iter().fold(slow, |schedule, (who, id)| {
        schedule.desk(5_000, who, Accept, id)
    });
    accepts.shows(
        "many_jobs_at_the_same_hour",
        "of the jobs at the same hour that a provider accepts at once they get one",
        &[Bug::BookedOnce, Bug::BookedUnlocked],
    )
}
