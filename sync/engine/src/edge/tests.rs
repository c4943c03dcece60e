//! The edge end against scripted hubs.

mod network;
mod snapshot;

use wire::{Credit, Hash, HeldNotice, LinkLimits, Outcome, SessionRefusal};

use super::*;
use crate::tests::{actor, edge as edge_id, id, order};
use crate::view::{ConfirmedOrder, OrderSource, ViewDigest, merge_order};
use wire::{
    BootNonce, ChangesFrame, Code, Command, CommandBody, CommandId, FeedChange,
    ForwardedAcceptFrame, HeldReason, NumberedOutcome, OrderId, OutcomesFrame, Region, Role,
    UnixMillis,
};

pub(super) const NONCE: BootNonce = BootNonce([9; 16]);
const LIMITS: LinkLimits = LinkLimits {
    batch_ops_max: 40,
    batch_bytes_max: 4_000,
    credit_ops: 60,
    credit_bytes: 4_000,
};

pub(super) fn position() -> EdgeFilePosition {
    EdgeFilePosition {
        epoch: 1,
        head: ChainHead::start(&edge_id()),
        suspect: false,
        twin: false,
        settled: None,
        feed_generation: 5,
        feed_cursor: 0,
        outcome_cursor: 0,
        staged: None,
        snapshot: None,
        unproven: None,
        assignment: Hash::ZERO,
        tally: ViewDigest::default(),
        pending: 0,
        oldest_pending_at: None,
    }
}

pub(super) fn fresh(position: EdgeFilePosition) -> EdgeProtocol {
    let who = EdgeRunIdentity {
        edge: edge_id(),
        region: Region::North,
        nonce: NONCE,
        version: "t".into(),
        plain_listeners: false,
    };
    EdgeProtocol::new(who, position)
}

pub(super) fn welcome(link_session: LinkSessionId, cursor: ChainHead) -> Frame {
    welcome_naming(None, link_session, cursor)
}

fn welcome_naming(codec: Option<u8>, link_session: LinkSessionId, cursor: ChainHead) -> Frame {
    Frame::Welcome(Welcome {
        protocol: PROTOCOL_MAX,
        link_session,
        cursor: cursor.seq,
        cursor_hash: cursor.hash,
        feed_generation: 5,
        limits: LIMITS,
        cloud_now: UnixMillis(7),
        snapshot: None,
        codec,
        photos: Some(true),
        messages: Some(true),
    })
}

pub(super) const LINK_SESSION: LinkSessionId = LinkSessionId {
    term: 3,
    nonce: NONCE,
};

pub(super) fn open(position: EdgeFilePosition) -> EdgeProtocol {
    let mut edge = fresh(position);
    edge.start_greeting(HubCheck::default());
    let todo = edge.handle_signed_frame(welcome(LINK_SESSION, ChainHead::start(&edge_id())));
    assert_eq!(todo[0], LinkStep::Welcomed(UnixMillis(7)));
    edge
}

fn outcome(number: u64) -> NumberedOutcome {
    let outcome = Outcome::new_applied(order(u128::from(number), number), UnixMillis(1));
    NumberedOutcome {
        number,
        seq: number,
        command_id: None,
        outcome,
    }
}

fn outcomes(link_session: LinkSessionId, from: u64, to: u64) -> Frame {
    let outcomes = (from + 1..=to).map(outcome).collect();
    Frame::Outcomes(OutcomesFrame {
        link_session,
        epoch: 1,
        from,
        to,
        outcomes,
    })
}

fn down(link_session: LinkSessionId, from: u64, to: u64) -> Frame {
    let changes = (from + 1..=to)
        .map(|n| FeedChange::Order(order(u128::from(n % 4), n)))
        .collect();
    Frame::Down(ChangesFrame {
        link_session,
        from,
        to,
        changes,
    })
}

fn forwarded_accept(link_session: LinkSessionId) -> ForwardedAcceptFrame {
    let body = CommandBody::AcceptOrder {
        order_id: OrderId(id(1)),
    };
    ForwardedAcceptFrame {
        link_session,
        command: Command {
            id: CommandId(id(9)),
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token: "token".into(),
        actor: actor(20, Role::Provider),
        taken_at: UnixMillis(5),
    }
}

#[track_caller]
pub(super) fn ignores(edge: &mut EdgeProtocol, frame: Frame, why: IgnoreReason) {
    let kind = frame.kind();
    assert_eq!(
        edge.handle_signed_frame(frame),
        vec![LinkStep::Ignored { kind, why }]
    );
}

#[test]
fn frames_of_another_standing_change_nothing() {
    let mut edge = open(position());
    for other in [
        LinkSessionId {
            term: 2,
            ..LINK_SESSION
        },
        LinkSessionId {
            nonce: BootNonce([1; 16]),
            ..LINK_SESSION
        },
    ] {
        ignores(&mut edge, outcomes(other, 0, 1), IgnoreReason::OtherSession);
        ignores(&mut edge, down(other, 0, 1), IgnoreReason::OtherSession);
        let credit = Credit {
            link_session: other,
            cursor: 0,
            ops: 9,
            bytes: 9,
            feed_seq: None,
        };
        ignores(&mut edge, Frame::Credit(credit), IgnoreReason::OtherSession);
        ignores(
            &mut edge,
            Frame::Resend(ResendRequest {
                link_session: other,
                from: 1,
            }),
            IgnoreReason::OtherSession,
        );
        let held = HeldNotice {
            link_session: other,
            seq: 1,
            reason: HeldReason::Region,
        };
        ignores(&mut edge, Frame::Held(held), IgnoreReason::OtherSession);
        ignores(
            &mut edge,
            Frame::Ask(forwarded_accept(other)),
            IgnoreReason::OtherSession,
        );
    }
}

#[test]
fn an_accept_made_elsewhere_is_for_the_log() {
    let mut edge = open(position());
    let asked = forwarded_accept(LINK_SESSION);
    assert_eq!(
        edge.handle_signed_frame(Frame::Ask(asked.clone())),
        [LinkStep::Log(Box::new(asked))]
    );
}

#[test]
fn nothing_stands_before_the_welcome_and_none_is_taken_twice() {
    let mut edge = fresh(position());
    ignores(
        &mut edge,
        outcomes(LINK_SESSION, 0, 1),
        IgnoreReason::OtherSession,
    );
    ignores(
        &mut edge,
        welcome(LINK_SESSION, ChainHead::start(&edge_id())),
        IgnoreReason::Unexpected,
    );
    edge.start_greeting(HubCheck::default());
    assert_eq!(edge.build_ack(&MachineReport::default()), None);
    let other = LinkSessionId {
        nonce: BootNonce([1; 16]),
        ..LINK_SESSION
    };
    ignores(
        &mut edge,
        welcome(other, ChainHead::start(&edge_id())),
        IgnoreReason::OtherSession,
    );
    edge.handle_signed_frame(welcome(LINK_SESSION, ChainHead::start(&edge_id())));
    assert!(edge.is_open());
    ignores(
        &mut edge,
        welcome(LINK_SESSION, ChainHead::start(&edge_id())),
        IgnoreReason::Unexpected,
    );
    edge.close_session();
    ignores(
        &mut edge,
        down(LINK_SESSION, 0, 1),
        IgnoreReason::OtherSession,
    );
}

#[test]
fn outcomes_that_leave_a_gap_are_ignored_and_an_overlap_brings_its_new_part() {
    let mut edge = open(EdgeFilePosition {
        outcome_cursor: 4,
        ..position()
    });
    ignores(&mut edge, outcomes(LINK_SESSION, 5, 7), IgnoreReason::Gap);
    ignores(&mut edge, outcomes(LINK_SESSION, 1, 4), IgnoreReason::Stale);
    let Frame::Outcomes(mut holed) = outcomes(LINK_SESSION, 4, 7) else {
        unreachable!()
    };
    holed.outcomes.remove(1);
    ignores(&mut edge, Frame::Outcomes(holed), IgnoreReason::Gap);
    let Frame::Outcomes(mut other_epoch) = outcomes(LINK_SESSION, 4, 7) else {
        unreachable!()
    };
    other_epoch.epoch = 2;
    ignores(
        &mut edge,
        Frame::Outcomes(other_epoch),
        IgnoreReason::OtherSession,
    );
    let stored = vec![outcome(5), outcome(6)];
    let todo = edge.handle_signed_frame(outcomes(LINK_SESSION, 2, 6));
    assert_eq!(
        todo,
        vec![LinkStep::Store(EdgeWrite::Outcomes {
            to: 6,
            outcomes: stored
        })]
    );
}

#[test]
fn a_feed_frame_is_applied_only_at_the_cursor() {
    let mut edge = open(EdgeFilePosition {
        feed_cursor: 4,
        ..position()
    });
    ignores(&mut edge, down(LINK_SESSION, 5, 6), IgnoreReason::Gap);
    ignores(&mut edge, down(LINK_SESSION, 3, 6), IgnoreReason::Stale);
    assert!(matches!(
        edge.handle_signed_frame(down(LINK_SESSION, 4, 6)).as_slice(),
        [LinkStep::Store(EdgeWrite::Changes { to: 6, changes })] if changes.len() == 2
    ));
}

#[test]
fn another_generation_of_the_feed_is_counted_anew() {
    let mut edge = fresh(EdgeFilePosition {
        feed_generation: 4,
        feed_cursor: 90,
        ..position()
    });
    edge.start_greeting(HubCheck::default());
    let todo = edge.handle_signed_frame(welcome(LINK_SESSION, ChainHead::start(&edge_id())));
    assert!(
        todo.contains(&LinkStep::Store(EdgeWrite::Generation(5))),
        "{todo:?}"
    );
}

#[test]
fn a_hub_that_has_more_or_other_than_the_log_ends_the_session() {
    let start = ChainHead::start(&edge_id());
    for cursor in [
        start.append_op(b"lost"),
        ChainHead {
            hash: Hash::ZERO,
            ..start
        },
    ] {
        let mut edge = fresh(position());
        edge.start_greeting(HubCheck::default());
        assert_eq!(
            edge.handle_signed_frame(welcome(LINK_SESSION, cursor)),
            vec![LinkStep::End(LinkEnd::ChainBroken)]
        );
    }
    let mut edge = fresh(EdgeFilePosition {
        head: start.append_op(b"a").append_op(b"b"),
        ..position()
    });
    edge.start_greeting(HubCheck::default());
    edge.handle_signed_frame(welcome(LINK_SESSION, start.append_op(b"x")));
    let run = OpRun {
        before: start.append_op(b"a"),
        ops: vec![b"b".to_vec()],
    };
    assert_eq!(
        edge.send_ops(run),
        vec![LinkStep::End(LinkEnd::ChainBroken)]
    );
}

#[test]
fn refusal_and_quarantine_end_the_session() {
    let mut edge = open(position());
    let refused = SessionRefusal {
        code: Code::GateClosed,
        detail: "drill".into(),
    };
    let ended = LinkEnd::Refused {
        code: Code::GateClosed,
        detail: "drill".into(),
    };
    assert_eq!(
        edge.handle_signed_frame(Frame::Refused(refused)),
        vec![LinkStep::End(ended)]
    );
}

/// An older hub names no codec and cannot unpack ops.
#[test]
fn ops_go_up_packed_only_where_the_hub_has_asked_for_it() {
    let start = ChainHead::start(&edge_id());
    let ops: Vec<_> = (0..20u8)
        .map(|n| [vec![0x84, 1, 2, 3], vec![n % 20]].concat())
        .collect();
    let head = start.append_ops(ops.iter().map(Vec::as_slice));
    for (codec, packs) in [
        (None, false),
        (Some(CODEC_PLAIN), false),
        (Some(CODEC_PACKED), true),
    ] {
        let mut edge = fresh(EdgeFilePosition { head, ..position() });
        let Frame::Hello(hello) = edge.start_greeting(HubCheck::default()) else {
            panic!("a Hello")
        };
        // An older hub treats this as the session's codec.
        assert_eq!(
            (hello.codec, hello.codecs),
            (CODEC_PLAIN, Some(vec![CODEC_PACKED]))
        );
        edge.handle_signed_frame(welcome_naming(codec, LINK_SESSION, start));
        let todo = edge.send_ops(OpRun {
            before: start,
            ops: ops.clone(),
        });
        let Some(LinkStep::Send(frame)) = todo.first() else {
            panic!("{todo:?}")
        };
        let Frame::Up(up) = &**frame else {
            panic!("{frame:?}")
        };
        assert_eq!(
            (up.packed.is_some(), up.ops.is_empty()),
            (packs, packs),
            "{codec:?}"
        );
        let plain = up.clone().into_unpacked(20, 1_000).unwrap();
        assert!(
            plain
                .ops
                .iter()
                .map(|op| op.to_vec())
                .eq(ops.iter().cloned())
        );
        assert_eq!((up.hash, up.op_count()), (head.hash, 20));
    }
}

#[test]
fn a_hub_that_names_a_codec_that_was_not_offered_is_left() {
    let mut edge = fresh(position());
    edge.start_greeting(HubCheck::default());
    let todo = edge.handle_signed_frame(welcome_naming(
        Some(9),
        LINK_SESSION,
        ChainHead::start(&edge_id()),
    ));
    assert_eq!(todo, [LinkStep::End(LinkEnd::ProtocolUnsupported)]);
}

#[test]
fn frames_for_the_other_end_are_counted_and_passed_over() {
    let mut edge = open(position());
    let hello = edge.start_greeting(HubCheck::default());
    edge.handle_signed_frame(welcome(LINK_SESSION, ChainHead::start(&edge_id())));
    ignores(&mut edge, hello, IgnoreReason::Unexpected);
    ignores(&mut edge, Frame::Unknown(77), IgnoreReason::Unexpected);
    let mad = OutcomesFrame {
        link_session: LINK_SESSION,
        epoch: 1,
        from: u64::MAX,
        to: u64::MAX,
        outcomes: Vec::new(),
    };
    ignores(&mut edge, Frame::Outcomes(mad), IgnoreReason::Gap);
}

#[test]
fn credit_says_when_the_feed_was_read_to_its_end() {
    let mut edge = open(EdgeFilePosition {
        feed_cursor: 4,
        ..position()
    });
    for (feed_seq, expected) in [
        (None, false),
        (Some(5), false),
        (Some(4), true),
        (Some(3), true),
    ] {
        let link_session = LINK_SESSION;
        let ops = LIMITS.credit_ops;
        let bytes = LIMITS.credit_bytes;
        let credit = Frame::Credit(Credit {
            link_session,
            cursor: 0,
            ops,
            bytes,
            feed_seq,
        });
        let todo = edge.handle_signed_frame(credit);
        assert_eq!(
            todo.contains(&LinkStep::FeedCurrent),
            expected,
            "{feed_seq:?}: {todo:?}"
        );
        // A useful Credit must not be answered like a useless one.
        let ignored = todo
            .iter()
            .any(|step| matches!(step, LinkStep::Ignored { .. }));
        assert!(!(expected && ignored), "{todo:?}");
    }
}

#[test]
fn a_welcome_that_nobody_signed_cannot_make_the_log_suspect() {
    let start = ChainHead::start(&edge_id());
    let beyond = start.append_op(b"an op that this log never had");
    for (proof, end) in [
        (FrameProof::Signed, LinkEnd::ChainBroken),
        (FrameProof::Unsigned, LinkEnd::Unproven),
    ] {
        let mut edge = fresh(position());
        edge.start_greeting(HubCheck::default());
        let todo = edge.handle_frame(welcome(LINK_SESSION, beyond), proof);
        assert_eq!(todo, [LinkStep::End(end)]);
    }
}
