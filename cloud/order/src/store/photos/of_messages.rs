//! The photos of messages: who sent them, and which have arrived.
//!
//! Invariant: a photo is of a message only if the message itself names it, so it goes with the
//! message even if a photo of the work has the same bytes.

use std::collections::BTreeMap;

use platform::{
    row,
    sql::{Columns, Tx},
    vals,
};
use uuid::Uuid;
use wire::{Actor, CommandId, Hash, OrderId, PhotoRef, UserId};

use super::{NamedPhoto, PhotoArrival, PhotoName, PhotoRow};
use crate::store::{MessageRow, Store, StoreError, messages::restrict_to_reader};

row! {
    /// A message without its text, which nothing here needs to open.
    struct NamingRow in order_messages {
        id: Uuid,
        provider_id: UserId,
        from_provider: bool,
        photo_hash: Option<Hash>,
        photo_bytes: Option<u32>,
    }
}

impl NamingRow {
    fn writer(&self, customer: UserId) -> UserId {
        match self.from_provider {
            true => self.provider_id,
            false => customer,
        }
    }
}

/// Writers with the same message id: one on each side.
const NAMESAKES_MAX: usize = 2;

/// More than both sides of an order and its earlier providers may have written.
const MESSAGES_MAX: usize = 10_000;

/// The arrivals of photos by the message and the hash that it names.
pub type MessagePhotoArrivals = BTreeMap<(CommandId, Hash), PhotoArrival>;

impl Store {
    /// The writer of the message that names this photo.
    pub(super) async fn find_message_photo_writer(
        &self,
        name: &PhotoName,
    ) -> Result<Option<UserId>, StoreError> {
        let text = NamingRow::select(
            "WHERE order_id = ? AND from_provider IN (?, ?) AND id = ? AND photo_hash = ? \
             AND photo_bytes = ? LIMIT ?",
        );
        let photo = name.photo;
        let mut values = vals![name.order_id, true, false, name.command_id];
        values.extend(vals![photo.hash, photo.bytes, NAMESAKES_MAX]);
        let messages: Vec<NamingRow> = self.sql.fetch_all(text, values).await?;
        let Some(message) = messages.first() else {
            return Ok(None);
        };
        let order = self.find_order(name.order_id).await?;
        Ok(order.map(|order| message.writer(order.customer_id)))
    }

    /// A message of an order. If a person reads it, only one that they may read among those of an
    /// order of theirs.
    pub async fn find_message(
        &self,
        order_id: OrderId,
        number: u64,
        reader: Option<Actor>,
    ) -> Result<Option<MessageRow>, StoreError> {
        let mut values = vals![order_id, number];
        let mut text = MessageRow::select("WHERE order_id = ? AND number = ?");
        if let Some(reader) = reader {
            text = restrict_to_reader(text, &mut values, reader);
        }
        Ok(self.sql.fetch_optional(text, values).await?)
    }

    /// Which of the photos of these messages of an order have come or were refused.
    pub async fn list_message_photo_arrivals(
        &self,
        order_id: OrderId,
        messages: &[MessageRow],
    ) -> Result<MessagePhotoArrivals, StoreError> {
        let with_photo = messages.iter().filter(|message| message.photo().is_some());
        let ids: Vec<Uuid> = with_photo.map(|message| message.id).collect();
        if ids.is_empty() {
            return Ok(MessagePhotoArrivals::new());
        }
        let text = PhotoRow::select("WHERE order_id = ? AND in_message = ? AND command_id IN (")
            .append_repeated("?", ", ", ids.len())
            .append_text(")");
        let mut values = vals![order_id, true];
        values.extend(ids.into_iter().map(Into::into));
        let rows: Vec<PhotoRow> = self.sql.fetch_all(text, values).await?;
        let mut arrivals = MessagePhotoArrivals::new();
        for row in rows {
            arrivals.insert((row.command_id, row.hash), row.arrival()?);
        }
        Ok(arrivals)
    }
}

/// The photos that messages of an order name: of one provider's own, or of all if `writer` is
/// `None`. The caller locks the order.
pub(in crate::store) async fn list_named_by_messages(
    tx: &mut Tx,
    order_id: OrderId,
    customer: UserId,
    writer: Option<UserId>,
) -> Result<Vec<NamedPhoto>, StoreError> {
    let mut values = vals![order_id];
    let mut text = NamingRow::select("WHERE order_id = ? AND photo_hash IS NOT NULL");
    if let Some(writer) = writer {
        text = text.append_text(" AND provider_id = ? AND from_provider = ?");
        values.extend(vals![writer, true]);
    }
    values.push(MESSAGES_MAX.into());
    let text = text.append_text(" LIMIT ?");
    let messages: Vec<NamingRow> = tx.fetch_all(text, values).await?;
    let named = messages.into_iter().filter_map(|message| {
        Some(NamedPhoto {
            command_id: CommandId(message.id),
            photo: PhotoRef {
                hash: message.photo_hash?,
                bytes: message.photo_bytes?,
            },
            owner: message.writer(customer),
            in_message: true,
        })
    });
    Ok(named.collect())
}
