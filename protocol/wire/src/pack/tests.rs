//! Any ops survive packing, bytes that were not packed are refused, and a thousand ops stay small.

use proptest::prelude::*;
use uuid::Uuid;

use super::{PackError, pack_ops, parse_heads, unpack_ops};
use crate::{
    Actor, BootNonce, Command, CommandBody, CommandId, CommandOp, DeviceId, Op, OrderId, Role,
    UnixMillis, UserId, Verdict,
};

const MUCH: usize = 1 << 24;

fn packed(ops: &[Vec<u8>]) -> Vec<u8> {
    pack_ops(ops.iter().map(Vec::as_slice))
}

fn count(ops: &[Vec<u8>]) -> u32 {
    ops.len().try_into().unwrap()
}

fn size(ops: &[Vec<u8>]) -> usize {
    ops.iter().map(Vec::len).sum()
}

/// Pseudorandom numbers, the same in every run.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        for shift in [13, -7, 17] {
            self.0 ^= if shift < 0 {
                self.0 >> -shift
            } else {
                self.0 << shift
            };
        }
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn id(&mut self, at_ms: u64) -> Uuid {
        let random = u128::from(self.next()) << 64 | u128::from(self.next());
        let bytes = (u128::from(at_ms) << 80 | random >> 48).to_be_bytes();
        let id = uuid::Builder::from_bytes(bytes).with_variant(uuid::Variant::RFC4122);
        id.with_version(uuid::Version::SortRand).into_uuid()
    }
}

/// The log of an outage: fifty providers, each with a tablet whose clock is off by seconds, accept
/// orders of the last day, one about every half minute. With `go_on`, some also start and complete
/// their jobs.
fn outage(ops: u64, go_on: bool) -> Vec<Vec<u8>> {
    const DAY_MS: u64 = 24 * 3_600_000;
    let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
    let mut now = 1_764_000_000_000;
    let each = |draws: &mut Draws| {
        let since = now - draws.below(30 * DAY_MS);
        (
            draws.id(since),
            draws.below(4_000),
            20 + draws.below(9_000),
            draws.below(3_000),
        )
    };
    let mut people: Vec<_> = (0..50).map(|_| each(&mut draws)).collect();
    let mut accepted = Vec::new();
    let mut log = Vec::new();
    for _ in 0..ops {
        now += draws.below(60_000);
        let again = go_on && !accepted.is_empty() && draws.below(2) == 0;
        let (whose, body) = if again {
            let taken = draws.below(accepted.len() as u64);
            let (whose, order_id, started) = accepted.swap_remove(usize::try_from(taken).unwrap());
            if started {
                let body = CommandBody::CompleteOrder {
                    order_id,
                    note: None,
                    evidence: None,
                };
                (whose, body)
            } else {
                accepted.push((whose, order_id, true));
                let body = CommandBody::StartOrder {
                    order_id,
                    start_code: None,
                    photos: Vec::new(),
                };
                (whose, body)
            }
        } else {
            let whose = usize::try_from(draws.below(50)).unwrap();
            let published = now - draws.below(DAY_MS);
            let order_id = OrderId(draws.id(published));
            accepted.push((whose, order_id, false));
            (whose, CommandBody::AcceptOrder { order_id })
        };
        let (user, off_ms, token_seq, device_seq) = &mut people[whose];
        *device_seq += 1;
        let tapped = now + *off_ms;
        let firm = draws.below(2) == 0;
        let millis = |ms: u64| UnixMillis(ms.cast_signed());
        let op = Op::Command(CommandOp {
            command: Command {
                id: CommandId(draws.id(tapped)),
                body,
                device: Some(DeviceId::new(format!("tablet-{whose}")).unwrap()),
                device_seq: Some(*device_seq),
                tapped_at: Some(millis(tapped + draws.below(2))),
                trace: None,
            },
            token_seq: *token_seq,
            actor: Actor {
                user_id: UserId(*user),
                role: Role::Provider,
            },
            verdict: if firm {
                Verdict::Firm
            } else {
                Verdict::Provisional
            },
            fence: firm.then_some(4),
            received_at: millis(now + 3 + draws.below(40)),
            policy_version: Some(3),
            rules_version: Some(1),
            revocations_version: Some(0),
            relogged: None,
            cut_off: Some(true),
        });
        log.push(op.to_bytes());
    }
    log
}

/// The aim is 32 bytes per op: 18.5 for the random bits of two ids, 3.3 for the order's publication
/// time within the last day, and 2 for the command's time.
#[test]
fn a_thousand_accepts_of_an_outage_weigh_less_than_thirty_two_bytes_each() {
    let log = outage(1_000, false);
    assert!(size(&log) > 110_000, "{}", size(&log));
    let bytes = packed(&log);
    assert_eq!(unpack_ops(&bytes, 1_000, MUCH).as_ref(), Ok(&log));
    assert!(bytes.len() < 30_000, "{}", bytes.len());
    let with_more = packed(&outage(1_000, true));
    assert!(with_more.len() < 27_000, "{}", with_more.len());
}

#[test]
fn nothing_is_unpacked_beyond_the_bytes_that_are_allowed() {
    let log = outage(40, true);
    let bytes = packed(&log);
    assert_eq!(unpack_ops(&bytes, 40, size(&log)).as_ref(), Ok(&log));
    for less in [1, 100, size(&log)] {
        assert_eq!(
            unpack_ops(&bytes, 40, size(&log) - less),
            Err(PackError::TooLarge)
        );
    }
    // A repeated string costs next to nothing when packed.
    let bomb = vec![vec![7; 1 << 20]; 200];
    let bytes = packed(&bomb);
    assert!(bytes.len() < 4_000, "{}", bytes.len());
    assert_eq!(unpack_ops(&bytes, 200, 3 << 20), Err(PackError::TooLarge));
}

#[test]
fn ops_that_were_cut_off_or_are_miscounted_are_none() {
    let log = outage(40, true);
    let bytes = packed(&log);
    for end in 0..bytes.len() {
        assert!(
            unpack_ops(&bytes[..end], 40, 2 * size(&log)).is_err(),
            "to {end}"
        );
    }
    let more = [&bytes[..], &[0]].concat();
    assert_eq!(unpack_ops(&more, 40, MUCH), Err(PackError::Malformed));
    for wrong in [0, 1, 39] {
        assert!(unpack_ops(&bytes, wrong, MUCH).is_err(), "{wrong}");
    }
}

/// Both ends stop remembering at the same moment.
#[test]
fn what_is_not_remembered_any_more_is_packed_all_the_same() {
    let list = |of: &[u8]| [[0x98, 40].as_slice(), &of.repeat(40)].concat();
    let places = list(&list(&list(b"\x00")));
    let letters = |n: u64| [[0x44].as_slice(), &n.to_be_bytes()[4..]].concat();
    let strings = (0..40_000).map(letters).chain((0..100).map(letters));
    let ops: Vec<_> = [places.clone(), places]
        .into_iter()
        .chain(strings)
        .collect();
    assert!(unpack_ops(&packed(&ops), count(&ops), MUCH).is_ok_and(|unpacked| unpacked == ops));
}

#[test]
fn only_items_in_their_shortest_form_have_heads() {
    for no_item in [
        &b""[..],
        b"\x00\x00",
        b"\x18\x17",
        b"\x19\x00\xff",
        b"\x1f",
        b"\x1c",
        b"\x5f\x41a\xff",
        b"\x44abc",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00",
    ] {
        assert_eq!(parse_heads(no_item), None, "{no_item:02x?}");
        let ops = vec![no_item.to_vec(); 2];
        assert_eq!(unpack_ops(&packed(&ops), 2, MUCH), Ok(ops));
    }
    assert_eq!(parse_heads(b"\xa1\x01\x82\x18\x18\x62ab").unwrap().len(), 5);
}

/// Ops, damaged ops and arbitrary bytes.
fn op() -> impl Strategy<Value = Vec<u8>> {
    let logged = prop::sample::select(outage(20, true));
    let changed = (logged.clone(), any::<prop::sample::Index>(), any::<u8>());
    prop_oneof![
        4 => logged,
        3 => changed.prop_map(|(mut op, at, byte)| {
            let at = at.index(op.len());
            op[at] = byte;
            op
        }),
        1 => any::<[u8; 16]>().prop_map(|nonce| {
            Op::Boot { nonce: BootNonce(nonce), at: UnixMillis(5) }.to_bytes()
        }),
        1 => "[a-z.]{0,300}".prop_map(|token| Op::Token { token }.to_bytes()),
        1 => any::<u64>().prop_map(|fence| Op::LeaseReleased { fence }.to_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..60),
        1 => prop::collection::vec(any::<u8>(), 0..3_000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_packed_is_unpacked_byte_for_byte(ops in prop::collection::vec(op(), 0..60)) {
        let bytes = packed(&ops);
        prop_assert_eq!(unpack_ops(&bytes, count(&ops), size(&ops)), Ok(ops));
    }

    #[test]
    fn changed_bytes_are_refused_or_unpacked_within_their_limits(
        ops in prop::collection::vec(op(), 1..40),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
    ) {
        let mut bytes = packed(&ops);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Ok(unpacked) = unpack_ops(&bytes, count(&ops), 10_000) {
            prop_assert!(unpacked.len() == ops.len() && size(&unpacked) <= 10_000);
        }
    }

    #[test]
    fn bytes_of_any_origin_are_refused_or_unpacked_within_their_limits(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        count in 0u32..5_000,
        bytes_max in 0usize..100_000,
    ) {
        if let Ok(unpacked) = unpack_ops(&bytes, count, bytes_max) {
            prop_assert!(unpacked.len() == count as usize && size(&unpacked) <= bytes_max);
        }
    }
}
