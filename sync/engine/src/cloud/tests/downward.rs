//! The downstream: outcomes, feed and asks, without a gap and no faster than the edge acknowledges.

use super::*;

#[test]
fn an_accept_for_the_holder_goes_out_under_the_sessions_standing() {
    let order_id = wire::OrderId(uuid::Uuid::from_u128(1));
    let accept = wire::ForwardedAccept {
        region: wire::Region::North,
        command: wire::Command {
            id: wire::CommandId(uuid::Uuid::from_u128(2)),
            body: wire::CommandBody::AcceptOrder { order_id },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token: "token".into(),
        actor: crate::tests::actor(20, wire::Role::Provider),
    };
    let mut session = opened(&log(1));
    let outputs = {
        let accept = Box::new(accept.clone());
        session.handle_input(
            SyncSessionInput::ForwardAccept {
                accept,
                taken_at: NOW,
            },
            NOW,
        )
    };
    let [SyncSessionOutput::Send(Frame::Ask(ask))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        (ask.link_session, &ask.command),
        (link_session(), &accept.command)
    );
    assert_eq!((ask.actor, ask.taken_at), (accept.actor, NOW));
}

#[test]
fn outcomes_follow_the_edges_cursor_without_a_gap() {
    let log = log(9);
    let at = StoredEdge {
        outcome_count: 5,
        ..stored(chain_at(&log, 9))
    };
    let (mut session, outputs) = greeted(
        Hello {
            outcome_cursor: 2,
            ..hello(&log)
        },
        at,
    );
    assert!(
        matches!(outputs[1], SyncSessionOutput::ReadOutcomes { after: 2, .. }),
        "{outputs:?}"
    );
    assert_eq!(
        session.handle_input(SyncSessionInput::OutcomesReach(6), NOW),
        [],
        "one read at a time"
    );

    let outputs = session.handle_input(SyncSessionInput::Outcomes(outcomes(2, 5)), NOW);
    let [
        SyncSessionOutput::Send(Frame::Outcomes(frame)),
        SyncSessionOutput::ReadOutcomes { after: 5, .. },
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((frame.from, frame.to, frame.epoch), (2, 5, 1));

    let outputs = session.handle_input(SyncSessionInput::Outcomes(outcomes(6, 7)), NOW);
    assert_eq!(ended(&outputs), Some(Code::Internal), "number 6 is missing");
}

#[test]
fn a_read_that_brings_nothing_is_not_repeated_at_once() {
    let log = log(1);
    let at = StoredEdge {
        outcome_count: 5,
        feed_seq: 5,
        ..stored(chain_at(&log, 1))
    };
    let (mut session, _) = greeted(hello(&log), at);
    assert_eq!(
        session.handle_input(SyncSessionInput::Outcomes(Vec::new()), NOW),
        []
    );
    assert_eq!(
        session.handle_input(
            SyncSessionInput::Feed {
                to: 0,
                changes: Vec::new()
            },
            NOW
        ),
        []
    );
    let again = session.handle_input(SyncSessionInput::OutcomesReach(5), NOW);
    assert!(matches!(
        again[..],
        [SyncSessionOutput::ReadOutcomes { after: 0, .. }]
    ));
}

#[test]
fn the_feed_goes_on_from_the_cursor_or_anew_in_another_generation() {
    let log = log(1);
    for (generation, cursor, after) in [(5, 8, 8), (4, 8, 0), (0, 0, 0)] {
        let edge = Hello {
            feed_generation: generation,
            feed_cursor: cursor,
            ..hello(&log)
        };
        let at = StoredEdge {
            feed_seq: 20,
            ..stored(chain_at(&log, 1))
        };
        let (mut session, outputs) = greeted(edge, at);
        let [_, SyncSessionOutput::ReadFeed { after: read, .. }] = outputs[..] else {
            panic!("{outputs:?}")
        };
        assert_eq!(read, after, "generation {generation}, cursor {cursor}");

        let outputs = session.handle_input(
            SyncSessionInput::Feed {
                to: 20,
                changes: Vec::new(),
            },
            NOW,
        );
        let [SyncSessionOutput::Send(Frame::Down(down))] = &outputs[..] else {
            panic!("{outputs:?}")
        };
        assert_eq!((down.from, down.to), (after, 20));
    }
}

#[test]
fn a_feed_that_begins_anew_ends_the_session() {
    let mut session = opened(&log(1));
    let outputs = session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 6,
            feed_seq: 1,
        },
        NOW,
    );
    assert_eq!(ended(&outputs), Some(Code::Unavailable));
}

#[test]
fn what_goes_down_waits_for_an_edge_that_does_not_acknowledge() {
    let log = log(1);
    let at = StoredEdge {
        feed_seq: 100_000,
        ..stored(chain_at(&log, 1))
    };
    let (mut session, mut outputs) = greeted(hello(&log), at);
    let mut sent = 0;
    while let Some(SyncSessionOutput::ReadFeed { after, limit }) = outputs.pop() {
        sent = after + u64::from(limit);
        outputs = session.handle_input(
            SyncSessionInput::Feed {
                to: sent,
                changes: Vec::new(),
            },
            NOW,
        );
    }
    assert_eq!(sent, 5_000);
    let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(0, sent))), NOW);
    assert!(matches!(
        outputs[..],
        [
            SyncSessionOutput::SaveAck(..),
            SyncSessionOutput::ReadFeed { after: 5_000, .. }
        ]
    ));
}

/// The edge ignores a frame that arrives before its predecessor. The connection stays open, so only
/// this session can resend the frame.
#[test]
fn what_is_not_acknowledged_goes_out_again() {
    let mut session = opened(&[]);
    let tick = |session: &mut SyncSession| session.handle_input(SyncSessionInput::Tick, NOW);
    session.handle_input(SyncSessionInput::OutcomesReach(2), NOW);
    session.handle_input(SyncSessionInput::Outcomes(outcomes(0, 2)), NOW);
    session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(1, 0))), NOW);
    let again: Vec<SyncSessionOutput> = (0..20).flat_map(|_| tick(&mut session)).collect();
    assert_eq!(
        again,
        [SyncSessionOutput::ReadOutcomes {
            after: 1,
            limit: 200
        }],
        "once, from the cursor on"
    );
    let sent = session.handle_input(SyncSessionInput::Outcomes(outcomes(1, 2)), NOW);
    assert!(
        matches!(&sent[..], [SyncSessionOutput::Send(Frame::Outcomes(f))] if (f.from, f.to) == (1, 2))
    );
    session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(2, 0))), NOW);
    let later: Vec<SyncSessionOutput> = (0..40).flat_map(|_| tick(&mut session)).collect();
    assert!(
        later.iter().all(confirms),
        "all of it has arrived: {later:?}"
    );
}

/// Matches only the confirmation that the edge has read the whole feed.
fn confirms(output: &SyncSessionOutput) -> bool {
    matches!(output, SyncSessionOutput::Send(Frame::Credit(credit)) if credit.feed_seq.is_some())
}

/// The Ack of the first send may arrive after the resend was scheduled.
#[test]
fn a_late_ack_spares_the_second_sending() {
    let mut session = opened(&[]);
    session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 5,
            feed_seq: 3,
        },
        NOW,
    );
    session.handle_input(
        SyncSessionInput::Feed {
            to: 3,
            changes: Vec::new(),
        },
        NOW,
    );
    let again: Vec<SyncSessionOutput> = (0..15)
        .flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW))
        .collect();
    assert_eq!(
        again,
        [SyncSessionOutput::ReadFeed {
            after: 0,
            limit: 200
        }]
    );
    let late = session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(0, 3))), NOW);
    assert!(
        matches!(&late[..], [SyncSessionOutput::SaveAck(..), confirmed] if confirms(confirmed)),
        "{late:?}"
    );
    let sent = session.handle_input(
        SyncSessionInput::Feed {
            to: 3,
            changes: Vec::new(),
        },
        NOW,
    );
    assert!(
        matches!(&sent[..], [SyncSessionOutput::Send(Frame::Down(down))] if (down.from, down.to) == (0, 3))
    );
    let later: Vec<SyncSessionOutput> = (0..40)
        .flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW))
        .collect();
    assert!(later.iter().all(confirms), "{later:?}");
    let further = session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 5,
            feed_seq: 4,
        },
        NOW,
    );
    assert_eq!(
        further,
        [SyncSessionOutput::ReadFeed {
            after: 3,
            limit: 200
        }]
    );
}

#[test]
fn an_ack_of_what_was_never_sent_is_passed_over() {
    let mut session = opened(&log(1));
    assert_eq!(
        session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(1, 0))), NOW),
        []
    );
    assert_eq!(
        session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(0, 1))), NOW),
        []
    );
    assert_eq!(session.ignored_count(), 2);
}

/// An older edge answers a useless frame with an Ack. Such an Ack must not trigger another frame.
#[test]
fn an_edge_hears_once_that_it_has_read_the_whole_feed_and_then_now_and_then() {
    let mut session = opened(&[]);
    let acked = |session: &mut SyncSession, feed| {
        let outputs = session.handle_input(SyncSessionInput::Frame(Frame::Ack(ack(0, feed))), NOW);
        outputs.iter().filter(|output| confirms(output)).count()
    };
    assert_eq!(
        [acked(&mut session, 0), acked(&mut session, 0)],
        [1, 0],
        "it has it from the start"
    );
    session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 5,
            feed_seq: 3,
        },
        NOW,
    );
    session.handle_input(
        SyncSessionInput::Feed {
            to: 3,
            changes: Vec::new(),
        },
        NOW,
    );
    assert_eq!(
        [acked(&mut session, 0), acked(&mut session, 2)],
        [0, 0],
        "it lacks the last"
    );
    assert_eq!([acked(&mut session, 3), acked(&mut session, 3)], [1, 0]);
    let ticks: Vec<SyncSessionOutput> = (0..60)
        .flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW))
        .collect();
    assert_eq!(
        (ticks.len(), ticks.iter().all(confirms)),
        (2, true),
        "{ticks:?}"
    );
    session.handle_input(
        SyncSessionInput::FeedReaches {
            generation: 5,
            feed_seq: 4,
        },
        NOW,
    );
    let ticks = (0..14).flat_map(|_| session.handle_input(SyncSessionInput::Tick, NOW));
    assert_eq!(
        ticks.filter(confirms).count(),
        0,
        "there is something it has not read"
    );
}
