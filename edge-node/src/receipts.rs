//! Signs receipts, and verifies those that this edge signed earlier: with its present key or a
//! former one. The former public keys have a separate file because a log restored from a backup may
//! be older than they are.
//!
//! Invariant: former keys come only from the hub, which has signed them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::{Signer, verify_bytes};
use tempfile::NamedTempFile;
use wire::Receipt;

use crate::store::{EdgeIdentity, StoredCommand};

/// The only place that signs receipts, and only from data read back after the commit.
pub(crate) fn sign_receipt(
    identity: &EdgeIdentity,
    signer: &Signer,
    stored: &StoredCommand,
) -> Receipt {
    let mut receipt = Receipt {
        edge: identity.edge_id.clone(),
        epoch: stored.epoch,
        seq: stored.head.seq,
        hash: stored.head.hash,
        command_id: stored.command_id,
        verdict: stored.verdict,
        fence: stored.fence,
        sig: String::new(),
        user_id: Some(stored.user_id),
        body: Some(stored.hash),
    };
    receipt.sig = URL_SAFE_NO_PAD.encode(signer.sign_bytes(&receipt.signed_bytes()));
    receipt
}

/// Only this edge can sign its receipts, so only people it has answered can make it suspect.
pub(crate) fn is_signed_by(signer: &Signer, receipt: &Receipt) -> bool {
    let sig = URL_SAFE_NO_PAD.decode(&receipt.sig);
    sig.is_ok_and(|sig| verify_bytes(&signer.public_key(), &receipt.signed_bytes(), &sig))
}

#[derive(Clone)]
pub(crate) struct FormerKeys {
    file: PathBuf,
    keys: Arc<RwLock<Vec<[u8; 32]>>>,
}

pub(crate) const FORMER_KEYS: &str = "former.keys";

impl FormerKeys {
    /// Skips lines that are not keys; receipts signed with such a key count as foreign.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let file = data.join(FORMER_KEYS);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let keys = Arc::new(RwLock::new(
            text.lines().filter_map(parse_public_key).collect(),
        ));
        Ok(Self { file, keys })
    }

    /// Stores the keys on disk before using them.
    pub(crate) fn replace_keys(&self, keys: Vec<[u8; 32]>) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        for key in &keys {
            writeln!(file, "{}", URL_SAFE_NO_PAD.encode(key))?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.file)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    pub(crate) fn have_signed(&self, receipt: &Receipt) -> bool {
        let bytes = receipt.signed_bytes();
        let sig = URL_SAFE_NO_PAD.decode(&receipt.sig);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        sig.is_ok_and(|sig| keys.iter().any(|key| verify_bytes(key, &bytes, &sig)))
    }
}

pub(crate) fn parse_public_key(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
