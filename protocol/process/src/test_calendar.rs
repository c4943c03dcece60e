//! One calendar for all jobs of a process, because a test cannot wait for minutes or a night. It
//! exists only with debug assertions; elsewhere the answer is constant and folds away.

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
