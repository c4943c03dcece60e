//! Each rule of `cargo xtask arch` finds violations: the tests break a small valid workspace in one
//! place at a time, and expect a finding at that place.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A workspace with a crate of each kind, in a folder that is removed on drop.
struct Tree(PathBuf);

const CRATES: [(&str, &str, &[&str]); 12] = [
    ("texts-build", "protocol/texts/build", &[]),
    ("wire", "protocol/wire", &[]),
    ("process", "protocol/process", &["wire"]),
    ("engine", "sync/engine", &["wire"]),
    ("journal", "sync/journal", &[]),
    ("rules", "cloud/order/rules", &["wire"]),
    (
        "platform",
        "cloud/platform",
        &["wire", "process", "journal"],
    ),
    ("auth", "cloud/auth", &["wire", "process", "platform"]),
    (
        "order",
        "cloud/order",
        &["wire", "process", "platform", "rules"],
    ),
    (
        "holdfast-edge",
        "edge-node",
        &["wire", "process", "engine", "journal"],
    ),
    ("support", "tests/support", &["wire"]),
    ("e2e", "tests/e2e", &["order", "support"]),
];

const CLIPPY: &str = "disallowed-methods = [\n    { path = \"std::time::Instant::now\" },\n]\n";

impl Tree {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "arch-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let tree = Self(fs::canonicalize(std::env::temp_dir()).unwrap().join(name));
        let members: Vec<String> = CRATES.iter().map(|(_, at, _)| format!("{at:?}")).collect();
        let members = members.join(", ");
        tree.write(
            "Cargo.toml",
            &format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        );
        tree.write("clippy.toml", CLIPPY);
        tree.write("ARCHITECTURE.md", "Starts at `cloud/order/src/lib.rs`.\n");
        for (name, at, uses) in CRATES {
            tree.write(
                &format!("{at}/Cargo.toml"),
                &tree.manifest(name, uses, "dependencies"),
            );
            tree.write(&format!("{at}/src/lib.rs"), "//! Keeps the rules.\n");
        }
        tree
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn manifest(&self, name: &str, uses: &[&str], section: &str) -> String {
        let mut text = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[{section}]\n");
        for used in uses {
            text.push_str(&format!("{used} = {{ path = {:?} }}\n", self.path_of(used)));
        }
        text
    }

    fn path_of(&self, name: &str) -> PathBuf {
        let (_, at, _) = CRATES.iter().find(|(known, _, _)| *known == name).unwrap();
        self.0.join(at)
    }

    fn findings(&self) -> Vec<String> {
        let findings = xtask::arch::check(&self.0).unwrap();
        findings.iter().map(ToString::to_string).collect()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _gone_already = fs::remove_dir_all(&self.0);
    }
}

/// With `text` in `file`, there is exactly one finding: on that line, with this message.
fn check(file: &str, text: &str, line: usize, says: &str) {
    let tree = Tree::new();
    tree.write(file, text);
    let findings = tree.findings();
    let [finding] = findings.as_slice() else {
        panic!("one finding is expected for {text:?}, not {findings:#?}")
    };
    assert!(
        finding.starts_with(&format!("{file}:{line}: ")),
        "{finding}, for {text:?}"
    );
    assert!(finding.contains(says), "{finding}, for {text:?}");
}

fn check_allowed(file: &str, text: &str) {
    let tree = Tree::new();
    tree.write(file, text);
    assert_eq!(tree.findings(), Vec::<String>::new(), "for {text:?}");
}

fn check_dependency(from: &str, to: &str, section: &str, says: &str) {
    let tree = Tree::new();
    let file = format!(
        "{}/Cargo.toml",
        tree.path_of(from).strip_prefix(&tree.0).unwrap().display()
    );
    tree.write(&file, &tree.manifest(from, &[to], section));
    let expected = format!("{file}:6: {says}");
    assert!(
        tree.findings().iter().any(|f| f.starts_with(&expected)),
        "{:#?}",
        tree.findings()
    );
}

const ORDER: &str = "cloud/order/src/lib.rs";
/// Of a crate without a table of layers.
const JOURNAL: &str = "sync/journal/src/lib.rs";
const ENGINE: &str = "sync/engine/src/lib.rs";
const RULES: &str = "cloud/order/rules/src/lib.rs";

#[test]
fn a_tree_that_keeps_the_rules_has_no_findings() {
    assert_eq!(Tree::new().findings(), Vec::<String>::new());
}

#[test]
fn a_dependency_of_any_kind_on_a_forbidden_crate_is_found() {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        check_dependency("order", "auth", section, "`order` may not depend on `auth`");
    }
    let one_platform = "target.'cfg(unix)'.dependencies";
    check_dependency(
        "order",
        "auth",
        one_platform,
        "`order` may not depend on `auth`",
    );
    check_dependency(
        "holdfast-edge",
        "platform",
        "dependencies",
        "`holdfast-edge` may not",
    );
    check_dependency(
        "engine",
        "rules",
        "dev-dependencies",
        "`engine` may not depend on `rules`",
    );
    check_dependency(
        "engine",
        "process",
        "dependencies",
        "`engine` may not depend on `process`",
    );
    check_dependency(
        "journal",
        "wire",
        "dependencies",
        "`journal` may not depend on `wire`",
    );
    check_dependency(
        "wire",
        "process",
        "dependencies",
        "`wire` may not depend on `process`",
    );
}

#[test]
fn support_is_for_the_tests_of_all_but_pure_crates() {
    check_dependency(
        "order",
        "support",
        "dependencies",
        "`order` may not depend on `support`",
    );
    check_dependency(
        "rules",
        "support",
        "dev-dependencies",
        "`rules` may not depend on `support`",
    );
    let tree = Tree::new();
    let manifest = tree.manifest("journal", &["support"], "dev-dependencies");
    tree.write("sync/journal/Cargo.toml", &manifest);
    tree.write("sync/journal/tests/log.rs", "use support::servers;\n");
    assert_eq!(tree.findings(), Vec::<String>::new());
    check(
        "sync/journal/src/lib.rs",
        "use support::servers;",
        1,
        "`journal` may not use `support`",
    );
}

#[test]
fn the_check_of_texts_is_for_builds_alone() {
    let file = "cloud/order/Cargo.toml";
    let tree = Tree::new();
    tree.write(
        file,
        &tree.manifest("order", &["texts-build"], "build-dependencies"),
    );
    tree.write(
        "cloud/order/build.rs",
        "fn main() { texts_build::generate(); }\n",
    );
    assert_eq!(tree.findings(), Vec::<String>::new());
    for section in ["dependencies", "dev-dependencies"] {
        check_dependency(
            "order",
            "texts-build",
            section,
            "`order` may not depend on `texts-build`",
        );
    }
    check(
        "cloud/order/src/lib.rs",
        "use texts_build::generate;",
        1,
        "may not use `texts-build`",
    );
}

#[test]
fn a_renamed_dependency_is_found_by_its_real_name() {
    let tree = Tree::new();
    let path = tree.path_of("auth");
    let manifest = format!(
        "[package]\nname = \"order\"\nedition = \"2024\"\n\n[dev-dependencies]\n\
         friend = {{ package = \"auth\", path = {path:?} }}\n"
    );
    tree.write("cloud/order/Cargo.toml", &manifest);
    let expected = "cloud/order/Cargo.toml:6: `order` may not depend on `auth` (dev dependency)";
    assert_eq!(tree.findings(), [expected]);
}

#[test]
fn a_pure_crate_may_not_depend_on_what_does_io() {
    let manifest = |section: &str| {
        format!("[package]\nname = \"engine\"\nedition = \"2024\"\n\n[{section}]\ntokio = \"1\"\n")
    };
    let file = "sync/engine/Cargo.toml";
    check(
        file,
        &manifest("dependencies"),
        6,
        "pure and may not depend on `tokio`",
    );
    check(
        file,
        &manifest("dev-dependencies"),
        6,
        "pure and may not depend on `tokio`",
    );
}

#[test]
fn a_reserved_crate_is_kept_to_its_users() {
    let manifest =
        "[package]\nname = \"process\"\nedition = \"2024\"\n\n[dependencies]\nsqlx = \"0\"\n";
    check(
        "protocol/process/Cargo.toml",
        manifest,
        6,
        "may depend on `sqlx`",
    );
}

#[test]
fn a_crate_without_a_row_in_the_table_is_found() {
    let tree = Tree::new();
    tree.write(
        "tests/e2e/Cargo.toml",
        &tree.manifest("stranger", &[], "dependencies"),
    );
    assert_eq!(
        tree.findings(),
        ["tests/e2e/Cargo.toml:2: `stranger` is missing from the table of allowed edges"]
    );
}

#[test]
fn a_forbidden_crate_is_found_however_it_is_named() {
    let says = "`order` may not use `auth`";
    for text in [
        "use auth as friend;",
        "use auth::{Session as S, *};",
        "pub(crate) use ::auth::Session;",
        "extern crate auth as friend;",
        "fn f() -> auth::Session { todo() }",
        "fn f() { let s: ::auth::Session; }",
        "fn f() { <auth::Session>::new(); }",
        "fn f() { info!(\"{}\", auth::NAME); }",
        "macro_rules! m { () => { auth::NAME } }",
        "#[auth::handler] fn f() {}",
        "type Friend = auth::Session;",
    ] {
        check(ORDER, &format!("//! Head.\n\n{text}\n"), 3, says);
    }
    check(ORDER, "use ::{auth as friend};", 1, says);
    check(
        ORDER,
        "#[cfg(test)]\nmod tests {\n    use auth::Session;\n}\n",
        3,
        says,
    );
    check("cloud/order/tests/orders.rs", "use auth::Session;", 1, says);
    check(
        "edge-node/src/lib.rs",
        "use platform::sql;",
        1,
        "`holdfast-edge` may not use `platform`",
    );
    check(
        ENGINE,
        "use rules::decide;",
        1,
        "`engine` may not use `rules`",
    );
}

#[test]
fn a_module_named_like_a_crate_is_not_that_crate() {
    check_allowed(
        ORDER,
        "mod auth { pub struct Header; }\nuse auth::Header;\n",
    );
    check_allowed(
        ORDER,
        "fn f() { info!(auth.id = 1); }\nstruct A { auth: u8 }\n",
    );
    check(
        ORDER,
        "mod auth {}\nuse ::auth::Header;\n",
        2,
        "may not use `auth`",
    );
}

#[test]
fn sql_outside_a_store_is_found_also_in_macros() {
    let says = "SQL belongs in a module named `store`";
    for text in [
        "const ALL: &str = \"SELECT id FROM orders\";",
        "fn f() { query!(\"update orders set status = ?\"); }",
        "fn f() { log(concat!(\"id FROM orders\", \" WHERE id = ?\")); }",
        "macro_rules! m { () => { \"INSERT INTO orders VALUES (?)\" } }",
        "fn f() { run(r#\"PRAGMA synchronous = OFF\"#); }",
        "const ALL: &str = include_str!(\"orders.sql\");",
        "mod stores { const ALL: &str = \"DELETE FROM orders\"; }",
    ] {
        check(ORDER, &format!("//! Head.\n{text}\n"), 2, says);
    }
    check(
        "sync/journal/src/http.rs",
        "const A: &str = \"SELECT 1\";",
        1,
        says,
    );
    check(
        "sync/journal/src/sql.rs",
        "const A: &str = \"SELECT 1\";",
        1,
        says,
    );
}

/// A crate's `tests::http` does not make its `http` a test module, wherever the tests declare it.
#[test]
fn a_file_whose_name_a_test_module_shares_is_looked_at() {
    let sql = "const A: &str = \"SELECT 1\";\n";
    let declared = [
        (
            JOURNAL,
            "mod http;\n#[cfg(test)]\nmod tests;\n",
            "sync/journal/src/tests.rs",
            "mod http;\n",
        ),
        (
            JOURNAL,
            "mod http;\n#[cfg(test)]\nmod tests { mod http; }\n",
            ENGINE,
            "",
        ),
        (
            JOURNAL,
            "mod http;\n",
            "cloud/launcher/tests/service/main.rs",
            "mod http;\n",
        ),
        (
            JOURNAL,
            "mod http;\n",
            "sync/journal/src/store.rs",
            "#[cfg(test)]\nmod http;\n",
        ),
    ];
    for (root, root_text, tests, tests_text) in declared {
        let tree = Tree::new();
        tree.write(root, root_text);
        if !tests_text.is_empty() {
            tree.write(tests, tests_text);
        }
        tree.write(
            "sync/journal/src/tests/http.rs",
            if tests_text.is_empty() { sql } else { "" },
        );
        tree.write("sync/journal/src/http.rs", sql);
        let findings = tree.findings();
        let [finding] = findings.as_slice() else {
            panic!("{root_text:?}: {findings:#?}")
        };
        assert!(
            finding.starts_with("sync/journal/src/http.rs:1"),
            "{finding}"
        );
    }
    let tree = Tree::new();
    tree.write(JOURNAL, "#[cfg(test)]\nmod probe;\n");
    tree.write("sync/journal/src/probe/deep.rs", sql);
    tree.write("sync/journal/src/probe.rs", &format!("mod deep;\n{sql}"));
    assert_eq!(
        tree.findings(),
        Vec::<String>::new(),
        "what lies below a test module is a test"
    );
}

#[test]
fn sql_in_a_store_and_in_tests_is_where_it_belongs() {
    let sql = "const A: &str = \"SELECT 1\";\n";
    check_allowed("cloud/order/src/store.rs", sql);
    check_allowed("cloud/order/src/store/ops.rs", sql);
    check_allowed("cloud/platform/src/ledger/store/outbox.rs", sql);
    check_allowed("cloud/platform/src/sql/pool.rs", sql);
    check_allowed(ORDER, "mod store {\n    const A: &str = \"SELECT 1\";\n}\n");
    check_allowed(
        ORDER,
        "#[cfg(test)]\nmod tests {\n    const A: &str = \"SELECT 1\";\n}\n",
    );
    check_allowed("tests/e2e/src/lib.rs", sql);
    check_allowed(
        ORDER,
        "/// SELECT what you like FROM the docs WHERE you are.\nfn f() {}\n",
    );
    check(
        ORDER,
        &format!("#[cfg(test)]\nmod tests {{}}\n{sql}"),
        3,
        "SQL belongs",
    );
}

#[test]
fn pure_crates_know_no_runtime_clock_or_randomness() {
    for (text, says) in [
        ("use tokio as t;", "may not use `tokio`"),
        (
            "async fn f() { tokio::time::sleep(d).await }",
            "may not use `tokio`",
        ),
        ("#[tokio::test] async fn f() {}", "may not use `tokio`"),
        (
            "fn f() { let t = std::time::Instant::now(); }",
            "may not use `std::time::Instant`",
        ),
        (
            "use std::time::{Duration, SystemTime as Wall};",
            "may not use `std::time::SystemTime`",
        ),
        (
            "use core::time as t; fn f(at: t::Instant) {}",
            "may not use `std::time::Instant`",
        ),
        (
            "use std as s; fn f(at: s::time::Instant) {}",
            "may not use `std::time::Instant`",
        ),
        (
            "use std::time::*; fn f(at: Instant) {}",
            "may not use `std::time::Instant`",
        ),
        ("fn f() { rand::random::<u8>(); }", "may not use `rand`"),
        (
            "fn f() { debug!(\"{:?}\", std::env::var(\"X\")); }",
            "may not use `std::env`",
        ),
        (
            "use std::collections::HashMap;",
            "may not use `std::collections::HashMap`",
        ),
        (
            "use uuid::Uuid as U; fn f() { U::now_v7(); }",
            "may not use `uuid::Uuid::now_v7`",
        ),
        (
            "fn f() { <uuid::Uuid>::new_v4(); }",
            "may not use `uuid::Uuid::new_v4`",
        ),
    ] {
        for file in [ENGINE, RULES] {
            check(file, &format!("//! Head.\n\n{text}\n"), 3, says);
        }
    }
    check_allowed(
        ENGINE,
        "use std::time::Duration;\nmod time {}\nuse time::Late;\n",
    );
}

#[test]
fn a_domain_knows_no_store_protocol_runtime_or_clock() {
    let pure = |path: &str| format!("a domain is pure and may not use `{path}`");
    for (text, path) in [
        ("use sqlx::FromRow;", "sqlx"),
        ("#[derive(sqlx::FromRow)] struct Row;", "sqlx"),
        ("use mongodb as m;", "mongodb"),
        ("use axum::Json;", "axum"),
        ("async fn f() { tokio::time::sleep(d).await }", "tokio"),
        ("fn f() { std::fs::read(\"x\"); }", "std::fs"),
        ("fn f() { std::env::var(\"X\"); }", "std::env"),
        ("fn f(at: std::time::Instant) {}", "std::time::Instant"),
        ("use chrono as c; fn f() { c::Utc::now(); }", "chrono::Utc"),
        ("fn f() { ring::rand::SystemRandom::new(); }", "ring"),
        ("use platform::documents::Documents;", "platform"),
        ("use platform::{documents as d, sql::Sql};", "platform"),
        ("use platform::bus::Bus;", "platform"),
        ("use platform::cache::Cache;", "platform"),
        ("use process::clock::Clock;", "process"),
        ("use process::problem::{Problem, TimeCursor};", "process"),
    ] {
        for file in ["cloud/auth/src/domain.rs", "cloud/auth/src/domain/role.rs"] {
            check(file, &format!("//! Head.\n\n{text}\n"), 3, &pure(path));
        }
        check_allowed(
            "cloud/auth/src/domain.rs",
            &format!("#[cfg(test)]\nmod tests {{ {text} }}"),
        );
    }
    let values =
        "use platform::documents::{GroupTotals, millis};\nuse process::problem::TimeCursor;\n";
    check_allowed("cloud/auth/src/domain.rs", values);
    check_allowed(
        "cloud/auth/src/domain.rs",
        "use std::collections::HashMap;\nuse jiff::civil::Date;",
    );
    check_allowed(
        "cloud/auth/src/sign_in.rs",
        "use platform::cache::Cache;\nuse axum::Json;\n",
    );
}

#[test]
fn a_domain_uses_no_room_above_it() {
    let says = |room: &str| format!("a domain is the lowest layer and may not use `{room}`");
    check(
        "cloud/auth/src/domain.rs",
        "use crate::store::Store;",
        1,
        &says("store"),
    );
    check(
        "cloud/auth/src/domain.rs",
        "use super::http;",
        1,
        &says("http"),
    );
    check(
        "cloud/auth/src/domain/role.rs",
        "use super::super::events::*;",
        1,
        &says("events"),
    );
    check(
        "cloud/auth/src/domain/role.rs",
        "fn f() { crate::jobs::all() }",
        1,
        &says("jobs"),
    );
    let free = "use crate::{NAME, domain::Role, say};\nuse super::Lockout;\n";
    check_allowed("cloud/auth/src/domain/role.rs", free);
    check_allowed(
        "cloud/auth/src/domain.rs",
        "#[cfg(test)]\nmod tests { use crate::store::Store; }",
    );
}

#[test]
fn clocks_tasks_and_randomness_have_one_home_each() {
    for (text, says) in [
        ("fn f() { std::time::SystemTime::now(); }", "process::clock"),
        (
            "use std::time::Instant as I; fn f() { I::now(); }",
            "process::clock",
        ),
        (
            "use uuid::Uuid; fn f() { Uuid::now_v7(); }",
            "process::clock",
        ),
        (
            "type Watch = std::time::Instant; fn f() { Watch::now(); }",
            "process::clock",
        ),
        ("fn f() { tokio::spawn(async {}); }", "process::tasks"),
        (
            "use tokio::task; fn f() { task::spawn(async {}); }",
            "process::tasks",
        ),
        (
            "fn f() { select! { _ = tokio::spawn(g()) => {} } }",
            "process::tasks",
        ),
        ("fn f() { rand::random::<u64>(); }", "process::random"),
    ] {
        check(ORDER, &format!("//! Head.\n\n{text}\n"), 3, says);
        check_allowed(
            ORDER,
            &format!("#[cfg(test)]\nmod tests {{\n    {text}\n}}\n"),
        );
        check_allowed("tests/e2e/src/lib.rs", text);
    }
    check_allowed(
        "protocol/process/src/clock.rs",
        "fn f() { std::time::SystemTime::now(); }",
    );
    check_allowed(
        "protocol/process/src/tasks.rs",
        "fn f() { tokio::spawn(async {}); }",
    );
    check(
        ORDER,
        "mod tests;\nfn f() { tokio::spawn(async {}); }",
        2,
        "process::tasks",
    );
}

#[test]
fn nothing_is_compiled_into_a_crate_from_outside_of_it() {
    let says = "compiled in from outside the crate";
    check(
        ORDER,
        "#[path = \"../../auth/src/lib.rs\"]\nmod friend;\n",
        1,
        says,
    );
    check(
        ORDER,
        "mod m {\n    include!(\"../../auth/src/lib.rs\");\n}\n",
        2,
        says,
    );
}

#[test]
fn a_file_that_a_document_names_must_exist() {
    let says = "does not exist";
    check(
        "ARCHITECTURE.md",
        "It begins.\nSee `cloud/order/src/gone.rs`.\n",
        2,
        says,
    );
    check(
        "ARCHITECTURE.md",
        "See [the rules](cloud/order/rules/gone.md).\n",
        1,
        says,
    );
    for document in ["README.md", "docs/adding.md", "sync/engine/PROTOCOL.md"] {
        check(
            document,
            "It begins.\nSee `cloud/order/src/gone.rs`.\n",
            2,
            says,
        );
        check(document, "See `cloud/gone`.\n", 1, says);
        check(document, "See [the engine](gone.md).\n", 1, says);
        check_allowed(
            document,
            "```sh\nls `cloud/gone`\n```\nSee `cloud/order`.\n",
        );
    }
    check_allowed(
        "sync/engine/PROTOCOL.md",
        "See [the map](../../ARCHITECTURE.md).\n",
    );
}

#[test]
fn a_heading_that_a_document_links_must_exist() {
    let link = |to: &str| format!("# The map\n\n## 2. Who wins\n\nSee [it](#{to}).\n");
    check(
        "README.md",
        &link("3-who-wins"),
        5,
        "does not match a heading",
    );
    check_allowed("README.md", &link("2-who-wins"));
    check(
        "docs/adding.md",
        "See [it](../ARCHITECTURE.md#gone).\n",
        1,
        "does not match a heading",
    );
}

#[test]
fn what_everybody_reads_stays_short() {
    for (document, max) in [("README.md", 1_100), ("ARCHITECTURE.md", 2_000)] {
        let words = "word ".repeat(max - 2);
        check_allowed(document, &format!("It begins.\n{words}\n"));
        let says = format!("more than {max} words");
        check(
            document,
            &format!("It begins.\n{words}\nThe end.\n"),
            3,
            &says,
        );
    }
    check_allowed("docs/adding.md", &"word ".repeat(3_000));
}

#[test]
fn every_page_of_decisions_is_in_the_index() {
    let tree = Tree::new();
    tree.write("docs/decisions/the-feed.md", "# The feed\n");
    tree.write("docs/decisions/the-link.md", "# The link\n");
    tree.write("docs/decisions/README.md", "[The feed](the-feed.md)\n");
    let lost = "docs/decisions/the-link.md:1: is not in docs/decisions/README.md";
    assert_eq!(tree.findings(), [lost]);
    tree.write(
        "docs/decisions/README.md",
        "[The feed](the-feed.md) [The link](the-link.md)\n",
    );
    assert_eq!(tree.findings(), Vec::<String>::new());
}

#[test]
fn a_page_of_decisions_with_a_number_is_found() {
    let says = "1: has a number: name the page by its subject";
    for (name, title) in [
        ("0141-the-feed.md", "The feed"),
        ("the-feed.md", "0141. The feed"),
    ] {
        let tree = Tree::new();
        tree.write(&format!("docs/decisions/{name}"), &format!("# {title}\n"));
        tree.write("docs/decisions/README.md", &format!("[The feed]({name})\n"));
        assert_eq!(tree.findings(), [format!("docs/decisions/{name}:{says}")]);
    }
}

#[test]
fn decisions_are_at_most_thirty_pages() {
    let tree = Tree::new();
    let mut index = String::from("# Decisions\n");
    for number in 1..=30 {
        tree.write(&format!("docs/decisions/page-{number}.md"), "# A subject\n");
        index += &format!("[A subject](page-{number}.md)\n");
    }
    tree.write("docs/decisions/README.md", &index);
    assert_eq!(tree.findings(), Vec::<String>::new());
    tree.write("docs/decisions/one-more.md", "# One more\n");
    tree.write(
        "docs/decisions/README.md",
        &format!("{index}[One more](one-more.md)\n"),
    );
    assert_eq!(
        tree.findings(),
        ["docs/decisions/README.md:1: 31 pages, more than 30: merge some"]
    );
}

#[test]
fn a_clippy_file_that_does_not_repeat_the_roots_is_found() {
    let says = "does not repeat the root's rule `{ path = \"std::time::Instant::now\" }`";
    check(
        "sync/engine/clippy.toml",
        "disallowed-methods = [\n]\n",
        1,
        says,
    );
    let more = CLIPPY.replace("]\n", "    { path = \"std::env::var\" },\n]\n");
    check_allowed("sync/engine/clippy.toml", &more);
}

#[test]
fn this_repository_has_a_row_for_each_of_its_crates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let findings = xtask::arch::check(&root).unwrap();
    let rows: Vec<_> = findings
        .iter()
        .filter(|f| f.what.contains("no row"))
        .collect();
    assert!(rows.is_empty(), "{rows:#?}");
}

#[test]
fn whatever_others_publish_is_pinned_by_its_digest() {
    let commit = "a1".repeat(20);
    let digest = "b2".repeat(32);
    let workflow = ".github/workflows/ci.yml";
    check(
        workflow,
        "steps:\n  - uses: actions/checkout@v4\n",
        2,
        "`actions/checkout@v4` is not pinned",
    );
    check(workflow, "container: rust:1\n", 1, "`rust:1` is not pinned");
    check_allowed(
        workflow,
        &format!("steps:\n  - uses: a/b@{commit} # v4.4.0\n  - uses: ./own\n"),
    );
    let compose = "docker-compose.yml";
    check(
        compose,
        "a:\n  image: redis:7@sha256:b2\n",
        2,
        "`redis:7@sha256:b2` is not pinned",
    );
    check_allowed(
        compose,
        &format!("a:\n  image: redis:7@sha256:{digest}\nb:\n  image: holdfast\n"),
    );
    let recipe = "deploy/docker/Dockerfile";
    check(
        recipe,
        "FROM --platform=x debian:12 AS a\n",
        1,
        "`debian:12` is not pinned",
    );
    check_allowed(
        recipe,
        &format!("FROM debian:12@sha256:{digest} AS a\nFROM a\nFROM scratch\n"),
    );
}
