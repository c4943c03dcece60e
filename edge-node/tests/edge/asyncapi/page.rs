//! Renders an AsyncAPI document as a Markdown page.

use std::fmt::Write;

use serde_json::{Map, Value};

const NOTICE: &str = "<!-- Made from edge-node/asyncapi.json by `cargo xtask golden`. -->";
const SCHEMA_REFERENCE: &str = "#/components/schemas/";

pub(super) fn render_page(document: &Value) -> String {
    let mut page = format!("# {}\n\n{NOTICE}\n\n", text(&document["info"]["title"]));
    push_block(&mut page, text(&document["info"]["description"]));
    push_servers(&mut page, &document["servers"]);
    page.push_str("## Topics\n\n| topic | tablet | QoS | retained |\n|---|---|---|---|\n");
    for channel in members(&document["channels"]) {
        let operation = find_operation(document, channel.name);
        let binding = &operation["bindings"]["mqtt"];
        let retained = if binding["retain"] == true {
            "yes"
        } else {
            "no"
        };
        let _ = writeln!(
            page,
            "| [`{}`](#{}) | {}s | {} | {retained} |",
            text(&channel.value["address"]),
            anchor(text(&channel.value["title"])),
            text(&operation["action"]),
            binding["qos"],
        );
    }
    page.push_str("\n| placeholder | |\n|---|---|\n");
    for parameter in members(&document["components"]["parameters"]) {
        let about = text(&parameter.value["description"]);
        let _ = writeln!(page, "| `{{{}}}` | {about} |", parameter.name);
    }
    page.push('\n');
    for channel in members(&document["channels"]) {
        push_channel(&mut page, document, &channel);
    }
    page.push_str("## Types\n\n");
    for schema in members(&document["components"]["schemas"]) {
        push_schema(&mut page, &schema);
    }
    format!("{}\n", page.trim_end())
}

/// A member of a JSON object.
struct Member<'d> {
    name: &'d str,
    value: &'d Value,
}

fn members(value: &Value) -> Vec<Member<'_>> {
    let object = value.as_object();
    object
        .into_iter()
        .flatten()
        .map(|(name, value)| Member { name, value })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn push_block(page: &mut String, block: &str) {
    page.push_str(block.trim());
    page.push_str("\n\n");
}

/// The address of a heading within the page, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn find_operation<'d>(document: &'d Value, channel: &str) -> &'d Value {
    let reference = format!("#/channels/{channel}");
    members(&document["operations"])
        .into_iter()
        .map(|operation| operation.value)
        .find(|operation| operation["channel"]["$ref"] == reference.as_str())
        .unwrap()
}

fn push_servers(page: &mut String, servers: &Value) {
    page.push_str("## Servers\n\n| server | address | protocol | |\n|---|---|---|---|\n");
    for server in members(servers) {
        let _ = writeln!(
            page,
            "| {} | `{}{}` | `{}`, MQTT {} | {} |",
            server.name,
            text(&server.value["host"]),
            text(&server.value["pathname"]),
            text(&server.value["protocol"]),
            text(&server.value["protocolVersion"]),
            text(&server.value["description"]),
        );
    }
    page.push('\n');
}

fn push_channel(page: &mut String, document: &Value, channel: &Member<'_>) {
    let message = &document["components"]["messages"][channel.name];
    let _ = writeln!(page, "## {}\n", text(&channel.value["title"]));
    let _ = writeln!(page, "`{}`\n", text(&channel.value["address"]));
    push_block(page, text(&channel.value["description"]));
    let _ = writeln!(
        page,
        "- Publishes: {}",
        text(&channel.value["x-publishers"])
    );
    let _ = writeln!(
        page,
        "- May subscribe: {}",
        text(&channel.value["x-subscribers"])
    );
    let _ = writeln!(page, "- Payload: {}\n", render_type(&message["payload"]));
    for example in message["examples"].as_array().into_iter().flatten() {
        let _ = writeln!(page, "{}:\n", text(&example["summary"]));
        let payload = serde_json::to_string_pretty(&example["payload"]).unwrap();
        let _ = writeln!(page, "```json\n{payload}\n```\n");
    }
}

fn push_schema(page: &mut String, schema: &Member<'_>) {
    let Member { name, value } = schema;
    let _ = writeln!(page, "### {name}\n");
    push_block(page, text(&value["description"]));
    if value["properties"].is_object() {
        push_fields(page, value);
        return;
    }
    let alternatives = value["oneOf"].as_array().or(value["allOf"].as_array());
    match alternatives {
        Some(alternatives) if alternatives.iter().all(has_fields) => {
            for alternative in alternatives {
                push_fields(page, alternative);
            }
        }
        _ => push_block(page, &render_type(value)),
    }
}

fn has_fields(schema: &Value) -> bool {
    schema["properties"].is_object()
}

fn push_fields(page: &mut String, schema: &Value) {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    page.push_str("| field | type | |\n|---|---|---|\n");
    for field in members(&schema["properties"]) {
        let mark = if required.contains(&field.name) {
            ""
        } else {
            "?"
        };
        let kind = render_type(field.value);
        let about = text(&field.value["description"]).replace('\n', " ");
        let _ = writeln!(page, "| `{}`{mark} | {kind} | {about} |", field.name);
    }
    page.push('\n');
}

fn render_type(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference
            .strip_prefix(SCHEMA_REFERENCE)
            .unwrap_or(reference);
        return format!("[{name}](#{})", anchor(name));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return values.join(", ");
    }
    for key in ["oneOf", "allOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let choices: Vec<String> = choices.iter().map(render_type).collect();
            return choices.join(" or ");
        }
    }
    if schema["items"].is_object() {
        return format!("list of {}", render_type(&schema["items"]));
    }
    describe_plain(schema.as_object())
}

fn describe_plain(schema: Option<&Map<String, Value>>) -> String {
    let Some(kind) = schema.and_then(|schema| schema.get("type")) else {
        return "anything".to_owned();
    };
    let kinds: Vec<&str> = match kind {
        Value::Array(kinds) => kinds.iter().map(text).collect(),
        kind => vec![text(kind)],
    };
    let format = schema.and_then(|schema| schema.get("format")).map(text);
    let format = format.map_or_else(String::new, |format| format!(" ({format})"));
    format!("{}{format}", kinds.join(" or "))
}
