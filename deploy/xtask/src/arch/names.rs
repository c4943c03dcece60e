//! A public type name is unique in the workspace, so it identifies the type for a reader.

use std::collections::BTreeMap;

use super::{Finding, rules::REPEATED_TYPE_NAMES, scan::SourceFile, tokens::MentionKind};

pub fn check(sources: &[SourceFile<'_>]) -> Vec<Finding> {
    let mut places = BTreeMap::new();
    let mut findings = Vec::new();
    for source in sources {
        for mention in source.mentions.iter() {
            let MentionKind::PublicType(name) = &mention.what else {
                continue;
            };
            if source.is_for_tests(mention.line) || REPEATED_TYPE_NAMES.contains(&name.as_str()) {
                continue;
            }
            if let Some(first) = places.get(name) {
                let what = format!("`{name}` is the name of another public type, in {first}");
                findings.push(source.finding(mention.line, what));
            } else {
                places.insert(name, source.path.display());
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::scan::tests::source;

    #[track_caller]
    fn check(one: &str, other: &str, expected: &[&str]) {
        let wire = source::member("wire");
        let order = source::member("order");
        let sources = [
            source::of(&wire, "src/text.rs", one),
            source::of(&order, "src/http.rs", other),
        ];
        let findings = super::check(&sources);
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn a_public_name_that_stands_twice_is_found() {
        let found =
            "order/src/http.rs:2: `Limits` is the name of another public type, in wire/src/text.rs";
        for one in [
            "pub struct Limits;",
            "pub enum Limits {}",
            "pub type Limits = u8;",
        ] {
            check(one, "\npub struct Limits;", &[found]);
        }
        check(
            "mod a {\n    pub trait Limits {}\n}",
            "\npub trait Limits {}",
            &[found],
        );
    }

    #[test]
    fn bounded_names_own_words_and_tests_are_not_counted() {
        check("pub(crate) struct Limits;", "pub struct Limits;", &[]);
        check("struct Limits;", "pub struct Limits;", &[]);
        check("pub struct Config;", "pub struct Config;", &[]);
        check(
            "#[cfg(test)]\nmod tests {\n    pub struct Limits;\n}",
            "pub struct Limits;",
            &[],
        );
        check("pub fn limits() {}", "pub mod limits {}", &[]);
    }
}
