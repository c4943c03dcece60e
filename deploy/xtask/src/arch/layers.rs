//! The modules of a crate form layers. A module uses only modules below it, so a reader who goes
//! downwards meets everything once. A domain is at the bottom of every crate.

use super::{
    Finding,
    rules::{DOMAIN_ROOMS, LAYERS},
    scan::SourceFile,
    tokens::{Mention, MentionKind},
};

pub fn check(source: &SourceFile<'_>) -> Vec<Finding> {
    if !source.is_domain() {
        return in_layers(source);
    }
    let mut findings = Vec::new();
    if !source.is_test {
        // A type or a constant at the crate's root is not a module.
        let is_room = |name: &str| name.starts_with(|first: char| first.is_ascii_lowercase());
        let upwards = |room: &str| is_room(room) && !DOMAIN_ROOMS.contains(&room);
        for mention in source
            .mentions
            .iter()
            .filter(|mention| !source.is_for_tests(mention.line))
        {
            if let Some(room) = room_of(source, mention).filter(|room| upwards(room)) {
                let what = format!("a domain is the lowest layer and may not use `{room}`");
                findings.push(source.finding(mention.line, what));
            }
        }
    }
    findings
}

fn in_layers(source: &SourceFile<'_>) -> Vec<Finding> {
    let layers = LAYERS
        .iter()
        .find(|(crate_name, _)| *crate_name == source.member.name);
    let is_product = source.path.starts_with(source.member.folder.join("src")) && !source.is_test;
    let (Some((_, layers)), Some(room)) = (layers, source.modules.first()) else {
        return Vec::new();
    };
    if !is_product {
        return Vec::new();
    }
    let layer = |room: &str| layers.iter().position(|rooms| rooms.contains(&room));
    let Some(here) = layer(room) else {
        let what = format!("`{room}` is missing from the table of layers");
        return vec![source.finding(1, what)];
    };
    let mut findings = Vec::new();
    for mention in source
        .mentions
        .iter()
        .filter(|mention| !source.is_for_tests(mention.line))
    {
        let Some(other) = room_of(source, mention) else {
            continue;
        };
        if other != room && layer(other).is_some_and(|there| there <= here) {
            let what = format!("`{room}` may not use `{other}`, which is not in a lower layer");
            findings.push(source.finding(mention.line, what));
        }
    }
    findings
}

/// The top-level module that a path of this crate leads to.
fn room_of<'a>(source: &'a SourceFile<'_>, mention: &'a Mention) -> Option<&'a str> {
    let (MentionKind::Path(path) | MentionKind::Import { path, .. }) = &mention.what else {
        return None;
    };
    let depth = source.module_at(mention.line).len();
    let root = match path.segments.first()?.as_str() {
        "crate" => 1,
        "super"
            if path
                .segments
                .iter()
                .take_while(|word| *word == "super")
                .count()
                == depth =>
        {
            depth
        }
        _ => return None,
    };
    path.segments.get(root).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::scan::tests::source;

    #[track_caller]
    fn check(inside: &str, text: &str, expected: &[&str]) {
        let hub = source::member("hub");
        let findings = super::check(&source::of(&hub, inside, text));
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_room_above_and_a_room_beside_are_found_however_they_are_named() {
        let above =
            "hub/src/feed/mend.rs:1: `feed` may not use `handlers`, which is not in a lower layer";
        let beside =
            "hub/src/feed/mend.rs:1: `feed` may not use `work`, which is not in a lower layer";
        check(
            "src/feed/mend.rs",
            "use crate::{handlers::state::Routes, store::Store};",
            &[above],
        );
        check(
            "src/feed/mend.rs",
            "fn a() { crate::work::drain() }",
            &[beside],
        );
        check("src/feed/mend.rs", "use super::super::work::*;", &[beside]);
        check(
            "src/feed/mend.rs",
            "mod a { use super::super::super::handlers; }",
            &[above],
        );
        let new = "hub/src/attic.rs:1: `attic` is missing from the table of layers";
        check("src/attic.rs", "", &[new]);
    }

    #[test]
    fn rooms_beneath_the_own_room_and_tests_are_free() {
        check(
            "src/feed/mend.rs",
            "use crate::{domain::status, feed::reads, store::Store};",
            &[],
        );
        check("src/feed/mend.rs", "use super::compare::Comparison;", &[]);
        check(
            "src/feed/mend.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::handlers;\n}",
            &[],
        );
        check("src/lib.rs", "use handlers::state::Routes;", &[]);
        check("build.rs", "fn main() {}", &[]);
    }
}
