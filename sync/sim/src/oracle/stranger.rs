//! Promises about the hostile person: he changes nothing, and spoils nobody's answer.

use engine::verdict::{Answer, Judgment};
use rules::Writes;
use wire::{Code, UserId, Verdict};

use super::Oracle;
use crate::{
    cast::{STRANGER, at_tablet},
    edge::{CommandEntry, EdgeFile, EntryResult},
};

/// The hostile person.
fn stranger() -> UserId {
    at_tablet(STRANGER).user_id
}

/// A copy of a command that meets something of the hostile person's on its order.
pub fn beside_nonsense(file: &EdgeFile, entry: &CommandEntry) -> Option<CommandEntry> {
    let is_his = entry.actor.user_id == stranger();
    let waits = !is_his && file.waits_by(stranger(), entry.command.body.order_id());
    waits.then(|| entry.clone())
}

impl Oracle {
    /// 9. Where an answer would be firm had the hostile person sent nothing, it is firm. Returns
    ///    whether it was.
    pub fn entered_beside_nonsense(
        &mut self,
        at: u64,
        file: &EdgeFile,
        entry: &CommandEntry,
        entered: &EntryResult,
    ) -> bool {
        let firm = match entered {
            EntryResult::Stored { new: false, .. } => return false,
            EntryResult::Stored { stored, .. } => stored.verdict == Verdict::Firm,
            // It was turned away before anybody looked at the order.
            EntryResult::NotTaken { code, .. }
                if [entry.refusal, Some(Code::CommandIdReused)].contains(&Some(*code)) =>
            {
                return false;
            }
            EntryResult::NotTaken { .. } => false,
        };
        let without = file.judge_without(stranger(), entry);
        let would_be_firm =
            matches!(without, Some(Answer::Taken(Judgment { verdict: Verdict::Firm, .. })));
        self.check(
            at,
            "a_strangers_nonsense_leaves_firm_answers_firm",
            firm || !would_be_firm,
            || {
                let name = &file.book.read().name;
                format!("command {} at {name} would be firm without a stranger", entry.command.id)
            },
        );
        firm && would_be_firm
    }

    /// 9. No order changes by his word.
    pub fn stranger_changes_nothing(&mut self, at: u64, writes: &Writes) {
        let mut changes =
            writes.timeline.iter().filter(|line| line.entry.from != Some(line.entry.to));
        let his = changes.find(|line| line.entry.actor.user_id == stranger());
        let his = his.map(|line| line.order_id);
        self.check(at, "a_stranger_changes_nothing", his.is_none(), || {
            format!("order {his:?} was changed by a stranger")
        });
    }
}
