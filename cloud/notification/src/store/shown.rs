//! Partial views of an inbox, for an admin with a restricted role. The cache covers whole inboxes,
//! so these lines come from the store.

use platform::documents::{DocumentsError, Filter, IndexQuery};
use wire::{EventType, UserId};

use super::{InboxStore, TYPE, UNREAD, UNREAD_SHOWN_MAX, USER, page_query_within};
use crate::domain::{InboxPage, InboxReader, LineId, PageRequest, ShownLines};

impl InboxStore {
    /// The request must be for the reader's inbox.
    pub async fn page_for_reader(
        &self,
        reader: &InboxReader,
        request: &PageRequest,
    ) -> Result<InboxPage, DocumentsError> {
        match &reader.shown {
            ShownLines::All => self.read_page_cached(request).await,
            ShownLines::Of(events) => {
                self.run_page_query(shown_page_query(request, events), request.role)
                    .await
            }
        }
    }

    /// Counts only lines visible to the reader.
    pub async fn count_unread_for_reader(
        &self,
        reader: &InboxReader,
    ) -> Result<u64, DocumentsError> {
        let owner = reader.owner;
        match &reader.shown {
            ShownLines::All => self.count_unread_cached(owner).await,
            ShownLines::Of(events) => {
                self.collection_for(owner.role)
                    .count_documents(&shown_unread_query(owner.user_id, events))
                    .await
            }
        }
    }

    /// Assumes that the line is in the reader's inbox.
    pub async fn is_shown(&self, reader: &InboxReader, id: LineId) -> Result<bool, DocumentsError> {
        if reader.shown == ShownLines::All {
            return Ok(true);
        }
        let stored = self.collection_for(reader.owner.role).get(id.0).await?;
        Ok(stored.is_some_and(|stored| reader.shown.includes_event(stored.body.event_type)))
    }
}

/// The query behind a page of the lines of some events.
pub fn shown_page_query(request: &PageRequest, events: &[EventType]) -> IndexQuery {
    page_query_within(
        USER.is_equal_to(request.user_id).and(events_filter(events)),
        request,
    )
}

/// The query behind the unread count of those lines.
pub fn shown_unread_query(user: UserId, events: &[EventType]) -> IndexQuery {
    IndexQuery::from_index(UNREAD, USER.is_equal_to(user).and(events_filter(events)))
        .with_limit(UNREAD_SHOWN_MAX)
}

/// Without events the filter matches nothing, because no line has the empty type.
fn events_filter(events: &[EventType]) -> Filter {
    let none = TYPE.is_equal_to(String::new());
    events.iter().fold(none, |any, event| {
        any.or(TYPE.is_equal_to(event.to_string()))
    })
}
