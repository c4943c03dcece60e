//! Planted defects: tests ask a real process to break one rule and must then see the breakage. They
//! exist in builds with debug assertions only; elsewhere `planted` is constant and folds away.

/// `HOLDFAST_DEFECT` names one by its word, such as `answer_before_commit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Defect {
    /// An edge replies before its commit is on disk.
    AnswerBeforeCommit,
    /// An edge shows the link an op before its commit.
    UpBeforeCommit,
    /// The order service does not look for the stored answer of a command.
    NoCommandDedupe,
    /// A state change writes no outbox row.
    NoOutboxRow,
    /// The embedded bus confirms a message before it stands in the file.
    BusConfirmsBeforeWrite,
    /// The relay marks a row sent before the bus has confirmed it.
    RelayMarksBeforeConfirm,
    /// An edge retires an op before its outcome is stored.
    OpRetiredBeforeOutcome,
    /// An edge does not look at the high-water file.
    HighWaterIgnored,
    /// An edge does not look at the receipts that tablets show.
    ReceiptsIgnored,
    /// An edge begins a new epoch and logs nothing anew.
    NothingRelogged,
    /// The hub lets another run in without asking the one that has the session.
    OldSessionNotAsked,
    /// The hub ends an epoch without a take-back of its rights.
    EpochWithoutTakeBack,
    /// The order service decides without sharing the lock of the region's assignment.
    AssignmentNotLocked,
    /// The order service decides as though nobody held the region.
    HolderIgnored,
    /// A replica runs a job that another has claimed.
    JobClaimIgnored,
}

/// True if this process was asked to break that rule.
#[cfg(debug_assertions)]
pub fn planted(defect: Defect) -> bool {
    static ASKED_FOR: std::sync::LazyLock<Option<Defect>> = std::sync::LazyLock::new(asked_for);
    *ASKED_FOR == Some(defect)
}

#[cfg(not(debug_assertions))]
pub const fn planted(_: Defect) -> bool {
    false
}

/// A word that names no defect stops the process: a test that planted nothing would prove nothing.
#[cfg(debug_assertions)]
fn asked_for() -> Option<Defect> {
    let word = std::env::var("HOLDFAST_DEFECT").ok().filter(|word| !word.is_empty())?;
    let defect = <Defect as clap::ValueEnum>::from_str(&word, false).ok();
    assert!(defect.is_some(), "HOLDFAST_DEFECT names no defect: `{word}`");
    tracing::warn!(defect = word, "This process runs with a planted defect");
    defect
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn nothing_is_planted_unless_asked_for() {
        for defect in Defect::value_variants() {
            assert!(!planted(*defect), "{defect:?}");
        }
    }
}
