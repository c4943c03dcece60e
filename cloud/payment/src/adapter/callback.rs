//! A message of an adapter. It moves nothing: with a good signature and an id of ours it makes us
//! ask at once [ASK_DONT_BELIEVE]. So late, repeated and reordered ones do no harm.

use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// What a message says, as far as it could be read. Nobody acts on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallbackClaim {
    pub movement: Option<Uuid>,
    pub claim: Option<String>,
    pub amount_minor: Option<i64>,
}

/// A message of which the sender is known, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub is_signed: bool,
    pub claim: CallbackClaim,
    pub body_hash: [u8; 32],
}

impl Callback {
    /// Of somebody who could not sign it; what it says is not even read.
    pub fn forged(body: &[u8]) -> Self {
        Self { is_signed: false, claim: CallbackClaim::default(), body_hash: hash(body) }
    }

    pub fn signed(body: &[u8], claim: CallbackClaim) -> Self {
        Self { is_signed: true, claim, body_hash: hash(body) }
    }
}

fn hash(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}
