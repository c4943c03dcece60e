//! Breaks each rule once in every file of every crate of this repository, and expects a finding
//! there.
//!
//! The small workspace of `tests/arch/tree.rs` shows that a rule works. Only the real tree shows
//! that it works everywhere: files have been skipped because their names looked like test files.

use std::{path::Path, slice};

use serde_json::json;

use super::{
    Finding, circles, edges, layers,
    manifest::{self, Member},
    paths,
    rules::{
        EDGES, LAYERS, OUTSIDE_THE_PRODUCT, PURE, RESERVED, RESERVED_PATHS, SQL_MODULE,
        SQL_MODULE_OF_PLATFORM, UNBOUND,
    },
    scan::{self, SourceFile},
    sql,
    tokens::Mentions,
};

/// A line of Rust that breaks a rule, and the expected finding.
struct Plant {
    line: String,
    says: String,
}

fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A file of the product, judged by its name alone and not by the code under test.
fn is_product(source: &SourceFile<'_>) -> bool {
    let is_of_tests = source
        .modules
        .iter()
        .any(|module| TEST_MODULES.contains(&module.as_str()));
    source.path.starts_with(source.member.folder.join("src")) && !is_of_tests
}

/// Modules below `src` that are built only for tests.
const TEST_MODULES: &[&str] = &["tests"];

fn plants_for(source: &SourceFile<'_>) -> Vec<Plant> {
    let crate_name = source.member.name.as_str();
    let is_pure = PURE.contains(&crate_name);
    let mut plants = vec![
        Plant {
            line: "include!(\"../../../elsewhere.rs\");".to_owned(),
            says: "is compiled in from outside the crate".to_owned(),
        },
        Plant {
            line: "fn planted() { e2e::planted() }".to_owned(),
            says: format!("`{crate_name}` may not use `e2e`"),
        },
    ];
    let holds_sql = |module: &String| {
        module == SQL_MODULE || (crate_name == "platform" && module == SQL_MODULE_OF_PLATFORM)
    };
    if !source.modules.iter().any(holds_sql) {
        plants.push(Plant {
            line: "const PLANTED: &str = \"SELECT id FROM orders WHERE id = ?\";".to_owned(),
            says: "SQL belongs in a module named `store`".to_owned(),
        });
    }
    for (line, path) in [
        (
            "fn planted() { ::std::time::SystemTime::now(); }",
            "std::time::SystemTime::now",
        ),
        ("fn planted() { ::tokio::spawn(async {}); }", "tokio::spawn"),
        ("fn planted() { ::rand::random::<u8>(); }", "rand::random"),
    ] {
        let rule = RESERVED_PATHS
            .iter()
            .find(|rule| rule.paths.contains(&path))
            .unwrap();
        let is_at_home = rule.home.iter().any(|home| source.path == Path::new(home));
        if is_pure {
            plants.push(Plant {
                line: line.to_owned(),
                says: format!("`{crate_name}` is pure and may not use"),
            });
        } else if source.is_domain() {
            plants.push(Plant {
                line: line.to_owned(),
                says: "a domain is pure and may not use".to_owned(),
            });
        } else if !is_at_home {
            plants.push(Plant {
                line: line.to_owned(),
                says: rule.why.to_owned(),
            });
        }
    }
    if source.is_domain() {
        plants.push(Plant {
            line: "fn planted() { crate::store::planted() }".to_owned(),
            says: "a domain is the lowest layer and may not use `store`".to_owned(),
        });
    }
    plants.extend(layer_plant(source));
    plants
}

/// A use of the top layer by a module below it.
fn layer_plant(source: &SourceFile<'_>) -> Option<Plant> {
    let (_, layers) = LAYERS
        .iter()
        .find(|(layered, _)| *layered == source.member.name)?;
    let room = source.modules.first()?;
    // A domain has a stricter rule.
    if source.is_domain() {
        return None;
    }
    let [top, lower @ ..] = *layers else {
        return None;
    };
    let is_below = lower.iter().any(|rooms| rooms.contains(&room.as_str()));
    let says = format!("`{room}` may not use `{}`", top[0]);
    is_below.then_some(Plant {
        line: format!("fn planted() {{ crate::{}::planted() }}", top[0]),
        says,
    })
}

fn findings_in(source: &SourceFile<'_>, members: &[Member]) -> Vec<Finding> {
    let mut findings = paths::check(source, members);
    findings.extend(sql::check(source));
    findings.extend(scan::foreign_files(source));
    findings.extend(layers::check(source));
    findings
}

#[test]
fn every_rule_bites_in_every_file_of_every_crate() {
    let root = repository();
    let members = manifest::members(&root).unwrap();
    let mut unreadable = Vec::new();
    let mut sources = scan::sources(&root, &members, OUTSIDE_THE_PRODUCT, &mut unreadable).unwrap();
    assert_eq!(unreadable, []);
    let mut planted_crates = std::collections::BTreeSet::new();
    for source in sources.iter_mut().filter(|source| is_product(source)) {
        planted_crates.insert(source.member.name.clone());
        let plants = plants_for(source);
        let first_line = source.text.lines().count() + 1;
        for plant in &plants {
            source.text.push_str(&plant.line);
            source.text.push('\n');
        }
        source.mentions = Mentions::read(&source.text).unwrap();
        let findings = findings_in(source, &members);
        for (line, Plant { line: text, says }) in (first_line..).zip(&plants) {
            let is_found = |finding: &Finding| finding.line == line && finding.what.contains(says);
            let file = source.path.display();
            assert!(
                findings.iter().any(is_found),
                "{file}: {text} was not found: {findings:#?}"
            );
        }
    }
    let crates: std::collections::BTreeSet<String> =
        EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        planted_crates, crates,
        "each product crate has a file that was tested"
    );
}

#[test]
fn a_circle_is_found_in_every_crate() {
    let root = repository();
    let members = manifest::members(&root).unwrap();
    let mut unreadable = Vec::new();
    let mut sources = scan::sources(&root, &members, OUTSIDE_THE_PRODUCT, &mut unreadable).unwrap();
    let plants = circles::lines_that_close_a_circle(&members, &sources);
    let layered = LAYERS.len();
    assert!(
        plants.len() >= layered,
        "{} of {layered} crates",
        plants.len()
    );
    for (file, line) in plants {
        let source = sources
            .iter_mut()
            .find(|source| source.path == file)
            .unwrap();
        let before = source.text.clone();
        source.text.push_str(&line);
        source.mentions = Mentions::read(&source.text).unwrap();
        let findings = circles::check(slice::from_ref(source.member), &sources);
        let is_found = |finding: &Finding| finding.file == file.display().to_string();
        assert!(findings.iter().any(is_found), "{}: {line}", file.display());
        let source = sources
            .iter_mut()
            .find(|source| source.path == file)
            .unwrap();
        source.mentions = Mentions::read(&before).unwrap();
        source.text = before;
    }
}

#[test]
fn every_crate_is_kept_to_its_row_of_dependencies() {
    let root = repository();
    let members = manifest::members(&root).unwrap();
    let bound = members
        .iter()
        .filter(|member| !UNBOUND.contains(&member.name.as_str()));
    for member in bound {
        let own = members.iter().filter(|other| {
            other.name != member.name && !edges::may_use(&member.name, &other.name)
        });
        let own = own.map(|other| (other.name.as_str(), Some(other.folder.as_path())));
        let reserved = RESERVED
            .iter()
            .filter(|(_, users)| !users.contains(&member.name.as_str()));
        let reserved = reserved.map(|(name, _)| (*name, None));
        for (name, path) in own.chain(reserved) {
            let dependency = json!({ "name": name, "rename": null, "kind": null, "path": path });
            let planted = Member {
                name: member.name.clone(),
                folder: member.folder.clone(),
                dependencies: vec![serde_json::from_value(dependency).unwrap()],
            };
            let findings = edges::check(&root, &[planted]).unwrap();
            assert_eq!(
                findings.len(),
                1,
                "`{}` on `{name}`: {findings:#?}",
                member.name
            );
        }
    }
}
