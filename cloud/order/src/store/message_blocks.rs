//! Blocks: people can refuse another person's messages about any order.

use std::collections::BTreeSet;

use platform::{columns, sql::Tx, transact, vals};
use wire::{UnixMillis, UserId};

use super::{Store, StoreError};

columns! {
    /// The blocker gets no messages from the blocked person, about any order.
    struct BlockRow in message_blocks {
        blocker_id: UserId,
        blocked_id: UserId,
        blocked_at: UnixMillis,
    }
}

const BLOCKS_OF: &str =
    "SELECT COUNT(*) FROM message_blocks WHERE blocker_id = ? AND blocked_id = ?";

const BLOCKS_BY: &str = "SELECT blocker_id, blocked_id FROM message_blocks WHERE blocker_id IN (";

const UNBLOCK: &str = "DELETE FROM message_blocks WHERE blocker_id = ? AND blocked_id = ?";

const DELETE_ALL: &str = "DELETE FROM message_blocks WHERE blocker_id = ?";

impl Store {
    pub(super) async fn has_blocked(
        &self,
        blocker: UserId,
        blocked: UserId,
    ) -> Result<bool, StoreError> {
        let values = vals![blocker, blocked];
        let blocks: Option<u64> = self.sql.fetch_optional(BLOCKS_OF, values).await?;
        Ok(blocks.is_some_and(|blocks| blocks > 0))
    }

    /// Blocks the other person of an order, or ends that. A repeat changes nothing.
    pub async fn set_message_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        is_wanted: bool,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        transact!(self.sql, tx => {
            match is_wanted {
                true => block(tx, blocker, blocked, at).await?,
                false => tx.exec(UNBLOCK, vals![blocker, blocked]).await.map(drop)?,
            }
            Ok(())
        })
    }
}

pub(super) async fn block(
    tx: &mut Tx,
    blocker_id: UserId,
    blocked_id: UserId,
    blocked_at: UnixMillis,
) -> Result<(), StoreError> {
    tx.insert_new(BlockRow {
        blocker_id,
        blocked_id,
        blocked_at,
    })
    .await?;
    Ok(())
}

pub(super) async fn is_blocked(
    tx: &mut Tx,
    blocker: UserId,
    blocked: UserId,
) -> Result<bool, StoreError> {
    let blocks: Option<u64> = tx
        .fetch_optional(BLOCKS_OF, vals![blocker, blocked])
        .await?;
    Ok(blocks.is_some_and(|blocks| blocks > 0))
}

/// Reads the blocks among these people, as pairs of blocker and blocked.
pub(super) async fn read_blocks(
    tx: &mut Tx,
    people: &BTreeSet<UserId>,
) -> Result<BTreeSet<(UserId, UserId)>, StoreError> {
    let blocks = tx.all_named::<(UserId, UserId)>(BLOCKS_BY, &[], people, ")");
    let mut blocks: BTreeSet<_> = blocks.await?.into_iter().collect();
    blocks.retain(|(_, blocked)| people.contains(blocked));
    Ok(blocks)
}

/// Ends every block by a deleted person.
pub(super) async fn delete_blocks(tx: &mut Tx, blocker: UserId) -> Result<(), StoreError> {
    tx.exec(DELETE_ALL, vals![blocker]).await?;
    Ok(())
}
