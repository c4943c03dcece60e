//! Keeps the documents true: every file and heading they name exists, README.md and ARCHITECTURE.md
//! stay short enough to finish, and the decisions are a few pages that the index lists by subject.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Finding, read, scan};
use crate::Result;

const ARCHITECTURE: &str = "ARCHITECTURE.md";
/// Word limits of the documents that every reader should finish.
const WORDS_MAX: [(&str, usize); 2] = [("README.md", 1_100), (ARCHITECTURE, 2_000)];
const DECISIONS: &str = "docs/decisions";
/// With more pages the index gets too long to scan.
const DECISION_PAGES_MAX: usize = 30;
const INDEX: &str = "README.md";
/// Code in backticks with one of these endings is a file of the repository.
const ENDINGS: [&str; 10] = [
    ".rs", ".md", ".toml", ".sql", ".yml", ".json", ".txt", ".sh", ".lock", ".ftl",
];

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if !root.join(ARCHITECTURE).is_file() {
        findings.push(Finding::at(Path::new(ARCHITECTURE), 1, "is missing"));
    }
    let paths = scan::files(root, &|name| name.ends_with(".md"))?;
    for path in &paths {
        let text = read(root, path)?;
        for (line, text) in prose(&text) {
            let names = backticked(text).filter_map(|code| missing_file(root, code));
            let links = links(text).filter_map(|link| broken_link(root, path, link));
            findings.extend(names.chain(links).map(|what| Finding::at(path, line, what)));
        }
    }
    findings.extend(
        WORDS_MAX
            .iter()
            .filter_map(|(name, max)| too_long(root, name, *max)),
    );
    findings.extend(check_decisions(root, &paths)?);
    Ok(findings)
}

/// The numbered lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Every second piece between backticks is code.
fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn missing_file(root: &Path, code: &str) -> Option<String> {
    let named = file_named(code).or_else(|| folder_named(root, code))?;
    (!root.join(named).exists()).then(|| format!("`{named}` does not exist"))
}

/// A link is relative to its document's folder, as in a browser.
fn broken_link(root: &Path, document: &Path, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => document.to_owned(),
        file => document.parent()?.join(file),
    };
    if !root.join(&target).exists() {
        return Some(format!("`{link}` does not exist"));
    }
    let text = fs::read_to_string(root.join(&target)).unwrap_or_default();
    let known = prose(&text).any(|(_, line)| line.starts_with('#') && anchor(line) == heading);
    (!heading.is_empty() && !known).then(|| format!("`{link}` does not match a heading"))
}

/// The path in a piece of code, without a line number or an anchor.
fn file_named(code: &str) -> Option<&str> {
    let path = code.split(['#', ':']).next().unwrap_or(code).trim();
    let is_file = ENDINGS
        .iter()
        .any(|ending| path.ends_with(ending) && path.len() > ending.len());
    // A bare file name, such as `http.rs`, means a module that many crates have.
    let is_rooted = path.contains('/') || path.chars().next().is_some_and(char::is_uppercase);
    (is_path(path) && is_rooted && is_file).then_some(path)
}

/// A path without an ending, below a folder of the root that is neither built nor hidden.
fn folder_named<'a>(root: &Path, code: &'a str) -> Option<&'a str> {
    let (first, _) = code.split_once('/')?;
    let is_made = first.is_empty() || first == "target" || first.starts_with('.');
    let is_ours = !is_made && root.join(first).is_dir();
    (is_path(code) && is_ours).then_some(code)
}

fn is_path(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with("http")
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

/// A heading's anchor in a link.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn too_long(root: &Path, name: &str, max: usize) -> Option<Finding> {
    let text = fs::read_to_string(root.join(name)).ok()?;
    let lines = (1..).zip(text.lines());
    let mut words = lines.flat_map(|(line, text)| text.split_whitespace().map(move |_| line));
    let line = words.nth(max)?;
    Some(Finding::at(
        Path::new(name),
        line,
        format!("has more than {max} words from this line on"),
    ))
}

/// Decisions are found by subject: few pages, without numbers, each in the index.
fn check_decisions(root: &Path, paths: &[PathBuf]) -> Result<Vec<Finding>> {
    let index_path = Path::new(DECISIONS).join(INDEX);
    let index = fs::read_to_string(root.join(&index_path)).unwrap_or_default();
    let mut findings = Vec::new();
    let mut pages = 0;
    for path in paths
        .iter()
        .filter(|path| path.starts_with(DECISIONS) && **path != index_path)
    {
        pages += 1;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if !links(&index).any(|link| link == name) {
            findings.push(Finding::at(
                path,
                1,
                format!("is not in {}", index_path.display()),
            ));
        }
        let text = read(root, path)?;
        let title = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches(['#', ' ']);
        if starts_with_digit(name) || starts_with_digit(title) {
            findings.push(Finding::at(
                path,
                1,
                "has a number: name the page by its subject",
            ));
        }
    }
    if pages > DECISION_PAGES_MAX {
        let what = format!("{pages} pages, more than {DECISION_PAGES_MAX}: merge some");
        findings.push(Finding::at(&index_path, 1, what));
    }
    Ok(findings)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_repository_are_files() {
        assert_eq!(
            file_named("sync/engine/src/edge.rs:12"),
            Some("sync/engine/src/edge.rs")
        );
        assert_eq!(file_named("Cargo.toml"), Some("Cargo.toml"));
        for other in [
            "order.accepted",
            "http.rs",
            "POST /internal/ops",
            "/api/v1/",
            "hf/{region}/",
        ] {
            assert_eq!(file_named(other), None, "{other}");
        }
    }

    #[test]
    fn a_headings_link_has_its_words_in_small_letters() {
        assert_eq!(
            anchor("## 2. Who wins a collision"),
            "2-who-wins-a-collision"
        );
        assert_eq!(
            anchor("# The drain: `cargo xtask bench`"),
            "the-drain-cargo-xtask-bench"
        );
    }
}
