//! The cloud end against scripted and random edges.

mod downward;
mod network;
mod quarantine;
mod snapshot;
mod upward;

use wire::{
    Ack, BootNonce, ChainHead, Code, EdgeId, Frame, Hash, Hello, LinkLimits, LinkSessionId,
    NumberedOutcome, Op, OpsFrame, Outcome, OutcomeKind, Region, UnixMillis,
};

use crate::trusted_time::LogHeadReports;

use super::{NewOp, StoredEdge, SyncSession, SyncSessionInput, SyncSessionOutput};

pub(super) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const TERM: u64 = 7;
const NONCE: BootNonce = BootNonce([3; 16]);
const LIMITS: LinkLimits = LinkLimits {
    batch_ops_max: 50,
    batch_bytes_max: 10_000,
    credit_ops: 100,
    credit_bytes: 20_000,
};

fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

pub(super) fn link_session() -> LinkSessionId {
    LinkSessionId {
        term: TERM,
        nonce: NONCE,
    }
}

fn op(number: u64) -> Vec<u8> {
    Op::Boot {
        nonce: NONCE,
        at: UnixMillis(NOW.0 + number.cast_signed()),
    }
    .to_bytes()
}

/// The whole log of a scripted edge: op `n` is `log[n - 1]`.
fn log(count: u64) -> Vec<Vec<u8>> {
    (1..=count).map(op).collect()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn chain_at(log: &[Vec<u8>], seq: u64) -> ChainHead {
    ChainHead::start(&edge()).append_ops(log.iter().take(index(seq)).map(Vec::as_slice))
}

fn up(log: &[Vec<u8>], first_seq: u64, count: u64) -> OpsFrame {
    OpsFrame {
        link_session: link_session(),
        epoch: 1,
        first_seq,
        prev_hash: chain_at(log, first_seq - 1).hash,
        hash: chain_at(log, first_seq - 1 + count).hash,
        ops: log
            .iter()
            .skip(index(first_seq - 1))
            .take(index(count))
            .cloned()
            .map(Into::into)
            .collect(),
        packed: None,
    }
}

fn hello(log: &[Vec<u8>]) -> Hello {
    Hello {
        protocol_min: 1,
        protocol_max: 1,
        edge: edge(),
        region: Region::North,
        epoch: 1,
        nonce: NONCE,
        last_seq: log.len() as u64,
        last_hash: chain_at(log, log.len() as u64).hash,
        suspect: false,
        feed_generation: 5,
        feed_cursor: 0,
        outcome_cursor: 0,
        codec: 0,
        version: "0.1.0".into(),
        settled: None,
        twin: None,
        snapshots: None,
        staged: None,
        codecs: None,
        challenge: None,
        pinned: None,
        plain_line: None,
        plain_listeners: None,
    }
}

fn stored(cursor: ChainHead) -> StoredEdge {
    StoredEdge {
        region: Region::North,
        term: TERM - 1,
        running: None,
        epoch: 1,
        grant: None,
        ending: None,
        epochs_today: 0,
        cursor,
        outcome_count: 0,
        feed_generation: 5,
        feed_seq: 0,
        feed_holds_from: 0,
        feed_compacted_to: 0,
        granted_seq: None,
        orders: 0,
        gate_open: true,
        disabled: false,
        heads: LogHeadReports::default(),
    }
}

fn greeted(hello: Hello, stored: StoredEdge) -> (SyncSession, Vec<SyncSessionOutput>) {
    let mut session = SyncSession::new(edge(), LIMITS, NOW);
    let mut outputs = session.handle_input(SyncSessionInput::Frame(Frame::Hello(hello)), NOW);
    if outputs == [SyncSessionOutput::Load] {
        outputs = session.handle_input(SyncSessionInput::Loaded(stored.clone()), NOW);
    }
    if let [SyncSessionOutput::TakeOver { over, .. }] = outputs[..] {
        assert_eq!(over, stored.term);
        outputs = session.handle_input(SyncSessionInput::TakenOver { term: TERM, stored }, NOW);
    }
    (session, outputs)
}

pub(super) fn opened(log: &[Vec<u8>]) -> SyncSession {
    greeted(hello(log), stored(ChainHead::start(&edge()))).0
}

fn take(session: &mut SyncSession, frame: OpsFrame) -> Vec<SyncSessionOutput> {
    session.handle_input(SyncSessionInput::Frame(Frame::Up(frame)), NOW)
}

fn ended(outputs: &[SyncSessionOutput]) -> Option<Code> {
    outputs.iter().find_map(|output| match output {
        SyncSessionOutput::End(refused) => Some(refused.code),
        _ => None,
    })
}

fn ack(outcome_cursor: u64, feed_cursor: u64) -> Ack {
    Ack {
        link_session: link_session(),
        outcome_cursor,
        feed_cursor,
        digest: Hash::ZERO,
        ahead: 0,
        pending: 0,
        oldest_pending_at: None,
        edge_now: NOW,
        disk_free_bytes: None,
        last_seq: 0,
        staged: None,
        snapshot: None,
        unproven: None,
        assignment: None,
        clock_error_ms: None,
        newcomers_waiting: None,
        disk: None,
        photos_waiting: None,
    }
}

fn outcomes(from: u64, to: u64) -> Vec<NumberedOutcome> {
    (from + 1..=to)
        .map(|number| NumberedOutcome {
            number,
            seq: number,
            command_id: None,
            outcome: Outcome::new_plain(OutcomeKind::Applied, NOW),
        })
        .collect()
}

#[test]
fn a_welcome_says_where_the_log_goes_on() {
    let log = log(9);
    let (session, outputs) = greeted(hello(&log), stored(chain_at(&log, 4)));
    let [SyncSessionOutput::Send(Frame::Welcome(welcome))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(
        (welcome.cursor, welcome.cursor_hash),
        (4, chain_at(&log, 4).hash)
    );
    assert_eq!(
        (welcome.link_session, welcome.cloud_now),
        (link_session(), NOW)
    );
    assert_eq!(session.term(), Some(TERM));
}

#[test]
fn a_hello_that_does_not_fit_what_is_stored_is_refused() {
    let log = log(9);
    let fits = hello(&log);
    let record = stored(chain_at(&log, 4));
    for (what, hello, code) in spoilt_hellos(&fits) {
        assert_hello_refused(what, hello, record.clone(), code);
    }
    let shut = StoredEdge {
        gate_open: false,
        ..record.clone()
    };
    assert_hello_refused("gate", fits.clone(), shut, Code::GateClosed);
    let disabled = StoredEdge {
        disabled: true,
        ..record
    };
    assert_hello_refused("disabled", fits, disabled, Code::EdgeDisabled);
}

/// Each differs from a fitting Hello in one respect.
fn spoilt_hellos(fits: &Hello) -> [(&'static str, Hello, Code); 8] {
    let newer_protocol = Hello {
        protocol_min: 2,
        protocol_max: 3,
        ..fits.clone()
    };
    let codec = Hello {
        codec: 9,
        ..fits.clone()
    };
    let other_edge = Hello {
        edge: EdgeId::new("north-2").unwrap(),
        ..fits.clone()
    };
    let other_region = Hello {
        region: Region::Mid,
        ..fits.clone()
    };
    let twin = Hello {
        twin: Some(true),
        ..fits.clone()
    };
    let epoch = Hello {
        epoch: 2,
        ..fits.clone()
    };
    let outcomes = Hello {
        outcome_cursor: 1,
        ..fits.clone()
    };
    let feed = Hello {
        feed_cursor: 1,
        ..fits.clone()
    };
    [
        ("newer protocol", newer_protocol, Code::ProtocolUnsupported),
        ("codec", codec, Code::ProtocolUnsupported),
        ("other edge", other_edge, Code::EdgeUnknown),
        ("other region", other_region, Code::EdgeUnknown),
        ("twin", twin, Code::EdgeTwin),
        ("epoch", epoch, Code::ChainBroken),
        ("outcomes", outcomes, Code::ChainBroken),
        ("feed", feed, Code::Unavailable),
    ]
}

#[track_caller]
fn assert_hello_refused(what: &str, hello: Hello, stored: StoredEdge, code: Code) {
    let (mut session, outputs) = greeted(hello, stored);
    assert_eq!(ended(&outputs), Some(code), "{what}");
    assert_eq!(session.term(), None, "{what}: no term was raised");
    assert_eq!(
        take(&mut session, up(&log(9), 1, 1)),
        [],
        "{what}: an ended session is deaf"
    );
}

#[test]
fn nothing_but_a_hello_begins_a_session() {
    let log = log(1);
    let mut session = SyncSession::new(edge(), LIMITS, NOW);
    assert_eq!(
        ended(&take(&mut session, up(&log, 1, 1))),
        Some(Code::MalformedBody)
    );
}

#[test]
fn a_frame_of_another_term_or_boot_changes_nothing() {
    let log = log(2);
    for wrong in [
        LinkSessionId {
            term: TERM - 1,
            nonce: NONCE,
        },
        LinkSessionId {
            term: TERM,
            nonce: BootNonce([9; 16]),
        },
    ] {
        let mut session = opened(&log);
        assert_eq!(
            take(
                &mut session,
                OpsFrame {
                    link_session: wrong,
                    ..up(&log, 1, 2)
                }
            ),
            []
        );
        let stale = Frame::Ack(Ack {
            link_session: wrong,
            ..ack(0, 0)
        });
        assert_eq!(
            session.handle_input(SyncSessionInput::Frame(stale), NOW),
            []
        );
        assert_eq!(session.ignored_count(), 2);
    }
}

#[test]
fn ops_stored_by_the_old_session_meanwhile_stand_in_the_welcome() {
    let log = log(9);
    let mut session = SyncSession::new(edge(), LIMITS, NOW);
    session.handle_input(SyncSessionInput::Frame(Frame::Hello(hello(&log))), NOW);
    session.handle_input(SyncSessionInput::Loaded(stored(chain_at(&log, 4))), NOW);
    let later = SyncSessionInput::TakenOver {
        term: TERM,
        stored: stored(chain_at(&log, 6)),
    };
    let outputs = session.handle_input(later, NOW);
    let [SyncSessionOutput::Send(Frame::Welcome(welcome))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(welcome.cursor, 6);
}

#[test]
fn a_superseded_gated_or_disabled_session_ends_and_stays_ended() {
    for (input, code) in [
        (SyncSessionInput::Superseded, Code::SessionSuperseded),
        (SyncSessionInput::GateClosed, Code::GateClosed),
        (SyncSessionInput::Disabled, Code::EdgeDisabled),
    ] {
        let log = log(2);
        let mut session = opened(&log);
        assert_eq!(ended(&session.handle_input(input, NOW)), Some(code));
        assert_eq!(take(&mut session, up(&log, 1, 2)), []);
    }
}
