//! Promises about an edge's thief: they cannot revive an expired token, they decide nothing after
//! the edge is disabled, and the limits on them cost no one else anything.

use std::collections::{BTreeMap, BTreeSet};

use engine::{cloud::NewOps, trusted_time::LogHeadReports};
use rules::{OpIdentity, StoredAnswer, Writes};
use wire::{Ack, Code, CommandId, CommandOp, EdgeId, Op, Outcome, OutcomeKind, UnixMillis, UserId};

use super::Oracle;
use crate::{
    cast,
    cloud::{DecisionRequest, order_db::OrderDb, sync_db::SyncDb},
};

/// A seed's theft, and the clocks that bound times.
#[derive(Default)]
pub(crate) struct Theft {
    edge: Option<EdgeId>,
    disabled: Option<Disabled>,
    deeds: BTreeMap<CommandId, Deed>,
    /// The highest feed cursor in each edge's honest Acks whose whole log the hub has.
    words: BTreeMap<usize, u64>,
    /// The epoch and time of each receipt of that edge's commands. Two people with one id have
    /// separate commands.
    received: BTreeMap<(CommandId, UserId), Vec<(u64, UnixMillis)>>,
    clocks: BTreeSet<ClockFault>,
}

/// A command forged by a thief.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deed {
    /// Its token had expired before the seed began.
    pub by_dead_token: bool,
    /// The feed number of its person's revocation.
    pub by_revoked: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Disabled {
    at: u64,
    epoch: u64,
    since: UnixMillis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockFault {
    OfEdge,
    HubAhead,
    HubBehind,
}

impl Oracle {
    pub fn clock_fails(&mut self, fault: ClockFault) {
        self.theft.clocks.insert(fault);
    }

    pub fn stolen(&mut self, e: usize) {
        self.theft.edge = Some(cast::edge(e));
    }

    pub fn forges(&mut self, id: CommandId, deed: Deed) {
        self.theft.deeds.insert(id, deed);
    }

    pub fn disabled(&mut self, at: u64, e: usize, epoch: u64, since: UnixMillis) {
        self.theft.edge = Some(cast::edge(e));
        self.theft.disabled = Some(Disabled { at, epoch, since });
    }

    /// Notes an honest edge's report of the end of its log, once the hub has all of it.
    pub fn tells(&mut self, e: usize, ack: &Ack, heads: &LogHeadReports, cursor: u64) {
        let sound = ack.edge_now >= crate::cloud::at(0, 0)
            && !self.theft.clocks.contains(&ClockFault::HubBehind);
        let taken = heads.told_seq == ack.last_seq && ack.last_seq <= cursor;
        if sound && taken && self.theft.edge.is_none() {
            let read = self.theft.words.entry(e).or_default();
            *read = ack.feed_cursor.max(*read);
        }
    }

    /// 11. The hub stores no more ops of a disabled edge until it has a new key.
    pub fn stores(&mut self, at: u64, e: usize, db: &SyncDb, ops: &NewOps, now: UnixMillis) {
        let over = self.theft.disabled.is_some_and(|disabled| {
            self.is_of_thief(&cast::edge(e)) && ops.epoch <= disabled.epoch
        });
        self.check(at, "nothing_is_stored_of_a_disabled_edge", !over, || {
            format!(
                "op {} of edge {e}, under term {}",
                ops.cursor().seq,
                db.edges[e].term
            )
        });
        for op in &ops.ops {
            if let Ok(Op::Command(read)) = Op::from_bytes(&op.bytes) {
                let key = (read.command.id, read.actor.user_id);
                let places = self.theft.received.entry(key).or_default();
                places.push((ops.epoch, now));
            }
        }
    }

    pub fn is_by_dead_token(&self, id: CommandId) -> bool {
        self.theft
            .deeds
            .get(&id)
            .is_some_and(|deed| deed.by_dead_token)
    }

    fn is_of_thief(&self, edge: &EdgeId) -> bool {
        self.theft.edge.as_ref() == Some(edge)
    }

    /// The hub received it from that edge after the time that the operator named.
    fn is_distrusted(&self, id: CommandId, user: UserId) -> bool {
        let places = self.theft.received.get(&(id, user));
        self.theft.disabled.is_some_and(|disabled| {
            let mut places = places.into_iter().flatten();
            places.any(|(epoch, at)| *epoch <= disabled.epoch && *at >= disabled.since)
        })
    }

    /// The same for one op of that command. If it was logged again after the disabled epoch, the
    /// time of its first receipt counts: here all of them, because a hub clock may jump between
    /// them.
    fn is_distrusted_in(&self, id: CommandId, user: UserId, epoch: u64) -> bool {
        let Some(Disabled {
            epoch: last, since, ..
        }) = self.theft.disabled
        else {
            return false;
        };
        let places = self.theft.received.get(&(id, user)).into_iter().flatten();
        let mut counting = places.filter(|(of, _)| *of <= last && (epoch > last || *of == epoch));
        let first = counting.next();
        first.is_some_and(|(_, at)| *at >= since) && counting.all(|(_, at)| *at >= since)
    }

    /// 11. An expired token stays expired, no edge forgets a revocation it had received, and once
    ///     an edge is disabled, no op received since the named time takes effect. Returns the number
    ///     of expired tokens tried in vain.
    pub fn decides_of_thief(
        &mut self,
        at: u64,
        e: usize,
        request: &DecisionRequest,
        writes: &Writes,
    ) -> u64 {
        let known = self.theft.words.get(&e).copied();
        let behind = self.theft.clocks.contains(&ClockFault::HubBehind);
        let mut in_vain = 0;
        for attempt in request.attempts() {
            let id = attempt.command.id;
            let Some(op) = attempt.op() else { continue };
            let key = (id, attempt.actor.map(|actor| actor.user_id));
            let answer = writes
                .commands
                .iter()
                .find(|answer| answer.command_key() == key);
            let applied = answer.is_some_and(|answer| answer.applied);
            let deed = self.theft.deeds.get(&id).copied();
            let bounded = known.filter(|_| deed.is_some() && !behind);
            let Deed {
                by_dead_token,
                by_revoked,
            } = deed.unwrap_or_default();
            let dead = by_dead_token && bounded.is_some();
            in_vain += u64::from(dead && answer.is_some() && !applied);
            self.check(at, "a_dead_token_stays_dead", !(dead && applied), || {
                format!("command {id} took effect by a token that had run out long before")
            });
            let heard = by_revoked.is_some_and(|told| bounded.is_some_and(|read| told <= read));
            self.check(
                at,
                "a_revocation_is_not_unheard",
                !(heard && applied),
                || format!("command {id} took effect, and its edge had heard of the revocation"),
            );
            let after = self
                .theft
                .disabled
                .is_some_and(|disabled| request.asked_at > disabled.at);
            let distrusted = attempt
                .actor
                .is_some_and(|actor| self.is_distrusted_in(id, actor.user_id, op.identity.epoch));
            let theirs = after && self.is_of_thief(&op.identity.edge) && distrusted;
            self.check(
                at,
                "a_disabled_edge_decides_nothing",
                !(theirs && applied),
                || format!("command {id} of a disabled edge took effect"),
            );
        }
        in_vain
    }

    /// 11. The bounds cost an honest edge nothing: the hub accepts a token that was valid when the
    ///     edge took the command, even if one of their clocks is wrong; and only a disabled edge's
    ///     ops are distrusted.
    pub fn spares_the_honest(&mut self, at: u64, e: usize, op: &CommandOp, told: &Outcome) {
        let id = op.command.id;
        let code = told.code.filter(|_| told.kind == OutcomeKind::Rejected);
        let clocks = &self.theft.clocks;
        let excused =
            clocks.contains(&ClockFault::OfEdge) && clocks.contains(&ClockFault::HubAhead);
        let forged = self.theft.deeds.contains_key(&id);
        let spared = code != Some(Code::InvalidToken) || forged || excused;
        self.check(at, "a_good_token_stays_good", spared, || {
            format!("command {id} at edge {e} was refused for a token that was good")
        });
        let believed =
            code != Some(Code::EdgeNotTrusted) || self.is_distrusted(id, op.actor.user_id);
        self.check(at, "only_a_disabled_edge_is_not_believed", believed, || {
            format!("command {id} at edge {e} was not believed")
        });
    }

    /// A thief may break the promises of a stolen edge.
    pub fn was_stolen(&self, holder: Option<&EdgeId>) -> bool {
        holder.is_some_and(|holder| self.is_of_thief(holder))
    }

    /// 11. Every effective command of a distrusted edge becomes a case, as that edge's op or
    ///     through the holder's log.
    pub fn lists_what_was_decided(&mut self, at: u64, sync_db: &SyncDb, db: &OrderDb) {
        let applied = db.commands.values().filter(|answer| answer.applied);
        let theirs = |answer: &&StoredAnswer| {
            let id = answer.command_id;
            let by = answer
                .user_id
                .filter(|_| self.theft.deeds.contains_key(&id));
            let put = by.is_some_and(|user| self.is_distrusted_in(id, user, u64::MAX));
            put || answer
                .op
                .as_ref()
                .is_some_and(|op| is_distrusted_place(sync_db, op))
        };
        let mut theirs = applied.filter(theirs).map(|answer| answer.command_id);
        let forgotten = theirs.find(|id| !db.distrusted.contains(id));
        self.check(
            at,
            "what_a_disabled_edge_did_is_listed",
            forgotten.is_none(),
            || format!("command {forgotten:?} is not reported to anyone"),
        );
    }
}

fn is_distrusted_place(db: &SyncDb, op: &OpIdentity) -> bool {
    let Some(e) = (0..cast::MACHINE_COUNT).find(|&e| cast::edge(e) == op.edge) else {
        return false;
    };
    let edge = &db.edges[e];
    let here = edge
        .ops
        .get(&op.seq)
        .filter(|_| edge.epoch == op.epoch)
        .map(|row| row.arrival);
    let before = || edge.old_ops.get(&(op.epoch, op.seq)).map(|row| row.arrival);
    let came = here.or_else(before);
    came.is_some_and(|came| edge.distrusts(op.epoch, came.received_at))
}
