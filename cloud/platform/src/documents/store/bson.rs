//! Bodies and filters as BSON. The store adds fields to a document: `_v`, its version; `_events`,
//! its unsent events; `_taken`, the last events that changed it; `_expires`, dates for the expiry
//! index.

mod value;

use mongodb::bson::{self, Bson, DateTime, Document, RawDocument, RawDocumentBuf, doc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;
use wire::Event;

use crate::documents::{
    DocumentsError,
    mongo::uuid_to_bson,
    query::{Bound, Filter, IndexQuery},
    schema::{CollectionSchema, FieldPath, Index, IndexCondition, Scalar, ScalarKind},
};
use crate::sealing::DataKeys;

use super::{StoredBody, StoredDocument};

pub fn encode_document(schema: &CollectionSchema, id: Uuid, version: i64, body: Value) -> Document {
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

pub fn decode_stored(
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
pub fn read<T: DeserializeOwned>(document: &RawDocument) -> Result<T, value::Error> {
    T::deserialize(value::body_deserializer(document)?)
}

pub fn id_of(document: &Document) -> Result<Uuid, String> {
    match document.get("_id") {
        Some(Bson::Binary(id)) => Uuid::from_slice(&id.bytes).map_err(|error| error.to_string()),
        _ => Err("`_id` is not an id".to_owned()),
    }
}

pub fn encode_events(events: &[Event], keys: &DataKeys) -> Result<Vec<Bson>, DocumentsError> {
    events
        .iter()
        .map(|event| encode_event(event, keys))
        .collect()
}

fn encode_event(event: &Event, keys: &DataKeys) -> Result<Bson, DocumentsError> {
    let json = serde_json::to_string(event)
        .map_err(|error| DocumentsError::shape_error("events", &error))?;
    let sealed = keys.seal_text(&super::events::event_seal_place(event.id.0), &json);
    Ok(bson::bson!({"id": uuid_to_bson(event.id.0), "at": event.at.0, "event": sealed}))
}

pub fn index_keys(index: &Index) -> Document {
    if let (Some(_), [key, ..]) = (index.kept_ms, index.keys) {
        return doc! {format!("_expires.{}", key.path.name): 1};
    }
    let keys = index.keys.iter().copied().chain(index.id_key());
    keys.map(|key| (key.path.name.to_owned(), sort_direction(key.down)))
        .collect()
}

pub fn partial_index_filter(index: &Index) -> Document {
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
pub fn whole_filter(query: &IndexQuery) -> Document {
    doc! {"$and": [partial_index_filter(&query.index), encode_filter(&query.whole_filter())]}
}

pub fn sort_document(query: &IndexQuery) -> Document {
    let order = query.sort_keys().into_iter();
    order
        .map(|key| (key.path.name.to_owned(), sort_direction(key.down)))
        .collect()
}

pub fn encode_filter(filter: &Filter) -> Document {
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

pub fn of_scalar(value: &Scalar) -> Bson {
    match value {
        Scalar::Id(id) => uuid_to_bson(*id),
        Scalar::Int(number) => Bson::Int64(*number),
        Scalar::Text(text) => Bson::String(text.clone()),
        Scalar::Bool(yes) => Bson::Boolean(*yes),
    }
}

/// Every integer becomes 64 bits wide.
pub fn of_json(value: Value) -> Bson {
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

pub fn type_name(path: FieldPath) -> &'static str {
    match path.kind {
        _ if path.is_list => "array",
        ScalarKind::Id => "binData",
        ScalarKind::Int => "long",
        ScalarKind::Text => "string",
        ScalarKind::Bool => "bool",
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
