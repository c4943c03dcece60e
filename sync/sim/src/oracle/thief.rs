//! Promises about the thief of an edge: he revives no dead token, he decides nothing once the edge
//! is disabled, and nobody else loses anything by the bounds that hold him.

use std::collections::{BTreeMap, BTreeSet};

use engine::{cloud::NewOps, moments::HeadNotes};
use rules::{OpName, StoredAnswer, Writes};
use wire::{Ack, Code, CommandId, CommandOp, EdgeId, Op, Outcome, OutcomeKind, UnixMillis, UserId};

use super::Oracle;
use crate::{
    cast,
    cloud::{DecisionRequest, order_db::OrderDb, sync_db::SyncDb},
};

/// The knowledge of a seed's theft, and of the clocks by which moments are bounded.
#[derive(Default)]
pub struct Theft {
    edge: Option<EdgeId>,
    disabled: Option<Disabled>,
    deeds: BTreeMap<CommandId, Deed>,
    /// The honest words of edges about their logs that the hub has stored, and how far they had
    /// read.
    words: BTreeMap<usize, u64>,
    /// Where and when the hub has received each command of that edge. Of two people with one id,
    /// each has a command of his own.
    received: BTreeMap<(CommandId, UserId), Vec<(u64, UnixMillis)>>,
    clocks: BTreeSet<ClockFault>,
}

/// A command that a thief has made up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deed {
    /// Its token had run out before the seed began.
    pub by_dead_token: bool,
    /// The feed number that told of its person's revocation.
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

    /// An edge that is not stolen yet has told the end of its log, and the hub has all of it.
    pub fn tells(&mut self, e: usize, ack: &Ack, heads: &HeadNotes, cursor: u64) {
        let sound = ack.edge_now >= crate::cloud::at(0, 0)
            && !self.theft.clocks.contains(&ClockFault::HubBehind);
        let taken = heads.told_seq == ack.last_seq && ack.last_seq <= cursor;
        if sound && taken && self.theft.edge.is_none() {
            let read = self.theft.words.entry(e).or_default();
            *read = ack.feed_cursor.max(*read);
        }
    }

    /// 11. Of a disabled edge nothing is stored any more, until its name has another key.
    pub fn stores(&mut self, at: u64, e: usize, db: &SyncDb, ops: &NewOps, now: UnixMillis) {
        let over = self.theft.disabled.is_some_and(|disabled| {
            self.is_of_thief(&cast::edge(e)) && ops.epoch <= disabled.epoch
        });
        self.check(at, "nothing_is_stored_of_a_disabled_edge", !over, || {
            format!("op {} of edge {e}, under term {}", ops.cursor().seq, db.edges[e].term)
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
        self.theft.deeds.get(&id).is_some_and(|deed| deed.by_dead_token)
    }

    fn is_of_thief(&self, edge: &EdgeId) -> bool {
        self.theft.edge.as_ref() == Some(edge)
    }

    /// The hub has received it since the moment that the operator named, from that edge.
    fn is_distrusted(&self, id: CommandId, user: UserId) -> bool {
        let places = self.theft.received.get(&(id, user));
        self.theft.disabled.is_some_and(|disabled| {
            let mut places = places.into_iter().flatten();
            places.any(|(epoch, at)| *epoch <= disabled.epoch && *at >= disabled.since)
        })
    }

    /// The same for one op with that command. Where it was logged anew behind the disabled epoch,
    /// the moment at which the hub first had it counts: here all of them, because a clock of the
    /// hub may jump between them.
    fn is_distrusted_in(&self, id: CommandId, user: UserId, epoch: u64) -> bool {
        let Some(Disabled { epoch: last, since, .. }) = self.theft.disabled else { return false };
        let places = self.theft.received.get(&(id, user)).into_iter().flatten();
        let mut counting = places.filter(|(of, _)| *of <= last && (epoch > last || *of == epoch));
        let first = counting.next();
        first.is_some_and(|(_, at)| *at >= since) && counting.all(|(_, at)| *at >= since)
    }

    /// 11. A dead token stays dead, nobody forgets a revocation that he had heard of, and once an
    ///     edge is disabled nothing that came since the named moment takes effect. Returns the
    ///     number of dead tokens among these that he tried in vain.
    pub fn decides_of_thief(
        &mut self,
        at: u64,
        e: usize,
        asked: &DecisionRequest,
        writes: &Writes,
    ) -> u64 {
        let known = self.theft.words.get(&e).copied();
        let behind = self.theft.clocks.contains(&ClockFault::HubBehind);
        let mut in_vain = 0;
        for attempt in asked.attempts() {
            let id = attempt.command.id;
            let Some(op) = attempt.op() else { continue };
            let key = (id, attempt.actor.map(|actor| actor.user_id));
            let answer = writes.commands.iter().find(|answer| answer.key() == key);
            let applied = answer.is_some_and(|answer| answer.applied);
            let deed = self.theft.deeds.get(&id).copied();
            let bounded = known.filter(|_| deed.is_some() && !behind);
            let Deed { by_dead_token, by_revoked } = deed.unwrap_or_default();
            let dead = by_dead_token && bounded.is_some();
            in_vain += u64::from(dead && answer.is_some() && !applied);
            self.check(at, "a_dead_token_stays_dead", !(dead && applied), || {
                format!("command {id} took effect by a token that had run out long before")
            });
            let heard = by_revoked.is_some_and(|told| bounded.is_some_and(|read| told <= read));
            self.check(at, "a_revocation_is_not_unheard", !(heard && applied), || {
                format!("command {id} took effect, and its edge had heard of the revocation")
            });
            let after = self.theft.disabled.is_some_and(|disabled| asked.asked_at > disabled.at);
            let distrusted = attempt
                .actor
                .is_some_and(|actor| self.is_distrusted_in(id, actor.user_id, op.name.epoch));
            let theirs = after && self.is_of_thief(&op.name.edge) && distrusted;
            self.check(at, "a_disabled_edge_decides_nothing", !(theirs && applied), || {
                format!("command {id} of a disabled edge took effect")
            });
        }
        in_vain
    }

    /// 11. An honest edge loses nothing by the bounds: a token that was good when it took the
    ///     command is good for the hub, though a clock of the one or of the other is wrong; and
    ///     only ops of a disabled edge are not believed.
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

    /// The promises of an edge that a thief has are his to break.
    pub fn was_stolen(&self, holder: Option<&EdgeId>) -> bool {
        holder.is_some_and(|holder| self.is_of_thief(holder))
    }

    /// 11. Every command that took effect, though nobody believes its edge, is a case for a person
    ///     to look at: by an op of that edge, or by the log of the holder to which it was put.
    pub fn lists_what_was_decided(&mut self, at: u64, sync_db: &SyncDb, db: &OrderDb) {
        let applied = db.commands.values().filter(|answer| answer.applied);
        let theirs = |answer: &&StoredAnswer| {
            let id = answer.command_id;
            let by = answer.user_id.filter(|_| self.theft.deeds.contains_key(&id));
            let put = by.is_some_and(|user| self.is_distrusted_in(id, user, u64::MAX));
            put || answer.op.as_ref().is_some_and(|op| is_distrusted_place(sync_db, op))
        };
        let mut theirs = applied.filter(theirs).map(|answer| answer.command_id);
        let forgotten = theirs.find(|id| !db.distrusted.contains(id));
        self.check(at, "what_a_disabled_edge_did_is_listed", forgotten.is_none(), || {
            format!("nobody is told of command {forgotten:?}")
        });
    }
}

fn is_distrusted_place(db: &SyncDb, op: &OpName) -> bool {
    let Some(e) = (0..cast::MACHINE_COUNT).find(|&e| cast::edge(e) == op.edge) else {
        return false;
    };
    let edge = &db.edges[e];
    let here = edge.ops.get(&op.seq).filter(|_| edge.epoch == op.epoch).map(|row| row.came);
    let before = || edge.old_ops.get(&(op.epoch, op.seq)).map(|row| row.came);
    let came = here.or_else(before);
    came.is_some_and(|came| edge.distrusts(op.epoch, came.received_at))
}
