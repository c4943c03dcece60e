//! The traversal of the ops, which both ends share: the writer reads each item from the op, the
//! reader writes each item to it.

use std::collections::BTreeMap;

use super::{
    PackError,
    coder::{BitCoder, BitModel},
    item::{self, DEPTH_MAX, ItemHead, kind},
    slot::{MOMENTS_MAX, SlotModel},
};

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

pub(super) struct OpCodec<'a, C> {
    pub(super) coder: C,
    pub(super) slots: Vec<SlotModel>,
    /// The value at a place in the last op of the same person or device.
    behind: BTreeMap<(usize, OwnerKey), u64>,
    remembered: usize,
    is_item: BitModel,
    pub(super) letters: Vec<BitModel>,
    heads: std::vec::IntoIter<ItemHead<'a>>,
    whose: Option<OwnerKey>,
    /// The timestamps of this op so far.
    moments: Vec<u64>,
    op: Vec<u8>,
    pub(super) bytes_left: usize,
}

/// The likely owner of an op: its newest string that had occurred at its place before, as that
/// place and the string's index there.
type OwnerKey = (usize, u64);

impl<'a, C: BitCoder> OpCodec<'a, C> {
    pub fn new(coder: C, bytes_max: usize) -> Self {
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
    pub fn code_op(&mut self, said: &'a [u8]) -> Result<Vec<u8>, PackError> {
        self.whose = None;
        self.moments.clear();
        let heads = item::parse_heads(said);
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
        self.write(|op| item::write(op, kind, number))?;
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

    pub(super) fn resolve_child_slot(&mut self, slot: usize, name: PathStep) -> usize {
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

    pub(super) fn code_number(&mut self, at: usize, said: u64) -> u64 {
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
    pub(super) fn owner_value(&self, at: usize) -> Option<u64> {
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
    pub(super) fn remember_string(&mut self, at: usize, number: u64) {
        self.remember_value(at, number);
        self.whose = Some((at, number));
    }

    pub(super) fn reserve_memory(&mut self) -> bool {
        let more = self.remembered < REMEMBERED_MAX;
        self.remembered += usize::from(more);
        more
    }

    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), PackError> {
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
