//! The memory of both ends for one place in the ops, and the coding of predicted numbers.

use std::collections::BTreeMap;

use super::{
    coder::{Chance, Coder},
    walk::Name,
};

/// How many timestamps of an op may predict a later number in it.
pub(super) const MOMENTS_MAX: usize = 4;

/// A place in the ops, identified by the fields on the path to it.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// At most one entry per name.
    pub below: Vec<(Name, usize)>,
    pub kind: u8,
    pub same_kind: Chance,
    pub same: Chance,
    /// The last value here: a number, or the index of a string.
    pub last: u64,
    /// The value here has changed before.
    pub varies: bool,
    /// The smoothed distance of each prediction from the numbers here, in 64ths of a bit.
    off: [u64; 2 + MOMENTS_MAX],
    number: Option<Box<Number>>,
    /// The strings that were new here.
    pub strings: Vec<Vec<u8>>,
    /// The index of each of these strings; only the writer has to look it up.
    pub numbers: BTreeMap<Vec<u8>, u64>,
    pub known: Chance,
    pub is_id: Chance,
    back: Option<Box<Number>>,
}

impl Slot {
    /// Codes a number by its distance from the prediction that has been closest here so far.
    pub fn number(&mut self, coder: &mut impl Coder, expected: &[u64], said: u64) -> u64 {
        let nearest = expected.iter().zip(&self.off).min_by_key(|(_, off)| **off);
        let base = nearest.map_or(0, |(base, _)| *base);
        let number = if coder.bit(&mut self.same, said == base) {
            base
        } else {
            let way = self.number.get_or_insert_default().code(coder, way(base, said));
            led(base, way)
        };
        for (off, expected) in self.off.iter_mut().zip(expected) {
            *off = (*off * 7 + length(way(*expected, number)) * 64) / 8;
        }
        number
    }

    /// Codes how far before the newest string of this place another one is.
    pub fn back(&mut self, coder: &mut impl Coder, said: u64) -> u64 {
        self.back.get_or_insert_default().code(coder, said)
    }
}

/// The zigzag distance between two numbers: forwards is even, backwards odd, and a short one is
/// small.
fn way(from: u64, to: u64) -> u64 {
    let off = to.wrapping_sub(from);
    off << 1 ^ (off.cast_signed() >> 63).cast_unsigned()
}

fn led(from: u64, way: u64) -> u64 {
    from.wrapping_add(way >> 1 ^ (way & 1).wrapping_neg())
}

/// In bits, without leading zeros.
fn length(number: u64) -> u64 {
    number.checked_ilog2().map_or(0, |bit| u64::from(bit) + 1)
}

/// Predicts the length of numbers and the bits after their first one. The rest is not predicted.
#[derive(Debug)]
struct Number {
    length: [Chance; 128],
    begin: [[Chance; 4]; 65],
}

impl Default for Number {
    fn default() -> Self {
        Self { length: [Chance::default(); 128], begin: [[Chance::default(); 4]; 65] }
    }
}

impl Number {
    fn code(&mut self, coder: &mut impl Coder, said: u64) -> u64 {
        let length = tree(coder, &mut self.length, 7, length(said)).min(64);
        if length < 2 {
            return length;
        }
        let (begun, rest) = if length == 2 { (1, 0) } else { (2, length - 3) };
        let chances = &mut self.begin[usize::try_from(length).unwrap_or_default()];
        let begin = tree(coder, chances, begun, said >> rest);
        (1 << begun | begin) << rest | coder.even(rest, said)
    }
}

/// Codes the lowest bits of a value, each predicted from the bits before it.
pub(super) fn tree(coder: &mut impl Coder, chances: &mut [Chance], bits: u64, said: u64) -> u64 {
    let mut at = 1;
    for n in (0..bits).rev() {
        at = at << 1 | usize::from(coder.bit(&mut chances[at], said >> n & 1 == 1));
    }
    at as u64 - (1 << bits)
}
