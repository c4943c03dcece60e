//! The AsyncAPI document of a tablet's messages stands in `edge-node/asyncapi.json`, and as a page
//! in `docs/tablet-messages.md`. `HOLDFAST_GOLDEN=write` rewrites both.

mod page;
pub(crate) mod reader;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::verify_bytes;
use serde_json::{Value, json};
use wire::{CmdFrame, Receipt, Reply};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const DOCUMENT: &str = "edge-node/asyncapi.json";
const PAGE: &str = "docs/tablet-messages.md";

fn document() -> Value {
    holdfast_edge::asyncapi_document().unwrap()
}

fn examples<'d>(document: &'d Value, message: &str) -> Vec<&'d Value> {
    let examples = &document["components"]["messages"][message]["examples"];
    let examples = examples.as_array().unwrap();
    assert!(!examples.is_empty(), "{message}");
    examples.iter().map(|example| &example["payload"]).collect()
}

#[test]
fn the_document_and_its_page_say_what_the_types_say() {
    let document = document();
    let written = serde_json::to_string_pretty(&document).unwrap();
    check_file(DOCUMENT, &format!("{written}\n"));
    check_file(PAGE, &page::render_page(&document));
}

fn check_file(file: &str, text: &str) {
    let path = format!("{ROOT}/{file}");
    if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, text).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == text, "{file} is old: run `cargo xtask golden`");
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|value| check(document, value));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
}

#[test]
fn an_edge_reads_the_example_commands() {
    let document = document();
    for example in examples(&document, "command") {
        let frame = CmdFrame::read(example.to_string().as_bytes()).unwrap();
        assert_eq!(frame.v, CmdFrame::VERSION);
    }
}

/// The key of the examples, as the description gives it.
fn example_key(document: &Value) -> [u8; 32] {
    let about = document["info"]["description"].as_str().unwrap();
    let (_, key) = about.split_once("verify with the key `").unwrap();
    let (key, _) = key.split_once('`').unwrap();
    URL_SAFE_NO_PAD.decode(key).unwrap().try_into().unwrap()
}

#[test]
fn the_receipts_in_the_examples_verify_and_belong_to_the_example_command() {
    let document = document();
    let key = example_key(&document);
    let commands = examples(&document, "command");
    let frame: CmdFrame = serde_json::from_value(commands[0].clone()).unwrap();
    let mut receipts: Vec<Receipt> = Vec::new();
    for example in commands {
        let frame: CmdFrame = serde_json::from_value(example.clone()).unwrap();
        receipts.extend(frame.receipt);
    }
    for name in ["reply", "provider"] {
        for example in examples(&document, name) {
            let reply: Reply = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(reply.command_id, Some(frame.id));
            receipts.extend(reply.receipt);
        }
    }
    assert!(receipts.len() >= 2);
    for receipt in receipts {
        assert_eq!(receipt.command_id, frame.id);
        assert_eq!(receipt.body, Some(frame.body.hash()));
        let signature = URL_SAFE_NO_PAD.decode(&receipt.sig).unwrap();
        let signed = receipt.signed_bytes();
        assert!(
            verify_bytes(&key, &signed, &signature),
            "signed bytes: {}",
            signed
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        );
    }
}

#[test]
fn the_document_names_each_topic_once_and_who_may_use_it() {
    let document = document();
    let channels = document["channels"].as_object().unwrap();
    let mut topics: Vec<&str> = channels
        .values()
        .map(|channel| channel["address"].as_str().unwrap())
        .collect();
    topics.sort_unstable();
    let expected = [
        "hf/{region}/{edge}/changes",
        "hf/{region}/{edge}/cmd/{device}",
        "hf/{region}/{edge}/head",
        "hf/{region}/{edge}/presence",
        "hf/{region}/{edge}/provider/{user}",
        "hf/{region}/{edge}/reply/{device}",
    ];
    assert_eq!(topics, expected);
    for (name, channel) in channels {
        assert!(channel["x-publishers"].is_string(), "{name}");
        assert!(channel["x-subscribers"].is_string(), "{name}");
    }
    let retained: Vec<&str> = document["operations"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, operation)| operation["bindings"]["mqtt"]["retain"] == json!(true))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(retained, ["receiveHead", "receivePresence"]);
}
