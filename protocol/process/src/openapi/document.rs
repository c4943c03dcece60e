//! The OpenAPI description of one part: its routes and their schemas.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};
use wire::{Code, Language};

use crate::{idempotency::KEY_CHARS_MAX, routes::PublicRoute};

/// The described routes of a part, by path and method.
#[derive(Debug, Default)]
pub struct ApiDocument {
    pub part: &'static str,
    /// The routes that the gateway serves, in the order of the part's table.
    pub public_routes: Vec<PublicRoute>,
    pub routes: BTreeMap<(&'static str, String), RouteDescription>,
    pub schemas: BTreeMap<String, Value>,
}

/// How a route treats the `Idempotency-Key`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum KeyRule {
    /// The route only reads.
    #[default]
    ReadOnly,
    /// The handler stores the answer.
    StoredByHandler,
    /// The platform stores the answer.
    StoredByPlatform,
    /// The route takes no key, for this reason.
    TakesNone(&'static str),
}

/// The description of one route for its clients.
#[derive(Debug, Default)]
pub struct RouteDescription {
    name: String,
    about: &'static str,
    path: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<String, Value>,
    pub codes: BTreeSet<Code>,
    schemas: BTreeMap<String, Value>,
    key: KeyRule,
    /// Requests without a key are refused.
    needs_key: bool,
}

impl ApiDocument {
    pub fn for_part(part: &'static str) -> Self {
        Self {
            part,
            ..Self::default()
        }
    }

    /// Adds a route without a `RouteTable` handler.
    #[must_use]
    pub fn with_described_route(
        mut self,
        name: &str,
        method: &Method,
        path: &'static str,
        about: &'static str,
        describe: impl FnOnce(&mut RouteDescription),
    ) -> Self {
        let name = format!("{}.{name}", self.part);
        let mut route = RouteDescription {
            name,
            about,
            path,
            ..RouteDescription::default()
        };
        describe(&mut route);
        self.schemas.append(&mut route.schemas);
        let before = self
            .routes
            .insert((path, method.as_str().to_lowercase()), route);
        assert!(before.is_none(), "{method} {path} is described twice");
        self
    }

    /// Adds a public route without a `RouteTable` handler.
    #[must_use]
    pub fn with_public_route(
        mut self,
        name: &str,
        route: PublicRoute,
        about: &'static str,
        describe: impl FnOnce(&mut RouteDescription),
    ) -> Self {
        self.public_routes.push(route.clone());
        self.with_described_route(name, &route.method, route.path, about, |description| {
            describe(description);
            if let Some(because) = route.unkeyed_because {
                description.takes_no_key(because);
            }
        })
    }

    /// Adds details that the handler's types cannot express.
    #[must_use]
    pub fn with_route_details(
        mut self,
        method: &Method,
        path: &'static str,
        describe: impl FnOnce(&mut RouteDescription),
    ) -> Self {
        let route = self.routes.get_mut(&(path, method.as_str().to_lowercase()));
        let route = route.expect("the route is added before its details");
        describe(route);
        self.schemas.append(&mut route.schemas);
        self
    }

    /// The method and path of each route whose answers the platform stores.
    pub fn kept_routes(&self) -> HashSet<(Method, &'static str)> {
        let kept = self
            .routes
            .iter()
            .filter(|(_, route)| route.key == KeyRule::StoredByPlatform);
        kept.filter_map(|((path, method), _)| Some((method.to_uppercase().parse().ok()?, *path)))
            .collect()
    }

    /// Adds a type that travels outside HTTP.
    #[must_use]
    pub fn with_schema<T: ToSchema>(mut self) -> Self {
        let mut route = RouteDescription::default();
        route.schema::<T>();
        self.schemas.append(&mut route.schemas);
        self
    }
}

impl RouteDescription {
    /// A reference to the schema of `T`. Generic types are inlined, because their names are
    /// ambiguous.
    pub fn schema<T: ToSchema>(&mut self) -> Value {
        let mut named = Vec::new();
        T::schemas(&mut named);
        let own = correct_schema(T::schema());
        self.schemas.extend(
            named
                .into_iter()
                .map(|(name, schema)| (name, correct_schema(schema))),
        );
        let is_plain = own
            .get("type")
            .is_some_and(|kind| kind.is_string() && kind != "object")
            && own
                .as_object()
                .is_some_and(|own| own.len() <= 2 && !own.contains_key("enum"));
        if is_plain || std::any::type_name::<T>().replace("<'_>", "").contains('<') {
            return own;
        }
        self.schemas.insert(T::name().into_owned(), own);
        Self::schema_reference(&T::name())
    }

    /// A reference to a schema that another part describes.
    pub fn schema_reference(name: &str) -> Value {
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    pub fn into_schemas(self) -> BTreeMap<String, Value> {
        self.schemas
    }

    pub fn takes_json(&mut self, schema: Value, required: bool) {
        let content = json!({ "application/json": { "schema": schema } });
        self.body = Some(json!({ "required": required, "content": content }));
        self.add_refusal_codes(&[Code::MalformedBody, Code::BodyTooLarge, Code::InvalidInput]);
    }

    /// Takes a raw file of one of these content types.
    pub fn takes_file(&mut self, kinds: &[&str]) {
        let file = json!({ "schema": { "type": "string", "format": "binary" } });
        let content: Map<String, Value> = kinds
            .iter()
            .map(|kind| ((*kind).to_owned(), file.clone()))
            .collect();
        self.body = Some(json!({ "required": true, "content": content }));
        self.add_refusal_codes(&[Code::MalformedBody, Code::BodyTooLarge]);
    }

    pub fn answers_json<T: ToSchema>(&mut self, status: StatusCode) {
        let schema = self.schema::<T>();
        self.answers_with(status, "application/json", &schema);
    }

    pub fn answers_with(&mut self, status: StatusCode, kind: &str, schema: &Value) {
        let description = status.canonical_reason().unwrap_or_default();
        let answer =
            json!({ "description": description, "content": { kind: { "schema": schema } } });
        self.answers.insert(status.as_str().to_owned(), answer);
    }

    pub fn answers_nothing(&mut self, status: StatusCode, about: &str) {
        self.answers
            .insert(status.as_str().to_owned(), json!({ "description": about }));
    }

    /// The handler stores its answers by the key.
    pub(super) fn heeds_key(&mut self) {
        self.key = KeyRule::StoredByHandler;
        self.describe_key();
    }

    /// The platform stores the answers by the key, unless the handler does.
    pub(super) fn takes_key(&mut self) {
        if self.key != KeyRule::StoredByHandler {
            self.key = KeyRule::StoredByPlatform;
            self.add_refusal_codes(&[Code::CommandIdReused, Code::InvalidInput, Code::Unavailable]);
            self.describe_key();
        }
    }

    /// Refuses requests without a key, because a repeat would look new.
    pub fn needs_key(&mut self) {
        self.needs_key = true;
    }

    /// Takes no key although it changes something; the reason completes the sentence "A repeat".
    pub(super) fn takes_no_key(&mut self, why: &'static str) {
        self.key = KeyRule::TakesNone(why);
    }

    fn describe_key(&mut self) {
        let about = "Makes a repeat harmless: the same request under the same key is done once, and each repeat has the \
            same answer. A UUID, or any other text of up to 255 characters.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX });
        self.add_parameter("header", "Idempotency-Key", self.needs_key, schema, about);
    }

    pub fn add_refusal_codes(&mut self, codes: &[Code]) {
        self.codes.extend(codes);
    }

    pub fn add_parameter(
        &mut self,
        place: &str,
        name: &str,
        required: bool,
        schema: Value,
        about: &str,
    ) {
        let mut parameter =
            json!({ "name": name, "in": place, "required": required, "schema": schema });
        if !about.is_empty() {
            parameter["description"] = about.into();
        }
        self.parameters.push(parameter);
    }

    /// Adds the fields of `T`, or `T` itself as the path's parameter.
    pub fn add_parameter_fields<T: ToSchema>(&mut self, place: &str) {
        let own = correct_schema(T::schema());
        let needed = own["required"].as_array().cloned().unwrap_or_default();
        let Some(fields) = own["properties"].as_object() else {
            let schema = self.schema::<T>();
            let name = self.path.split(['{', '}']).nth(1).unwrap_or_default();
            return self.add_parameter(place, name, true, schema, "");
        };
        let mut named = Vec::new();
        T::schemas(&mut named);
        self.schemas.extend(
            named
                .into_iter()
                .map(|(name, schema)| (name, correct_schema(schema))),
        );
        for (name, schema) in fields {
            let mut schema = schema.clone();
            let about = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"));
            let about = about.as_ref().and_then(Value::as_str).unwrap_or_default();
            self.add_parameter(place, name, needed.contains(&json!(name)), schema, about);
        }
    }

    /// The operation object, with refusals grouped by status.
    pub fn into_operation(self, tag: &str) -> Map<String, Value> {
        let Self {
            name,
            about,
            mut answers,
            codes,
            parameters,
            body,
            key,
            ..
        } = self;
        let statuses: BTreeSet<u16> = codes.iter().map(|code| code.status()).collect();
        for status in statuses {
            let codes: Vec<_> = codes
                .iter()
                .filter(|code| code.status() == status)
                .collect();
            let lines: Vec<String> = codes
                .iter()
                .map(|code| format!("`{code}`: {}", code.sentence_in(Language::English)))
                .collect();
            let about = lines.join("\n");
            let content = json!({ "application/problem+json": { "schema": Self::schema_reference("Problem") } });
            let answer = json!({ "description": about, "content": content, "x-codes": codes });
            answers.insert(status.to_string(), answer);
        }
        let fields = [
            ("operationId", Value::from(name)),
            ("tags", json!([tag])),
            ("summary", about.into()),
            ("parameters", parameters.into()),
            ("requestBody", body.unwrap_or_default()),
            ("responses", json!(answers)),
            (
                "x-unkeyed",
                if let KeyRule::TakesNone(why) = key {
                    why.into()
                } else {
                    Value::Null
                },
            ),
        ];
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_null() && *value != json!([]))
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

/// The schema from utoipa with two corrections: optional fields are never null, and untagged enums
/// become `anyOf`, because several variants may fit.
fn correct_schema(schema: RefOr<Schema>) -> Value {
    let mut value = serde_json::to_value(schema).expect("a schema is JSON");
    remove_null_from_optional_fields(&mut value);
    relax_untagged_enums(&mut value);
    value
}

fn relax_untagged_enums(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(relax_untagged_enums);
            if members
                .get("oneOf")
                .and_then(Value::as_array)
                .is_some_and(|all| may_overlap(all))
                && let Some(variants) = members.remove("oneOf")
            {
                members.insert("anyOf".into(), variants);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(relax_untagged_enums),
        _ => {}
    }
}

/// True if several variants may fit a value. A tag field, which has one value, distinguishes
/// objects; nullable values and enums of strings never overlap.
fn may_overlap(variants: &[Value]) -> bool {
    let is_nullable = variants.contains(&json!({ "type": "null" }));
    !is_nullable && !variants.iter().all(has_discriminator)
}

fn has_discriminator(variant: &Value) -> bool {
    let fields = variant["properties"].as_object();
    variant.get("enum").is_some() || fields.is_some_and(|all| all.values().any(is_tag_field))
}

fn is_tag_field(field: &Value) -> bool {
    field["enum"]
        .as_array()
        .is_some_and(|words| words.len() == 1)
}

fn remove_null_from_optional_fields(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        for (name, field) in fields {
            let is_required = required
                .as_array()
                .is_some_and(|all| all.contains(&json!(name)));
            if !is_required {
                remove_null(field);
            }
        }
    }
    match schema {
        Value::Object(members) => members
            .values_mut()
            .for_each(remove_null_from_optional_fields),
        Value::Array(items) => items.iter_mut().for_each(remove_null_from_optional_fields),
        _ => {}
    }
}

fn remove_null(field: &mut Value) {
    if let Some(Value::Array(kinds)) = field.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            field["type"] = kind.clone();
        }
    }
    let Some(Value::Array(mut kinds)) = field.get_mut("oneOf").map(Value::take) else {
        return;
    };
    kinds.retain(|kind| *kind != json!({ "type": "null" }));
    match (kinds.as_slice(), field.as_object_mut()) {
        ([Value::Object(only)], Some(members)) => {
            members.remove("oneOf");
            members.extend(only.clone());
        }
        _ => field["oneOf"] = kinds.into(),
    }
}
