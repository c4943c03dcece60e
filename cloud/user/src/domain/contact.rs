//! The two people of an order: which of them a reader may see, and a phone number without the
//! digits that dial it.
//!
//! Invariant: they see each other's contact exactly while the job is certainly the provider's and
//! not finished, as the provider sees the address.

use wire::{Actor, Code, Order, find_other_party, is_party};

/// From this many characters on, a masked number keeps its prefix and its last digits.
const LONG_NUMBER_CHARS: usize = 11;
const LONG_NUMBER_END: usize = 4;
const SHORT_NUMBER_END: usize = 2;
/// Replaces the digits in between, however many.
const MASK: &str = "****";

/// The other person of the order, if the reader may contact them now. An order of others counts as
/// missing.
pub fn find_contact(order: &Order, reader: Actor) -> Result<Actor, Code> {
    if !is_party(order, reader) {
        return Err(Code::OrderNotFound);
    }
    find_other_party(order, reader)
        .filter(|_| order.status.is_at_work())
        .ok_or(Code::ContactNotOpen)
}

/// Shows enough to recognise a number, and too little to dial it.
pub fn mask_phone_number(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    let is_long = chars.len() >= LONG_NUMBER_CHARS;
    let end = if is_long {
        LONG_NUMBER_END
    } else {
        SHORT_NUMBER_END
    };
    let prefix = if is_long {
        chars.len() - LONG_NUMBER_END - MASK.len()
    } else {
        0
    };
    let first: String = chars.iter().take(prefix).collect();
    let last: String = chars.iter().skip(chars.len().saturating_sub(end)).collect();
    format!("{first}{MASK}{last}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::{
        Amount, Draft, OrderId, OrderStatus, Region, Role, ServiceType, Source, UnixMillis, UserId,
    };

    use super::*;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn provider(user_id: UserId) -> Actor {
        let role = Role::Provider;
        Actor { user_id, role }
    }

    fn customer(user_id: UserId) -> Actor {
        let role = Role::Customer;
        Actor { user_id, role }
    }

    /// An order of customer 1, with provider 2 once it can have one.
    fn order(status: OrderStatus) -> Order {
        let price = Amount::from_minor(20_000).unwrap();
        let kind = ServiceType::CleaningRepair;
        let draft = Draft::new("Fix the tap", kind, price, Region::North, "1 Lake Road");
        let id = OrderId(Uuid::from_u128(9));
        Order {
            provider_id: status.has_provider().then_some(user(2)),
            status,
            ..Order::new_published(id, draft, user(1), UnixMillis(0), Source::Portal)
        }
    }

    #[test]
    fn the_two_people_find_each_other_while_the_job_is_accepted_and_not_finished() {
        for status in OrderStatus::ALL {
            let order = order(status);
            let at_work = matches!(status, OrderStatus::Accepted | OrderStatus::InProgress);
            let of_customer = find_contact(&order, customer(user(1)));
            let expected = match at_work {
                true => Ok(provider(user(2))),
                false => Err(Code::ContactNotOpen),
            };
            assert_eq!(of_customer, expected, "{status}");
            let of_provider = find_contact(&order, provider(user(2)));
            let expected = match (at_work, status.has_provider()) {
                (true, _) => Ok(customer(user(1))),
                (false, true) => Err(Code::ContactNotOpen),
                (false, false) => Err(Code::OrderNotFound),
            };
            assert_eq!(of_provider, expected, "{status}");
        }
    }

    #[test]
    fn the_order_does_not_exist_for_anyone_else() {
        for status in OrderStatus::ALL {
            let order = order(status);
            let admin = Actor {
                user_id: user(1),
                role: Role::Admin,
            };
            // The same person in the other role is not a party either.
            for reader in [
                customer(user(3)),
                provider(user(3)),
                customer(user(2)),
                provider(user(1)),
                admin,
            ] {
                let found = find_contact(&order, reader);
                assert_eq!(found, Err(Code::OrderNotFound), "{status} {reader:?}");
            }
        }
    }

    #[test]
    fn a_masked_number_can_be_recognised_and_not_dialled() {
        for (number, masked) in [
            ("13812341000", "138****1000"),
            ("+8613812341000", "+86138****1000"),
            ("1234567890", "****90"),
            ("12345", "****45"),
            ("1", "****1"),
        ] {
            assert_eq!(mask_phone_number(number), masked);
        }
    }
}
