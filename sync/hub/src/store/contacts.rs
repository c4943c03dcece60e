//! The last contact with each edge, in a separate row that no transaction on the edge's row locks.
//!
//! Invariants: the row never returns to an older term. Once a session has recorded that its
//! connection is closed, only a newer session changes the row.

use platform::{columns, vals};
use wire::{EdgeId, UnixMillis};

use super::{Result, Store};

const UPDATE_CONTACT: &str = "UPDATE edge_contacts SET term = ?, heard_at = ?, closed_at = ? \
    WHERE edge = ? AND (term < ? OR (term = ? AND closed_at IS NULL))";

columns! {
    /// The connection's state in the session of this term.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct EdgeContact<'a> in edge_contacts {
        pub edge: &'a EdgeId,
        pub term: u64,
        pub heard_at: UnixMillis,
        pub closed_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Has no effect if a newer session has recorded a contact.
    pub(crate) async fn record_contact(&self, contact: EdgeContact<'_>) -> Result<()> {
        let is_recorded =
            self.update_contact(contact).await? || self.sql.insert_new(contact).await?;
        if !is_recorded {
            // Another session may have added the row since.
            self.update_contact(contact).await?;
        }
        Ok(())
    }

    async fn update_contact(&self, contact: EdgeContact<'_>) -> Result<bool> {
        let EdgeContact {
            edge,
            term,
            heard_at,
            closed_at,
        } = contact;
        let values = vals![term, heard_at, closed_at, edge, term, term];
        Ok(self.sql.exec(UPDATE_CONTACT, values).await? == 1)
    }
}
