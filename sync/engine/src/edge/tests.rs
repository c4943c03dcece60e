//! The edge end against a model hub, on a wire that loses, repeats and cuts.

use proptest::prelude::*;
use wire::{Credit, Hash, HeldNotice, Limits, Outcome, Refused};

use super::*;
use crate::testing::{actor, edge as edge_id, id, order};
use crate::view::Tally;
use crate::view::{Confirmed, Via, merge};
use wire::{
    Ask, BootNonce, Change, Code, Command, CommandBody, CommandId, HeldReason, NumberedOutcome,
    OrderId, Region, Role, UnixMillis,
};

pub(super) const NONCE: BootNonce = BootNonce([9; 16]);
const LIMITS: Limits =
    Limits { batch_ops_max: 40, batch_bytes_max: 4_000, credit_ops: 60, credit_bytes: 4_000 };

pub(super) fn position() -> Position {
    Position {
        epoch: 1,
        head: Chain::start(&edge_id()),
        suspect: false,
        twin: false,
        settled: None,
        feed_generation: 5,
        feed_cursor: 0,
        outcome_cursor: 0,
        tally: Tally::default(),
        pending: 0,
        oldest_pending_at: None,
    }
}

pub(super) fn fresh(position: Position) -> Edge {
    let who = Who { edge: edge_id(), region: Region::North, nonce: NONCE, version: "t".into() };
    Edge::new(who, position)
}

fn welcome(standing: Standing, cursor: Chain) -> Frame {
    Frame::Welcome(Welcome {
        protocol: PROTOCOL_MAX,
        standing,
        cursor: cursor.seq,
        cursor_hash: cursor.hash,
        feed_generation: 5,
        limits: LIMITS,
        cloud_now: UnixMillis(7),
    })
}

pub(super) const STANDING: Standing = Standing { term: 3, nonce: NONCE };

pub(super) fn open(position: Position) -> Edge {
    let mut edge = fresh(position);
    edge.hello();
    let todo = edge.take(welcome(STANDING, Chain::start(&edge_id())));
    assert_eq!(todo[0], Do::Welcomed(UnixMillis(7)));
    edge
}

fn outcome(number: u64) -> NumberedOutcome {
    let outcome = Outcome::applied(order(u128::from(number), number), UnixMillis(1));
    NumberedOutcome { number, seq: number, command_id: None, outcome }
}

fn outcomes(standing: Standing, from: u64, to: u64) -> Frame {
    let outcomes = (from + 1..=to).map(outcome).collect();
    Frame::Outcomes(OutcomesFrame { standing, epoch: 1, from, to, outcomes })
}

fn down(standing: Standing, from: u64, to: u64) -> Frame {
    let changes = (from + 1..=to).map(|n| Change::Order(order(u128::from(n % 4), n))).collect();
    Frame::Down(Down { standing, from, to, changes })
}

fn ask(standing: Standing) -> Ask {
    let body = CommandBody::AcceptOrder { order_id: OrderId(id(1)) };
    Ask {
        standing,
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
pub(super) fn ignores(edge: &mut Edge, frame: Frame, why: Why) {
    let kind = frame.kind();
    assert_eq!(edge.take(frame), vec![Do::Ignored { kind, why }]);
}

#[test]
fn frames_of_another_standing_change_nothing() {
    let mut edge = open(position());
    for other in
        [Standing { term: 2, ..STANDING }, Standing { nonce: BootNonce([1; 16]), ..STANDING }]
    {
        ignores(&mut edge, outcomes(other, 0, 1), Why::Standing);
        ignores(&mut edge, down(other, 0, 1), Why::Standing);
        let credit = Credit { standing: other, cursor: 0, ops: 9, bytes: 9 };
        ignores(&mut edge, Frame::Credit(credit), Why::Standing);
        ignores(&mut edge, Frame::Resend(Resend { standing: other, from: 1 }), Why::Standing);
        let held = HeldNotice { standing: other, seq: 1, reason: HeldReason::Region };
        ignores(&mut edge, Frame::Held(held), Why::Standing);
        ignores(&mut edge, Frame::Ask(ask(other)), Why::Standing);
    }
}

#[test]
fn an_accept_made_elsewhere_is_for_the_log() {
    let mut edge = open(position());
    let asked = ask(STANDING);
    assert_eq!(edge.take(Frame::Ask(asked.clone())), [Do::Log(Box::new(asked))]);
}

#[test]
fn nothing_stands_before_the_welcome_and_none_is_taken_twice() {
    let mut edge = fresh(position());
    ignores(&mut edge, outcomes(STANDING, 0, 1), Why::Standing);
    ignores(&mut edge, welcome(STANDING, Chain::start(&edge_id())), Why::Unexpected);
    edge.hello();
    assert_eq!(edge.ack(Surroundings::default()), None);
    let other = Standing { nonce: BootNonce([1; 16]), ..STANDING };
    ignores(&mut edge, welcome(other, Chain::start(&edge_id())), Why::Standing);
    edge.take(welcome(STANDING, Chain::start(&edge_id())));
    assert!(edge.is_open());
    ignores(&mut edge, welcome(STANDING, Chain::start(&edge_id())), Why::Unexpected);
    edge.closed();
    ignores(&mut edge, down(STANDING, 0, 1), Why::Standing);
}

#[test]
fn outcomes_that_leave_a_gap_are_ignored_and_an_overlap_brings_its_new_part() {
    let mut edge = open(Position { outcome_cursor: 4, ..position() });
    ignores(&mut edge, outcomes(STANDING, 5, 7), Why::Gap);
    ignores(&mut edge, outcomes(STANDING, 1, 4), Why::Stale);
    let Frame::Outcomes(mut holed) = outcomes(STANDING, 4, 7) else { unreachable!() };
    holed.outcomes.remove(1);
    ignores(&mut edge, Frame::Outcomes(holed), Why::Gap);
    let Frame::Outcomes(mut other_epoch) = outcomes(STANDING, 4, 7) else { unreachable!() };
    other_epoch.epoch = 2;
    ignores(&mut edge, Frame::Outcomes(other_epoch), Why::Standing);
    let stored = vec![outcome(5), outcome(6)];
    let todo = edge.take(outcomes(STANDING, 2, 6));
    assert_eq!(todo, vec![Do::Store(Store::Outcomes { to: 6, outcomes: stored })]);
}

#[test]
fn a_feed_frame_is_applied_only_at_the_cursor() {
    let mut edge = open(Position { feed_cursor: 4, ..position() });
    ignores(&mut edge, down(STANDING, 5, 6), Why::Gap);
    ignores(&mut edge, down(STANDING, 3, 6), Why::Stale);
    assert!(matches!(
        edge.take(down(STANDING, 4, 6)).as_slice(),
        [Do::Store(Store::Changes { to: 6, changes })] if changes.len() == 2
    ));
}

#[test]
fn another_generation_of_the_feed_is_counted_anew() {
    let mut edge = fresh(Position { feed_generation: 4, feed_cursor: 90, ..position() });
    edge.hello();
    let todo = edge.take(welcome(STANDING, Chain::start(&edge_id())));
    assert!(todo.contains(&Do::Store(Store::Generation(5))), "{todo:?}");
}

#[test]
fn a_hub_that_has_more_or_other_than_the_log_ends_the_session() {
    let start = Chain::start(&edge_id());
    for cursor in [start.then(b"lost"), Chain { hash: Hash::ZERO, ..start }] {
        let mut edge = fresh(position());
        edge.hello();
        assert_eq!(edge.take(welcome(STANDING, cursor)), vec![Do::End(End::ChainBroken)]);
    }
    let mut edge = fresh(Position { head: start.then(b"a").then(b"b"), ..position() });
    edge.hello();
    edge.take(welcome(STANDING, start.then(b"x")));
    let run = Run { before: start.then(b"a"), ops: vec![b"b".to_vec()] };
    assert_eq!(edge.read(run), vec![Do::End(End::ChainBroken)]);
}

#[test]
fn refusal_and_quarantine_end_the_session() {
    let mut edge = open(position());
    let refused = Refused { code: Code::GateClosed, detail: "drill".into() };
    let ended = End::Refused { code: Code::GateClosed, detail: "drill".into() };
    assert_eq!(edge.take(Frame::Refused(refused)), vec![Do::End(ended)]);
}

#[test]
fn frames_for_the_other_end_are_counted_and_passed_over() {
    let mut edge = open(position());
    let hello = edge.hello();
    edge.take(welcome(STANDING, Chain::start(&edge_id())));
    ignores(&mut edge, hello, Why::Unexpected);
    ignores(&mut edge, Frame::Unknown(77), Why::Unexpected);
    let mad = OutcomesFrame {
        standing: STANDING,
        epoch: 1,
        from: u64::MAX,
        to: u64::MAX,
        outcomes: Vec::new(),
    };
    ignores(&mut edge, Frame::Outcomes(mad), Why::Gap);
}

/// The edge's file, as the engine sees it.
struct File {
    ops: Vec<Vec<u8>>,
    rows: std::collections::BTreeMap<wire::OrderId, Confirmed>,
    stored_outcomes: Vec<u64>,
    position: Position,
}

impl File {
    fn append(&mut self, op: Vec<u8>) {
        self.position.head = self.position.head.then(&op);
        self.ops.push(op);
    }

    fn run(&self, wanted: Wanted) -> Run {
        let from = usize::try_from(wanted.from).unwrap() - 1;
        let before = Chain::start(&edge_id()).through(self.ops[..from].iter().map(Vec::as_slice));
        let mut bytes = 0;
        let fits = |(n, op): &(usize, &Vec<u8>)| {
            bytes += op.len() as u64;
            (*n == 0 && wanted.first_whatever_size)
                || (bytes <= wanted.bytes_max && *n < wanted.ops_max as usize)
        };
        let ops = self.ops[from..].iter().enumerate().take_while(fits).map(|(_, op)| op.clone());
        Run { before, ops: ops.collect() }
    }

    fn merge(&mut self, order: wire::Order, via: Via) {
        let old = self.rows.remove(&order.id);
        let id = order.id;
        let (row, _) = merge(old.as_ref(), order, via);
        self.position.tally.replace(old.as_ref(), Some(&row));
        self.rows.insert(id, row);
    }

    fn store(&mut self, store: Store) {
        match store {
            Store::Outcomes { to, outcomes } => {
                for outcome in outcomes {
                    self.stored_outcomes.push(outcome.seq);
                    outcome.outcome.order.into_iter().for_each(|o| self.merge(o, Via::Outcome));
                }
                self.position.outcome_cursor = to;
            }
            Store::Changes { to, changes } => {
                for change in changes {
                    if let Change::Order(order) = change {
                        self.merge(order, Via::Feed);
                    }
                }
                self.position.feed_cursor = to;
            }
            Store::Generation(generation) => self.position.feed_generation = generation,
            other => panic!("{other:?}"),
        }
    }
}

/// A hub that stores what continues its cursor, asks again for what does not, and answers each op.
struct Hub {
    term: u64,
    cursor: Chain,
    ops: Vec<Vec<u8>>,
    feed: u64,
}

impl Hub {
    fn standing(&self) -> Standing {
        Standing { term: self.term, nonce: NONCE }
    }

    fn hear(&mut self, frame: Frame) -> Vec<Frame> {
        match frame {
            Frame::Hello(hello) => {
                self.term += 1;
                assert!(hello.last_seq >= self.cursor.seq);
                let answers = [
                    welcome(self.standing(), self.cursor),
                    outcomes(self.standing(), hello.outcome_cursor, self.cursor.seq),
                    down(self.standing(), hello.feed_cursor, self.feed),
                ];
                answers.into()
            }
            Frame::Up(up) if up.standing == self.standing() => self.up(&up),
            _ => Vec::new(),
        }
    }

    fn up(&mut self, up: &Up) -> Vec<Frame> {
        if up.first_seq > self.cursor.seq + 1 {
            return vec![Frame::Resend(Resend {
                standing: self.standing(),
                from: self.cursor.seq + 1,
            })];
        }
        if up.first_seq <= self.cursor.seq {
            return Vec::new();
        }
        assert_eq!(up.prev_hash, self.cursor.hash);
        let size: usize = up.ops.iter().map(|op| op.len()).sum();
        assert!(up.ops.len() <= 40 && (size <= 4_000 || up.ops.len() == 1));
        let before = self.cursor.seq;
        self.cursor = self.cursor.through(up.ops.iter().map(|op| op.as_slice()));
        assert_eq!(up.hash, self.cursor.hash);
        self.ops.extend(up.ops.iter().map(|op| op.to_vec()));
        let (ops, bytes) = (LIMITS.credit_ops, LIMITS.credit_bytes);
        let credit = Credit { standing: self.standing(), cursor: self.cursor.seq, ops, bytes };
        vec![Frame::Credit(credit), outcomes(self.standing(), before, self.cursor.seq)]
    }
}

#[derive(Debug, Clone)]
enum Event {
    Append(usize),
    Feed,
    /// Delivers the next frame of a direction, or loses or repeats it.
    ToHub(Fate),
    ToEdge(Fate),
    Cut,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    Twice,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![8 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 1 => Just(Fate::Twice)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1usize..300).prop_map(Event::Append),
        1 => Just(Event::Feed),
        6 => fate().prop_map(Event::ToHub),
        6 => fate().prop_map(Event::ToEdge),
        1 => Just(Event::Cut),
    ]
}

struct World {
    edge: Edge,
    file: File,
    hub: Hub,
    up: std::collections::VecDeque<Frame>,
    down: std::collections::VecDeque<Frame>,
}

impl World {
    fn new() -> Self {
        let file = File {
            ops: Vec::new(),
            rows: Default::default(),
            stored_outcomes: Vec::new(),
            position: position(),
        };
        let cursor = Chain::start(&edge_id());
        let hub = Hub { term: 0, cursor, ops: Vec::new(), feed: 0 };
        let edge = fresh(position());
        Self { edge, file, hub, up: Default::default(), down: Default::default() }
    }

    fn perform(&mut self, todo: Vec<Do>) {
        for step in todo {
            let more = match step {
                Do::Send(frame) => {
                    self.up.push_back(*frame);
                    Vec::new()
                }
                Do::Read(wanted) => self.edge.read(self.file.run(wanted)),
                Do::Store(store) => {
                    self.file.store(store);
                    self.edge.moved(self.file.position.clone())
                }
                // Lost frames make the hub ask too often; a new session is the remedy.
                Do::End(End::Stuck) => {
                    self.connect();
                    return;
                }
                Do::End(end) => panic!("{end:?}"),
                Do::Welcomed(_) | Do::Held { .. } | Do::Log(_) | Do::Ignored { .. } => Vec::new(),
            };
            self.perform(more);
        }
    }

    fn connect(&mut self) {
        self.up.clear();
        self.down.clear();
        self.edge.closed();
        let hello = self.edge.hello();
        self.up.push_back(hello);
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Append(size) => {
                self.file.append(vec![7; size]);
                let todo = self.edge.moved(self.file.position.clone());
                self.perform(todo);
            }
            Event::Feed => {
                self.hub.feed += 1;
                let frame = down(self.hub.standing(), self.hub.feed - 1, self.hub.feed);
                self.down.push_back(frame);
            }
            Event::Cut => self.connect(),
            Event::ToHub(fate) => {
                for frame in deliver(&mut self.up, fate) {
                    let answers = self.hub.hear(frame);
                    self.down.extend(answers);
                }
            }
            Event::ToEdge(fate) => {
                for frame in deliver(&mut self.down, fate) {
                    let todo = self.edge.take(frame);
                    self.perform(todo);
                }
            }
        }
    }
}

fn deliver(queue: &mut std::collections::VecDeque<Frame>, fate: Fate) -> Vec<Frame> {
    match (queue.pop_front(), fate) {
        (None, _) | (_, Fate::Lost) => Vec::new(),
        (Some(frame), Fate::Arrives) => vec![frame],
        (Some(frame), Fate::Twice) => vec![frame.clone(), frame],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever the wire did, a quiet session afterwards brings every op up once and in order, every
    /// outcome down once and in order, and the feed's orders.
    #[test]
    fn a_healed_link_makes_both_ends_equal(events in prop::collection::vec(event(), 0..250)) {
        let mut world = World::new();
        world.connect();
        events.into_iter().for_each(|event| world.step(event));
        world.connect();
        while !world.up.is_empty() || !world.down.is_empty() {
            world.step(Event::ToHub(Fate::Arrives));
            world.step(Event::ToEdge(Fate::Arrives));
        }
        prop_assert_eq!(&world.hub.ops, &world.file.ops);
        prop_assert_eq!(world.hub.cursor, world.file.position.head);
        let all: Vec<u64> = (1..=world.file.ops.len() as u64).collect();
        prop_assert_eq!(&world.file.stored_outcomes, &all);
        prop_assert_eq!(world.file.position.feed_cursor, world.hub.feed);
    }
}
