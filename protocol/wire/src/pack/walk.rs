//! The traversal of the ops, which both ends share: the writer reads each item from the op, the
//! reader writes each item to it.

use std::collections::BTreeMap;

use super::{
    PackError,
    coder::{Chance, Coder},
    item::{self, DEPTH_MAX, Head, kind},
    slot::{MOMENTS_MAX, Slot},
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
pub(super) enum Name {
    At(u64),
    KeyAfter(u64),
    Of(u64),
    Moment,
    Shared,
    Length,
}

pub(super) struct Walk<'a, C> {
    pub(super) coder: C,
    pub(super) slots: Vec<Slot>,
    /// The value at a place in the last op of the same person or device.
    behind: BTreeMap<(usize, Whose), u64>,
    remembered: usize,
    is_item: Chance,
    pub(super) letters: Vec<Chance>,
    heads: std::vec::IntoIter<Head<'a>>,
    whose: Option<Whose>,
    /// The timestamps of this op so far.
    moments: Vec<u64>,
    op: Vec<u8>,
    pub(super) bytes_left: usize,
}

/// The likely owner of an op: its newest string that had occurred at its place before, as that
/// place and the string's index there.
type Whose = (usize, u64);

impl<'a, C: Coder> Walk<'a, C> {
    pub fn new(coder: C, bytes_max: usize) -> Self {
        Self {
            coder,
            slots: vec![Slot::default(), Slot::default()],
            behind: BTreeMap::new(),
            remembered: 0,
            is_item: Chance::default(),
            letters: vec![Chance::default(); 256],
            heads: Vec::new().into_iter(),
            whose: None,
            moments: Vec::new(),
            op: Vec::new(),
            bytes_left: bytes_max,
        }
    }

    /// Codes the next op and returns it.
    pub fn op(&mut self, said: &'a [u8]) -> Result<Vec<u8>, PackError> {
        self.whose = None;
        self.moments.clear();
        let heads = item::heads(said);
        if self.coder.bit(&mut self.is_item, heads.is_some()) {
            self.heads = heads.unwrap_or_default().into_iter();
            self.item(ITEM, 0)?;
        } else {
            self.string(NO_ITEM, None, said)?;
        }
        Ok(std::mem::take(&mut self.op))
    }

    /// Codes the item at this place with its contents, and returns the number in its head.
    fn item(&mut self, slot: usize, depth: usize) -> Result<u64, PackError> {
        if depth >= DEPTH_MAX {
            return Err(PackError::Malformed);
        }
        let said = self.heads.next().unwrap_or_default();
        let kind = self.kind(slot, said.kind);
        if matches!(kind, kind::BYTES | kind::TEXT) {
            self.string(slot, Some(kind), said.content)?;
            return Ok(NAMES_MAX);
        }
        let number = self.number(slot, said.number);
        self.write(|op| item::write(op, kind, number))?;
        let below = depth + 1;
        match kind {
            // Any announced count is safe, because each item writes at least a byte.
            kind::ARRAY => {
                for n in 0..number {
                    self.item_below(slot, Name::At(n.min(NAMES_MAX)), below)?;
                }
            }
            kind::MAP => {
                let mut key = NAMES_MAX;
                for _ in 0..number {
                    key = self.item_below(slot, Name::KeyAfter(key), below)?.min(NAMES_MAX);
                    self.item_below(slot, Name::Of(key), below)?;
                }
            }
            kind::TAG => drop(self.item_below(slot, Name::At(0), below)?),
            _ => {}
        }
        Ok(number)
    }

    fn item_below(&mut self, slot: usize, name: Name, depth: usize) -> Result<u64, PackError> {
        let below = self.below(slot, name);
        self.item(below, depth)
    }

    pub(super) fn below(&mut self, slot: usize, name: Name) -> usize {
        let slots = self.slots.len();
        let below = &mut self.slots[slot].below;
        if let Some((_, below)) = below.iter().find(|(known, _)| *known == name) {
            return *below;
        }
        if slots >= SLOTS_MAX {
            return ITEM;
        }
        below.push((name, slots));
        self.slots.push(Slot::default());
        slots
    }

    fn kind(&mut self, slot: usize, said: u8) -> u8 {
        let slot = &mut self.slots[slot];
        if !self.coder.bit(&mut slot.same_kind, said == slot.kind) {
            slot.kind = self.coder.even(3, said.into()).to_be_bytes()[7];
        }
        slot.kind
    }

    pub(super) fn number(&mut self, at: usize, said: u64) -> u64 {
        let behind = self.behind(at);
        let slot = &mut self.slots[at];
        let mut expected = [slot.last; 2 + MOMENTS_MAX];
        expected[0] = behind.unwrap_or(slot.last);
        let moments = 2 + self.moments.len();
        expected[2..moments].copy_from_slice(&self.moments);
        let number = slot.number(&mut self.coder, &expected[..moments], said);
        self.remember(at, number);
        if number >= MOMENT_MIN && self.moments.len() < MOMENTS_MAX {
            self.moments.push(number);
        }
        number
    }

    /// The value here in the last op of the same person or device.
    pub(super) fn behind(&self, at: usize) -> Option<u64> {
        let whose = self.whose.filter(|_| self.slots[at].varies)?;
        self.behind.get(&(at, whose)).copied()
    }

    fn remember(&mut self, at: usize, value: u64) {
        let slot = &mut self.slots[at];
        slot.varies |= slot.last != value;
        slot.last = value;
        let Some(whose) = self.whose.filter(|_| slot.varies) else { return };
        if let Some(value_behind) = self.behind.get_mut(&(at, whose)) {
            *value_behind = value;
        } else if self.remembers_more() {
            self.behind.insert((at, whose), value);
        }
    }

    /// Remembers a string that had occurred here before.
    pub(super) fn remember_string(&mut self, at: usize, number: u64) {
        self.remember(at, number);
        self.whose = Some((at, number));
    }

    pub(super) fn remembers_more(&mut self) -> bool {
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
