//! Writes the messages as Rust.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::catalogue::{Catalogue, CatalogueEntry, is_plural};

/// Both catalogues must have the same keys, and each key the same placeholders.
pub fn write(english: &Catalogue, chinese: &Catalogue) -> String {
    let mut out = String::new();
    let en = join_sources(english);
    let zh = join_sources(chinese);
    if !en.is_empty() {
        let _ = writeln!(
            out,
            "static BOOK: ::texts::MessageBook = ::texts::MessageBook::new({en:?}, {zh:?});"
        );
    }
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    for (key, entered) in english {
        let (module, name) = match key.split_once('.') {
            Some((message, attribute)) => (Some(message), attribute),
            None => (None, key.as_str()),
        };
        let other = &chinese[key];
        let item = if entered.placeholders.is_empty() {
            write_phrase(&raw_identifier(name), &entered.text, &other.text)
        } else {
            let book = if module.is_some() {
                "super::BOOK"
            } else {
                "BOOK"
            };
            write_sentence(&raw_identifier(name), key, book, [entered, other])
        };
        match module {
            Some(module) => modules.entry(module).or_default().push_str(&item),
            None => out.push_str(&item),
        }
    }
    for (message, items) in modules {
        let _ = writeln!(out, "pub mod {} {{\n{items}}}", raw_identifier(message));
    }
    out
}

/// The Fluent source of every message with placeholders.
fn join_sources(catalogue: &Catalogue) -> String {
    let filled = catalogue
        .values()
        .filter(|entered| !entered.placeholders.is_empty());
    // A message occurs once for each of its attributes.
    filled
        .map(|entered| entered.text.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn write_phrase(name: &str, en: &str, zh: &str) -> String {
    format!("pub const {name}: ::texts::Phrase = ::texts::Phrase {{ en: {en:?}, zh: {zh:?} }};\n")
}

fn write_sentence(name: &str, key: &str, book: &str, languages: [&CatalogueEntry; 2]) -> String {
    let mut fields = String::new();
    let mut values = String::new();
    for placeholder in &languages[0].placeholders {
        let is_count = languages
            .iter()
            .any(|filled| filled.choices.get(placeholder).is_some_and(is_plural));
        let field = raw_identifier(placeholder);
        let (kind, value) = if is_count {
            ("u64", format!("self.{field}.into()"))
        } else {
            ("::texts::Arg", format!("self.{field}.value_in(language)"))
        };
        let _ = write!(fields, "pub {field}: {kind}, ");
        let _ = write!(values, "({placeholder:?}, {value}), ");
    }
    format!(
        "pub struct {name} {{ {fields}}}
impl ::texts::Sentence for {name} {{
    fn render_in(&self, language: ::texts::Language) -> String {{
        {book}.fill_message(language, {key:?}, &[{values}])
    }}
}}
"
    )
}

/// Raw, because a key may be a Rust keyword.
fn raw_identifier(name: &str) -> String {
    format!("r#{}", name.replace('-', "_"))
}
