//! Who may see an order, its address and its people: each reader's part of it, at an edge as in the
//! cloud.
//!
//! Invariants: only the order's own people and admins see the customer's id, address and contacts.
//! A provider is one of them only while the job is certainly theirs, or has been started at an edge
//! of a region whose rules show the address from then on (`address_at_start`). People learn that an
//! order has a start code, and never its hash, from which the code could be found. They learn until
//! when an open job is offered to a few providers, and each of these that it is offered to them;
//! only admins see to whom.

use uuid::Uuid;

use crate::{
    ids::UserId,
    order::{JobOffer, Order, OrderStatus},
    person::{Actor, Role},
    start_code::StartCodeCheck,
};

/// How certain it is that the order belongs to its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AcceptanceCertainty {
    /// The cloud decided their acceptance, or an edge promised it under its right to assign.
    #[default]
    Sure,
    /// An edge took their acceptance, and the cloud has not decided it yet.
    Unsure,
    /// As `Unsure`, and they have started the work.
    UnsureStarted,
}

/// Replaces a hidden customer's id. The true id would reveal which open orders come from an address
/// that the provider has seen before.
pub const HIDDEN_CUSTOMER: UserId = UserId(Uuid::nil());

/// Replaces a telephone number or an e-mail address in a customer's text.
const MASK: &str = "•••";
/// The digits of the shortest telephone number to mask. A date with a time has fewer.
const NUMBER_DIGITS: usize = 11;
/// The same for numbers that start with a plus sign.
const COUNTRY_NUMBER_DIGITS: usize = 8;

/// The decided order as this person may read it; `None` if it must not exist for them.
pub fn order_visible_to(order: &Order, actor: Actor) -> Option<Order> {
    order_visible_given_certainty(order, actor, AcceptanceCertainty::Sure)
}

/// The order as this person may read it, given how certain it is that its provider has the job.
pub fn order_visible_given_certainty(
    order: &Order,
    actor: Actor,
    certainty: AcceptanceCertainty,
) -> Option<Order> {
    match actor.role {
        Role::Admin => Some(hide_start_code_hash(order)),
        Role::Customer => {
            (order.customer_id == actor.user_id).then(|| hide_names_and_start_code(order))
        }
        Role::Provider if order.provider_id == Some(actor.user_id) => {
            let whole = order.status.is_at_work() && certainty == AcceptanceCertainty::Sure;
            Some(if whole {
                hide_names_and_start_code(order)
            } else {
                hide_customer_and_address(order)
            })
        }
        Role::Provider => order_visible_to_every_provider(order).map(|open| Order {
            offer: offer_visible_to(order, Some(actor.user_id)),
            ..open
        }),
    }
}

/// An open order without its customer. Providers see no other orders of strangers.
pub fn order_visible_to_every_provider(order: &Order) -> Option<Order> {
    (order.status == OrderStatus::Pending).then(|| hide_customer_and_address(order))
}

/// Returns true for the order's customer and for its current provider.
pub fn is_party(order: &Order, person: Actor) -> bool {
    match person.role {
        Role::Customer => order.customer_id == person.user_id,
        Role::Provider => order.provider_id == Some(person.user_id),
        Role::Admin => false,
    }
}

/// The provider for the order's customer, and the customer for its current provider.
pub fn find_other_party(order: &Order, person: Actor) -> Option<Actor> {
    if !is_party(order, person) {
        return None;
    }
    let (user_id, role) = match person.role {
        Role::Customer => (order.provider_id?, Role::Provider),
        Role::Provider | Role::Admin => (order.customer_id, Role::Customer),
    };
    Some(Actor { user_id, role })
}

/// The work without the customer: no id, no address, and contacts masked in the texts.
pub fn hide_customer_and_address(order: &Order) -> Order {
    Order {
        customer_id: HIDDEN_CUSTOMER,
        title: without_contacts(&order.title),
        description: without_contacts(&order.description),
        address: String::new(),
        ..hide_names_and_start_code(order)
    }
}

/// Only admins see to whom an open job is offered.
fn hide_names_and_start_code(order: &Order) -> Order {
    Order {
        offer: offer_visible_to(order, None),
        ..hide_start_code_hash(order)
    }
}

/// The offer as this provider sees it, or another person who is no admin.
fn offer_visible_to(order: &Order, provider: Option<UserId>) -> Option<JobOffer> {
    let offer = order.offer.as_ref();
    offer.map(|offer| offer.without_names(provider))
}

fn hide_start_code_hash(order: &Order) -> Order {
    Order {
        start_code: order.start_code.map(StartCodeCheck::without_hash),
        ..order.clone()
    }
}

/// A best-effort filter: an admin also reads the text before providers do.
fn without_contacts(words: &str) -> String {
    let chars: Vec<char> = words.chars().collect();
    let mut masked = String::with_capacity(words.len());
    let mut at = 0;
    while let Some(&next) = chars.get(at) {
        let rest = &chars[at..];
        if let Some(length) = match_phone_number(rest).or_else(|| match_email_address(rest)) {
            masked.push_str(MASK);
            at += length;
        } else {
            masked.push(next);
            at += 1;
        }
    }
    masked
}

/// The length of a telephone number that starts here.
fn match_phone_number(chars: &[char]) -> Option<usize> {
    let plus = chars.first() == Some(&'+');
    let mut digits = 0;
    let mut length = 0;
    for (at, &c) in chars.iter().enumerate().skip(usize::from(plus)) {
        match c {
            c if c.is_numeric() => (digits, length) = (digits + 1, at + 1),
            ' ' | '-' if at > 0 && chars[at - 1].is_numeric() => {}
            _ => break,
        }
    }
    let enough = if plus {
        COUNTRY_NUMBER_DIGITS
    } else {
        NUMBER_DIGITS
    };
    (digits >= enough).then_some(length)
}

/// The length of an e-mail address that starts here.
fn match_email_address(chars: &[char]) -> Option<usize> {
    let name = chars.iter().take_while(|&&c| is_email_char(c)).count();
    let host = chars
        .get(name + 1..)?
        .iter()
        .take_while(|&&c| is_email_char(c))
        .count();
    let is_mail = name > 0 && host > 2 && chars[name] == '@';
    is_mail.then_some(name + 1 + host)
}

/// Returns true if the character may occur in the name or host of an e-mail address.
fn is_email_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Amount, Draft, Hash, OrderId, Region, ServiceType, Source, UnixMillis};

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    /// An order of customer 1, done by provider 2.
    fn order(status: OrderStatus) -> Order {
        let id = OrderId(Uuid::from_u128(9));
        let price = Amount::from_minor(20_000).unwrap();
        let work = ServiceType::CleaningRepair;
        let mut draft = Draft::new("Fix the tap", work, price, Region::North, "1 Lake Road");
        draft.description = "It drips. Call 138 1234 5678.".into();
        Order {
            provider_id: (status != OrderStatus::Pending).then(|| user(2)),
            status,
            ..Order::new_published(id, draft, user(1), UnixMillis(0), Source::Portal)
        }
    }

    #[track_caller]
    fn check(
        order: &Order,
        role: Role,
        n: u128,
        certainty: AcceptanceCertainty,
        expected: Option<&Order>,
    ) {
        let seen = order_visible_given_certainty(
            order,
            Actor {
                user_id: user(n),
                role,
            },
            certainty,
        );
        assert_eq!(
            seen.as_ref(),
            expected,
            "{role:?} {n} reads {} {certainty:?}",
            order.status
        );
    }

    #[test]
    fn an_order_is_for_its_own_people_and_an_open_one_for_every_provider() {
        for status in OrderStatus::ALL {
            let order = order(status);
            let outline = hide_customer_and_address(&order);
            let open = status == OrderStatus::Pending;
            let at_work = status.is_at_work();
            check(
                &order,
                Role::Customer,
                1,
                AcceptanceCertainty::Sure,
                Some(&order),
            );
            check(
                &order,
                Role::Admin,
                7,
                AcceptanceCertainty::Sure,
                Some(&order),
            );
            check(&order, Role::Customer, 3, AcceptanceCertainty::Sure, None);
            check(
                &order,
                Role::Provider,
                3,
                AcceptanceCertainty::Sure,
                open.then_some(&outline),
            );
            let own = if at_work { &order } else { &outline };
            check(
                &order,
                Role::Provider,
                2,
                AcceptanceCertainty::Sure,
                Some(own),
            );
            for hold in [
                AcceptanceCertainty::Unsure,
                AcceptanceCertainty::UnsureStarted,
            ] {
                check(&order, Role::Provider, 2, hold, Some(&outline));
            }
        }
    }

    #[test]
    fn people_learn_of_a_start_code_and_never_its_hash() {
        for status in OrderStatus::ALL {
            let coded = Order {
                start_code: Some(StartCodeCheck::new(Hash::ZERO)),
                ..order(status)
            };
            for (role, n) in [(Role::Customer, 1), (Role::Provider, 2), (Role::Admin, 7)] {
                let user_id = user(n);
                let seen = order_visible_to(&coded, Actor { user_id, role });
                let shown = seen.and_then(|order| order.start_code);
                let shown = shown.expect("it is one of the order's people");
                assert_eq!(shown.hash, None, "{role:?} {status}");
            }
        }
    }

    #[test]
    fn only_admins_see_to_whom_a_job_is_offered() {
        let offer = JobOffer::new(vec![user(2), user(4)], UnixMillis(9_000));
        let offered = Order {
            offer: Some(offer.clone()),
            ..order(OrderStatus::Pending)
        };
        let seen_by = |role, n| {
            let user_id = user(n);
            let seen = order_visible_to(&offered, Actor { user_id, role });
            seen.and_then(|order| order.offer)
        };
        let nameless = JobOffer::new(Vec::new(), offer.until);
        let to_you = JobOffer {
            to_you: true,
            ..nameless.clone()
        };
        assert_eq!(seen_by(Role::Admin, 7), Some(offer));
        assert_eq!(seen_by(Role::Customer, 1), Some(nameless.clone()));
        assert_eq!(seen_by(Role::Provider, 3), Some(nameless.clone()));
        assert_eq!(seen_by(Role::Provider, 4), Some(to_you));
        let every = order_visible_to_every_provider(&offered);
        assert_eq!(every.and_then(|order| order.offer), Some(nameless.clone()));
        let outline = hide_customer_and_address(&offered);
        assert_eq!(outline.offer, Some(nameless));
    }

    #[test]
    fn the_work_is_told_without_the_person() {
        let outline = hide_customer_and_address(&order(OrderStatus::Pending));
        assert_eq!(outline.customer_id, HIDDEN_CUSTOMER);
        assert_eq!(outline.address, "");
        assert_eq!(outline.description, "It drips. Call •••.");
        assert_eq!(
            (outline.title.as_str(), outline.location),
            ("Fix the tap", Region::North)
        );
    }

    #[test]
    fn contacts_in_words_are_masked_and_other_numbers_stay() {
        for (words, masked) in [
            ("电话13812345678，周六", "电话•••，周六"),
            ("Tel. +49 30 123456 or a.b@mail.example.", "Tel. ••• or •••"),
            ("邮箱abc@x.com联系", "邮箱•••联系"),
            ("021-1234-5678", "•••"),
        ] {
            assert_eq!(without_contacts(words), masked);
        }
        for words in [
            "2026-11-22 18:00, 3 rooms, 2.5 m",
            "Clean both sides. 两面都擦。",
            "<b>@</b> 12.50 & 100%",
            "",
        ] {
            assert_eq!(without_contacts(words), words);
        }
    }
}
