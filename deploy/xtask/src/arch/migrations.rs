//! A migration that its crate does not name is never applied, and the program starts without it.

use std::path::Path;

use super::{Finding, scan, scan::SourceFile};
use crate::Result;

pub fn check(root: &Path, sources: &[SourceFile<'_>]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in scan::files(root, &|name| name.ends_with(".sql"))? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let mut of_its_crate = sources
            .iter()
            .filter(|source| file.starts_with(source.member.folder.join("migrations")));
        let is_of_a_crate = of_its_crate.clone().next().is_some();
        let is_named = of_its_crate.any(|source| source.text.contains(name.as_ref()));
        if is_of_a_crate && !is_named {
            let what = format!("no source of its crate names the migration `{name}`");
            findings.push(Finding::at(&file, 1, what));
        }
    }
    Ok(findings)
}
