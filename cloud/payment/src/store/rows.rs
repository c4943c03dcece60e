//! The rows of payment_db, and the values of the domain that they are read into.

mod books;
mod due;
mod movements;

pub use books::{AccountKey, JournalRow, PostingRow, account_key, journal, journals, posting};
pub use due::DueRow;
pub use movements::{
    ChargebackRow, PaymentChange, PaymentRow, PayoutChange, PayoutRow, RefundChange, RefundRow,
    RequestChange, RequestRow,
};

use super::StoreError;

/// Reads a word of the domain; another one was written by nobody.
pub fn word<T: std::str::FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
}
