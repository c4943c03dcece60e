//! Promises of restores, copies and quarantine: the restores to detect, the commands that may be
//! lost, and those that must come back.

use std::collections::{BTreeMap, BTreeSet};

use engine::cloud::{NewOps, StoredEdge as Standing};
use wire::{ChainHead, CommandId, Hash, Hello, Op, Receipt, Verdict};

use super::Oracle;
use crate::{
    cast,
    cloud::order_db::OrderDb,
    edge::{CommandName, EdgeFile, LogPlace, LoggedCommand, Node},
};

/// The oracle's record of one machine.
#[derive(Default)]
pub(crate) struct Machine {
    /// Every receipt that its file must contain.
    pub receipts: BTreeMap<LogPlace, (ChainHead, CommandId)>,
    /// An alarm is justified: its file was replaced or copied, or its frames were altered in
    /// transit.
    disturbed: bool,
    /// Its high-water mark reveals that the file was replaced.
    marked: bool,
    /// A tablet showed it a receipt of this epoch for an op that its log lacks.
    shown: Option<u64>,
    /// The end of its log before it became suspect, including earlier ops of the same group.
    suspect_from: Option<LogPlace>,
    raised_at: Option<LogPlace>,
    /// The last known end of its log.
    head: LogPlace,
    /// The commands that a new epoch must log again.
    waiting: BTreeSet<CommandName>,
    /// Issued receipts that a restore removed from its file.
    taken: Vec<(LogPlace, Hash, CommandId)>,
}

impl Oracle {
    pub fn disturbs(&mut self, m: usize) {
        self.machine(m).disturbed = true;
    }

    /// Without the mark, the log's former end is unknown; an empty log may be a new one.
    pub fn mark_lost(&mut self, m: usize, file: &EdgeFile) {
        let machine = self.machine(m);
        machine.disturbed = true;
        machine.marked = file.book.read().head.seq > 0;
    }

    /// The file was replaced.
    pub fn restored(&mut self, m: usize, before: &EdgeFile, after: &EdgeFile) {
        let book = after.book.read();
        let here = (book.epoch, book.head.seq);
        let there = (before.book.read().epoch, before.book.read().head.seq);
        let marked = match after.mark.written {
            Some((epoch, mark)) => (epoch, mark.seq) > here,
            None => here.1 > 0,
        };
        let suspect = book.suspect;
        if book.revocations_version < before.book.read().revocations_version {
            self.forgetful.insert(book.edge_id.clone());
        }
        let machine = self.machine(m);
        machine.disturbed |= here != there || suspect;
        machine.marked = marked;
        machine.shown = None;
        machine.head = here;
        machine.suspect_from = suspect.then_some(here);
        machine.raised_at = None;
        let kept = |place: &LogPlace, head: &ChainHead| {
            after
                .log
                .read(place)
                .is_some_and(|logged| logged.head == *head)
        };
        let receipts = std::mem::take(&mut machine.receipts);
        for (place, (at, command)) in receipts {
            if kept(&place, &at) {
                machine.receipts.insert(place, (at, command));
            } else {
                machine.taken.push((place, at.hash, command));
            }
        }
    }

    /// A command removed by a restore may be lost if no other party has seen it.
    pub fn left_behind(&mut self, m: usize, seen: impl Fn(CommandId, LogPlace, Hash) -> bool) {
        let taken = std::mem::take(&mut self.machine(m).taken);
        let lost = taken
            .into_iter()
            .filter(|(place, hash, command)| !seen(*command, *place, *hash));
        self.may_be_lost.extend(lost.map(|(_, _, command)| command));
    }

    pub fn cloned(&mut self, m: usize, copy: usize, file: &EdgeFile) {
        let kept = |place: &LogPlace, head: &ChainHead| {
            file.log
                .read(place)
                .is_some_and(|logged| logged.head == *head)
        };
        let original = self.machine(m);
        original.disturbed = true;
        let receipts = original.receipts.clone();
        let suspect = file.book.read().suspect;
        let machine = self.machine(copy);
        machine.receipts = receipts
            .into_iter()
            .filter(|(p, (at, _))| kept(p, at))
            .collect();
        machine.disturbed = true;
        machine.head = (file.book.read().epoch, file.book.read().head.seq);
        machine.suspect_from = suspect.then_some(machine.head);
        self.cloned.insert(file.book.read().edge_id.clone());
    }

    /// 8. Only restored or copied edges raise an alarm.
    pub fn alarmed(&mut self, at: u64, m: usize, has_rival: bool, says: &str) {
        let justified = has_rival || self.machine(m).disturbed;
        self.check(at, "no_false_alarm", justified, || {
            format!("machine {m}: {says}")
        });
    }

    /// The evidence may come late in a group: earlier commands of it were answered in good faith.
    pub fn raised(&mut self, m: usize, head: LogPlace) {
        self.machine(m).raised_at = Some(head);
    }

    /// Returns true if the last commit made the machine suspect.
    pub fn suspects(&mut self, m: usize, file: &EdgeFile) -> bool {
        let book = file.book.read();
        let suspect = book.suspect;
        let head = (book.epoch, book.head.seq);
        let machine = self.machine(m);
        let newly = suspect && machine.suspect_from.is_none();
        if newly {
            machine.suspect_from = Some(machine.head);
        }
        if !suspect {
            machine.raised_at = None;
            machine.suspect_from = None;
        }
        machine.head = head;
        newly
    }

    /// 8. A tablet's receipt for an op that the log lacks makes the edge suspect at once.
    pub fn shown(&mut self, m: usize, file: &EdgeFile, seen: Option<&Receipt>) {
        let Some(seen) = seen else { return };
        let book = &file.book.live;
        let here = file
            .log
            .get(&(seen.epoch, seen.seq))
            .map(|logged| logged.head.hash);
        let tells = seen.epoch >= book.epoch && here != Some(seen.hash);
        let tells = tells && seen.edge == book.edge_id && !book.suspect;
        let shown = &mut self.machine(m).shown;
        *shown = (*shown).max(tells.then_some(seen.epoch));
    }

    /// 8. The same, once it is on disk. That commit may also end the receipt's epoch, and with it
    ///    the suspicion.
    pub fn hears_witnesses(&mut self, at: u64, m: usize, file: &EdgeFile) {
        let book = file.book.read();
        let shown = self.machine(m).shown.take();
        let heard = book.suspect || shown.is_none_or(|epoch| epoch < book.epoch);
        self.check(at, "a_witness_is_heard", heard, || {
            format!("{} was shown what it has lost, and goes on", book.edge_id)
        });
    }

    /// After a crash, a write in progress may be on disk or not.
    pub fn edge_rolled_back(&mut self, at: u64, m: usize, node: &Node, is_newest: bool) {
        self.machine(m).shown = None;
        let book = node.file.book.read();
        if book.epoch != self.machine(m).head.0 && self.machine(m).head.0 != 0 {
            self.began(at, m, node, is_newest);
        }
        self.suspects(m, &node.file);
    }

    /// 8. The high-water mark reveals a replaced file before anything else happens, without false
    ///    alarms, and a run begins with its boot op.
    pub fn booted(&mut self, at: u64, m: usize, file: &EdgeFile, booted: bool, has_rival: bool) {
        let suspect = file.book.read().suspect;
        let name = &file.book.read().edge_id;
        let justified = has_rival || self.machine(m).disturbed || !suspect;
        self.check(at, "no_false_alarm", justified, || {
            format!("{name} suspects itself")
        });
        let found = !self.machine(m).marked || suspect;
        self.check(at, "a_restore_is_found", found, || {
            format!("{name} goes on from a file that is older than its high-water mark")
        });
        self.check(at, "boot_stands_first", booted, || {
            format!("{name} logged no boot")
        });
        self.edge_is_whole(at, m, file);
    }

    /// 8. A live session is never replaced by another run of the same edge.
    pub fn taken_over(
        &mut self,
        at: u64,
        m: usize,
        file: &EdgeFile,
        hello: &Hello,
        stored: &Standing,
        live_rival: bool,
    ) {
        self.second_instance(at, m, live_rival);
        let fits = hello.epoch == stored.epoch && !hello.suspect;
        self.check(at, "a_restore_is_found", fits, || {
            format!(
                "{} is let in as epoch {}",
                file.book.read().edge_id,
                hello.epoch
            )
        });
    }

    pub fn second_instance(&mut self, at: u64, m: usize, live_rival: bool) {
        self.check(at, "a_second_instance_is_told", !live_rival, || {
            format!("machine {m} is let in although its original is running")
        });
    }

    /// 8. The hub rejects further ops from a suspect edge.
    pub fn takes(&mut self, at: u64, m: usize, ops: &NewOps) {
        let Some((epoch, seq)) = self.machine(m).suspect_from else {
            return;
        };
        let none = ops.epoch != epoch || ops.cursor().seq <= seq;
        self.check(at, "nothing_is_taken_of_a_suspect_edge", none, || {
            format!(
                "op {} of machine {m}, suspect since {seq}",
                ops.cursor().seq
            )
        });
    }

    /// 3. A suspect edge answers only provisionally.
    pub fn suspect_promises_nothing(&mut self, at: u64, m: usize, stored: &LoggedCommand) {
        let machine = self.machine(m);
        let Some(from) = machine.raised_at.or(machine.suspect_from) else {
            return;
        };
        let new = stored.epoch == from.0 && stored.head.seq > from.1;
        let promises = new && stored.verdict == Verdict::Firm;
        self.check(at, "a_suspect_edge_promises_nothing", !promises, || {
            format!(
                "machine {m} is suspect, and answers firm as op {}",
                stored.head.seq
            )
        });
    }

    /// 1. The ops returned by a quarantine are present when its epoch begins.
    pub fn gives_back(
        &mut self,
        at: u64,
        file: &EdgeFile,
        received: impl Iterator<Item = CommandId>,
    ) {
        let missing = received.into_iter().find(|id| !file.knows(*id));
        self.check(at, "what_was_lost_comes_back", missing.is_none(), || {
            format!(
                "{} has not got command {missing:?} back",
                file.book.read().edge_id
            )
        });
    }

    /// 3. An epoch's rights are taken back, on record, before it ends.
    pub fn epoch_ended(&mut self, at: u64, e: usize, epoch: u64, db: &OrderDb) {
        let edge = cast::edge(e);
        let held = db
            .rights
            .regions
            .iter()
            .find(|(_, now)| now.holder.as_ref() == Some(&edge) && now.epoch <= epoch);
        let held = held.map(|(region, _)| *region);
        self.check(at, "rights_end_with_their_epoch", held.is_none(), || {
            format!("epoch {epoch} of {edge} is over, and it holds {held:?}")
        });
    }

    /// Prepares for the write of a quarantine.
    pub fn will_begin(&mut self, m: usize, file: &EdgeFile) {
        let tail = file
            .tail
            .live()
            .values()
            .filter_map(|logged| match &logged.op {
                Op::Command(op) => Some((op.command.id, op.actor.user_id)),
                _ => None,
            });
        self.will_log_anew(m, file, tail);
    }

    /// Prepares for a new name. A returned tail belongs to the former name: the hub has it, and
    /// returns it to the edge of that name.
    pub fn will_be_renamed(&mut self, m: usize, file: &EdgeFile) {
        self.will_log_anew(m, file, std::iter::empty());
    }

    fn will_log_anew(
        &mut self,
        m: usize,
        file: &EdgeFile,
        tail: impl Iterator<Item = CommandName>,
    ) {
        let own = file
            .pending
            .live()
            .values()
            .map(|row| (row.command_id, row.user_id));
        let known = |key: &CommandName| {
            file.commands
                .get(key)
                .is_some_and(|stored| stored.outcome.is_some())
        };
        self.machine(m).waiting = own.chain(tail).filter(|key| !known(key)).collect();
    }

    /// A file has begun an epoch: no other file began it, the undecided commands are logged again,
    /// and none of them is firm.
    pub fn began(&mut self, at: u64, m: usize, node: &Node, is_newest: bool) {
        let book = node.file.book.read();
        let name = &book.edge_id;
        let epoch = book.epoch;
        let alone = self.begun.insert((node.id, epoch));
        self.check(at, "an_epoch_has_one_owner", alone, || {
            format!("epoch {epoch} of {name} is begun a second time")
        });
        let waiting = std::mem::take(&mut self.machine(m).waiting);
        let logged = |key: &CommandName| {
            node.file
                .commands
                .read(key)
                .is_some_and(|stored| stored.epoch == epoch)
        };
        let missing = waiting.iter().find(|key| !logged(key)).map(|(id, _)| *id);
        self.check(
            at,
            "what_has_no_outcome_is_logged_anew",
            missing.is_none(),
            || format!("epoch {epoch} of {name} begins without command {missing:?}"),
        );
        let log = node.file.log.durable().range((epoch, 0)..);
        let mut relogged = log.filter_map(|(_, logged)| match &logged.op {
            Op::Command(op) if op.relogged.is_some() => Some(op),
            _ => None,
        });
        let firm = relogged.any(|op| op.verdict == Verdict::Firm || op.fence.is_some());
        self.check(at, "nothing_firm_outlives_its_epoch", !firm, || {
            format!("epoch {epoch} of {name} begins with a firm answer")
        });
        let head = (epoch, book.head.seq);
        let machine = self.machine(m);
        let log = &node.file.log;
        machine
            .receipts
            .retain(|place, (at, _)| log.read(place).is_some_and(|l| l.head == *at));
        (machine.marked, machine.shown) = (false, None);
        // The hub may already be ending this epoch, too.
        machine.disturbed &= !is_newest;
        machine.suspect_from = None;
        machine.head = head;
    }

    /// 4. Only an op that makes its owner fail is held for an operator.
    pub fn stopped(&mut self, at: u64, e: usize, seq: u64, poisoned: bool) {
        self.check(at, "only_what_fails_needs_an_operator", poisoned, || {
            format!(
                "op {seq} of edge {e} is held for an operator although nothing is wrong with it"
            )
        });
    }
}
