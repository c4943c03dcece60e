//! A binary arithmetic coder: likely bits cost next to nothing, unlikely ones cost more. Both ends
//! learn the probabilities from earlier bits.
//!
//! Invariant: the reader takes the same steps as the writer. Truncated input reads as zeros and is
//! detected; no input makes the reader panic.

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
    pub fn new() -> Self {
        Self {
            span: CodeInterval::ALL,
            said: Vec::new(),
        }
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
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
    pub fn new(said: &'a [u8]) -> Self {
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
    pub fn is_at_end(&self) -> bool {
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
