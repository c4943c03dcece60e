//! The sealed columns of tables, declared once for each table. By this declaration an insert seals
//! values, a read opens them, and a job reseals them.
//!
//! Invariant: stored data depends on `sealed_as` and the columns that a value is bound to. A change
//! of either makes stored values unreadable.

use super::value::Val;
use crate::sealing::{DataKeys, SealContext};

/// A table with sealed columns.
#[derive(Debug)]
pub struct SealedTable {
    /// The name in the job's metric and log line.
    pub label: &'static str,
    pub name: &'static str,
    /// The columns of the primary key, in its order.
    pub key: &'static [KeyColumn],
    /// A condition on the rows that the job reseals under this label; `None` for all rows.
    pub part: Option<&'static str>,
    pub columns: &'static [SealedColumn],
}

/// A column that identifies a row, with its type.
#[derive(Debug, Clone, Copy)]
pub enum KeyColumn {
    Id(&'static str),
    Number(&'static str),
    Text(&'static str),
}

/// A column whose values are sealed, each bound to the row that it was sealed for.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    name: &'static str,
    /// The column's name in the seal.
    sealed_as: &'static str,
    /// The columns whose values identify the row in the seal.
    bound_to: &'static [KeyColumn],
    kind: SealedKind,
    /// The column with the blind index of this one.
    hashed_in: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum SealedKind {
    Text,
    Bytes,
}

impl KeyColumn {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Id(name) | Self::Number(name) | Self::Text(name) => name,
        }
    }
}

impl SealedColumn {
    /// `sealed_as` is `table.column`.
    pub const fn text(
        name: &'static str,
        sealed_as: &'static str,
        bound_to: &'static [KeyColumn],
    ) -> Self {
        Self {
            name,
            sealed_as,
            bound_to,
            kind: SealedKind::Text,
            hashed_in: None,
        }
    }

    /// Like `text`, for a column of bytes.
    pub const fn bytes(
        name: &'static str,
        sealed_as: &'static str,
        bound_to: &'static [KeyColumn],
    ) -> Self {
        Self {
            kind: SealedKind::Bytes,
            ..Self::text(name, sealed_as, bound_to)
        }
    }

    /// The job fills `column` with the hash of each plain text that it seals. A sealed text
    /// without a hash stays without.
    #[must_use]
    pub const fn hashed_in(self, column: &'static str) -> Self {
        Self {
            hashed_in: Some(column),
            ..self
        }
    }

    /// `key` holds the values of the columns that this one is bound to, in their order.
    pub fn context(&self, key: &[Val]) -> SealContext {
        let whole = SealContext::for_column(self.sealed_as);
        key.iter().fold(whole, |context, part| match part {
            Val::Null => context.with_part(&[]),
            Val::Int(number) => context.with_part(&number.to_be_bytes()),
            Val::Text(text) => context.with_part(text.as_bytes()),
            Val::Bytes(bytes) => context.with_part(bytes),
            Val::Id(id) => context.with_part(id.as_bytes()),
        })
    }

    pub fn sealed_as(&self) -> &'static str {
        self.sealed_as
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn bound_to(&self) -> &'static [KeyColumn] {
        self.bound_to
    }

    pub(super) fn kind(&self) -> SealedKind {
        self.kind
    }

    pub(super) fn hash_column(&self) -> Option<&'static str> {
        self.hashed_in
    }
}

impl SealedTable {
    pub(super) fn find_column(&self, name: &str) -> Option<&'static SealedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Seals the values of a row before it is written; `names` are the columns of the values.
    pub(super) fn seal_values(&self, names: &[&str], values: &mut [Val], keys: &DataKeys) {
        let position_of = |name: &str| names.iter().position(|other| *other == name);
        for column in self.columns {
            let Some(position) = position_of(column.name) else {
                continue;
            };
            let bound_to = column.bound_to.iter().map(KeyColumn::name);
            let positions = bound_to.filter_map(position_of);
            let key: Vec<Val> = positions.map(|part| values[part].clone()).collect();
            let context = column.context(&key);
            let sealed = match &values[position] {
                Val::Text(text) => keys.seal_text(&context, text).into(),
                Val::Bytes(bytes) => keys.seal(&context, bytes).into(),
                Val::Null | Val::Int(_) | Val::Id(_) => continue,
            };
            values[position] = sealed;
        }
    }

    /// Fails the build if a row of another table names this declaration, or if the row lacks a
    /// column that one of its sealed columns is bound to.
    pub const fn assert_row_matches(&self, table: &str, names: &[&str]) {
        assert!(
            is_same(self.name, table),
            "the declaration is of another table"
        );
        let mut index = 0;
        while index < self.columns.len() {
            let column = &self.columns[index];
            let mut part = 0;
            while contains(names, column.name) && part < column.bound_to.len() {
                let is_there = contains(names, column.bound_to[part].name());
                assert!(
                    is_there,
                    "the row lacks a column that a sealed one is bound to"
                );
                part += 1;
            }
            index += 1;
        }
    }
}

const fn contains(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if is_same(names[index], name) {
            return true;
        }
        index += 1;
    }
    false
}

/// `==`, which a constant cannot use.
const fn is_same(left: &str, right: &str) -> bool {
    let left = left.as_bytes();
    let right = right.as_bytes();
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    left.len() == right.len()
}
