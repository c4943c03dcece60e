//! The list of a service's files: owner, purpose, and when each was last uploaded or referenced.
//!
//! Invariants: a file's record exists before its bytes and is deleted after them; deletion checks
//! the record's version, so a concurrent reference saves the file.

use axum::body::Body;
use process::clock::Clock;
use ring::digest;
use serde::{Deserialize, Serialize};
use wire::{FileId, UnixMillis, UserId};

use super::{CheckedFile, FileKey, FileKind, FileRefusal, Files, FilesError};
use crate::documents::{
    Collection, CollectionSchema, Document, DocumentBody, Documents, DocumentsError, Field, Index,
    IndexQuery, millis,
};

#[derive(Clone)]
pub struct FileRegister {
    list: Collection<FileRecord>,
    files: Files,
    clock: Clock,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    pub owner_id: UserId,
    /// The service's name for the use; files of different purposes are stored apart.
    pub purpose: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub content: String,
    pub kind: FileKind,
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// When it was last uploaded, referenced, or found to be referenced.
    #[serde(with = "millis")]
    pub seen_at: UnixMillis,
    /// Its bytes are being deleted.
    #[serde(default)]
    pub is_going: bool,
}

/// How long a file may lack references, and how often a referenced file is checked.
const GRACE_MS: i64 = 24 * 60 * 60 * 1000;
/// Per person, including those that the next collection deletes.
const FILES_OF_ONE_MAX: usize = 60;
const BATCH: usize = 200;
/// After this many batches, the next run continues.
const BATCHES_MAX: usize = 50;

const OWNER: Field<UserId> = Field::new("owner_id");
const SEEN: Field<UnixMillis> = Field::new("seen_at");
const OF_OWNER: Index = Index::new("owner", &[OWNER.ascending_key()]);
const BY_AGE: Index = Index::new("age", &[SEEN.ascending_key()]);

impl DocumentBody for FileRecord {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[OWNER.path(), SEEN.path()],
        indexes: &[OF_OWNER, BY_AGE],
    };
}

impl FileRecord {
    fn file_key(&self) -> FileKey {
        let Self {
            owner_id,
            purpose,
            content,
            ..
        } = self;
        FileKey {
            owner: *owner_id,
            purpose: purpose.clone(),
            content: content.clone(),
        }
    }
}

impl FileRegister {
    pub fn new(documents: &Documents, files: Files, clock: Clock) -> Self {
        Self {
            list: Collection::new(documents, "files"),
            files,
            clock,
        }
    }

    pub async fn migrate(documents: &Documents) -> Result<(), DocumentsError> {
        Collection::<FileRecord>::new(documents, "files")
            .migrate()
            .await
    }

    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.list.check_schema().await
    }

    pub async fn get(&self, id: FileId) -> Result<Option<FileRecord>, FilesError> {
        let found = self.list.get(id.0).await?;
        Ok(found.map(|found| found.body).filter(|file| !file.is_going))
    }

    pub async fn read(&self, file: &FileRecord) -> Result<Body, FilesError> {
        self.files.read(&file.file_key()).await
    }

    /// Stores a file. An owner has equal files once per purpose.
    pub async fn register_file(
        &self,
        owner: UserId,
        purpose: &str,
        file: CheckedFile,
    ) -> Result<FileId, FilesError> {
        let record = FileRecord {
            owner_id: owner,
            purpose: purpose.to_owned(),
            content: file.hash.clone(),
            kind: file.kind,
            bytes: file.bytes,
            width: file.size.map(|size| size.width),
            height: file.size.map(|size| size.height),
            seen_at: self.clock.now(),
            is_going: false,
        };
        let id = id_of(&record);
        let is_kept = self.name(id).await? || self.add(id, &record).await? || self.name(id).await?;
        if !is_kept {
            // Its bytes are being deleted: a retry can store it shortly.
            return Err(FileRefusal::Busy.into());
        }
        // Even if the record exists: an earlier upload may have failed before storing the bytes.
        self.files.store_file(&record.file_key(), file).await?;
        Ok(id)
    }

    /// Records an upcoming reference, so that no collection deletes the file meanwhile. Returns
    /// false if the file is deleted or about to be.
    pub async fn name(&self, id: FileId) -> Result<bool, FilesError> {
        let now = self.clock.now();
        let changed = self.list.change_with_retry(id.0, |file| {
            let is_there = !file.is_going;
            is_there.then(|| {
                (
                    FileRecord {
                        seen_at: now,
                        ..file
                    },
                    Vec::new(),
                )
            })
        });
        Ok(changed.await?.is_some())
    }

    async fn add(&self, id: FileId, record: &FileRecord) -> Result<bool, FilesError> {
        let own = IndexQuery::from_index(OF_OWNER, OWNER.is_equal_to(record.owner_id))
            .with_limit(FILES_OF_ONE_MAX);
        if self.list.count_documents(&own).await? >= FILES_OF_ONE_MAX as u64 {
            return Err(FileRefusal::TooMany.into());
        }
        Ok(self.list.insert(id.0, record, &[]).await?)
    }

    /// Deletes files that are unreferenced and not recently uploaded; returns their number. Calls
    /// `is_named` at most once a day per file.
    pub async fn collect_unreferenced<E: From<FilesError>, W: Future<Output = Result<bool, E>>>(
        &self,
        is_named: impl Fn(FileId, UserId) -> W,
    ) -> Result<usize, E> {
        let now = self.clock.now();
        let old =
            IndexQuery::from_index(BY_AGE, SEEN.below(now.plus_ms(-GRACE_MS))).with_limit(BATCH);
        let mut removed = 0;
        for _ in 0..BATCHES_MAX {
            let found = self
                .list
                .find_documents(&old)
                .await
                .map_err(FilesError::from)?;
            let is_last = found.len() < BATCH;
            for mut file in found {
                let is_kept =
                    !file.body.is_going && is_named(FileId(file.id), file.body.owner_id).await?;
                if is_kept {
                    file.body.seen_at = now;
                } else {
                    file.body.is_going = true;
                }
                // A concurrent request referenced it.
                if !self
                    .list
                    .replace_document(&file, &[])
                    .await
                    .map_err(FilesError::from)?
                {
                    continue;
                }
                if !is_kept {
                    file.version += 1;
                    self.remove(&file).await?;
                    removed += 1;
                }
            }
            if is_last {
                break;
            }
        }
        Ok(removed)
    }

    async fn remove(&self, file: &Document<FileRecord>) -> Result<(), FilesError> {
        self.files.remove(&file.body.file_key()).await?;
        self.list.delete(file.id, file.version).await?;
        Ok(())
    }
}

fn id_of(record: &FileRecord) -> FileId {
    let FileRecord {
        owner_id,
        purpose,
        content,
        ..
    } = record;
    let text = format!("{owner_id}/{purpose}/{content}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_ref()[..16]);
    FileId(uuid::Builder::from_custom_bytes(id).into_uuid())
}
