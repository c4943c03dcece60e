//! Partial views of an inbox, for an admin with a restricted role. The cache covers whole inboxes,
//! so these lines come from the store.

use platform::documents::{DocumentsError, Filter, Find};
use wire::{EventType, UserId};

use super::{InboxStore, TYPE, UNREAD, UNREAD_SHOWN_MAX, USER, lines_among};
use crate::domain::{InboxPage, InboxReader, LineId, PageRequest, ShownLines};

impl InboxStore {
    /// The request must be for the reader's inbox.
    pub async fn page_for(
        &self,
        reader: &InboxReader,
        request: &PageRequest,
    ) -> Result<InboxPage, DocumentsError> {
        match &reader.shown {
            ShownLines::All => self.page_soon(request).await,
            ShownLines::Of(events) => {
                self.page_of(shown_lines_of(request, events), request.role).await
            }
        }
    }

    /// Counts only lines visible to the reader.
    pub async fn unread_for(&self, reader: &InboxReader) -> Result<u64, DocumentsError> {
        let owner = reader.owner;
        match &reader.shown {
            ShownLines::All => self.unread_soon(owner).await,
            ShownLines::Of(events) => {
                self.of(owner.role).count(&shown_unread_of(owner.user_id, events)).await
            }
        }
    }

    /// Assumes that the line is in the reader's inbox.
    pub async fn is_shown(&self, reader: &InboxReader, id: LineId) -> Result<bool, DocumentsError> {
        if reader.shown == ShownLines::All {
            return Ok(true);
        }
        let stored = self.of(reader.owner.role).get(id.0).await?;
        Ok(stored.is_some_and(|stored| reader.shown.include(stored.body.event_type)))
    }
}

/// The query behind a page of the lines of some events.
pub fn shown_lines_of(request: &PageRequest, events: &[EventType]) -> Find {
    lines_among(USER.is(request.user_id).and(of_events(events)), request)
}

/// The query behind the unread count of those lines.
pub fn shown_unread_of(user: UserId, events: &[EventType]) -> Find {
    Find::by(UNREAD, USER.is(user).and(of_events(events))).limit(UNREAD_SHOWN_MAX)
}

/// Without events the filter matches nothing, because no line has the empty type.
fn of_events(events: &[EventType]) -> Filter {
    let none = TYPE.is(String::new());
    events.iter().fold(none, |any, event| any.or(TYPE.is(event.to_string())))
}
