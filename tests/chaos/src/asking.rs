//! Retries a request until it gets a definite answer, since parts and servers die meanwhile.

use std::time::Duration;

use process::client::ClientError;
use tokio::time::{sleep, timeout};
use wire::Code;

/// Long enough for RabbitMQ to start on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// Pause between two attempts.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Codes that leave the request undecided.
const NOT_YET: [Code; 3] = [Code::Unavailable, Code::Internal, Code::RateLimited];

/// Repeats the request until it succeeds or is refused.
///
/// # Panics
/// If no answer comes in time.
pub(crate) async fn until_answered<T, A>(what: &str, ask: impl Fn() -> A) -> Result<T, Code>
where
    A: Future<Output = Result<T, ClientError>>,
{
    let asking = async {
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let code = error.problem.as_ref().map(|problem| problem.code);
            let is_answer = error.status.is_some_and(|status| status < 500);
            if let Some(code) = code.filter(|code| is_answer && !NOT_YET.contains(code)) {
                return Err(code);
            }
            sleep(AGAIN_AFTER).await;
        }
    };
    let answered = timeout(PATIENCE, asking).await;
    answered.unwrap_or_else(|_| panic!("no answer within {PATIENCE:?}: {what}"))
}
