//! Snapshots of a region, and the findings of anti-entropy.

use super::{
    Scenario, Schedule,
    schedule::{DESK_ADMIN, DESK_CUSTOMER, P1, SOUTH_1, open, order},
};
use crate::{
    Bug, FaultKind,
    plan::{FrameFate::*, Intent::*, Side},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        an_edge_that_was_away_for_too_long(),
        an_image_beside_what_waits(),
        an_image_behind_an_outcome(),
        an_image_that_goes_on_while_the_region_changes(),
        an_image_behind_a_part_of_another(),
        an_image_over_two_sessions(),
        a_tombstone_on_its_way(),
        a_tombstone_for_an_older_file(),
        an_order_gone_from_a_view(),
        an_order_that_only_an_outcome_has_brought(),
        an_event_that_is_lost(),
        a_repair_that_comes_too_late(),
    ]
}

fn an_edge_that_was_away_for_too_long() -> Scenario {
    open(Schedule::new(), 1)
        .fault(3_000, FaultKind::StrangeOrder, SOUTH_1, 0)
        .fault(4_000, FaultKind::Partition, SOUTH_1, 40_000)
        .desk(17_000, DESK_CUSTOMER, Publish, order(1, 2))
        .fault(32_000, FaultKind::Compaction, 0, 0)
        .shows(
            "an_edge_that_was_away_for_too_long",
            "an edge that was away until a feed forgot what left its region takes an image",
            &[Bug::TombstoneForgotten],
        )
}

fn an_image_beside_what_waits() -> Scenario {
    open(Schedule::new(), 1)
        .fault(9_000, FaultKind::Partition, SOUTH_1, 10_000)
        .catch(9_500, (SOUTH_1, Side::Hub), ("Up", 0), Late(20_000))
        .tablet(12_000, P1, Accept, order(1, 1))
        .fault(13_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .shows(
            "an_image_beside_what_waits",
            "an image takes nothing from what waits for the cloud",
            &[Bug::ImageDropsOverlay],
        )
}

fn an_image_behind_an_outcome() -> Scenario {
    open(Schedule::new(), 1)
        .fault(5_000, FaultKind::BusDown, 0, 20_000)
        .tablet(6_000, P1, Accept, order(1, 1))
        .fault(8_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .shows(
            "an_image_behind_an_outcome",
            "what an outcome has brought ahead of an image stays",
            &[Bug::ImageLowers],
        )
}

/// Its second chunk is late, so the last one is read late.
fn an_image_that_goes_on_while_the_region_changes() -> Scenario {
    let published = (1..=24).fold(Schedule::new(), |schedule, n| {
        schedule.desk(1_000 + 100 * n, DESK_CUSTOMER, Publish, order(1, n))
    });
    let approved = (21..=24).fold(published, |schedule, n| {
        schedule.desk(2_000 + 500 * n, DESK_ADMIN, Approve, order(1, n))
    });
    approved
        .catch(9_000, (SOUTH_1, Side::Edge), ("Snapshot", 1), Late(6_000))
        .fault(10_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .shows(
            "an_image_that_goes_on_while_the_region_changes",
            "all chunks of an image are as of one number, however late they are read",
            &[Bug::ImageMixed],
        )
}

fn an_image_behind_a_part_of_another() -> Scenario {
    let published = (1..=6).fold(Schedule::new(), |schedule, n| {
        schedule.desk(1_000 + 100 * n, DESK_CUSTOMER, Publish, order(1, n))
    });
    published
        .fault(3_000, FaultKind::StrangeOrder, SOUTH_1, 0)
        .catch(5_000, (SOUTH_1, Side::Edge), ("Snapshot", 1), Late(60_000))
        .fault(6_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .fault(9_000, FaultKind::Partition, SOUTH_1, 20_000)
        .fault(18_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .shows(
            "an_image_behind_a_part_of_another",
            "of an image that another one takes the place of nothing is kept",
            &[Bug::StagedKept],
        )
}

fn an_image_over_two_sessions() -> Scenario {
    let published = (1..=24).fold(Schedule::new(), |schedule, n| {
        schedule.desk(1_000 + 100 * n, DESK_CUSTOMER, Publish, order(1, n))
    });
    published
        .catch(5_000, (SOUTH_1, Side::Edge), ("Snapshot", 1), Late(60_000))
        .fault(6_000, FaultKind::FeedAnew, SOUTH_1, 0)
        .fault(9_000, FaultKind::Cut, SOUTH_1, 0)
        .shows(
            "an_image_over_two_sessions",
            "an edge that lost its link within an image goes on from what it has of it",
            &[],
        )
}

fn a_tombstone_on_its_way() -> Scenario {
    open(Schedule::new(), 1)
        .fault(3_000, FaultKind::StrangeOrder, SOUTH_1, 0)
        .catch(15_000, (SOUTH_1, Side::Edge), ("Down", 0), Late(6_000))
        .desk(16_000, DESK_CUSTOMER, Publish, order(1, 2))
        .fault(17_000, FaultKind::Compaction, 0, 0)
        .shows(
            "a_tombstone_on_its_way",
            "what has left a region is told until every edge in reach has heard it",
            &[Bug::CompactionPassesLive],
        )
}

/// Its first frames after that are late, and so are the replies.
fn a_tombstone_for_an_older_file() -> Scenario {
    open(Schedule::new(), 1)
        .fault(3_000, FaultKind::StrangeOrder, SOUTH_1, 0)
        .desk(16_000, DESK_CUSTOMER, Publish, order(1, 2))
        .restore(20_000, FaultKind::MachineRestored, SOUTH_1, 13_000)
        .catch(20_500, (SOUTH_1, Side::Hub), ("Ack", 0), Late(6_000))
        .catch(20_500, (SOUTH_1, Side::Edge), ("Down", 0), Late(6_000))
        .fault(23_000, FaultKind::Compaction, 0, 0)
        .shows(
            "a_tombstone_for_an_older_file",
            "an edge whose file was put back is waited for from where that file had read to",
            &[Bug::CursorOfOlderFile],
        )
}

fn an_order_gone_from_a_view() -> Scenario {
    open(Schedule::new(), 1)
        .fault(5_000, FaultKind::ViewDamaged, SOUTH_1, 0)
        .shows(
            "an_order_gone_from_a_view",
            "an edge whose view is not the cloud's gets an image",
            &[Bug::DigestNotCompared],
        )
}

/// The digests agree, and yet no grant would agree with that view.
fn an_order_that_only_an_outcome_has_brought() -> Scenario {
    open(Schedule::new(), 1)
        .feed_forgotten(5_000, SOUTH_1)
        .shows(
            "an_order_that_only_an_outcome_has_brought",
            "an edge that is ahead of a feed which it has read, and which has all, gets an image",
            &[Bug::AheadNotCompared],
        )
}

fn an_event_that_is_lost() -> Scenario {
    Schedule::new()
        .fault(1_900, FaultKind::EventsLost, 0, 0)
        .desk(2_000, DESK_CUSTOMER, Publish, order(1, 1))
        .shows(
            "an_event_that_is_lost",
            "what was lost between order service and hub is found and repaired",
            &[Bug::OwnerNotCompared],
        )
}

/// The hub fetches a lost order from its owner, and the next version arrives before the answer.
fn a_repair_that_comes_too_late() -> Scenario {
    Schedule::new()
        .fault(1_900, FaultKind::EventsLost, 0, 0)
        .desk(2_000, DESK_CUSTOMER, Publish, order(1, 1))
        .desk(15_010, DESK_ADMIN, Approve, order(1, 1))
        .shows(
            "a_repair_that_comes_too_late",
            "a repair takes nothing back that has arrived meanwhile",
            &[Bug::RepairLowers],
        )
}
