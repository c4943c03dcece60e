//! Promises about the attacker: they change no order and spoil no one's answer.

use engine::verdict::{CommandVerdict, TakenVerdict};
use rules::Writes;
use wire::{Code, UserId, Verdict};

use super::Oracle;
use crate::{
    cast::{STRANGER, at_tablet},
    edge::{CommandEntry, EdgeFile, EntryResult},
};

fn stranger() -> UserId {
    at_tablet(STRANGER).user_id
}

/// A copy of a command on an order with waiting ops of the attacker.
pub(crate) fn beside_nonsense(file: &EdgeFile, entry: &CommandEntry) -> Option<CommandEntry> {
    let is_his = entry.actor.user_id == stranger();
    let waits = !is_his && file.waits_by(stranger(), entry.command.body.order_id());
    waits.then(|| entry.clone())
}

impl Oracle {
    /// 9. An answer that would be firm without the attacker's ops is firm. Returns true if it was.
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
            // It was refused before the order was read.
            EntryResult::NotTaken { code, .. }
                if [entry.refusal, Some(Code::CommandIdReused)].contains(&Some(*code)) =>
            {
                return false;
            }
            EntryResult::NotTaken { .. } => false,
        };
        let without = file.judge_without(stranger(), entry);
        let would_be_firm = matches!(
            without,
            Some(CommandVerdict::Taken(TakenVerdict {
                verdict: Verdict::Firm,
                ..
            }))
        );
        self.check(
            at,
            "a_strangers_nonsense_leaves_firm_answers_firm",
            firm || !would_be_firm,
            || {
                let name = &file.book.read().edge_id;
                format!(
                    "command {} at {name} would be firm without a stranger",
                    entry.command.id
                )
            },
        );
        firm && would_be_firm
    }

    /// 9. The attacker's commands change no order.
    pub fn stranger_changes_nothing(&mut self, at: u64, writes: &Writes) {
        let mut changes = writes
            .timeline
            .iter()
            .filter(|line| line.entry.from != Some(line.entry.to));
        let his = changes.find(|line| line.entry.actor.user_id == stranger());
        let his = his.map(|line| line.order_id);
        self.check(at, "a_stranger_changes_nothing", his.is_none(), || {
            format!("order {his:?} was changed by a stranger")
        });
    }
}
