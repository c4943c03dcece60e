//! Waits with a time limit for conditions without a signal.

use std::time::Duration;

use tokio::time::{sleep, timeout};

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
#[error("not within {limit:?}: {what}")]
pub struct Late {
    what: String,
    limit: Duration,
}

/// Polls until `look` returns a value.
pub async fn within<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Result<T, Late> {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    };
    timeout(limit, looking).await.map_err(|_| Late {
        what: what.to_owned(),
        limit,
    })
}

/// Like [`within`], for a test that fails without the value.
///
/// # Panics
/// If `look` returns nothing within `limit`.
pub async fn eventually<T>(what: &str, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, limit, look)
        .await
        .unwrap_or_else(|late| panic!("{late}"))
}
