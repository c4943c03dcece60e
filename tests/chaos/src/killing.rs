//! Kills a part or server under load, and starts it again.

use stack::{Part, Server, Stack};
use support::eventually;

use crate::asking::PATIENCE;

/// Returns once the part is ready, except for RabbitMQ: it takes seconds to start, and no caller
/// has to wait for it.
///
/// # Panics
/// If a part does not come back.
pub(crate) async fn kill(stack: &Stack, part: Part) {
    if part == Part::Server(Server::RabbitMq) {
        // Let an earlier start finish, or the kill would only repeat it.
        is_back(stack, part).await;
    }
    stack.kill9(part).await.expect("it is killed");
    stack.start_again(part).await.expect("it is started");
    if part == Part::Server(Server::RabbitMq) {
        return;
    }
    if matches!(part, Part::Alone(_)) {
        // A service is ready once its broker is, and that takes time on a busy machine.
        is_back(stack, Part::Server(Server::RabbitMq)).await;
    }
    is_back(stack, part).await;
}

/// # Panics
/// If the part does not come back.
pub(crate) async fn is_back(stack: &Stack, part: Part) {
    eventually(&format!("{part} is back"), PATIENCE, async || {
        stack.ready(part).await.ok()
    })
    .await;
}
