//! The time of an op from an edge's log, as far as the cloud trusts it: bounds from the log ends
//! that its edge reported to the hub, earlier arrivals of the same command, and the cut-off after
//! which an operator distrusts an edge's ops.
//!
//! Invariant: the time that the edge claims counts only within the op's bounds, or if the hub
//! received the command before, so no edge can revive an expired token by backdating. An edge that
//! was really offline loses nothing: the bounds use only its own reports.

use wire::{CommandEvidence, CommandOp, Op, UnixMillis};

/// How far an edge's clock may be behind the hub's. A clock that is never set drifts less in a
/// month.
pub const CLOCK_BEHIND_MS_MAX: i64 = 5 * 60 * 1000;

/// The log ends that one edge has reported to the hub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogHeadReports {
    /// Outstanding ops up to `told_seq` were taken after this time.
    pub since: UnixMillis,
    /// The feed number that the edge had read by `since`.
    pub since_feed: u64,
    /// The log end that the edge reported at `told_at`: later ops were taken after that.
    pub told_seq: u64,
    pub told_at: UnixMillis,
    pub told_feed: u64,
    /// The latest time among the commands up to `told_seq`, without relogged commands and future
    /// times.
    pub newest: UnixMillis,
}

/// The bounds on one op, set when the hub received it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpBounds {
    /// The edge took the op after this time.
    pub not_before: UnixMillis,
    /// The edge had read the feed up to here when it took the op.
    pub knows_to: u64,
}

/// An operator's decision to distrust everything that an edge has sent since `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustCutOff {
    /// The last distrusted epoch: a later one started with a new key.
    pub epoch: u64,
    pub from: UnixMillis,
}

impl LogHeadReports {
    /// The edge reports that its log ends with `seq` and that it has read the feed to `feed`. The
    /// previous report stays in force until everything up to its end has arrived.
    #[must_use]
    pub fn with_report(self, seq: u64, feed: u64, cursor: u64, at: UnixMillis) -> Self {
        if cursor < self.told_seq {
            return self;
        }
        let since = self.told_at;
        let since_feed = self.told_feed;
        // A report never lowers an earlier one.
        let told_at = at.max(since);
        let told_feed = feed.max(since_feed);
        Self {
            since,
            since_feed,
            told_seq: seq,
            told_at,
            told_feed,
            ..self
        }
    }

    /// The notes for a new epoch. Its first ops are relogged ones with their original times.
    #[must_use]
    pub fn for_new_epoch(self, cursor: u64) -> Self {
        let whole = cursor >= self.told_seq;
        let (since, since_feed) = if whole {
            (self.told_at, self.told_feed)
        } else {
            (self.since, self.since_feed)
        };
        let told_seq = 0;
        let newest = UnixMillis(0);
        Self {
            since,
            since_feed,
            told_seq,
            told_at: since,
            told_feed: since_feed,
            newest,
        }
    }

    /// The bounds of the next op of the log, which arrived at `now`.
    pub fn bound_next_op(&mut self, seq: u64, op: &[u8], now: UnixMillis) -> OpBounds {
        let (bound, knows_to) = if seq > self.told_seq {
            (self.told_at, self.told_feed)
        } else {
            (self.since, self.since_feed)
        };
        // A relogged command may be older than the ops before it.
        let Some((at, false)) = Op::read_taken_at(op) else {
            return OpBounds {
                not_before: bound,
                knows_to,
            };
        };
        let not_before = bound.max(self.newest);
        // The report is reliable: an edge with a slow clock cannot link. `told_at` bounds the time
        // too, because a hub clock that has jumped ahead would treat any time as past.
        if seq <= self.told_seq && at <= self.told_at.min(now) {
            self.newest = self.newest.max(at);
        }
        OpBounds {
            not_before,
            knows_to,
        }
    }
}

impl OpBounds {
    /// True if the edge can have taken the op at this time.
    pub fn allows_time(&self, at: UnixMillis) -> bool {
        at.plus_ms(CLOCK_BEHIND_MS_MAX) >= self.not_before
    }

    /// The trusted time of an op with time `claimed`, received at `received_at`.
    pub fn taken_at(&self, claimed: UnixMillis, received_at: UnixMillis) -> UnixMillis {
        let possible = if self.allows_time(claimed) {
            claimed
        } else {
            self.not_before
        };
        possible.min(received_at)
    }
}

impl TrustCutOff {
    /// True if the op is distrusted. `received_at` is the hub's clock, which no edge can change.
    pub fn covers_op(&self, epoch: u64, received_at: UnixMillis) -> bool {
        epoch <= self.epoch && received_at >= self.from
    }
}

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

#[cfg(test)]
mod tests {
    use wire::{
        Actor, ChainHead, Command, CommandBody, CommandId, CommandOp, EarlierReceipt, EdgeId,
        OrderId, QuarantineWhy, Role, UserId, Verdict,
    };

    use super::*;

    const MIN: i64 = 60_000;

    fn at(minute: i64) -> UnixMillis {
        UnixMillis(1_000_000_000 + minute * MIN)
    }

    fn command(received_at: UnixMillis, relogged: bool) -> Vec<u8> {
        let edge = EdgeId::new("north-1").unwrap();
        let before = EarlierReceipt {
            at: ChainHead::start(&edge),
            edge,
            epoch: 1,
            verdict: Verdict::Provisional,
            fence: None,
            why: QuarantineWhy::EdgeRestored,
        };
        let id = |n| uuid::Uuid::from_u128(n);
        let op = CommandOp {
            command: Command {
                id: CommandId(id(1)),
                body: CommandBody::AcceptOrder {
                    order_id: OrderId(id(2)),
                },
                device: None,
                device_seq: None,
                tapped_at: None,
                trace: None,
            },
            token_seq: 1,
            actor: Actor {
                user_id: UserId(id(3)),
                role: Role::Provider,
            },
            verdict: Verdict::Provisional,
            fence: None,
            received_at,
            policy_version: None,
            rules_version: None,
            revocations_version: None,
            relogged: relogged.then_some(before),
            cut_off: None,
        };
        Op::Command(op).to_bytes()
    }

    fn linked() -> LogHeadReports {
        // The hub has everything up to op 10 at minute 0.
        LogHeadReports::default()
            .with_report(10, 100, 0, at(-1))
            .with_report(10, 100, 10, at(0))
    }

    #[test]
    fn ops_of_a_long_outage_keep_their_times() {
        // Offline for three days, in which the edge took 40 ops.
        let back = at(3 * 24 * 60);
        let mut notes = linked().with_report(50, 100, 10, back);
        let bounds = notes.bound_next_op(11, b"", back);
        assert_eq!(
            bounds,
            OpBounds {
                not_before: at(0),
                knows_to: 100
            }
        );
        assert_eq!(bounds.taken_at(at(7), back), at(7), "its own time");
        assert_eq!(
            bounds.taken_at(at(-4), back),
            at(-4),
            "its clock is a little behind"
        );
        assert_eq!(
            bounds.taken_at(at(-90), back),
            at(0),
            "nothing of before was missing"
        );
        assert_eq!(
            bounds.taken_at(back.plus_ms(9 * MIN), back),
            back,
            "its clock is ahead"
        );
    }

    #[test]
    fn no_command_was_taken_before_an_earlier_one_of_the_log() {
        let back = at(600);
        let mut notes = linked().with_report(50, 100, 10, back);
        let mut bound = |minute, relogged| {
            let op = command(at(minute), relogged);
            notes.bound_next_op(11, &op, back).not_before
        };
        assert_eq!(bound(300, false), at(0));
        assert_eq!(
            bound(200, false),
            at(300),
            "an hour that is over does not come back"
        );
        assert_eq!(bound(9_999, false), at(300));
        assert_eq!(
            bound(400, false),
            at(300),
            "a clock that was ahead for once does not count"
        );
        assert_eq!(bound(100, true), at(0), "it stood in an earlier log");
        assert_eq!(bound(500, false), at(400));
    }

    /// A portal acceptance forwarded to the edge carries the portal's time, from a cloud clock.
    #[test]
    fn a_time_beyond_the_word_of_the_edge_moves_no_bound() {
        let mut notes = linked().with_report(50, 100, 10, at(600));
        let ahead = command(at(1_500), false);
        assert_eq!(
            notes.bound_next_op(51, &ahead, at(1_500)).not_before,
            at(600),
            "a hub that is ahead"
        );
        assert_eq!(notes.bound_next_op(11, &ahead, at(1_500)).not_before, at(0));
        assert_eq!(notes.newest, UnixMillis(0));
    }

    #[test]
    fn no_word_takes_an_earlier_one_back() {
        let notes = linked()
            .with_report(50, 0, 10, at(-600))
            .with_report(50, 0, 50, at(-600));
        assert_eq!((notes.since, notes.told_at), (at(0), at(0)));
        assert_eq!(
            (notes.since_feed, notes.told_feed),
            (100, 100),
            "nor is anything unheard"
        );
    }

    #[test]
    fn what_came_after_the_log_was_told_was_taken_after_that() {
        let back = at(600);
        let mut notes = linked().with_report(50, 120, 10, back);
        assert_eq!(notes.bound_next_op(51, b"", back).not_before, back);
        assert_eq!(notes.bound_next_op(51, b"", back).knows_to, 120);
    }

    #[test]
    fn a_word_stands_until_the_hub_has_all_that_it_spoke_of() {
        let mut notes =
            linked()
                .with_report(50, 120, 10, at(600))
                .with_report(70, 130, 30, at(601));
        assert_eq!((notes.told_seq, notes.told_at), (50, at(600)));
        assert_eq!(
            notes.bound_next_op(31, b"", at(602)).not_before,
            at(0),
            "it was there at 600"
        );
        assert_eq!(notes.bound_next_op(60, b"", at(602)).not_before, at(600));
        let mut notes = notes.with_report(70, 130, 50, at(603));
        assert_eq!(notes.bound_next_op(60, b"", at(604)).not_before, at(600));
        assert_eq!(notes.bound_next_op(71, b"", at(604)).not_before, at(603));
    }

    #[test]
    fn the_ops_of_a_new_epoch_may_be_as_old_as_those_that_were_missing() {
        assert_eq!(linked().for_new_epoch(10).since, at(0));
        let behind = linked().with_report(50, 120, 10, at(600));
        let mut first = behind.for_new_epoch(30).with_report(45, 120, 0, at(700));
        assert_eq!(first.bound_next_op(1, b"", at(700)).not_before, at(0));
        assert_eq!(first.bound_next_op(46, b"", at(700)).not_before, at(700));
    }

    #[test]
    fn the_end_of_trust_counts_from_its_moment_and_ends_with_its_epoch() {
        let cut = TrustCutOff {
            epoch: 2,
            from: at(5),
        };
        for (epoch, received, covered) in [(2, 4, false), (2, 5, true), (1, 9, true), (3, 9, false)]
        {
            assert_eq!(
                cut.covers_op(epoch, at(received)),
                covered,
                "{epoch}, {received}"
            );
        }
    }
}
