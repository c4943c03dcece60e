//! The stored answer of a command, and the reply to a repeat.
//!
//! Invariant: a stored answer never changes, and alone determines the reply to every repeat.

use wire::{
    Code, CommandId, FirstResult, Hash, Lost, Order, OrderId, Outcome, OutcomeKind, UnixMillis,
    UserId,
};

use crate::{Attempt, OpIdentity};

/// The idempotency key: command id and owner. Devices choose the ids, so the same id from another
/// person is another command, and one person cannot use up another's ids. The owner is absent if
/// the op's token could not be verified.
pub type CommandKey = (CommandId, Option<UserId>);

/// The permanent record of a decided command. Id, user and hash identify exactly one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub command_id: CommandId,
    pub user_id: Option<UserId>,
    pub hash: Hash,
    pub applied: bool,
    pub code: Option<Code>,
    pub order_id: OrderId,
    /// The order's version at the decision, if there was an order.
    pub order_version: Option<u64>,
    /// The op that carried the command; absent for HTTP requests.
    pub op: Option<OpIdentity>,
    pub decided_at: UnixMillis,
}

impl StoredAnswer {
    pub fn command_key(&self) -> CommandKey {
        (self.command_id, self.user_id)
    }

    /// `order` is the current order; `lost` is the explanation as far as it is still available.
    pub(crate) fn repeat_outcome(
        &self,
        attempt: &Attempt,
        order: Option<Order>,
        lost: Option<Lost>,
        now: UnixMillis,
    ) -> Outcome {
        let decided_at = self.decided_at;
        if self.op.is_some() && self.op.as_ref() == attempt.op().map(|op| &op.identity) {
            // The same op that was decided: repeat its own result.
            let kind = if self.applied {
                OutcomeKind::Applied
            } else {
                OutcomeKind::Rejected
            };
            return Outcome {
                code: self.code,
                order,
                lost,
                ..Outcome::new_plain(kind, decided_at)
            };
        }
        if attempt.actor.is_none() {
            // Unauthenticated, so it must not receive the owner's answer.
            return Outcome::new_rejected(Code::InvalidToken, None, now);
        }
        if self.hash != attempt.command.body.hash() {
            return Outcome::new_rejected(Code::CommandIdReused, None, now);
        }
        let first = Some(FirstResult {
            applied: self.applied,
            code: self.code,
        });
        Outcome {
            first,
            order,
            lost,
            ..Outcome::new_plain(OutcomeKind::Duplicate, decided_at)
        }
    }
}
