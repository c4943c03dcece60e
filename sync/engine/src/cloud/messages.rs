//! Queries of an open session for the messages of orders and for parts of their photos, on their way
//! to the order service.
//!
//! Invariant: one query of a session is under way at a time. Further and over-long queries are
//! ignored, and counted like other ignored frames.

use wire::{
    Frame, LinkSessionId, MESSAGE_MARKS_MAX, MessagesAnswer, MessagesAnswerFrame,
    MessagesQueryFrame,
};

use super::{MessageQuestion, SyncSession, SyncSessionOutput};

impl SyncSession {
    pub(super) fn admit_messages_query(
        &mut self,
        link_session: LinkSessionId,
        query: MessagesQueryFrame,
    ) -> Vec<SyncSessionOutput> {
        let fits = match query.photo {
            None => (1..=MESSAGE_MARKS_MAX).contains(&query.marks.len()),
            Some(_) => query.marks.is_empty(),
        };
        if query.link_session != link_session || self.messages_under_way || !fits {
            self.ignored += 1;
            return Vec::new();
        }
        self.messages_under_way = true;
        vec![SyncSessionOutput::AskForMessages(MessageQuestion {
            marks: query.marks,
            photo: query.photo,
        })]
    }

    pub(super) fn answer_messages_query(
        &mut self,
        link_session: LinkSessionId,
        answer: Option<MessagesAnswer>,
    ) -> Vec<SyncSessionOutput> {
        self.messages_under_way = false;
        let is_missing = answer.is_none();
        let MessagesAnswer {
            messages,
            is_more,
            photo,
        } = answer.unwrap_or(MessagesAnswer {
            messages: Vec::new(),
            is_more: false,
            photo: None,
        });
        vec![SyncSessionOutput::Send(Frame::MessagesAnswer(
            MessagesAnswerFrame {
                link_session,
                messages,
                is_more,
                is_missing,
                photo,
            },
        ))]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::{
        CommandId, MessageMark, MessagePhotoPlace, OrderId, OrderMessage, Role, UnixMillis, UserId,
    };

    use super::*;
    use crate::cloud::{
        SyncSessionInput,
        tests::{NOW, link_session, opened},
    };

    fn marks(count: usize) -> Vec<MessageMark> {
        let mark = |n: usize| MessageMark {
            order_id: OrderId(Uuid::from_u128(n as u128)),
            number: 3,
        };
        (1..=count).map(mark).collect()
    }

    fn ask(session: &mut SyncSession, marks: Vec<MessageMark>) -> Vec<SyncSessionOutput> {
        let query = MessagesQueryFrame {
            link_session: link_session(),
            marks,
            photo: None,
        };
        session.handle_input(SyncSessionInput::Frame(Frame::MessagesQuery(query)), NOW)
    }

    fn told() -> MessagesAnswer {
        MessagesAnswer {
            messages: vec![OrderMessage {
                order_id: OrderId(Uuid::from_u128(1)),
                number: 4,
                id: CommandId(Uuid::from_u128(2)),
                from: Role::Customer,
                provider_id: UserId(Uuid::from_u128(3)),
                text: "The key is under the mat.".into(),
                sent_at: UnixMillis(5),
                photo: None,
            }],
            is_more: true,
            photo: None,
        }
    }

    #[test]
    fn a_question_is_handed_on_and_the_next_one_waits_for_its_answer() {
        let mut session = opened(&[]);
        for answer in [Some(told()), None] {
            let asked = SyncSessionOutput::AskForMessages(MessageQuestion {
                marks: marks(2),
                photo: None,
            });
            assert_eq!(ask(&mut session, marks(2)), [asked]);
            let before = session.ignored_count();
            assert_eq!(ask(&mut session, marks(1)), []);
            assert_eq!(session.ignored_count(), before + 1);
            let is_missing = answer.is_none();
            let frame = MessagesAnswerFrame {
                link_session: link_session(),
                messages: answer.clone().map_or(Vec::new(), |told| told.messages),
                is_more: !is_missing,
                is_missing,
                photo: None,
            };
            let reply = SyncSessionOutput::Send(Frame::MessagesAnswer(frame));
            let answered = SyncSessionInput::MessagesAnswered(answer);
            assert_eq!(session.handle_input(answered, NOW), [reply]);
        }
    }

    #[test]
    fn a_long_or_empty_question_and_one_of_another_session_are_ignored() {
        let mut session = opened(&[]);
        assert_eq!(ask(&mut session, marks(MESSAGE_MARKS_MAX + 1)), []);
        assert_eq!(ask(&mut session, Vec::new()), []);
        let query = MessagesQueryFrame {
            link_session: LinkSessionId {
                term: 1,
                ..link_session()
            },
            marks: marks(1),
            photo: None,
        };
        let frame = SyncSessionInput::Frame(Frame::MessagesQuery(query));
        assert_eq!(session.handle_input(frame, NOW), []);
        assert_eq!(session.ignored_count(), 3);
        assert!(!ask(&mut session, marks(MESSAGE_MARKS_MAX)).is_empty());
    }

    #[test]
    fn a_question_for_a_photo_has_no_marks() {
        let mut session = opened(&[]);
        let place = MessagePhotoPlace {
            order_id: OrderId(Uuid::from_u128(1)),
            number: 4,
            offset: 0,
        };
        for (marks, is_taken) in [(marks(1), false), (Vec::new(), true)] {
            let query = MessagesQueryFrame {
                link_session: link_session(),
                marks: marks.clone(),
                photo: Some(place),
            };
            let frame = SyncSessionInput::Frame(Frame::MessagesQuery(query));
            let asked = SyncSessionOutput::AskForMessages(MessageQuestion {
                marks,
                photo: Some(place),
            });
            let expected = Vec::from_iter(is_taken.then_some(asked));
            assert_eq!(session.handle_input(frame, NOW), expected);
        }
    }
}
