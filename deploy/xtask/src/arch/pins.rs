//! Third-party content is fetched by digest: an action, and an image that a container or a build
//! starts from. A tag can move to other content.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Finding, read, scan};
use crate::Result;

/// Built from this repository, so there is no digest beforehand.
const OWN_IMAGES: [&str; 1] = ["holdfast"];
/// `scan` skips hidden folders.
const WORKFLOWS: &str = ".github/workflows";

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut paths = scan::files(root, &|name| name.ends_with("Dockerfile") || is_yaml(name))?;
    let workflows = fs::read_dir(root.join(WORKFLOWS))
        .into_iter()
        .flatten()
        .flatten();
    let names = workflows.map(|entry| entry.file_name().to_string_lossy().into_owned());
    paths.extend(
        names
            .filter(|name| is_yaml(name))
            .map(|name| Path::new(WORKFLOWS).join(name)),
    );
    let mut findings = Vec::new();
    for path in paths {
        let text = read(root, &path)?;
        let unpinned = match is_yaml(&path.to_string_lossy()) {
            true => unpinned_values(&text),
            false => unpinned_bases(&text),
        };
        findings.extend(unpinned.into_iter().map(|(line, name)| {
            Finding::at(&path, line, format!("`{name}` is not pinned by its digest"))
        }));
    }
    Ok(findings)
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

fn unpinned_values(text: &str) -> Vec<(usize, &str)> {
    let values = (1..).zip(text.lines()).filter_map(|(line, text)| {
        let (key, rest) = text.trim_start().trim_start_matches("- ").split_once(':')?;
        let value = rest.split_whitespace().next()?.trim_matches(['"', '\'']);
        let is_pinned = match key {
            "uses" => value.starts_with("./") || is_commit(value),
            "image" | "container" => OWN_IMAGES.contains(&value) || is_digest(value),
            _ => true,
        };
        (!is_pinned).then_some((line, value))
    });
    values.collect()
}

fn unpinned_bases(text: &str) -> Vec<(usize, &str)> {
    let mut stages = BTreeSet::from(["scratch"]);
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = text
            .split_whitespace()
            .filter(|word| !word.starts_with("--"));
        if !words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("from"))
        {
            continue;
        }
        let Some(base) = words.next() else { continue };
        if !stages.contains(base) && !is_digest(base) {
            found.push((line, base));
        }
        // `FROM base AS stage`
        stages.extend(words.nth(1));
    }
    found
}

fn is_commit(action: &str) -> bool {
    action.split_once('@').is_some_and(|(_, at)| is_hex(at, 40))
}

fn is_digest(image: &str) -> bool {
    image
        .split_once("@sha256:")
        .is_some_and(|(_, digest)| is_hex(digest, 64))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
