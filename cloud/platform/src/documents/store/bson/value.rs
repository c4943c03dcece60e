//! BSON as serde input: ids read as text, as in JSON, and dates as milliseconds.

use mongodb::bson::{RawBsonRef, RawDocument};
use serde::{
    Deserializer,
    de::{
        Error as _, IntoDeserializer, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use uuid::Uuid;

pub use serde::de::value::Error;

#[derive(Clone, Copy)]
pub struct BsonValue<'de>(RawBsonRef<'de>);

type BsonFields<'de> = MapDeserializer<'de, std::vec::IntoIter<(&'de str, BsonValue<'de>)>, Error>;

/// A document without the store's fields.
pub fn body_deserializer(
    document: &RawDocument,
) -> Result<MapAccessDeserializer<BsonFields<'_>>, Error> {
    fields_deserializer(document, |name| !name.starts_with('_')).map(MapAccessDeserializer::new)
}

fn fields_deserializer(
    document: &RawDocument,
    is_read: fn(&str) -> bool,
) -> Result<BsonFields<'_>, Error> {
    let mut fields = Vec::new();
    for field in document {
        let (name, value) = field.map_err(Error::custom)?;
        if is_read(name.as_str()) {
            fields.push((name.as_str(), BsonValue(value)));
        }
    }
    Ok(MapDeserializer::new(fields.into_iter()))
}

impl<'de> Deserializer<'de> for BsonValue<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            RawBsonRef::Null => visitor.visit_unit(),
            RawBsonRef::Boolean(yes) => visitor.visit_bool(yes),
            RawBsonRef::Int32(number) => visitor.visit_i32(number),
            RawBsonRef::Int64(number) => visitor.visit_i64(number),
            RawBsonRef::Double(number) => visitor.visit_f64(number),
            RawBsonRef::String(text) => visitor.visit_borrowed_str(text),
            RawBsonRef::DateTime(at) => visitor.visit_i64(at.timestamp_millis()),
            RawBsonRef::Binary(id) => {
                let id = Uuid::from_slice(id.bytes).map_err(Error::custom)?;
                visitor.visit_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
            RawBsonRef::Array(all) => {
                let all: Result<Vec<_>, _> = all.into_iter().map(|one| one.map(Self)).collect();
                let all = all.map_err(Error::custom)?;
                visitor.visit_seq(SeqDeserializer::new(all.into_iter()))
            }
            RawBsonRef::Document(document) => {
                visitor.visit_map(fields_deserializer(document, |_| true)?)
            }
            other => Err(Error::custom(format!(
                "the BSON type {:?} is not supported",
                other.element_type()
            ))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            RawBsonRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
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

impl<'de> IntoDeserializer<'de, Error> for BsonValue<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
