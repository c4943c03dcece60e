//! Checks in the manifests which crate depends on which.

use std::path::Path;

use super::{
    Finding,
    manifest::Member,
    read,
    rules::{BUILDS_MAY_USE, EDGES, PURE, PURE_MAY_USE, RESERVED, TESTS_MAY_USE, UNBOUND},
};
use crate::{Result, workspace::Dependency};

pub fn check(root: &Path, members: &[Member]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in members {
        let path = member.folder.join("Cargo.toml");
        let manifest = read(root, &path)?;
        if allowed(&member.name).is_none() && !UNBOUND.contains(&member.name.as_str()) {
            let what = format!(
                "`{}` is missing from the table of allowed edges",
                member.name
            );
            findings.push(Finding::at(
                &path,
                line_of(&manifest, "package", "name"),
                what,
            ));
        }
        for dependency in &member.dependencies {
            if let Some(what) = complaint(member, dependency) {
                findings.push(Finding::at(
                    &path,
                    line_of_dependency(&manifest, dependency),
                    what,
                ));
            }
        }
    }
    Ok(findings)
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    EDGES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, these)| *these)
}

pub fn may_use(from: &str, to: &str) -> bool {
    allowed(from).is_none_or(|these| these.contains(&to))
}

pub fn tests_may_use(from: &str, to: &str) -> bool {
    may_use(from, to) || (TESTS_MAY_USE.contains(&to) && !PURE.contains(&from))
}

fn complaint(member: &Member, dependency: &Dependency) -> Option<String> {
    let from = &member.name;
    let to = dependency.name.as_str();
    let kind = dependency.kind();
    let is_allowed = match kind {
        "dev" => tests_may_use(from, to),
        "build" => BUILDS_MAY_USE.contains(&to),
        _ => may_use(from, to),
    };
    if dependency.path.is_some() && !is_allowed {
        return Some(format!(
            "`{from}` may not depend on `{to}` ({kind} dependency)"
        ));
    }
    let is_pure = PURE.contains(&from.as_str());
    if is_pure && !PURE_MAY_USE.contains(&to) {
        return Some(format!(
            "`{from}` is pure and may not depend on `{to}` ({kind} dependency)"
        ));
    }
    let (_, users) = RESERVED.iter().find(|(reserved, _)| *reserved == to)?;
    let may_name = UNBOUND
        .iter()
        .chain(*users)
        .any(|user| *user == from.as_str());
    (!may_name).then(|| {
        format!(
            "only {} may depend on `{to}` ({kind} dependency)",
            users.join(", ")
        )
    })
}

fn line_of_dependency(manifest: &str, dependency: &Dependency) -> usize {
    let section = match dependency.kind() {
        "normal" => "dependencies".to_owned(),
        kind => format!("{kind}-dependencies"),
    };
    line_of(
        manifest,
        &section,
        dependency.rename.as_deref().unwrap_or(&dependency.name),
    )
}

/// The line of a key in a section of that name, for one platform or for all; 1 if not found.
fn line_of(manifest: &str, section: &str, key: &str) -> usize {
    let mut inside = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header == section || header.ends_with(&format!(".{section}"));
            if header.ends_with(&format!("{section}.{key}")) {
                return number;
            }
        } else if inside && is_key(line, key) {
            return number;
        }
    }
    1
}

fn is_key(line: &str, key: &str) -> bool {
    let line = line.trim_start_matches('"');
    line.strip_prefix(key)
        .is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"']))
}
