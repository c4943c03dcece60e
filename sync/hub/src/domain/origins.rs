//! Where the accepts were made that were put to the holder of their region.

use std::collections::HashMap;

use wire::{Action, BatchBody, BatchOp, CommandId, Source, UnixMillis, UserId, Verdict};

use super::{op::ReceivedOp, run::UndecidedOp};

/// An accept's name: its id belongs to its person.
pub type AskName = (CommandId, UserId);

/// The places and the moments at which accepts were taken before they were put to a holder.
#[derive(Debug, Default)]
pub struct AcceptOrigins(pub HashMap<AskName, (Source, UnixMillis)>);

impl AcceptOrigins {
    /// `None` where the person sent it to that log themselves: then the log has a moment of its
    /// own.
    pub fn of(&self, name: AskName, received_at: UnixMillis) -> Option<&Source> {
        let (made_at, taken_at) = self.0.get(&name)?;
        (*taken_at == received_at).then_some(made_at)
    }

    /// Names the origin of each of these ops of the run.
    pub fn name(&self, handed: &mut [BatchOp], run: &[UndecidedOp]) {
        let mut run = run.iter();
        for op in handed {
            let BatchBody::Command { evidence, .. } = &mut op.body else { continue };
            // Both are in the order of the log.
            let Some(due) = run.find(|due| due.seq == op.seq) else { return };
            let ReceivedOp::Command(logged) = &due.read else { continue };
            let name = (logged.command.id, logged.actor.user_id);
            evidence.made_at = self.of(name, logged.received_at).cloned();
        }
    }
}

/// The accepts of a run that may have been put to their edge: a holder promises none of those.
pub fn maybe_put(run: &[UndecidedOp]) -> Vec<CommandId> {
    let put = run.iter().filter_map(|due| match &due.read {
        ReceivedOp::Command(op) => {
            let accepts = op.command.body.action() == Some(Action::Accept);
            (accepts && op.verdict == Verdict::Provisional).then_some(op.command.id)
        }
        _ => None,
    });
    put.collect()
}
