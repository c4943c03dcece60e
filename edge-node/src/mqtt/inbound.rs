//! The way of a command from the broker to the intake: a bounded queue, so that the broker never waits
//! for the disk. A command that finds it full is dropped without a word, and the tablet sends it again.

use crate::{
    intake::{Intake, Sender},
    voice::Voice,
};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const WAITING_MAX: usize = 4_096;
/// Commands that wait for their commit at the same time; a group commits 256.
const AT_ONCE_MAX: usize = 512;

pub struct Inbound {
    pub sender: Sender,
    pub payload: Bytes,
}

pub fn inbox() -> (mpsc::Sender<Inbound>, mpsc::Receiver<Inbound>) {
    mpsc::channel(WAITING_MAX)
}

/// Answers commands until asked to stop, and then those that still wait.
pub async fn work(
    mut inbound: mpsc::Receiver<Inbound>,
    intake: Intake,
    voice: Voice,
    stop: CancellationToken,
) {
    let waiting = futures::stream::poll_fn(|context| {
        // Once asked to stop, nothing new gets in, and the end of the queue is the end of the work.
        if stop.is_cancelled() {
            inbound.close();
        }
        inbound.poll_recv(context)
    });
    // In the order they came in: each is handed to the writer when it is first looked at.
    let answering = waiting.map(|inbound| answer(inbound, &intake, &voice));
    let mut answered = std::pin::pin!(answering.buffer_unordered(AT_ONCE_MAX));
    let mut stopping = std::pin::pin!(stop.cancelled());
    let mut asked = false;
    loop {
        tokio::select! {
            next = answered.next() => if next.is_none() { return },
            // Looks at the queue once more, so that it is closed.
            () = &mut stopping, if !asked => asked = true,
        }
    }
}

async fn answer(inbound: Inbound, intake: &Intake, voice: &Voice) {
    let Inbound { sender, payload } = inbound;
    // Nothing is said of a command that may or may not be stored; the tablet sends it again.
    let Ok(taken) = intake.take(&payload, Some(&sender)).await else { return };
    voice.reply(&sender.device, sender.actor.user_id, &taken.reply).await;
    if let Some(sight) = taken.changed {
        voice.changed(vec![sight], Vec::new()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sender;

    #[test]
    fn a_full_queue_gives_the_command_back() {
        let (inbox, mut waiting) = inbox();
        let inbound = || Inbound { sender: sender("t-1", 20), payload: Bytes::from_static(b"{}") };
        assert!((0..WAITING_MAX).all(|_| inbox.try_send(inbound()).is_ok()));
        assert!(inbox.try_send(inbound()).is_err());
        assert!(waiting.try_recv().is_ok());
        assert!(inbox.try_send(inbound()).is_ok());
    }
}
