//! A new epoch: the returned ops are staged until they are complete; then the epoch begins, and the
//! undecided commands are logged again in it. Mirrors `edge-node/src/store/new_epoch.rs`
//! and the renaming in `opening.rs`.

use std::rc::Rc;

use engine::edge::{NewEpoch, TailWrite};
use planted::is_planted;
use wire::{
    BootNonce, ChainHead, CommandOp, EarlierReceipt, EdgeId, Op, QuarantineWhy, UnixMillis, Verdict,
};

use super::{EdgeFile, FIRST_EPOCH, LogPlace, LoggedCommand, LoggedOp};
use crate::bug::Bug;

/// A command as logged before.
struct Old {
    place: LogPlace,
    head: ChainHead,
    op: CommandOp,
    token: Option<String>,
}

impl EdgeFile {
    pub(super) fn keep(&mut self, run: TailWrite) {
        if run.begins {
            self.tail.clear();
        }
        let mut head: Option<ChainHead> = None;
        for bytes in run.ops {
            let here = match head {
                None => ChainHead {
                    seq: run.first_seq,
                    hash: run.first_hash,
                },
                Some(before) => before.append_op(&bytes),
            };
            head = Some(here);
            // This version cannot relog an op that it cannot decode.
            let Ok(op) = Op::from_bytes(&bytes) else {
                continue;
            };
            self.tail.put(
                (run.epoch, here.seq),
                LoggedOp {
                    bytes,
                    head: here,
                    op,
                },
            );
        }
    }

    pub(super) fn begin(&mut self, new: NewEpoch, nonce: BootNonce, now: UnixMillis) {
        let edge = self.book.live.edge_id.clone();
        let own = self.waiting();
        self.enter_epoch(
            &edge,
            new.epoch,
            ChainHead::start_renewed_epoch(&edge, new.epoch, new.grant, new.last_accepted),
        );
        self.append(Op::Boot { nonce, at: now });
        let begins = self.tail.live().keys().next().copied();
        let (before, after): (Vec<Old>, Vec<Old>) = own
            .into_iter()
            .partition(|old| begins.is_none_or(|begins| old.place < begins));
        for old in before.into_iter().chain(self.given_back()).chain(after) {
            self.relog(old, &edge, new.why);
        }
        self.tail.clear();
        (self.book.live.suspect, self.book.live.alarm) = (false, None);
    }

    /// Gives a twin's file its own name.
    pub fn rename(&mut self, edge_id: &EdgeId, nonce: BootNonce, now: UnixMillis) {
        let from = self.book.live.edge_id.clone();
        let own = self.waiting();
        self.log.clear();
        self.tokens.clear();
        self.pending.clear();
        self.tail.clear();
        self.by_op.clear();
        let known: Vec<Rc<LoggedCommand>> = self.commands.live().values().cloned().collect();
        for stored in known {
            self.commands.put(
                stored.key(),
                LoggedCommand {
                    epoch: 0,
                    ..LoggedCommand::clone(&stored)
                },
            );
        }
        self.enter_epoch(edge_id, FIRST_EPOCH, ChainHead::start(edge_id));
        self.append(Op::Boot { nonce, at: now });
        for old in own {
            self.relog(old, &from, QuarantineWhy::EdgeCloned);
        }
        (self.book.live.suspect, self.book.live.alarm) = (false, None);
        self.mark_now();
        self.mark.synced = self.mark.written;
    }

    /// The number of pending commands that were logged again.
    pub fn relogged(&self) -> u64 {
        let places = self.pending.durable().keys();
        let logged = places.filter_map(|place| self.log.read(place));
        let anew = |op: &Op| matches!(op, Op::Command(op) if op.relogged.is_some());
        logged.filter(|logged| anew(&logged.op)).count() as u64
    }

    fn enter_epoch(&mut self, edge_id: &EdgeId, epoch: u64, start: ChainHead) {
        let book = &mut self.book.live;
        book.edge_id = edge_id.clone();
        book.epoch = epoch;
        book.start = start.hash;
        book.head = start;
        book.outcome_cursor = 0;
        book.settled_seq = 0;
        let lease = Rc::make_mut(&mut book.lease);
        (lease.held, lease.proven) = (None, false);
    }

    /// The undecided commands, in log order.
    fn waiting(&self) -> Vec<Old> {
        let places = self.pending.live().keys();
        places
            .filter_map(|place| self.old(*place, self.log.get(place)?, false))
            .collect()
    }

    fn given_back(&self) -> Vec<Old> {
        let tail = self.tail.live().iter();
        tail.filter_map(|(place, logged)| self.old(*place, logged, true))
            .collect()
    }

    /// A returned op refers only to ops returned with it, because this log may have continued
    /// differently.
    fn old(&self, place: LogPlace, logged: &LoggedOp, given_back: bool) -> Option<Old> {
        let Op::Command(op) = &logged.op else {
            return None;
        };
        let token = (place.0, op.token_seq);
        let returned = self.tail.get(&token).filter(|_| given_back);
        let token = returned.or_else(|| self.log.get(&token));
        let token = token.and_then(|logged| match &logged.op {
            Op::Token { token } => Some(token.clone()),
            _ => None,
        });
        Some(Old {
            place,
            head: logged.head,
            op: op.clone(),
            token,
        })
    }

    /// Skips commands with an outcome, and commands already logged in this epoch [RELOG].
    fn relog(&mut self, old: Old, edge: &EdgeId, why: QuarantineWhy) {
        let Old {
            place,
            head: at,
            op,
            token,
        } = old;
        let key = (op.command.id, op.actor.user_id);
        let known = self.commands.get(&key).cloned();
        let epoch = self.book.live.epoch;
        let done = known
            .as_ref()
            .is_some_and(|k| k.outcome.is_some() || k.epoch == epoch);
        if done || is_planted(Bug::Relog) {
            return;
        }
        let token_seq = token.map_or(0, |token| self.token(&token));
        let relogged = op.relogged.clone().unwrap_or(EarlierReceipt {
            edge: edge.clone(),
            epoch: place.0,
            at,
            verdict: op.verdict,
            fence: op.fence,
            why,
        });
        let keeps = is_planted(Bug::FenceKept);
        let anew = CommandOp {
            token_seq,
            verdict: if keeps {
                op.verdict
            } else {
                Verdict::Provisional
            },
            fence: op.fence.filter(|_| keeps),
            relogged: Some(relogged),
            ..op
        };
        let at = self.append(Op::Command(anew.clone()));
        if let Some(known) = &known {
            let before = (known.epoch, known.head.seq);
            self.by_op.remove(&before);
            self.pending.remove(&before);
        }
        self.pending.remove(&place);
        self.remember(&anew, at, known.as_deref());
    }

    /// Stores the command under its new place, where it waits.
    fn remember(&mut self, op: &CommandOp, head: ChainHead, known: Option<&LoggedCommand>) {
        let epoch = self.book.live.epoch;
        let command = &op.command;
        let stored = LoggedCommand {
            command_id: command.id,
            user_id: op.actor.user_id,
            hash: command.body.hash(),
            order_id: command.body.order_id(),
            device: command.device.clone(),
            epoch,
            head,
            verdict: op.verdict,
            doubt: known.and_then(|known| known.doubt),
            fence: op.fence,
            outcome: None,
        };
        let pending = stored.pending(op.received_at);
        self.by_op.put((epoch, head.seq), stored.key());
        self.commands.put(stored.key(), stored);
        self.pending.put((epoch, head.seq), pending);
    }
}
