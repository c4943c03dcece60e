//! The edge's file. Mirrors `edge-node/src/store`, transaction for transaction: here `log`
//! and the view of `orders`; `orders` applies outcomes and feed, `snapshot` a whole view, `opening`
//! begins a run, `restore` carries out a quarantine.
//!
//! Every write of an edge becomes durable in `EdgeFile::commit` and nowhere else.

mod commands;
mod opening;
mod orders;
mod restore;
mod snapshot;

use std::rc::Rc;

use engine::{
    edge::{EdgeFilePosition, EdgeWrite, OpRange, OpRun},
    right::RegionLease,
    view::{ConfirmedOrder, EdgeOrderView, PendingOp, ViewDigest, overlay_pending_ops},
};
use planted::is_planted;
use wire::{
    BootNonce, ChainHead, CommandId, EdgeId, FeedChange, Hash, Op, Order, OrderId, StagedSnapshot,
    UnixMillis, UserId,
};

use crate::{
    bug::Bug,
    table::{ModelRow, ModelTable},
};

pub use commands::{CommandEntry, EntryResult, LoggedCommand};
pub(crate) use opening::{FileMark, SuspicionCause};

/// An op's place: the epoch and the seq.
pub(crate) type LogPlace = (u64, u64);

/// The identity of a command. Another person's command with the same id is a different command.
pub(crate) type CommandName = (CommandId, UserId);

pub(crate) const FIRST_EPOCH: u64 = 1;

#[derive(Debug, Clone)]
pub struct EdgeBook {
    pub edge_id: EdgeId,
    pub epoch: u64,
    /// The start of this epoch's chain.
    pub start: Hash,
    pub head: ChainHead,
    pub suspect: bool,
    /// The reason while it is suspect.
    pub alarm: Option<SuspicionCause>,
    pub settled_seq: u64,
    pub feed_generation: u64,
    pub feed_cursor: u64,
    pub outcome_cursor: u64,
    /// The stored part of a snapshot in transfer, and the last snapshot that became the view.
    pub staged: Option<StagedSnapshot>,
    pub snapshot: Option<Hash>,
    pub tally: ViewDigest,
    pub lease: Rc<RegionLease>,
    pub revocations_version: u64,
    pub keys_version: u64,
}

#[derive(Debug)]
pub struct LoggedOp {
    pub bytes: Vec<u8>,
    pub head: ChainHead,
    pub op: Op,
}

#[derive(Debug, Clone, Copy)]
pub struct PendingCommand {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub user_id: UserId,
    pub received_at: UnixMillis,
}

#[derive(Debug)]
pub struct EdgeFile {
    pub book: ModelRow<EdgeBook>,
    pub log: ModelTable<LogPlace, LoggedOp>,
    pub tokens: ModelTable<(u64, Hash), u64>,
    pub commands: ModelTable<CommandName, LoggedCommand>,
    pub by_op: ModelTable<LogPlace, CommandName>,
    pub pending: ModelTable<LogPlace, PendingCommand>,
    /// The ops returned by the cloud, until they are complete.
    pub tail: ModelTable<LogPlace, LoggedOp>,
    pub orders: ModelTable<OrderId, ConfirmedOrder>,
    /// The version that the feed itself delivered, and true if the order was open in it.
    pub brought: ModelTable<OrderId, (u64, bool)>,
    /// From an incomplete snapshot.
    pub staged_orders: ModelTable<OrderId, Order>,
    pub staged_changes: ModelTable<u32, FeedChange>,
    pub revoked: ModelTable<UserId, ()>,
    pub mark: FileMark,
}

/// A command that now has its outcome.
pub struct SettledCommand {
    pub command_id: CommandId,
    pub user_id: UserId,
}

impl EdgeFile {
    pub fn new(edge_id: EdgeId) -> Self {
        let start = ChainHead::start(&edge_id);
        let book = EdgeBook {
            edge_id,
            epoch: FIRST_EPOCH,
            start: start.hash,
            head: start,
            suspect: false,
            alarm: None,
            settled_seq: 0,
            feed_generation: 0,
            feed_cursor: 0,
            outcome_cursor: 0,
            staged: None,
            snapshot: None,
            tally: ViewDigest::default(),
            lease: Rc::default(),
            revocations_version: 0,
            keys_version: 0,
        };
        Self {
            book: ModelRow::new(book),
            log: ModelTable::default(),
            tokens: ModelTable::default(),
            commands: ModelTable::default(),
            by_op: ModelTable::default(),
            pending: ModelTable::default(),
            tail: ModelTable::default(),
            orders: ModelTable::default(),
            brought: ModelTable::default(),
            staged_orders: ModelTable::default(),
            staged_changes: ModelTable::default(),
            revoked: ModelTable::default(),
            // A new file gets its first mark on disk before anything is logged.
            mark: FileMark::first(start),
        }
    }

    /// A copy of the file on disk, with its high-water file.
    pub fn copied(&self) -> Self {
        let mut copy = Self {
            book: self.book.copied(),
            log: self.log.copied(),
            tokens: self.tokens.copied(),
            commands: self.commands.copied(),
            by_op: self.by_op.copied(),
            pending: self.pending.copied(),
            tail: self.tail.copied(),
            orders: self.orders.copied(),
            brought: self.brought.copied(),
            staged_orders: self.staged_orders.copied(),
            staged_changes: self.staged_changes.copied(),
            revoked: self.revoked.copied(),
            mark: self.mark,
        };
        copy.find_head();
        copy
    }

    pub fn commit(&mut self) {
        self.book.commit();
        self.log.commit();
        self.tokens.commit();
        self.commands.commit();
        self.by_op.commit();
        self.pending.commit();
        self.tail.commit();
        self.orders.commit();
        self.brought.commit();
        self.staged_orders.commit();
        self.staged_changes.commit();
        self.revoked.commit();
    }

    /// Drops everything uncommitted.
    pub fn crash(&mut self) {
        if is_planted(Bug::TornCommit) {
            // Half of the tables are committed.
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
        self.tail.roll_back();
        self.orders.roll_back();
        self.brought.roll_back();
        self.staged_orders.roll_back();
        self.staged_changes.roll_back();
        self.revoked.roll_back();
        self.find_head();
        if is_planted(Bug::OverlayForgotten) {
            self.forget_pending();
        }
        if is_planted(Bug::SuspicionForgotten) {
            (self.book.live.suspect, self.book.live.alarm) = (false, None);
            self.book.commit();
        }
    }

    /// The writer's book caches the file: its head is the log's.
    fn find_head(&mut self) {
        let EdgeBook { epoch, start, .. } = self.book.live;
        let last = self
            .log
            .live()
            .range((epoch, 0)..=(epoch, u64::MAX))
            .next_back();
        let head = last.map_or(
            ChainHead {
                seq: 0,
                hash: start,
            },
            |(_, logged)| logged.head,
        );
        self.book.live.head = head;
        self.book.commit();
    }

    /// Appends an op; this is its only encoding.
    pub fn append(&mut self, op: Op) -> ChainHead {
        let bytes = op.to_bytes();
        let at = self.book.live.head.append_op(&bytes);
        self.log.put(
            (self.book.live.epoch, at.seq),
            LoggedOp {
                bytes,
                head: at,
                op,
            },
        );
        self.book.live.head = at;
        at
    }

    /// The seq of the token's op in this epoch; logs it if it is new.
    pub fn token(&mut self, token: &str) -> u64 {
        let key = (self.book.live.epoch, Hash::digest_bytes(token.as_bytes()));
        if let Some(seq) = self.tokens.get(&key) {
            return **seq;
        }
        let at = if is_planted(Bug::TokenNotLogged) && !self.tokens.live().is_empty() {
            self.book.live.head
        } else {
            self.append(Op::Token {
                token: token.to_owned(),
            })
        };
        self.tokens.put(key, at.seq);
        at.seq
    }

    /// The chain at one op of this epoch, as the writer sees it.
    pub fn chain_at(&self, seq: u64) -> Option<ChainHead> {
        let EdgeBook { epoch, start, .. } = self.book.live;
        match seq {
            0 => Some(ChainHead { seq, hash: start }),
            seq => self.log.get(&(epoch, seq)).map(|logged| logged.head),
        }
    }

    pub fn link_store(
        &mut self,
        what: EdgeWrite,
        nonce: BootNonce,
        now: UnixMillis,
    ) -> Vec<SettledCommand> {
        match what {
            EdgeWrite::Outcomes { to, outcomes } => return self.settle(to, outcomes),
            EdgeWrite::Changes { to, changes } => self.apply(to, changes),
            EdgeWrite::Generation(generation) => {
                self.enter_generation(generation);
                self.book.live.feed_cursor = 0;
            }
            EdgeWrite::Tail(run) => self.keep(run),
            EdgeWrite::Quarantine(new) => self.begin(new, nonce, now),
            EdgeWrite::Snapshot(run) => self.stage(run),
            EdgeWrite::Twin => self.raise(SuspicionCause::Twin),
        }
        Vec::new()
    }

    /// The planted bugs that move part of a write into a separate earlier commit. Returns true if
    /// there was one.
    pub fn link_store_early(&mut self, what: &EdgeWrite) -> bool {
        match what {
            EdgeWrite::Outcomes { outcomes, .. } if is_planted(Bug::RetiredBeforeOutcome) => {
                let epoch = self.book.live.epoch;
                outcomes
                    .iter()
                    .for_each(|outcome| self.pending.remove(&(epoch, outcome.seq)));
            }
            EdgeWrite::Outcomes { to, .. } if is_planted(Bug::CursorBeforeOutcome) => {
                self.book.live.outcome_cursor = *to;
            }
            EdgeWrite::Changes { to, .. } if is_planted(Bug::FeedCursorBeforeChanges) => {
                self.book.live.feed_cursor = *to;
            }
            EdgeWrite::Snapshot(run) if run.next.is_none() && is_planted(Bug::ImageTakenEarly) => {
                self.book.live.feed_generation = run.feed_generation;
                self.book.live.feed_cursor = run.feed_seq;
                self.book.live.snapshot = Some(run.hash);
                self.book.live.staged = None;
            }
            _ => return false,
        }
        true
    }

    /// Returns true if any person's command with this id is on disk.
    pub fn knows(&self, id: CommandId) -> bool {
        self.of_id(id).next().is_some()
    }

    /// The commands on disk under this id.
    pub fn of_id(&self, id: CommandId) -> impl Iterator<Item = &LoggedCommand> {
        let nobody = UserId(uuid::Uuid::nil());
        let from = self.commands.durable().range((id, nobody)..);
        from.take_while(move |((of, _), _)| *of == id)
            .map(|(_, stored)| &**stored)
    }

    fn forget_pending(&mut self) {
        self.pending.clear();
        self.pending.commit();
    }

    /// The order as the writer sees it, with the pending ops applied on top.
    pub fn sight(&self, order_id: OrderId) -> EdgeOrderView {
        self.sight_over(order_id, self.pending_on(order_id).collect())
    }

    pub fn sight_over(&self, order_id: OrderId, ops: Vec<PendingOp>) -> EdgeOrderView {
        let confirmed = self.orders.get(&order_id).map(|row| row.order.clone());
        let live = &self.book.live;
        overlay_pending_ops(confirmed, ops, &live.edge_id, &live.lease.assignment.rules)
    }

    /// In log order.
    pub fn pending_on(&self, order_id: OrderId) -> impl Iterator<Item = PendingOp> {
        let ops = self
            .pending
            .live()
            .iter()
            .filter(move |(_, row)| row.order_id == order_id);
        ops.filter_map(|(place, _)| self.pending_op(*place))
    }

    pub fn waits_by(&self, whose: UserId, order_id: OrderId) -> bool {
        let mut waiting = self.pending.live().values();
        waiting.any(|row| (row.user_id, row.order_id) == (whose, order_id))
    }

    fn pending_op(&self, place: LogPlace) -> Option<PendingOp> {
        let Op::Command(op) = &self.log.get(&place)?.op else {
            return None;
        };
        Some(PendingOp {
            seq: place.1,
            command_id: op.command.id,
            actor: op.actor,
            body: op.command.body.clone(),
            verdict: op.verdict,
            fence: op.fence,
            received_at: op.received_at,
            cut_off: op.cut_off,
        })
    }

    /// The link's view of the file, from committed rows only.
    pub fn position(&self) -> EdgeFilePosition {
        let book = self.reading_book();
        let pending = if is_planted(Bug::UpBeforeFsync) {
            self.pending.live()
        } else {
            self.pending.durable()
        };
        EdgeFilePosition {
            epoch: book.epoch,
            head: book.head,
            suspect: book.suspect,
            twin: book.alarm == Some(SuspicionCause::Twin),
            settled: self.chain_at(book.settled_seq),
            feed_generation: book.feed_generation,
            feed_cursor: book.feed_cursor,
            outcome_cursor: book.outcome_cursor,
            staged: book.staged.clone(),
            snapshot: book.snapshot,
            unproven: book.lease.held.filter(|_| !book.lease.proven),
            assignment: book.lease.assignment.compute_digest(),
            tally: book.tally,
            pending: u32::try_from(pending.len()).unwrap_or(u32::MAX),
            oldest_pending_at: pending.values().next().map(|row| row.received_at),
        }
    }

    /// The committed ops that fit the range [UP_AFTER_FSYNC].
    pub fn run(&self, range: OpRange) -> OpRun {
        let EdgeBook { epoch, start, .. } = *self.reading_book();
        let before = match range.from - 1 {
            0 => Some(ChainHead {
                seq: 0,
                hash: start,
            }),
            seq => self.logged(epoch, seq).map(|logged| logged.head),
        };
        let Some(before) = before else {
            return OpRun {
                before: ChainHead {
                    seq: 0,
                    hash: Hash::ZERO,
                },
                ops: Vec::new(),
            };
        };
        let mut ops = Vec::new();
        let mut bytes = 0;
        for seq in (range.from..).take(range.ops_max as usize) {
            let Some(logged) = self.logged(epoch, seq) else {
                break;
            };
            bytes += logged.bytes.len() as u64;
            let whatever_size = ops.is_empty() && range.first_whatever_size;
            if bytes > range.bytes_max && !whatever_size {
                break;
            }
            ops.push(logged.bytes.clone());
        }
        OpRun { before, ops }
    }

    fn logged(&self, epoch: u64, seq: u64) -> Option<&Rc<LoggedOp>> {
        let place = (epoch, seq);
        if is_planted(Bug::UpBeforeFsync) {
            self.log.get(&place)
        } else {
            self.log.read(&place)
        }
    }

    fn reading_book(&self) -> &EdgeBook {
        if is_planted(Bug::UpBeforeFsync) {
            &self.book.live
        } else {
            self.book.read()
        }
    }
}
