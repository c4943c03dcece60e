//! An edge's packed ops, as the hub unpacks them.
//!
//! An input begins with three numbers: the number of ops, their size limit in bytes, and the length
//! of the pieces into which the rest is cut for packing.

use wire::{
    BootNonce, CODEC_PACKED, Hash, LinkSessionId, Op, OpsFrame, PackError, PackedOps, pack_ops,
    unpack_ops,
};

const OPS_MAX: u32 = 1 << 10;
/// A few packed bytes may expand to this many.
const BYTES_MASK: u16 = (1 << 14) - 1;

/// # Panics
/// If the ops exceed their limits, or packing changes them.
pub fn check(input: &[u8]) {
    let Some((head, rest)) = input.split_first_chunk::<5>() else {
        return;
    };
    let [c0, c1, b0, b1, piece] = *head;
    let count = u32::from(u16::from_be_bytes([c0, c1]));
    let bytes_max = u32::from(u16::from_be_bytes([b0, b1]) & BYTES_MASK);
    match up(count, rest).into_unpacked(OPS_MAX, bytes_max) {
        Ok(OpsFrame { ops, packed, .. }) => {
            assert_eq!((u32::try_from(ops.len()), packed), (Ok(count), None));
            let bytes: usize = ops.iter().map(|op| op.len()).sum();
            assert!(
                u32::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max),
                "{bytes} bytes"
            );
            ops.iter().for_each(|op| check_op(op));
            check_packing(&ops.into_iter().map(Into::into).collect::<Vec<_>>());
        }
        Err(error) => assert!(matches!(error, PackError::Malformed | PackError::TooLarge)),
    }
    let pieces: Vec<_> = rest
        .chunks(1 + usize::from(piece))
        .map(<[u8]>::to_vec)
        .collect();
    check_packing(&pieces);
}

fn up(count: u32, bytes: &[u8]) -> OpsFrame {
    OpsFrame {
        link_session: LinkSessionId {
            term: 1,
            nonce: BootNonce([0; 16]),
        },
        epoch: 1,
        first_seq: 1,
        prev_hash: Hash([0; 32]),
        hash: Hash([0; 32]),
        ops: Vec::new(),
        packed: Some(PackedOps {
            codec: CODEC_PACKED,
            count,
            bytes: bytes.to_vec().into(),
        }),
    }
}

fn check_packing(ops: &[Vec<u8>]) {
    let count = u32::try_from(ops.len()).unwrap_or(u32::MAX);
    let bytes = ops.iter().map(Vec::len).sum();
    let packed = pack_ops(ops.iter().map(Vec::as_slice));
    assert_eq!(unpack_ops(&packed, count, bytes).as_deref(), Ok(ops));
}

/// Checks a round trip by meaning only: an op's bytes are stored and hashed, so the hub never
/// re-encodes them.
fn check_op(bytes: &[u8]) {
    match Op::from_bytes(bytes) {
        Ok(op) => match Op::from_bytes(&op.to_bytes()) {
            Ok(again) => assert_eq!(again, op),
            Err(error) => panic!("{op:?} cannot be read again: {error}"),
        },
        Err(error) => assert_ne!(error.to_string(), ""),
    }
}
