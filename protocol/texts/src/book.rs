//! A crate's messages that have placeholders.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

use crate::Language;

/// Fluent parses a language's messages on first use, so that programs that use none spend nothing
/// on them.
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
