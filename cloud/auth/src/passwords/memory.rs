//! Pools the memory for argon2id, 19 MiB per running hash.
//!
//! Invariants: buffers are reused and never outnumber the peak of concurrent hashes. They never
//! return to the allocator: glibc would keep them per arena, so the process would grow with every
//! thread that computed a hash.
//!
//! Buffers are not wiped. Each hash makes at least two passes over its memory, and the second
//! overwrites everything that depends on the password alone. Testing a guess against the leftovers
//! costs as much as against the stored hash.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{Block, Params};

/// Blocks of 1 KiB for one of our hashes.
const BLOCKS: usize = Params::DEFAULT.block_count();

/// Clones share the pool.
#[derive(Clone, Default)]
pub struct MemoryPool {
    free: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// Memory for one hash at a time. Dropping it returns the blocks to the pool.
pub struct HashMemory {
    pool: MemoryPool,
    /// Empty until the first hash.
    blocks: Vec<Block>,
}

impl MemoryPool {
    pub fn lend_memory(&self) -> HashMemory {
        HashMemory {
            pool: self.clone(),
            blocks: Vec::new(),
        }
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
    /// Runs the work with `count` blocks. Imported hashes that need more than ours use a temporary
    /// buffer.
    pub fn with_blocks<T>(&mut self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
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
