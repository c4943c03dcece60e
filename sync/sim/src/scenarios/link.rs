//! Frames that come late, out of order, or into another session.

use super::{
    Scenario, Schedule,
    schedule::{ADMIN, CUSTOMER, DESK_ADMIN, DESK_CUSTOMER, SOUTH_2, order},
};
use crate::{
    Bug, FaultKind,
    plan::{FrameFate::*, Intent::*, Side},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        outcomes_of_an_older_session(),
        outcomes_the_wrong_way_round(),
        changes_of_an_older_session(),
        ops_of_an_older_session(),
        an_older_version_after_a_newer_one(),
        a_question_that_a_credit_overtook(),
        the_end_of_a_log_that_came_too_early(),
        a_clock_that_jumps_before_the_welcome(),
    ]
}

/// The hub probes the edge's older session, so the edge's Hello waits for seconds.
fn a_clock_that_jumps_before_the_welcome() -> Scenario {
    Schedule::new()
        .fault(3_000, FaultKind::PowerCut, SOUTH_2, 500)
        .hub_jumps_ahead(4_500, 20)
        .tablet(12_000, CUSTOMER, Publish, order(1, 1))
        .shows(
            "a_clock_that_jumps_before_the_welcome",
            "a hub's clock that jumps ahead while a session begins kills nobody's token",
            &[Bug::HelloLate],
        )
}

fn outcomes_of_an_older_session() -> Scenario {
    Schedule::new()
        .catch(
            2_000,
            (SOUTH_2, Side::Edge),
            ("Outcomes", 0),
            OfTheNextSession,
        )
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .shows(
            "outcomes_of_an_older_session",
            "Outcomes that were sent in one session change nothing in the next",
            &[Bug::StandingNotChecked],
        )
}

fn outcomes_the_wrong_way_round() -> Scenario {
    Schedule::new()
        .catch(2_000, (SOUTH_2, Side::Edge), ("Outcomes", 0), Late(1_500))
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .tablet(2_500, CUSTOMER, Publish, order(1, 2))
        .shows(
            "outcomes_the_wrong_way_round",
            "outcomes that leave a gap are passed over, and come again in order",
            &[Bug::OutcomeGapApplied],
        )
}

fn changes_of_an_older_session() -> Scenario {
    Schedule::new()
        .catch(2_000, (SOUTH_2, Side::Edge), ("Down", 0), OfTheNextSession)
        .desk(2_000, DESK_CUSTOMER, Publish, order(1, 1))
        .shows(
            "changes_of_an_older_session",
            "changes of the feed that were sent in one session change nothing in the next",
            &[Bug::StandingNotChecked],
        )
}

fn ops_of_an_older_session() -> Scenario {
    Schedule::new()
        .catch(2_000, (SOUTH_2, Side::Hub), ("Up", 0), OfTheNextSession)
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .shows(
            "ops_of_an_older_session",
            "ops that were sent in one session are not taken in the next",
            &[Bug::TermNotChecked],
        )
}

fn an_older_version_after_a_newer_one() -> Scenario {
    Schedule::new()
        .fault(1_000, FaultKind::BusRepeats, 0, 8_000)
        .fault(1_000, FaultKind::BusDown, 0, 6_000)
        .desk(2_000, DESK_CUSTOMER, Publish, order(1, 1))
        .desk(4_000, DESK_ADMIN, Approve, order(1, 1))
        .shows(
            "an_older_version_after_a_newer_one",
            "the bus brings an order's versions the wrong way round, and the newest stays",
            &[Bug::FeedTakesOlder],
        )
}

/// The hub requests the missing ops, and its credit for them overtakes the request.
fn a_question_that_a_credit_overtook() -> Scenario {
    Schedule::new()
        .small_batches(2)
        .catch(2_000, (SOUTH_2, Side::Hub), ("Up", 0), Late(400))
        .catch(2_000, (SOUTH_2, Side::Edge), ("Resend", 0), Late(1_500))
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .tablet(2_100, CUSTOMER, Publish, order(1, 2))
        .tablet(2_200, ADMIN, Approve, order(1, 1))
        .shows(
            "a_question_that_a_credit_overtook",
            "an edge that is asked for ops it was credited for does not take its log for broken",
            &[],
        )
}

/// The missing ops are reordered, too, and the log has no later ops.
fn the_end_of_a_log_that_came_too_early() -> Scenario {
    Schedule::new()
        .small_batches(2)
        .catch(2_000, (SOUTH_2, Side::Hub), ("Up", 0), Late(400))
        .catch(2_000, (SOUTH_2, Side::Hub), ("Up", 2), Late(600))
        .tablet(2_000, CUSTOMER, Publish, order(1, 1))
        .tablet(2_100, CUSTOMER, Publish, order(1, 2))
        .shows(
            "the_end_of_a_log_that_came_too_early",
            "the end of a log that was dropped as too early is asked for again",
            &[Bug::ResendIgnored],
        )
}
