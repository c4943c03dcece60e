//! The files of a crate import each other in one direction, so a reader who follows the imports
//! reaches an end.
//!
//! Arrows between a module and the modules around it do not count: those are always read together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
#[cfg(test)]
use std::path::PathBuf;

use super::{
    Finding,
    manifest::Member,
    scan::SourceFile,
    tokens::{Mention, MentionKind},
};

type ModulePath = Vec<String>;

/// Longer chains of re-exports are followed no further.
const REEXPORTS_MAX: usize = 8;

pub fn check(members: &[Member], sources: &[SourceFile<'_>]) -> Vec<Finding> {
    let imports = members
        .iter()
        .map(|member| CrateImports::of(member, sources));
    imports.flat_map(|imports| imports.circles()).collect()
}

/// For each crate, a file that another one imports, and a line in it that would close a circle.
#[cfg(test)]
pub fn lines_that_close_a_circle(
    members: &[Member],
    sources: &[SourceFile<'_>],
) -> Vec<(PathBuf, String)> {
    let imports = members
        .iter()
        .map(|member| CrateImports::of(member, sources));
    let lines = imports.filter_map(|crate_imports| {
        let imports = crate_imports.imports();
        let import = imports.first()?;
        let line = format!(
            "fn planted() {{ crate::{}::planted() }}\n",
            import.from.join("::")
        );
        Some((crate_imports.files[&import.to].path.clone(), line))
    });
    lines.collect()
}

/// The product files of one crate and the imports between them.
struct CrateImports<'a> {
    files: BTreeMap<ModulePath, &'a SourceFile<'a>>,
    /// Names that a module imports, with the path of each.
    names: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
}

/// An import of one file by another, at the first line that needs it.
struct Import {
    line: usize,
    from: ModulePath,
    to: ModulePath,
}

impl<'a> CrateImports<'a> {
    fn of(member: &Member, sources: &'a [SourceFile<'a>]) -> Self {
        let src = member.folder.join("src");
        let is_product = |source: &&SourceFile<'_>| {
            source.member.name == member.name && source.path.starts_with(&src) && !source.is_test
        };
        let mut imports = Self {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for source in sources.iter().filter(is_product) {
            let is_program = source.path.ends_with("main.rs");
            // A program beside a library uses it from outside.
            if !is_program || !imports.files.contains_key(&source.modules) {
                imports.files.insert(source.modules.clone(), source);
            }
            for mention in source.mentions.iter() {
                if let MentionKind::Import {
                    path,
                    name: Some(name),
                } = &mention.what
                {
                    let module = source.module_at(mention.line);
                    let names = imports.names.entry(module).or_default();
                    names.insert(name.clone(), path.segments.clone());
                }
            }
        }
        imports
    }

    fn circles(&self) -> Vec<Finding> {
        let imports = self.imports();
        let mut arrows: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
        for import in &imports {
            arrows.entry(&import.from).or_default().insert(&import.to);
        }
        let mut findings = Vec::new();
        for import in &imports {
            let Some(way) = way_back(&arrows, &import.to, &import.from) else {
                continue;
            };
            let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
            let what = format!(
                "`{}` imports in a circle: it uses {}",
                import.from.join("::"),
                names.join(", which uses ")
            );
            findings.push(self.files[&import.from].finding(import.line, what));
        }
        findings
    }

    fn imports(&self) -> Vec<Import> {
        let mut imports: BTreeMap<(ModulePath, ModulePath), usize> = BTreeMap::new();
        for (from, source) in &self.files {
            for mention in source.mentions.iter() {
                let Some(to) = self.file_of(source, mention) else {
                    continue;
                };
                let is_around = to.starts_with(from) || from.starts_with(&to);
                if !is_around && !source.is_for_tests(mention.line) {
                    imports.entry((from.clone(), to)).or_insert(mention.line);
                }
            }
        }
        let import = |((from, to), line)| Import { line, from, to };
        imports.into_iter().map(import).collect()
    }

    fn file_of(&self, source: &SourceFile<'_>, mention: &Mention) -> Option<ModulePath> {
        let (MentionKind::Path(path) | MentionKind::Import { path, .. }) = &mention.what else {
            return None;
        };
        if path.is_rooted {
            return None;
        }
        let module = source.module_at(mention.line);
        self.resolve(&module, &path.segments, REEXPORTS_MAX)
    }

    /// The file that declares the thing a path leads to, through re-exports.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let depth = depth.checked_sub(1)?;
        let (mut module, mut rest) = self.start(module, path)?;
        while let [next, below @ ..] = rest {
            let inner = child(&module, next);
            if self.is_module(&inner) {
                module = inner;
                rest = below;
                continue;
            }
            let imported = self.names.get(&module).and_then(|names| names.get(next));
            // `use super::a;` names itself in the end.
            let imported = imported.filter(|imported| imported.as_slice() != path);
            if let Some(found) = imported.and_then(|path| self.resolve(&module, path, depth)) {
                return Some(found);
            }
            break;
        }
        while !self.files.contains_key(&module) {
            module.pop()?;
        }
        Some(module)
    }

    /// True for a file's module, and for one whose files are declared in another file.
    fn is_module(&self, module: &ModulePath) -> bool {
        let mut from_here = self.files.range(module.clone()..);
        let next = from_here.next();
        next.is_some_and(|(file, _)| file.starts_with(module))
    }

    /// The module in which a path begins, and the rest of the path; `None` for another crate.
    fn start<'p>(
        &self,
        module: &[String],
        path: &'p [String],
    ) -> Option<(ModulePath, &'p [String])> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some((Vec::new(), rest)),
            "self" => Some((module.to_vec(), rest)),
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let around = module.len().checked_sub(ups)?;
                Some((module[..around].to_vec(), &path[ups..]))
            }
            name if self.is_module(&child(module, name)) => Some((module.to_vec(), path)),
            _ => None,
        }
    }
}

fn child(module: &[String], name: &str) -> ModulePath {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// The shortest chain of imports from one file to another, with both.
fn way_back<'a>(
    arrows: &BTreeMap<&'a ModulePath, BTreeSet<&'a ModulePath>>,
    from: &'a ModulePath,
    to: &'a ModulePath,
) -> Option<Vec<&'a ModulePath>> {
    let mut reached_from: BTreeMap<&ModulePath, &ModulePath> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(module) = queue.pop_front() {
        if module == to {
            let mut way = vec![to];
            while let Some(before) = reached_from.get(way[way.len() - 1]) {
                way.push(before);
                if *before == from {
                    break;
                }
            }
            way.reverse();
            return Some(way);
        }
        for next in arrows.get(module).into_iter().flatten() {
            if *next != from && !reached_from.contains_key(next) {
                reached_from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::scan::tests::source;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let members = [source::member("hub")];
        let sources: Vec<_> = files
            .iter()
            .map(|(inside, text)| source::of(&members[0], inside, text))
            .collect();
        let findings = super::check(&members, &sources);
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected,
        );
    }

    #[test]
    fn a_circle_is_found_at_each_of_its_imports() {
        check(
            &[
                ("src/a.rs", "use crate::b::Two;"),
                ("src/b.rs", "\nfn two() { super::c::three() }"),
                ("src/c.rs", "mod inner { use super::super::a::One; }"),
            ],
            &[
                "hub/src/a.rs:1: `a` imports in a circle: it uses b, which uses c, which uses a",
                "hub/src/b.rs:2: `b` imports in a circle: it uses c, which uses a, which uses b",
                "hub/src/c.rs:1: `c` imports in a circle: it uses a, which uses b, which uses c",
            ],
        );
    }

    #[test]
    fn a_reexport_leads_to_the_file_that_declares() {
        check(
            &[
                ("src/lib.rs", "mod a; mod b; pub use b::Two;"),
                ("src/a.rs", "use crate::Two;"),
                ("src/b.rs", "use crate::a::One;"),
            ],
            &[
                "hub/src/a.rs:1: `a` imports in a circle: it uses b, which uses a",
                "hub/src/b.rs:1: `b` imports in a circle: it uses a, which uses b",
            ],
        );
    }

    #[test]
    fn files_of_a_module_without_a_file_are_found() {
        check(
            &[
                ("src/lib.rs", "mod domain { mod one; mod two; }"),
                ("src/domain/one.rs", "use crate::domain::two::Two;"),
                ("src/domain/two.rs", "use super::one::One;"),
            ],
            &[
                "hub/src/domain/one.rs:1: `domain::one` imports in a circle: it uses domain::two, \
                 which uses domain::one",
                "hub/src/domain/two.rs:1: `domain::two` imports in a circle: it uses domain::one, \
                 which uses domain::two",
            ],
        );
    }

    #[test]
    fn modules_around_each_other_and_tests_are_free() {
        check(
            &[
                ("src/lib.rs", "mod a; use a::One;"),
                ("src/a.rs", "mod part; use part::Part; use crate::Root;"),
                ("src/a/part.rs", "use super::One;"),
                ("src/b.rs", "use crate::a::One;"),
                (
                    "src/a/other.rs",
                    "#[cfg(test)]\nmod tests {\n    use crate::b::Two;\n}",
                ),
            ],
            &[],
        );
    }
}
