//! Owns who reads an inbox: a person their own, and an admin the lines of the shared one that are about the work of
//! their role.

use process::tokens::{Caller, HeldPermissions};
use wire::EventType;

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
    pub fn from_caller(caller: &Caller) -> Self {
        let owner = InboxOwner::of(caller.actor);
        let shown = if owner == InboxOwner::ADMINS {
            ShownLines::to_admin(&caller.permissions)
        } else {
            ShownLines::All
        };
        Self { owner, shown }
    }
}

impl ShownLines {
    fn to_admin(held: &HeldPermissions) -> Self {
        let is_shown = |event: &EventType| held.include_any(audience::line_permissions(*event));
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
