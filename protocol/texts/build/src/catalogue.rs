//! Reads the files of one language, and finds the differences between two.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement, VariantKey},
    parser, serializer,
    unicode::unescape_unicode_to_string,
};

use crate::TextFiles;

/// All messages of a language by key: `message`, or `message.attribute`.
pub(crate) type Catalogue = BTreeMap<String, CatalogueEntry>;

#[derive(Default)]
pub(crate) struct CatalogueEntry {
    /// The path shown in errors: `texts/en/codes.ftl`.
    pub path: String,
    pub file: String,
    /// Empty if there is nothing to fill in.
    pub placeholders: BTreeSet<String>,
    /// The placeholders that select a variant, with the variants' keys.
    pub choices: PlaceholderChoices,
    /// The text itself or, with placeholders, the whole Fluent message, repeated for each
    /// attribute.
    pub text: String,
}

pub(crate) type PlaceholderChoices = BTreeMap<String, BTreeSet<String>>;

/// Plural categories and literal numbers form a plural; every other key is a word.
pub(crate) fn is_plural(keys: &BTreeSet<String>) -> bool {
    let categories = ["zero", "one", "two", "few", "many", "other"];
    keys.iter()
        .all(|key| categories.contains(&key.as_str()) || key.parse::<f64>().is_ok())
}

pub(crate) fn read(language: &str, files: &TextFiles) -> (Catalogue, Vec<String>) {
    let mut catalogue = Catalogue::new();
    let mut errors = Vec::new();
    for (file, text) in files {
        let path = format!("texts/{language}/{file}");
        let resource = match parser::parse(text.as_str()) {
            Ok(resource) => resource,
            Err((_, wrong)) => {
                errors.extend(wrong.iter().map(|wrong| {
                    let line = text[..wrong.pos.start.min(text.len())]
                        .lines()
                        .count()
                        .max(1);
                    format!("{path}:{line}: {}", wrong.kind)
                }));
                continue;
            }
        };
        for entry in resource.body {
            let message = match entry {
                Entry::Message(message) => message,
                Entry::Term(term) => {
                    errors.push(format!(
                        "{path}: `-{}`: terms are not used here",
                        term.id.name
                    ));
                    continue;
                }
                _ => continue,
            };
            for (key, mut entry) in read_entries(&message, &path, &mut errors) {
                (entry.path, entry.file) = (path.clone(), file.clone());
                if let Some(before) = catalogue.insert(key.clone(), entry) {
                    errors.push(format!("{path}: `{key}`: is already in {}", before.path));
                }
            }
        }
    }
    (catalogue, errors)
}

/// The message's value, or its attributes.
fn read_entries(
    message: &Message<&str>,
    path: &str,
    errors: &mut Vec<String>,
) -> Vec<(String, CatalogueEntry)> {
    let name = message.id.name;
    let patterns: Vec<(String, &Pattern<&str>)> = match &message.value {
        Some(value) => vec![(name.to_owned(), value)],
        None => message
            .attributes
            .iter()
            .map(|attribute| (format!("{name}.{}", attribute.id.name), &attribute.value))
            .collect(),
    };
    if message.value.is_some() && !message.attributes.is_empty() {
        errors.push(format!(
            "{path}: `{name}`: has a value and attributes; use one or the other"
        ));
    }
    let mut entries = Vec::new();
    for (key, pattern) in patterns {
        let mut entry = CatalogueEntry::default();
        match check_name(&key, "-.").and_then(|()| entry.read(message, pattern)) {
            Ok(()) => entries.push((key, entry)),
            Err(error) => errors.push(format!("{path}: `{key}`: {error}")),
        }
    }
    entries
}

/// The text of a pattern without placeholders.
fn plain_text(pattern: &Pattern<&str>) -> Option<String> {
    let parts = pattern.elements.iter().map(|element| match element {
        PatternElement::TextElement { value } => Some((*value).to_owned()),
        PatternElement::Placeable {
            expression: Expression::Inline(InlineExpression::StringLiteral { value }),
        } => Some(unescape_unicode_to_string(value).into_owned()),
        PatternElement::Placeable { .. } => None,
    });
    parts.collect()
}

impl CatalogueEntry {
    fn read(&mut self, message: &Message<&str>, pattern: &Pattern<&str>) -> Result<(), String> {
        if let Some(text) = plain_text(pattern) {
            self.text = text;
            return Ok(());
        }
        self.read_pattern(pattern)?;
        if self.placeholders.is_empty() {
            return Err("has braces without a placeholder".into());
        }
        self.text = source(message);
        Ok(())
    }

    fn read_pattern(&mut self, pattern: &Pattern<&str>) -> Result<(), String> {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.read_expression(expression)?;
            }
        }
        Ok(())
    }

    fn read_expression(&mut self, expression: &Expression<&str>) -> Result<(), String> {
        let (selector, variants) = match expression {
            Expression::Inline(inline) => return self.read_inline(inline).map(drop),
            Expression::Select { selector, variants } => (selector, variants),
        };
        let Some(name) = self.read_inline(selector)? else {
            return Err("a selector must be a placeholder".into());
        };
        let mut keys = BTreeSet::new();
        for variant in variants {
            let (VariantKey::Identifier { name: key } | VariantKey::NumberLiteral { value: key }) =
                variant.key;
            keys.insert(key.to_owned());
            self.read_pattern(&variant.value)?;
        }
        match self.choices.insert(name.clone(), keys.clone()) {
            Some(before) if before != keys => Err(format!(
                "selects by {{ ${name} }} twice, with different variants"
            )),
            _ => Ok(()),
        }
    }

    /// The placeholder's name, if the expression is one.
    fn read_inline(&mut self, inline: &InlineExpression<&str>) -> Result<Option<String>, String> {
        match inline {
            InlineExpression::VariableReference { id } => {
                check_name(id.name, "_")?;
                self.placeholders.insert(id.name.to_owned());
                Ok(Some(id.name.to_owned()))
            }
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {
                Ok(None)
            }
            InlineExpression::Placeable { expression } => {
                self.read_expression(expression).map(|()| None)
            }
            _ => {
                Err("refers to a message, a term or a function; only placeholders are used".into())
            }
        }
    }
}

fn source(message: &Message<&str>) -> String {
    let mut message = message.clone();
    message.comment = None;
    let resource = fluent_syntax::ast::Resource {
        body: vec![Entry::Message(message)],
    };
    serializer::serialize(&resource)
}

/// Keeps the mapping between keys and Rust names one-to-one.
fn check_name(name: &str, joints: &str) -> Result<(), String> {
    let is_allowed = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || joints.contains(c));
    if is_allowed {
        Ok(())
    } else {
        Err(format!(
            "`{name}` may only have lower-case letters, digits and `{joints}`"
        ))
    }
}

/// The differences between the two languages.
pub(crate) fn find_differences(english: &Catalogue, chinese: &Catalogue) -> Vec<String> {
    let mut errors = find_missing_keys(english, chinese, "zh-CN");
    errors.extend(find_missing_keys(chinese, english, "en"));
    for (key, one) in english {
        let Some(other) = chinese.get(key) else {
            continue;
        };
        if one.file != other.file {
            errors.push(format!(
                "{}: `{key}`: is in {} in the other language",
                other.path, one.path
            ));
        }
        errors.extend(find_missing_placeholders(key, one, other));
        errors.extend(find_missing_placeholders(key, other, one));
        errors.extend(find_unlike_choices(key, one, other));
        errors.extend(find_idle_plurals(key, one, &["one", "other"]));
        errors.extend(find_idle_plurals(key, other, &["other"]));
    }
    errors
}

fn find_missing_keys(from: &Catalogue, to: &Catalogue, language: &str) -> Vec<String> {
    let absent = from.iter().filter(|(key, _)| !to.contains_key(*key));
    absent
        .map(|(key, entered)| {
            let CatalogueEntry { path, file, .. } = entered;
            format!("texts/{language}/{file}: `{key}`: is missing; {path} has it")
        })
        .collect()
}

/// The placeholders that `one` uses and `other` does not.
fn find_missing_placeholders(
    key: &str,
    one: &CatalogueEntry,
    other: &CatalogueEntry,
) -> Vec<String> {
    let absent = one.placeholders.difference(&other.placeholders);
    absent
        .map(|name| {
            let path = &other.path;
            let has = &one.path;
            format!("{path}: `{key}`: does not use {{ ${name} }}; {has} does")
        })
        .collect()
}

/// Word choices must be the same in both languages; plural forms may differ.
fn find_unlike_choices(key: &str, one: &CatalogueEntry, other: &CatalogueEntry) -> Option<String> {
    let ours = select_word_choices(one);
    let theirs = select_word_choices(other);
    (ours != theirs).then(|| {
        let path = &other.path;
        let from = render_choices(&theirs);
        let has = &one.path;
        format!(
            "{path}: `{key}`: selects by {from}; {has} selects by {}",
            render_choices(&ours)
        )
    })
}

fn select_word_choices(entry: &CatalogueEntry) -> PlaceholderChoices {
    let mut choices = entry.choices.clone();
    choices.retain(|_, keys| !is_plural(keys));
    choices
}

fn render_choices(choices: &PlaceholderChoices) -> String {
    if choices.is_empty() {
        return "nothing".to_owned();
    }
    let listed: Vec<String> = choices
        .iter()
        .map(|(name, keys)| format!("${name}: {}", Vec::from_iter(keys.clone()).join(", ")))
        .collect();
    listed.join("; ")
}

/// Reports plural forms that the language never uses.
fn find_idle_plurals(key: &str, entered: &CatalogueEntry, known: &[&str]) -> Vec<String> {
    let mut errors = Vec::new();
    for (name, keys) in entered.choices.iter().filter(|(_, keys)| is_plural(keys)) {
        let idle = keys.iter().filter(|key| key.parse::<f64>().is_err());
        for form in idle.filter(|form| !known.contains(&form.as_str())) {
            let path = &entered.path;
            errors.push(format!(
                "{path}: `{key}`: ${name} is never [{form}] in this language"
            ));
        }
    }
    errors
}
