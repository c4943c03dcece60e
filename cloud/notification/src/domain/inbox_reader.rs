//! The lines that a reader sees: people read their own; admins read shared lines about the work of
//! their role.

use wire::{Actor, EventType, Permission};

use super::{InboxOwner, event_table::find_event_lines, line_template::EventRecipient};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxReader {
    pub owner: InboxOwner,
    pub shown: ShownLines,
}

/// The lines visible to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownLines {
    All,
    /// For an admin with a restricted role.
    Of(Vec<EventType>),
}

impl InboxReader {
    /// `holds_any` is true if the reader's role includes one of the permissions.
    pub fn new(reader: Actor, holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let owner = InboxOwner::for_actor(reader);
        let shown = if owner == InboxOwner::ADMINS {
            ShownLines::for_admin(holds_any)
        } else {
            ShownLines::All
        };
        Self { owner, shown }
    }
}

impl ShownLines {
    fn for_admin(holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let mut shown = Vec::new();
        let mut sees_all = true;
        for event in EventType::ALL {
            let Some(permissions) = admin_permissions(event) else {
                continue;
            };
            if holds_any(permissions) {
                shown.push(event);
            } else {
                sees_all = false;
            }
        }
        if sees_all { Self::All } else { Self::Of(shown) }
    }

    pub fn includes_event(&self, event: Option<EventType>) -> bool {
        match self {
            Self::All => true,
            Self::Of(events) => event.is_some_and(|event| events.contains(&event)),
        }
    }
}

/// The permissions for the work behind an admins' line. `None` for an event without such a line.
fn admin_permissions(event: EventType) -> Option<&'static [Permission]> {
    let recipients = find_event_lines(event).recipients();
    recipients
        .into_iter()
        .find_map(|recipient| match recipient {
            EventRecipient::Admins(permissions) => Some(permissions),
            EventRecipient::Customer
            | EventRecipient::Provider
            | EventRecipient::Loser
            | EventRecipient::FormerProvider
            | EventRecipient::Matched
            | EventRecipient::Offered
            | EventRecipient::Themselves => None,
        })
}
