//! Codec 1: the ops of an `Up` in fewer bytes. Each CBOR item of an op is predicted from earlier
//! values at the same place, and an arithmetic coder leaves little more than the unpredictable
//! part: mainly ids and timestamps.
//!
//! Invariants: unpacking restores any bytes exactly. Both ends run the same code, one writing and
//! one reading. Unpacking never panics and uses no more memory than its limits plus about 20 MiB.
//! Any change to the coded content is another codec: the golden vectors fail on it.

mod coder;
mod item;
mod slot;
mod string;
#[cfg(test)]
mod tests;
mod walk;

use coder::{BitDecoder, BitEncoder};
use walk::OpCodec;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("the bytes are not packed ops")]
    Malformed,
    #[error("the packed ops exceed the limit of one batch")]
    TooLarge,
}

pub fn pack_ops<'a>(ops: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut walk = OpCodec::new(BitEncoder::new(), usize::MAX);
    for op in ops {
        let said = walk.code_op(op);
        debug_assert_eq!(said.as_deref(), Ok(op), "a packed op must unpack to itself");
    }
    walk.coder.into_bytes()
}

/// Restores `count` packed ops of at most `bytes_max` bytes together.
pub fn unpack_ops(packed: &[u8], count: u32, bytes_max: usize) -> Result<Vec<Vec<u8>>, PackError> {
    let mut walk = OpCodec::new(BitDecoder::new(packed), bytes_max);
    let mut ops = Vec::new();
    for _ in 0..count {
        ops.push(walk.code_op(&[])?);
    }
    if walk.coder.is_at_end() {
        Ok(ops)
    } else {
        Err(PackError::Malformed)
    }
}
