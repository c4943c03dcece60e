//! Who may write a message about an order, by its status and the time since its end.

use rules::{find_message_close, find_message_recipient};
use wire::{Actor, Code, Order, OrderStatus, UnixMillis};

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
