//! Codec 1: the ops of an `Up` in fewer bytes. An op is taken apart into its CBOR items, each item
//! is said in terms of what stood at the same place of the ops before it, and an arithmetic coder
//! leaves hardly more of that than nobody could have known. Ops are unlike each other in little
//! more than their ids and moments, so it is these that are left.
//!
//! Invariants: what is unpacked is what was packed, byte for byte, whatever the bytes are; both
//! ends run the very same code, which says on one side and hears on the other; whatever is
//! unpacked, it takes no more memory than its limits and some 20 MiB, and never panics. A change to
//! anything in here that is said is another codec: the golden vectors fail on it.

mod coder;
mod item;
mod slot;
mod string;
#[cfg(test)]
mod tests;
mod walk;

use coder::{Hearer, Sayer};
use walk::Walk;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("these bytes are not packed ops")]
    Malformed,
    #[error("the packed ops are more than may come at once")]
    TooLarge,
}

pub fn pack<'a>(ops: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut walk = Walk::new(Sayer::new(), usize::MAX);
    for op in ops {
        let said = walk.op(op);
        debug_assert_eq!(said.as_deref(), Ok(op), "what is said is what is heard");
    }
    walk.coder.finish()
}

/// The ops that were packed, where there are `count` of them and they have no more than `bytes_max`
/// bytes together.
pub fn unpack(packed: &[u8], count: u32, bytes_max: usize) -> Result<Vec<Vec<u8>>, PackError> {
    let mut walk = Walk::new(Hearer::new(packed), bytes_max);
    let mut ops = Vec::new();
    for _ in 0..count {
        ops.push(walk.op(&[])?);
    }
    if walk.coder.is_at_end() { Ok(ops) } else { Err(PackError::Malformed) }
}
