//! Photos of the work and of the job, which the history of an order names, and those of its
//! messages; the bytes of each until the file store has it.
//!
//! Invariants: a chunk is staged only behind the ones before it, under a lock on its photo, so the
//! staged bytes have no gap; a photo that was kept or refused stays so, and has no chunks.

mod erasing;
mod naming;
mod of_messages;

use platform::{
    files::FileKind,
    row,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, Statement, Tx, Val},
    transact, vals,
};
use uuid::Uuid;
use wire::{
    Code, CommandId, Hash, OrderId, PhotoAnswer, PhotoChunkDelivery, PhotoRef, UnixMillis, UserId,
};

pub use erasing::ErasedPhoto;
pub use naming::{OrderPhoto, PhotoMoment, PhotoPurpose};
pub use of_messages::MessagePhotoArrivals;

use super::{Store, StoreError};
use naming::PhotoNaming;

pub(super) use erasing::{PhotosToErase, erase_photos};
pub(super) use naming::NamedPhoto;
pub(super) use of_messages::list_named_by_messages;

const CHUNK_KEY: &[KeyColumn] = &[KeyColumn::Id("photo_id"), KeyColumn::Number("first_byte")];

/// A photo shows people's homes, so its bytes are sealed.
pub(super) const CHUNKS: SealedTable = SealedTable {
    label: "order.photo_chunks",
    name: "photo_chunks",
    key: CHUNK_KEY,
    part: None,
    columns: &[SealedColumn::bytes("body", "photo_chunks.body", CHUNK_KEY)],
};

row! {
    struct PhotoRow in order_photos {
        id: Uuid,
        order_id: OrderId,
        command_id: CommandId,
        hash: Hash,
        bytes: u32,
        owner_id: UserId,
        staged: u32,
        begun_at: UnixMillis,
        settled_at: Option<UnixMillis>,
        kind: Option<String>,
        refused: Option<Code>,
        in_message: bool,
    }
}

row! {
    struct ChunkRow in photo_chunks sealed by CHUNKS {
        photo_id: Uuid,
        first_byte: u32,
        body: Vec<u8>,
    }
}

const APPEND: &str = "UPDATE order_photos SET staged = ? WHERE id = ?";

const KEEP: &str = "UPDATE order_photos SET settled_at = ?, kind = ? WHERE id = ?";

const REFUSE: &str = "UPDATE order_photos SET settled_at = ?, refused = ? WHERE id = ?";

const DELETE_CHUNKS: &str = "DELETE FROM photo_chunks WHERE photo_id = ?";

const UNFINISHED: &str = "SELECT id FROM order_photos WHERE settled_at IS NULL AND begun_at < ? \
    ORDER BY begun_at LIMIT ?";

const DELETE_UNFINISHED: &str = "DELETE FROM order_photos WHERE id = ? AND settled_at IS NULL";

/// The chunks of a photo of the largest size, each of the smallest that is taken.
const CHUNKS_MAX: usize = 5 * 1024;

const UNFINISHED_FOR_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A photo, by the order and the command that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoName {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub photo: PhotoRef,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoArrival {
    Awaited,
    Kept(KeptPhoto),
    Refused(Code),
}

/// A photo that the file store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptPhoto {
    pub owner: UserId,
    pub kind: FileKind,
    pub at: UnixMillis,
}

/// A photo with all its bytes staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholePhoto {
    pub id: Uuid,
    pub owner: UserId,
    pub photo: PhotoRef,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkResult {
    Answered(PhotoAnswer),
    /// The photo now has to be checked and kept, and then settled.
    Whole(WholePhoto),
}

/// How the check of a whole photo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoVerdict {
    Kept(FileKind),
    Refused(Code),
    /// The staged bytes are not the named ones: they have to come again.
    Damaged,
}

impl Store {
    /// Stages a chunk of a photo that the history or a message names. A chunk without bytes only returns how
    /// many are staged.
    pub async fn stage_photo_chunk(
        &self,
        chunk: &PhotoChunkDelivery,
    ) -> Result<ChunkResult, StoreError> {
        let name = PhotoName::from_chunk(chunk);
        let named = match self.find_photo_naming(&name).await? {
            PhotoNaming::Named(named) => named,
            PhotoNaming::NotNamed => {
                let code = Code::PhotoNotNamed;
                return Ok(ChunkResult::Answered(PhotoAnswer::Refused { code }));
            }
            PhotoNaming::Unknown => return Ok(ChunkResult::Answered(PhotoAnswer::Later)),
        };
        let id = self.clock.new_id();
        let begun_at = self.clock.now();
        transact!(self.sql, tx => {
            let mut photo = lock_named_photo(tx, &name).await?;
            let begins = chunk.offset == 0 && !chunk.body.is_empty();
            if photo.is_none() && begins {
                tx.insert_new(first_row(id, begun_at, name.order_id, &named)).await?;
                photo = lock_named_photo(tx, &name).await?;
            }
            match photo {
                Some(photo) => append_chunk(tx, photo, chunk).await,
                None => Ok(ChunkResult::Answered(PhotoAnswer::Stored { bytes: 0 })),
            }
        })
    }

    /// The staged bytes of a photo: fewer if another request has settled it meanwhile.
    pub async fn read_staged_photo(&self, id: Uuid) -> Result<Vec<u8>, StoreError> {
        let text = ChunkRow::select("WHERE photo_id = ? ORDER BY first_byte LIMIT ?");
        let chunks: Vec<ChunkRow> = self.sql.fetch_all(text, vals![id, CHUNKS_MAX]).await?;
        let bodies: Vec<Vec<u8>> = chunks.into_iter().map(|chunk| chunk.body).collect();
        Ok(bodies.concat())
    }

    /// Records the result of a check, unless another request was first. Returns the answer that
    /// stands.
    pub async fn settle_photo(
        &self,
        id: Uuid,
        verdict: PhotoVerdict,
    ) -> Result<PhotoAnswer, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { settle_photo_in(tx, id, verdict, now).await })
    }

    /// Records that the file store has a photo which its owner sent whole, unless it was settled
    /// before. Returns the answer that stands.
    pub async fn record_sent_photo(
        &self,
        name: PhotoName,
        owner: UserId,
        purpose: PhotoPurpose,
        kind: FileKind,
    ) -> Result<PhotoAnswer, StoreError> {
        let named = NamedPhoto {
            command_id: name.command_id,
            photo: name.photo,
            owner,
            in_message: purpose == PhotoPurpose::Message,
        };
        let id = self.clock.new_id();
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let mut photo = lock_named_photo(tx, &name).await?;
            if photo.is_none() {
                tx.insert_new(first_row(id, now, name.order_id, &named)).await?;
                photo = lock_named_photo(tx, &name).await?;
            }
            match photo {
                Some(photo) => settle_photo_in(tx, photo.id, PhotoVerdict::Kept(kind), now).await,
                None => Ok(PhotoAnswer::Later),
            }
        })
    }

    /// Removes up to `limit` photos that did not become whole in a month, with their chunks; their
    /// edges may begin again. Returns the number of checked photos.
    pub async fn remove_unfinished_photos(&self, limit: usize) -> Result<usize, StoreError> {
        let before = self.clock.now().plus_ms(-UNFINISHED_FOR_MS);
        let unfinished: Vec<Uuid> = self.sql.fetch_all(UNFINISHED, vals![before, limit]).await?;
        for id in &unfinished {
            let removed: Result<(), StoreError> = transact!(self.sql, tx => {
                if tx.exec(DELETE_UNFINISHED, vals![*id]).await? == 1 {
                    tx.exec(DELETE_CHUNKS, vals![*id]).await?;
                }
                Ok(())
            });
            removed?;
        }
        Ok(unfinished.len())
    }
}

async fn lock_named_photo(tx: &mut Tx, name: &PhotoName) -> Result<Option<PhotoRow>, StoreError> {
    let (text, values) = select_photo(name);
    let text = lock_rows(tx, text);
    Ok(tx.fetch_optional(text, values).await?)
}

fn select_photo(name: &PhotoName) -> (Statement, Vec<Val>) {
    let text = PhotoRow::select("WHERE order_id = ? AND command_id = ? AND hash = ? AND bytes = ?");
    let PhotoRef { hash, bytes } = name.photo;
    let values = vals![name.order_id, name.command_id, hash, bytes];
    (text, values)
}

/// SQLite has one writer, so no row locks are needed there.
fn lock_rows(tx: &Tx, text: Statement) -> Statement {
    if tx.is_mysql() {
        text.append_text(" FOR UPDATE")
    } else {
        text
    }
}

fn first_row(id: Uuid, begun_at: UnixMillis, order_id: OrderId, named: &NamedPhoto) -> PhotoRow {
    PhotoRow {
        id,
        order_id,
        command_id: named.command_id,
        hash: named.photo.hash,
        bytes: named.photo.bytes,
        owner_id: named.owner,
        staged: 0,
        begun_at,
        settled_at: None,
        kind: None,
        refused: None,
        in_message: named.in_message,
    }
}

/// A chunk from elsewhere in the photo stores nothing: the answer is the offset to continue from.
async fn append_chunk(
    tx: &mut Tx,
    photo: PhotoRow,
    chunk: &PhotoChunkDelivery,
) -> Result<ChunkResult, StoreError> {
    if let Some(answer) = photo.settled_answer() {
        return Ok(ChunkResult::Answered(answer));
    }
    let mut staged = photo.staged;
    if chunk.offset == staged && !chunk.body.is_empty() {
        let length = u32::try_from(chunk.body.len());
        let length = length.map_err(|_| StoreError::Contradiction("a chunk of gigabytes"))?;
        staged += length;
        tx.insert(ChunkRow {
            photo_id: photo.id,
            first_byte: chunk.offset,
            body: chunk.body.clone(),
        })
        .await?;
        tx.exec(APPEND, vals![staged, photo.id]).await?;
    }
    if staged < photo.bytes {
        let answer = PhotoAnswer::Stored { bytes: staged };
        return Ok(ChunkResult::Answered(answer));
    }
    Ok(ChunkResult::Whole(WholePhoto {
        id: photo.id,
        owner: photo.owner_id,
        photo: chunk.photo,
    }))
}

async fn settle_photo_in(
    tx: &mut Tx,
    id: Uuid,
    verdict: PhotoVerdict,
    now: UnixMillis,
) -> Result<PhotoAnswer, StoreError> {
    let text = lock_rows(tx, PhotoRow::select("WHERE id = ?"));
    let Some(photo) = tx.fetch_optional::<PhotoRow>(text, vals![id]).await? else {
        // It was removed as unfinished, and the edge begins again.
        return Ok(PhotoAnswer::Later);
    };
    if let Some(answer) = photo.settled_answer() {
        return Ok(answer);
    }
    tx.exec(DELETE_CHUNKS, vals![id]).await?;
    match verdict {
        PhotoVerdict::Kept(kind) => {
            tx.exec(KEEP, vals![now, kind.as_str(), id]).await?;
            Ok(PhotoAnswer::Stored { bytes: photo.bytes })
        }
        PhotoVerdict::Refused(code) => {
            tx.exec(REFUSE, vals![now, code, id]).await?;
            Ok(PhotoAnswer::Refused { code })
        }
        PhotoVerdict::Damaged => {
            tx.exec(APPEND, vals![0_u32, id]).await?;
            let code = Code::PhotoDamaged;
            Ok(PhotoAnswer::Refused { code })
        }
    }
}

impl PhotoName {
    fn from_chunk(chunk: &PhotoChunkDelivery) -> Self {
        Self {
            order_id: chunk.order_id,
            command_id: chunk.command_id,
            photo: chunk.photo,
        }
    }
}

impl PhotoRow {
    fn settled_answer(&self) -> Option<PhotoAnswer> {
        self.settled_at?;
        Some(match self.refused {
            Some(code) => PhotoAnswer::Refused { code },
            None => PhotoAnswer::Stored { bytes: self.bytes },
        })
    }

    fn arrival(&self) -> Result<PhotoArrival, StoreError> {
        let Some(at) = self.settled_at else {
            return Ok(PhotoArrival::Awaited);
        };
        if let Some(code) = self.refused {
            return Ok(PhotoArrival::Refused(code));
        }
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = FileKind::ALL.into_iter().find(|one| one.as_str() == kind);
        Ok(PhotoArrival::Kept(KeptPhoto {
            owner: self.owner_id,
            kind: kind.ok_or(StoreError::Unreadable("order_photos.kind"))?,
            at,
        }))
    }
}
