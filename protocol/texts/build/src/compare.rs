//! Differences between the two languages.

use crate::catalogue::{Catalogue, CatalogueEntry, PlaceholderChoices, is_plural};

pub fn find_differences(english: &Catalogue, chinese: &Catalogue) -> Vec<String> {
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
