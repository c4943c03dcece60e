//! The upstream: ops in order, gaps requested, limits enforced.

use wire::{CODEC_PACKED, PackedOps};

use super::*;

#[test]
fn ops_are_credited_only_once_they_are_stored() {
    let log = log(3);
    let mut session = opened(&log);
    let outputs = take(&mut session, up(&log, 1, 3));
    let [SyncSessionOutput::Store(ops)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        (ops.term, ops.after, ops.cursor()),
        (TERM, ChainHead::start(&edge()), chain_at(&log, 3))
    );
    let outputs = session.handle_input(SyncSessionInput::OpsStored { cursor: 3 }, NOW);
    let [SyncSessionOutput::Send(Frame::Credit(credit))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((credit.cursor, credit.ops), (3, LIMITS.credit_ops));
}

/// The log end that the edge reports in Hello and Acks bounds the times of its ops.
#[test]
fn an_op_was_taken_after_the_edge_said_that_it_was_not_there() {
    let log = log(5);
    let at = |minute: i64| NOW.plus_ms(minute * 60_000);
    let before = LogHeadReports {
        told_seq: 1,
        told_at: at(-90),
        ..LogHeadReports::default()
    };
    let known = StoredEdge {
        heads: before,
        ..stored(chain_at(&log, 1))
    };
    let (mut session, _) = greeted(
        Hello {
            last_seq: 3,
            ..hello(&log)
        },
        known,
    );
    let frame = SyncSessionInput::Frame(Frame::Up(up(&log, 2, 3)));
    let [SyncSessionOutput::Store(ops)] = &session.handle_input(frame, at(1))[..] else {
        panic!()
    };
    let bounds: Vec<_> = ops.ops.iter().map(|op| op.bounds.not_before).collect();
    assert_eq!(bounds, [at(-90), at(-90), NOW], "two were there at Hello");
    session.handle_input(SyncSessionInput::OpsStored { cursor: 4 }, at(1));
    let told = Ack {
        last_seq: 4,
        edge_now: at(2),
        ..ack(0, 0)
    };
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(told.clone())), at(2));
    let [SyncSessionOutput::SaveAck(_, heads), ..] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        (heads.since, heads.told_seq, heads.told_at),
        (NOW, 4, at(2))
    );
    let frame = SyncSessionInput::Frame(Frame::Up(up(&log, 5, 1)));
    let [SyncSessionOutput::Store(ops)] = &session.handle_input(frame, at(3))[..] else {
        panic!()
    };
    assert_eq!(ops.ops[0].bounds.not_before, at(2));
    assert_eq!(ops.heads, *heads);
    session.handle_input(SyncSessionInput::OpsStored { cursor: 5 }, at(3));
    let moment = |session: &mut SyncSession, edge_now, now| {
        let told = Ack {
            last_seq: 5,
            edge_now,
            ..told.clone()
        };
        let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(told)), now);
        let [SyncSessionOutput::SaveAck(_, heads), ..] = &outputs[..] else {
            panic!("{outputs:?}")
        };
        heads.told_at
    };
    assert_eq!(
        moment(&mut session, at(4), at(900)),
        at(4),
        "the hub's clock has jumped ahead"
    );
    assert_eq!(
        moment(&mut session, at(900), at(5)),
        at(5),
        "the edge's has"
    );
    assert_eq!(
        moment(&mut session, at(-900), at(6)),
        at(5),
        "no word takes an earlier one back"
    );
}

/// If the hub's clock had been ahead at link time, the link token would have counted as expired.
#[test]
fn a_hub_whose_clock_jumps_ahead_before_its_welcome_moves_no_time() {
    let log = log(2);
    let ahead = NOW.plus_ms(18 * 60 * 60_000);
    let mut session = SyncSession::new(edge(), LIMITS, NOW);
    let hello = Hello {
        last_seq: 1,
        ..hello(&log)
    };
    session.handle_input(SyncSessionInput::Frame(Frame::Hello(hello)), NOW);
    let stored = stored(ChainHead::start(&edge()));
    session.handle_input(SyncSessionInput::Loaded(stored.clone()), ahead);
    session.handle_input(SyncSessionInput::TakenOver { term: TERM, stored }, ahead);
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Up(up(&log, 1, 2))), ahead);
    let [SyncSessionOutput::Store(ops)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((ops.heads.told_seq, ops.heads.told_at), (1, NOW));
    assert_eq!(ops.ops[1].bounds.not_before, NOW);
}

#[test]
fn a_gap_is_asked_for_once_until_it_is_filled_or_time_passes() {
    let log = log(9);
    let mut session = opened(&log);
    let resend = |outputs: &[SyncSessionOutput]| match outputs {
        [SyncSessionOutput::Send(Frame::Resend(resend))] => Some(resend.from),
        _ => None,
    };
    assert_eq!(resend(&take(&mut session, up(&log, 3, 2))), Some(1));
    assert_eq!(take(&mut session, up(&log, 5, 2)), [], "it was asked for");
    session.handle_input(SyncSessionInput::Tick, NOW);
    assert_eq!(resend(&take(&mut session, up(&log, 5, 2))), Some(1));
    take(&mut session, up(&log, 1, 2));
    assert_eq!(
        resend(&take(&mut session, up(&log, 5, 2))),
        Some(3),
        "another gap"
    );
}

/// The end of the log came too early and was dropped, and no later frame reveals the gap.
#[test]
fn the_dropped_end_of_a_log_is_asked_for_once_more() {
    let log = log(4);
    let mut session = opened(&log);
    take(&mut session, up(&log, 3, 1));
    take(&mut session, up(&log, 4, 1));
    take(&mut session, up(&log, 1, 3));
    let ticks = |session: &mut SyncSession, count: u32| -> Vec<SyncSessionOutput> {
        (0..count)
            .flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW))
            .collect()
    };
    assert_eq!(ticks(&mut session, 4), []);
    let outputs = ticks(&mut session, 1);
    assert!(
        matches!(&outputs[..], [SyncSessionOutput::Send(Frame::Resend(resend))] if resend.from == 4),
        "{outputs:?}"
    );
    take(&mut session, up(&log, 4, 1));
    assert_eq!(ticks(&mut session, 20), [], "nothing is missing");
}

#[test]
fn a_log_that_does_not_pass_through_the_cursor_ends_the_session() {
    let log = log(6);
    let mut other = log.clone();
    other[1] = op(99);
    for (first_seq, count) in [(1, 6), (2, 5), (3, 4), (4, 3)] {
        let mut session = greeted(hello(&log), stored(chain_at(&log, 3))).0;
        let outputs = take(&mut session, up(&other, first_seq, count));
        assert_eq!(ended(&outputs), Some(Code::ChainBroken), "from {first_seq}");
    }
}

#[test]
fn ops_that_do_not_add_up_to_their_hash_end_the_session() {
    let log = log(4);
    let mut session = opened(&log);
    let frame = OpsFrame {
        hash: Hash::digest_bytes(b"another"),
        ..up(&log, 1, 4)
    };
    assert_eq!(ended(&take(&mut session, frame)), Some(Code::MalformedBody));
}

#[test]
fn frames_beyond_what_was_allowed_end_the_session() {
    let log = log(200);
    let cases = [
        (
            OpsFrame {
                ops: Vec::new(),
                ..up(&log, 1, 1)
            },
            Code::MalformedBody,
        ),
        (
            OpsFrame {
                first_seq: 0,
                ..up(&log, 1, 1)
            },
            Code::MalformedBody,
        ),
        (
            OpsFrame {
                first_seq: u64::MAX,
                ..up(&log, 1, 2)
            },
            Code::MalformedBody,
        ),
        (up(&log, 1, 51), Code::BodyTooLarge),
        (
            OpsFrame {
                ops: vec![vec![0; 5_001].into(); 2],
                ..up(&log, 1, 1)
            },
            Code::BodyTooLarge,
        ),
    ];
    for (frame, code) in cases {
        assert_eq!(
            ended(&take(&mut opened(&log), frame.clone())),
            Some(code),
            "{frame:?}"
        );
    }

    let mut session = opened(&log);
    take(&mut session, up(&log, 1, 50));
    take(&mut session, up(&log, 51, 50));
    assert_eq!(
        ended(&take(&mut session, up(&log, 101, 1))),
        Some(Code::TooManyRequests)
    );
}

#[test]
fn packed_ops_are_taken_as_the_same_ops_plain() {
    let log = log(40);
    let frame = up(&log, 1, 40).into_packed();
    assert!(frame.packed.is_some() && frame.ops.is_empty());
    let outputs = take(&mut opened(&log), frame);
    assert_eq!(outputs, take(&mut opened(&log), up(&log, 1, 40)));
    assert!(matches!(outputs[..], [SyncSessionOutput::Store(_)]));
}

/// Limits count unpacked bytes, regardless of the packed size.
#[test]
fn packed_ops_that_are_too_many_or_not_readable_end_the_session() {
    let log = log(200);
    let large = OpsFrame {
        ops: vec![vec![0; 5_001].into(); 2],
        ..up(&log, 1, 1)
    }
    .into_packed();
    let with = |change: fn(&mut PackedOps)| {
        let mut frame = up(&log, 1, 40).into_packed();
        frame.packed.as_mut().into_iter().for_each(change);
        frame
    };
    let cases = [
        (up(&log, 1, 51).into_packed(), Code::BodyTooLarge),
        (large, Code::BodyTooLarge),
        (with(|packed| packed.count = u32::MAX), Code::BodyTooLarge),
        (with(|packed| packed.count = 0), Code::MalformedBody),
        (with(|packed| packed.count = 41), Code::MalformedBody),
        (with(|packed| packed.count = 39), Code::MalformedBody),
        (with(|packed| packed.codec = 2), Code::MalformedBody),
        (
            with(|packed| packed.bytes.truncate(20)),
            Code::MalformedBody,
        ),
        (with(|packed| packed.bytes.clear()), Code::MalformedBody),
        (
            OpsFrame {
                ops: vec![op(1).into()],
                ..with(|_| ())
            },
            Code::MalformedBody,
        ),
    ];
    for (frame, code) in cases {
        assert!(frame.packed.is_some());
        assert_eq!(
            ended(&take(&mut opened(&log), frame.clone())),
            Some(code),
            "{frame:?}"
        );
    }
}

/// A modified frame fails to unpack, or its ops do not match the frame's hash.
#[test]
fn of_packed_ops_that_were_changed_on_the_way_none_is_stored() {
    let log = log(40);
    let frame = up(&log, 1, 40).into_packed();
    let sound = take(&mut opened(&log), frame.clone());
    let bytes = frame.packed.as_ref().map_or(0, |packed| packed.bytes.len());
    for bit in 0..bytes * 8 {
        let mut changed = frame.clone();
        changed.packed.as_mut().unwrap().bytes[bit / 8] ^= 1 << (bit % 8);
        let outputs = take(&mut opened(&log), changed);
        // The last bits carry no data.
        assert!(
            ended(&outputs).is_some() || outputs == sound,
            "bit {bit}: {outputs:?}"
        );
    }
}

#[test]
fn only_an_edge_that_can_pack_is_asked_to() {
    let log = log(1);
    for (codecs, codec) in [
        (None, None),
        (Some(vec![]), None),
        (Some(vec![9]), None),
        (Some(vec![9, CODEC_PACKED]), Some(CODEC_PACKED)),
    ] {
        let hello = Hello {
            codecs,
            ..hello(&log)
        };
        let (_, outputs) = greeted(hello, stored(ChainHead::start(&edge())));
        let named = outputs.iter().find_map(|output| match output {
            SyncSessionOutput::Send(Frame::Welcome(welcome)) => Some(welcome.codec),
            _ => None,
        });
        assert_eq!(named, Some(codec));
    }
}

#[test]
fn an_op_beyond_every_limit_is_taken_when_it_comes_alone() {
    let log = vec![vec![7; 50_000], op(2)];
    let mut session = opened(&log);
    assert!(matches!(
        take(&mut session, up(&log, 1, 1))[..],
        [SyncSessionOutput::Store(_)]
    ));
    assert_eq!(
        ended(&take(&mut session, up(&log, 2, 1))),
        Some(Code::TooManyRequests)
    );
}

#[test]
fn the_seq_before_the_last_number_is_a_gap_and_no_overflow() {
    let log = log(1);
    let frame = OpsFrame {
        first_seq: u64::MAX - 1,
        ..up(&log, 1, 1)
    };
    let outputs = take(&mut opened(&log), frame);
    assert!(
        matches!(outputs[..], [SyncSessionOutput::Send(Frame::Resend(_))]),
        "{outputs:?}"
    );
}
