//! The stored answer of a command, and the answer to a repeat of it.
//!
//! Invariant: a stored answer is never changed, and it alone decides every answer to a repeat.

use wire::{
    Code, CommandId, FirstResult, Hash, Lost, Order, OrderId, Outcome, OutcomeKind, UnixMillis,
    UserId,
};

use crate::{Attempt, OpName};

/// A command id and its owner. Devices make the ids, so the same id from another person is another
/// command, and nobody can use up a stranger's. No person where the op's token could not be
/// verified.
pub type CommandKey = (CommandId, Option<UserId>);

/// The record of a decided command, kept for ever. Id, user and hash name that command and no
/// other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub command_id: CommandId,
    /// Absent where the op's token could not be verified.
    pub user_id: Option<UserId>,
    pub hash: Hash,
    pub applied: bool,
    pub code: Option<Code>,
    pub order_id: OrderId,
    /// The order's version when this was decided; absent where there was no order.
    pub order_version: Option<u64>,
    /// The op it was decided for; absent for a request over HTTP.
    pub op: Option<OpName>,
    pub decided_at: UnixMillis,
}

impl StoredAnswer {
    pub fn key(&self) -> CommandKey {
        (self.command_id, self.user_id)
    }

    /// The outcome of a repeat. `order` is the order as it is now, `lost` the explanation as far as
    /// it can still be given.
    pub(crate) fn repeated(
        &self,
        attempt: &Attempt,
        order: Option<Order>,
        lost: Option<Lost>,
        now: UnixMillis,
    ) -> Outcome {
        let decided_at = self.decided_at;
        if self.op.is_some() && self.op.as_ref() == attempt.op().map(|op| &op.name) {
            // The very op that was decided: it gets its own result.
            let kind = if self.applied { OutcomeKind::Applied } else { OutcomeKind::Rejected };
            return Outcome { code: self.code, order, lost, ..Outcome::plain(kind, decided_at) };
        }
        if attempt.actor.is_none() {
            // Nobody vouches for it, so it cannot be given the owner's answer.
            return Outcome::rejected(Code::InvalidToken, None, now);
        }
        if self.hash != attempt.command.body.hash() {
            return Outcome::rejected(Code::CommandIdReused, None, now);
        }
        let first = Some(FirstResult { applied: self.applied, code: self.code });
        Outcome { first, order, lost, ..Outcome::plain(OutcomeKind::Duplicate, decided_at) }
    }
}
