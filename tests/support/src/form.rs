//! The published schema of each `--json` answer of `holdfast`, and the check of an answer against
//! it.

use std::{fs, path::Path};

use serde_json::Value;

/// The folder of the published schemas.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sync/cli/schema");

/// The schema of a command line's answer. `explain` has one for an order and one for everything
/// else; `queue retry` has one for an accept and one for an op; `edges` has one for each action.
pub fn of(line: &str, answer: &Value) -> &'static str {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["explain", ..] if answer.get("pending_at_edges").is_some() => "explain-order",
        ["explain", ..] => "explain-op",
        ["queue", "retry", ..] if answer.get("command_id").is_some() => "queue-retry-ask",
        ["queue", "retry", ..] => "queue-retry",
        ["enrol", "withdraw", ..] => "enrol-withdraw",
        ["edges", "disable" | "retire", ..] => "edges-disable",
        ["edges", "rekey" | "rotate", ..] => "edges-key",
        ["edges", "record", ..] => "edges-record",
        ["edges", "ca", ..] => "edges-ca",
        ["dlq", "list", ..] => "dlq",
        ["dlq", "show", ..] => "dlq-show",
        ["dlq", "redrive" | "drop", ..] => "dlq-settled",
        ["dlq", "replay", ..] => "dlq-replay",
        [command, ..] => NAMES
            .into_iter()
            .find(|name| name == command)
            .unwrap_or("error"),
        [] => "error",
    }
}

const NAMES: [&str; 16] = [
    "status",
    "edges",
    "queue",
    "conflicts",
    "promises",
    "enrol",
    "wait",
    "link",
    "readmit",
    "withdraw",
    "lease",
    "keys",
    "login",
    "logout",
    "token",
    "trace",
];

/// The difference between the answer and the schema of that name; `None` if it fits.
///
/// # Panics
/// If the schema does not exist, or it uses an unsupported part of JSON Schema.
pub fn differs(name: &str, answer: &Value) -> Option<String> {
    let path = Path::new(FOLDER).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let schema = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    check(&schema, answer, name).err()
}

/// Supports the subset of JSON Schema that the files use.
fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        other => panic!("{at}: no type but {other}"),
    };
    let kind = kind(value);
    if !types.contains(&kind) {
        return Err(format!("{at} is {kind}, not {types:?}: {value}"));
    }
    if let (Some(words), Value::String(_)) = (schema["enum"].as_array(), value)
        && !words.contains(value)
    {
        return Err(format!("{at} is {value}, not one of {words:?}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{at}[{index}]"))?;
    }
    let Value::Object(fields) = value else {
        return Ok(());
    };
    for name in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !fields.contains_key(name) {
            return Err(format!("{at} lacks {name}: {value}"));
        }
    }
    for (name, field) in fields {
        match schema["properties"].get(name) {
            Some(known) => check(known, field, &format!("{at}.{name}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{at} has a {name}"));
            }
            None => {}
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_of_the_form_is_found_out() {
        let right = json!({"conditions": ["drained"], "met": true, "waited_ms": 1});
        assert_eq!(differs("wait", &right), None);
        for (field, value) in [
            ("met", "yes".into()),
            ("conditions", "drained".into()),
            ("new", 1.into()),
        ] {
            let mut spoilt = right.clone();
            spoilt[field] = value;
            assert!(differs("wait", &spoilt).is_some(), "{field}");
        }
        assert!(differs("wait", &json!({"met": true})).is_some());
    }

    #[test]
    fn every_line_has_a_form_of_its_own() {
        let story = json!({"pending_at_edges": 0});
        let ask = json!({"command_id": "0192f5d4-0000-7000-8000-000000000009"});
        for (line, answer, name) in [
            ("status --json", &Value::Null, "status"),
            ("queue north-1", &Value::Null, "queue"),
            ("queue retry north-1 5", &Value::Null, "queue-retry"),
            (
                "queue retry 0192f5d4-0000-7000-8000-000000000009",
                &ask,
                "queue-retry-ask",
            ),
            ("explain N-7F3K9Q", &story, "explain-order"),
            ("explain lost-12", &Value::Null, "explain-op"),
        ] {
            assert_eq!(of(line, answer), name, "{line}");
        }
    }
}
