//! Each rule of `cargo xtask arch` finds violations: the tests break a small valid workspace in one
//! place at a time, and expect a finding at that place.

#![allow(clippy::unwrap_used)]

mod crates;
mod documents;
mod modules;
mod tree;

use tree::{CLIPPY, Tree, expect_finding, expect_no_finding};

#[test]
fn a_tree_that_keeps_the_rules_has_no_findings() {
    assert_eq!(Tree::new().findings(), Vec::<String>::new());
}

#[test]
fn a_migration_that_its_crate_does_not_name_is_found() {
    let tree = Tree::new();
    let new = "cloud/order/migrations/mysql/0002_new.sql";
    tree.write(new, "SELECT 1;");
    let expected = "cloud/order/migrations/mysql/0002_new.sql:1: no source of its crate names the \
                    migration `0002_new`";
    assert_eq!(tree.findings(), [expected]);
    let store = "//! Keeps the rules.\nconst MIGRATIONS: &str = \"0002_new\";\n";
    tree.write("cloud/order/src/lib.rs", store);
    assert_eq!(tree.findings(), Vec::<String>::new());
}

#[test]
fn a_clippy_file_that_does_not_repeat_the_roots_is_found() {
    let says = "does not repeat the root's rule `{ path = \"std::time::Instant::now\" }`";
    expect_finding(
        "sync/engine/clippy.toml",
        "disallowed-methods = [\n]\n",
        1,
        says,
    );
    let more = CLIPPY.replace("]\n", "    { path = \"std::env::var\" },\n]\n");
    expect_no_finding("sync/engine/clippy.toml", &more);
}

#[test]
fn whatever_others_publish_is_pinned_by_its_digest() {
    let commit = "a1".repeat(20);
    let digest = "b2".repeat(32);
    let workflow = ".github/workflows/ci.yml";
    expect_finding(
        workflow,
        "steps:\n  - uses: actions/checkout@v4\n",
        2,
        "`actions/checkout@v4` is not pinned",
    );
    expect_finding(workflow, "container: rust:1\n", 1, "`rust:1` is not pinned");
    expect_no_finding(
        workflow,
        &format!("steps:\n  - uses: a/b@{commit} # v4.4.0\n  - uses: ./own\n"),
    );
    let compose = "docker-compose.yml";
    expect_finding(
        compose,
        "a:\n  image: redis:7@sha256:b2\n",
        2,
        "`redis:7@sha256:b2` is not pinned",
    );
    expect_no_finding(
        compose,
        &format!("a:\n  image: redis:7@sha256:{digest}\nb:\n  image: holdfast\n"),
    );
    let recipe = "deploy/docker/Dockerfile";
    expect_finding(
        recipe,
        "FROM --platform=x debian:12 AS a\n",
        1,
        "`debian:12` is not pinned",
    );
    expect_no_finding(
        recipe,
        &format!("FROM debian:12@sha256:{digest} AS a\nFROM a\nFROM scratch\n"),
    );
}
