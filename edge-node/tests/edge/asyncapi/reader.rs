//! The AsyncAPI document as the writer of a foreign client reads it: channels by their titles,
//! messages by their examples, and nothing from the types of the product.
//!
//! The check of a message is strict: a field that the document lacks is a fault. Patterns and
//! formats are not checked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

// The titles of the channels.
pub(crate) const COMMAND: &str = "A command";
pub(crate) const REPLIES: &str = "Replies to this device's commands";
pub(crate) const DECISIONS: &str = "Decisions on one person's commands";
pub(crate) const BOARD: &str = "Changes of the board";
pub(crate) const PRESENCE: &str = "Whether the edge is connected to its broker";
pub(crate) const HEAD: &str = "The end of the edge's log";

pub(crate) struct DocumentReader(Value);

/// The fields of an object, with those of every part of an `allOf`.
#[derive(Default)]
struct ObjectFields<'d> {
    schemas: BTreeMap<&'d str, &'d Value>,
    required: Vec<&'d str>,
}

impl DocumentReader {
    pub(crate) fn new(document: Value) -> Self {
        Self(document)
    }

    /// The topic of the channel with that title. `values` are those of the placeholders.
    pub(crate) fn fill_topic(&self, title: &str, values: &BTreeMap<&str, String>) -> String {
        let channel = self.find_channel(title).1;
        let mut topic = channel["address"].as_str().unwrap().to_owned();
        for (name, parameter) in object(&channel["parameters"]) {
            let about = &self.resolve(parameter)["description"];
            assert!(about.is_string(), "{name} is not described");
            topic = topic.replace(&format!("{{{name}}}"), &values[name.as_str()]);
        }
        assert!(!topic.contains('{'), "{topic} has another placeholder");
        topic
    }

    /// The QoS of the channel with that title.
    pub(crate) fn find_qos(&self, title: &str) -> u64 {
        let reference = format!("#/channels/{}", self.find_channel(title).0);
        let mut operations = object(&self.0["operations"]).values();
        let operation = operations.find(|operation| operation["channel"]["$ref"] == *reference);
        operation.unwrap()["bindings"]["mqtt"]["qos"]
            .as_u64()
            .unwrap()
    }

    /// The path of MQTT over WebSocket.
    pub(crate) fn find_websocket_path(&self) -> &str {
        self.find_server("wss")["pathname"].as_str().unwrap()
    }

    /// In seconds.
    pub(crate) fn find_keep_alive(&self) -> u64 {
        let bindings = &self.find_server("secure-mqtt")["bindings"]["mqtt"];
        bindings["keepAlive"].as_u64().unwrap()
    }

    fn find_server(&self, protocol: &str) -> &Value {
        let mut servers = object(&self.0["servers"]).values();
        servers
            .find(|server| server["protocol"] == protocol)
            .unwrap()
    }

    /// The example of that name, of the channel with that title.
    pub(crate) fn find_example(&self, title: &str, name: &str) -> Value {
        let examples = self.find_message(title)["examples"].as_array().unwrap();
        let example = examples.iter().find(|example| example["name"] == name);
        example.unwrap_or_else(|| panic!("no example {name}"))["payload"].clone()
    }

    /// Fails unless the message of the channel with that title is as described.
    pub(crate) fn check_message(&self, title: &str, message: &Value) {
        let fault = self.find_fault(&self.find_message(title)["payload"], message, title);
        assert_eq!(fault, None, "{message}");
    }

    fn find_message(&self, title: &str) -> &Value {
        let channel = self.find_channel(title).1;
        let message = object(&channel["messages"]).values().next().unwrap();
        self.resolve(message)
    }

    fn find_channel(&self, title: &str) -> (&str, &Value) {
        let mut channels = object(&self.0["channels"]).iter();
        let channel = channels.find(|(_, channel)| channel["title"] == title);
        let (name, channel) = channel.unwrap_or_else(|| panic!("no channel {title}"));
        (name, channel)
    }

    fn resolve<'d>(&'d self, schema: &'d Value) -> &'d Value {
        let Some(reference) = schema["$ref"].as_str() else {
            return schema;
        };
        let pointer = reference.strip_prefix('#').unwrap();
        self.resolve(self.0.pointer(pointer).unwrap())
    }

    /// Where the value differs from its schema, and how.
    fn find_fault(&self, schema: &Value, value: &Value, place: &str) -> Option<String> {
        let schema = self.resolve(schema);
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let faults = alternatives
                .iter()
                .map(|alternative| self.find_fault(alternative, value, place));
            let faults: Option<Vec<String>> = faults.collect();
            return faults.map(|faults| faults.join(" / "));
        }
        if schema["properties"].is_object() || schema["allOf"].is_array() {
            return self.find_fault_of_object(schema, value, place);
        }
        if let Some(values) = schema["enum"].as_array() {
            let is_listed = values.contains(value);
            return (!is_listed).then(|| format!("{place} is none of its values"));
        }
        if !has_type(&schema["type"], value) {
            return Some(format!("{place} is not of its type"));
        }
        let items = value.as_array().into_iter().flatten();
        items
            .enumerate()
            .find_map(|(n, item)| self.find_fault(&schema["items"], item, &format!("{place}[{n}]")))
    }

    fn find_fault_of_object(&self, schema: &Value, value: &Value, place: &str) -> Option<String> {
        let Some(members) = value.as_object() else {
            return Some(format!("{place} is not an object"));
        };
        let mut fields = ObjectFields::default();
        self.collect_fields(schema, &mut fields);
        let missing = fields
            .required
            .iter()
            .find(|name| !members.contains_key(**name));
        if let Some(missing) = missing {
            return Some(format!("{place} lacks {missing}"));
        }
        members.iter().find_map(|(name, member)| {
            let place = format!("{place}.{name}");
            match fields.schemas.get(name.as_str()) {
                Some(schema) => self.find_fault(schema, member, &place),
                None => Some(format!("{place} is not described")),
            }
        })
    }

    fn collect_fields<'d>(&'d self, schema: &'d Value, fields: &mut ObjectFields<'d>) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.collect_fields(part, fields);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            fields.schemas.insert(name, property);
        }
        let required = schema["required"].as_array().into_iter().flatten();
        fields.required.extend(required.filter_map(Value::as_str));
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Fails if the schema has no type that this reader knows.
fn has_type(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("null") => value.is_null(),
        _ => panic!("unknown type {kind}"),
    }
}

#[test]
fn a_field_that_is_missing_or_wrong_or_not_described_is_found() {
    let reader = DocumentReader::new(super::document());
    let title = COMMAND;
    let payload = &reader.find_message(title)["payload"];
    let example = reader.find_example(title, "start");
    assert_eq!(reader.find_fault(payload, &example, title), None);
    let mut without_token = example.clone();
    without_token.as_object_mut().unwrap().remove("token");
    let mut wrong_type = example.clone();
    wrong_type["device_seq"] = "1".into();
    let mut unknown = example.clone();
    unknown["body"]["note"] = "of a completion".into();
    let mut other_action = example;
    other_action["body"]["type"] = "begin_order".into();
    for changed in [without_token, wrong_type, unknown, other_action] {
        let fault = reader.find_fault(payload, &changed, title);
        assert!(fault.is_some(), "{changed}");
    }
}

#[test]
fn every_field_of_an_order_on_the_board_is_described() {
    let reader = DocumentReader::new(super::document());
    let title = BOARD;
    let mut changes = reader.find_example(title, "changes");
    reader.check_message(title, &changes);
    changes["items"][0]["secret"] = "not described".into();
    let payload = &reader.find_message(title)["payload"];
    let fault = reader.find_fault(payload, &changes, title).unwrap();
    assert!(
        fault.ends_with("items[0].secret is not described"),
        "{fault}"
    );
}
