//! The time of a command from an edge's log, as far as the cloud trusts it.
//!
//! Invariant: the time that the edge claims counts only within the op's bounds, or if the hub
//! received the command before.

use wire::{CommandEvidence, CommandOp, UnixMillis};

use crate::moments::OpBounds;

/// When the hub received an op, by its own clock, and when the edge can have taken it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpArrival {
    pub received_at: UnixMillis,
    pub bounds: OpBounds,
}

/// An earlier arrival of the same command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstArrival {
    pub taken_at: UnixMillis,
    /// That copy is in a part of the same edge's log that an operator distrusts.
    pub distrusted: bool,
    /// The owner decided that copy for the user of its token. The stored answer belongs to this
    /// user, even if later clock readings disagree.
    pub is_answered: bool,
}

/// When a command was taken, and the time up to which an ended session still invalidates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandTime {
    pub taken_at: UnixMillis,
    pub at_latest: UnixMillis,
}

impl CommandTime {
    fn at_moment(taken_at: UnixMillis) -> Self {
        Self {
            taken_at,
            at_latest: taken_at,
        }
    }

    /// True if a token with this expiry was valid then. Otherwise it identifies no user.
    pub fn was_token_valid(&self, expires_at: UnixMillis) -> bool {
        self.taken_at < expires_at
    }
}

impl OpArrival {
    /// The trusted time of an op that claims `claimed`.
    pub fn taken_at(&self, claimed: UnixMillis) -> UnixMillis {
        self.bounds.taken_at(claimed, self.received_at)
    }

    /// The trusted time of a command with a token that expires at `expires_at`.
    pub fn trusted_time(
        &self,
        op: &CommandOp,
        first: Option<&FirstArrival>,
        expires_at: UnixMillis,
    ) -> CommandTime {
        if let Some(first) = first {
            let last_valid = expires_at.plus_ms(-1);
            return CommandTime::at_moment(if first.is_answered {
                first.taken_at.min(last_valid)
            } else {
                first.taken_at
            });
        }
        if op.relogged.is_none() || op.received_at < expires_at {
            return CommandTime::at_moment(self.taken_at(op.received_at));
        }
        // A tablet resubmitted the command with its receipt. The edge checked the token when it
        // took the command but does not report when. The session may have ended after that check,
        // but must not have ended before it.
        let taken_at = self.taken_at(expires_at.plus_ms(-1));
        CommandTime {
            taken_at,
            at_latest: self.bounds.not_before,
        }
    }

    /// True if the hub must look up an earlier arrival because the edge's claimed time is not
    /// enough. `is_cut_off`: an operator distrusts this part of the log. `names_nobody`: the token
    /// had expired by this log entry's time.
    pub fn needs_first_arrival(
        &self,
        op: &CommandOp,
        is_cut_off: bool,
        names_nobody: impl FnOnce() -> bool,
    ) -> bool {
        let again = op.relogged.is_some();
        !self.bounds.allows_time(op.received_at) || again && (is_cut_off || names_nobody())
    }

    /// The owner decides by the time and the feed position that the hub trusts.
    pub fn build_evidence(
        &self,
        op: &CommandOp,
        taken_at: Option<UnixMillis>,
        revoked_version: Option<u64>,
        distrusted: bool,
    ) -> CommandEvidence {
        let knows_to = Some(self.bounds.knows_to).filter(|known| *known > 0);
        CommandEvidence {
            received_at: taken_at.unwrap_or_else(|| self.taken_at(op.received_at)),
            revocations_version: op.revocations_version.max(knows_to),
            distrusted,
            ..CommandEvidence::from_op(op, revoked_version)
        }
    }
}
