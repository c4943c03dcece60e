//! Bugs planted on purpose, to show that an invariant catches them. The models of this crate ask
//! `planted::is_planted` for each; some bugs disable a rule of the order service instead.

use rules::OrderRule;

macro_rules! bugs {
    ($($variant:ident $name:literal $says:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug { $(#[doc = $says] $variant,)+ }

        impl Bug {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }
        }
    };
}

/// Runs with this bug planted in the current thread.
pub(crate) fn run_with_bug<T>(bug: Option<Bug>, run: impl FnOnce() -> T) -> T {
    let Some(bug) = bug else {
        return run();
    };
    planted::run_with(bug, || match bug.disabled_rule() {
        Some(rule) => planted::run_with(rule, run),
        None => run(),
    })
}

impl Bug {
    /// The rule of the order service that this bug disables.
    fn disabled_rule(self) -> Option<OrderRule> {
        Some(match self {
            Self::NonfenceHeld => OrderRule::NonfenceHeld,
            Self::OldfenceHeld => OrderRule::OldfenceHeld,
            Self::HeldBeforeChecks => OrderRule::HeldBeforeChecks,
            Self::HeldNotFinal => OrderRule::HeldNotFinal,
            Self::HeldKeepsOrder => OrderRule::HeldKeepsOrder,
            Self::ReleaseOp => OrderRule::ReleaseOp,
            Self::AnyReleaseEnds => OrderRule::AnyReleaseEnds,
            Self::CancelHeld => OrderRule::CancelHeld,
            Self::RevokeSeen => OrderRule::RevokeSeen,
            Self::RuleVersion => OrderRule::RuleVersion,
            Self::UnpaidWhileLinked => OrderRule::UnpaidWhileLinked,
            Self::VainCase => OrderRule::VainCase,
            Self::BookedOnce => OrderRule::BookedOnce,
            Self::RefuseNotConsume => OrderRule::RefuseNotConsume,
            Self::AnswersNotKept => OrderRule::AnswersKept,
            Self::MessageTwice => OrderRule::MessageOnce,
            _ => return None,
        })
    }
}

bugs! {
    // the edge's file
    AnswerBeforeFsync "answer_before_fsync" "the edge answers before the commit is on disk",
    UpBeforeFsync "up_before_fsync" "ops go up before they are on disk",
    FullDiskIsAcknowledged "full_disk_is_acknowledged" "with a full disk the edge answers as if it had stored",
    TornCommit "torn_commit" "a commit cut in half counts as one",
    VerdictNotStored "verdict_not_stored" "a repeat is judged and logged again",
    SeqReused "seq_reused" "after a restart the log continues one seq too early",
    BootOp "boot_op" "a run starts without its boot op",
    TokenNotLogged "token_not_logged" "an op refers to a token that is not in the log",
    MarkBeforeCommit "mark_before_commit" "the high-water mark runs ahead of the commit",
    OverlayForgotten "overlay_forgotten" "a restart forgets the pending ops",
    RetiredBeforeOutcome "retired_before_outcome" "an op is retired in a separate commit, before its outcome",
    CursorBeforeOutcome "cursor_before_outcome" "the outcome cursor moves in a separate commit, before the outcomes",
    FeedCursorBeforeChanges "feed_cursor_before_changes" "the feed cursor moves in a separate commit, before the changes",
    OlderVersionApplied "older_version_applied" "an older version replaces a newer one",
    OutcomeOrderNotCounted "outcome_order_not_counted" "an order that an outcome brings is stored without counting it",
    // restores and copies
    Hwm "hwm" "an edge ignores its high-water mark",
    Receipts "receipts" "an edge ignores the receipts that tablets show it",
    QuarTakeback "quar_takeback" "an epoch ends without revoking its leases",
    Relog "relog" "a new epoch begins without the undecided commands",
    ProbeOldSession "probe_old_session" "the old session is closed without a liveness probe",
    OneEpochOwner "one_epoch_owner" "a new epoch is given to the next run as well",
    NoNaiveNonceAlarm "no_naive_nonce_alarm" "a restart with another nonce is treated as a second instance",
    SuspectIsFirm "suspect_is_firm" "a suspect edge answers firm",
    SuspicionForgotten "suspicion_forgotten" "a restart forgets that the edge is suspect",
    SuspectGoesOn "suspect_goes_on" "an edge that becomes suspect continues its session",
    FenceKept "fence_kept" "commands that are logged again keep verdict and fence",
    TailForgotten "tail_forgotten" "an edge in quarantine does not get its lost ops back",
    OldEpochDecided "old_epoch_decided" "ops of an ended epoch are still decided",
    EndingForgotten "ending_forgotten" "the end of an epoch is not recorded before its leases are revoked",
    // the edge's end of the link
    OutcomeGapApplied "outcome_gap_applied" "an Outcomes frame beyond the cursor is applied",
    FeedGapApplied "feed_gap_applied" "a Down frame beyond the cursor is applied",
    StandingNotChecked "standing_not_checked" "the edge takes frames of another session",
    ResendIgnored "resend_ignored" "the edge does not send again the ops that the hub asks for",
    ForgedIsSigned "forged_is_signed" "an edge accepts frames that the hub did not sign",
    UnsignedIsSigned "unsigned_is_signed" "an edge without the hub's key treats unsigned frames as signed",
    // the hub
    TermNotChecked "term_not_checked" "the hub takes frames of another session",
    ChainNotChecked "chain_not_checked" "the hub accepts ops without checking their hash chain",
    CursorPassesGap "cursor_passes_gap" "the hub's cursor moves over ops it has not stored",
    OpsTwice "ops_twice" "an older session's ops are stored, although the cursor has moved",
    OutcomeNumberTwice "outcome_number_twice" "outcomes are numbered from a count that was read before",
    AwayIsPoison "away_is_poison" "if an owner is down, the ops count as the cause",
    NotBisected "not_bisected" "a whole failed batch is held for an operator",
    FailuresNotStored "failures_not_stored" "the count of an op's failures is lost",
    ReleaseOvertaken "release_overtaken" "the release of a lease is decided before ops that wait for an operator",
    ParkedIsDone "parked_is_done" "an op whose owner is down counts as decided",
    AwayIsRefused "away_is_refused" "an op whose owner is down is answered as rejected",
    FeedRowUnlocked "feed_row_unlocked" "feed numbers are given out before they can be committed in order",
    EventBeforeFeed "event_before_feed" "an event is confirmed before the feed holds it",
    FeedTakesOlder "feed_takes_older" "the feed takes an older version after a newer one",
    FeedDigestForgets "feed_digest_forgets" "the region's digest keeps the share of a replaced version",
    // a stolen edge
    BoundIgnored "bound_ignored" "an op's own time counts, even against earlier times of its edge",
    KnowledgeIgnored "knowledge_ignored" "an edge may forget which revocations it had read",
    HelloLate "hello_late" "a Hello counts from the hub's clock after it was checked, which may have jumped",
    HubClockAlone "hub_clock_alone" "the clock of a hub that is ahead bounds the times of an edge",
    DisabledGoesOn "disabled_goes_on" "the key and the session of a disabled edge stay valid",
    DistrustIgnored "distrust_ignored" "undecided ops of a disabled edge are decided as usual",
    RelogWashes "relog_washes" "a command of a disabled edge that is logged again counts as new",
    CasesForgotten "cases_forgotten" "the decisions on a disabled edge's ops are not listed",
    // snapshots and anti-entropy
    ImageLowers "image_lowers" "a snapshot replaces newer versions that an outcome brought",
    ImageDropsOverlay "image_drops_overlay" "a snapshot replaces the pending ops as well",
    ImageTakenEarly "image_taken_early" "a snapshot counts as applied in a separate commit, before it is the view",
    ImageMixed "image_mixed" "the chunks of one snapshot are read at different feed numbers",
    ImageNumberTooHigh "image_number_too_high" "a snapshot claims a later feed number than it was read at",
    StagedKept "staged_kept" "the kept part of an earlier snapshot becomes part of the next",
    CompactionPassesLive "compaction_passes_live" "a feed forgets changes that edges in session have not read",
    CursorOfOlderFile "cursor_of_older_file" "an edge with a restored file still counts as having read up to its old cursor",
    TombstoneForgotten "tombstone_forgotten" "the position up to which a feed dropped tombstones is not recorded",
    RepairLowers "repair_lowers" "a repair replaces versions that have arrived since its owner was asked",
    DigestNotCompared "digest_not_compared" "the digests that edges send are ignored",
    AheadNotCompared "ahead_not_compared" "an edge that read its whole feed but has newer orders is not checked",
    OwnerNotCompared "owner_not_compared" "no feed is compared with its owner",
    // the order service
    AnswersNotKept "answers_not_kept" "a decided command is decided again when it comes again",
    AnswerBeforeCommit "answer_before_commit" "the order service answers before its commit",
    WriteUnguarded "write_unguarded" "an order is written without checking that it is still as it was read",
    NoOutboxRow "no_outbox_row" "a change has no event",
    MarkedBeforeConfirm "marked_before_confirm" "the relay marks events as sent before the bus has them",
    BookedOnce "booked_once" "a provider gets a second job at the same time",
    BookedUnlocked "booked_unlocked" "two transactions book the same provider at the same time",
    MessageTwice "message_twice" "a repeat of a message is stored again",
    RelayByNumber "relay_by_number" "the relay continues after the last number it saw, so it misses a late commit",
    // the right to assign
    FirmBase "firm_base" "a firm answer depends on ops that may still be refused",
    NonsenseCounts "nonsense_counts" "an op that can never change its order makes the order doubtful",
    SkippedIsIdle "skipped_is_idle" "an op that the view skips leaves no doubt, although its sender may still get the order",
    RepeatNotFirm "repeat_not_firm" "a repeat of what was sent to another edge is answered firm",
    OnlyFirstCounts "only_first_counts" "a command that went to another edge and came back is no repeat",
    SoftRefusal "soft_refusal" "an edge refuses commands that its view contradicts",
    GrantDigest "grant_digest" "a holder answers firm on a view other than the one it was granted on",
    NonfenceHeld "nonfence_held" "an accept without a fence is decided while another edge holds the region",
    OldfenceHeld "oldfence_held" "an accept under an old fence is decided while another edge holds the region",
    HeldBeforeChecks "held_before_checks" "refusals are sent at once, also in a held region",
    HeldNotFinal "held_not_final" "waiting is reported as an outcome",
    HeldKeepsOrder "held_keeps_order" "later ops of an edge are decided before its waiting op",
    HeldForgotten "held_forgotten" "held ops are not submitted again",
    AskOvertakes "ask_overtakes" "an accept that waits behind another op is sent to the holder first",
    ReleaseOp "release_op" "a change of policy ends the lease without its holder's release",
    ReleaseGoesOn "release_goes_on" "an edge continues under a lease whose release it logged",
    ReleasedFenceDead "released_fence_dead" "an edge treats a message about a released fence as a grant",
    AnyReleaseEnds "any_release_ends" "the release of an old fence ends the lease under the new one",
    CancelHeld "cancel_held" "a firm accept that finds the order cancelled or rejected is refused",
    RevokeSeen "revoke_seen" "a firm answer is judged by revocations that its edge could not know",
    RevocationsStale "revocations_stale" "a firm answer is given against a revocation that the file has and the gate has not yet",
    RuleVersion "rule_version" "a firm answer is judged by rules that its edge could not know",
    LinkNotTold "link_not_told" "an edge does not say that it was linked when it took a start",
    UnpaidWhileLinked "unpaid_while_linked" "a rule for edges that are cut off starts unpaid work at a linked one",
    VainCase "vain_case" "work that was done in vain is not listed",
    StandingAssumed "standing_assumed" "an edge treats every customer as one in good standing",
    RefuseNotConsume "refuse_not_consume" "a refusal at the portal consumes its command id",
    // the tablet
    KeepFirmReceipt "keep_firm_receipt" "a tablet repeats elsewhere a command with a firm receipt",
    PubackIsEnough "puback_is_enough" "a tablet forgets a command once the broker has it",
    NewIdPerTry "new_id_per_try" "a tablet makes a new command of each try",
}
