//! A command's way into the log. Mirrors `edge-node/src/store/commands.rs` and the verdict in
//! `edge-node/src/intake.rs`.

use std::collections::BTreeSet;

use engine::{
    verdict::{
        CommandVerdict, EdgeState, EnteredStartCode, PaymentHistory, TakenVerdict, VerdictRequest,
        customer_of, judge_command,
    },
    view::{EdgeOrderView, PendingOp, overlaps_in_time},
};
use planted::is_planted;
use wire::{
    Action, Actor, ChainHead, Code, Command, CommandId, CommandOp, DeviceId, EarlierReceipt,
    ForwardedAcceptFrame, Hash, Op, Order, OrderId, Outcome, QuarantineWhy, Receipt, UnixMillis,
    UserId, Verdict,
};

use super::{CommandName, EdgeFile, PendingCommand, SuspicionCause};
use crate::bug::Bug;

/// A command with a verified token.
#[derive(Debug, Clone)]
pub struct CommandEntry {
    pub command: Command,
    pub actor: Actor,
    pub token: String,
    pub received_at: UnixMillis,
    pub repeat: bool,
    /// According to the revocations then on disk.
    pub let_in: bool,
    /// The reason to refuse it if it is new.
    pub refusal: Option<Code>,
    /// The tablet's newest receipt from this edge.
    pub seen: Option<Receipt>,
    /// This edge's earlier receipt for the same command.
    pub receipt: Option<Receipt>,
    /// This edge gave such a receipt, under its current or a former key.
    pub was_taken: bool,
    /// True if the edge was cut off when the command came in. Edges of the previous version do not
    /// report it.
    pub cut_off: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct LoggedCommand {
    pub command_id: CommandId,
    pub user_id: UserId,
    pub hash: Hash,
    pub order_id: OrderId,
    pub device: Option<DeviceId>,
    pub epoch: u64,
    pub head: ChainHead,
    pub verdict: Verdict,
    pub doubt: Option<Code>,
    pub fence: Option<u64>,
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone)]
pub enum EntryResult {
    NotTaken {
        command_id: CommandId,
        code: Code,
    },
    Stored {
        stored: Box<LoggedCommand>,
        order: Option<Box<wire::Order>>,
        new: bool,
    },
}

impl LoggedCommand {
    pub fn key(&self) -> CommandName {
        (self.command_id, self.user_id)
    }

    pub(super) fn pending(&self, received_at: UnixMillis) -> PendingCommand {
        let Self {
            order_id,
            command_id,
            user_id,
            ..
        } = *self;
        PendingCommand {
            order_id,
            command_id,
            user_id,
            received_at,
        }
    }
}

impl EdgeFile {
    /// Enters one command, from the lookup of its id to its row in the log.
    pub fn enter(&mut self, entry: CommandEntry) -> EntryResult {
        let missing = entry
            .seen
            .as_ref()
            .is_some_and(|seen| self.is_missing(seen));
        if missing && !is_planted(Bug::Receipts) {
            self.raise(SuspicionCause::Receipt);
        }
        let command_id = entry.command.id;
        let not_taken = |code| EntryResult::NotTaken { command_id, code };
        let key = (command_id, entry.actor.user_id);
        let known = self
            .commands
            .get(&key)
            .filter(|_| !is_planted(Bug::VerdictNotStored));
        if let Some(stored) = known {
            if stored.hash != entry.command.body.hash() {
                return not_taken(Code::CommandIdReused);
            }
            let stored = Box::new(LoggedCommand::clone(stored));
            let order = self.sight(stored.order_id).order.map(Box::new);
            return EntryResult::Stored {
                stored,
                order,
                new: false,
            };
        }
        if let Some(code) = entry.refusal {
            return not_taken(code);
        }
        match self.judge(&entry) {
            CommandVerdict::NotTaken(code) => not_taken(code),
            CommandVerdict::Taken(taken) => {
                let stored = Box::new(self.log_command(entry, taken));
                let order = self.sight(stored.order_id).order.map(Box::new);
                EntryResult::Stored {
                    stored,
                    order,
                    new: true,
                }
            }
        }
    }

    /// Logs an accept made elsewhere: always provisional and without a fence. Returns true if it
    /// was new.
    pub fn log_asked(&mut self, ask: ForwardedAcceptFrame) -> bool {
        if self
            .commands
            .get(&(ask.command.id, ask.actor.user_id))
            .is_some()
        {
            return false;
        }
        let entry = CommandEntry {
            command: ask.command,
            actor: ask.actor,
            token: ask.token,
            received_at: ask.taken_at,
            repeat: true,
            let_in: false,
            refusal: None,
            seen: None,
            receipt: None,
            was_taken: false,
            cut_off: None,
        };
        self.log_command(
            entry,
            TakenVerdict {
                verdict: Verdict::Provisional,
                fence: None,
                doubt: None,
            },
        );
        true
    }

    pub fn judge(&self, entry: &CommandEntry) -> CommandVerdict {
        let mut sight = self.sight(entry.command.body.order_id());
        for op in &mut sight.pending {
            op.is_idle &= !is_planted(Bug::NonsenseCounts);
            op.is_idle |= op.doubt.is_some() && is_planted(Bug::SkippedIsIdle);
        }
        self.judge_over(entry, sight)
    }

    /// The answer to a new command, as if this person had sent no ops. `None` if they may yet get
    /// the order.
    pub fn judge_without(&self, whose: UserId, entry: &CommandEntry) -> Option<CommandVerdict> {
        let order_id = entry.command.body.order_id();
        let accepts = |op: &PendingOp| {
            op.actor.user_id == whose && op.body.order_action() == Some(wire::Action::Accept)
        };
        let confirmed = self.orders.get(&order_id).map(|row| row.order.status);
        let is_closed = confirmed.is_some_and(|status| {
            use wire::OrderStatus::{Accepted, InProgress, Pending, PendingReview};
            !matches!(status, PendingReview | Pending | Accepted | InProgress)
        });
        if !is_closed && self.pending_on(order_id).any(|op| accepts(&op)) {
            return None;
        }
        let itself = (entry.command.id, entry.actor.user_id);
        let counts = |op: &PendingOp| {
            op.actor.user_id != whose && (op.command_id, op.actor.user_id) != itself
        };
        let others = self.pending_on(order_id).filter(counts).collect();
        Some(self.judge_over(entry, self.sight_over(order_id, others)))
    }

    fn judge_over(&self, entry: &CommandEntry, mut view: EdgeOrderView) -> CommandVerdict {
        let body = &entry.command.body;
        let repeat = entry.repeat && !is_planted(Bug::RepeatNotFirm);
        let receipted = entry.was_taken;
        let request = VerdictRequest {
            actor: entry.actor,
            body,
            repeat,
            receipted,
            start_code: EnteredStartCode::None,
        };
        let lease = &self.book.live.lease;
        let suspect = self.book.live.suspect && !is_planted(Bug::SuspectIsFirm);
        view.in_good_standing = self.is_in_good_standing(entry, view.order.as_ref())
            || is_planted(Bug::StandingAssumed);
        view.is_double_booked = self.is_double_booked(entry, view.order.as_ref());
        view.is_offered_to_others = is_offered_to_others(entry, view.order.as_ref());
        let rule_allows = lease.rule_allows(body, &view);
        let right = lease.current_right(self.book.live.epoch);
        let let_in = entry.let_in && (!self.is_revoked(entry) || is_planted(Bug::RevocationsStale));
        let unpaid_start = lease.allows_unpaid_work(body, &view, entry.cut_off);
        let footing = EdgeState {
            right,
            suspect,
            let_in,
            rule_allows,
            unpaid_start,
        };
        if is_planted(Bug::FirmBase) {
            view.pending.clear();
        }
        match judge_command(&request, &view, &footing) {
            CommandVerdict::Taken(TakenVerdict {
                doubt: Some(doubt), ..
            }) if is_planted(Bug::SoftRefusal) => CommandVerdict::NotTaken(doubt),
            answer => answer,
        }
    }

    /// Checks all revocations in this transaction, which may be newer than those that let the
    /// person in.
    fn is_revoked(&self, entry: &CommandEntry) -> bool {
        self.revoked.get(&entry.actor.user_id).is_some()
    }

    /// Mirrors `edge-node/src/store/commands.rs`.
    fn is_in_good_standing(&self, entry: &CommandEntry, seen: Option<&Order>) -> bool {
        let rules = &self.book.live.lease.assignment.rules;
        let customer = customer_of(entry.actor, &entry.command.body, seen);
        let asked = customer.filter(|_| rules.approval_in_good_standing.is_some());
        asked.is_some_and(|customer| {
            let orders = self.orders.live().values().map(|row| &row.order);
            PaymentHistory::from_orders(orders.filter(|order| order.customer_id == customer))
                .is_good()
        })
    }

    /// Mirrors `edge-node/src/store/commands.rs`.
    fn is_double_booked(&self, entry: &CommandEntry, seen: Option<&Order>) -> bool {
        let accepts = entry.command.body.order_action() == Some(Action::Accept);
        let Some(order) = seen.filter(|order| accepts && order.service_hours().is_some()) else {
            return false;
        };
        let provider = entry.actor.user_id;
        let works = |order: &Order| order.provider_at_work() == Some(provider);
        let confirmed = self.orders.live().values().map(|row| &row.order);
        let confirmed = confirmed.filter(|order| works(order)).map(|order| order.id);
        let undecided = self.pending.live().values();
        let undecided = undecided.filter(|row| row.user_id == provider);
        let undecided = undecided.map(|row| row.order_id);
        let jobs: BTreeSet<OrderId> = confirmed.chain(undecided).collect();
        let views = jobs.into_iter().filter_map(|id| self.sight(id).order);
        let mut jobs = views.filter(works);
        jobs.any(|job| overlaps_in_time(&job, order))
    }

    /// The command as it would be stored, without storing it.
    pub fn as_if_stored(&self, entry: &CommandEntry, taken: TakenVerdict) -> LoggedCommand {
        let at = ChainHead {
            seq: self.book.live.head.seq + 1,
            hash: Hash::ZERO,
        };
        stored(entry, taken, self.book.live.epoch, at)
    }

    fn log_command(&mut self, entry: CommandEntry, taken: TakenVerdict) -> LoggedCommand {
        let token_seq = self.token(&entry.token);
        let lease = &self.book.live.lease;
        let revocations = self.book.live.revocations_version;
        let op = Op::Command(CommandOp {
            command: entry.command.clone(),
            token_seq,
            actor: entry.actor,
            verdict: taken.verdict,
            fence: taken.fence,
            received_at: entry.received_at,
            policy_version: Some(lease.assignment.policy_version),
            rules_version: Some(lease.assignment.rules_version),
            revocations_version: Some(revocations),
            relogged: entry.receipt.clone().map(lost),
            cut_off: entry.cut_off.filter(|_| !is_planted(Bug::LinkNotTold)),
        });
        let at = self.append(op);
        let epoch = self.book.live.epoch;
        let stored = stored(&entry, taken, epoch, at);
        self.commands.put(stored.key(), stored.clone());
        self.by_op.put((epoch, at.seq), stored.key());
        self.pending
            .put((epoch, at.seq), stored.pending(entry.received_at));
        stored
    }
}

/// The tablet shows a receipt for a lost command and resends it, so the edge logs it again.
fn lost(receipt: Receipt) -> EarlierReceipt {
    let Receipt {
        edge,
        epoch,
        seq,
        hash,
        verdict,
        fence,
        ..
    } = receipt;
    let at = ChainHead { seq, hash };
    let why = QuarantineWhy::EdgeRestored;
    EarlierReceipt {
        edge,
        epoch,
        at,
        verdict,
        fence,
        why,
    }
}

fn stored(entry: &CommandEntry, taken: TakenVerdict, epoch: u64, head: ChainHead) -> LoggedCommand {
    LoggedCommand {
        command_id: entry.command.id,
        user_id: entry.actor.user_id,
        hash: entry.command.body.hash(),
        order_id: entry.command.body.order_id(),
        device: entry.command.device.clone(),
        epoch,
        head,
        verdict: taken.verdict,
        doubt: taken.doubt,
        fence: taken.fence,
        outcome: None,
    }
}

/// Mirrors `edge-node/src/store/commands.rs`.
fn is_offered_to_others(entry: &CommandEntry, seen: Option<&Order>) -> bool {
    let accepts = entry.command.body.order_action() == Some(Action::Accept);
    let order = seen.filter(|_| accepts);
    order.is_some_and(|order| order.is_offered_to_others(entry.actor.user_id, entry.received_at))
}
