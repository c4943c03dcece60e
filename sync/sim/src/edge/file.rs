//! The edge's file. Mirrors `edge-node/src/store`: `book`, `append`, `outcomes`, `orders`, `uplink`,
//! `opening` and `high_water`, transaction for transaction.

use std::rc::Rc;

use engine::{
    edge::{Position, Run, Store, Wanted},
    right::Tenure,
    view::{self, Confirmed, PendingOp, Sight, Tally, Via, see},
};
use wire::{
    BootNonce, Chain, Change, CommandId, EdgeId, Hash, NumberedOutcome, Op, Order, OrderId,
    Outcome, RegionAssignment, UnixMillis, UserId, is_open, open_digest,
};

use super::entering::Stored;
use crate::{
    bug::Bug,
    table::{Row, Table},
};

/// No quarantine is drawn yet, so every edge stays in its first epoch.
pub const EPOCH: u64 = 1;

#[derive(Debug, Clone)]
pub struct Book {
    pub head: Chain,
    pub suspect: bool,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    pub tally: Tally,
    pub tenure: Rc<Tenure>,
    pub revocations_version: u64,
}

#[derive(Debug)]
pub struct Logged {
    pub bytes: Vec<u8>,
    pub at: Chain,
    pub op: Op,
}

#[derive(Debug, Clone, Copy)]
pub struct Pending {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub received_at: UnixMillis,
}

/// The high-water file beside the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    /// What the operating system has.
    pub written: Option<Chain>,
    /// What survives a loss of power.
    pub synced: Option<Chain>,
}

#[derive(Debug)]
pub struct File {
    pub name: EdgeId,
    pub bug: Option<Bug>,
    pub book: Row<Book>,
    pub log: Table<u64, Logged>,
    pub tokens: Table<Hash, u64>,
    pub commands: Table<CommandId, Stored>,
    pub by_op: Table<u64, CommandId>,
    pub pending: Table<u64, Pending>,
    pub orders: Table<OrderId, Confirmed>,
    /// What the feed itself has brought: the version, and whether the order was open in it.
    pub brought: Table<OrderId, (u64, bool)>,
    pub revoked: Table<UserId, ()>,
    pub mark: Mark,
}

/// A command that has its outcome now.
pub struct Settled {
    pub command_id: CommandId,
}

impl File {
    pub fn new(name: EdgeId, bug: Option<Bug>) -> Self {
        let start = Chain::start(&name);
        let book = Book {
            head: start,
            suspect: false,
            feed_generation: 0,
            feed_cursor: 0,
            outcome_cursor: 0,
            tally: Tally::default(),
            tenure: Rc::default(),
            revocations_version: 0,
        };
        Self {
            name,
            bug,
            book: Row::new(book),
            log: Table::default(),
            tokens: Table::default(),
            commands: Table::default(),
            by_op: Table::default(),
            pending: Table::default(),
            orders: Table::default(),
            brought: Table::default(),
            revoked: Table::default(),
            // A new file gets its first mark, on disk, before anything is logged.
            mark: Mark { written: Some(start), synced: Some(start) },
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub fn commit(&mut self) {
        self.book.commit();
        self.log.commit();
        self.tokens.commit();
        self.commands.commit();
        self.by_op.commit();
        self.pending.commit();
        self.orders.commit();
        self.brought.commit();
        self.revoked.commit();
    }

    /// Written after each commit and before any answer. What stood there before counts as synced by
    /// now: of the once-a-second sync only the worst case matters.
    pub fn mark_now(&mut self) {
        self.mark.synced = self.mark.written;
        self.mark.written = Some(self.book.live.head);
    }

    /// What is not committed is gone.
    pub fn crash(&mut self) {
        if self.has(Bug::TornCommit) {
            // Half of the tables made it.
            self.book.commit();
            self.commands.commit();
            self.by_op.commit();
        }
        self.book.roll_back();
        self.log.roll_back();
        self.tokens.roll_back();
        self.commands.roll_back();
        self.by_op.roll_back();
        self.pending.roll_back();
        self.orders.roll_back();
        self.brought.roll_back();
        self.revoked.roll_back();
        // The writer's book is a cache of the file: its head is that of the log.
        let last = self.log.live().values().next_back();
        let head = last.map_or(Chain::start(&self.name), |logged| logged.at);
        self.book.live.head = head;
        self.book.commit();
        if self.has(Bug::OverlayForgotten) {
            self.forget_pending();
        }
    }

    /// The first write of a run: whether the log is the one the last answer came from, and the boot op.
    pub fn boot(&mut self, nonce: BootNonce, now: UnixMillis) {
        let head = self.book.live.head;
        let here = |mark: Chain| match mark.seq {
            0 => Some(Chain::start(&self.name)),
            seq => self.log.get(&seq).map(|logged| logged.at),
        };
        let suspect = match self.mark.written {
            Some(mark) => mark.seq > head.seq || here(mark).is_some_and(|here| here != mark),
            None => head.seq > 0,
        };
        self.book.live.suspect |= suspect;
        if self.has(Bug::SeqReused)
            && let Some(before) = head.seq.checked_sub(1).and_then(|seq| self.log.get(&seq))
        {
            self.book.live.head = before.at;
        }
        if !self.has(Bug::BootNotLogged) {
            self.append(Op::Boot { nonce, at: now });
        }
    }

    /// Encoded here once and for all.
    pub fn append(&mut self, op: Op) -> Chain {
        let bytes = op.to_bytes();
        let at = self.book.live.head.then(&bytes);
        self.log.put(at.seq, Logged { bytes, at, op });
        self.book.live.head = at;
        at
    }

    pub fn link_store(&mut self, what: Store) -> Vec<Settled> {
        match what {
            Store::Outcomes { to, outcomes } => self.settle(to, outcomes),
            Store::Changes { to, changes } => {
                self.apply(to, changes);
                Vec::new()
            }
            Store::Generation(generation) => {
                self.book.live.feed_generation = generation;
                self.book.live.feed_cursor = 0;
                Vec::new()
            }
            // No edge is restored or cloned here yet; the oracle hears of every alarm.
            Store::Snapshot(_) | Store::Tail(_) | Store::Quarantine(_) | Store::Twin => Vec::new(),
        }
    }

    /// The planted bugs that put part of a write into an earlier commit of its own. Answers whether
    /// there was one to make.
    pub fn link_store_early(&mut self, what: &Store) -> bool {
        match (self.bug, what) {
            (Some(Bug::RetiredBeforeOutcome), Store::Outcomes { outcomes, .. }) => {
                outcomes.iter().for_each(|outcome| self.pending.remove(&outcome.seq));
            }
            (Some(Bug::CursorBeforeOutcome), Store::Outcomes { to, .. }) => {
                self.book.live.outcome_cursor = *to;
            }
            (Some(Bug::FeedCursorBeforeChanges), Store::Changes { to, .. }) => {
                self.book.live.feed_cursor = *to;
            }
            _ => return false,
        }
        true
    }

    fn settle(&mut self, to: u64, outcomes: Vec<NumberedOutcome>) -> Vec<Settled> {
        let mut settled = Vec::with_capacity(outcomes.len());
        for numbered in outcomes {
            if let Some(order) = numbered.outcome.order.clone() {
                self.merge(order, Via::Outcome);
            }
            let Some(command_id) = self.by_op.get(&numbered.seq).map(|id| **id) else { continue };
            let Some(stored) = self.commands.get(&command_id) else { continue };
            let outcome = Some(Outcome { order: None, ..numbered.outcome });
            let stored = Stored { outcome, ..Stored::clone(stored) };
            self.commands.put(command_id, stored);
            self.pending.remove(&numbered.seq);
            settled.push(Settled { command_id });
        }
        self.book.live.outcome_cursor = to;
        settled
    }

    fn apply(&mut self, to: u64, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Order(order) => self.merge(order, Via::Feed),
                Change::OrderGone { order_id, version } => {
                    let row = self.orders.get(&order_id).cloned();
                    if let Some(row) = row.filter(|row| view::leaves(row, version)) {
                        self.book.live.tally.replace(Some(&row), None);
                        self.orders.remove(&order_id);
                    }
                }
                Change::Assignment(word) => self.hear(word),
                Change::Revoked { version, users, .. } => {
                    users.into_iter().for_each(|user| self.revoked.put(user, ()));
                    let known = self.book.live.revocations_version;
                    self.book.live.revocations_version = known.max(version);
                }
                // Keys are not drawn, and a policy comes with its assignment.
                Change::Keys { .. } | Change::Policy { .. } | Change::Unknown => {}
            }
        }
        self.book.live.feed_cursor = to;
    }

    /// Compares a grant with the feed, and answers a wish for the right in the log.
    fn hear(&mut self, word: RegionAssignment) {
        let open = self.brought.live().iter().filter(|(_, row)| row.1);
        let digest = open_digest(open.map(|(id, row)| (*id, row.0)));
        let digest = if self.has(Bug::GrantDigest) { word.digest } else { Some(digest) };
        let tenure = Rc::make_mut(&mut self.book.live.tenure);
        let brought = || Ok::<_, std::convert::Infallible>(digest.unwrap_or(Hash::ZERO));
        let Ok(_) = tenure.hear(&self.name, EPOCH, word, brought);
        if let Some(fence) = tenure.release() {
            self.append(Op::LeaseReleased { fence });
        }
    }

    fn merge(&mut self, order: Order, via: Via) {
        if via == Via::Feed {
            let brought = self.brought.get(&order.id).map_or(0, |row| row.0);
            if order.version >= brought {
                self.brought.put(order.id, (order.version, is_open(order.status)));
            }
        }
        let old = self.orders.get(&order.id).cloned();
        let (row, _) = if self.has(Bug::OlderVersionApplied) {
            view::merge(None, order, via)
        } else {
            view::merge(old.as_deref(), order, via)
        };
        if old.as_deref() != Some(&row) {
            if !(self.has(Bug::OutcomeOrderNotCounted) && via == Via::Outcome) {
                self.book.live.tally.replace(old.as_deref(), Some(&row));
            }
            self.orders.put(row.order.id, row);
        }
    }

    fn forget_pending(&mut self) {
        let seqs: Vec<u64> = self.pending.live().keys().copied().collect();
        seqs.iter().for_each(|seq| self.pending.remove(seq));
        self.pending.commit();
    }

    /// The order as the writer sees it, with the pending ops laid over it.
    pub fn sight(&self, order_id: OrderId) -> Sight {
        let ops = self.pending.live().iter().filter(|(_, row)| row.order_id == order_id);
        let ops = ops.filter_map(|(seq, _)| self.pending_op(*seq)).collect();
        let confirmed = self.orders.get(&order_id).map(|row| row.order.clone());
        see(confirmed, ops, &self.name)
    }

    fn pending_op(&self, seq: u64) -> Option<PendingOp> {
        let Op::Command(op) = &self.log.get(&seq)?.op else { return None };
        Some(PendingOp {
            seq,
            command_id: op.command.id,
            actor: op.actor,
            body: op.command.body.clone(),
            verdict: op.verdict,
            fence: op.fence,
            received_at: op.received_at,
        })
    }

    /// All that the link has to know, of committed rows only.
    pub fn position(&self) -> Position {
        let book = self.reading_book();
        let pending =
            if self.has(Bug::UpBeforeFsync) { self.pending.live() } else { self.pending.durable() };
        Position {
            epoch: EPOCH,
            head: book.head,
            suspect: book.suspect,
            twin: false,
            settled: None,
            feed_generation: book.feed_generation,
            feed_cursor: book.feed_cursor,
            outcome_cursor: book.outcome_cursor,
            staged: None,
            snapshot: None,
            unproven: book.tenure.held.filter(|_| !book.tenure.proven),
            assignment: book.tenure.assignment.digest(),
            tally: book.tally,
            pending: u32::try_from(pending.len()).unwrap_or(u32::MAX),
            oldest_pending_at: pending.values().next().map(|row| row.received_at),
        }
    }

    /// What fits of what is wanted, of committed ops only [UP_AFTER_FSYNC].
    pub fn run(&self, wanted: Wanted) -> Run {
        let before = match wanted.from - 1 {
            0 => Some(Chain::start(&self.name)),
            seq => self.logged(seq).map(|logged| logged.at),
        };
        let Some(before) = before else {
            return Run { before: Chain { seq: 0, hash: Hash::ZERO }, ops: Vec::new() };
        };
        let (mut ops, mut bytes) = (Vec::new(), 0);
        for seq in (wanted.from..).take(wanted.ops_max as usize) {
            let Some(logged) = self.logged(seq) else { break };
            bytes += logged.bytes.len() as u64;
            let whatever_size = ops.is_empty() && wanted.first_whatever_size;
            if bytes > wanted.bytes_max && !whatever_size {
                break;
            }
            ops.push(logged.bytes.clone());
        }
        Run { before, ops }
    }

    fn logged(&self, seq: u64) -> Option<&Rc<Logged>> {
        if self.has(Bug::UpBeforeFsync) { self.log.get(&seq) } else { self.log.read(&seq) }
    }

    fn reading_book(&self) -> &Book {
        if self.has(Bug::UpBeforeFsync) { &self.book.live } else { self.book.read() }
    }
}
