//! Requests the messages of this edge's orders from the cloud, query by query, and their photos part
//! by part.
//!
//! Invariants: one query is under way at a time; only a signed answer counts, and only if all of it
//! matches the query.

use std::time::Duration;

use wire::{
    Frame, MESSAGE_MARKS_MAX, MESSAGE_PHOTO_PART_BYTES_MAX, MESSAGES_IN_ANSWER_MAX, MessageMark,
    MessagePhotoPart, MessagePhotoPlace, MessagesAnswerFrame, MessagesQueryFrame, Order, OrderId,
    OrderMessage, OrderStatus, PHOTO_BYTES_MAX, UnixMillis,
};

use super::{EdgeProtocol, IgnoreReason, LinkPhase, LinkStep, ToldMessages, ignore_frame};

/// What the query under way asks for.
#[derive(Debug)]
pub(super) enum MessageQuestion {
    After(Vec<MessageMark>),
    Photo(MessagePhotoPlace),
}

impl EdgeProtocol {
    /// True if a query may be sent now.
    pub fn may_ask_for_messages(&self) -> bool {
        let LinkPhase::Open { tells_messages, .. } = &self.phase else {
            return false;
        };
        *tells_messages && self.is_signed && self.message_question.is_none()
    }

    /// `None` if no query may be sent now, or not with so many marks.
    pub fn ask_for_messages(&mut self, marks: Vec<MessageMark>) -> Option<Frame> {
        let LinkPhase::Open { link_session, .. } = &self.phase else {
            return None;
        };
        let fits = (1..=MESSAGE_MARKS_MAX).contains(&marks.len());
        if !fits || !self.may_ask_for_messages() {
            return None;
        }
        self.message_question = Some(MessageQuestion::After(marks.clone()));
        Some(Frame::MessagesQuery(MessagesQueryFrame {
            link_session: *link_session,
            marks,
            photo: None,
        }))
    }

    /// `None` if no query may be sent now.
    pub fn ask_for_message_photo(&mut self, place: MessagePhotoPlace) -> Option<Frame> {
        let LinkPhase::Open { link_session, .. } = &self.phase else {
            return None;
        };
        if !self.may_ask_for_messages() {
            return None;
        }
        self.message_question = Some(MessageQuestion::Photo(place));
        Some(Frame::MessagesQuery(MessagesQueryFrame {
            link_session: *link_session,
            marks: Vec::new(),
            photo: Some(place),
        }))
    }

    /// Gives up on an answer that does not come, so that messages do not wait for the next session.
    pub fn forget_message_question(&mut self) {
        self.message_question = None;
    }

    pub(super) fn handle_messages_answer(&mut self, frame: MessagesAnswerFrame) -> Vec<LinkStep> {
        let answers = |question: &mut MessageQuestion| question.is_answered_by(&frame);
        let asked = match self.is_signed {
            true => self.message_question.take_if(answers),
            false => None,
        };
        let MessagesAnswerFrame {
            messages,
            is_more,
            is_missing,
            photo,
            ..
        } = frame;
        match asked {
            None => ignore_frame("MessagesAnswer", IgnoreReason::Unexpected),
            Some(MessageQuestion::After(_)) => {
                let told = (!is_missing).then_some(ToldMessages { messages, is_more });
                vec![LinkStep::MessagesAnswered(told)]
            }
            Some(MessageQuestion::Photo(_)) => vec![LinkStep::MessagePhotoAnswered(photo)],
        }
    }
}

impl MessageQuestion {
    fn is_answered_by(&self, frame: &MessagesAnswerFrame) -> bool {
        match self {
            Self::After(marks) => frame.photo.is_none() && answers_marks(&frame.messages, marks),
            Self::Photo(place) => {
                let part = frame.photo.as_ref();
                frame.messages.is_empty() && part.is_none_or(|part| is_part_at(part, *place))
            }
        }
    }
}

/// The part begins at this place and lies within the picture.
fn is_part_at(part: &MessagePhotoPart, place: MessagePhotoPlace) -> bool {
    let length = u32::try_from(part.body.len()).unwrap_or(u32::MAX);
    let end = place.offset.saturating_add(length);
    part.place == place
        && part.body.len() <= MESSAGE_PHOTO_PART_BYTES_MAX
        && part.bytes <= PHOTO_BYTES_MAX
        && (part.body.is_empty() || end <= part.bytes)
}

fn answers_marks(messages: &[OrderMessage], marks: &[MessageMark]) -> bool {
    let is_asked = |message: &OrderMessage| {
        let mark = marks.iter().find(|mark| mark.order_id == message.order_id);
        mark.is_some_and(|mark| message.number > mark.number)
    };
    messages.len() <= MESSAGES_IN_ANSWER_MAX && messages.iter().all(is_asked)
}

/// True if the edge requests the messages of this order.
pub fn is_asked_about(order: &Order) -> bool {
    order.status.is_at_work() || order.status == OrderStatus::Completed
}

/// The orders of the next query: those after `after`, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTurn {
    pub orders: MessageOrders,
    pub after: Option<OrderId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOrders {
    AtWork,
    Completed,
}

/// Schedules the queries. Each round queries all orders at work, then some completed ones, which
/// are many and take turns.
#[derive(Debug, Default)]
pub struct MessageRounds {
    /// When the newest round started.
    started_at: Option<Duration>,
    /// No round starts earlier, after a failure.
    rests_until: Duration,
    /// A queried order has changed since the newest round started.
    is_hastened: bool,
    round: Option<Round>,
    completed: CompletedOrders,
}

#[derive(Debug)]
struct Round {
    turn: MessageTurn,
    began: UnixMillis,
}

#[derive(Debug, Default)]
struct CompletedOrders {
    after: Option<OrderId>,
    /// When the current pass over all of them began; `None` between passes.
    began: Option<UnixMillis>,
    /// All their messages up to this time were received.
    told_to: Option<UnixMillis>,
}

const ROUND_EVERY: Duration = Duration::from_secs(15);
const ROUND_AFTER_CHANGE: Duration = Duration::from_secs(1);

impl MessageRounds {
    /// Call it after a queried order has changed. The present round may have missed the change, so
    /// it proves nothing.
    pub fn hasten(&mut self) {
        self.is_hastened = true;
    }

    /// `None` until the next round is due. `elapsed` is a time that no clock change moves, and
    /// `now` the edge's time.
    pub fn next_turn(&mut self, elapsed: Duration, now: UnixMillis) -> Option<MessageTurn> {
        if let Some(round) = &self.round {
            return Some(round.turn);
        }
        let pause = match self.is_hastened {
            true => ROUND_AFTER_CHANGE,
            false => ROUND_EVERY,
        };
        let due_at = self.started_at.map_or(Duration::ZERO, |at| at + pause);
        if elapsed < due_at.max(self.rests_until) {
            return None;
        }
        self.started_at = Some(elapsed);
        self.is_hastened = false;
        let turn = MessageTurn {
            orders: MessageOrders::AtWork,
            after: None,
        };
        self.round = Some(Round { turn, began: now });
        Some(turn)
    }

    /// Call it once all messages of a turn were received; `last` is its last order if there may be
    /// more. Returns the time up to which the edge has all messages, once a round is over.
    pub fn end_turn(&mut self, last: Option<OrderId>) -> Option<UnixMillis> {
        let Round { turn, began } = self.round.take()?;
        let next = match (turn.orders, last) {
            (MessageOrders::AtWork, Some(_)) => MessageTurn {
                after: last,
                ..turn
            },
            (MessageOrders::AtWork, None) => MessageTurn {
                orders: MessageOrders::Completed,
                after: self.completed.after,
            },
            (MessageOrders::Completed, _) => {
                let told_to = self.completed.end_turn(last, began);
                return told_to.filter(|_| !self.is_hastened);
            }
        };
        self.round = Some(Round { turn: next, began });
        None
    }

    /// The cloud or the file failed; the next round starts later.
    pub fn break_off(&mut self, elapsed: Duration) {
        self.round = None;
        self.rests_until = elapsed + ROUND_EVERY;
    }
}

impl CompletedOrders {
    fn end_turn(&mut self, last: Option<OrderId>, round_began: UnixMillis) -> Option<UnixMillis> {
        let began = *self.began.get_or_insert(round_began);
        self.after = last;
        if last.is_none() {
            self.told_to = Some(began);
            self.began = None;
        }
        self.told_to
    }
}

#[cfg(test)]
mod tests;
