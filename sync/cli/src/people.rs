//! Names the people in an order's explanation: `the customer`, `provider A`, `provider B`. Bare ids
//! are hard to follow, so they appear once, in a list.

use wire::{Actor, Order, Role, TimelineEntry, UserId};

use crate::{look::OutputStyle, say};

pub struct PersonNames {
    style: OutputStyle,
    /// In order of first appearance.
    known: Vec<Actor>,
    customer: Actor,
}

impl PersonNames {
    pub fn from_order(order: &Order, timeline: &[TimelineEntry], style: &OutputStyle) -> Self {
        let customer = Actor {
            user_id: order.customer_id,
            role: Role::Customer,
        };
        let provider = order.provider_id.map(|user_id| Actor {
            user_id,
            role: Role::Provider,
        });
        let mut known = vec![customer];
        for actor in timeline.iter().map(|entry| entry.actor).chain(provider) {
            if !known.contains(&actor) {
                known.push(actor);
            }
        }
        Self {
            style: *style,
            known,
            customer,
        }
    }

    pub fn name(&self, actor: Actor) -> String {
        if actor == self.customer {
            return self.style.translate(say::the_customer);
        }
        let mut alike = self.known.iter().filter(|other| other.role == actor.role);
        let place = alike.position(|other| *other == actor).unwrap_or(0);
        let role = role_word(actor.role, &self.style).into();
        self.style.translate(say::person {
            role,
            letter: format_letter(place).into(),
        })
    }

    pub fn list(&self) -> impl Iterator<Item = (String, UserId)> {
        self.known
            .iter()
            .map(|actor| (self.name(*actor), actor.user_id))
    }
}

pub fn role_word(role: Role, style: &OutputStyle) -> String {
    style.translate(say::role {
        role: role.as_str().into(),
    })
}

/// A to Z, then the number: a hundred providers may compete for one order.
fn format_letter(place: usize) -> String {
    match u8::try_from(place) {
        Ok(n @ 0..26) => char::from(b'A' + n).to_string(),
        _ => (place + 1).to_string(),
    }
}
