//! Encrypts personal data at rest: values are sealed before a store gets them and opened when read.
//!
//! Invariants: a sealed value opens only in the column and row that it was sealed for. It names its
//! key, so keys can be rotated. A value without the sealed prefix is plain, as earlier versions
//! wrote all values, and is returned unchanged.
//!
//! AES-256-GCM with a separate key per value: HMAC-SHA256 of the data key over twelve random bytes
//! yields the key, and twelve more random bytes are the nonce. So one data key can seal everything
//! a platform ever writes. With random nonces directly under the data key, two values might share a
//! nonce after some months at a thousand values a second.

mod key_file;
#[cfg(test)]
mod tests;

pub use key_file::{add, create_if_missing, list_keys, remove, use_newest};

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{metrics, random};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// The prefix of sealed bytes. No CBOR item and no JSON text begins with 0xff.
const MAGIC: [u8; 3] = [0xff, b'S', 1];
/// The prefix of a sealed text: a control character, which starts no name, title or JSON text.
const TEXT_MAGIC: &str = "\u{1}sealed:";
const KEY_ID_LEN: usize = 4;
/// Length of the random bytes that derive a value's key.
const SALT_LEN: usize = 12;
const HEAD_LEN: usize = MAGIC.len() + KEY_ID_LEN;

/// The keys of a part's store. Clones share them.
#[derive(Clone)]
pub struct DataKeys(Arc<KeyRing>);

struct KeyRing {
    /// The first seals; all open.
    keys: Vec<DataKey>,
    hash: hmac::Key,
    /// False, even with keys, while replicas of a version that cannot open values still run.
    seals: bool,
}

struct DataKey {
    id: [u8; KEY_ID_LEN],
    key: hmac::Key,
}

impl DataKeys {
    /// No keys: all values are written plain. For tests, and for tools that read no sealed column.
    pub fn without_keys() -> Self {
        Self(Arc::new(KeyRing {
            keys: Vec::new(),
            hash: key_of(&[]),
            seals: false,
        }))
    }

    /// Loads the keys from a file, which must exist. With `seals` off they only open.
    pub fn load(path: &Path, seals: bool) -> Result<Self, DataKeysError> {
        key_file::read(path).map(|lines| Self::from_lines(lines, seals))
    }

    /// Like [`Self::load`], but creates a missing file, readable by its owner alone.
    pub fn load_or_create(path: &Path, seals: bool) -> Result<Self, DataKeysError> {
        key_file::create_if_missing(path)?;
        Self::load(path, seals)
    }

    pub fn random() -> Self {
        Self::from_lines(key_file::KeyLines::random(), true)
    }

    fn from_lines(lines: key_file::KeyLines, seals: bool) -> Self {
        let keys = lines.keys.into_iter().map(|(id, secret)| DataKey {
            id,
            key: key_of(&secret),
        });
        Self(Arc::new(KeyRing {
            keys: keys.collect(),
            hash: key_of(&lines.hash),
            seals,
        }))
    }

    /// Seals the value for that place; returns it plain while sealing is off.
    pub fn seal(&self, seal_context: &SealContext, plain: &[u8]) -> Vec<u8> {
        // Always seal foreign bytes that look sealed: stored plain, they could not be read again.
        match self.0.keys.first() {
            Some(key) if self.0.seals || plain.starts_with(&MAGIC) => key.seal(seal_context, plain),
            _ => plain.to_vec(),
        }
    }

    /// Returns the plain value that `seal` received, or a value that was always plain.
    pub fn open(&self, seal_context: &SealContext, stored: Vec<u8>) -> Result<Vec<u8>, SealError> {
        if !is_sealed(&stored) {
            return Ok(stored);
        }
        let Some((id, body)) = stored[MAGIC.len()..].split_at_checked(KEY_ID_LEN) else {
            return Err(seal_context.broken_error());
        };
        let Some(key) = self.0.keys.iter().find(|key| key.id == id) else {
            return Err(SealError::UnknownKey {
                column: seal_context.column(),
                key: hex::encode(id),
            });
        };
        key.open(seal_context, body)
            .ok_or_else(|| seal_context.broken_error())
    }

    /// Like `seal`, for a text column.
    pub fn seal_text(&self, seal_context: &SealContext, plain: &str) -> String {
        match self.0.keys.first() {
            Some(key) if self.0.seals || plain.starts_with(TEXT_MAGIC) => {
                let sealed = key.seal(seal_context, plain.as_bytes());
                format!("{TEXT_MAGIC}{}", URL_SAFE_NO_PAD.encode(sealed))
            }
            _ => plain.to_owned(),
        }
    }

    /// Like `open`, for a text column.
    pub fn open_text(
        &self,
        seal_context: &SealContext,
        stored: String,
    ) -> Result<String, SealError> {
        let Some(sealed) = stored.strip_prefix(TEXT_MAGIC) else {
            return Ok(stored);
        };
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .ok()
            .filter(|sealed| is_sealed(sealed));
        let plain = self.open(
            seal_context,
            sealed.ok_or_else(|| seal_context.broken_error())?,
        )?;
        String::from_utf8(plain).map_err(|_| seal_context.broken_error())
    }

    /// True if a job must reseal these bytes: they are plain or sealed with a former key.
    pub fn is_stale(&self, stored: &[u8]) -> bool {
        self.sealed_prefix()
            .is_some_and(|head| !stored.starts_with(&head))
    }

    pub fn is_sealed_text(&self, stored: &str) -> bool {
        stored.starts_with(TEXT_MAGIC)
    }

    /// Like `is_stale`, for a text.
    pub fn is_stale_text(&self, stored: &str) -> bool {
        let Some(head) = self.sealed_prefix() else {
            return false;
        };
        let sealed = stored.strip_prefix(TEXT_MAGIC);
        let sealed = sealed.and_then(|sealed| URL_SAFE_NO_PAD.decode(sealed).ok());
        sealed.is_none_or(|sealed| !sealed.starts_with(&head))
    }

    /// Blind index: finds equal values without opening them. Equal texts of one column have equal
    /// hashes, which only the key file can compute. Rotation of data keys does not change them.
    pub fn hash(&self, column: &'static str, text: &str) -> [u8; 32] {
        let bytes = SealContext::for_row(column, text.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0.hash, bytes.as_bytes()).as_ref());
        hash
    }

    /// True if this is the hash of the text; compares in constant time.
    pub fn is_hash(&self, hash: &[u8], column: &'static str, text: &str) -> bool {
        let bytes = SealContext::for_row(column, text.as_bytes());
        hmac::verify(&self.0.hash, bytes.as_bytes(), hash).is_ok()
    }

    /// True if new values are sealed.
    pub fn is_sealing(&self) -> bool {
        self.sealed_prefix().is_some()
    }

    /// The id of the sealing key; `None` while sealing is off.
    pub fn seals_by(&self) -> Option<String> {
        self.0
            .keys
            .first()
            .filter(|_| self.0.seals)
            .map(|key| hex::encode(key.id))
    }

    /// The prefix of newly sealed values; `None` while sealing is off.
    fn sealed_prefix(&self) -> Option<[u8; HEAD_LEN]> {
        let key = self.0.keys.first().filter(|_| self.0.seals)?;
        Some(key.sealed_prefix())
    }
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.0.keys.iter().map(|key| hex::encode(key.id)).collect();
        f.debug_tuple("DataKeys").field(&ids).finish()
    }
}

impl DataKey {
    fn seal(&self, seal_context: &SealContext, plain: &[u8]) -> Vec<u8> {
        let drawn: [u8; SALT_LEN + NONCE_LEN] = random::draw_bytes();
        let (salt, nonce) = drawn.split_at(SALT_LEN);
        let room = HEAD_LEN + drawn.len();
        let mut sealed = Vec::with_capacity(room + plain.len() + AES_256_GCM.tag_len());
        for part in [&self.sealed_prefix()[..], &drawn, plain] {
            sealed.extend_from_slice(part);
        }
        let key = self.of_value(salt);
        let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else {
            unreachable!("the bytes after the salt have the length of a nonce")
        };
        match key.seal_in_place_separate_tag(nonce, seal_context.as_aad(), &mut sealed[room..]) {
            Ok(tag) => sealed.extend_from_slice(tag.as_ref()),
            Err(_) => unreachable!("a stored value is shorter than 64 GiB"),
        }
        sealed
    }

    /// `sealed` is the part after the head.
    fn open(&self, seal_context: &SealContext, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_at_checked(SALT_LEN)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = sealed.to_vec();
        let length = self
            .of_value(salt)
            .open_in_place(nonce, seal_context.as_aad(), &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }

    fn of_value(&self, salt: &[u8]) -> LessSafeKey {
        match UnboundKey::new(&AES_256_GCM, hmac::sign(&self.key, salt).as_ref()) {
            Ok(key) => LessSafeKey::new(key),
            Err(_) => unreachable!("a key is 32 bytes long"),
        }
    }

    fn sealed_prefix(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[..MAGIC.len()].copy_from_slice(&MAGIC);
        head[MAGIC.len()..].copy_from_slice(&self.id);
        head
    }
}

impl SealContext {
    fn as_aad(&self) -> Aad<&[u8]> {
        Aad::from(self.as_bytes())
    }

    fn broken_error(&self) -> SealError {
        SealError::Broken {
            column: self.column(),
        }
    }
}

fn is_sealed(stored: &[u8]) -> bool {
    stored.starts_with(&MAGIC)
}

fn key_of(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

/// A stored value could not be opened. It stays unchanged and opens again with the right key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a value of {column} is sealed with data key {key}, which is not in the data key file")]
    UnknownKey { column: &'static str, key: String },
    #[error("a sealed value of {column} was altered, or moved there from another row")]
    Broken { column: &'static str },
}

#[derive(Debug, thiserror::Error)]
pub enum DataKeysError {
    #[error("could not use the data key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("line {line} of the data key file {} is not a key", path.display())]
    Line { path: PathBuf, line: usize },
    #[error("the data key file {} lacks {what}", path.display())]
    Lacks { path: PathBuf, what: &'static str },
    #[error("data key {key} of {} is the current one: switch to another first, with `use-data-key`", path.display())]
    Seals { path: PathBuf, key: String },
    #[error("{} has no data key {key}", path.display())]
    Unknown { path: PathBuf, key: String },
}

/// A column and the row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext {
    column: &'static str,
    bytes: Vec<u8>,
}

impl SealContext {
    /// `column` is `table.column`.
    pub fn for_row(column: &'static str, row: &[u8]) -> Self {
        Self::for_column(column).with_part(row)
    }

    /// Starts a context whose parts follow, one for each column that identifies the row.
    pub(crate) fn for_column(column: &'static str) -> Self {
        let place = Self {
            column,
            bytes: Vec::with_capacity(column.len() + 32),
        };
        place.with_part(column.as_bytes())
    }

    /// For values that move between rows of their table, as messages do between queues.
    pub fn anywhere_in(column: &'static str) -> Self {
        Self::for_row(column, &[])
    }

    pub fn of_id(column: &'static str, id: Uuid) -> Self {
        Self::for_row(column, id.as_bytes())
    }

    /// Appends a part of the row's key.
    #[must_use]
    pub fn with_part(mut self, part: &[u8]) -> Self {
        // The length prefix keeps two different lists of parts from encoding alike.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(part);
        self
    }

    fn column(&self) -> &'static str {
        self.column
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The progress through one table. Clones share it. A process that reaches the end is done: its
/// keys do not change, and only replicas not yet restarted still write plain values or use a former
/// key. The walk of the replica that restarts last covers those values.
#[derive(Clone)]
pub struct TableResealer<P> {
    table: &'static str,
    state: Arc<Mutex<ResealState<P>>>,
}

enum ResealState<P> {
    /// The last row passed and the number of values resealed.
    Behind(P, u64),
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResealedBatch<P> {
    pub sealed: usize,
    /// The last row of the batch; `None` at the end of the table.
    pub last: Option<P>,
}

/// One run of the job, which continues where the last one stopped. While it has a position, reseal
/// a batch of rows after that position and record the batch.
pub struct ResealRun<P> {
    table: &'static str,
    key: Option<String>,
    state: OwnedMutexGuard<ResealState<P>>,
    batches_left: usize,
}

impl<P: Clone + Default> TableResealer<P> {
    /// `table` labels the log line and the metric.
    pub fn for_table(table: &'static str) -> Self {
        Self {
            table,
            state: Arc::new(Mutex::new(ResealState::Behind(P::default(), 0))),
        }
    }
}

impl<P: Clone> TableResealer<P> {
    /// Starts a run of at most `batches_max` batches; the next run continues.
    pub async fn start_run(&self, keys: &DataKeys, batches_max: usize) -> ResealRun<P> {
        let key = keys.seals_by();
        let batches_left = if key.is_some() { batches_max } else { 0 };
        let state = self.state.clone().lock_owned().await;
        ResealRun {
            table: self.table,
            key,
            state,
            batches_left,
        }
    }
}

impl<P: Clone> ResealRun<P> {
    /// The row after which the next batch starts; `None` when this run is over.
    pub fn next_position(&mut self) -> Option<P> {
        self.batches_left = self.batches_left.checked_sub(1)?;
        match &*self.state {
            ResealState::Behind(after, _) => Some(after.clone()),
            ResealState::Done => None,
        }
    }

    /// Records a batch. The log line at the end of each table shows an operator that the old key is
    /// unused.
    pub fn record_batch(&mut self, batch: ResealedBatch<P>) {
        let ResealedBatch { sealed, last } = batch;
        metrics::SEALED_ANEW.add([self.table], sealed as u64);
        let before = match &*self.state {
            ResealState::Behind(_, before) => *before,
            ResealState::Done => 0,
        };
        let sealed = before + sealed as u64;
        if let Some(last) = last {
            *self.state = ResealState::Behind(last, sealed);
            return;
        }
        let table = self.table;
        let key = self.key.as_deref().unwrap_or_default();
        tracing::info!(sealed, "All of `{table}` is sealed by data key {key}");
        *self.state = ResealState::Done;
    }
}
