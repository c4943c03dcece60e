//! The heads of the CBOR items in an op.
//!
//! Invariant: heads written in sequence are the bytes they were read from, and other bytes have no
//! heads.

/// The CBOR major types.
pub(super) mod kind {
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ARRAY: u8 = 4;
    pub(crate) const MAP: u8 = 5;
    pub(crate) const TAG: u8 = 6;
}

/// The maximum nesting depth of items.
pub(super) const DEPTH_MAX: usize = 12;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ItemHead<'a> {
    pub kind: u8,
    /// The value, the number of items that follow, or the length of `content`.
    pub number: u64,
    /// The content of bytes and texts.
    pub content: &'a [u8],
}

/// The heads of exactly one item, if each is in its shortest form.
pub(super) fn parse_heads(mut bytes: &[u8]) -> Option<Vec<ItemHead<'_>>> {
    let mut heads = Vec::new();
    // The number of items still expected at each depth.
    let mut open = vec![1u64];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        let (head, rest) = parse_head(bytes)?;
        bytes = rest;
        heads.push(head);
        match head.kind {
            kind::ARRAY => open.push(head.number),
            kind::MAP => open.push(head.number.checked_mul(2)?),
            kind::TAG => open.push(1),
            _ => {}
        }
        if open.len() > DEPTH_MAX {
            return None;
        }
    }
    bytes.is_empty().then_some(heads)
}

fn parse_head(bytes: &[u8]) -> Option<(ItemHead<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let kind = first >> 5;
    let short = first & 31;
    let more = match short {
        0..24 => 0,
        24..28 => 1usize << (short - 24),
        // The length is indefinite, or the value is reserved.
        _ => return None,
    };
    let (long, rest) = rest.split_at_checked(more)?;
    let number = if more == 0 {
        short.into()
    } else {
        long.iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let mut again = Vec::with_capacity(9);
    write_head(&mut again, kind, number);
    if again.len() != 1 + more {
        return None;
    }
    let length = if matches!(kind, kind::BYTES | kind::TEXT) {
        number
    } else {
        0
    };
    let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((
        ItemHead {
            kind,
            number,
            content,
        },
        rest,
    ))
}

/// Writes only a head, in its shortest form.
pub(super) fn write_head(bytes: &mut Vec<u8>, kind: u8, number: u64) {
    let long = number.to_be_bytes();
    let (short, more) = match number {
        0..24 => (long[7], 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    bytes.push(kind << 5 | short);
    bytes.extend(&long[8 - more..]);
}
