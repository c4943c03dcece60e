//! Answers the queued commands: the intake decides each, and its tablet gets the reply.

use futures::StreamExt;
use tokio::{
    sync::mpsc,
    task::{coop::unconstrained, yield_now},
};
use tokio_util::sync::CancellationToken;

use super::{command_queue::QueuedCommand, publisher::TabletPublisher};
use crate::intake::CommandIntake;

/// Commands that wait for their commit at the same time; a group commit takes 256.
const AT_ONCE_MAX: usize = 512;
/// Answers before this task yields to others.
const ANSWERS_PER_TURN: usize = 32;

/// Answers commands until the stop, then those that are still queued.
pub(crate) async fn answer_queued_commands(
    mut inbound: mpsc::Receiver<QueuedCommand>,
    intake: CommandIntake,
    publisher: TabletPublisher,
    stop: CancellationToken,
) {
    let waiting = futures::stream::poll_fn(|context| {
        // A closed queue refuses new commands, and its end ends this function.
        if stop.is_cancelled() {
            inbound.close();
        }
        inbound.poll_recv(context)
    });
    // Keeps the order of arrival: each command reaches the writer at its first poll. tokio's task
    // budget would move answers that exceed it to the back; in a flood, some waited there for half
    // a minute. So answers run `unconstrained`, and this loop yields explicitly.
    let answering = waiting.map(|inbound| unconstrained(answer_one(inbound, &intake, &publisher)));
    let mut answered = std::pin::pin!(answering.buffer_unordered(AT_ONCE_MAX));
    let mut stopping = std::pin::pin!(stop.cancelled());
    let mut is_stopping = false;
    let mut in_turn = 0;
    loop {
        if in_turn == ANSWERS_PER_TURN {
            in_turn = 0;
            yield_now().await;
        }
        tokio::select! {
            next = answered.next() => match next {
                Some(()) => in_turn += 1,
                None => return,
            },
            // Polls the queue again, which closes it.
            () = &mut stopping, if !is_stopping => is_stopping = true,
        }
    }
}

async fn answer_one(inbound: QueuedCommand, intake: &CommandIntake, publisher: &TabletPublisher) {
    let QueuedCommand {
        sender,
        payload,
        hold: _hold,
    } = inbound;
    // No reply if the command's fate is unknown; the tablet resends it.
    let Ok(taken) = intake.answer_command(&payload, Some(&sender)).await else {
        return;
    };
    publisher.publish_answer(&sender, &taken.reply);
    if let Some(view) = taken.changed {
        publisher.publish_changes(vec![view], Vec::new());
    }
}
