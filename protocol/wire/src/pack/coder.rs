//! A binary arithmetic coder: likely bits cost next to nothing, unlikely ones cost more. Both ends
//! learn the probabilities from earlier bits.
//!
//! Invariant: the reader takes the same steps as the writer. Truncated input reads as zeros and is
//! detected; no input makes the reader panic.
//!
//! The models of [`SlotModel`] are the memory of both ends for one place in the ops, by which they
//! predict numbers.

use std::collections::BTreeMap;

/// The probability of a 1 in parts of 65,536, learned from the bits so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitModel {
    yes: u16,
    heard: u16,
}

/// The first bits count for much, later ones for a sixty-fourth each.
const HEARD_MAX: u16 = 62;

impl Default for BitModel {
    fn default() -> Self {
        Self {
            yes: 1 << 15,
            heard: 0,
        }
    }
}

impl BitModel {
    /// Stays within 1 and 65,534: no bit is ever certain.
    fn learn_bit(&mut self, bit: bool) {
        let part = self.heard + 2;
        if bit {
            self.yes += (u16::MAX - self.yes) / part;
        } else {
            self.yes -= self.yes / part;
        }
        self.heard = (self.heard + 1).min(HEARD_MAX);
    }
}

/// One end: the writer gets its own bit back, the reader ignores the bit it is given.
pub(super) trait BitCoder {
    /// True for the writer.
    const SAYS: bool;

    /// More bits were read than written: everything from here on is meaningless.
    fn is_cut_off(&self) -> bool;

    /// Codes a bit that is expected to be 1 with a probability of `yes` parts of 65,536.
    fn code_weighted_bit(&mut self, yes: u16, bit: bool) -> bool;

    fn code_bit(&mut self, chance: &mut BitModel, bit: bool) -> bool {
        let bit = self.code_weighted_bit(chance.yes, bit);
        chance.learn_bit(bit);
        bit
    }

    /// Codes the lowest bits of a value without a prediction.
    fn code_uniform_bits(&mut self, bits: u64, value: u64) -> u64 {
        (0..bits).rev().fold(0, |heard, at| {
            heard << 1 | u64::from(self.code_weighted_bit(1 << 15, value >> at & 1 == 1))
        })
    }
}

/// The interval that is still possible, both ends included; bytes that both ends share are dropped.
#[derive(Debug)]
struct CodeInterval {
    low: u32,
    high: u32,
}

impl CodeInterval {
    const ALL: Self = Self {
        low: 0,
        high: u32::MAX,
    };

    /// The last position of the part for a 1. At least one position remains for a 0.
    fn yes_to(&self, yes: u16) -> u32 {
        let width = u64::from(self.high - self.low) * u64::from(yes);
        self.low + u32::try_from(width >> 16).unwrap_or_default()
    }

    /// Narrows the interval and emits the bytes that are now certain, in sequence.
    fn narrow_interval(&mut self, yes_to: u32, bit: bool, mut certain: impl FnMut(u8)) {
        if bit {
            self.high = yes_to;
        } else {
            self.low = yes_to + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            certain(self.low.to_be_bytes()[0]);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
    }
}

#[derive(Debug)]
pub(super) struct BitEncoder {
    span: CodeInterval,
    said: Vec<u8>,
}

impl BitEncoder {
    pub(super) fn new() -> Self {
        Self {
            span: CodeInterval::ALL,
            said: Vec::new(),
        }
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.said.extend(self.span.low.to_be_bytes());
        self.said
    }
}

impl BitCoder for BitEncoder {
    const SAYS: bool = true;

    fn is_cut_off(&self) -> bool {
        false
    }

    fn code_weighted_bit(&mut self, yes: u16, bit: bool) -> bool {
        let yes_to = self.span.yes_to(yes);
        self.span
            .narrow_interval(yes_to, bit, |byte| self.said.push(byte));
        bit
    }
}

#[derive(Debug)]
pub(super) struct BitDecoder<'a> {
    span: CodeInterval,
    at: u32,
    rest: std::slice::Iter<'a, u8>,
    cut_off: bool,
}

impl<'a> BitDecoder<'a> {
    pub(super) fn new(said: &'a [u8]) -> Self {
        let mut hearer = Self {
            span: CodeInterval::ALL,
            at: 0,
            rest: said.iter(),
            cut_off: false,
        };
        (0..4).for_each(|_| hearer.next());
        hearer
    }

    /// Returns true if the whole input was consumed and was enough.
    pub(super) fn is_at_end(&self) -> bool {
        !self.cut_off && self.rest.len() == 0
    }

    fn next(&mut self) {
        let byte = self.rest.next().copied();
        self.cut_off |= byte.is_none();
        self.at = self.at << 8 | u32::from(byte.unwrap_or_default());
    }
}

impl BitCoder for BitDecoder<'_> {
    const SAYS: bool = false;

    fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    fn code_weighted_bit(&mut self, yes: u16, _: bool) -> bool {
        let yes_to = self.span.yes_to(yes);
        let bit = self.at <= yes_to;
        let mut certain = 0;
        self.span.narrow_interval(yes_to, bit, |_| certain += 1);
        (0..certain).for_each(|_| self.next());
        bit
    }
}

/// How many timestamps of an op may predict a later number in it.
pub(super) const MOMENTS_MAX: usize = 4;

/// The step from a place to one below it: a list item, the key that follows a key, a key's value,
/// or a part of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathStep {
    At(u64),
    KeyAfter(u64),
    Of(u64),
    Moment,
    Shared,
    Length,
}

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
    pub(super) fn code_number(
        &mut self,
        coder: &mut impl BitCoder,
        expected: &[u64],
        said: u64,
    ) -> u64 {
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
    pub(super) fn code_back_distance(&mut self, coder: &mut impl BitCoder, said: u64) -> u64 {
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
