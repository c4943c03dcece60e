//! ARCHITECTURE.md names files; each of them must exist.

use std::{fs, path::Path};

use super::Finding;
use crate::Result;

const DOCUMENT: &str = "ARCHITECTURE.md";
/// What in backticks is meant as a file of the repository: a path that ends like one of these.
const ENDINGS: [&str; 9] = [".rs", ".md", ".toml", ".sql", ".yml", ".json", ".txt", ".sh", ".lock"];

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let Ok(text) = fs::read_to_string(root.join(DOCUMENT)) else {
        return Ok(vec![finding(1, format!("{DOCUMENT} is missing"))]);
    };
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        // Every second piece between backticks is code; links name files in round brackets.
        let code = line.split('`').skip(1).step_by(2);
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for name in code.chain(links).filter_map(file_named) {
            if !root.join(name).exists() {
                findings.push(finding(number, format!("`{name}` does not exist")));
            }
        }
    }
    Ok(findings)
}

/// The path in a piece of code, without a line number or an anchor.
fn file_named(code: &str) -> Option<&str> {
    let path = code.split(['#', ':']).next().unwrap_or(code).trim();
    let is_path = !path.is_empty()
        && !path.starts_with("http")
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let is_file = ENDINGS.iter().any(|ending| path.ends_with(ending) && path.len() > ending.len());
    let is_folder = path.contains('/') && path.ends_with('/') && !path.starts_with('/');
    // A bare file name, such as `http.rs`, stands for a room that many crates have.
    let is_rooted = path.contains('/') || path.chars().next().is_some_and(char::is_uppercase);
    (is_path && is_rooted && (is_file || is_folder)).then_some(path)
}

fn finding(line: usize, what: String) -> Finding {
    Finding { file: DOCUMENT.into(), line, what }
}

#[cfg(test)]
mod tests {
    use super::file_named;

    #[test]
    fn only_paths_of_this_repository_are_files() {
        assert_eq!(file_named("sync/engine/src/edge.rs:12"), Some("sync/engine/src/edge.rs"));
        assert_eq!(file_named("Cargo.toml"), Some("Cargo.toml"));
        assert_eq!(file_named("protocol/wire/"), Some("protocol/wire/"));
        for other in ["order.accepted", "http.rs", "POST /internal/ops", "/api/v1/", "hf/{region}/"]
        {
            assert_eq!(file_named(other), None, "{other}");
        }
    }
}
