//! Reads the photos that the history of an order names, in its publication, starts and completions,
//! and finds out what names a photo that comes.

use std::collections::BTreeMap;

use platform::{files::FileKey, row, sql::Columns, vals};
use wire::{Action, CommandId, Hash, OrderId, PhotoRef, UserId, WorkEvidence, words};

use super::{PhotoArrival, PhotoName, PhotoRow, select_photo};
use crate::store::{Store, StoreError, timeline_rows::TIMELINE};

row! {
    struct EvidenceRow in order_timeline sealed by TIMELINE {
        order_id: OrderId,
        command_id: CommandId,
        actor_id: UserId,
        action: Option<Action>,
        evidence: Option<String>,
    }
}

/// A photo that a line of the history or a message names, with its author.
pub(in crate::store) struct NamedPhoto {
    pub command_id: CommandId,
    pub photo: PhotoRef,
    pub owner: UserId,
    pub in_message: bool,
}

/// True for the publication, and for an entry of work on the order. An attempt that changed nothing
/// counts if the order's provider made it, or a provider to whom an edge had promised the order in
/// vain. Otherwise anyone could put photos at any order.
const NAMES_PHOTOS: &str = "(from_status IS NULL OR from_status <> to_status OR actor_id = \
    (SELECT provider_id FROM orders WHERE orders.id = order_timeline.order_id) OR EXISTS \
    (SELECT 1 FROM order_timeline AS promised WHERE promised.order_id = order_timeline.order_id \
    AND promised.actor_id = order_timeline.actor_id AND promised.action = 'accept' \
    AND promised.promise_edge IS NOT NULL AND promised.from_status = promised.to_status))";

const PUBLISHED: &str = "SELECT command_id FROM order_timeline WHERE order_id = ? \
    AND command_id = ? AND actor_id = ? AND from_status IS NULL LIMIT 1";

const DECIDED: &str = "SELECT command_id FROM commands WHERE command_id = ? LIMIT 1";

/// The oldest entries with evidence whose photos are shown, so that later ones cannot hide them.
const ENTRIES_MAX: usize = 500;

/// Entries of one command. People rarely have equal command ids.
const NAMESAKES_MAX: usize = 16;

/// Photos of an order that were sent.
const PHOTOS_MAX: usize = 2_000;

words! {
    /// When a photo was taken.
    PhotoMoment {
        /// Before the order was published: it shows the job.
        Job "job",
        /// At the start.
        Before "before",
        /// At the completion.
        After "after",
    }
}

/// A photo that an entry of an order's history names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPhoto {
    pub command_id: CommandId,
    pub photo: PhotoRef,
    pub taken: PhotoMoment,
    pub arrival: PhotoArrival,
}

words! {
    /// The subject of an order's photo.
    PhotoPurpose {
        /// The job, as its customer published it.
        Job "job",
        /// The work, begun or done.
        Work "work",
        /// What a message is about.
        Message "message",
    }
}

impl PhotoPurpose {
    /// The place of a photo in the file store.
    pub fn build_file_key(self, owner: UserId, hash: Hash) -> FileKey {
        FileKey {
            owner,
            purpose: self.as_str().to_owned(),
            content: hash.to_string(),
        }
    }
}

/// The result of a search for a sent photo in the history and the messages.
pub(super) enum PhotoNaming {
    Named(NamedPhoto),
    NotNamed,
    /// The command is not decided yet, or this version cannot read its evidence.
    Unknown,
}

impl PhotoName {
    fn named_by(&self, owner: UserId, in_message: bool) -> PhotoNaming {
        PhotoNaming::Named(NamedPhoto {
            command_id: self.command_id,
            photo: self.photo,
            owner,
            in_message,
        })
    }
}

impl Store {
    pub(super) async fn find_photo_naming(
        &self,
        name: &PhotoName,
    ) -> Result<PhotoNaming, StoreError> {
        // Its first chunk has passed the checks below. The history only grows, and the photo of an
        // erased message is refused.
        let (text, values) = select_photo(name);
        let begun: Option<PhotoRow> = self.sql.fetch_optional(text, values).await?;
        if let Some(photo) = begun {
            return Ok(name.named_by(photo.owner_id, photo.in_message));
        }
        // In this order: a decision that commits in between has its entry then.
        let decided: Option<CommandId> = self
            .sql
            .fetch_optional(DECIDED, vals![name.command_id])
            .await?;
        let text = EvidenceRow::select("WHERE order_id = ? AND command_id = ? AND ")
            .append_text(NAMES_PHOTOS)
            .append_text(" LIMIT ?");
        let values = vals![name.order_id, name.command_id, NAMESAKES_MAX];
        let entries: Vec<EvidenceRow> = self.sql.fetch_all(text, values).await?;
        let mut is_unreadable = false;
        for entry in entries {
            match entry.photos() {
                Some(photos) if photos.contains(&name.photo) => {
                    return Ok(name.named_by(entry.actor_id, false));
                }
                Some(_) => {}
                None => is_unreadable = true,
            }
        }
        if let Some(writer) = self.find_message_photo_writer(name).await? {
            return Ok(name.named_by(writer, true));
        }
        if decided.is_none() || is_unreadable {
            return Ok(PhotoNaming::Unknown);
        }
        Ok(PhotoNaming::NotNamed)
    }

    /// The command that published the order names the photos of the job; later ones name photos of
    /// the work. The photo of a message is known as such from its first chunk on.
    pub async fn find_photo_purpose(
        &self,
        name: &PhotoName,
        owner: UserId,
    ) -> Result<PhotoPurpose, StoreError> {
        let (text, values) = select_photo(name);
        let begun: Option<PhotoRow> = self.sql.fetch_optional(text, values).await?;
        if begun.is_some_and(|photo| photo.in_message) {
            return Ok(PhotoPurpose::Message);
        }
        let values = vals![name.order_id, name.command_id, owner];
        let published: Option<CommandId> = self.sql.fetch_optional(PUBLISHED, values).await?;
        Ok(match published {
            Some(_) => PhotoPurpose::Job,
            None => PhotoPurpose::Work,
        })
    }

    /// The photos that the history of an order names, in its order.
    pub async fn list_order_photos(&self, id: OrderId) -> Result<Vec<OrderPhoto>, StoreError> {
        let text = EvidenceRow::select("WHERE order_id = ? AND evidence IS NOT NULL AND ")
            .append_text(NAMES_PHOTOS)
            .append_text(" ORDER BY id LIMIT ?");
        let entries: Vec<EvidenceRow> = self.sql.fetch_all(text, vals![id, ENTRIES_MAX]).await?;
        let text = PhotoRow::select("WHERE order_id = ? LIMIT ?");
        let rows: Vec<PhotoRow> = self.sql.fetch_all(text, vals![id, PHOTOS_MAX]).await?;
        let mut arrivals = BTreeMap::new();
        for row in rows {
            let key = (row.command_id, row.hash, row.bytes);
            arrivals.insert(key, row.arrival()?);
        }
        let mut photos: Vec<OrderPhoto> = Vec::new();
        for entry in entries {
            for photo in entry.photos().unwrap_or_default() {
                let key = (entry.command_id, photo.hash, photo.bytes);
                let listed = OrderPhoto {
                    command_id: entry.command_id,
                    photo,
                    taken: entry.moment(),
                    arrival: arrivals.get(&key).copied().unwrap_or(PhotoArrival::Awaited),
                };
                // People with equal command ids may name the same photo.
                if !photos.contains(&listed) {
                    photos.push(listed);
                }
            }
        }
        Ok(photos)
    }
}

impl EvidenceRow {
    /// `None` if a newer version wrote evidence that this one cannot read.
    fn photos(&self) -> Option<Vec<PhotoRef>> {
        let Some(text) = &self.evidence else {
            return Some(Vec::new());
        };
        let evidence = serde_json::from_str::<WorkEvidence>(text).ok()?;
        Some(evidence.photos)
    }

    fn moment(&self) -> PhotoMoment {
        match self.action {
            None => PhotoMoment::Job,
            Some(Action::Start) => PhotoMoment::Before,
            Some(_) => PhotoMoment::After,
        }
    }
}
