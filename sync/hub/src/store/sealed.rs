//! The places of what sync_db keeps sealed: ops, outcomes, changes of feeds and waiting accepts,
//! each whole. Hashes and digests stand beside them and are over the plain bytes.

use platform::sealing::{DataKeys, SealPlace};
use wire::{Change, CommandId, Outcome, Region, UserId};

use super::{Result, decoded};
use crate::domain::op::ReceivedOp;

pub(super) fn op_place(edge: &str, epoch: u64, seq: u64) -> SealPlace {
    SealPlace::of("ops.bytes", edge.as_bytes()).and_number(epoch).and_number(seq)
}

pub(super) fn outcome_place(edge: &str, epoch: u64, seq: u64) -> SealPlace {
    SealPlace::of("outcomes.bytes", edge.as_bytes()).and_number(epoch).and_number(seq)
}

pub(super) fn change_place(region: Region, feed_seq: u64) -> SealPlace {
    SealPlace::of("feed.bytes", region.as_str().as_bytes()).and_number(feed_seq)
}

/// Of the columns `command` and `token`, by their names in the table. The actor's id and role stand
/// plain.
pub(super) fn ask_place(column: &'static str, command: CommandId, user: UserId) -> SealPlace {
    SealPlace::of_id(column, command.0).and(user.as_bytes())
}

pub(super) const ASK_COMMAND: &str = "asks.command";
pub(super) const ASK_TOKEN: &str = "asks.token";

/// The op that stands at that place of an edge's log.
pub(super) fn read_op(
    keys: &DataKeys,
    (edge, epoch, seq): (&str, u64, u64),
    stored: Vec<u8>,
) -> Result<ReceivedOp> {
    Ok(ReceivedOp::read(&keys.open(&op_place(edge, epoch, seq), stored)?))
}

pub(super) fn read_outcome(
    keys: &DataKeys,
    (edge, epoch, seq): (&str, u64, u64),
    stored: Vec<u8>,
) -> Result<Outcome> {
    decoded(&keys.open(&outcome_place(edge, epoch, seq), stored)?, "an outcome")
}

pub(super) fn read_change(
    keys: &DataKeys,
    (region, feed_seq): (Region, u64),
    stored: Vec<u8>,
) -> Result<Change> {
    decoded(&keys.open(&change_place(region, feed_seq), stored)?, "a change of the feed")
}
