//! Reads an inbox through the cache.

use platform::documents::{Document, DocumentsError};
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InboxDocument, InboxStore, page_query, to_stored_line};
use crate::{
    domain::{InboxOwner, InboxPage, InboxPageRequest, PageRequest},
    memory::{CacheStamp, CachedInboxPart},
};

/// The most cached lines per inbox: one screen of the portal.
pub const RECENT_MAX: usize = 50;

#[derive(Serialize, Deserialize)]
struct CachedLines {
    lines: Vec<(Uuid, InboxDocument)>,
    has_more: bool,
}

impl InboxStore {
    /// Any replica's change replaces the stamp. `None` without a reachable cache.
    pub async fn read_stamp(&self, owner: InboxOwner) -> Option<CacheStamp> {
        self.memory.as_ref()?.read_stamp(owner).await
    }

    /// From the cache if possible.
    pub async fn count_unread_cached(&self, owner: InboxOwner) -> Result<u64, DocumentsError> {
        let count = self.count_unread(owner.user_id, owner.role);
        let Some(memory) = &self.memory else {
            return count.await;
        };
        let Some(stamp) = memory.read_stamp(owner).await else {
            return count.await;
        };
        let known = memory
            .read_cached(CachedInboxPart::Unread, owner, &stamp)
            .await;
        if let Some(known) = known.and_then(|known| known.parse().ok()) {
            return Ok(known);
        }
        let counted = count.await?;
        memory
            .write_cached(CachedInboxPart::Unread, owner, &stamp, &counted.to_string())
            .await;
        Ok(counted)
    }

    /// The first page of the whole inbox comes from the cache if possible.
    pub async fn read_page_cached(
        &self,
        request: &PageRequest,
    ) -> Result<InboxPage, DocumentsError> {
        let is_recent =
            request.after.is_none() && !request.unread_only && request.limit <= RECENT_MAX;
        let Some(memory) = self.memory.as_ref().filter(|_| is_recent) else {
            return self.read_page(request).await;
        };
        let owner = request.owner();
        let Some(stamp) = memory.read_stamp(owner).await else {
            return self.read_page(request).await;
        };
        let known = memory
            .read_cached(CachedInboxPart::Recent, owner, &stamp)
            .await;
        if let Some(recent) = known.and_then(|known| serde_json::from_str(&known).ok()) {
            return Ok(first_cached_page(recent, request));
        }
        let whole = PageRequest {
            limit: RECENT_MAX,
            ..*request
        };
        let page = self
            .collection_for(owner.role)
            .find_page(page_query(&whole))
            .await?;
        let lines = page
            .documents
            .into_iter()
            .map(|stored| (stored.id, stored.body))
            .collect();
        let recent = CachedLines {
            lines,
            has_more: page.next.is_some(),
        };
        if let Ok(text) = serde_json::to_string(&recent) {
            memory
                .write_cached(CachedInboxPart::Recent, owner, &stamp, &text)
                .await;
        }
        Ok(first_cached_page(recent, request))
    }
}

fn first_cached_page(recent: CachedLines, request: &PageRequest) -> InboxPage {
    let CachedLines { lines, has_more } = recent;
    let has_more = has_more || lines.len() > request.limit;
    let lines = lines.into_iter().take(request.limit).map(|(id, body)| {
        to_stored_line(
            Document {
                id,
                version: 0,
                body,
            },
            request.role,
        )
    });
    let lines: Vec<InboxPageRequest> = lines.collect();
    let last = lines.last().filter(|_| has_more);
    let next = last.map(|last| TimeCursor {
        at: last.line.created_at,
        id: last.id.0,
    });
    InboxPage { lines, next }
}
