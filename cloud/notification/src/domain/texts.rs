//! Owns the sentences of inbox lines: `texts/{en,zh-CN}/*.toml`, built into the binary.
//! A new text is an entry in both files under the event and the role that reads it.

use std::collections::BTreeMap;

use serde::Deserialize;
use wire::{EventType, Language, Role};

#[derive(Debug, thiserror::Error)]
#[error("the texts in `{language}` cannot be read")]
pub struct TextsError {
    language: &'static str,
    #[source]
    source: toml::de::Error,
}

pub struct Texts {
    english: File,
    chinese: File,
}

#[derive(Debug, Deserialize)]
pub(super) struct File {
    #[serde(flatten)]
    templates: BTreeMap<String, BTreeMap<Role, Template>>,
    parts: Parts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub title: String,
    pub content: String,
}

/// Sentences that stand inside another, and only where there is something to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    pub reason: String,
    pub rule_first_wins: String,
    pub times_winner: String,
    pub times_tapped: String,
    pub times_edge: String,
    pub nearby: String,
    pub nearby_job: String,
    pub nearby_separator: String,
    pub between: String,
}

impl Texts {
    pub fn load() -> Result<Self, TextsError> {
        Ok(Self {
            english: read("en", include_str!("../../texts/en/order.toml"))?,
            chinese: read("zh-CN", include_str!("../../texts/zh-CN/order.toml"))?,
        })
    }

    pub(super) fn template(
        &self,
        language: Language,
        event: EventType,
        role: Role,
    ) -> Option<&Template> {
        self.file(language).templates.get(event.as_str())?.get(&role)
    }

    pub(super) fn parts(&self, language: Language) -> &Parts {
        &self.file(language).parts
    }

    fn file(&self, language: Language) -> &File {
        match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }
}

fn read(language: &'static str, text: &str) -> Result<File, TextsError> {
    toml::from_str(text).map_err(|source| TextsError { language, source })
}

/// Fills `{words}` in. What is filled in is not looked at again, so a title cannot play a template;
/// an empty value takes the space before it along.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((word, after)) = after.split_once('}') else { break };
        match values.iter().find(|(name, _)| *name == word).map(|(_, value)| *value) {
            Some("") | None if out.ends_with(' ') => {
                out.pop();
            }
            value => out.push_str(value.unwrap_or_default()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::Value;

    use super::*;

    fn leaves(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        fn walk(path: &str, value: &Value, out: &mut BTreeMap<String, BTreeSet<String>>) {
            match value {
                Value::Table(table) => {
                    for (key, inner) in table {
                        walk(&format!("{path}/{key}"), inner, out);
                    }
                }
                Value::String(text) => {
                    let words = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
                    out.insert(path.to_owned(), words.map(|(word, _)| word.to_owned()).collect());
                }
                other => panic!("{path} is not a text: {other}"),
            }
        }
        let mut out = BTreeMap::new();
        walk("", &toml::from_str(text).unwrap(), &mut out);
        out
    }

    #[test]
    fn both_languages_have_the_same_keys_and_the_same_words_to_fill_in() {
        let english = leaves(include_str!("../../texts/en/order.toml"));
        let chinese = leaves(include_str!("../../texts/zh-CN/order.toml"));
        assert_eq!(english, chinese);
        assert!(Texts::load().is_ok());
    }

    #[test]
    fn a_title_cannot_play_a_template() {
        let filled = fill("{title} ({code})", &[("title", "{code}"), ("code", "N-1")]);
        assert_eq!(filled, "{code} (N-1)");
    }

    #[test]
    fn what_is_absent_leaves_no_gap() {
        assert_eq!(fill("Rejected. {reason}", &[("reason", "")]), "Rejected.");
        assert_eq!(fill("a {x} {y} b", &[("x", ""), ("y", "Y")]), "a Y b");
    }
}
