//! The cloud end against scripted and random edges.

mod quarantine;

use proptest::prelude::*;
use wire::{
    Ack, BootNonce, Chain, Code, EdgeId, Frame, Hash, Hello, Limits, NumberedOutcome, Op, Outcome,
    OutcomeKind, Region, Standing, UnixMillis, Up,
};

use super::{Accept, Input, NewOp, Output, Session, Stored};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const TERM: u64 = 7;
const NONCE: BootNonce = BootNonce([3; 16]);
const LIMITS: Limits =
    Limits { batch_ops_max: 50, batch_bytes_max: 10_000, credit_ops: 100, credit_bytes: 20_000 };

fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn standing() -> Standing {
    Standing { term: TERM, nonce: NONCE }
}

fn op(number: u64) -> Vec<u8> {
    Op::Boot { nonce: NONCE, at: UnixMillis(NOW.0 + number.cast_signed()) }.to_bytes()
}

/// The whole log of a scripted edge: op `n` stands at `log[n - 1]`.
fn log(count: u64) -> Vec<Vec<u8>> {
    (1..=count).map(op).collect()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn chain_at(log: &[Vec<u8>], seq: u64) -> Chain {
    Chain::start(&edge()).through(log.iter().take(index(seq)).map(Vec::as_slice))
}

fn up(log: &[Vec<u8>], first_seq: u64, count: u64) -> Up {
    Up {
        standing: standing(),
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
    }
}

fn stored(cursor: Chain) -> Stored {
    Stored {
        region: Region::North,
        term: TERM - 1,
        running: None,
        epoch: 1,
        grant: None,
        epochs_today: 0,
        cursor,
        outcome_count: 0,
        feed_generation: 5,
        feed_seq: 0,
        gate_open: true,
    }
}

fn greeted(hello: Hello, stored: Stored) -> (Session, Vec<Output>) {
    let mut session = Session::new(edge(), LIMITS);
    let mut outputs = session.handle(Input::Frame(Frame::Hello(hello)), NOW);
    if outputs == [Output::Load] {
        outputs = session.handle(Input::Loaded(stored.clone()), NOW);
    }
    if let [Output::TakeOver { over, .. }] = outputs[..] {
        assert_eq!(over, stored.term);
        outputs = session.handle(Input::TakenOver { term: TERM, stored }, NOW);
    }
    (session, outputs)
}

fn opened(log: &[Vec<u8>]) -> Session {
    greeted(hello(log), stored(Chain::start(&edge()))).0
}

fn take(session: &mut Session, frame: Up) -> Vec<Output> {
    session.handle(Input::Frame(Frame::Up(frame)), NOW)
}

fn ended(outputs: &[Output]) -> Option<Code> {
    outputs.iter().find_map(|output| match output {
        Output::End(refused) => Some(refused.code),
        _ => None,
    })
}

fn ack(outcome_cursor: u64, feed_cursor: u64) -> Ack {
    Ack {
        standing: standing(),
        outcome_cursor,
        feed_cursor,
        digest: Hash::ZERO,
        ahead: 0,
        pending: 0,
        oldest_pending_at: None,
        edge_now: NOW,
        disk_free_bytes: None,
        last_seq: 0,
    }
}

fn outcomes(from: u64, to: u64) -> Vec<NumberedOutcome> {
    (from + 1..=to)
        .map(|number| NumberedOutcome {
            number,
            seq: number,
            command_id: None,
            outcome: Outcome {
                kind: OutcomeKind::Applied,
                code: None,
                first: None,
                order: None,
                lost: None,
                decided_at: NOW,
            },
        })
        .collect()
}

#[test]
fn a_welcome_says_where_the_log_goes_on() {
    let log = log(9);
    let (session, outputs) = greeted(hello(&log), stored(chain_at(&log, 4)));
    let [Output::Send(Frame::Welcome(welcome))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((welcome.cursor, welcome.cursor_hash), (4, chain_at(&log, 4).hash));
    assert_eq!((welcome.standing, welcome.cloud_now), (standing(), NOW));
    assert_eq!(session.term(), Some(TERM));
}

#[test]
fn a_hello_that_does_not_fit_what_is_stored_is_refused() {
    let log = log(9);
    let at = |seq| stored(chain_at(&log, seq));
    let fits = hello(&log);
    let cases: [(&str, Hello, Stored, Code); 9] = [
        (
            "newer protocol",
            Hello { protocol_min: 2, protocol_max: 3, ..fits.clone() },
            at(4),
            Code::ProtocolUnsupported,
        ),
        ("codec", Hello { codec: 9, ..fits.clone() }, at(4), Code::ProtocolUnsupported),
        (
            "other edge",
            Hello { edge: EdgeId::new("north-2").unwrap(), ..fits.clone() },
            at(4),
            Code::EdgeUnknown,
        ),
        ("other region", Hello { region: Region::Mid, ..fits.clone() }, at(4), Code::EdgeUnknown),
        ("gate", fits.clone(), Stored { gate_open: false, ..at(4) }, Code::GateClosed),
        ("twin", Hello { twin: Some(true), ..fits.clone() }, at(4), Code::EdgeTwin),
        ("epoch", Hello { epoch: 2, ..fits.clone() }, at(4), Code::ChainBroken),
        ("outcomes", Hello { outcome_cursor: 1, ..fits.clone() }, at(4), Code::ChainBroken),
        ("feed", Hello { feed_cursor: 1, ..fits.clone() }, at(4), Code::Unavailable),
    ];
    for (what, hello, stored, code) in cases {
        let (mut session, outputs) = greeted(hello, stored);
        assert_eq!(ended(&outputs), Some(code), "{what}");
        assert_eq!(session.term(), None, "{what}: no term was raised");
        assert_eq!(take(&mut session, up(&log, 1, 1)), [], "{what}: an ended session is deaf");
    }
}

#[test]
fn nothing_but_a_hello_begins_a_session() {
    let log = log(1);
    let mut session = Session::new(edge(), LIMITS);
    assert_eq!(ended(&take(&mut session, up(&log, 1, 1))), Some(Code::MalformedBody));
}

#[test]
fn ops_are_credited_only_once_they_are_stored() {
    let log = log(3);
    let mut session = opened(&log);
    let outputs = take(&mut session, up(&log, 1, 3));
    let [Output::Store(ops)] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(
        (ops.term, ops.after, ops.cursor()),
        (TERM, Chain::start(&edge()), chain_at(&log, 3))
    );
    let outputs = session.handle(Input::OpsStored { cursor: 3 }, NOW);
    let [Output::Send(Frame::Credit(credit))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((credit.cursor, credit.ops), (3, LIMITS.credit_ops));
}

#[test]
fn a_frame_of_another_term_or_boot_changes_nothing() {
    let log = log(2);
    for wrong in [
        Standing { term: TERM - 1, nonce: NONCE },
        Standing { term: TERM, nonce: BootNonce([9; 16]) },
    ] {
        let mut session = opened(&log);
        assert_eq!(take(&mut session, Up { standing: wrong, ..up(&log, 1, 2) }), []);
        let stale = Frame::Ack(Ack { standing: wrong, ..ack(0, 0) });
        assert_eq!(session.handle(Input::Frame(stale), NOW), []);
        assert_eq!(session.ignored(), 2);
    }
}

#[test]
fn a_gap_is_asked_for_once_until_it_is_filled_or_time_passes() {
    let log = log(9);
    let mut session = opened(&log);
    let resend = |outputs: &[Output]| match outputs {
        [Output::Send(Frame::Resend(resend))] => Some(resend.from),
        _ => None,
    };
    assert_eq!(resend(&take(&mut session, up(&log, 3, 2))), Some(1));
    assert_eq!(take(&mut session, up(&log, 5, 2)), [], "it was asked for");
    session.handle(Input::Tick, NOW);
    assert_eq!(resend(&take(&mut session, up(&log, 5, 2))), Some(1));
    take(&mut session, up(&log, 1, 2));
    assert_eq!(resend(&take(&mut session, up(&log, 5, 2))), Some(3), "another gap");
}

#[test]
fn an_accept_for_the_holder_goes_out_under_the_sessions_standing() {
    let order_id = wire::OrderId(uuid::Uuid::from_u128(1));
    let accept = Accept {
        command: wire::Command {
            id: wire::CommandId(uuid::Uuid::from_u128(2)),
            body: wire::CommandBody::AcceptOrder { order_id },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token: "token".into(),
        actor: crate::testing::actor(20, wire::Role::Provider),
        taken_at: NOW,
    };
    let mut session = opened(&log(1));
    let outputs = session.handle(Input::Ask(Box::new(accept.clone())), NOW);
    let [Output::Send(Frame::Ask(ask))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((ask.standing, &ask.command), (standing(), &accept.command));
    assert_eq!((ask.actor, ask.taken_at), (accept.actor, NOW));
}

/// The end of the log came before what it continues and was dropped; no later frame shows the gap.
#[test]
fn the_dropped_end_of_a_log_is_asked_for_once_more() {
    let log = log(4);
    let mut session = opened(&log);
    take(&mut session, up(&log, 3, 1));
    take(&mut session, up(&log, 4, 1));
    take(&mut session, up(&log, 1, 3));
    let ticks = |session: &mut Session, count: u32| -> Vec<Output> {
        (0..count).flat_map(|_| session.handle(Input::Tick, NOW)).collect()
    };
    assert_eq!(ticks(&mut session, 4), []);
    let outputs = ticks(&mut session, 1);
    assert!(
        matches!(&outputs[..], [Output::Send(Frame::Resend(resend))] if resend.from == 4),
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
    let frame = Up { hash: Hash::of(b"another"), ..up(&log, 1, 4) };
    assert_eq!(ended(&take(&mut session, frame)), Some(Code::MalformedBody));
}

#[test]
fn frames_beyond_what_was_allowed_end_the_session() {
    let log = log(200);
    let cases = [
        (Up { ops: Vec::new(), ..up(&log, 1, 1) }, Code::MalformedBody),
        (Up { first_seq: 0, ..up(&log, 1, 1) }, Code::MalformedBody),
        (Up { first_seq: u64::MAX, ..up(&log, 1, 2) }, Code::MalformedBody),
        (up(&log, 1, 51), Code::BodyTooLarge),
        (Up { ops: vec![vec![0; 5_001].into(); 2], ..up(&log, 1, 1) }, Code::BodyTooLarge),
    ];
    for (frame, code) in cases {
        assert_eq!(ended(&take(&mut opened(&log), frame.clone())), Some(code), "{frame:?}");
    }

    let mut session = opened(&log);
    take(&mut session, up(&log, 1, 50));
    take(&mut session, up(&log, 51, 50));
    assert_eq!(ended(&take(&mut session, up(&log, 101, 1))), Some(Code::TooManyRequests));
}

#[test]
fn an_op_beyond_every_limit_is_taken_when_it_comes_alone() {
    let log = vec![vec![7; 50_000], op(2)];
    let mut session = opened(&log);
    assert!(matches!(take(&mut session, up(&log, 1, 1))[..], [Output::Store(_)]));
    assert_eq!(ended(&take(&mut session, up(&log, 2, 1))), Some(Code::TooManyRequests));
}

#[test]
fn ops_stored_by_the_old_session_meanwhile_stand_in_the_welcome() {
    let log = log(9);
    let mut session = Session::new(edge(), LIMITS);
    session.handle(Input::Frame(Frame::Hello(hello(&log))), NOW);
    session.handle(Input::Loaded(stored(chain_at(&log, 4))), NOW);
    let later = Input::TakenOver { term: TERM, stored: stored(chain_at(&log, 6)) };
    let outputs = session.handle(later, NOW);
    let [Output::Send(Frame::Welcome(welcome))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(welcome.cursor, 6);
}

#[test]
fn the_seq_before_the_last_number_is_a_gap_and_no_overflow() {
    let log = log(1);
    let frame = Up { first_seq: u64::MAX - 1, ..up(&log, 1, 1) };
    let outputs = take(&mut opened(&log), frame);
    assert!(matches!(outputs[..], [Output::Send(Frame::Resend(_))]), "{outputs:?}");
}

#[test]
fn outcomes_follow_the_edges_cursor_without_a_gap() {
    let log = log(9);
    let at = Stored { outcome_count: 5, ..stored(chain_at(&log, 9)) };
    let (mut session, outputs) = greeted(Hello { outcome_cursor: 2, ..hello(&log) }, at);
    assert!(matches!(outputs[1], Output::ReadOutcomes { after: 2, .. }), "{outputs:?}");
    assert_eq!(session.handle(Input::OutcomesReach(6), NOW), [], "one read at a time");

    let outputs = session.handle(Input::Outcomes(outcomes(2, 5)), NOW);
    let [Output::Send(Frame::Outcomes(frame)), Output::ReadOutcomes { after: 5, .. }] =
        &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((frame.from, frame.to, frame.epoch), (2, 5, 1));

    let outputs = session.handle(Input::Outcomes(outcomes(6, 7)), NOW);
    assert_eq!(ended(&outputs), Some(Code::Internal), "number 6 is missing");
}

#[test]
fn a_read_that_brings_nothing_is_not_repeated_at_once() {
    let log = log(1);
    let at = Stored { outcome_count: 5, feed_seq: 5, ..stored(chain_at(&log, 1)) };
    let (mut session, _) = greeted(hello(&log), at);
    assert_eq!(session.handle(Input::Outcomes(Vec::new()), NOW), []);
    assert_eq!(session.handle(Input::Feed { to: 0, changes: Vec::new() }, NOW), []);
    let again = session.handle(Input::OutcomesReach(5), NOW);
    assert!(matches!(again[..], [Output::ReadOutcomes { after: 0, .. }]));
}

#[test]
fn the_feed_goes_on_from_the_cursor_or_anew_in_another_generation() {
    let log = log(1);
    for (generation, cursor, after) in [(5, 8, 8), (4, 8, 0), (0, 0, 0)] {
        let edge = Hello { feed_generation: generation, feed_cursor: cursor, ..hello(&log) };
        let at = Stored { feed_seq: 20, ..stored(chain_at(&log, 1)) };
        let (mut session, outputs) = greeted(edge, at);
        let [_, Output::ReadFeed { after: read, .. }] = outputs[..] else { panic!("{outputs:?}") };
        assert_eq!(read, after, "generation {generation}, cursor {cursor}");

        let outputs = session.handle(Input::Feed { to: 20, changes: Vec::new() }, NOW);
        let [Output::Send(Frame::Down(down))] = &outputs[..] else { panic!("{outputs:?}") };
        assert_eq!((down.from, down.to), (after, 20));
    }
}

#[test]
fn a_feed_that_begins_anew_ends_the_session() {
    let mut session = opened(&log(1));
    let outputs = session.handle(Input::FeedReaches { generation: 6, feed_seq: 1 }, NOW);
    assert_eq!(ended(&outputs), Some(Code::Unavailable));
}

#[test]
fn what_goes_down_waits_for_an_edge_that_does_not_acknowledge() {
    let log = log(1);
    let at = Stored { feed_seq: 100_000, ..stored(chain_at(&log, 1)) };
    let (mut session, mut outputs) = greeted(hello(&log), at);
    let mut sent = 0;
    while let Some(Output::ReadFeed { after, limit }) = outputs.pop() {
        sent = after + u64::from(limit);
        outputs = session.handle(Input::Feed { to: sent, changes: Vec::new() }, NOW);
    }
    assert_eq!(sent, 5_000);
    let outputs = session.handle(Input::Frame(Frame::Ack(ack(0, sent))), NOW);
    assert!(matches!(outputs[..], [Output::SaveAck(_), Output::ReadFeed { after: 5_000, .. }]));
}

/// A frame that arrives before the one it continues is passed over by the edge. The connection lives
/// on, so nothing but this session can bring it again.
#[test]
fn what_is_not_acknowledged_goes_out_again() {
    let mut session = opened(&[]);
    let tick = |session: &mut Session| session.handle(Input::Tick, NOW);
    session.handle(Input::OutcomesReach(2), NOW);
    session.handle(Input::Outcomes(outcomes(0, 2)), NOW);
    session.handle(Input::Frame(Frame::Ack(ack(1, 0))), NOW);
    let again: Vec<Output> = (0..20).flat_map(|_| tick(&mut session)).collect();
    assert_eq!(again, [Output::ReadOutcomes { after: 1, limit: 200 }], "once, from the cursor on");
    let sent = session.handle(Input::Outcomes(outcomes(1, 2)), NOW);
    assert!(matches!(&sent[..], [Output::Send(Frame::Outcomes(f))] if (f.from, f.to) == (1, 2)));
    session.handle(Input::Frame(Frame::Ack(ack(2, 0))), NOW);
    assert!((0..40).all(|_| tick(&mut session).is_empty()), "all of it has arrived");
}

/// The Ack of the first time may come when it is already to go out again.
#[test]
fn a_late_ack_spares_the_second_sending() {
    let mut session = opened(&[]);
    session.handle(Input::FeedReaches { generation: 5, feed_seq: 3 }, NOW);
    session.handle(Input::Feed { to: 3, changes: Vec::new() }, NOW);
    let again: Vec<Output> = (0..15).flat_map(|_| session.handle(Input::Tick, NOW)).collect();
    assert_eq!(again, [Output::ReadFeed { after: 0, limit: 200 }]);
    assert!(matches!(
        session.handle(Input::Frame(Frame::Ack(ack(0, 3))), NOW)[..],
        [Output::SaveAck(_)]
    ));
    let sent = session.handle(Input::Feed { to: 3, changes: Vec::new() }, NOW);
    assert!(
        matches!(&sent[..], [Output::Send(Frame::Down(down))] if (down.from, down.to) == (0, 3))
    );
    assert!((0..40).all(|_| session.handle(Input::Tick, NOW).is_empty()));
    let further = session.handle(Input::FeedReaches { generation: 5, feed_seq: 4 }, NOW);
    assert_eq!(further, [Output::ReadFeed { after: 3, limit: 200 }]);
}

#[test]
fn an_ack_of_what_was_never_sent_is_passed_over() {
    let mut session = opened(&log(1));
    assert_eq!(session.handle(Input::Frame(Frame::Ack(ack(1, 0))), NOW), []);
    assert_eq!(session.handle(Input::Frame(Frame::Ack(ack(0, 1))), NOW), []);
    assert_eq!(session.ignored(), 2);
}

#[test]
fn a_superseded_or_gated_session_ends_and_stays_ended() {
    for (input, code) in
        [(Input::Superseded, Code::SessionSuperseded), (Input::GateClosed, Code::GateClosed)]
    {
        let log = log(2);
        let mut session = opened(&log);
        assert_eq!(ended(&session.handle(input, NOW)), Some(code));
        assert_eq!(take(&mut session, up(&log, 1, 2)), []);
    }
}

/// One step of a random edge and a random network.
#[derive(Debug, Clone)]
enum Step {
    /// Any run of the log, whether it fits or not.
    Send { first: u64, count: u64 },
    /// The store confirms the oldest run it was handed.
    Store,
    /// The link breaks and the edge comes back with a new Hello.
    Reconnect,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (1..40_u64, 1..12_u64).prop_map(|(first, count)| Step::Send { first, count }),
        4 => Just(Step::Store),
        1 => Just(Step::Reconnect),
    ];
    proptest::collection::vec(step, 0..120)
}

/// A store that takes runs in the order they were handed over and forgets what was under way when
/// the link broke.
#[derive(Default)]
struct Store {
    ops: Vec<NewOp>,
    waiting: std::collections::VecDeque<Vec<NewOp>>,
}

impl Store {
    fn cursor(&self) -> Chain {
        self.ops.last().map_or(Chain::start(&edge()), |op| op.at)
    }

    fn apply(&mut self, session: &mut Session) {
        if let Some(run) = self.waiting.pop_front() {
            self.ops.extend(run);
            session.handle(Input::OpsStored { cursor: self.cursor().seq }, NOW);
        }
    }

    fn take(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Store(run) => self.waiting.push_back(run.ops),
                Output::End(refused) => assert_eq!(refused.code, Code::TooManyRequests),
                _ => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn any_mix_of_frames_stores_each_op_once_and_in_order(steps in steps()) {
        let log = log(40);
        let reconnect = |store: &mut Store| {
            store.waiting.clear();
            greeted(hello(&log), stored(store.cursor())).0
        };
        let mut store = Store::default();
        let mut session = reconnect(&mut store);
        for step in steps {
            match step {
                Step::Send { first, count } => {
                    let count = count.min(41 - first);
                    store.take(take(&mut session, up(&log, first, count)));
                }
                Step::Store => store.apply(&mut session),
                Step::Reconnect => session = reconnect(&mut store),
            }
        }
        // However it went, the rest of the log still finds its way.
        session = reconnect(&mut store);
        while store.cursor().seq < 40 {
            let first = store.cursor().seq + 1;
            store.take(take(&mut session, up(&log, first, (41 - first).min(7))));
            store.apply(&mut session);
        }
        let stored: Vec<&[u8]> = store.ops.iter().map(|op| op.bytes.as_slice()).collect();
        prop_assert_eq!(stored, log.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let numbered = store.ops.iter().zip(1..).all(|(op, seq)| op.at == chain_at(&log, seq));
        prop_assert!(numbered);
    }
}
