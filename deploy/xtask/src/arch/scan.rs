//! Reads every Rust file of the product and applies the rules to its mentions.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use super::{
    Finding,
    manifest::Member,
    read,
    rules::DOMAIN,
    tokens::{MentionKind, Mentions},
};
use crate::Result;

pub struct SourceFile<'a> {
    /// Relative to the root of the repository.
    pub path: PathBuf,
    pub member: &'a Member,
    /// The module path that follows from its folders, outermost first.
    pub modules: Vec<String>,
    pub mentions: Mentions,
    pub text: String,
    /// Every module name in its crate; a path may begin with one.
    pub crate_modules: BTreeSet<String>,
    pub is_test: bool,
}

impl SourceFile<'_> {
    pub fn finding(&self, line: usize, what: String) -> Finding {
        Finding::at(&self.path, line, what)
    }

    /// True if it belongs to the domain module.
    pub fn is_domain(&self) -> bool {
        self.path.starts_with(self.member.folder.join("src"))
            && self.modules.first().is_some_and(|room| room == DOMAIN)
    }

    pub fn is_for_tests(&self, line: usize) -> bool {
        self.is_test || self.mentions.is_in_test_item(line)
    }

    /// The path of the module that a line is in: the file's, or an inline one in it.
    pub fn module_at(&self, line: usize) -> Vec<String> {
        let inline = self.mentions.inline_modules_at(line);
        self.modules.iter().chain(inline).cloned().collect()
    }
}

/// Forbids compiling a file from outside into a crate, because that bypasses dependencies.
pub fn foreign_files(source: &SourceFile<'_>) -> impl Iterator<Item = Finding> {
    source
        .mentions
        .iter()
        .filter_map(|mention| match &mention.what {
            MentionKind::ForeignFile(file) if file.contains("..") || file.starts_with("\"/") => {
                let what = format!("{file} is compiled in from outside the crate");
                Some(source.finding(mention.line, what))
            }
            _ => None,
        })
}

/// Every file under `root` whose name `wants` accepts, except built and hidden ones.
pub fn files(root: &Path, wants: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .map_err(|e| format!("could not read {}: {e}", folder.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if path.is_dir() {
                let is_made = ["target", "node_modules"].contains(&name.as_str());
                if !is_made && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if wants(&name) {
                files.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Every Rust file of the members, except in the folders `left_out`.
pub fn sources<'a>(
    root: &Path,
    members: &'a [Member],
    left_out: &[&str],
    findings: &mut Vec<Finding>,
) -> Result<Vec<SourceFile<'a>>> {
    let mut sources = Vec::new();
    for path in files(root, &|name| name.ends_with(".rs"))? {
        let Some(member) = owner(&path, members, left_out) else {
            continue;
        };
        let text = read(root, &path)?;
        let mentions = match Mentions::read(&text) {
            Ok(mentions) => mentions,
            Err(error) => {
                findings.push(Finding::at(
                    &path,
                    error.span().start().line,
                    "is not valid Rust",
                ));
                continue;
            }
        };
        let inside = path.strip_prefix(&member.folder).unwrap_or(&path);
        let modules = modules_of(inside);
        let is_test = inside.starts_with("tests");
        let crate_modules = BTreeSet::new();
        sources.push(SourceFile {
            path,
            member,
            modules,
            mentions,
            text,
            crate_modules,
            is_test,
        });
    }
    for member in members {
        tell_modules(member, &mut sources);
    }
    Ok(sources)
}

/// The innermost crate that contains a file, unless a folder around it is left out.
fn owner<'a>(path: &Path, members: &'a [Member], left_out: &[&str]) -> Option<&'a Member> {
    let within = |member: &&Member| path.starts_with(&member.folder);
    let depth = |member: &&Member| member.folder.components().count();
    let is_outside = left_out.iter().any(|folder| path.starts_with(folder));
    if is_outside {
        None
    } else {
        members.iter().filter(within).max_by_key(depth)
    }
}

/// `src/store/ops.rs` is the module `store::ops`.
fn modules_of(inside: &Path) -> Vec<String> {
    let folders = inside.with_extension("");
    let names = folders
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => name.to_str().map(str::to_owned),
            _ => None,
        });
    names
        .filter(|name| !["src", "mod", "lib", "main"].contains(&name.as_str()))
        .collect()
}

/// Records in each file of a crate all the crate's modules, and marks test files.
///
/// A test module is identified by its full path, which also covers everything below it. A crate may
/// reuse its name elsewhere, such as `http` and `tests::http`.
fn tell_modules(member: &Member, sources: &mut [SourceFile<'_>]) {
    let src = member.folder.join("src");
    let mut all = BTreeSet::new();
    let mut for_tests = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| source.member.name == member.name)
    {
        for mention in source.mentions.iter() {
            let MentionKind::Module { name, is_inline } = &mention.what else {
                continue;
            };
            all.insert(name.clone());
            let is_file = !is_inline && source.path.starts_with(&src);
            if is_file && source.is_for_tests(mention.line) {
                let mut place = source.module_at(mention.line);
                place.push(name.clone());
                for_tests.insert(place);
            }
        }
    }
    for source in sources
        .iter_mut()
        .filter(|source| source.member.name == member.name)
    {
        source.crate_modules = all.clone();
        let is_below = |place: &Vec<String>| source.modules.starts_with(place);
        source.is_test |= source.path.starts_with(&src) && for_tests.iter().any(is_below);
    }
}

#[cfg(test)]
pub mod tests;
