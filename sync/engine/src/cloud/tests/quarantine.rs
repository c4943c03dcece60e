//! Restored edges, clones, and edges that only look like clones.

use wire::{ProbeReply, QuarantineWhy};

use super::*;
use crate::cloud::{
    EndingEpoch, EpochGrant, LogPosition, LogTail, QuarantineGrant, QuarantineRequest,
};

const OTHER: BootNonce = BootNonce([8; 16]);

/// The hub's answer to a Hello, given the edge's record.
fn answered(hello: Hello, stored: StoredEdge) -> Vec<SyncSessionOutput> {
    greeted(hello, stored).1
}

#[track_caller]
fn confined(outputs: &[SyncSessionOutput]) -> &QuarantineRequest {
    let [SyncSessionOutput::Quarantine(confined)] = outputs else {
        panic!("{outputs:?}")
    };
    confined
}

#[test]
fn a_log_that_is_not_the_one_received_is_put_into_quarantine() {
    let log = log(9);
    let at = |seq| stored(chain_at(&log, seq));
    let fits = hello(&log);
    let later = StoredEdge { epoch: 2, ..at(0) };
    for (what, hello, stored) in [
        (
            "suspect",
            Hello {
                suspect: true,
                ..fits.clone()
            },
            at(4),
        ),
        (
            "it has lost ops",
            Hello {
                last_seq: 3,
                ..fits.clone()
            },
            at(4),
        ),
        (
            "another op stands there",
            Hello {
                last_hash: Hash::digest_bytes(b"x"),
                ..fits.clone()
            },
            at(9),
        ),
        ("its epoch is over", fits.clone(), later),
    ] {
        let outputs = answered(hello.clone(), stored.clone());
        let expected = QuarantineRequest {
            hello,
            over: stored.term,
            epoch: stored.epoch,
            again: false,
            why: QuarantineWhy::EdgeRestored,
        };
        assert_eq!(confined(&outputs), &expected, "{what}");
    }
}

#[test]
fn an_epoch_that_is_to_end_ends_with_whoever_comes_next_and_for_the_same_reason() {
    let log = log(9);
    let why = QuarantineWhy::EdgeCloned;
    let begun = |epoch| StoredEdge {
        ending: Some(EndingEpoch { epoch, why }),
        ..stored(chain_at(&log, 4))
    };
    let outputs = answered(hello(&log), begun(1));
    let confined = confined(&outputs);
    assert_eq!(
        (confined.epoch, confined.why, confined.again),
        (1, why, false)
    );

    let later = StoredEdge {
        epoch: 2,
        ..begun(1)
    };
    let outputs = answered(
        Hello {
            epoch: 2,
            ..hello(&log)
        },
        later,
    );
    assert!(
        matches!(outputs[..], [SyncSessionOutput::Send(Frame::Welcome(_))]),
        "that one stands"
    );
}

#[test]
fn the_tail_goes_out_part_by_part_and_nothing_else_is_listened_to() {
    let log = log(9);
    let hello = Hello {
        suspect: true,
        ..hello(&log)
    };
    let (mut session, _) = greeted(hello.clone(), stored(chain_at(&log, 9)));
    let known = LogPosition { epoch: 1, seq: 4 };
    let last_accepted = chain_at(&log, 9).hash;
    let why = QuarantineWhy::EdgeRestored;
    let granted = QuarantineGrant {
        epoch: 2,
        grant: 5,
        last_accepted,
        why,
        known,
    };
    let outputs = session.handle_input(SyncSessionInput::Quarantined(granted), NOW);
    assert_eq!(outputs, [SyncSessionOutput::ReadTail(known)]);
    assert_eq!(
        take(&mut session, up(&log, 1, 9)),
        [],
        "nothing of it is taken"
    );

    let run = |range: std::ops::Range<usize>| log[range].to_vec();
    let tail = LogTail {
        epoch: 1,
        first_seq: 5,
        first_hash: chain_at(&log, 5).hash,
        ops: run(4..7),
        more: true,
    };
    let outputs = session.handle_input(SyncSessionInput::Tail(tail), NOW);
    let [SyncSessionOutput::Send(Frame::Quarantine(first)), next] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        (first.old_epoch, first.old_nonce, first.new_epoch),
        (1, NONCE, 2)
    );
    assert_eq!(
        (first.grant, first.last_accepted, first.tail.len()),
        (5, last_accepted, 3)
    );
    let part = first.part.unwrap();
    assert_eq!(
        (part.index, part.epoch, part.first_seq, part.more),
        (0, 1, 5, true)
    );
    assert_eq!(
        next,
        &SyncSessionOutput::ReadTail(LogPosition { epoch: 1, seq: 7 })
    );

    let tail = LogTail {
        epoch: 1,
        first_seq: 8,
        first_hash: chain_at(&log, 8).hash,
        ops: run(7..9),
        more: false,
    };
    let outputs = session.handle_input(SyncSessionInput::Tail(tail), NOW);
    let [SyncSessionOutput::Send(Frame::Quarantine(last))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    let part = last.part.unwrap();
    assert_eq!((part.index, part.first_seq, part.more), (1, 8, false));
    assert_eq!(session.term(), None, "it calls again under its new epoch");
}

#[test]
fn the_last_part_of_a_tail_says_that_it_is_also_where_nothing_is_left_for_it() {
    let log = log(4);
    let hello = Hello {
        suspect: true,
        ..hello(&log)
    };
    let (mut session, _) = greeted(hello, stored(chain_at(&log, 4)));
    let known = LogPosition { epoch: 1, seq: 0 };
    let last_accepted = chain_at(&log, 4).hash;
    let why = QuarantineWhy::EdgeRestored;
    session.handle_input(
        SyncSessionInput::Quarantined(QuarantineGrant {
            epoch: 2,
            grant: 5,
            last_accepted,
            why,
            known,
        }),
        NOW,
    );
    let first_hash = chain_at(&log, 1).hash;
    // A full read may still be the last one.
    let tail = LogTail {
        epoch: 1,
        first_seq: 1,
        first_hash,
        ops: log.clone(),
        more: true,
    };
    session.handle_input(SyncSessionInput::Tail(tail), NOW);
    let outputs = session.handle_input(SyncSessionInput::Tail(LogTail::empty()), NOW);
    let [SyncSessionOutput::Send(Frame::Quarantine(last))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        last.part.map(|part| (part.index, part.more)),
        Some((1, false))
    );
    assert!(last.tail.is_empty());
}

#[test]
fn an_edge_that_lost_nothing_gets_one_frame_without_a_tail() {
    let log = log(2);
    let hello = Hello {
        suspect: true,
        ..hello(&log)
    };
    let (mut session, _) = greeted(hello, stored(chain_at(&log, 2)));
    let known = LogPosition { epoch: 1, seq: 2 };
    let last_accepted = chain_at(&log, 2).hash;
    let why = QuarantineWhy::EdgeRestored;
    session.handle_input(
        SyncSessionInput::Quarantined(QuarantineGrant {
            epoch: 2,
            grant: 5,
            last_accepted,
            why,
            known,
        }),
        NOW,
    );
    let outputs = session.handle_input(SyncSessionInput::Tail(LogTail::empty()), NOW);
    let [SyncSessionOutput::Send(Frame::Quarantine(frame))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert!(frame.tail.is_empty() && frame.part.is_none());
}

#[test]
fn a_run_that_lost_the_frame_gets_the_same_epoch_again_and_nobody_else_does() {
    let log = log(9);
    let grant = Some(EpochGrant {
        to: NONCE,
        after: Some(OTHER),
    });
    let granted = StoredEdge {
        epoch: 2,
        grant,
        ..stored(ChainHead::start(&edge()))
    };
    let again = |hello: Hello, stored: StoredEdge| confined(&answered(hello, stored)).again;
    assert!(again(hello(&log), granted.clone()));
    let other = Hello {
        nonce: BootNonce([4; 16]),
        ..hello(&log)
    };
    assert!(!again(other, granted.clone()), "another run");
    let owned = StoredEdge {
        cursor: ChainHead {
            seq: 1,
            hash: Hash::digest_bytes(b"1"),
        },
        ..granted
    };
    assert!(!again(hello(&log), owned), "somebody has begun it");
}

#[test]
fn a_run_that_outlived_the_grant_to_another_is_a_clone() {
    let log = log(9);
    let grant = Some(EpochGrant {
        to: OTHER,
        after: Some(NONCE),
    });
    let granted = StoredEdge {
        epoch: 2,
        grant,
        ..stored(ChainHead::start(&edge()))
    };
    let outputs = answered(hello(&log), granted);
    assert_eq!(confined(&outputs).why, QuarantineWhy::EdgeCloned);
}

#[test]
fn the_fourth_new_epoch_of_a_day_needs_an_operator() {
    let log = log(9);
    let suspect = Hello {
        suspect: true,
        ..hello(&log)
    };
    let after = |epochs_today| {
        let at = StoredEdge {
            epochs_today,
            ..stored(chain_at(&log, 9))
        };
        answered(suspect.clone(), at)
    };
    confined(&after(2));
    assert_eq!(ended(&after(3)), Some(Code::EdgeNeedsOperator));
    let grant = Some(EpochGrant {
        to: NONCE,
        after: None,
    });
    let lost = StoredEdge {
        epoch: 4,
        epochs_today: 3,
        grant,
        ..stored(ChainHead::start(&edge()))
    };
    assert!(
        confined(&answered(suspect.clone(), lost)).again,
        "the third may be told again"
    );
}

fn running(nonce: BootNonce, cursor: ChainHead) -> StoredEdge {
    StoredEdge {
        running: Some(nonce),
        ..stored(cursor)
    }
}

#[test]
fn another_run_is_a_twin_only_where_the_old_one_answers() {
    let log = log(9);
    // The copy's log is behind as well, but the probe of the old session comes first.
    let copy = Hello {
        last_seq: 3,
        suspect: true,
        ..hello(&log)
    };
    let (mut session, outputs) = greeted(copy.clone(), running(OTHER, chain_at(&log, 4)));
    assert_eq!(outputs, [SyncSessionOutput::Probe { term: TERM - 1 }]);
    let outputs = session.handle_input(SyncSessionInput::Probed { alive: true }, NOW);
    assert_eq!(ended(&outputs), Some(Code::EdgeTwin));

    let (mut session, _) = greeted(copy, running(OTHER, chain_at(&log, 4)));
    let outputs = session.handle_input(SyncSessionInput::Probed { alive: false }, NOW);
    confined(&outputs);
    let (mut session, _) = greeted(hello(&log), running(OTHER, chain_at(&log, 4)));
    let outputs = session.handle_input(SyncSessionInput::Probed { alive: false }, NOW);
    assert!(matches!(outputs[..], [SyncSessionOutput::TakeOver { over, .. }] if over == TERM - 1));
}

#[test]
fn a_restart_and_the_same_run_on_another_socket_are_no_alarm() {
    let log = log(9);
    for stored in [running(NONCE, chain_at(&log, 4)), stored(chain_at(&log, 4))] {
        let outputs = answered(hello(&log), stored);
        assert!(
            matches!(outputs[..], [SyncSessionOutput::Send(Frame::Welcome(_))]),
            "{outputs:?}"
        );
    }
}

#[test]
fn what_was_judged_before_another_session_took_over_is_judged_anew() {
    let log = log(9);
    let mut session = SyncSession::new(edge(), LIMITS, NOW);
    session.handle_input(SyncSessionInput::Frame(Frame::Hello(hello(&log))), NOW);
    session.handle_input(SyncSessionInput::Loaded(stored(chain_at(&log, 4))), NOW);
    let newer = StoredEdge {
        term: TERM,
        ..running(OTHER, chain_at(&log, 4))
    };
    let outputs = session.handle_input(SyncSessionInput::Loaded(newer), NOW);
    assert_eq!(outputs, [SyncSessionOutput::Probe { term: TERM }]);
}

#[test]
fn a_probe_goes_out_once_and_only_its_answer_counts() {
    let log = log(9);
    let mut session = opened(&log);
    let probe = |session: &mut SyncSession| {
        session.handle_input(SyncSessionInput::ProbeAsked { number: 3 }, NOW)
    };
    let outputs = probe(&mut session);
    let [SyncSessionOutput::Send(Frame::Probe(sent))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((sent.link_session, sent.number), (link_session(), 3));
    assert_eq!(probe(&mut session), []);
    let mut alive = |link_session, number| {
        session.handle_input(
            SyncSessionInput::Frame(Frame::Alive(ProbeReply {
                link_session,
                number,
            })),
            NOW,
        )
    };
    assert_eq!(alive(link_session(), 4), [], "never asked");
    assert_eq!(
        alive(
            LinkSessionId {
                nonce: OTHER,
                ..link_session()
            },
            3
        ),
        []
    );
    assert_eq!(
        alive(link_session(), 3),
        [SyncSessionOutput::SaveAlive { number: 3 }]
    );
}
