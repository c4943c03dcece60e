//! A random edge on a random network, with a store.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// Any run of the log, even one that leaves a gap or repeats ops.
    Send { first: u64, count: u64 },
    /// The store confirms its oldest pending run.
    Store,
    /// The link breaks and the edge reconnects with a new Hello.
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

/// A store that applies runs in order and loses pending runs when the link breaks.
#[derive(Default)]
struct Store {
    ops: Vec<NewOp>,
    waiting: std::collections::VecDeque<Vec<NewOp>>,
}

impl Store {
    fn cursor(&self) -> ChainHead {
        self.ops
            .last()
            .map_or(ChainHead::start(&edge()), |op| op.head)
    }

    fn apply(&mut self, session: &mut SyncSession) {
        if let Some(run) = self.waiting.pop_front() {
            self.ops.extend(run);
            session.handle_input(
                SyncSessionInput::OpsStored {
                    cursor: self.cursor().seq,
                },
                NOW,
            );
        }
    }

    fn take(&mut self, outputs: Vec<SyncSessionOutput>) {
        for output in outputs {
            match output {
                SyncSessionOutput::Store(run) => self.waiting.push_back(run.ops),
                SyncSessionOutput::End(refused) => assert_eq!(refused.code, Code::TooManyRequests),
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
        // After any such history, the rest of the log still arrives.
        session = reconnect(&mut store);
        while store.cursor().seq < 40 {
            let first = store.cursor().seq + 1;
            store.take(take(&mut session, up(&log, first, (41 - first).min(7))));
            store.apply(&mut session);
        }
        let stored: Vec<&[u8]> = store.ops.iter().map(|op| op.bytes.as_slice()).collect();
        prop_assert_eq!(stored, log.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let numbered = store.ops.iter().zip(1..).all(|(op, seq)| op.head == chain_at(&log, seq));
        prop_assert!(numbered);
    }
}
