//! Who may write a message about an order, by its status and the time since its end; the numbers and
//! notices of messages, and what is refused.

use rules::{
    CaseKind, KnownMessage, MessageDirection, MessageThread, NewMessage, OrderState, Submission,
    Writes, find_message_close, find_message_recipient,
};
use wire::{
    Actor, Code, CommandBody, ERASED_TITLE, EventType, Hash, Order, OrderStatus, OutcomeKind,
    PhotoRef, Role, UnixMillis,
};

use crate::stage::*;

const ENDED: UnixMillis = UnixMillis(1_000);
const CLOSES: UnixMillis = UnixMillis(1_000 + 30 * 24 * 60 * 60 * 1000);

/// An order of customer 1, with provider 1 if one had it.
fn order_in(status: OrderStatus, has_provider: bool) -> Order {
    Order {
        provider_id: has_provider.then_some(provider(1).user_id),
        ..order(9, status).order
    }
}

#[track_caller]
fn check(order: &Order, writer: Actor, now: UnixMillis, expected: Result<Actor, Code>) {
    let found = find_message_recipient(order, writer, Some(ENDED), now);
    assert_eq!(found, expected, "{writer:?} at {} {now:?}", order.status);
}

#[test]
fn the_two_of_an_order_write_from_the_acceptance_until_a_month_after_its_end() {
    use OrderStatus::{Accepted, Cancelled, Completed, InProgress, Reviewed};
    let before = UnixMillis(CLOSES.0 - 1);
    for status in [Accepted, InProgress, Completed, Reviewed, Cancelled] {
        let order = order_in(status, true);
        let goes_on = matches!(status, Accepted | InProgress);
        for (writer, recipient) in [(customer(1), provider(1)), (provider(1), customer(1))] {
            check(&order, writer, before, Ok(recipient));
            let late = match goes_on {
                true => Ok(recipient),
                false => Err(Code::MessagesClosed),
            };
            check(&order, writer, CLOSES, late);
        }
        let closes_at = find_message_close(&order, Some(ENDED));
        assert_eq!(closes_at, (!goes_on).then_some(CLOSES), "{status}");
    }
}

#[test]
fn no_one_writes_to_a_deleted_customer() {
    let order = Order {
        title: ERASED_TITLE.to_owned(),
        ..order_in(OrderStatus::Completed, true)
    };
    check(&order, provider(1), ENDED, Err(Code::MessagesClosed));
}

#[test]
fn without_a_provider_no_one_is_there_to_write_to() {
    for status in OrderStatus::ALL {
        if status.has_provider() {
            continue;
        }
        let order = order_in(status, false);
        check(&order, customer(1), ENDED, Err(Code::MessagesNotOpen));
        check(&order, provider(1), ENDED, Err(Code::OrderNotFound));
    }
}

#[test]
fn the_messages_of_others_do_not_exist() {
    for status in OrderStatus::ALL {
        let order = order_in(status, true);
        for stranger in [customer(2), provider(2), admin()] {
            check(&order, stranger, ENDED, Err(Code::OrderNotFound));
        }
    }
}

pub(crate) fn message(order: u128, text: &str) -> CommandBody {
    CommandBody::SendMessage {
        order_id: order_id(order),
        text: text.to_owned(),
        photo: None,
    }
}

impl Stage {
    /// Order 1 has this message of provider 1, whose command left no answer.
    fn know_message(mut self, id: u128, text: &str) -> Self {
        let direction = MessageDirection {
            provider_id: provider(1).user_id,
            from_provider: true,
        };
        let message = KnownMessage {
            id: command_id(id),
            direction,
            text: text.into(),
            photo: None,
        };
        self.snapshot.messages.record_message(&NewMessage {
            order_id: order_id(1),
            number: 1,
            message,
            needs_notice: true,
        });
        self
    }
}

/// Every message that was written: its number, its text, and whether it needs a notice.
fn sent(writes: &Writes) -> Vec<(u64, &str, bool)> {
    let messages = writes.messages.iter();
    messages
        .map(|new| (new.number, new.message.text.as_str(), new.needs_notice))
        .collect()
}

#[test]
fn messages_of_one_batch_are_numbered_without_a_gap_and_need_one_notice_in_each_direction() {
    let mut stage = Stage::with([
        order(1, OrderStatus::Accepted),
        order(2, OrderStatus::Accepted),
    ]);
    let writes = stage.decide(&[
        logged(1, 11, Some(provider(1)), message(1, " I come at 2. ")),
        portal(12, customer(1), message(1, "水阀在水槽下面。")),
        logged(2, 13, Some(provider(1)), message(2, "Another job")),
        logged(3, 14, Some(provider(1)), message(1, "I am here.")),
        // A repeat of the tablet.
        logged(4, 11, Some(provider(1)), message(1, " I come at 2. ")),
    ]);
    assert_eq!(
        sent(&writes),
        [
            (1, "I come at 2.", true),
            (2, "水阀在水槽下面。", true),
            (1, "Another job", true),
            (3, "I am here.", false),
        ]
    );
    let repeat = outcome(&writes, 4);
    assert_eq!(repeat.kind, OutcomeKind::Duplicate);
    assert!(writes.timeline.is_empty() && writes.cases.is_empty() && writes.orders.is_empty());
    let kinds: Vec<EventType> = writes.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventType::OrderMessageSent; 4]);
    let written: Vec<Role> = writes.events.iter().map(|it| it.body.actor.role).collect();
    use Role::{Customer, Provider};
    assert_eq!(written, [Provider, Customer, Provider, Provider]);

    let (_, writes) = stage.decide_one(logged(5, 15, Some(provider(1)), message(1, "Hello?")));
    assert_eq!(sent(&writes), [(4, "Hello?", false)]);
}

fn photo(content: &[u8]) -> PhotoRef {
    PhotoRef {
        hash: Hash::digest_bytes(content),
        bytes: 70_000,
    }
}

fn message_with_photo(order: u128, text: &str, photo: PhotoRef) -> CommandBody {
    CommandBody::SendMessage {
        order_id: order_id(order),
        text: text.to_owned(),
        photo: Some(photo),
    }
}

#[test]
fn a_message_has_a_text_a_photo_or_both_and_its_photo_makes_it_another_message() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let valve = photo(b"valve");
    let alone = portal(1, customer(1), message_with_photo(1, " ", valve));
    let (outcome, writes) = stage.decide_one(alone.clone());
    assert!(outcome.has_succeeded(), "{outcome:?}");
    assert_eq!(sent(&writes), [(1, "", true)]);
    assert_eq!(writes.messages[0].message.photo, Some(valve));
    assert!(writes.timeline.is_empty(), "it is no evidence");
    let too_large = PhotoRef {
        bytes: 5 * 1024 * 1024 + 1,
        ..valve
    };
    let op = logged(
        1,
        2,
        Some(provider(1)),
        message_with_photo(1, "Look", too_large),
    );
    let (outcome, _) = stage.decide_one(op);
    assert_eq!(outcome.code, Some(Code::InvalidInput));

    let mut before = order(1, OrderStatus::Accepted);
    before.order.provider_id = Some(provider(1).user_id);
    let known = || Stage::with([before.clone()]).know_message(7, "Hello");
    let other = portal(7, provider(1), message_with_photo(1, "Hello", valve));
    let (outcome, _) = known().decide_one(other);
    assert_eq!(outcome.code, Some(Code::CommandIdReused));
}

#[test]
fn a_message_is_judged_at_its_place_in_the_batch() {
    let mut stage = Stage::with([order(1, OrderStatus::Pending)]);
    let codes = codes(
        &mut stage,
        &[
            portal(10, customer(1), message(1, "Is anyone there?")),
            logged(1, 11, Some(provider(1)), message(1, "Too early")),
            logged(2, 12, Some(provider(1)), accept(1)),
            logged(3, 13, Some(provider(1)), message(1, "On my way")),
            logged(4, 14, Some(provider(1)), withdraw_because(1, None)),
            logged(5, 15, Some(provider(1)), message(1, "Too late")),
        ],
    );
    let expected = [
        Some(Code::MessagesNotOpen),
        Some(Code::OrderNotFound),
        None,
        None,
        None,
        Some(Code::OrderNotFound),
    ];
    assert_eq!(codes, expected);
    let thread = &stage.snapshot.messages.threads[&order_id(1)];
    assert_eq!((thread.newest, thread.sent_by_provider), (1, 1));
}

#[test]
fn a_block_of_either_person_stops_both_and_a_refused_message_leaves_no_trace() {
    for (blocker, blocked) in [(customer(1), provider(1)), (provider(1), customer(1))] {
        let mut stage = Stage::with([order(1, OrderStatus::InProgress)]);
        let pair = (blocker.user_id, blocked.user_id);
        stage.snapshot.messages.blocks.insert(pair);
        for (seq, writer) in [(1, customer(1)), (2, provider(1))] {
            let op = logged(seq, u128::from(seq), Some(writer), message(1, "Hello"));
            let (outcome, writes) = stage.decide_one(op);
            assert_eq!(outcome.code, Some(Code::MessagesBlocked));
            assert!(writes.messages.is_empty() && writes.events.is_empty());
            assert!(writes.timeline.is_empty() && writes.cases.is_empty());
        }
        // The portal's key stays free for a try after the block.
        let refused = portal(3, customer(1), message(1, "Hello"));
        let (_, writes) = stage.decide_one(refused.clone());
        assert!(writes.commands.is_empty());
        stage.snapshot.messages.blocks.clear();
        assert!(stage.decide_one(refused).0.has_succeeded());
    }
}

#[test]
fn each_side_sends_so_many_and_no_more_in_one_batch() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let thread = MessageThread {
        newest: 498,
        sent_by_provider: 498,
        ..MessageThread::default()
    };
    let threads = &mut stage.snapshot.messages.threads;
    threads.insert(order_id(1), thread);
    let op = |seq: u64| {
        let id = u128::from(seq);
        logged(seq, id, Some(provider(1)), message(1, "Hello"))
    };
    let many = Some(Code::TooManyMessages);
    let codes = codes(&mut stage, &[op(1), op(2), op(3)]);
    assert_eq!(codes, [None, None, many]);
    let (_, writes) = stage.decide_one(portal(9, customer(1), message(1, "Call me")));
    assert_eq!(sent(&writes), [(501, "Call me", true)]);
}

#[test]
fn an_id_names_one_message_of_a_side_whoever_was_the_provider() {
    let mut before = order(1, OrderStatus::Accepted);
    before.order.provider_id = Some(provider(2).user_id);
    let stage = |before: &OrderState| Stage::with([before.clone()]).know_message(7, "Hello");
    // The one of another provider, whose command has another key.
    let theirs = logged(1, 7, Some(provider(2)), message(1, "Hello"));
    let (refused, writes) = stage(&before).decide_one(theirs);
    assert_eq!(refused.code, Some(Code::CommandIdReused));
    assert!(writes.messages.is_empty());
    // The customer's ids are their own.
    let (_, writes) = stage(&before).decide_one(portal(7, customer(1), message(1, "Hello")));
    assert_eq!(sent(&writes), [(2, "Hello", true)]);
    // Stored before messages were commands, and repeated since.
    before.order.provider_id = Some(provider(1).user_id);
    let repeat = portal(7, provider(1), message(1, "Hello"));
    let (again, writes) = stage(&before).decide_one(repeat);
    assert!(again.has_succeeded());
    assert!(writes.messages.is_empty() && writes.events.is_empty());
    let reused = portal(7, provider(1), message(1, "Bye"));
    let (other, _) = stage(&before).decide_one(reused);
    assert_eq!(other.code, Some(Code::CommandIdReused));
}

#[test]
fn a_refused_message_after_a_promise_on_a_closed_order_opens_no_case() {
    let mut stage = Stage::with([order(1, OrderStatus::Cancelled)]);
    let met = (order_id(1), provider(1).user_id);
    stage.snapshot.met_closed.insert(met);
    let op = logged(1, 1, Some(provider(1)), message(1, "I am here."));
    let (outcome, writes) = stage.decide_one(op);
    assert_eq!(outcome.code, Some(Code::OrderCancelled));
    assert_eq!(case_kinds(&writes), Vec::<CaseKind>::new());
    assert!(writes.timeline.is_empty() && writes.events.is_empty());
}

#[test]
fn a_text_that_an_edge_let_through_is_refused_like_one_at_the_portal() {
    let mut stage = Stage::with([order(1, OrderStatus::Accepted)]);
    let op = |text: &str| -> Submission { logged(1, 1, Some(provider(1)), message(1, text)) };
    for text in ["", " \n ", &"水".repeat(1_001)] {
        let (outcome, _) = stage.decide_one(op(text));
        assert_eq!(outcome.code, Some(Code::InvalidInput), "{text:?}");
        stage.snapshot.answers.clear();
    }
}
