//! What `--json` prints is of the form that `schema/` publishes, for every command.

use serde_json::Value;

use crate::stage::*;

/// The command line, and the file that describes its answer.
const ANSWERS: [(&str, &str); 15] = [
    ("status", "status"),
    ("edges", "edges"),
    ("queue", "queue"),
    ("queue retry north-1 5 --epoch 1", "queue-retry"),
    ("conflicts", "conflicts"),
    ("explain 0192f5d4-0000-7000-8000-000000000009", "explain-order"),
    ("explain north-1/1/17", "explain-op"),
    ("explain north-1/1/5", "explain-op"),
    ("explain lost-12", "explain-op"),
    ("explain case-7", "explain-op"),
    ("enrol SOUTH south-2", "enrol"),
    ("wait --for drained", "wait"),
    ("link cut NORTH", "link"),
    ("readmit north-1", "readmit"),
    ("lease show NORTH", "lease"),
];

fn schema(name: &str) -> Value {
    let path = format!("{}/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).unwrap()
}

#[test]
fn every_answer_is_of_its_published_form() {
    let platform = Platform::start(report("up", "match"));
    for (line, name) in ANSWERS {
        let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let ran = platform.holdfast(&args);
        assert_eq!(code(&ran), 0, "{line}: {}", said(&ran));
        let value: Value = serde_json::from_str(&out(&ran)).unwrap();
        check(&schema(name), &value, line);
    }
    let degraded = Platform::start(report("down", "unknown"));
    let ran = degraded.holdfast(&["status", "--json"]);
    check(&schema("status"), &serde_json::from_str(&out(&ran)).unwrap(), "status");
    let ran = degraded.holdfast(&["wait", "--for", "links-up", "--timeout", "1", "--json"]);
    check(&schema("error"), &serde_json::from_str(&said(&ran)).unwrap(), "wait");
}

#[test]
fn every_published_form_belongs_to_a_command() {
    let folder = format!("{}/schema", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let used = |known: &str| name == format!("{known}.json");
        assert!(used("error") || ANSWERS.iter().any(|(_, known)| used(known)), "{name}");
    }
}

#[test]
fn what_is_not_of_the_form_is_found_out() {
    let wrong =
        |value: Value| std::panic::catch_unwind(|| check(&schema("wait"), &value, "")).is_err();
    let right = serde_json::json!({"conditions": ["drained"], "met": true, "waited_ms": 1});
    assert!(!wrong(right.clone()));
    for (field, value) in
        [("met", "yes".into()), ("conditions", "drained".into()), ("new", 1.into())]
    {
        let mut spoilt = right.clone();
        spoilt[field] = value;
        assert!(wrong(spoilt), "{field}");
    }
    assert!(wrong(serde_json::json!({"met": true})));
}

/// As much of JSON Schema as the files use.
fn check(schema: &Value, value: &Value, at: &str) {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        other => panic!("{at}: no type but {other}"),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&kind), "{at} is {kind}, not {types:?}: {value}");
    if let (Some(words), Value::String(_)) = (schema["enum"].as_array(), value) {
        assert!(words.contains(value), "{at} is {value}, not one of {words:?}");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{at}[{index}]"));
    }
    let Value::Object(fields) = value else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(fields.contains_key(name), "{at} lacks {name}: {value}");
    }
    for (name, field) in fields {
        match schema["properties"].get(name) {
            Some(known) => check(known, field, &format!("{at}.{name}")),
            None => assert_ne!(schema["additionalProperties"], false, "{at} has a {name}"),
        }
    }
}
