//! Finds the photos that commands of this log name.

use journal::JournalError;
use rusqlite::Connection;
use wire::{CommandId, CommandOp, Hash, Op, OrderId, UserId};

use super::Store;

/// A photo as its command names it. It identifies the photo at this edge: people's devices make the
/// ids of commands, so another order may have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedPhoto {
    pub command_id: CommandId,
    pub hash: Hash,
    pub order_id: OrderId,
    pub bytes: u32,
}

impl Store {
    /// `None` unless a command of this person names the photo.
    pub async fn find_named_photo(
        &self,
        command_id: CommandId,
        hash: Hash,
        user: UserId,
    ) -> Result<Option<NamedPhoto>, JournalError> {
        let ops = self.load_ops_of_command(command_id).await?;
        let own = ops.iter().filter(|op| op.actor.user_id == user);
        Ok(own.flat_map(list_photos).find(|named| named.hash == hash))
    }

    /// True if any person's command names it.
    pub async fn names_photo(&self, photo: NamedPhoto) -> Result<bool, JournalError> {
        let ops = self.load_ops_of_command(photo.command_id).await?;
        Ok(ops.iter().flat_map(list_photos).any(|named| named == photo))
    }

    async fn load_ops_of_command(
        &self,
        command_id: CommandId,
    ) -> Result<Vec<CommandOp>, JournalError> {
        self.journal
            .read(move |conn| load_ops_of_command(conn, command_id))
            .await
    }
}

/// One op per person with that command id. Empty once the log has dropped them.
fn load_ops_of_command(
    conn: &Connection,
    command_id: CommandId,
) -> rusqlite::Result<Vec<CommandOp>> {
    const OPS: &str = "SELECT log.bytes FROM commands
        JOIN log ON log.epoch = commands.epoch AND log.seq = commands.seq
        WHERE commands.command_id = ?";
    let mut statement = conn.prepare_cached(OPS)?;
    let mut rows = statement.query([&command_id.as_bytes()[..]])?;
    let mut ops = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob()?;
        if let Ok(Op::Command(op)) = Op::from_bytes(bytes) {
            ops.push(op);
        }
    }
    Ok(ops)
}

fn list_photos(op: &CommandOp) -> impl Iterator<Item = NamedPhoto> {
    let command_id = op.command.id;
    let order_id = op.command.body.order_id();
    let photos = op.command.body.photos().iter();
    photos.map(move |photo| NamedPhoto {
        command_id,
        hash: photo.hash,
        order_id,
        bytes: photo.bytes,
    })
}
