//! Rows as they stand in order_db, and the one place where they become words and words become them.

mod answer;
mod assignment;
mod order;

use std::str::FromStr;

use wire::{Code, EdgeId, Hash, Region, Source};

pub use answer::{AnswerRow, CaseRow};
pub use assignment::{
    AssignmentChangeRow, AssignmentRow, EndedEpochRow, FenceRow, RulesRow, offline_rules,
};
pub use order::{LineRow, OrderChange, OrderRow};

use super::StoreError;

pub fn region(text: &str) -> Result<Region, StoreError> {
    read(text, "a region")
}

pub fn read<T: FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(column))
}

pub fn count(number: i64, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Unreadable(column))
}

pub fn hash(bytes: &[u8], column: &'static str) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|_| StoreError::Unreadable(column))
}

pub fn source(text: String) -> Result<Source, StoreError> {
    Source::try_from(text).map_err(|_| StoreError::Unreadable("source"))
}

pub fn edge_id(text: String) -> Result<EdgeId, StoreError> {
    EdgeId::new(text).map_err(|_| StoreError::Unreadable("edge"))
}

/// A newer version may have stored a code that this one does not know; its answer still stands.
pub fn code(text: &str) -> Code {
    text.parse().unwrap_or(Code::Unrecognised)
}
