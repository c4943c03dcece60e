//! Renders sentences for people in every language.
//!
//! A crate keeps its sentences in `texts/{en,zh-CN}/*.ftl` (Fluent) next to its `src`. Its
//! `build.rs` calls `texts_build::generate()`, which checks that both languages match, and its root
//! includes the result once with `texts::include_texts!(say);`. A message then is
//!
//! - `say::order_done`, a [`Phrase`], if it has no placeholders:
//!   `say::order_done.plain(language)`;
//! - `say::order_won { code: order.code.into() }`, a [`Sentence`], if it has placeholders. A
//!   placeholder is an [`Arg`], made with `into` from any `Display` type or from a [`Text`]; one
//!   that selects a plural form is a `u64`;
//! - `say::inbox_won::title` and so on, if the message has attributes instead of a value.
//!
//! Invariant: a value is inserted as it is and never read as a template.

use std::{fmt, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The module that `build.rs` generated from the crate's texts.
#[macro_export]
macro_rules! include_texts {
    ($module:ident) => {
        // Generated: all texts, whether the crate shows them to others or not.
        #[allow(
            non_camel_case_types,
            non_upper_case_globals,
            unreachable_pub,
            clippy::all
        )]
        mod $module {
            include!(concat!(env!("OUT_DIR"), "/texts.rs"));
        }
    };
}

/// A text that can be rendered in every language.
pub trait Sentence {
    fn render_in(&self, language: Language) -> String;

    /// For a channel that cannot learn the reader's language.
    fn to_text(&self) -> Text {
        Text {
            en: self.render_in(Language::English),
            zh: self.render_in(Language::Chinese),
        }
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Text {
    pub en: String,
    #[serde(rename = "zh-CN")]
    pub zh: String,
}

impl Text {
    /// The same text for every reader, such as a sentence that another service already rendered.
    pub fn from_untranslated(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            en: words.clone(),
            zh: words,
        }
    }

    /// Joins the items with the language's separator.
    pub fn list(items: &[impl fmt::Display], separator: Phrase) -> Self {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        Self {
            en: items.join(separator.en),
            zh: items.join(separator.zh),
        }
    }

    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

impl Sentence for Text {
    fn render_in(&self, language: Language) -> String {
        self.get(language).to_owned()
    }
}

/// A message without placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Phrase {
    pub const fn text_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        }
    }
}

impl Sentence for Phrase {
    fn render_in(&self, language: Language) -> String {
        self.text_in(language).to_owned()
    }
}

/// The value of a placeholder: the same for every reader, or translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    Alike(String),
    InEach(Text),
}

impl Arg {
    pub fn value_in(&self, language: Language) -> FluentValue<'_> {
        match self {
            Self::Alike(text) => text.as_str().into(),
            Self::InEach(text) => text.get(language).into(),
        }
    }
}

impl<T: fmt::Display> From<T> for Arg {
    fn from(value: T) -> Self {
        Self::Alike(value.to_string())
    }
}

impl From<Text> for Arg {
    fn from(text: Text) -> Self {
        Self::InEach(text)
    }
}

impl From<Phrase> for Arg {
    fn from(phrase: Phrase) -> Self {
        Self::InEach(phrase.to_text())
    }
}

/// A crate's messages that have placeholders. Fluent parses a language's messages on first use, so
/// that programs that use none spend nothing on them.
pub struct MessageBook {
    en: LanguageMessages,
    zh: LanguageMessages,
}

struct LanguageMessages {
    tag: &'static str,
    source: &'static str,
    bundle: OnceLock<FluentBundle<FluentResource>>,
}

impl MessageBook {
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self {
            en: LanguageMessages::new("en", en),
            zh: LanguageMessages::new("zh-CN", zh),
        }
    }

    /// Fills in the message or attribute (`message.attribute`) of this key. The build has checked
    /// that the key and its placeholders exist.
    pub fn fill_message(
        &self,
        language: Language,
        key: &str,
        args: &[(&str, FluentValue<'_>)],
    ) -> String {
        let bundle = match language {
            Language::English => self.en.load_bundle(),
            Language::Chinese => self.zh.load_bundle(),
        };
        let (message, attribute) = key
            .split_once('.')
            .map_or((key, None), |(m, a)| (m, Some(a)));
        let pattern = bundle
            .get_message(message)
            .and_then(|message| match attribute {
                Some(attribute) => message.get_attribute(attribute).map(|found| found.value()),
                None => message.value(),
            });
        let Some(pattern) = pattern else {
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args.iter().cloned().collect();
        let mut errors = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(&args), &mut errors)
            .into_owned();
        debug_assert!(errors.is_empty(), "{key}: {errors:?}");
        text
    }
}

impl LanguageMessages {
    const fn new(tag: &'static str, source: &'static str) -> Self {
        Self {
            tag,
            source,
            bundle: OnceLock::new(),
        }
    }

    fn load_bundle(&self) -> &FluentBundle<FluentResource> {
        self.bundle.get_or_init(|| {
            let mut bundle = FluentBundle::new_concurrent(self.tag.parse().into_iter().collect());
            // Fluent puts direction marks around values for scripts that we do not use.
            bundle.set_use_isolating(false);
            let resource = FluentResource::try_new(self.source.to_owned());
            bundle.add_resource_overriding(resource.unwrap_or_else(|(readable, _)| readable));
            bundle
        })
    }
}

/// The languages of every text that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The tag in HTTP headers.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The first supported language of an `Accept-Language` header, by preference; English if there
    /// is none.
    pub fn from_accept(header: &str) -> Self {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .filter_map(|part| {
                let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
                let weight = rest.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
                weight
                    .ok()
                    .filter(|q: &f32| *q > 0.0)
                    .map(|q| (q, tag.trim()))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted
            .into_iter()
            .find_map(|(_, tag)| Self::from_tag(tag))
            .unwrap_or_default()
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses_the_language() {
        for (header, expected) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9", Language::Chinese),
            ("fr, zh;q=0.5, en;q=0.1", Language::Chinese),
            ("en;q=0.2, zh-Hans", Language::Chinese),
            ("zh;q=0, en", Language::English),
            (";;q=x,,", Language::English),
        ] {
            assert_eq!(Language::from_accept(header), expected, "{header}");
        }
    }
}
