//! The values that a store takes and returns: documents with their versions, and, for MongoDB,
//! bodies and filters as BSON. One test suite verifies both stores of a collection.
//!
//! On MongoDB the store adds fields to a document: `_v`, its version; `_events`, its unsent events;
//! `_taken`, the last events that changed it; `_expires`, dates for the expiry index. BSON is read
//! as serde input: ids as text, as in JSON, and dates as milliseconds.

mod mongo;
mod sqlite;

pub(super) use mongo::MongoStore;
pub(super) use sqlite::SqliteStore;

use mongodb::bson::{Bson, DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{Error as BsonError, MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use uuid::Uuid;
use wire::{EventId, UnixMillis};

use super::{
    DocumentsError,
    mongo::uuid_to_bson,
    query::{Bound, Filter, IndexQuery},
    schema::{CollectionSchema, Index, IndexCondition, Scalar, ScalarKind},
};

/// The most unsent events per document. If the relay falls this far behind, writes fail.
const EVENTS_MAX: usize = 64;

pub(super) struct StoredDocument {
    pub id: Uuid,
    pub version: i64,
    pub body: StoredBody,
}

pub(super) enum StoredBody {
    Bson(RawDocumentBuf),
    Json(String),
}

impl StoredBody {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        match self {
            Self::Bson(document) => read(document).map_err(|error| error.to_string()),
            Self::Json(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
    }
}

/// The event that triggers a write, recorded so that the write happens once.
#[derive(Debug, Clone, Copy)]
pub(super) struct TriggeringEvent {
    pub event: EventId,
    pub now: UnixMillis,
}

/// The inbox consumer name of one document.
fn consumer_name(collection: &str, id: Uuid) -> String {
    format!("{collection}/{id}")
}

pub(super) fn encode_document(
    schema: &CollectionSchema,
    id: Uuid,
    version: i64,
    body: Value,
) -> Document {
    let mut document = doc! {"_id": uuid_to_bson(id), "_v": version};
    if let Bson::Document(fields) = of_json(body) {
        document.extend(fields);
    }
    for path in schema.fields {
        if path.kind == ScalarKind::Id {
            if let Some(found) = at_path(&mut document, path.name) {
                make_binary(found);
            }
        } else if schema.expires_by(*path) {
            let at = at_path(&mut document, path.name).and_then(|at| at.as_i64());
            if let Some(at) = at {
                document.insert("_expires", doc! {path.name: DateTime::from_millis(at)});
            }
        }
    }
    document
}

pub(super) fn decode_stored(
    document: RawDocumentBuf,
    collection: &str,
) -> Result<StoredDocument, DocumentsError> {
    let id = document
        .get_binary("_id")
        .map_err(|error| DocumentsError::shape_error(collection, &error))?;
    let id = Uuid::from_slice(id.bytes)
        .map_err(|error| DocumentsError::shape_error(collection, &error))?;
    // Documents from before versioning count as version 1.
    let version = document.get_i64("_v").unwrap_or(1);
    Ok(StoredDocument {
        id,
        version,
        body: StoredBody::Bson(document),
    })
}

/// The body without the store's fields.
pub(super) fn read<T: DeserializeOwned>(document: &RawDocument) -> Result<T, BsonError> {
    T::deserialize(body_deserializer(document)?)
}

fn partial_index_filter(index: &Index) -> Document {
    let mut all = Document::new();
    for condition in index.all_conditions() {
        match condition {
            IndexCondition::Is(path, yes) => all.insert(path.name, yes),
            IndexCondition::Says(path, text) => all.insert(path.name, text),
            IndexCondition::Present(path) => all.insert(path.name, doc! {"$exists": true}),
        };
    }
    if index.kept_ms.is_some() {
        // Unsent events keep a document from expiring. The relay leaves an empty list behind.
        all.insert(
            "_events",
            doc! {"$in": [Bson::Null, Bson::Array(Vec::new())]},
        );
    }
    all
}

/// Repeats the index's condition, or the hint on a partial index would silently omit documents.
pub(super) fn whole_filter(query: &IndexQuery) -> Document {
    doc! {"$and": [partial_index_filter(&query.index), encode_filter(&query.whole_filter())]}
}

pub(super) fn sort_document(query: &IndexQuery) -> Document {
    let order = query.sort_keys().into_iter();
    order
        .map(|key| (key.path.name.to_owned(), sort_direction(key.down)))
        .collect()
}

pub(super) fn encode_filter(filter: &Filter) -> Document {
    match filter {
        Filter::All(all) if all.is_empty() => doc! {},
        Filter::All(all) => doc! {"$and": encode_filters(all)},
        Filter::Any(any) if any.is_empty() => doc! {"_id": {"$in": []}},
        Filter::Any(any) => doc! {"$or": encode_filters(any)},
        Filter::Is(path, value) | Filter::Has(path, value) => doc! {path.name: of_scalar(value)},
        Filter::Bounded(path, bound, value) => {
            let sign = match bound {
                Bound::Below => "$lt",
                Bound::AtMost => "$lte",
                Bound::AtLeast => "$gte",
                Bound::Above => "$gt",
            };
            doc! {path.name: {sign: of_scalar(value)}}
        }
        Filter::Missing(path) => doc! {path.name: Bson::Null},
        Filter::Lacks(path, value) => doc! {path.name: {"$ne": of_scalar(value)}},
    }
}

fn encode_filters(filters: &[Filter]) -> Vec<Document> {
    filters.iter().map(encode_filter).collect()
}

pub(super) fn of_scalar(value: &Scalar) -> Bson {
    match value {
        Scalar::Id(id) => uuid_to_bson(*id),
        Scalar::Int(number) => Bson::Int64(*number),
        Scalar::Text(text) => Bson::String(text.clone()),
        Scalar::Bool(yes) => Bson::Boolean(*yes),
    }
}

/// Every integer becomes 64 bits wide.
pub(super) fn of_json(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(yes) => Bson::Boolean(yes),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Bson::Int64(whole),
            (None, float) => float.map_or(Bson::Null, Bson::Double),
        },
        Value::String(text) => Bson::String(text),
        Value::Array(all) => Bson::Array(all.into_iter().map(of_json).collect()),
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, of_json(value)));
            Bson::Document(fields.collect())
        }
    }
}

fn sort_direction(down: bool) -> Bson {
    Bson::Int32(if down { -1 } else { 1 })
}

fn at_path<'d>(document: &'d mut Document, path: &str) -> Option<&'d mut Bson> {
    match path.split_once('.') {
        None => document.get_mut(path),
        Some((first, rest)) => at_path(document.get_document_mut(first).ok()?, rest),
    }
}

fn make_binary(found: &mut Bson) {
    match found {
        Bson::String(text) => {
            if let Ok(id) = Uuid::parse_str(text) {
                *found = uuid_to_bson(id);
            }
        }
        Bson::Array(all) => all.iter_mut().for_each(make_binary),
        _ => {}
    }
}

#[derive(Clone, Copy)]
pub(super) struct BsonValue<'de>(RawBsonRef<'de>);

type BsonFields<'de> =
    MapDeserializer<'de, std::vec::IntoIter<(&'de str, BsonValue<'de>)>, BsonError>;

/// A document without the store's fields.
pub(super) fn body_deserializer(
    document: &RawDocument,
) -> Result<MapAccessDeserializer<BsonFields<'_>>, BsonError> {
    fields_deserializer(document, |name| !name.starts_with('_')).map(MapAccessDeserializer::new)
}

fn fields_deserializer(
    document: &RawDocument,
    is_read: fn(&str) -> bool,
) -> Result<BsonFields<'_>, BsonError> {
    let mut fields = Vec::new();
    for field in document {
        let (name, value) = field.map_err(BsonError::custom)?;
        if is_read(name.as_str()) {
            fields.push((name.as_str(), BsonValue(value)));
        }
    }
    Ok(MapDeserializer::new(fields.into_iter()))
}

impl<'de> Deserializer<'de> for BsonValue<'de> {
    type Error = BsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BsonError> {
        match self.0 {
            RawBsonRef::Null => visitor.visit_unit(),
            RawBsonRef::Boolean(yes) => visitor.visit_bool(yes),
            RawBsonRef::Int32(number) => visitor.visit_i32(number),
            RawBsonRef::Int64(number) => visitor.visit_i64(number),
            RawBsonRef::Double(number) => visitor.visit_f64(number),
            RawBsonRef::String(text) => visitor.visit_borrowed_str(text),
            RawBsonRef::DateTime(at) => visitor.visit_i64(at.timestamp_millis()),
            RawBsonRef::Binary(id) => {
                let id = Uuid::from_slice(id.bytes).map_err(BsonError::custom)?;
                visitor.visit_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
            RawBsonRef::Array(all) => {
                let all: Result<Vec<_>, _> = all.into_iter().map(|one| one.map(Self)).collect();
                let all = all.map_err(BsonError::custom)?;
                visitor.visit_seq(SeqDeserializer::new(all.into_iter()))
            }
            RawBsonRef::Document(document) => {
                visitor.visit_map(fields_deserializer(document, |_| true)?)
            }
            other => Err(BsonError::custom(format!(
                "the BSON type {:?} is not supported",
                other.element_type()
            ))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BsonError> {
        match self.0 {
            RawBsonRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BsonError> {
        match self.0 {
            RawBsonRef::String(name) => visitor.visit_enum(name.into_deserializer()),
            RawBsonRef::Document(document) => visitor.visit_enum(MapAccessDeserializer::new(
                fields_deserializer(document, |_| true)?,
            )),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, BsonError> for BsonValue<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
