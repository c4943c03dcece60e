//! `cargo xtask arch`: checks the tree against ARCHITECTURE.md.
//!
//! Invariants: every finding names a file and a line, and each rule has a test that breaks it.

mod chinese;
mod circles;
mod documents;
mod edges;
mod layers;
mod lints;
mod manifest;
mod migrations;
mod names;
mod paths;
mod pins;
#[cfg(test)]
mod planted;
mod rules;
mod scan;
mod sql;
mod tokens;

use std::{fmt, fs, path::Path};

use manifest::Member;
use rules::OUTSIDE_THE_PRODUCT;

use crate::Result;

/// A violation and its location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Relative to the root of the repository.
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl Finding {
    pub fn at(file: &Path, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.display().to_string(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

fn read(root: &Path, file: &Path) -> Result<String> {
    fs::read_to_string(root.join(file))
        .map_err(|e| format!("could not read {}: {e}", file.display()))
}

/// Prints every finding; an error if there are any.
pub fn pass(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        number => Err(format!("{number} violations")),
    }
}

/// Finds Chinese in Rust and duplicate public type names, in the product and in its deployment.
pub fn words(root: &Path) -> Result<Vec<Finding>> {
    let mut members = manifest::members(root)?;
    members.push(manifest::own());
    let mut findings = Vec::new();
    let sources = scan::sources(root, &members, &["tests"], &mut findings)?;
    findings.extend(sources.iter().flat_map(chinese::check));
    findings.extend(names::check(&sources));
    findings.sort();
    Ok(findings)
}

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let members = manifest::members(root)?;
    let mut findings = edges::check(root, &members)?;
    findings.extend(check_sources(root, &members)?);
    findings.extend(documents::check(root)?);
    findings.extend(lints::check(root)?);
    findings.extend(pins::check(root)?);
    findings.sort();
    findings.dedup();
    Ok(findings)
}

fn check_sources(root: &Path, members: &[Member]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let sources = scan::sources(root, members, OUTSIDE_THE_PRODUCT, &mut findings)?;
    for source in &sources {
        findings.extend(paths::check(source, members));
        findings.extend(sql::check(source));
        findings.extend(scan::foreign_files(source));
        findings.extend(layers::check(source));
    }
    findings.extend(circles::check(members, &sources));
    findings.extend(migrations::check(root, &sources)?);
    Ok(findings)
}
