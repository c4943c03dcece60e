//! The seal places of sealed values in sync_db: ops, outcomes, feed changes and waiting accepts,
//! each sealed whole. Hashes and digests stay outside the seal and cover the plain bytes.

use platform::sealing::{DataKeys, SealContext};
use wire::{CommandId, FeedChange, Outcome, Region, UserId};

use super::{Result, decode_stored};
use crate::domain::op::ReceivedOp;

pub(super) fn op_place(edge: &str, epoch: u64, seq: u64) -> SealContext {
    SealContext::for_row("ops.bytes", edge.as_bytes())
        .and_number(epoch)
        .and_number(seq)
}

pub(super) fn outcome_place(edge: &str, epoch: u64, seq: u64) -> SealContext {
    SealContext::for_row("outcomes.bytes", edge.as_bytes())
        .and_number(epoch)
        .and_number(seq)
}

pub(super) fn change_place(region: Region, feed_seq: u64) -> SealContext {
    SealContext::for_row("feed.bytes", region.as_str().as_bytes()).and_number(feed_seq)
}

/// `column` is `asks.command` or `asks.token`. The actor's id and role are stored unsealed.
pub(super) fn ask_place(column: &'static str, command: CommandId, user: UserId) -> SealContext {
    SealContext::of_id(column, command.0).with_part(user.as_bytes())
}

pub(super) const ASK_COMMAND: &str = "asks.command";
pub(super) const ASK_TOKEN: &str = "asks.token";

pub(super) fn read_op(
    keys: &DataKeys,
    edge: &str,
    epoch: u64,
    seq: u64,
    stored: Vec<u8>,
) -> Result<ReceivedOp> {
    Ok(ReceivedOp::read(
        &keys.open(&op_place(edge, epoch, seq), stored)?,
    ))
}

pub(super) fn read_outcome(
    keys: &DataKeys,
    edge: &str,
    epoch: u64,
    seq: u64,
    stored: Vec<u8>,
) -> Result<Outcome> {
    decode_stored(
        &keys.open(&outcome_place(edge, epoch, seq), stored)?,
        "an outcome",
    )
}

pub(super) fn read_change(
    keys: &DataKeys,
    region: Region,
    feed_seq: u64,
    stored: Vec<u8>,
) -> Result<FeedChange> {
    decode_stored(
        &keys.open(&change_place(region, feed_seq), stored)?,
        "a feed change",
    )
}
