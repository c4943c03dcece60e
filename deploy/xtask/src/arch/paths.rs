//! Resolves a file's imports and aliases, and reports forbidden paths.
//!
//! These checks see no types. clippy.toml, which does, repeats the bans as a second net.

use std::collections::BTreeMap;

use super::{
    Finding, edges,
    manifest::Member,
    rules::{
        BUILDS_MAY_USE, DOMAIN_MAY_USE, IMPURE, IMPURE_DOMAIN, PURE, RESERVED_PATHS, Reserved,
    },
    scan::SourceFile,
    tokens::{CodePath, MentionKind},
};

/// Aliases of aliases: honest files stay below this depth.
const DEPTH_MAX: usize = 4;

pub fn check(source: &SourceFile<'_>, members: &[Member]) -> Vec<Finding> {
    let names = Names::of(source);
    let mut findings = Vec::new();
    for mention in source.mentions.iter() {
        let (path, is_import) = match &mention.what {
            MentionKind::Path(path) => (path, false),
            MentionKind::Import { path, .. } => (path, true),
            _ => continue,
        };
        let for_tests = source.is_for_tests(mention.line);
        let mut complaints = Vec::new();
        for meant in names.meanings(path) {
            // A path that a pure crate may not name at all gets one finding, not two.
            let reserved = || reserved(source, &meant).filter(|_| !for_tests);
            let in_domain = || impure_domain(source, &meant).filter(|_| !for_tests);
            complaints.extend(impure(source, &meant).or_else(in_domain).or_else(reserved));
            // A single identifier is far more often a variable or a field than a crate.
            if is_import || path.segments.len() > 1 || path.is_rooted {
                complaints.extend(forbidden_edge(source, members, &meant, for_tests));
            }
        }
        complaints.sort();
        complaints.dedup();
        findings.extend(
            complaints
                .into_iter()
                .map(|what| source.finding(mention.line, what)),
        );
    }
    findings
}

/// The meanings of the names in one file, regardless of scope.
struct Names {
    imports: BTreeMap<String, Vec<CodePath>>,
    globs: Vec<CodePath>,
}

impl Names {
    fn of(source: &SourceFile<'_>) -> Self {
        let mut names = Self {
            imports: BTreeMap::new(),
            globs: Vec::new(),
        };
        for mention in source.mentions.iter() {
            match &mention.what {
                MentionKind::Import { path, name: None } => names.globs.push(path.clone()),
                MentionKind::Import {
                    path,
                    name: Some(name),
                } if path.segments != [name.as_str()] => {
                    names
                        .imports
                        .entry(name.clone())
                        .or_default()
                        .push(path.clone());
                }
                _ => {}
            }
        }
        names
    }

    fn meanings(&self, path: &CodePath) -> Vec<CodePath> {
        let mut meanings = vec![path.clone()];
        let mut fresh = meanings.clone();
        for _ in 0..DEPTH_MAX {
            fresh = fresh.iter().flat_map(|path| self.expanded(path)).collect();
            fresh.retain(|path| !meanings.contains(path));
            meanings.extend(fresh.iter().cloned());
        }
        meanings.iter().map(with_std).collect()
    }

    fn expanded(&self, path: &CodePath) -> Vec<CodePath> {
        let [first, rest @ ..] = path.segments.as_slice() else {
            return Vec::new();
        };
        if path.is_rooted {
            return Vec::new();
        }
        let after = |prefix: &CodePath, rest: &[String]| CodePath {
            segments: prefix.segments.iter().chain(rest).cloned().collect(),
            is_rooted: prefix.is_rooted,
        };
        match self.imports.get(first) {
            Some(imports) => imports.iter().map(|import| after(import, rest)).collect(),
            None => self
                .globs
                .iter()
                .map(|glob| after(glob, &path.segments))
                .collect(),
        }
    }
}

/// `core` and `alloc` are parts of `std`, which has the same paths.
fn with_std(path: &CodePath) -> CodePath {
    let mut path = path.clone();
    if let Some(first) = path.segments.first_mut().filter(|first| *first == "core") {
        "std".clone_into(first);
    }
    path
}

fn impure(source: &SourceFile<'_>, path: &CodePath) -> Option<String> {
    let from = source.member.name.as_str();
    if !PURE.contains(&from) || is_local(source, path) {
        return None;
    }
    let (banned, why) = banned(IMPURE, path)?;
    Some(format!(
        "`{from}` is pure and may not use `{banned}`: {why}"
    ))
}

fn impure_domain(source: &SourceFile<'_>, path: &CodePath) -> Option<String> {
    let is_value = DOMAIN_MAY_USE.iter().any(|value| is_under(path, value));
    if !source.is_domain() || is_value || is_local(source, path) {
        return None;
    }
    let (banned, why) = banned(IMPURE_DOMAIN, path)?;
    Some(format!(
        "a domain is pure and may not use `{banned}`: {why}"
    ))
}

fn banned(
    rules: &'static [(&str, &[&str])],
    path: &CodePath,
) -> Option<(&'static str, &'static str)> {
    let mut all = rules
        .iter()
        .flat_map(|(why, paths)| paths.iter().map(move |path| (*path, *why)));
    all.find(|(banned, _)| is_under(path, banned))
}

fn reserved(source: &SourceFile<'_>, path: &CodePath) -> Option<String> {
    let under = |rule: &Reserved| {
        rule.paths
            .iter()
            .copied()
            .find(|known| is_under(path, known))
    };
    let (rule, named) = RESERVED_PATHS
        .iter()
        .find_map(|rule| Some((rule, under(rule)?)))?;
    let at_home = rule
        .home
        .iter()
        .any(|home| source.path == std::path::Path::new(home));
    (!at_home && !is_local(source, path)).then(|| format!("`{named}`: {}", rule.why))
}

fn forbidden_edge(
    source: &SourceFile<'_>,
    members: &[Member],
    path: &CodePath,
    for_tests: bool,
) -> Option<String> {
    let from = &source.member.name;
    let first = path.segments.first()?;
    let to = &members.iter().find(|member| member.ident() == *first)?.name;
    let may_use = if for_tests {
        edges::tests_may_use
    } else {
        edges::may_use
    };
    let is_build = source.path.ends_with("build.rs") && BUILDS_MAY_USE.contains(&to.as_str());
    let is_allowed = to == from || may_use(from, to) || is_build || is_local(source, path);
    (!is_allowed).then(|| format!("`{from}` may not use `{to}`"))
}

/// True if a path begins with a module of its crate.
fn is_local(source: &SourceFile<'_>, path: &CodePath) -> bool {
    let first = path
        .segments
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    !path.is_rooted && first != "std" && source.crate_modules.contains(first)
}

fn is_under(path: &CodePath, banned: &str) -> bool {
    // Most paths differ in their first word, and splitting the rule for each would take seconds.
    let first = path.segments.first();
    if !first.is_some_and(|first| banned.starts_with(first.as_str())) {
        return false;
    }
    let mut segments = path.segments.iter();
    banned
        .split("::")
        .all(|word| segments.next().is_some_and(|segment| segment == word))
}
