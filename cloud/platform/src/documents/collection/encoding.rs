//! The stored form of a document: checked against its schema, and its personal fields sealed.

use serde_json::Value;
use uuid::Uuid;

use super::{Collection, Document};
use crate::{
    documents::{
        DocumentsError,
        schema::{self, DocumentBody, FieldPath, ID, IndexKey, Scalar, ScalarKind},
        store::StoredDocument,
    },
    sealing::SealContext,
};

impl<D: DocumentBody> Collection<D> {
    pub(super) fn encode_body(&self, id: Uuid, body: &D) -> Result<Value, DocumentsError> {
        let mut body = serde_json::to_value(body).map_err(|error| self.shape_error(&error))?;
        schema::normalize_body(&mut body).map_err(|why| self.shape_error(&why))?;
        D::SHAPE
            .check_body(&body)
            .map_err(|why| self.shape_error(&why))?;
        Ok(self.seal_fields(id, body))
    }

    pub(super) fn seal_fields(&self, id: Uuid, mut body: Value) -> Value {
        for name in D::SEALED {
            let value = schema::at_mut(&mut body, name).filter(|value| !value.is_null());
            let Some(value) = value else { continue };
            let sealed = self
                .keys
                .seal_text(&self.seal_place(id, name), &value.to_string());
            // Without active keys the field stays plain, as earlier versions read it.
            if self.keys.is_sealed_text(&sealed) {
                *value = Value::String(sealed);
            }
        }
        body
    }

    /// A sealed field is text; opened, it is the JSON of its value.
    pub(super) fn open_fields(&self, id: Uuid, mut body: Value) -> Result<Value, DocumentsError> {
        for name in D::SEALED {
            let Some(value) = schema::at_mut(&mut body, name) else {
                continue;
            };
            let Some(text) = value.as_str().filter(|text| self.keys.is_sealed_text(text)) else {
                continue;
            };
            let json = self
                .keys
                .open_text(&self.seal_place(id, name), text.to_owned())?;
            *value = serde_json::from_str(&json).map_err(|error| self.shape_error(&error))?;
        }
        Ok(body)
    }

    fn seal_place(&self, id: Uuid, field: &str) -> SealContext {
        SealContext::of_id(self.name, id).with_part(field.as_bytes())
    }

    pub(super) fn decode_document(
        &self,
        stored: StoredDocument,
    ) -> Result<Document<D>, DocumentsError> {
        let StoredDocument { id, version, body } = stored;
        if D::SEALED.is_empty() {
            let body = body.read().map_err(|why| self.shape_error(&why))?;
            return Ok(Document { id, version, body });
        }
        let sealed = body.read().map_err(|why| self.shape_error(&why))?;
        let opened = self.open_fields(id, sealed)?;
        let body = serde_json::from_value(opened).map_err(|error| self.shape_error(&error))?;
        Ok(Document { id, version, body })
    }

    pub(super) fn read_page_cursor(
        &self,
        order: &[IndexKey],
        last: &StoredDocument,
    ) -> Result<Vec<Scalar>, DocumentsError> {
        let body: Value = last.body.read().map_err(|why| self.shape_error(&why))?;
        let mut place = Vec::with_capacity(order.len());
        for IndexKey { path, .. } in order {
            if *path == ID {
                place.push(Scalar::Id(last.id));
                continue;
            }
            let scalar = scalar_at(&body, *path).ok_or_else(|| {
                let why = format!("`{}` is not of kind {:?}", path.name, path.kind);
                self.shape_error(&why)
            })?;
            place.push(scalar);
        }
        Ok(place)
    }

    /// True if a personal field is plain or uses a former key.
    pub(super) fn is_stale(&self, body: &Value) -> bool {
        let values = D::SEALED
            .iter()
            .filter_map(|path| schema::value_at_path(body, path));
        values
            .filter(|value| !value.is_null())
            .any(|value| match value.as_str() {
                Some(text) => self.keys.is_stale_text(text),
                None => self.keys.is_sealing(),
            })
    }

    fn shape_error(&self, why: &impl ToString) -> DocumentsError {
        DocumentsError::shape_error(self.name, why)
    }
}

fn scalar_at(body: &Value, path: FieldPath) -> Option<Scalar> {
    let value = schema::value_at_path(body, path.name)?;
    Some(match path.kind {
        ScalarKind::Id => Scalar::Id(Uuid::parse_str(value.as_str()?).ok()?),
        ScalarKind::Int => Scalar::Int(value.as_i64()?),
        ScalarKind::Text => Scalar::Text(value.as_str()?.to_owned()),
        ScalarKind::Bool => Scalar::Bool(value.as_bool()?),
    })
}
