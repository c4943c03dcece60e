//! Refuses the photos of an erased order, and lists the files to remove with them.
//!
//! Invariant: a photo that has not come yet is refused too, so that no edge brings it later.

use platform::{
    sql::{Columns, Statement, Tx, Val},
    vals,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{Code, Hash, OrderId, PhotoRef, UnixMillis, UserId};

use super::{DELETE_CHUNKS, NamedPhoto, PhotoName, PhotoPurpose, PhotoRow, first_row};
use crate::store::{Store, StoreError};

const UNSETTLED: &str = "SELECT id FROM order_photos WHERE order_id = ? AND settled_at IS NULL";

const REFUSE: &str = "UPDATE order_photos SET settled_at = ?, refused = ? WHERE order_id = ? \
    AND refused IS NULL";

const OF_MESSAGES: &str = " AND owner_id = ? AND in_message = ?";

const UNUSED: &str = "WHERE order_id = ? AND refused = ? AND id > ? AND NOT EXISTS (SELECT 1 FROM \
    order_photos AS other WHERE other.owner_id = order_photos.owner_id \
    AND other.hash = order_photos.hash AND other.in_message = order_photos.in_message \
    AND other.refused IS NULL) ORDER BY id LIMIT ?";

const USES: &str = "SELECT id FROM order_photos WHERE owner_id = ? AND hash = ? \
    AND in_message = ? AND refused IS NULL LIMIT 1";

/// A photo with a file that may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedPhoto {
    pub id: Uuid,
    pub name: PhotoName,
    pub owner: UserId,
}

/// The photos of an order that an erasure refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum PhotosToErase {
    All,
    /// Those of this person's messages.
    OfMessages(UserId),
}

impl PhotosToErase {
    /// Restricts the statement, which ends with a condition on photos, to these photos.
    fn restrict(self, text: &'static str, values: &mut Vec<Val>) -> Statement {
        let text = Statement::new(text);
        match self {
            Self::All => text,
            Self::OfMessages(writer) => {
                values.extend(vals![writer, true]);
                text.append_text(OF_MESSAGES)
            }
        }
    }
}

/// Refuses photos of an order, including the named ones that have not come. The caller locks the
/// order. Returns the number of photos that were not refused before.
pub(in crate::store) async fn erase_photos(
    tx: &mut Tx,
    order_id: OrderId,
    which: PhotosToErase,
    named: &[NamedPhoto],
    clock: &Clock,
    now: UnixMillis,
) -> Result<u64, StoreError> {
    for one in named {
        let row = first_row(clock.new_id(), now, order_id, one);
        tx.insert_new(row).await?;
    }
    let mut values = vals![order_id];
    let text = which.restrict(UNSETTLED, &mut values);
    let unsettled: Vec<Uuid> = tx.fetch_all(text, values).await?;
    for id in unsettled {
        tx.exec(DELETE_CHUNKS, vals![id]).await?;
    }
    let mut values = vals![now, Code::AuthorDeleted, order_id];
    let text = which.restrict(REFUSE, &mut values);
    Ok(tx.exec(text, values).await?)
}

impl Store {
    /// Up to `limit` erased photos of an order after `after`, if no other photo of the owner needs
    /// the file.
    pub async fn list_erased_photos(
        &self,
        order_id: OrderId,
        after: Uuid,
        limit: usize,
    ) -> Result<Vec<ErasedPhoto>, StoreError> {
        let values = vals![order_id, Code::AuthorDeleted, after, limit];
        let rows: Vec<PhotoRow> = self.sql.fetch_all(PhotoRow::select(UNUSED), values).await?;
        let photos = rows.into_iter().map(|row| ErasedPhoto {
            id: row.id,
            name: PhotoName {
                order_id: row.order_id,
                command_id: row.command_id,
                photo: PhotoRef {
                    hash: row.hash,
                    bytes: row.bytes,
                },
            },
            owner: row.owner_id,
        });
        Ok(photos.collect())
    }

    /// True if a photo that is not refused needs the file.
    pub async fn is_photo_file_used(
        &self,
        owner: UserId,
        purpose: PhotoPurpose,
        hash: Hash,
    ) -> Result<bool, StoreError> {
        let in_message = purpose == PhotoPurpose::Message;
        let values = vals![owner, hash, in_message];
        let used: Option<Uuid> = self.sql.fetch_optional(USES, values).await?;
        Ok(used.is_some())
    }
}
