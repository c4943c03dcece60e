//! The memory of both ends for one place in the ops, and the coding of predicted numbers.

use std::collections::BTreeMap;

use super::{
    coder::{BitCoder, BitModel},
    walk::PathStep,
};

/// How many timestamps of an op may predict a later number in it.
pub(super) const MOMENTS_MAX: usize = 4;

/// A place in the ops, identified by the fields on the path to it.
#[derive(Debug, Default)]
pub(super) struct SlotModel {
    /// At most one entry per name.
    pub below: Vec<(PathStep, usize)>,
    pub kind: u8,
    pub same_kind: BitModel,
    pub same: BitModel,
    /// The last value here: a number, or the index of a string.
    pub last: u64,
    /// The value here has changed before.
    pub varies: bool,
    /// The smoothed distance of each prediction from the numbers here, in 64ths of a bit.
    off: [u64; 2 + MOMENTS_MAX],
    number: Option<Box<NumberModel>>,
    /// The strings that were new here.
    pub strings: Vec<Vec<u8>>,
    /// The index of each of these strings; only the writer has to look it up.
    pub numbers: BTreeMap<Vec<u8>, u64>,
    pub known: BitModel,
    pub is_id: BitModel,
    back: Option<Box<NumberModel>>,
}

impl SlotModel {
    /// Codes a number by its distance from the prediction that has been closest here so far.
    pub fn code_number(&mut self, coder: &mut impl BitCoder, expected: &[u64], said: u64) -> u64 {
        let nearest = expected.iter().zip(&self.off).min_by_key(|(_, off)| **off);
        let base = nearest.map_or(0, |(base, _)| *base);
        let number = if coder.code_bit(&mut self.same, said == base) {
            base
        } else {
            let way = self
                .number
                .get_or_insert_default()
                .code_number(coder, zigzag_distance(base, said));
            apply_distance(base, way)
        };
        for (off, expected) in self.off.iter_mut().zip(expected) {
            *off = (*off * 7 + bit_length(zigzag_distance(*expected, number)) * 64) / 8;
        }
        number
    }

    /// Codes how far before the newest string of this place another one is.
    pub fn code_back_distance(&mut self, coder: &mut impl BitCoder, said: u64) -> u64 {
        self.back.get_or_insert_default().code_number(coder, said)
    }
}

/// The zigzag distance between two numbers: forwards is even, backwards odd, and a short one is
/// small.
fn zigzag_distance(from: u64, to: u64) -> u64 {
    let off = to.wrapping_sub(from);
    off << 1 ^ (off.cast_signed() >> 63).cast_unsigned()
}

fn apply_distance(from: u64, way: u64) -> u64 {
    from.wrapping_add(way >> 1 ^ (way & 1).wrapping_neg())
}

/// In bits, without leading zeros.
fn bit_length(number: u64) -> u64 {
    number.checked_ilog2().map_or(0, |bit| u64::from(bit) + 1)
}

/// Predicts the length of numbers and the bits after their first one. The rest is not predicted.
#[derive(Debug)]
struct NumberModel {
    length: [BitModel; 128],
    begin: [[BitModel; 4]; 65],
}

impl Default for NumberModel {
    fn default() -> Self {
        Self {
            length: [BitModel::default(); 128],
            begin: [[BitModel::default(); 4]; 65],
        }
    }
}

impl NumberModel {
    fn code_number(&mut self, coder: &mut impl BitCoder, said: u64) -> u64 {
        let length = code_bit_tree(coder, &mut self.length, 7, bit_length(said)).min(64);
        if length < 2 {
            return length;
        }
        let (begun, rest) = if length == 2 { (1, 0) } else { (2, length - 3) };
        let chances = &mut self.begin[usize::try_from(length).unwrap_or_default()];
        let begin = code_bit_tree(coder, chances, begun, said >> rest);
        (1 << begun | begin) << rest | coder.code_uniform_bits(rest, said)
    }
}

/// Codes the lowest bits of a value, each predicted from the bits before it.
pub(super) fn code_bit_tree(
    coder: &mut impl BitCoder,
    chances: &mut [BitModel],
    bits: u64,
    said: u64,
) -> u64 {
    let mut at = 1;
    for n in (0..bits).rev() {
        at = at << 1 | usize::from(coder.code_bit(&mut chances[at], said >> n & 1 == 1));
    }
    at as u64 - (1 << bits)
}
