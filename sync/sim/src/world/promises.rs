//! Promises checked once everything has arrived: nothing is missing and all views are equal.

use std::collections::BTreeMap;

use engine::view::{ConfirmedOrder, ViewDigest};
use wire::{CommandId, Order, OrderId, Region};

use super::{World, desk::DeskItem};
use crate::{cast, cloud::rights::FIRST_VERSION};

/// Checks all of them and keeps the first broken one.
pub(super) fn check_at_silence(world: &mut World) {
    for e in machines(world) {
        let edge = &world.edges[e];
        world.oracle.edge_is_whole(world.now, e, &edge.file);
        world
            .oracle
            .what_waits_shows_in_the_view(world.now, &edge.file);
    }
    every_command_gets_an_outcome(world);
    what_was_acknowledged_is_decided(world);
    every_message_is_there_once(world);
    no_epoch_outlives_its_rights(world);
    every_op_is_decided_once(world);
    the_feed_skips_nothing(world);
    the_view_equals_the_clouds(world);
    the_digests_are_equal(world);
    the_right_is_seen_alike(world);
    versions_count_the_changes(world);
    world
        .oracle
        .lists_what_was_decided(world.now, &world.sync_db, &world.order_db);
}

/// 4. Every person can read the outcome of every command.
fn every_command_gets_an_outcome(world: &mut World) {
    let at = world.now;
    for (t, tablet) in world.tablets.iter().enumerate() {
        if tablet.is_gone {
            continue;
        }
        let unread = tablet
            .items
            .iter()
            .find(|item| !item.is_decided && item.not_taken.is_none());
        let unread = unread.map(|item| item.id);
        world.oracle.check(
            at,
            "every_command_gets_an_outcome",
            unread.is_none(),
            || format!("tablet {t} has heard nothing final of command {unread:?}"),
        );
    }
    for e in machines(world) {
        let file = &world.edges[e].file;
        let open = file
            .commands
            .durable()
            .values()
            .find(|stored| stored.outcome.is_none());
        let open = open.map(|stored| stored.head.seq);
        world
            .oracle
            .check(at, "every_command_gets_an_outcome", open.is_none(), || {
                format!("op {open:?} of {} has no outcome", file.book.read().edge_id)
            });
    }
    let unanswered = world.desk.items.iter().find(|asking| !asking.is_answered);
    let unanswered = unanswered.map(|asking| asking.id);
    world.oracle.check(
        at,
        "every_command_gets_an_outcome",
        unanswered.is_none(),
        || format!("the portal has no answer to {unanswered:?}"),
    );
}

/// 1. Every command with a receipt is decided, even if its person is gone. The exception: a restore
///    removed it together with every party that had seen it.
fn what_was_acknowledged_is_decided(world: &mut World) {
    let at = world.now;
    let decided = |id: &CommandId| {
        world
            .order_db
            .commands
            .range((*id, None)..)
            .next()
            .is_some_and(|((of, _), _)| of == id)
    };
    let open = world
        .oracle
        .acknowledged
        .difference(&world.oracle.may_be_lost);
    let open = open.copied().find(|id| !decided(id));
    world
        .oracle
        .check(at, "acknowledged_is_never_lost", open.is_none(), || {
            format!("command {open:?} was acknowledged, and is not decided")
        });
}

/// 1, 4. Every message that was sent is at its order once, and no refused one is.
fn every_message_is_there_once(world: &mut World) {
    let at = world.now;
    for tablet in &world.tablets {
        for item in &tablet.items {
            world
                .oracle
                .message_is_there(at, &world.order_db, item.id, tablet.actor, &item.body);
        }
    }
    for asking in &world.desk.items {
        let DeskItem {
            id, actor, body, ..
        } = asking;
        world
            .oracle
            .message_is_there(at, &world.order_db, *id, *actor, body);
    }
}

/// 3. No edge continues in an epoch whose rights were taken back: it could never get a grant again.
fn no_epoch_outlives_its_rights(world: &mut World) {
    let at = world.now;
    for e in 0..cast::MACHINE_COUNT {
        let epoch = world.sync_db.edges[e].epoch;
        let ended = world
            .order_db
            .rights
            .ended_epochs
            .get(&cast::edge(e))
            .copied();
        world.oracle.check(
            at,
            "no_epoch_outlives_its_rights",
            ended < Some(epoch),
            || format!("edge {e} is in epoch {epoch}, and the rights of {ended:?} are over"),
        );
    }
}

/// 4. Every op of an epoch's log has one outcome at the hub, numbered without gaps.
fn every_op_is_decided_once(world: &mut World) {
    let at = world.now;
    for m in machines(world) {
        let id = world.edges[m].id;
        let head = world.edges[m].file.book.read().head.seq;
        let row = &world.sync_db.edges[id];
        let dense = row.outcomes.keys().copied().eq(1..=head);
        let mut seqs: Vec<u64> = row.outcomes.values().map(|outcome| outcome.seq).collect();
        seqs.sort_unstable();
        let whole = seqs.into_iter().eq(1..=head);
        world
            .oracle
            .check(at, "every_op_is_decided_once", dense && whole, || {
                format!(
                    "edge {id} has {} outcomes for {head} ops",
                    row.outcomes.len()
                )
            });
    }
}

fn machines(world: &World) -> Vec<usize> {
    (0..cast::MACHINE_COUNT)
        .filter(|&m| world.edges[m].is_there)
        .collect()
}

/// 6. The feed itself delivered every order's newest version to every edge.
fn the_feed_skips_nothing(world: &mut World) {
    let at = world.now;
    for e in machines(world) {
        let file = &world.edges[e].file;
        let skipped = of_region(world, cast::region(e)).into_iter().find(|order| {
            let row = file.orders.read(&order.id);
            let newest = (order.version, order.version);
            row.is_none_or(|row| (row.order.version, row.feed_version) != newest)
        });
        let skipped = skipped.map(|order| (order.id, order.version));
        world
            .oracle
            .check(at, "the_feed_skips_nothing", skipped.is_none(), || {
                format!("the feed did not bring {skipped:?} to edge {e}")
            });
    }
}

/// 7. When links heal, every edge's view of its region equals the cloud's.
fn the_view_equals_the_clouds(world: &mut World) {
    let at = world.now;
    for e in machines(world) {
        let there: BTreeMap<OrderId, &Order> = of_region(world, cast::region(e))
            .into_iter()
            .map(|order| (order.id, order))
            .collect();
        let rows = world.edges[e].file.orders.durable();
        let here: BTreeMap<OrderId, &Order> =
            rows.iter().map(|(id, row)| (*id, &row.order)).collect();
        let equal = here == there;
        let here = here.len();
        let there = there.len();
        world
            .oracle
            .check(at, "the_view_equals_the_clouds", equal, || {
                format!("edge {e} sees {here} orders, the cloud has {there}, and they differ")
            });
    }
}

/// 7. The stored digests match their rows.
fn the_digests_are_equal(world: &mut World) {
    let at = world.now;
    for e in machines(world) {
        let region = cast::region(e);
        let mut counted = ViewDigest::default();
        for order in of_region(world, region) {
            let row = ConfirmedOrder {
                order: order.clone(),
                feed_version: order.version,
            };
            counted.replace_row(None, Some(&row));
        }
        let edge = world.edges[e].file.book.read().tally;
        let hub = world.sync_db.region(region).map(|row| row.digest);
        let equal = edge == counted && hub == Some(counted.digest);
        world.oracle.check(at, "the_digests_are_equal", equal, || {
            format!("edge {e}: {edge:?}, the hub {hub:?}, the orders {counted:?}")
        });
    }
}

/// 7. Every edge has its region's policy and holder, and none believes it holds a right it lacks.
fn the_right_is_seen_alike(world: &mut World) {
    let at = world.now;
    for e in machines(world) {
        let region = cast::region(e);
        let lease = &world.edges[e].file.book.read().lease;
        let there = &world.order_db.rights;
        let word = there
            .regions
            .get(&region)
            .map(|now| there.told(region, now));
        // A right that never changed is never sent.
        let told = word.filter(|word| word.policy_version > FIRST_VERSION);
        let same = told.is_none_or(|word| word == lease.assignment) && lease.held.is_none();
        let held = lease.held;
        world.oracle.check(at, "the_right_is_seen_alike", same, || {
            format!("edge {e} holds {held:?}, or has not heard how {region} assigns")
        });
    }
}

/// 2. An order has as many versions as commands that changed it.
fn versions_count_the_changes(world: &mut World) {
    let at = world.now;
    let wrong = world
        .order_db
        .orders
        .values()
        .map(|standing| &standing.order)
        .find(|order| world.oracle.versions.get(&order.id) != Some(&order.version));
    let wrong = wrong.map(|order| (order.id, order.version));
    world
        .oracle
        .check(at, "takes_effect_at_most_once", wrong.is_none(), || {
            format!("order and version {wrong:?} do not fit the changes that were made")
        });
}

fn of_region(world: &World, region: Region) -> Vec<&Order> {
    let orders = world
        .order_db
        .orders
        .values()
        .map(|standing| &standing.order);
    orders.filter(|order| order.location == region).collect()
}
