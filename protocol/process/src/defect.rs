//! What a test may change in a real process: it plants a defect, which it must then detect, and
//! runs all jobs on one calendar, because it cannot wait for minutes or a night. Both exist only
//! with debug assertions; elsewhere the answers are constant and fold away.

/// `HOLDFAST_DEFECT` selects one by name, such as `answer_before_commit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Defect {
    /// An edge replies before its commit is on disk.
    AnswerBeforeCommit,
    /// An edge offers the link an op before its commit.
    UpBeforeCommit,
    /// The order service ignores the stored answer of a command.
    NoCommandDedupe,
    /// A state change writes no outbox row.
    NoOutboxRow,
    /// The embedded bus confirms a message before writing it to the file.
    BusConfirmsBeforeWrite,
    /// The relay marks a row sent before the bus confirms it.
    RelayMarksBeforeConfirm,
    /// An edge retires an op before storing its outcome.
    OpRetiredBeforeOutcome,
    /// An edge ignores the high-water file.
    HighWaterIgnored,
    /// An edge ignores the receipts that tablets show.
    ReceiptsIgnored,
    /// An edge begins a new epoch without logging anything again.
    NothingRelogged,
    /// The hub admits another run without asking the one that has the session.
    OldSessionNotAsked,
    /// The hub ends an epoch without taking back its rights.
    EpochWithoutTakeBack,
    /// The order service decides without sharing the lock of the region's assignment.
    AssignmentNotLocked,
    /// The order service ignores the region's holder.
    HolderIgnored,
    /// A replica runs a job that another replica has claimed.
    JobClaimIgnored,
}

#[cfg(debug_assertions)]
pub fn is_planted(defect: Defect) -> bool {
    static ASKED_FOR: std::sync::LazyLock<Option<Defect>> = std::sync::LazyLock::new(asked_for);
    *ASKED_FOR == Some(defect)
}

#[cfg(not(debug_assertions))]
pub const fn is_planted(_: Defect) -> bool {
    false
}

/// Panics on an unknown name: a test that planted nothing would prove nothing.
#[cfg(debug_assertions)]
fn asked_for() -> Option<Defect> {
    let word = std::env::var("HOLDFAST_DEFECT")
        .ok()
        .filter(|word| !word.is_empty())?;
    let defect = <Defect as clap::ValueEnum>::from_str(&word, false).ok();
    assert!(
        defect.is_some(),
        "HOLDFAST_DEFECT names an unknown defect: `{word}`"
    );
    tracing::warn!(defect = word, "This process runs with a planted defect");
    defect
}

/// The calendar in a job's format: second, minute, hour, day of month, month, day of week.
#[cfg(debug_assertions)]
const VARIABLE: &str = "HOLDFAST_JOBS_AT";

#[cfg(debug_assertions)]
pub fn test_calendar() -> Option<&'static str> {
    static NAMED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(read_calendar);
    NAMED.as_deref()
}

#[cfg(not(debug_assertions))]
pub const fn test_calendar() -> Option<&'static str> {
    None
}

#[cfg(debug_assertions)]
fn read_calendar() -> Option<String> {
    let cron = std::env::var(VARIABLE)
        .ok()
        .filter(|cron| !cron.is_empty())?;
    tracing::warn!(cron, "All jobs of this process run on one test schedule");
    Some(cron)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn nothing_is_planted_unless_asked_for() {
        for defect in Defect::value_variants() {
            assert!(!is_planted(*defect), "{defect:?}");
        }
    }
}
