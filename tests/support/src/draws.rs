//! Random draws from a seed, so that a run can be repeated.

/// SplitMix64: short, and good enough to choose the next fault.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed from `HOLDFAST_CHAOS_SEED`, or a new one; the caller prints it.
    ///
    /// # Panics
    /// If the variable is not a number: silently running another seed would mislead.
    pub fn seed() -> u64 {
        match std::env::var("HOLDFAST_CHAOS_SEED") {
            Err(_) => u64::from(u32::from_le_bytes(process::random::draw_bytes())),
            Ok(text) => text.parse().expect("HOLDFAST_CHAOS_SEED is a number"),
        }
    }

    /// A number below `limit`, which must be above zero.
    pub fn number_below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// The same for counts and places.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.number_below(limit)).unwrap_or_default()
    }

    /// True with a chance of one in `number`.
    pub fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    pub fn of_these<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }
}
