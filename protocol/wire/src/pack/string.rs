//! Codes a string: as the predicted one, as another one seen at its place, as an id made at some
//! time, or letter by letter.

use super::{
    PackError,
    coder::BitCoder,
    item,
    slot::code_bit_tree,
    walk::{OpCodec, PathStep},
};

impl<C: BitCoder> OpCodec<'_, C> {
    /// Codes the string and writes it with its head, if it has one.
    pub(super) fn code_string(
        &mut self,
        at: usize,
        head: Option<u8>,
        said: &[u8],
    ) -> Result<(), PackError> {
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
                item::write(op, kind, string.len() as u64);
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
