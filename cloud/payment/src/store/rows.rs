//! The rows of payment_db, and their conversion to domain values.

mod books;
mod due;
mod movements;

pub use books::{
    AccountKey, JournalRow, PostingRow, account_key, assemble_journals, to_journal_row,
    to_posting_row,
};
pub use due::DueRow;
pub use movements::{
    ChargebackRow, PaymentChange, PaymentRow, PayoutChange, PayoutRow, RefundChange, RefundRow,
    RequestChange, RequestRow,
};

use super::StoreError;

/// Parses a domain value; we never write any other.
pub fn parse_column<T: std::str::FromStr>(
    text: &str,
    column: &'static str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
}
