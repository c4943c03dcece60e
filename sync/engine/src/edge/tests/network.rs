//! The edge end against a model hub, over a link that loses and repeats frames and breaks.

use proptest::prelude::*;

use super::*;

/// The edge's file, as the engine sees it.
struct File {
    ops: Vec<Vec<u8>>,
    rows: std::collections::BTreeMap<wire::OrderId, ConfirmedOrder>,
    stored_outcomes: Vec<u64>,
    position: EdgeFilePosition,
}

impl File {
    fn append(&mut self, op: Vec<u8>) {
        self.position.head = self.position.head.append_op(&op);
        self.ops.push(op);
    }

    fn run(&self, range: OpRange) -> OpRun {
        let from = usize::try_from(range.from).unwrap() - 1;
        let before =
            ChainHead::start(&edge_id()).append_ops(self.ops[..from].iter().map(Vec::as_slice));
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

    fn merge(&mut self, order: wire::Order, via: OrderSource) {
        let old = self.rows.remove(&order.id);
        let id = order.id;
        let (row, _) = merge_order(old.as_ref(), order, via);
        self.position.tally.replace_row(old.as_ref(), Some(&row));
        self.rows.insert(id, row);
    }

    fn store(&mut self, store: EdgeWrite) {
        match store {
            EdgeWrite::Outcomes { to, outcomes } => {
                for outcome in outcomes {
                    self.stored_outcomes.push(outcome.seq);
                    outcome
                        .outcome
                        .order
                        .into_iter()
                        .for_each(|o| self.merge(o, OrderSource::Outcome));
                }
                self.position.outcome_cursor = to;
            }
            EdgeWrite::Changes { to, changes } => {
                for change in changes {
                    if let FeedChange::Order(order) = change {
                        self.merge(order, OrderSource::Feed);
                    }
                }
                self.position.feed_cursor = to;
            }
            EdgeWrite::Generation(generation) => self.position.feed_generation = generation,
            other => panic!("{other:?}"),
        }
    }
}

/// A hub that stores ops after its cursor, requests missing ones and answers each op.
struct Hub {
    term: u64,
    cursor: ChainHead,
    ops: Vec<Vec<u8>>,
    feed: u64,
}

impl Hub {
    fn link_session(&self) -> LinkSessionId {
        LinkSessionId {
            term: self.term,
            nonce: NONCE,
        }
    }

    fn hear(&mut self, frame: Frame) -> Vec<Frame> {
        match frame {
            Frame::Hello(hello) => {
                self.term += 1;
                assert!(hello.last_seq >= self.cursor.seq);
                let answers = [
                    welcome(self.link_session(), self.cursor),
                    outcomes(self.link_session(), hello.outcome_cursor, self.cursor.seq),
                    down(self.link_session(), hello.feed_cursor, self.feed),
                ];
                answers.into()
            }
            Frame::Up(up) if up.link_session == self.link_session() => self.up(&up),
            _ => Vec::new(),
        }
    }

    fn up(&mut self, up: &OpsFrame) -> Vec<Frame> {
        if up.first_seq > self.cursor.seq + 1 {
            return vec![Frame::Resend(ResendRequest {
                link_session: self.link_session(),
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
        self.cursor = self
            .cursor
            .append_ops(up.ops.iter().map(|op| op.as_slice()));
        assert_eq!(up.hash, self.cursor.hash);
        self.ops.extend(up.ops.iter().map(|op| op.to_vec()));
        let ops = LIMITS.credit_ops;
        let bytes = LIMITS.credit_bytes;
        let credit = Credit {
            link_session: self.link_session(),
            cursor: self.cursor.seq,
            ops,
            bytes,
            feed_seq: None,
        };
        vec![
            Frame::Credit(credit),
            outcomes(self.link_session(), before, self.cursor.seq),
        ]
    }
}

#[derive(Debug, Clone)]
enum Event {
    Append(usize),
    Feed,
    /// Delivers, loses or repeats the next frame of one direction.
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
    edge: EdgeProtocol,
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
        let cursor = ChainHead::start(&edge_id());
        let hub = Hub {
            term: 0,
            cursor,
            ops: Vec::new(),
            feed: 0,
        };
        let edge = fresh(position());
        Self {
            edge,
            file,
            hub,
            up: Default::default(),
            down: Default::default(),
        }
    }

    fn perform(&mut self, todo: Vec<LinkStep>) {
        for step in todo {
            let more = match step {
                LinkStep::Send(frame) => {
                    self.up.push_back(*frame);
                    Vec::new()
                }
                LinkStep::Read(wanted) => self.edge.send_ops(self.file.run(wanted)),
                LinkStep::Store(store) => {
                    self.file.store(store);
                    self.edge.update_position(self.file.position.clone())
                }
                // Lost frames make the hub send too many Resends; a new session fixes that.
                LinkStep::End(LinkEnd::Stuck) => {
                    self.connect();
                    return;
                }
                LinkStep::End(end) => panic!("{end:?}"),
                LinkStep::Welcomed(_)
                | LinkStep::FeedCurrent
                | LinkStep::Held { .. }
                | LinkStep::Log(_)
                | LinkStep::Certificate(_)
                | LinkStep::PhotoAnswered { .. }
                | LinkStep::MessagesAnswered(_)
                | LinkStep::MessagePhotoAnswered(_)
                | LinkStep::Ignored { .. } => Vec::new(),
            };
            self.perform(more);
        }
    }

    fn connect(&mut self) {
        self.up.clear();
        self.down.clear();
        self.edge.close_session();
        let hello = self.edge.start_greeting(HubCheck::default());
        self.up.push_back(hello);
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Append(size) => {
                self.file.append(vec![7; size]);
                let todo = self.edge.update_position(self.file.position.clone());
                self.perform(todo);
            }
            Event::Feed => {
                self.hub.feed += 1;
                let frame = down(self.hub.link_session(), self.hub.feed - 1, self.hub.feed);
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
                    let todo = self.edge.handle_signed_frame(frame);
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

    /// After any link faults, a fault-free session delivers every op and every outcome once and in
    /// order, and the feed's orders.
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
