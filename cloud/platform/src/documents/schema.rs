//! Declares a collection: its searchable fields and its indexes.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use serde_json::Value;
use uuid::Uuid;
use wire::{EventId, OrderId, UnixMillis, UserId};

/// A kind of document, serialized to an object. A `None` field is not stored, so missing equals
/// null.
pub trait DocumentBody: serde::Serialize + serde::de::DeserializeOwned + Send + Sync {
    const SHAPE: CollectionSchema;
    /// Paths of fields that are sealed whole: personal data, which no filter, index or update may
    /// name.
    const SEALED: &'static [&'static str] = &[];
}

/// A value, so that the stores compile once for all kinds of documents.
#[derive(Debug, Clone, Copy)]
pub struct CollectionSchema {
    /// Every field that a filter, an index or an update may name.
    pub fields: &'static [FieldPath],
    pub indexes: &'static [Index],
}

/// How a value is stored: ids are binary in MongoDB and text in JSON; times are integers in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    Id,
    Int,
    Text,
    Bool,
}

impl ScalarKind {
    fn matches_value(self, value: &Value) -> bool {
        match self {
            Self::Id => value
                .as_str()
                .is_some_and(|text| Uuid::parse_str(text).is_ok()),
            Self::Int => value.is_i64(),
            Self::Text => value.is_string(),
            Self::Bool => value.is_boolean(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    Id(Uuid),
    Int(i64),
    Text(String),
    Bool(bool),
}

/// A type that a declared field may hold.
pub trait ScalarType {
    const KIND: ScalarKind;
    fn scalar(self) -> Scalar;
}

macro_rules! scalars {
    ($($type:ty, $kind:ident, $value:ident => $scalar:expr;)+) => {$(
        impl ScalarType for $type {
            const KIND: ScalarKind = ScalarKind::$kind;
            fn scalar(self) -> Scalar { let $value = self; Scalar::$kind($scalar) }
        }
    )+};
}
scalars! {
    Uuid, Id, id => id;
    UserId, Id, id => id.0;
    OrderId, Id, id => id.0;
    EventId, Id, id => id.0;
    UnixMillis, Int, at => at.0;
    i64, Int, number => number;
    bool, Bool, yes => yes;
    String, Text, text => text;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPath {
    pub name: &'static str,
    pub kind: ScalarKind,
    pub is_list: bool,
    /// Both stores reject a document without it.
    pub is_required: bool,
}

pub(super) const ID: FieldPath = FieldPath {
    name: "_id",
    kind: ScalarKind::Id,
    is_list: false,
    is_required: true,
};

/// `T` prevents a filter from comparing the field with another type.
pub struct Field<T>(FieldPath, PhantomData<fn(T)>);
pub struct ListField<T>(FieldPath, PhantomData<fn(T)>);

impl<T: ScalarType> Field<T> {
    pub const fn new(name: &'static str) -> Self {
        Self(
            FieldPath {
                name,
                kind: T::KIND,
                is_list: false,
                is_required: true,
            },
            PhantomData,
        )
    }

    pub const fn optional(name: &'static str) -> Self {
        Self(
            FieldPath {
                name,
                kind: T::KIND,
                is_list: false,
                is_required: false,
            },
            PhantomData,
        )
    }
}

impl<T> Field<T> {
    pub const fn path(&self) -> FieldPath {
        self.0
    }

    pub const fn ascending_key(&self) -> IndexKey {
        IndexKey {
            path: self.0,
            down: false,
        }
    }

    pub const fn descending_key(&self) -> IndexKey {
        IndexKey {
            path: self.0,
            down: true,
        }
    }
}

impl<T: ScalarType> ListField<T> {
    pub const fn new(name: &'static str) -> Self {
        Self(
            FieldPath {
                name,
                kind: T::KIND,
                is_list: true,
                is_required: true,
            },
            PhantomData,
        )
    }
}

impl<T> ListField<T> {
    pub const fn path(&self) -> FieldPath {
        self.0
    }

    /// One index entry per value.
    pub const fn key_per_value(&self) -> IndexKey {
        IndexKey {
            path: self.0,
            down: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexKey {
    pub path: FieldPath,
    pub down: bool,
}

/// The condition of a partial index: literal, because neither engine can infer it from a bound
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexCondition {
    Is(FieldPath, bool),
    Says(FieldPath, &'static str),
    Present(FieldPath),
}

/// A query names its index, uses its order, and gets its conditions automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    pub(super) name: &'static str,
    pub(super) keys: &'static [IndexKey],
    pub(super) unique: bool,
    pub(super) only: &'static [IndexCondition],
    /// A document expires this long after the time in the first key.
    pub(super) kept_ms: Option<i64>,
}

impl Index {
    pub const fn new(name: &'static str, keys: &'static [IndexKey]) -> Self {
        Self {
            name,
            keys,
            unique: false,
            only: &[],
            kept_ms: None,
        }
    }

    pub const fn unique(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }

    pub const fn with_conditions(self, only: &'static [IndexCondition]) -> Self {
        Self { only, ..self }
    }

    pub const fn with_expiry(self, kept_ms: i64) -> Self {
        Self {
            kept_ms: Some(kept_ms),
            ..self
        }
    }

    /// The name in the store ends in a hash of the definition. A changed index thus gets a new
    /// name, under which neither engine can have an old definition.
    pub(super) fn stored_name(&self) -> String {
        let hash = self
            .describe_definition()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            });
        format!("{}_{hash:08x}", self.name)
    }

    fn describe_definition(&self) -> String {
        let mut text = format!("unique {} kept {:?}", self.unique, self.kept_ms);
        if self.kept_ms.is_some() {
            text += " present without events";
        }
        for IndexKey { path, down } in self.keys {
            text += &format!("; {} {:?} {} {down}", path.name, path.kind, path.is_list);
        }
        for condition in self.only {
            text += &match condition {
                IndexCondition::Is(path, yes) => format!("; {} is {yes}", path.name),
                IndexCondition::Says(path, word) => format!("; {} says {word}", path.name),
                IndexCondition::Present(path) => format!("; {} is present", path.name),
            };
        }
        text
    }

    /// An expiring index omits documents that never expire.
    pub(super) fn all_conditions(&self) -> Vec<IndexCondition> {
        let expires = self.keys.first().filter(|_| self.kept_ms.is_some());
        let expires = expires.map(|key| IndexCondition::Present(key.path));
        self.only.iter().copied().chain(expires).collect()
    }

    /// The indexed list. MongoDB allows only one per index.
    pub(super) fn list(&self) -> Option<FieldPath> {
        self.keys
            .iter()
            .map(|key| key.path)
            .find(|path| path.is_list)
    }

    /// The key after the declared ones; absent from unique and expiring indexes, which are never
    /// paged.
    pub(super) fn id_key(&self) -> Option<IndexKey> {
        let down = self.keys.last().is_some_and(|key| key.down);
        (!self.unique && self.kept_ms.is_none()).then_some(IndexKey { path: ID, down })
    }

    fn has_condition_on(&self, path: FieldPath) -> bool {
        self.only.iter().any(|condition| match *condition {
            IndexCondition::Is(of, _)
            | IndexCondition::Says(of, _)
            | IndexCondition::Present(of) => of == path,
        })
    }
}

impl CollectionSchema {
    pub(super) fn declares_field(&self, path: FieldPath) -> bool {
        path == ID || self.fields.contains(&path)
    }

    pub(super) fn expires_by(&self, path: FieldPath) -> bool {
        let expiring = self.indexes.iter().filter(|index| index.kept_ms.is_some());
        expiring
            .filter_map(|index| index.keys.first())
            .any(|key| key.path == path)
    }

    /// Rejects a declaration that would make the two stores differ.
    pub(super) fn check_declaration(&self) -> Result<(), String> {
        for index in self.indexes {
            let name = index.name;
            if index.keys.iter().filter(|key| key.path.is_list).count() > 1 {
                return Err(format!("index {name} has more than one list"));
            }
            for IndexKey { path, .. } in index.keys {
                if !self.fields.contains(path) {
                    return Err(format!("`{}` of index {name} is not declared", path.name));
                }
                // A missing value equals null in MongoDB, matches nothing in SQLite, and has no
                // position in an order.
                let sure =
                    path.is_required || index.has_condition_on(*path) || index.kept_ms.is_some();
                if !sure {
                    return Err(format!("`{}` of index {name} may be missing", path.name));
                }
            }
        }
        Ok(())
    }

    /// Rejects a body that deviates from its declaration: a time not stored as an integer, a
    /// renamed field, a number that only one store can hold.
    pub(super) fn check_body(&self, body: &Value) -> Result<(), String> {
        let Some(fields) = body.as_object() else {
            return Err("the document is not a JSON object".to_owned());
        };
        if let Some(name) = fields.keys().find(|name| name.starts_with(['_', '$'])) {
            return Err(format!("`{name}` is reserved for the store"));
        }
        for path in self.fields {
            let is_right = match value_at_path(body, path.name) {
                None => !path.is_required,
                Some(Value::Array(all)) => {
                    path.is_list && all.iter().all(|value| path.kind.matches_value(value))
                }
                Some(value) => !path.is_list && path.kind.matches_value(value),
            };
            if !is_right {
                return Err(format!("`{}` is not of kind {:?}", path.name, path.kind));
            }
        }
        Ok(())
    }
}

/// The value at a path such as `verification.state`.
pub(super) fn value_at_path<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(body, |value, name| value.get(name))
}

pub(super) fn at_mut<'v>(body: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    path.split('.')
        .try_fold(body, |value, name| value.get_mut(name))
}

/// Returns true if the paths name the same value, or one contains the other.
pub(super) fn paths_overlap(one: &str, other: &str) -> bool {
    one.split('.')
        .zip(other.split('.'))
        .all(|(one, other)| one == other)
}

/// Removes nulls from objects, so that absent always means missing. Rejects an integer above `i64`,
/// which MongoDB would turn into a float.
pub(super) fn normalize_body(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().try_for_each(normalize_body)
        }
        Value::Array(all) => all.iter_mut().try_for_each(normalize_body),
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            Err(format!("{number} is above the largest integer"))
        }
        _ => Ok(()),
    }
}
