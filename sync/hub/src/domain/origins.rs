//! The origins of accepts: the place each was made before the hub put it to its region's holder.

use std::collections::HashMap;

use wire::{Action, BatchBody, BatchOp, CommandId, Source, UnixMillis, UserId, Verdict};

use super::{op::ReceivedOp, run::UndecidedOp};

/// Identifies an accept: command ids are unique per user.
pub type AcceptKey = (CommandId, UserId);

/// The origin and the time of each accept that was put to a holder.
#[derive(Debug, Default)]
pub struct AcceptOrigins(pub HashMap<AcceptKey, (Source, UnixMillis)>);

impl AcceptOrigins {
    /// `None` if the user sent the command to that log directly: then the log's timestamp differs.
    pub fn origin_of(&self, accept_key: AcceptKey, received_at: UnixMillis) -> Option<&Source> {
        let (made_at, taken_at) = self.0.get(&accept_key)?;
        (*taken_at == received_at).then_some(made_at)
    }

    /// Sets the origin on each of these ops of the run.
    pub fn name(&self, batch_ops: &mut [BatchOp], run: &[UndecidedOp]) {
        let mut run = run.iter();
        for op in batch_ops {
            let BatchBody::Command { evidence, .. } = &mut op.body else {
                continue;
            };
            // Both are in log order.
            let Some(due) = run.find(|due| due.seq == op.seq) else {
                return;
            };
            let ReceivedOp::Command(logged) = &due.read else {
                continue;
            };
            let name = (logged.command.id, logged.actor.user_id);
            evidence.made_at = self.origin_of(name, logged.received_at).cloned();
        }
    }
}

/// The accepts of a run that may have been put to their edge: a holder logs those as provisional,
/// never as firm.
pub fn maybe_put(run: &[UndecidedOp]) -> Vec<CommandId> {
    let put = run.iter().filter_map(|due| match &due.read {
        ReceivedOp::Command(op) => {
            let accepts = op.command.body.order_action() == Some(Action::Accept);
            (accepts && op.verdict == Verdict::Provisional).then_some(op.command.id)
        }
        _ => None,
    });
    put.collect()
}
