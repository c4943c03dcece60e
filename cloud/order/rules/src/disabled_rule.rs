//! Rules that the simulator can disable to show their purpose.

/// Returns true only in a simulator that has disabled the rule.
#[inline]
pub(crate) fn is_disabled(rule: OrderRule) -> bool {
    planted::is_planted(rule)
}

/// A rule of the order service's decisions. Each variant states the defect that follows when the
/// rule is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderRule {
    /// Decides an accept without a fence while another edge holds the region.
    NonfenceHeld,
    /// The same for an accept under an old fence.
    OldfenceHeld,
    /// Refuses at once a command that would be refused, even in a held region.
    HeldBeforeChecks,
    /// Answers a waiting command with a final refusal.
    HeldNotFinal,
    /// Decides an edge's op before an earlier one that waits.
    HeldKeepsOrder,
    /// A policy change ends the right without its holder's release.
    ReleaseOp,
    /// Releasing an old fence ends the right under the new one.
    AnyReleaseEnds,
    /// Refuses a firm accept on a cancelled or rejected order.
    CancelHeld,
    /// Judges a firm answer by revocations the edge could not have seen.
    RevokeSeen,
    /// Judges a firm answer by rules the edge could not have seen.
    RuleVersion,
    /// The rule for disconnected edges starts unpaid work at a connected edge.
    UnpaidWhileLinked,
    /// Every HTTP refusal uses up its command id.
    RefuseNotConsume,
    /// Opens no case for work done in vain.
    VainCase,
    /// Ignores stored answers.
    AnswersKept,
    /// Starts work before its price is in custody.
    HeldFirst,
    /// Work in progress can be cancelled too.
    CancelStages,
}
