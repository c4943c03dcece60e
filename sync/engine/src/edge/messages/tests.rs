use wire::{ChainHead, CommandId, FrameProof, Role, UserId, Welcome};

use super::*;
use crate::{
    edge::{
        HubCheck,
        tests::{LINK_SESSION, fresh, open, position, welcome},
    },
    tests::{edge as edge_id, id},
};

fn mark(order: u128, number: u64) -> MessageMark {
    MessageMark {
        order_id: OrderId(id(order)),
        number,
    }
}

fn message(order: u128, number: u64) -> OrderMessage {
    OrderMessage {
        order_id: OrderId(id(order)),
        number,
        id: CommandId(id(100 * order + u128::from(number))),
        from: Role::Customer,
        provider_id: UserId(id(20)),
        text: "The key is under the mat.".into(),
        sent_at: UnixMillis(5),
        photo: None,
    }
}

fn answer(messages: Vec<OrderMessage>) -> Frame {
    Frame::MessagesAnswer(MessagesAnswerFrame {
        link_session: LINK_SESSION,
        messages,
        is_more: true,
        is_missing: false,
        photo: None,
    })
}

fn place(offset: u32) -> MessagePhotoPlace {
    MessagePhotoPlace {
        order_id: OrderId(id(1)),
        number: 4,
        offset,
    }
}

fn part_answer(part: Option<MessagePhotoPart>) -> Frame {
    Frame::MessagesAnswer(MessagesAnswerFrame {
        link_session: LINK_SESSION,
        messages: Vec::new(),
        is_more: false,
        is_missing: part.is_none(),
        photo: part,
    })
}

fn unexpected() -> Vec<LinkStep> {
    ignore_frame("MessagesAnswer", IgnoreReason::Unexpected)
}

#[test]
fn one_question_is_under_way_and_its_answer_counts_once() {
    let mut edge = open(position());
    let told = vec![message(1, 4), message(2, 1)];
    assert_eq!(edge.handle_signed_frame(answer(told.clone())), unexpected());
    let marks = vec![mark(1, 3), mark(2, 0)];
    let frame = Frame::MessagesQuery(MessagesQueryFrame {
        link_session: LINK_SESSION,
        marks: marks.clone(),
        photo: None,
    });
    assert_eq!(edge.ask_for_messages(marks.clone()), Some(frame));
    assert_eq!(
        edge.ask_for_messages(marks.clone()),
        None,
        "one is under way"
    );
    let step = LinkStep::MessagesAnswered(Some(ToldMessages {
        messages: told.clone(),
        is_more: true,
    }));
    assert_eq!(edge.handle_signed_frame(answer(told.clone())), [step]);
    assert_eq!(edge.handle_signed_frame(answer(told)), unexpected());

    assert!(edge.ask_for_messages(marks.clone()).is_some());
    let missing = Frame::MessagesAnswer(MessagesAnswerFrame {
        link_session: LINK_SESSION,
        messages: Vec::new(),
        is_more: false,
        is_missing: true,
        photo: None,
    });
    let step = LinkStep::MessagesAnswered(None);
    assert_eq!(edge.handle_signed_frame(missing), [step]);

    assert!(edge.ask_for_messages(marks).is_some());
    edge.forget_message_question();
    assert!(edge.may_ask_for_messages());
}

#[test]
fn an_answer_brings_only_what_the_question_asks_for() {
    let mut edge = open(position());
    assert!(edge.ask_for_messages(vec![mark(1, 3)]).is_some());
    let too_many = (0..=MESSAGES_IN_ANSWER_MAX as u64).map(|n| message(1, 4 + n));
    for wrong in [
        vec![message(1, 3)],
        vec![message(1, 4), message(2, 1)],
        too_many.collect(),
    ] {
        assert_eq!(edge.handle_signed_frame(answer(wrong)), unexpected());
    }
    let told = edge.handle_signed_frame(answer(vec![message(1, 4)]));
    assert!(matches!(told[..], [LinkStep::MessagesAnswered(Some(_))]));
}

#[test]
fn a_question_for_a_photo_takes_its_own_part_alone() {
    let mut edge = open(position());
    let asked = Frame::MessagesQuery(MessagesQueryFrame {
        link_session: LINK_SESSION,
        marks: Vec::new(),
        photo: Some(place(8)),
    });
    assert_eq!(edge.ask_for_message_photo(place(8)), Some(asked));
    assert_eq!(edge.ask_for_messages(vec![mark(1, 3)]), None);
    let part = MessagePhotoPart {
        place: place(8),
        bytes: 20,
        body: vec![0; 12],
        is_refused: false,
    };
    let too_large = MessagePhotoPart {
        bytes: PHOTO_BYTES_MAX,
        body: vec![0; MESSAGE_PHOTO_PART_BYTES_MAX + 1],
        ..part.clone()
    };
    for wrong in [
        MessagePhotoPart {
            place: place(0),
            ..part.clone()
        },
        MessagePhotoPart {
            bytes: 19,
            ..part.clone()
        },
        MessagePhotoPart {
            bytes: PHOTO_BYTES_MAX + 1,
            ..part.clone()
        },
        too_large,
    ] {
        let told = edge.handle_signed_frame(part_answer(Some(wrong)));
        assert_eq!(told, unexpected());
    }
    assert_eq!(
        edge.handle_signed_frame(answer(vec![message(1, 4)])),
        unexpected()
    );
    let told = edge.handle_signed_frame(part_answer(Some(part.clone())));
    assert_eq!(told, [LinkStep::MessagePhotoAnswered(Some(part.clone()))]);
    assert_eq!(
        edge.handle_signed_frame(part_answer(Some(part.clone()))),
        unexpected()
    );

    assert!(edge.ask_for_message_photo(place(8)).is_some());
    let told = edge.handle_signed_frame(part_answer(None));
    assert_eq!(told, [LinkStep::MessagePhotoAnswered(None)]);

    assert!(edge.ask_for_messages(vec![mark(1, 3)]).is_some());
    let told = edge.handle_signed_frame(part_answer(Some(part)));
    assert_eq!(told, unexpected());
}

#[test]
fn without_the_hubs_signature_no_question_leaves_and_no_answer_counts() {
    let mut edge = open(position());
    assert!(edge.ask_for_messages(vec![mark(1, 0)]).is_some());
    let forged = edge.handle_frame(answer(vec![message(1, 1)]), FrameProof::Unsigned);
    assert_eq!(forged, unexpected());
    edge.forget_message_question();
    assert_eq!(edge.ask_for_messages(vec![mark(1, 0)]), None);
}

#[test]
fn an_older_hub_gets_no_question_and_no_hub_a_longer_one() {
    let Frame::Welcome(welcome) = welcome(LINK_SESSION, ChainHead::start(&edge_id())) else {
        unreachable!("a Welcome was built")
    };
    for messages in [None, Some(false)] {
        let mut edge = fresh(position());
        edge.start_greeting(HubCheck::default());
        edge.handle_signed_frame(Frame::Welcome(Welcome {
            messages,
            ..welcome.clone()
        }));
        assert!(edge.is_open());
        assert_eq!(edge.ask_for_messages(vec![mark(1, 0)]), None);
    }
    let mut edge = open(position());
    let marks = vec![mark(1, 0); MESSAGE_MARKS_MAX + 1];
    assert_eq!(edge.ask_for_messages(marks), None);
    assert_eq!(edge.ask_for_messages(Vec::new()), None);
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn at(second: u64) -> UnixMillis {
    UnixMillis(1_000 * second.cast_signed())
}

fn turn(orders: MessageOrders, after: Option<u128>) -> Option<MessageTurn> {
    let after = after.map(|order| OrderId(id(order)));
    Some(MessageTurn { orders, after })
}

fn order(n: u128) -> Option<OrderId> {
    Some(OrderId(id(n)))
}

use MessageOrders::{AtWork, Completed};

/// A round in which no turn is full.
fn short_round(rounds: &mut MessageRounds, second: u64) -> Option<UnixMillis> {
    let start = rounds.next_turn(seconds(second), at(second));
    assert_eq!(start, turn(AtWork, None));
    assert_eq!(rounds.end_turn(None), None);
    rounds.end_turn(None)
}

#[test]
fn a_round_starts_at_once_and_then_every_15_seconds_or_after_a_change() {
    let mut rounds = MessageRounds::default();
    assert_eq!(short_round(&mut rounds, 0), Some(at(0)));
    assert_eq!(rounds.next_turn(seconds(14), at(14)), None);
    assert_eq!(short_round(&mut rounds, 15), Some(at(15)));
    rounds.hasten();
    let early = Duration::from_millis(15_900);
    assert_eq!(rounds.next_turn(early, at(15)), None);
    assert_eq!(short_round(&mut rounds, 16), Some(at(16)));
    assert_eq!(rounds.next_turn(seconds(17), at(17)), None);
}

#[test]
fn a_round_that_may_have_missed_an_order_proves_nothing() {
    let mut rounds = MessageRounds::default();
    assert_eq!(rounds.next_turn(seconds(0), at(0)), turn(AtWork, None));
    assert_eq!(rounds.end_turn(None), None);
    rounds.hasten();
    assert_eq!(rounds.end_turn(None), None);
    assert_eq!(short_round(&mut rounds, 1), Some(at(1)));
}

#[test]
fn orders_at_work_are_all_asked_about_in_each_round_and_completed_ones_in_turns() {
    let mut rounds = MessageRounds::default();
    let next = |rounds: &mut MessageRounds, second| rounds.next_turn(seconds(second), at(second));
    assert_eq!(next(&mut rounds, 0), turn(AtWork, None));
    assert_eq!(
        next(&mut rounds, 0),
        turn(AtWork, None),
        "asked again for more"
    );
    assert_eq!(rounds.end_turn(order(64)), None);
    assert_eq!(next(&mut rounds, 1), turn(AtWork, Some(64)));
    assert_eq!(rounds.end_turn(None), None);
    assert_eq!(next(&mut rounds, 2), turn(Completed, None));
    assert_eq!(rounds.end_turn(order(164)), None, "not all are told");

    assert_eq!(next(&mut rounds, 15), turn(AtWork, None));
    assert_eq!(rounds.end_turn(None), None);
    assert_eq!(next(&mut rounds, 15), turn(Completed, Some(164)));
    assert_eq!(rounds.end_turn(None), Some(at(0)));

    assert_eq!(next(&mut rounds, 30), turn(AtWork, None));
    assert_eq!(rounds.end_turn(None), None);
    assert_eq!(next(&mut rounds, 30), turn(Completed, None));
    assert_eq!(rounds.end_turn(order(164)), Some(at(0)));
    assert_eq!(next(&mut rounds, 45), turn(AtWork, None));
    assert_eq!(rounds.end_turn(None), None);
    assert_eq!(rounds.end_turn(None), Some(at(30)));
}

#[test]
fn after_a_failure_the_round_starts_again_later_and_has_told_nothing() {
    let mut rounds = MessageRounds::default();
    assert_eq!(rounds.next_turn(seconds(0), at(0)), turn(AtWork, None));
    assert_eq!(rounds.end_turn(order(64)), None);
    rounds.break_off(seconds(9));
    assert_eq!(rounds.end_turn(None), None, "no round goes on");
    rounds.hasten();
    assert_eq!(rounds.next_turn(seconds(23), at(23)), None);
    assert_eq!(short_round(&mut rounds, 24), Some(at(24)));
}
