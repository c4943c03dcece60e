//! Owns `holdfast edges`: who is enrolled, edge by edge.

use serde_json::{Map, Value};

use crate::{
    look::Look,
    table::{Cell, Table},
};

/// What stands first, in this order, with its Chinese heading. A newer hub may tell more of an edge;
/// what it adds is shown after these, under its own name.
const KNOWN: &[(&str, &str, &str)] = &[
    ("edge", "EDGE", "节点"),
    ("region", "REGION", "区域"),
    ("state", "STATE", "状态"),
    ("link", "LINK", "链路"),
    ("epoch", "EPOCH", "纪元"),
    ("version", "VERSION", "版本"),
    ("enrolled_at", "ENROLLED", "登记时间"),
    ("last_contact_at", "LAST CONTACT", "最近联系"),
];

pub fn render(items: &[Map<String, Value>], look: &Look) -> String {
    if items.is_empty() {
        return format!("{}\n", look.pick("no edge is enrolled", "没有登记任何边缘节点"));
    }
    let keys = keys(items);
    let mut table = Table::new(keys.iter().map(|key| heading(key, look)));
    for item in items {
        table.row(keys.iter().map(|key| Cell::new(text(item.get(*key)))).collect());
    }
    table.render(look)
}

fn keys(items: &[Map<String, Value>]) -> Vec<&str> {
    let told = |key: &str| items.iter().any(|item| item.contains_key(key));
    let mut keys: Vec<&str> = KNOWN.iter().map(|(key, ..)| *key).filter(|key| told(key)).collect();
    for key in items.iter().flat_map(|item| item.keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys
}

fn heading<'a>(key: &'a str, look: &Look) -> &'a str {
    let known = KNOWN.iter().find(|(name, ..)| *name == key);
    known.map_or(key, |(_, english, chinese)| look.pick(english, chinese))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wire::Language;

    use super::*;

    #[test]
    fn what_is_known_stands_first_and_what_is_new_is_not_hidden() {
        let items = json!([
            {"colour": "red", "region": "NORTH", "edge": "north-1", "epoch": 2},
            {"edge": "south-1", "region": "SOUTH", "epoch": null},
        ]);
        let items: Vec<Map<String, Value>> = serde_json::from_value(items).unwrap();
        let look = Look { language: Language::English, terminal: false, colour: false };
        let expected =
            "EDGE\tREGION\tEPOCH\tcolour\nnorth-1\tNORTH\t2\tred\nsouth-1\tSOUTH\t-\t-\n";
        assert_eq!(render(&items, &look), expected);
    }
}
