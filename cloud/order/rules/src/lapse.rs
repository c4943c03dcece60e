//! Rules that can be left out, so that the simulator can show the purpose of each.

/// A rule of the protocol that is left out. Nobody but the simulator ever names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lapse {
    /// An accept without a fence is decided while another edge holds the region.
    NonfenceHeld,
    /// So is one under an old fence.
    OldfenceHeld,
    /// A command that would be refused is refused at once, held region or not.
    HeldBeforeChecks,
    /// A command that has to wait is answered as if that were its outcome.
    HeldNotFinal,
    /// An edge's op after one that waits is decided before it.
    HeldKeepsOrder,
    /// A change of policy ends the right without its holder's word.
    ReleaseOp,
    /// The release of an old fence ends the right under the new one.
    AnyReleaseEnds,
    /// A firm accept that finds the order cancelled or rejected is refused.
    CancelHeld,
    /// A firm answer is judged by revocations that the edge could not know.
    RevokeSeen,
    /// A firm answer is judged by rules that the edge could not know.
    RuleVersion,
    /// A rule for edges that are cut off starts unpaid work at a linked edge.
    UnpaidWhileLinked,
    /// A refusal over HTTP consumes its command id, whatever it is.
    RefuseNotConsume,
    /// Work that was done in vain is a case of nobody's.
    VainCase,
    /// Stored answers are not looked at.
    AnswersKept,
    /// Work starts without its price in custody.
    HeldFirst,
    /// A cancel is bound by no preview.
    PreviewBound,
    /// Work that has begun can be cancelled, too.
    CancelStages,
}
