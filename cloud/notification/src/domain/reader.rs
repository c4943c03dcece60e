//! Inbox readers: people read their own; admins read shared lines about the work of their role.

use wire::{Actor, EventType, Permission};

use super::{InboxOwner, audience};

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
        let shown: Vec<EventType> = audience::events_for_admins()
            .filter(|event| holds_any(audience::line_permissions(*event)))
            .collect();
        if shown.len() == audience::events_for_admins().count() {
            Self::All
        } else {
            Self::Of(shown)
        }
    }

    pub fn includes_event(&self, event: Option<EventType>) -> bool {
        match self {
            Self::All => true,
            Self::Of(events) => event.is_some_and(|event| events.contains(&event)),
        }
    }
}
