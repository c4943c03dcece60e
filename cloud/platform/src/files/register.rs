//! The list of a service's files: owner, purpose, and when each was last uploaded or referenced.
//! Also hands them out: in responses, and by signed links.
//!
//! Invariants: a file's record exists before its bytes and is deleted after them; deletion checks
//! the record's version, so a concurrent reference saves the file.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    response::Response,
};
use http::{HeaderValue, header};
use process::{
    clock::Clock,
    openapi::{RouteDescription, RouteInput},
    tokens::ServiceKey,
};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{FileId, UnixMillis, UserId};

use super::{FileKey, FileRefusal, Files, FilesError, intake::CheckedFile, kind::FileKind};
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

    /// Deletes all files of a person at once, used or not; returns their number.
    pub async fn remove_files_of(&self, owner: UserId) -> Result<usize, FilesError> {
        let own = IndexQuery::from_index(OF_OWNER, OWNER.is_equal_to(owner)).with_limit(BATCH);
        let mut removed = 0;
        loop {
            let found = self.list.find_documents(&own).await?;
            if found.is_empty() {
                return Ok(removed);
            }
            for mut file in found {
                file.body.is_going = true;
                // If a request has used the file meanwhile, the next round reads it again.
                if self.list.replace_document(&file, &[]).await? {
                    file.version += 1;
                    self.remove(&file).await?;
                    removed += 1;
                }
            }
        }
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

/// Signs and verifies links. Every replica of a part derives the same key.
#[derive(Clone)]
pub struct FileLinkSigner {
    key: hmac::Key,
    clock: Clock,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkQuery {
    /// In milliseconds since 1970.
    pub expires: i64,
    /// In hexadecimal digits.
    pub signature: String,
}

/// Long enough for a page to show the file, or a person to save it.
const LIFE_MS: i64 = 5 * 60 * 1000;

impl FileLinkSigner {
    pub fn new(service_key: &ServiceKey, clock: Clock) -> Self {
        let secret = service_key.derive_secret("links to files");
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            clock,
        }
    }

    pub fn sign_link(&self, file: FileId) -> LinkQuery {
        let expires = self.clock.now().plus_ms(LIFE_MS).0;
        let tag = hmac::sign(&self.key, &bytes_to_sign(file, expires));
        LinkQuery {
            expires,
            signature: hex::encode(tag),
        }
    }

    /// Compares in constant time, and checks the expiry last, so that only a valid link can be
    /// found expired.
    pub fn is_good(&self, file: FileId, link: &LinkQuery) -> bool {
        let Ok(tag) = hex::decode(&link.signature) else {
            return false;
        };
        let is_true = hmac::verify(&self.key, &bytes_to_sign(file, link.expires), &tag).is_ok();
        is_true && self.clock.now() < UnixMillis(link.expires)
    }
}

fn bytes_to_sign(file: FileId, expires: i64) -> [u8; 24] {
    let mut text = [0; 24];
    text[..16].copy_from_slice(file.0.as_bytes());
    text[16..].copy_from_slice(&expires.to_be_bytes());
    text
}

/// A raw file. The sender's content type is ignored.
pub struct FileBody(pub Body);

impl<S: Sync> FromRequest<S> for FileBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

impl RouteInput for FileBody {
    fn describe_route(route: &mut RouteDescription) {
        route.takes_file(&FileKind::ALL.map(FileKind::as_str));
        route.add_refusal_codes(FileRefusal::CODES);
    }
}

/// Pictures are shown inline, other files downloaded. The common response headers forbid sniffing,
/// scripts and framing.
pub fn file_response(file: &FileRecord, body: Body) -> Response {
    // Another person may sign in at the same browser.
    let cached = if file.kind == FileKind::Pdf {
        "no-store"
    } else {
        "private, max-age=300"
    };
    build_file_response(file.kind, file.bytes, cached, body)
}

pub(super) fn build_file_response(
    kind: FileKind,
    bytes: u64,
    cached: &'static str,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    let way = if kind.is_picture() {
        "inline"
    } else {
        "attachment"
    };
    let disposition = format!("{way}; filename=\"{}\"", kind.file_name());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kind.as_str()),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    response
}

#[cfg(test)]
mod tests {
    use process::tokens::Signer;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_opens_one_file_until_its_time() {
        let key = || ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let service_key = key();
        let at = UnixMillis(1_764_000_000_000);
        let links = |now| FileLinkSigner::new(&service_key, Clock::fixed_at(now));
        let file = FileId(Uuid::from_u128(1));
        let other = FileId(Uuid::from_u128(2));
        let link = links(at).sign_link(file);
        assert!(links(at).is_good(file, &link), "on every replica");
        assert!(links(at.plus_ms(LIFE_MS - 1)).is_good(file, &link));
        assert!(!links(at.plus_ms(LIFE_MS)).is_good(file, &link));
        assert!(!links(at).is_good(other, &link));
        let longer = LinkQuery {
            expires: link.expires + 1,
            ..link.clone()
        };
        assert!(!links(at).is_good(file, &longer));
        for signature in ["", "00", "no digits", &link.signature[2..]] {
            let forged = LinkQuery {
                signature: signature.to_owned(),
                ..link.clone()
            };
            assert!(!links(at).is_good(file, &forged), "{signature}");
        }
        assert!(!FileLinkSigner::new(&key(), Clock::fixed_at(at)).is_good(file, &link));
    }
}
