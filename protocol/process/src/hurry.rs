//! A test cannot wait for jobs that lie minutes or a night apart: it names one calendar for all
//! jobs of a process. Builds with debug assertions alone hear it; elsewhere `calendar` is constant
//! and folds away.

/// The variable that names the calendar, as a job does: second, minute, hour, day of month, month,
/// day of week.
#[cfg(debug_assertions)]
const VARIABLE: &str = "HOLDFAST_JOBS_AT";

#[cfg(debug_assertions)]
pub fn calendar() -> Option<&'static str> {
    static NAMED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(named);
    NAMED.as_deref()
}

#[cfg(not(debug_assertions))]
pub const fn calendar() -> Option<&'static str> {
    None
}

#[cfg(debug_assertions)]
fn named() -> Option<String> {
    let cron = std::env::var(VARIABLE).ok().filter(|cron| !cron.is_empty())?;
    tracing::warn!(cron, "All jobs of this process run by one calendar");
    Some(cron)
}
