//! The nearest clippy.toml replaces the root's instead of adding to it, so each must repeat it.

use std::{fs, path::Path};

use super::{Finding, scan};
use crate::Result;

const NAMES: [&str; 2] = ["clippy.toml", ".clippy.toml"];

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let Ok(rules) = fs::read_to_string(root.join(NAMES[0])) else {
        let what = "the root's clippy.toml is missing";
        return Ok(vec![Finding::at(Path::new(NAMES[0]), 1, what)]);
    };
    let mut findings = Vec::new();
    for path in scan::files(root, &|name| NAMES.contains(&name))? {
        let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
        for missing in entries(&rules).filter(|rule| !entries(&text).any(|entry| entry == *rule)) {
            let what = format!("does not repeat the root's rule `{missing}`");
            findings.push(Finding::at(&path, 1, what));
        }
    }
    Ok(findings)
}

/// These files have one rule a line; brackets and comments are not rules.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !["[", "]"].contains(line))
}
