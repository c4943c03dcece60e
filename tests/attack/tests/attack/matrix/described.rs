//! A platform's routes from its own description, and calls built from them.

use attack::{AttackedPlatform, HttpCall, Station};
use serde_json::{Map, Value, json};
use wire::Role;

pub(crate) struct Description(Value);

#[derive(Debug, Clone)]
pub(crate) struct DescribedRoute {
    pub method: String,
    pub path: String,
    pub is_public: bool,
    /// Empty for a route that serves no person.
    pub roles: Vec<Role>,
    pub is_edges: bool,
    pub takes_key: bool,
    /// The route refuses a request without an idempotency key.
    pub needs_key: bool,
    /// The reason if a changing route takes no idempotency key.
    pub unkeyed: Option<String>,
    /// The codes of its refusals by status; an empty list for every other answer.
    answers: Map<String, Value>,
    /// Bodies that the route accepts: one per value of an enum field.
    pub bodies: Vec<Value>,
    /// All fields of the body, each with a sample.
    pub fields: Vec<(String, Value)>,
    /// Body fields and query parameters that hold an id, such as `items[].document` or `?order_id`.
    pub id_fields: Vec<String>,
    query: Vec<String>,
}

impl Description {
    pub(crate) async fn of(platform: &AttackedPlatform) -> Self {
        let call = HttpCall::get("/openapi.json");
        let answer = Station::fresh()
            .ask(platform.gateway(), &call)
            .await
            .expect("an answer");
        Self(answer.json())
    }

    pub(crate) fn routes(&self) -> Vec<DescribedRoute> {
        let paths = self.0["paths"].as_object().expect("paths");
        let each = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods
                .iter()
                .map(|(method, route)| self.route(path, method, route))
        });
        let routes: Vec<_> = each.collect();
        assert!(
            routes.len() > 80,
            "the description names the routes: {}",
            routes.len()
        );
        routes
    }

    fn route(&self, path: &str, method: &str, route: &Value) -> DescribedRoute {
        let security = route["security"].as_array();
        let roles = serde_json::from_value(route["x-roles"].clone());
        let codes = |answer: &Value| answer.get("x-codes").cloned().unwrap_or(json!([]));
        let answers = route["responses"].as_object().expect("answers");
        let schema = &route["requestBody"]["content"]["application/json"]["schema"];
        let parameters = route["parameters"].as_array().into_iter().flatten();
        let key = parameters
            .clone()
            .find(|one| one["name"] == "Idempotency-Key");
        let needs_key = key.is_some_and(|key| key["required"] == true);
        let asked = parameters.filter(|one| one["in"] == "query");
        let is_id = |one: &&Value| self.resolved(&one["schema"])["format"] == "uuid";
        let name = |one: &Value| format!("?{}", one["name"].as_str().expect("a name"));
        let mut id_fields: Vec<_> = asked.clone().filter(is_id).map(name).collect();
        self.gather_ids(schema, "", &mut id_fields);
        let needed = asked.filter(|one| one["required"] == true);
        let word = |one: &Value| match self.sample(&one["schema"]) {
            Value::String(word) => word,
            other => other.to_string(),
        };
        let query = needed.map(|one| {
            format!(
                "{}={}",
                one["name"].as_str().expect("a name"),
                word(one).replace(' ', "%20")
            )
        });
        DescribedRoute {
            method: method.to_uppercase(),
            path: path.to_owned(),
            is_public: security
                .expect("each route says who may call it")
                .is_empty(),
            roles: roles.unwrap_or_else(|error| panic!("{method} {path} names no roles: {error}")),
            is_edges: route["tags"] == json!(["edge"]),
            takes_key: key.is_some(),
            needs_key,
            unkeyed: route["x-unkeyed"].as_str().map(str::to_owned),
            answers: answers
                .iter()
                .map(|(status, answer)| (status.clone(), codes(answer)))
                .collect(),
            fields: self.fields(schema),
            id_fields,
            bodies: if schema.is_null() {
                Vec::new()
            } else {
                self.samples(schema)
            },
            query: query.collect(),
        }
    }

    fn samples(&self, schema: &Value) -> Vec<Value> {
        let sample = &self.sample(schema);
        let fields = self.resolved(schema)["properties"]
            .as_object()
            .into_iter()
            .flatten();
        let words = fields
            .filter(|(name, _)| sample.get(name).is_some())
            .flat_map(|(name, field)| {
                let words = self.resolved(field)["enum"]
                    .as_array()
                    .into_iter()
                    .flatten();
                words.map(move |word| {
                    let mut sample = sample.clone();
                    sample[name] = word.clone();
                    sample
                })
            });
        let mut samples: Vec<_> = words.collect();
        if samples.is_empty() {
            samples.push(sample.clone());
        }
        // Some values require a reason, which the schema marks as optional.
        if self.resolved(schema)["properties"]["reason"].is_object() && sample.is_object() {
            let bare = samples.iter().filter(|one| one.get("reason").is_none());
            let reasoned = bare.cloned().map(|mut one| {
                one["reason"] = json!("as agreed");
                one
            });
            samples.extend(reasoned.collect::<Vec<_>>());
        }
        samples
    }

    fn fields(&self, schema: &Value) -> Vec<(String, Value)> {
        let fields = self.resolved(schema)["properties"]
            .as_object()
            .into_iter()
            .flatten();
        fields
            .map(|(name, field)| (name.clone(), self.sample(field)))
            .collect()
    }

    fn gather_ids(&self, schema: &Value, place: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if schema["format"] == "uuid" {
            found.push(place.to_owned());
        }
        for form in ["oneOf", "anyOf", "allOf"]
            .iter()
            .filter_map(|of| schema[of].as_array())
        {
            form.iter()
                .for_each(|form| self.gather_ids(form, place, found));
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let name = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            self.gather_ids(field, &name, found);
        }
        if let Some(items) = schema.get("items") {
            self.gather_ids(items, &format!("{place}[]"), found);
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"]
            .as_str()
            .and_then(|name| name.rsplit('/').next())
        {
            Some(name) => self.resolved(&self.0["components"]["schemas"][name]),
            None => schema,
        }
    }

    /// A value of that schema: required fields and the text, each as simple as possible.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolved(schema);
        if let Some(example) = schema["examples"].get(0).or(schema["enum"].get(0)) {
            return example.clone();
        }
        if let Some(form) = schema["oneOf"].get(0).or(schema["anyOf"].get(0)) {
            return self.sample(form);
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("string"), Some("uuid")) => json!(NOBODYS),
            (Some("string"), Some("date-time")) => json!("2030-01-01T10:00:00Z"),
            (Some("string"), Some("date")) => json!("2030-01-01"),
            (Some("string"), _) => json!("as agreed"),
            (Some("integer" | "number"), _) => json!(1),
            (Some("boolean"), _) => json!(true),
            (Some("array"), _) => json!([]),
            _ => self.sample_fields(schema),
        }
    }

    fn sample_fields(&self, schema: &Value) -> Value {
        let parts = schema["allOf"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|part| self.sample(part));
        let parts = parts.filter_map(|part| part.as_object().cloned()).flatten();
        let needed = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        // A message has a text or a photo, so neither is required.
        let text = schema["properties"].get("text").map(|_| "text");
        let fields = needed
            .chain(text)
            .map(|name| (name.to_owned(), self.sample(&schema["properties"][name])));
        Value::Object(parts.chain(fields).collect())
    }
}

/// An id of no resource.
pub(crate) const NOBODYS: &str = "0192f5d4-0000-7000-8000-000000000009";

impl DescribedRoute {
    pub(crate) fn takes_ids(&self) -> bool {
        self.path.contains('{') || self.query.iter().any(|one| one.contains(NOBODYS))
    }

    pub(crate) fn names_code(&self, status: u16, code: &str) -> bool {
        let codes = self
            .answers
            .get(&status.to_string())
            .and_then(Value::as_array);
        codes.is_some_and(|codes| codes.contains(&json!(code)))
    }

    pub(crate) fn names_status(&self, status: u16) -> bool {
        self.answers.contains_key(&status.to_string())
    }

    /// The kinds of the path's ids, from the segment before each: `reviews` and `images`.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        let parts: Vec<_> = self.path.split('/').collect();
        let is_place = |part: &str| part.starts_with('{');
        let named = |n: usize| parts[..n].iter().rfind(|part| !is_place(part)).copied();
        let places = parts.iter().enumerate().filter(|(_, part)| is_place(part));
        places
            .map(|(n, _)| named(n).expect("a path begins with a name"))
            .collect()
    }

    /// Fills the path's placeholders; the last value fills all that remain.
    fn path_with(&self, words: &[&str]) -> String {
        let mut rest = words.iter();
        let mut word = *words.last().expect("a word");
        let mut next = || {
            word = rest.next().copied().unwrap_or(word);
            word
        };
        let parts = self
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { next() } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    pub(crate) fn sound_call(&self, word: &str) -> HttpCall {
        self.sound_calls(&[word]).swap_remove(0)
    }

    pub(crate) fn sound_calls(&self, words: &[&str]) -> Vec<HttpCall> {
        let path = self.path_with(words);
        let query = self.query.join("&");
        let word = words[0];
        let query = if word.is_empty() {
            query
        } else {
            query.replace(NOBODYS, word)
        };
        let path = if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        };
        let mut call = self.upgraded(HttpCall::new(&self.method, &path));
        if self.needs_key {
            call = call.header("idempotency-key", format!("{} {path}", self.method));
        }
        if self.bodies.is_empty() {
            return vec![call];
        }
        self.bodies
            .iter()
            .map(|body| call.clone().json(body))
            .collect()
    }

    /// Sets this version of the caller's data in all calls.
    #[must_use]
    pub(crate) fn of_version(mut self, version: &Value) -> Self {
        for body in self
            .bodies
            .iter_mut()
            .filter(|body| body.get("version").is_some())
        {
            body["version"] = version.clone();
        }
        for word in self
            .query
            .iter_mut()
            .filter(|word| word.starts_with("version="))
        {
            *word = format!("version={version}");
        }
        self
    }

    /// A call without effect if the route takes a body, because its body is not an object.
    pub(crate) fn idle_call(&self) -> HttpCall {
        let call = self.upgraded(HttpCall::new(&self.method, &self.path_with(&[NOBODYS])));
        if self.bodies.is_empty() {
            call
        } else {
            call.body("application/json", "[]")
        }
    }

    fn upgraded(&self, call: HttpCall) -> HttpCall {
        if !self.names_status(101) {
            return call;
        }
        call.header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }
}
