//! A message from an adapter. It moves no money: a valid signature and one of our ids only trigger
//! an immediate query [ASK_DONT_BELIEVE]. So late, repeated and reordered messages do no harm.

use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// A message's content, as far as it is readable. Never act on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallbackClaim {
    pub movement: Option<Uuid>,
    pub claim: Option<String>,
    pub amount_minor: Option<i64>,
}

/// A message, signed by the adapter or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackMessage {
    pub is_signed: bool,
    pub claim: CallbackClaim,
    pub body_hash: [u8; 32],
}

impl CallbackMessage {
    /// A message without a valid signature. Its content is not read.
    pub fn from_forged(body: &[u8]) -> Self {
        Self {
            is_signed: false,
            claim: CallbackClaim::default(),
            body_hash: hash(body),
        }
    }

    pub fn from_signed(body: &[u8], claim: CallbackClaim) -> Self {
        Self {
            is_signed: true,
            claim,
            body_hash: hash(body),
        }
    }
}

fn hash(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}
