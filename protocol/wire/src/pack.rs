//! Codec 1: the ops of an `Up` in fewer bytes. Each CBOR item of an op is predicted from earlier
//! values at the same place, and an arithmetic coder leaves little more than the unpredictable
//! part: mainly ids and timestamps.
//!
//! Both ends share one traversal of the ops: the writer reads each item from the op, the reader
//! writes each item to it. A string is coded as the predicted one, as another one seen at its
//! place, as an id made at some time, or letter by letter.
//!
//! Invariants: unpacking restores any bytes exactly. Both ends run the same code, one writing and
//! one reading. Unpacking never panics and uses no more memory than its limits plus about 20 MiB.
//! Any change to the coded content is another codec: the golden vectors fail on it.

mod cbor_heads;
mod coder;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cbor_heads::{DEPTH_MAX, ItemHead, kind, parse_heads, write_head};
use coder::{
    BitCoder, BitDecoder, BitEncoder, BitModel, MOMENTS_MAX, PathStep, SlotModel, code_bit_tree,
};

/// Ops one after the other, unpacked.
pub const CODEC_PLAIN: u8 = 0;
/// Ops packed by `pack`.
pub const CODEC_PACKED: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("the bytes are not packed ops")]
    Malformed,
    #[error("the packed ops exceed the limit of one batch")]
    TooLarge,
}

pub fn pack_ops<'a>(ops: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut walk = OpCodec::new(BitEncoder::new(), usize::MAX);
    for op in ops {
        let said = walk.code_op(op);
        debug_assert_eq!(said.as_deref(), Ok(op), "a packed op must unpack to itself");
    }
    walk.coder.into_bytes()
}

/// Restores `count` packed ops of at most `bytes_max` bytes together.
pub fn unpack_ops(packed: &[u8], count: u32, bytes_max: usize) -> Result<Vec<Vec<u8>>, PackError> {
    let mut walk = OpCodec::new(BitDecoder::new(packed), bytes_max);
    let mut ops = Vec::new();
    for _ in 0..count {
        ops.push(walk.code_op(&[])?);
    }
    if walk.coder.is_at_end() {
        Ok(ops)
    } else {
        Err(PackError::Malformed)
    }
}

/// The number of places that are told apart; all further ones share `ITEM`.
const SLOTS_MAX: usize = 4_096;
/// The number of strings and values that are remembered. More would gain nothing.
const REMEMBERED_MAX: usize = 1 << 15;
/// Places in a list, and keys, share one name from here on.
const NAMES_MAX: u64 = 31;
/// Numbers from here on count as milliseconds since 1970.
const MOMENT_MIN: u64 = 1 << 40;

/// The place of a whole op, and of bytes that are not one CBOR item in shortest form.
const ITEM: usize = 0;
const NO_ITEM: usize = 1;

struct OpCodec<'a, C> {
    coder: C,
    slots: Vec<SlotModel>,
    /// The value at a place in the last op of the same person or device.
    behind: BTreeMap<(usize, OwnerKey), u64>,
    remembered: usize,
    is_item: BitModel,
    letters: Vec<BitModel>,
    heads: std::vec::IntoIter<ItemHead<'a>>,
    whose: Option<OwnerKey>,
    /// The timestamps of this op so far.
    moments: Vec<u64>,
    op: Vec<u8>,
    bytes_left: usize,
}

/// The likely owner of an op: its newest string that had occurred at its place before, as that
/// place and the string's index there.
type OwnerKey = (usize, u64);

impl<'a, C: BitCoder> OpCodec<'a, C> {
    pub(crate) fn new(coder: C, bytes_max: usize) -> Self {
        Self {
            coder,
            slots: vec![SlotModel::default(), SlotModel::default()],
            behind: BTreeMap::new(),
            remembered: 0,
            is_item: BitModel::default(),
            letters: vec![BitModel::default(); 256],
            heads: Vec::new().into_iter(),
            whose: None,
            moments: Vec::new(),
            op: Vec::new(),
            bytes_left: bytes_max,
        }
    }

    /// Codes the next op and returns it.
    pub(crate) fn code_op(&mut self, said: &'a [u8]) -> Result<Vec<u8>, PackError> {
        self.whose = None;
        self.moments.clear();
        let heads = parse_heads(said);
        if self.coder.code_bit(&mut self.is_item, heads.is_some()) {
            self.heads = heads.unwrap_or_default().into_iter();
            self.code_item(ITEM, 0)?;
        } else {
            self.code_string(NO_ITEM, None, said)?;
        }
        Ok(std::mem::take(&mut self.op))
    }

    /// Codes the item at this place with its contents, and returns the number in its head.
    fn code_item(&mut self, slot: usize, depth: usize) -> Result<u64, PackError> {
        if depth >= DEPTH_MAX {
            return Err(PackError::Malformed);
        }
        let said = self.heads.next().unwrap_or_default();
        let kind = self.code_kind(slot, said.kind);
        if matches!(kind, kind::BYTES | kind::TEXT) {
            self.code_string(slot, Some(kind), said.content)?;
            return Ok(NAMES_MAX);
        }
        let number = self.code_number(slot, said.number);
        self.write(|op| write_head(op, kind, number))?;
        let below = depth + 1;
        match kind {
            // Any announced count is safe, because each item writes at least a byte.
            kind::ARRAY => {
                for n in 0..number {
                    self.code_item_below(slot, PathStep::At(n.min(NAMES_MAX)), below)?;
                }
            }
            kind::MAP => {
                let mut key = NAMES_MAX;
                for _ in 0..number {
                    key = self
                        .code_item_below(slot, PathStep::KeyAfter(key), below)?
                        .min(NAMES_MAX);
                    self.code_item_below(slot, PathStep::Of(key), below)?;
                }
            }
            kind::TAG => drop(self.code_item_below(slot, PathStep::At(0), below)?),
            _ => {}
        }
        Ok(number)
    }

    fn code_item_below(
        &mut self,
        slot: usize,
        name: PathStep,
        depth: usize,
    ) -> Result<u64, PackError> {
        let below = self.resolve_child_slot(slot, name);
        self.code_item(below, depth)
    }

    fn resolve_child_slot(&mut self, slot: usize, name: PathStep) -> usize {
        let slots = self.slots.len();
        let below = &mut self.slots[slot].below;
        if let Some((_, below)) = below.iter().find(|(known, _)| *known == name) {
            return *below;
        }
        if slots >= SLOTS_MAX {
            return ITEM;
        }
        below.push((name, slots));
        self.slots.push(SlotModel::default());
        slots
    }

    fn code_kind(&mut self, slot: usize, said: u8) -> u8 {
        let slot = &mut self.slots[slot];
        if !self.coder.code_bit(&mut slot.same_kind, said == slot.kind) {
            slot.kind = self.coder.code_uniform_bits(3, said.into()).to_be_bytes()[7];
        }
        slot.kind
    }

    fn code_number(&mut self, at: usize, said: u64) -> u64 {
        let behind = self.owner_value(at);
        let slot = &mut self.slots[at];
        let mut expected = [slot.last; 2 + MOMENTS_MAX];
        expected[0] = behind.unwrap_or(slot.last);
        let moments = 2 + self.moments.len();
        expected[2..moments].copy_from_slice(&self.moments);
        let number = slot.code_number(&mut self.coder, &expected[..moments], said);
        self.remember_value(at, number);
        if number >= MOMENT_MIN && self.moments.len() < MOMENTS_MAX {
            self.moments.push(number);
        }
        number
    }

    /// The value here in the last op of the same person or device.
    fn owner_value(&self, at: usize) -> Option<u64> {
        let whose = self.whose.filter(|_| self.slots[at].varies)?;
        self.behind.get(&(at, whose)).copied()
    }

    fn remember_value(&mut self, at: usize, value: u64) {
        let slot = &mut self.slots[at];
        slot.varies |= slot.last != value;
        slot.last = value;
        let Some(whose) = self.whose.filter(|_| slot.varies) else {
            return;
        };
        if let Some(value_behind) = self.behind.get_mut(&(at, whose)) {
            *value_behind = value;
        } else if self.reserve_memory() {
            self.behind.insert((at, whose), value);
        }
    }

    /// Remembers a string that had occurred here before.
    fn remember_string(&mut self, at: usize, number: u64) {
        self.remember_value(at, number);
        self.whose = Some((at, number));
    }

    fn reserve_memory(&mut self) -> bool {
        let more = self.remembered < REMEMBERED_MAX;
        self.remembered += usize::from(more);
        more
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), PackError> {
        if self.coder.is_cut_off() {
            return Err(PackError::Malformed);
        }
        let before = self.op.len();
        write(&mut self.op);
        let left = self.bytes_left.checked_sub(self.op.len() - before);
        self.bytes_left = left.ok_or(PackError::TooLarge)?;
        Ok(())
    }
}

impl<C: BitCoder> OpCodec<'_, C> {
    /// Codes the string and writes it with its head, if it has one.
    fn code_string(&mut self, at: usize, head: Option<u8>, said: &[u8]) -> Result<(), PackError> {
        let expected = self.owner_value(at).unwrap_or(self.slots[at].last);
        let slot = &mut self.slots[at];
        let said_number = slot.numbers.get(said).copied();
        let count = slot.strings.len() as u64;
        let is_expected = expected < count
            && self
                .coder
                .code_bit(&mut slot.same, said_number == Some(expected));
        let number = if is_expected {
            expected
        } else if count > 0 && self.coder.code_bit(&mut slot.known, said_number.is_some()) {
            let back = slot
                .code_back_distance(&mut self.coder, count - 1 - said_number.unwrap_or_default());
            (count - 1).checked_sub(back).ok_or(PackError::Malformed)?
        } else {
            let string = self.new_string(at, said)?;
            self.write_string(head, &string)?;
            self.remember_new_string(at, string);
            return Ok(());
        };
        let place = usize::try_from(number).map_err(|_| PackError::Malformed)?;
        let string = std::mem::take(&mut self.slots[at].strings[place]);
        let written = self.write_string(head, &string);
        self.slots[at].strings[place] = string;
        self.remember_string(at, number);
        written
    }

    fn new_string(&mut self, at: usize, said: &[u8]) -> Result<Vec<u8>, PackError> {
        if self.coder.code_bit(&mut self.slots[at].is_id, is_id(said)) {
            Ok(self.code_uuid(at, said))
        } else {
            self.code_letters(at, said)
        }
    }

    fn remember_new_string(&mut self, at: usize, string: Vec<u8>) {
        if !self.reserve_memory() {
            return;
        }
        let slot = &mut self.slots[at];
        let number = slot.strings.len() as u64;
        if C::SAYS {
            slot.numbers.insert(string.clone(), number);
        }
        slot.strings.push(string);
        slot.varies |= number > 0;
        slot.last = number;
    }

    /// A UUIDv7: its timestamp and 74 unpredictable bits.
    fn code_uuid(&mut self, at: usize, said: &[u8]) -> Vec<u8> {
        const MOMENT: u64 = (1 << 48) - 1;
        let said = said.try_into().map(u128::from_be_bytes).unwrap_or_default();
        let moment = self.resolve_child_slot(at, PathStep::Moment);
        let moment = self.code_number(moment, take_64_bits(said, 80)) & MOMENT;
        let first = self.coder.code_uniform_bits(12, take_64_bits(said, 64));
        let last = self.coder.code_uniform_bits(62, take_64_bits(said, 0));
        let high = u128::from(moment) << 16 | 7 << 12 | u128::from(first);
        (high << 64 | 2 << 62 | u128::from(last))
            .to_be_bytes()
            .to_vec()
    }

    /// Codes the prefix shared with the last new string here, the number of further letters, and
    /// the letters.
    fn code_letters(&mut self, at: usize, said: &[u8]) -> Result<Vec<u8>, PackError> {
        let last = self.slots[at].strings.last().map_or(&[][..], Vec::as_slice);
        let shared = last
            .iter()
            .zip(said)
            .take_while(|(one, other)| one == other)
            .count();
        let slot = self.resolve_child_slot(at, PathStep::Shared);
        let shared = self.code_number(slot, shared as u64);
        let last = self.slots[at].strings.last().map_or(&[][..], Vec::as_slice);
        let shared = usize::try_from(shared)
            .ok()
            .and_then(|shared| last.get(..shared));
        let mut string = shared.ok_or(PackError::Malformed)?.to_vec();
        let slot = self.resolve_child_slot(at, PathStep::Length);
        let more = self.code_number(slot, said.len().saturating_sub(string.len()) as u64);
        if self.coder.is_cut_off() {
            return Err(PackError::Malformed);
        }
        let more = usize::try_from(more)
            .ok()
            .filter(|more| *more <= self.bytes_left);
        for _ in 0..more.ok_or(PackError::TooLarge)? {
            let letter = said.get(string.len()).copied().unwrap_or_default();
            let letter = code_bit_tree(&mut self.coder, &mut self.letters, 8, letter.into());
            string.push(letter.to_be_bytes()[7]);
        }
        Ok(string)
    }

    fn write_string(&mut self, head: Option<u8>, string: &[u8]) -> Result<(), PackError> {
        if string.len() > self.bytes_left {
            return Err(PackError::TooLarge);
        }
        self.write(|op| {
            if let Some(kind) = head {
                write_head(op, kind, string.len() as u64);
            }
            op.extend(string);
        })
    }
}

fn is_id(string: &[u8]) -> bool {
    string.len() == 16 && string[6] >> 4 == 7 && string[8] >> 6 == 2
}

fn take_64_bits(said: u128, from: u32) -> u64 {
    u64::try_from(said >> from & u128::from(u64::MAX)).unwrap_or(0)
}
