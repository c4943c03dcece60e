//! A part or server that is killed in the midst of its work, and started again.

use stack::{Part, Server, Stack};
use support::eventually;

use crate::asking::PATIENCE;

/// Returns once it is back. RabbitMQ takes seconds to start, and nobody has to wait for it.
///
/// # Panics
/// When something does not come back.
pub(crate) async fn kill(stack: &Stack, part: Part) {
    if part == Part::Server(Server::RabbitMq) {
        // Where the last start has not come to its end yet, the kill would only repeat it.
        is_back(stack, part).await;
    }
    stack.kill9(part).await.expect("it is killed");
    stack.start_again(part).await.expect("it is started");
    if part == Part::Server(Server::RabbitMq) {
        return;
    }
    if matches!(part, Part::Alone(_)) {
        // A service is ready once it has its broker. That takes time on a busy machine.
        is_back(stack, Part::Server(Server::RabbitMq)).await;
    }
    is_back(stack, part).await;
}

/// # Panics
/// When it does not come back.
pub(crate) async fn is_back(stack: &Stack, part: Part) {
    eventually(&format!("{part} is back"), PATIENCE, async || stack.ready(part).await.ok()).await;
}
