//! Erases inboxes after the deletion of an account: deletes the person's own lines, and removes the
//! texts of erased orders from the lines of others.
//!
//! Invariants: erasing again changes nothing. Once a person is deleted, no line is added for them,
//! apart from one that races with the first deletion; the event's daily repeat removes it.

use std::collections::BTreeSet;

use platform::documents::{
    CollectionSchema, Document, DocumentBody, DocumentsError, IndexQuery, millis,
};
use serde::{Deserialize, Serialize};
use wire::{ERASED_TITLE, Order, Role, UnixMillis, UserId};

use super::{
    InboxStore,
    inbox_documents::{arrived_query, lost_since_query, order_lines_query},
};
use crate::domain::{InboxOwner, LineParams};

const PAGE: usize = 200;

/// Stored under the person's id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DeletedPerson {
    #[serde(with = "millis")]
    at: UnixMillis,
}

impl DocumentBody for DeletedPerson {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[],
        indexes: &[],
    };
}

impl InboxStore {
    /// Deletes the lines of a deleted person; returns their number.
    pub async fn erase_inbox(
        &self,
        owner: InboxOwner,
        at: UnixMillis,
    ) -> Result<usize, DocumentsError> {
        self.deleted
            .insert(owner.user_id.0, &DeletedPerson { at }, &[])
            .await?;
        let inbox = self.collection_for(owner.role);
        let mut erased = 0;
        self.invalidate_cache(owner).await;
        loop {
            let lines = inbox
                .find_documents(&arrived_query(owner.user_id, uuid::Uuid::nil(), PAGE))
                .await?;
            if lines.is_empty() {
                break;
            }
            for Document { id, version, .. } in lines {
                // The next round reads a line again that has just been marked as read.
                erased += usize::from(inbox.delete(id, version).await?);
            }
        }
        self.announce_change(owner).await;
        Ok(erased)
    }

    /// The people among these with deleted accounts.
    pub(super) async fn find_deleted(
        &self,
        people: &[UserId],
    ) -> Result<BTreeSet<UserId>, DocumentsError> {
        let mut deleted = BTreeSet::new();
        for user in people.iter().copied() {
            let is_deleted =
                user != InboxOwner::ADMINS.user_id && self.deleted.get(user.0).await?.is_some();
            deleted.extend(is_deleted.then_some(user));
        }
        Ok(deleted)
    }

    /// Erases people's texts from the lines about an erased order, and its title from lines that
    /// offer it in place of a lost job. Returns the number of changed lines.
    pub async fn erase_order_texts(&self, order: &Order) -> Result<usize, DocumentsError> {
        let title_is_erased = order.title == ERASED_TITLE;
        let mut erased = 0;
        for role in Role::ALL {
            let about = order_lines_query(order.id, PAGE);
            erased += self
                .change_lines(role, &about, |params| {
                    params.erase_order_texts(title_is_erased)
                })
                .await?;
            if title_is_erased {
                let lost = lost_since_query(order.created_at, PAGE);
                erased += self
                    .change_lines(role, &lost, |params| params.erase_nearby_title(order.id))
                    .await?;
            }
        }
        Ok(erased)
    }

    async fn change_lines(
        &self,
        role: Role,
        query: &IndexQuery,
        erase: impl Fn(&mut LineParams) -> bool,
    ) -> Result<usize, DocumentsError> {
        let inbox = self.collection_for(role);
        let mut changed = 0;
        let mut after = None;
        loop {
            let page = inbox.find_page(query.clone().start_after(after)).await?;
            for Document { id, mut body, .. } in page.documents {
                if !erase(&mut body.params) {
                    continue;
                }
                let owner = InboxOwner {
                    user_id: body.user_id,
                    role,
                };
                self.invalidate_cache(owner).await;
                let erased = inbox.change_with_retry(id, |mut line| {
                    erase(&mut line.params).then(|| (line, Vec::new()))
                });
                changed += usize::from(erased.await?.is_some());
                self.announce_change(owner).await;
            }
            after = page.next;
            if after.is_none() {
                return Ok(changed);
            }
        }
    }
}
