//! Owns what the people in one order's story are called: `the customer`, `provider A`, `provider B`.
//! A story told in ids alone is not one that a person can follow; the ids stand once, in a list.

use wire::{Actor, Language, Order, Role, TimelineEntry, UserId};

pub struct People {
    language: Language,
    /// In the order in which they first appear.
    known: Vec<Actor>,
    customer: UserId,
}

impl People {
    pub fn of(order: &Order, timeline: &[TimelineEntry], language: Language) -> Self {
        let customer = Actor { user_id: order.customer_id, role: Role::Customer };
        let mut people = Self { language, known: vec![customer], customer: order.customer_id };
        for entry in timeline {
            people.meet(entry.actor);
        }
        if let Some(user_id) = order.provider_id {
            people.meet(Actor { user_id, role: Role::Provider });
        }
        people
    }

    fn meet(&mut self, actor: Actor) {
        if !self.known.contains(&actor) {
            self.known.push(actor);
        }
    }

    pub fn name(&self, actor: Actor) -> String {
        if actor.user_id == self.customer && actor.role == Role::Customer {
            return match self.language {
                Language::English => "the customer".to_owned(),
                Language::Chinese => role_word(actor.role, self.language).to_owned(),
            };
        }
        let alike = || self.known.iter().filter(|other| other.role == actor.role);
        let role = role_word(actor.role, self.language);
        let place = alike().position(|other| *other == actor).unwrap_or(0);
        let space = if self.language == Language::English { " " } else { "" };
        format!("{role}{space}{}", letters(place))
    }

    pub fn list(&self) -> impl Iterator<Item = (String, UserId)> {
        self.known.iter().map(|actor| (self.name(*actor), actor.user_id))
    }
}

pub fn role_word(role: Role, language: Language) -> &'static str {
    let (english, chinese) = match role {
        Role::Customer => ("customer", "客户"),
        Role::Provider => ("provider", "服务商"),
        Role::Admin => ("admin", "管理员"),
    };
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// A, B, ... Z, then the number itself: a hundred providers may race for one order.
fn letters(place: usize) -> String {
    match u8::try_from(place) {
        Ok(n @ 0..26) => char::from(b'A' + n).to_string(),
        _ => (place + 1).to_string(),
    }
}
