//! Owns who reads an inbox: a person their own, and an admin the lines of the shared one that are
//! about the work of their role.

use wire::{Actor, EventType, Permission};

use super::{InboxOwner, audience};

/// The reader of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxReader {
    pub owner: InboxOwner,
    pub shown: ShownLines,
}

/// The lines of an inbox that its reader is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownLines {
    All,
    /// Those of these events, for an admin whose role does not include the work of the others.
    Of(Vec<EventType>),
}

impl InboxReader {
    /// `holds_any` says whether the reader's role includes one of these permissions.
    pub fn new(reader: Actor, holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let owner = InboxOwner::of(reader);
        let shown = if owner == InboxOwner::ADMINS {
            ShownLines::to_admin(holds_any)
        } else {
            ShownLines::All
        };
        Self { owner, shown }
    }
}

impl ShownLines {
    fn to_admin(holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let is_shown = |event: &EventType| holds_any(audience::line_permissions(*event));
        if audience::events_of_admins().all(|event| is_shown(&event)) {
            return Self::All;
        }
        Self::Of(audience::events_of_admins().filter(is_shown).collect())
    }

    pub fn include(&self, event: Option<EventType>) -> bool {
        match self {
            Self::All => true,
            Self::Of(events) => event.is_some_and(|event| events.contains(&event)),
        }
    }
}
