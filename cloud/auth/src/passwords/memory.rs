//! Owns the memory in which argon2id works, 19 MiB for each hash that runs.
//!
//! Invariants: memory that a hash has had is kept for the next one, and there is no more than
//! hashes ever ran at once. The allocator never gets it back: glibc would keep it for each of its
//! arenas, so the process would grow with the threads that ever computed a hash.
//!
//! Nothing is wiped. Each hash passes over its memory twice or more, and the second pass replaces
//! what the first one made of the password alone. So a guess held against the rest costs as much as
//! against the stored hash.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{Block, Params};

/// Blocks of a hash of our own, of 1 KiB each.
const BLOCKS: usize = Params::DEFAULT.block_count();

/// Clones share it.
#[derive(Clone, Default)]
pub struct MemoryPool {
    free: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// The memory of one hash at a time. The pool gets it back when this is dropped.
pub struct HashMemory {
    pool: MemoryPool,
    /// Empty until the first hash.
    blocks: Vec<Block>,
}

impl MemoryPool {
    pub fn lend(&self) -> HashMemory {
        HashMemory { pool: self.clone(), blocks: Vec::new() }
    }

    fn with_free<T>(&self, work: impl FnOnce(&mut Vec<Vec<Block>>) -> T) -> T {
        work(&mut self.free.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub fn free_count(&self) -> usize {
        self.with_free(|free| free.len())
    }
}

impl HashMemory {
    /// Does the work in so many blocks. An imported hash that takes more than ours has them to
    /// itself.
    pub fn with<T>(&mut self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        if count > BLOCKS {
            return work(&mut vec![Block::new(); count]);
        }
        if self.blocks.is_empty() {
            let kept = self.pool.with_free(Vec::pop);
            self.blocks = kept.unwrap_or_else(|| vec![Block::new(); BLOCKS]);
        }
        work(&mut self.blocks[..count])
    }
}

impl Drop for HashMemory {
    fn drop(&mut self) {
        let blocks = mem::take(&mut self.blocks);
        if !blocks.is_empty() {
            self.pool.with_free(|free| free.push(blocks));
        }
    }
}
