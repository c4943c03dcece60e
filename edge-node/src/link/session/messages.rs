//! Requests the messages of this edge's orders, one query at a time, and stores them.
//!
//! Invariant: only a failure of the file ends the session; after others the next round retries.

use std::{convert::Infallible, time::Duration};

use engine::edge::{EdgeWrite, MessageRounds, ToldMessages, is_asked_about};
use journal::WriteError;
use process::problem::format_error_chain;
use wire::{FeedChange, OrderId, UnixMillis};

use super::{LinkSession, SessionEnd, to_session_end};

#[derive(Default)]
pub(super) struct MessageReader {
    rounds: MessageRounds,
    under_way: Option<QuestionUnderWay>,
    /// When the file last recorded the time up to which all messages are here.
    recorded_at: Option<Duration>,
    /// Messages were stored since then.
    has_news: bool,
}

struct QuestionUnderWay {
    /// The last order of the query, if others follow.
    last: Option<OrderId>,
    sent_at: Duration,
}

/// The hub answers within the time that it gives the order service.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// While no message comes, the recorded time may be older by this much.
const RECORDED_EVERY: Duration = Duration::from_secs(60);

impl LinkSession<'_> {
    pub(super) async fn ask_for_messages_if_due(&mut self) -> Result<(), SessionEnd> {
        let context = &self.link.context;
        while self.edge.may_ask_for_messages() && !context.disk.refuses_commands() {
            let elapsed = context.clock.elapsed();
            let now = context.clock.now();
            let Some(turn) = self.messages.rounds.next_turn(elapsed, now) else {
                return Ok(());
            };
            let reading = context.store.load_message_marks(turn, now);
            let marked = self.wait_for_file(Box::pin(reading)).await?;
            let last = marked.last;
            if marked.marks.is_empty() {
                self.end_turn(last).await?;
            } else if let Some(frame) = self.edge.ask_for_messages(marked.marks) {
                self.messages.under_way = Some(QuestionUnderWay {
                    last,
                    sent_at: elapsed,
                });
                self.socket.send(&frame).await?;
            }
        }
        Ok(())
    }

    /// `told` is `None` if the cloud could not read the messages.
    pub(super) async fn handle_messages_answer(
        &mut self,
        told: Option<ToldMessages>,
    ) -> Result<(), SessionEnd> {
        let Some(asked) = self.messages.under_way.take() else {
            return Ok(());
        };
        let Some(ToldMessages { messages, is_more }) = told else {
            self.break_off_round();
            return Ok(());
        };
        let mut stored = 0;
        if !messages.is_empty() {
            let storing = self.link.context.store.save_messages(messages);
            match self.write_unless_full(storing).await? {
                Some(count) => stored = count,
                None => return Ok(()),
            }
        }
        self.messages.has_news |= stored > 0;
        match (is_more, stored) {
            (false, _) => self.end_turn(asked.last).await?,
            // The same query would bring the same again.
            (true, 0) => self.break_off_round(),
            // The next query of this turn gets the rest.
            (true, _) => {}
        }
        Ok(())
    }

    async fn end_turn(&mut self, last: Option<OrderId>) -> Result<(), SessionEnd> {
        let Some(told_to) = self.messages.rounds.end_turn(last) else {
            return Ok(());
        };
        self.record_messages_told(told_to).await
    }

    async fn record_messages_told(&mut self, told_to: UnixMillis) -> Result<(), SessionEnd> {
        let context = &self.link.context;
        let now = context.clock.elapsed();
        let is_recent = |at: Duration| now.saturating_sub(at) < RECORDED_EVERY;
        if !self.messages.has_news && self.messages.recorded_at.is_some_and(is_recent) {
            return Ok(());
        }
        let recording = context.store.save_messages_told(told_to);
        if self.write_unless_full(recording).await?.is_some() {
            self.messages.recorded_at = Some(now);
            self.messages.has_news = false;
        }
        Ok(())
    }

    /// `None` if the disk is full or the queue busy; then the round is broken off.
    async fn write_unless_full<T>(
        &mut self,
        writing: impl Future<Output = Result<T, WriteError<rusqlite::Error>>>,
    ) -> Result<Option<T>, SessionEnd> {
        let tried = async { Ok::<_, Infallible>(writing.await) };
        let written = self.wait_for_file(Box::pin(tried)).await?;
        let error = match written {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        match error {
            WriteError::Full => self.link.context.disk.record_refused_write(),
            WriteError::Busy => {}
            _ => return Err(to_session_end(error)),
        }
        tracing::warn!(
            cause = format_error_chain(&error),
            "Could not store messages of orders; the next round asks again"
        );
        self.break_off_round();
        Ok(None)
    }

    fn break_off_round(&mut self) {
        let now = self.link.context.clock.elapsed();
        self.messages.rounds.break_off(now);
    }

    /// Starts the next round soon if this write brings an order that the edge queries.
    pub(super) fn notice_orders_in(&mut self, write: &EdgeWrite) {
        if brings_asked_order(write) {
            self.messages.rounds.hasten();
            // The write may have deleted the recorded time.
            self.messages.recorded_at = None;
        }
    }

    /// Runs once a second.
    pub(super) fn forget_unanswered_message_question(&mut self) {
        let now = self.link.context.clock.elapsed();
        let is_late =
            |asked: &mut QuestionUnderWay| now.saturating_sub(asked.sent_at) >= ANSWER_WITHIN;
        if self.messages.under_way.take_if(is_late).is_some() {
            self.edge.forget_message_question();
            self.break_off_round();
        }
    }
}

fn brings_asked_order(write: &EdgeWrite) -> bool {
    match write {
        EdgeWrite::Changes { changes, .. } => changes.iter().any(|change| match change {
            FeedChange::Order(order) => is_asked_about(order),
            _ => false,
        }),
        EdgeWrite::Outcomes { outcomes, .. } => outcomes
            .iter()
            .any(|decided| decided.outcome.order.as_ref().is_some_and(is_asked_about)),
        EdgeWrite::Snapshot(chunk) => chunk.next.is_none(),
        EdgeWrite::Generation(_) => true,
        EdgeWrite::Tail(_) | EdgeWrite::Quarantine(_) | EdgeWrite::Twin => false,
    }
}
