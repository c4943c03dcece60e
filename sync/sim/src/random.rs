//! The only source of randomness: xoshiro256++, seeded through splitmix64. It is implemented here
//! so that a seed always means the same run, whatever changes in other crates.

#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed(state)
        }))
    }

    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, so it is no iterator"
    )]
    pub fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let drawn = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        drawn
    }

    /// A number in `0..n`, or 0 if `n` is 0. The slight bias does not matter here.
    pub fn below(&mut self, n: usize) -> usize {
        let drawn = u128::from(self.next()) * n as u128;
        usize::try_from(drawn >> 64).unwrap_or(0)
    }

    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True `n` times in a thousand.
    pub fn chance(&mut self, n: u64) -> bool {
        self.next() % 1_000 < n
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub fn id(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(self.next(), self.next())
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }
}

/// Spreads every bit of `state` over the whole word.
pub(crate) fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_draws_for_ever() {
        let mut random = Random::seeded(7);
        let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(drawn, DRAWN_BY_7);
        assert!((0..1_000).all(|_| random.below(3) < 3 && (4..=6).contains(&random.between(4, 6))));
        assert_eq!(random.below(0), 0);
    }

    const DRAWN_BY_7: [u64; 3] = [
        0x0e2c_1a00_2aae_913d,
        0x2c0f_c8dd_fa4e_9e14,
        0xb7b3_11b3_b0d4_5872,
    ];
}
