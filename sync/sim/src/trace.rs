//! The trace of a run: a hash, and text for a reader.

use crate::random::mixed;

#[derive(Debug, Clone, Default)]
pub struct RunTrace {
    hash: u64,
    is_read: bool,
    pub lines: Vec<String>,
}

impl RunTrace {
    pub fn in_words() -> Self {
        Self {
            is_read: true,
            ..Self::default()
        }
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// True if the text is wanted.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Adds one step to the hash. Returns true if the text is wanted.
    pub fn note(&mut self, now: u64, what: u64, number: u64) -> bool {
        let told = mixed(now ^ (what << 48)) ^ number.rotate_left(17);
        self.hash = mixed(self.hash.rotate_left(5) ^ told);
        self.is_read
    }

    pub fn say(&mut self, now: u64, words: &str) {
        self.lines
            .push(format!("{:>3}.{:03}  {words}", now / 1_000, now % 1_000));
    }
}
