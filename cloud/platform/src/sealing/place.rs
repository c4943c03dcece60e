//! The location of a value. A sealed value opens only at its own place, so that a writer to the
//! store cannot pass off one person's data as another's.

use uuid::Uuid;

/// A column and the row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext {
    column: &'static str,
    bytes: Vec<u8>,
}

impl SealContext {
    /// `column` is `table.column`.
    pub fn for_row(column: &'static str, row: &[u8]) -> Self {
        let place = Self {
            column,
            bytes: Vec::with_capacity(column.len() + row.len() + 8),
        };
        place.with_part(column.as_bytes()).with_part(row)
    }

    /// For values that move between rows of their table, as messages do between queues.
    pub fn anywhere_in(column: &'static str) -> Self {
        Self::for_row(column, &[])
    }

    pub fn of_id(column: &'static str, id: Uuid) -> Self {
        Self::for_row(column, id.as_bytes())
    }

    /// Appends a part of the row's key.
    #[must_use]
    pub fn with_part(mut self, part: &[u8]) -> Self {
        // The length prefix keeps two different lists of parts from encoding alike.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(part);
        self
    }

    #[must_use]
    pub fn and_number(self, number: u64) -> Self {
        self.with_part(&number.to_be_bytes())
    }

    pub(super) fn column(&self) -> &'static str {
        self.column
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}
