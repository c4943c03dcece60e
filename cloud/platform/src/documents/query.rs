//! The complete query vocabulary: filters, pages, updates, and results other than documents.

use serde::Serialize;
use serde_json::Value;

use super::schema::{
    CollectionSchema, Field, FieldPath, ID, Index, IndexKey, ListField, Scalar, ScalarType,
    paths_overlap,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Below,
    AtMost,
    AtLeast,
    Above,
}

#[derive(Debug, Clone)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Is(FieldPath, Scalar),
    Bounded(FieldPath, Bound, Scalar),
    Missing(FieldPath),
    Has(FieldPath, Scalar),
    Lacks(FieldPath, Scalar),
}

impl<T: ScalarType> Field<T> {
    pub fn is_equal_to(&self, value: T) -> Filter {
        Filter::Is(self.path(), value.scalar())
    }

    pub fn at_least(&self, value: T) -> Filter {
        Filter::Bounded(self.path(), Bound::AtLeast, value.scalar())
    }

    pub fn below(&self, value: T) -> Filter {
        Filter::Bounded(self.path(), Bound::Below, value.scalar())
    }

    pub fn is_missing(&self) -> Filter {
        Filter::Missing(self.path())
    }
}

impl<T: ScalarType> ListField<T> {
    pub fn has_value(&self, value: T) -> Filter {
        Filter::Has(self.path(), value.scalar())
    }

    /// Pass the rarest value first: MongoDB bounds the index by one and filters by the others.
    pub fn has_all(&self, values: impl IntoIterator<Item = T>) -> Filter {
        Filter::All(
            values
                .into_iter()
                .map(|value| self.has_value(value))
                .collect(),
        )
    }

    pub fn lacks_value(&self, value: T) -> Filter {
        Filter::Lacks(self.path(), value.scalar())
    }
}

impl Filter {
    pub fn match_all() -> Self {
        Self::All(Vec::new())
    }

    pub fn and(self, other: Self) -> Self {
        let mut both = self.into_conjuncts();
        both.extend(other.into_conjuncts());
        Self::All(both)
    }

    fn into_conjuncts(self) -> Vec<Self> {
        match self {
            Self::All(all) => all,
            one => vec![one],
        }
    }

    pub fn or(self, other: Self) -> Self {
        Self::Any(vec![self, other])
    }

    /// Rejects an undeclared field.
    pub(super) fn check_fields(&self, schema: &CollectionSchema) -> Result<(), String> {
        match self {
            Self::All(all) | Self::Any(all) => {
                all.iter().try_for_each(|each| each.check_fields(schema))
            }
            Self::Is(path, _)
            | Self::Bounded(path, ..)
            | Self::Missing(path)
            | Self::Has(path, _)
            | Self::Lacks(path, _) => require_declared(schema, *path),
        }
    }

    /// Returns true if every result has the same value in this field, so it plays no part in the
    /// order.
    fn pins_field(&self, path: FieldPath) -> bool {
        match self {
            Self::All(all) => all.iter().any(|filter| filter.pins_field(path)),
            Self::Is(of, _) | Self::Has(of, _) => *of == path,
            _ => false,
        }
    }
}

fn require_declared(schema: &CollectionSchema, path: FieldPath) -> Result<(), String> {
    if schema.declares_field(path) {
        return Ok(());
    }
    Err(format!("the field `{}` is not declared", path.name))
}

/// A query by one index, always in its order, so that it never sorts.
#[derive(Debug, Clone)]
pub struct IndexQuery {
    pub(super) index: Index,
    pub(super) filter: Filter,
    pub(super) after: Option<Vec<Scalar>>,
    pub(super) limit: usize,
}

impl IndexQuery {
    pub fn from_index(index: Index, filter: Filter) -> Self {
        Self {
            index,
            filter,
            after: None,
            limit: 100,
        }
    }

    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Starts after a cursor from `DocumentPage::next`.
    pub fn start_after(self, place: Option<Vec<Scalar>>) -> Self {
        Self {
            after: place,
            ..self
        }
    }

    /// The index's keys without those that the filter pins, then the id.
    pub(super) fn sort_keys(&self) -> Vec<IndexKey> {
        let left = self
            .index
            .keys
            .iter()
            .filter(|key| !self.filter.pins_field(key.path));
        left.copied().chain(self.index.id_key()).collect()
    }

    /// Rejects a query that would scan, or that the two stores would answer differently.
    pub(super) fn check_against(&self, schema: &CollectionSchema) -> Result<(), String> {
        let name = self.index.name;
        if !schema.indexes.contains(&self.index) {
            return Err(format!("index {name} is not declared"));
        }
        if self.index.kept_ms.is_some() {
            return Err(format!("index {name} serves expiry only"));
        }
        if self
            .index
            .list()
            .is_some_and(|path| !self.filter.pins_field(path))
        {
            return Err(format!(
                "a query by index {name} must fix the value of its list"
            ));
        }
        self.filter.check_fields(schema)
    }

    /// The filter combined with the start of the page.
    pub(super) fn whole_filter(&self) -> Filter {
        let Some(after) = &self.after else {
            return self.filter.clone();
        };
        self.filter
            .clone()
            .and(filter_after_cursor(&self.sort_keys(), after))
    }
}

/// Lexicographic "after", with a plain bound on the first key where the index scan starts.
fn filter_after_cursor(keys: &[IndexKey], place: &[Scalar]) -> Filter {
    let ([key, keys @ ..], [value, place @ ..]) = (keys, place) else {
        return Filter::Any(Vec::new());
    };
    let (strict, bound) = if key.down {
        (Bound::Below, Bound::AtMost)
    } else {
        (Bound::Above, Bound::AtLeast)
    };
    let further = Filter::Bounded(key.path, strict, value.clone());
    if keys.is_empty() {
        return further;
    }
    let tied = Filter::Is(key.path, value.clone()).and(filter_after_cursor(keys, place));
    Filter::Bounded(key.path, bound, value.clone()).and(further.or(tied))
}

#[derive(Debug, Clone)]
pub(super) enum FieldEdit {
    Set(FieldPath, Scalar),
    /// An undeclared part of the document.
    SetPart(&'static str, Value),
    Unset(&'static str),
    Add(FieldPath, i64),
    Push(FieldPath, Scalar),
}

/// Edits of one document, applied atomically by the store.
#[derive(Debug, Clone, Default)]
pub struct Update(pub(super) Vec<FieldEdit>);

impl Update {
    pub fn set<T: ScalarType>(self, field: &Field<T>, value: T) -> Self {
        self.push_edit(FieldEdit::Set(field.path(), value.scalar()))
    }

    /// Sets an undeclared part; `None` removes it.
    pub fn set_part(self, path: &'static str, part: &impl Serialize) -> Self {
        match serde_json::to_value(part) {
            Ok(Value::Null) => self.push_edit(FieldEdit::Unset(path)),
            // The check of the update rejects a part that cannot be written as JSON.
            part => self.push_edit(FieldEdit::SetPart(path, part.unwrap_or_default())),
        }
    }

    pub fn add(self, field: &Field<i64>, by: i64) -> Self {
        self.push_edit(FieldEdit::Add(field.path(), by))
    }

    pub fn push<T: ScalarType>(self, list: &ListField<T>, value: T) -> Self {
        self.push_edit(FieldEdit::Push(list.path(), value.scalar()))
    }

    fn push_edit(mut self, edit: FieldEdit) -> Self {
        self.0.push(edit);
        self
    }

    /// Returns true if an edit names that field, a part or a parent of it.
    pub(super) fn names_field(&self, field: &str) -> bool {
        self.0.iter().any(|edit| {
            let (FieldEdit::Set(FieldPath { name, .. }, _)
            | FieldEdit::Add(FieldPath { name, .. }, _)
            | FieldEdit::Push(FieldPath { name, .. }, _)
            | FieldEdit::SetPart(name, _)
            | FieldEdit::Unset(name)) = edit;
            paths_overlap(name, field)
        })
    }

    /// Rejects an undeclared field, and a declared part, which would bypass its type check.
    pub(super) fn check_edits(&mut self, schema: &CollectionSchema) -> Result<(), String> {
        for edit in &mut self.0 {
            match edit {
                FieldEdit::Set(path, _) | FieldEdit::Add(path, _) | FieldEdit::Push(path, _)
                    if *path == ID =>
                {
                    return Err("an id cannot be changed".to_owned());
                }
                FieldEdit::Set(path, _) | FieldEdit::Add(path, _) | FieldEdit::Push(path, _) => {
                    require_declared(schema, *path)?;
                }
                FieldEdit::SetPart(name, Value::Null) => {
                    return Err(format!("could not write `{name}` as JSON"));
                }
                FieldEdit::SetPart(name, part) => {
                    require_undeclared(schema, name)?;
                    super::schema::normalize_body(part)?;
                }
                FieldEdit::Unset(name) => require_undeclared(schema, name)?,
            }
        }
        Ok(())
    }
}

fn require_undeclared(schema: &CollectionSchema, name: &str) -> Result<(), String> {
    let mut fields = schema.fields.iter();
    if fields.any(|field| paths_overlap(field.name, name)) {
        return Err(format!(
            "`{name}` is a declared field and cannot be changed by name"
        ));
    }
    Ok(())
}

/// The documents with one value of a field: their count, and sums of other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTotals {
    pub key: i64,
    pub count: u64,
    pub sums: Vec<i64>,
}

#[derive(Debug, Clone)]
pub struct QueryPlan {
    pub text: String,
    pub by_index: bool,
    pub sorts: bool,
}
