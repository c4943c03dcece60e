//! Owns personal data at rest: values are sealed before a store gets them, and opened when they are
//! read.
//!
//! Invariants: a sealed value opens only in the column and the row that it was sealed for; it names
//! its key, so keys follow one another; a value that does not begin as a sealed one is plain, as
//! versions before this one wrote all of them, and is read as it stands.
//!
//! AES-256-GCM under a key for each value: HMAC-SHA256 of the data key over twelve random bytes
//! gives it, and twelve more are its nonce. So one data key seals as much as a platform ever
//! writes; with random nonces under the data key itself, two values might share one after some
//! months of a thousand a second.

mod error;
mod file;
mod place;
mod walk;

pub use error::{DataKeysError, SealError};
pub use file::{add, listed, make, remove, use_newest};
pub use place::SealPlace;
pub use walk::{SealTurn, SealWalk, SealedBatch};

use std::{path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::random;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

/// How sealed bytes begin. No CBOR item begins with 0xff, and no JSON text.
const MAGIC: [u8; 3] = [0xff, b'S', 1];
/// How a sealed text begins: in a control character, which no name, title or JSON text does.
const TEXT_MAGIC: &str = "\u{1}sealed:";
const KEY_ID_LEN: usize = 4;
/// Of the random bytes that choose a value's key.
const SALT_LEN: usize = 12;
const HEAD_LEN: usize = MAGIC.len() + KEY_ID_LEN;

/// The keys of a part's store. Cloning shares them.
#[derive(Clone)]
pub struct DataKeys(Arc<KeyRing>);

struct KeyRing {
    /// The first one seals; all of them open.
    keys: Vec<DataKey>,
    hash: hmac::Key,
    /// Also false with keys: replicas of a version that opens nothing are still running.
    seals: bool,
}

struct DataKey {
    id: [u8; KEY_ID_LEN],
    key: hmac::Key,
}

impl DataKeys {
    /// No keys: everything is written plain. For tests, and for tools that read no sealed column.
    pub fn none() -> Self {
        Self(Arc::new(KeyRing { keys: Vec::new(), hash: key_of(&[]), seals: false }))
    }

    /// The keys in that file, which must be there. With `seals` off they only open.
    pub fn load(path: &Path, seals: bool) -> Result<Self, DataKeysError> {
        file::read(path).map(|lines| Self::of(lines, seals))
    }

    /// The same; the first to come makes the file, readable by its owner alone.
    pub fn load_or_create(path: &Path, seals: bool) -> Result<Self, DataKeysError> {
        file::make(path)?;
        Self::load(path, seals)
    }

    /// Keys that only this process knows.
    pub fn random() -> Self {
        Self::of(file::KeyLines::random(), true)
    }

    fn of(lines: file::KeyLines, seals: bool) -> Self {
        let key = |(id, secret): ([u8; KEY_ID_LEN], [u8; 32])| DataKey { id, key: key_of(&secret) };
        let keys = lines.keys.into_iter().map(key).collect();
        Self(Arc::new(KeyRing { keys, hash: key_of(&lines.hash), seals }))
    }

    /// The value as it may be kept there.
    pub fn seal(&self, place: &SealPlace, plain: &[u8]) -> Vec<u8> {
        // A stranger's bytes that look sealed are sealed in any case, or nobody could read them
        // again.
        match self.0.keys.first() {
            Some(key) if self.0.seals || plain.starts_with(&MAGIC) => key.seal(place, plain),
            _ => plain.to_vec(),
        }
    }

    /// What `seal` was given, or a value that was always plain.
    pub fn open(&self, place: &SealPlace, stored: Vec<u8>) -> Result<Vec<u8>, SealError> {
        if !is_sealed(&stored) {
            return Ok(stored);
        }
        let Some((id, body)) = stored[MAGIC.len()..].split_at_checked(KEY_ID_LEN) else {
            return Err(place.broken());
        };
        let Some(key) = self.0.keys.iter().find(|key| key.id == id) else {
            return Err(SealError::UnknownKey { column: place.column(), key: hex::encode(id) });
        };
        key.open(place, body).ok_or_else(|| place.broken())
    }

    /// As `seal`, for a column of text.
    pub fn seal_text(&self, place: &SealPlace, plain: &str) -> String {
        match self.0.keys.first() {
            Some(key) if self.0.seals || plain.starts_with(TEXT_MAGIC) => {
                let sealed = key.seal(place, plain.as_bytes());
                format!("{TEXT_MAGIC}{}", URL_SAFE_NO_PAD.encode(sealed))
            }
            _ => plain.to_owned(),
        }
    }

    /// As `open`, for a column of text.
    pub fn open_text(&self, place: &SealPlace, stored: String) -> Result<String, SealError> {
        let Some(sealed) = stored.strip_prefix(TEXT_MAGIC) else { return Ok(stored) };
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok().filter(|sealed| is_sealed(sealed));
        let plain = self.open(place, sealed.ok_or_else(|| place.broken())?)?;
        String::from_utf8(plain).map_err(|_| place.broken())
    }

    /// Returns whether a job has to write these bytes anew: they are plain, or sealed by a key of
    /// before.
    pub fn is_stale(&self, stored: &[u8]) -> bool {
        self.head().is_some_and(|head| !stored.starts_with(&head))
    }

    /// Returns whether the text is a sealed one.
    pub fn is_sealed_text(&self, stored: &str) -> bool {
        stored.starts_with(TEXT_MAGIC)
    }

    /// As `is_stale`, of a text.
    pub fn is_stale_text(&self, stored: &str) -> bool {
        let Some(head) = self.head() else { return false };
        let sealed = stored.strip_prefix(TEXT_MAGIC);
        let sealed = sealed.and_then(|sealed| URL_SAFE_NO_PAD.decode(sealed).ok());
        sealed.is_none_or(|sealed| !sealed.starts_with(&head))
    }

    /// Finds equal values without opening them: alike for the same column and text, and told by
    /// nobody who lacks the file. It stays the same while data keys follow one another.
    pub fn hash(&self, column: &'static str, text: &str) -> [u8; 32] {
        let bytes = SealPlace::of(column, text.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0.hash, bytes.as_bytes()).as_ref());
        hash
    }

    /// Returns whether that is the hash of this text. The time it takes tells nothing.
    pub fn is_hash(&self, hash: &[u8], column: &'static str, text: &str) -> bool {
        let bytes = SealPlace::of(column, text.as_bytes());
        hmac::verify(&self.0.hash, bytes.as_bytes(), hash).is_ok()
    }

    /// Returns whether values are sealed from now on.
    pub fn seals(&self) -> bool {
        self.head().is_some()
    }

    /// The name of the key that seals; `None` while nothing is sealed.
    pub fn seals_by(&self) -> Option<String> {
        self.0.keys.first().filter(|_| self.0.seals).map(|key| hex::encode(key.id))
    }

    /// How a value begins that was sealed just now; `None` while nothing is sealed.
    fn head(&self) -> Option<[u8; HEAD_LEN]> {
        let key = self.0.keys.first().filter(|_| self.0.seals)?;
        Some(key.head())
    }
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.0.keys.iter().map(|key| hex::encode(key.id)).collect();
        f.debug_tuple("DataKeys").field(&ids).finish()
    }
}

impl DataKey {
    fn seal(&self, place: &SealPlace, plain: &[u8]) -> Vec<u8> {
        let drawn: [u8; SALT_LEN + NONCE_LEN] = random::bytes();
        let (salt, nonce) = drawn.split_at(SALT_LEN);
        let room = HEAD_LEN + drawn.len();
        let mut sealed = Vec::with_capacity(room + plain.len() + AES_256_GCM.tag_len());
        for part in [&self.head()[..], &drawn, plain] {
            sealed.extend_from_slice(part);
        }
        let key = self.of_value(salt);
        let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else {
            unreachable!("the rest of what was drawn is a nonce")
        };
        match key.seal_in_place_separate_tag(nonce, place.aad(), &mut sealed[room..]) {
            Ok(tag) => sealed.extend_from_slice(tag.as_ref()),
            Err(_) => unreachable!("a value of a store is shorter than 64 GiB"),
        }
        sealed
    }

    /// `sealed` comes behind the head.
    fn open(&self, place: &SealPlace, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_at_checked(SALT_LEN)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = sealed.to_vec();
        let length = self.of_value(salt).open_in_place(nonce, place.aad(), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    fn of_value(&self, salt: &[u8]) -> LessSafeKey {
        match UnboundKey::new(&AES_256_GCM, hmac::sign(&self.key, salt).as_ref()) {
            Ok(key) => LessSafeKey::new(key),
            Err(_) => unreachable!("32 bytes are a key"),
        }
    }

    fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[..MAGIC.len()].copy_from_slice(&MAGIC);
        head[MAGIC.len()..].copy_from_slice(&self.id);
        head
    }
}

impl SealPlace {
    fn aad(&self) -> Aad<&[u8]> {
        Aad::from(self.as_bytes())
    }

    fn broken(&self) -> SealError {
        SealError::Broken { column: self.column() }
    }
}

fn is_sealed(stored: &[u8]) -> bool {
    stored.starts_with(&MAGIC)
}

fn key_of(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

#[cfg(test)]
mod tests;
