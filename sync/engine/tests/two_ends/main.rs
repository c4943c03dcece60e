//! Both ends of the link against each other, over an ordered connection that breaks at any moment,
//! with restarts of either end. Each end must understand the other.

#![allow(clippy::unwrap_used)]

mod slow_line;

use std::collections::VecDeque;

use engine::{
    cloud::{StoredEdge, SyncSession, SyncSessionInput, SyncSessionOutput},
    edge::{
        EdgeFilePosition, EdgeProtocol, EdgeRunIdentity, EdgeWrite, HubCheck, LinkEnd, LinkStep,
        MachineReport, OpRange, OpRun,
    },
    trusted_time::LogHeadReports,
    view::ViewDigest,
};
use proptest::prelude::*;
use wire::{
    BootNonce, ChainHead, EdgeId, FeedChange, Frame, Hash, Hello, LinkLimits, NumberedOutcome,
    Outcome, OutcomeKind, PhotoAnswer, Policy, Region, UnixMillis, Welcome,
};

const NOW: UnixMillis = UnixMillis(1);
const GENERATION: u64 = 4;
const LIMITS: LinkLimits = LinkLimits {
    batch_ops_max: 30,
    batch_bytes_max: 3_000,
    credit_ops: 50,
    credit_bytes: 3_000,
};

fn name() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

/// The edge's disk.
struct File {
    ops: Vec<Vec<u8>>,
    position: EdgeFilePosition,
    outcomes: Vec<u64>,
    changes: Vec<u64>,
    /// How much of its photo the cloud has.
    photo_sent: u32,
}

/// The cloud's disk.
struct Base {
    ops: Vec<Vec<u8>>,
    cursor: ChainHead,
    outcomes: Vec<NumberedOutcome>,
    feed: u64,
    term: u64,
    photo_bytes: u32,
}

struct World {
    file: File,
    base: Base,
    edge: EdgeProtocol,
    session: Option<SyncSession>,
    up: VecDeque<Frame>,
    down: VecDeque<Frame>,
    boots: u8,
    /// The end that runs the previous version, without packed ops.
    older: Option<Older>,
    /// The count of frames with packed ops.
    packed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Older {
    Edge,
    Hub,
}

#[derive(Debug, Clone)]
enum Event {
    Append(usize),
    /// The owner decides this many more ops.
    Decide(usize),
    Feed,
    ToHub,
    ToEdge,
    Tick,
    Cut,
    EdgeRestarts,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (1usize..400).prop_map(Event::Append),
        2 => (1usize..5).prop_map(Event::Decide),
        1 => Just(Event::Feed),
        8 => Just(Event::ToHub),
        8 => Just(Event::ToEdge),
        1 => Just(Event::Tick),
        1 => Just(Event::Cut),
        1 => Just(Event::EdgeRestarts),
    ]
}

impl World {
    fn new(older: Option<Older>) -> Self {
        let position = EdgeFilePosition {
            epoch: 1,
            head: ChainHead::start(&name()),
            suspect: false,
            twin: false,
            settled: None,
            feed_generation: 0,
            feed_cursor: 0,
            outcome_cursor: 0,
            staged: None,
            snapshot: None,
            unproven: None,
            assignment: Hash::ZERO,
            tally: ViewDigest::default(),
            pending: 0,
            oldest_pending_at: None,
        };
        let file = File {
            ops: Vec::new(),
            position,
            outcomes: Vec::new(),
            changes: Vec::new(),
            photo_sent: 0,
        };
        let cursor = ChainHead::start(&name());
        let base = Base {
            ops: Vec::new(),
            cursor,
            outcomes: Vec::new(),
            feed: 0,
            term: 0,
            photo_bytes: 0,
        };
        let edge = EdgeProtocol::new(who(0), file.position.clone());
        let up = VecDeque::new();
        let down = VecDeque::new();
        let mut world = Self {
            file,
            base,
            edge,
            session: None,
            up,
            down,
            boots: 0,
            older,
            packed: 0,
        };
        world.restart_edge();
        world
    }

    /// Starts a new run of the edge process: a new nonce, and its boot op in the log.
    fn restart_edge(&mut self) {
        self.boots += 1;
        self.file.append(vec![self.boots; 20]);
        self.connect();
    }

    /// Opens a new connection. Frames in flight are lost.
    fn connect(&mut self) {
        self.up.clear();
        self.down.clear();
        self.session = Some(SyncSession::new(name(), LIMITS, NOW));
        self.edge = EdgeProtocol::new(who(self.boots), self.file.position.clone());
        let hello = match self.edge.start_greeting(HubCheck::default()) {
            Frame::Hello(hello) if self.older == Some(Older::Edge) => Frame::Hello(Hello {
                codecs: None,
                ..hello
            }),
            hello => hello,
        };
        self.up.push_back(hello);
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Append(size) => {
                self.file.append(vec![7; size]);
                let todo = self.edge.update_position(self.file.position.clone());
                self.edge_does(todo);
            }
            Event::Decide(count) => self.decide(count),
            Event::Feed => {
                self.base.feed += 1;
                let feed_seq = self.base.feed;
                self.hub_hears(SyncSessionInput::FeedReaches {
                    generation: GENERATION,
                    feed_seq,
                });
            }
            Event::ToHub => {
                if let Some(frame) = self.up.pop_front() {
                    self.hub_hears(SyncSessionInput::Frame(frame));
                }
            }
            Event::ToEdge => {
                if let Some(frame) = self.down.pop_front() {
                    let todo = self.edge.handle_signed_frame(frame);
                    self.edge_does(todo);
                }
            }
            Event::Tick => self.hub_hears(SyncSessionInput::Tick),
            Event::Cut => self.connect(),
            Event::EdgeRestarts => self.restart_edge(),
        }
    }

    fn decide(&mut self, count: usize) {
        let undecided = self.base.ops.len() - self.base.outcomes.len();
        for _ in 0..count.min(undecided) {
            let number = self.base.outcomes.len() as u64 + 1;
            let outcome = Outcome::new_plain(OutcomeKind::Applied, NOW);
            let numbered = NumberedOutcome {
                number,
                seq: number,
                command_id: None,
                outcome,
            };
            self.base.outcomes.push(numbered);
        }
        self.hub_hears(SyncSessionInput::OutcomesReach(
            self.base.outcomes.len() as u64
        ));
    }

    fn edge_does(&mut self, todo: Vec<LinkStep>) {
        for step in todo {
            let more = match step {
                LinkStep::Send(frame) => {
                    self.packed +=
                        usize::from(matches!(&*frame, Frame::Up(up) if up.packed.is_some()));
                    self.up.push_back(*frame);
                    Vec::new()
                }
                LinkStep::Read(wanted) => self.edge.send_ops(self.file.run(wanted)),
                LinkStep::Store(store) => {
                    self.file.store(store);
                    self.edge.update_position(self.file.position.clone())
                }
                // Over an ordered connection between two healthy ends, no frame is refused or
                // ignored.
                LinkStep::End(LinkEnd::Refused { code, detail }) => {
                    panic!("refused: {code} {detail}")
                }
                LinkStep::End(end) => panic!("{end:?}"),
                LinkStep::Ignored { kind, why } => panic!("the edge ignored {kind}: {why:?}"),
                LinkStep::Welcomed(_)
                | LinkStep::FeedCurrent
                | LinkStep::Held { .. }
                | LinkStep::Log(_)
                | LinkStep::Certificate(_)
                | LinkStep::MessagesAnswered(_)
                | LinkStep::MessagePhotoAnswered(_) => Vec::new(),
                LinkStep::PhotoAnswered { answer, .. } => {
                    let PhotoAnswer::Stored { bytes } = answer else {
                        panic!("the cloud stores each chunk, but answered {answer:?}")
                    };
                    self.file.photo_sent = bytes;
                    Vec::new()
                }
            };
            self.edge_does(more);
            if let Some(ack) = self.edge.build_ack(&MachineReport::default()) {
                self.up.push_back(ack);
            }
        }
    }

    fn hub_hears(&mut self, input: SyncSessionInput) {
        let Some(session) = &mut self.session else {
            return;
        };
        let outputs = session.handle_input(input, NOW);
        for output in outputs {
            let answer = match output {
                SyncSessionOutput::Send(frame) => {
                    self.down.push_back(match frame {
                        Frame::Welcome(welcome) if self.older == Some(Older::Hub) => {
                            Frame::Welcome(Welcome {
                                codec: None,
                                ..welcome
                            })
                        }
                        frame => frame,
                    });
                    None
                }
                SyncSessionOutput::Load => Some(SyncSessionInput::Loaded(self.base.stored())),
                SyncSessionOutput::TakeOver { over, .. } => {
                    assert_eq!(over, self.base.term);
                    self.base.term += 1;
                    let term = self.base.term;
                    Some(SyncSessionInput::TakenOver {
                        term,
                        stored: self.base.stored(),
                    })
                }
                SyncSessionOutput::Store(new) => {
                    assert_eq!(new.after, self.base.cursor);
                    self.base.cursor = new.cursor();
                    self.base.ops.extend(new.ops.into_iter().map(|op| op.bytes));
                    Some(SyncSessionInput::OpsStored {
                        cursor: self.base.cursor.seq,
                    })
                }
                SyncSessionOutput::ReadOutcomes { after, limit } => {
                    let after = usize::try_from(after).unwrap();
                    let some = self.base.outcomes[after..].iter().take(limit as usize);
                    Some(SyncSessionInput::Outcomes(some.cloned().collect()))
                }
                SyncSessionOutput::ReadFeed { after, limit } => {
                    let to = self.base.feed.min(after + u64::from(limit));
                    let changes = (after + 1..=to).map(|version| FeedChange::Policy {
                        version,
                        policy: Policy::Optimistic,
                    });
                    Some(SyncSessionInput::Feed {
                        to,
                        changes: changes.collect(),
                    })
                }
                SyncSessionOutput::SaveAck(..) => None,
                SyncSessionOutput::DeliverPhotoChunk(chunk) => {
                    let has_gap = chunk.offset != self.base.photo_bytes;
                    let length = u32::try_from(chunk.body.len()).unwrap();
                    self.base.photo_bytes += if has_gap { 0 } else { length };
                    let bytes = self.base.photo_bytes;
                    let answer = PhotoAnswer::Stored { bytes };
                    Some(SyncSessionInput::PhotoAnswered { chunk, answer })
                }
                SyncSessionOutput::End(refused) => panic!("the hub ended the session: {refused:?}"),
                other => panic!("the hub suspects a sound edge: {other:?}"),
            };
            answer.into_iter().for_each(|answer| self.hub_hears(answer));
        }
    }

    /// Runs until both ends have nothing left to send.
    fn settle(&mut self) {
        self.connect();
        for _ in 0..100_000 {
            if self.up.is_empty() && self.down.is_empty() {
                if self.base.outcomes.len() == self.base.ops.len() {
                    return;
                }
                self.decide(1_000);
            }
            self.step(Event::ToHub);
            self.step(Event::ToEdge);
        }
        panic!("the two ends never come to rest");
    }
}

fn who(boot: u8) -> EdgeRunIdentity {
    let nonce = BootNonce([boot; 16]);
    EdgeRunIdentity {
        edge: name(),
        region: Region::North,
        nonce,
        version: "test".into(),
        plain_listeners: false,
    }
}

impl File {
    fn append(&mut self, op: Vec<u8>) {
        self.position.head = self.position.head.append_op(&op);
        self.ops.push(op);
    }

    fn run(&self, range: OpRange) -> OpRun {
        let from = usize::try_from(range.from).unwrap() - 1;
        let before =
            ChainHead::start(&name()).append_ops(self.ops[..from].iter().map(Vec::as_slice));
        let mut bytes = 0;
        let fits = |(n, op): &(usize, &Vec<u8>)| {
            bytes += op.len() as u64;
            (*n == 0 && range.first_whatever_size)
                || (bytes <= range.bytes_max && *n < range.ops_max as usize)
        };
        let ops = self.ops[from..]
            .iter()
            .enumerate()
            .take_while(fits)
            .map(|(_, op)| op.clone());
        OpRun {
            before,
            ops: ops.collect(),
        }
    }

    fn store(&mut self, store: EdgeWrite) {
        match store {
            EdgeWrite::Outcomes { to, outcomes } => {
                self.outcomes
                    .extend(outcomes.iter().map(|outcome| outcome.seq));
                self.position.outcome_cursor = to;
            }
            EdgeWrite::Changes { to, changes } => {
                let versions = changes.iter().filter_map(|change| match change {
                    FeedChange::Policy { version, .. } => Some(*version),
                    _ => None,
                });
                self.changes.extend(versions);
                self.position.feed_cursor = to;
            }
            EdgeWrite::Generation(generation) => {
                self.position.feed_generation = generation;
                self.position.feed_cursor = 0;
            }
            other => panic!("a sound edge is to store {other:?}"),
        }
    }
}

impl Base {
    fn stored(&self) -> StoredEdge {
        StoredEdge {
            region: Region::North,
            term: self.term,
            running: None,
            epoch: 1,
            grant: None,
            ending: None,
            epochs_today: 0,
            cursor: self.cursor,
            outcome_count: self.outcomes.len() as u64,
            feed_generation: GENERATION,
            feed_seq: self.feed,
            feed_holds_from: 0,
            feed_compacted_to: 0,
            granted_seq: None,
            orders: 0,
            gate_open: true,
            disabled: false,
            heads: LogHeadReports::default(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_cut_each_op_outcome_and_change_arrives_once_and_in_order(
        events in prop::collection::vec(event(), 0..300),
        older in prop::sample::select(vec![None, Some(Older::Edge), Some(Older::Hub)]),
    ) {
        let mut world = World::new(older);
        events.into_iter().for_each(|event| world.step(event));
        world.settle();
        prop_assert_eq!(&world.base.ops, &world.file.ops);
        prop_assert_eq!(world.base.cursor, world.file.position.head);
        let all: Vec<u64> = (1..=world.file.ops.len() as u64).collect();
        prop_assert_eq!(&world.file.outcomes, &all);
        let fed: Vec<u64> = (1..=world.base.feed).collect();
        prop_assert_eq!(&world.file.changes, &fed);
        prop_assert!(older.is_none() || world.packed == 0, "packed for one who cannot unpack");
    }
}

/// A backlog far beyond the credit drains without stalling.
#[test]
fn a_long_outage_drains() {
    for older in [None, Some(Older::Edge), Some(Older::Hub)] {
        let mut world = World::new(older);
        (0..3_000).for_each(|n| world.step(Event::Append(20 + n % 200)));
        world.settle();
        assert_eq!(world.base.ops.len(), 3_001);
        assert_eq!(world.file.outcomes.len(), 3_001);
        assert_eq!(world.packed > 0, older.is_none(), "{older:?}");
    }
}
