//! Waiting for what becomes true on its own, with an end.

use std::time::Duration;

use tokio::time::{sleep, timeout};

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks again and again until there is something, and panics with `what` when there never is.
///
/// # Panics
/// When nothing has come within `limit`.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    };
    match timeout(limit, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("not within {limit:?}: {what}"),
    }
}
