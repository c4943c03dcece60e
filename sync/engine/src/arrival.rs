//! The moment of a command that has come in an edge's log, as far as the cloud believes it.
//!
//! Invariant: the edge's own word counts only within the bounds of its op, or where the hub had the
//! command before.

use wire::{CommandOp, Evidence, UnixMillis};

use crate::moments::OpBounds;

/// When an op was received, by the hub's clock, and when its edge can have taken it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpArrival {
    pub received_at: UnixMillis,
    pub bounds: OpBounds,
}

/// The hub had the command before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstArrival {
    pub taken_at: UnixMillis,
    /// It stood in a place of the same edge that an operator trusts no longer.
    pub distrusted: bool,
    /// The owner has decided it there, for the person whom its token names. Whatever the clocks say
    /// since, the stored answer is this person's.
    pub is_answered: bool,
}

/// When a command was taken, and the moment up to which the end of its session counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandMoment {
    pub taken_at: UnixMillis,
    pub at_latest: UnixMillis,
}

impl CommandMoment {
    /// Whether a token that runs out then was good. It names nobody where it was not.
    pub fn finds_alive(&self, expires_at: UnixMillis) -> bool {
        self.taken_at < expires_at
    }
}

impl OpArrival {
    /// The moment that counts for an op which names this one.
    pub fn taken_at(&self, claimed: UnixMillis) -> UnixMillis {
        self.bounds.taken_at(claimed, self.received_at)
    }

    /// The moment of a command whose token runs out at `expires_at`.
    pub fn moment(
        &self,
        op: &CommandOp,
        first: Option<&FirstArrival>,
        expires_at: UnixMillis,
    ) -> CommandMoment {
        let alone = |taken_at| CommandMoment { taken_at, at_latest: taken_at };
        if let Some(first) = first {
            let alive = expires_at.plus_ms(-1);
            return alone(if first.is_answered {
                first.taken_at.min(alive)
            } else {
                first.taken_at
            });
        }
        if op.relogged.is_none() || op.received_at < expires_at {
            return alone(self.taken_at(op.received_at));
        }
        // A tablet has brought it back with its receipt. The edge had checked the token then, but
        // does not say when. The session may have ended since, and must not have ended before.
        let taken_at = self.taken_at(expires_at.plus_ms(-1));
        CommandMoment { taken_at, at_latest: self.bounds.not_before }
    }

    /// Whether the hub looks for an earlier place of the command, because the edge's own word is
    /// not enough. `is_cut_off` says that an operator no longer trusts a part of the log, and
    /// `names_nobody` that the command's token is dead by its own place.
    pub fn wants_first(
        &self,
        op: &CommandOp,
        is_cut_off: bool,
        names_nobody: impl FnOnce() -> bool,
    ) -> bool {
        let again = op.relogged.is_some();
        !self.bounds.allow(op.received_at) || again && (is_cut_off || names_nobody())
    }

    /// The owner judges by the moment and the knowledge that the hub believes.
    pub fn evidence(
        &self,
        op: &CommandOp,
        taken_at: Option<UnixMillis>,
        revoked_version: Option<u64>,
        distrusted: bool,
    ) -> Evidence {
        let knows_to = Some(self.bounds.knows_to).filter(|known| *known > 0);
        Evidence {
            received_at: taken_at.unwrap_or_else(|| self.taken_at(op.received_at)),
            revocations_version: op.revocations_version.max(knows_to),
            distrusted,
            ..Evidence::of(op, revoked_version)
        }
    }
}
