//! What a module may use: SQL, a clock, randomness, tasks, and the layers above it.

use crate::tree::{ENGINE, JOURNAL, ORDER, RULES, Tree, expect_finding, expect_no_finding};

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
        expect_finding(ORDER, &format!("//! Head.\n{text}\n"), 2, says);
    }
    expect_finding(
        "sync/journal/src/http.rs",
        "const A: &str = \"SELECT 1\";",
        1,
        says,
    );
    expect_finding(
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
    expect_no_finding("cloud/order/src/store.rs", sql);
    expect_no_finding("cloud/order/src/store/ops.rs", sql);
    expect_no_finding("cloud/platform/src/ledger/store/outbox.rs", sql);
    expect_no_finding("cloud/platform/src/sql/pool.rs", sql);
    expect_no_finding(ORDER, "mod store {\n    const A: &str = \"SELECT 1\";\n}\n");
    expect_no_finding(
        ORDER,
        "#[cfg(test)]\nmod tests {\n    const A: &str = \"SELECT 1\";\n}\n",
    );
    expect_no_finding("tests/e2e/src/lib.rs", sql);
    expect_no_finding(
        ORDER,
        "/// SELECT what you like FROM the docs WHERE you are.\nfn f() {}\n",
    );
    expect_finding(
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
            expect_finding(file, &format!("//! Head.\n\n{text}\n"), 3, says);
        }
    }
    expect_no_finding(
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
            expect_finding(file, &format!("//! Head.\n\n{text}\n"), 3, &pure(path));
        }
        expect_no_finding(
            "cloud/auth/src/domain.rs",
            &format!("#[cfg(test)]\nmod tests {{ {text} }}"),
        );
    }
    let values =
        "use platform::documents::{GroupTotals, millis};\nuse process::problem::TimeCursor;\n";
    expect_no_finding("cloud/auth/src/domain.rs", values);
    expect_no_finding(
        "cloud/auth/src/domain.rs",
        "use std::collections::HashMap;\nuse jiff::civil::Date;",
    );
    expect_no_finding(
        "cloud/auth/src/sign_in.rs",
        "use platform::cache::Cache;\nuse axum::Json;\n",
    );
}

#[test]
fn a_domain_uses_no_room_above_it() {
    let says = |room: &str| format!("a domain is the lowest layer and may not use `{room}`");
    expect_finding(
        "cloud/auth/src/domain.rs",
        "use crate::store::Store;",
        1,
        &says("store"),
    );
    expect_finding(
        "cloud/auth/src/domain.rs",
        "use super::http;",
        1,
        &says("http"),
    );
    expect_finding(
        "cloud/auth/src/domain/role.rs",
        "use super::super::events::*;",
        1,
        &says("events"),
    );
    expect_finding(
        "cloud/auth/src/domain/role.rs",
        "fn f() { crate::jobs::all() }",
        1,
        &says("jobs"),
    );
    let free = "use crate::{NAME, domain::Role, say};\nuse super::Lockout;\n";
    expect_no_finding("cloud/auth/src/domain/role.rs", free);
    expect_no_finding(
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
        expect_finding(ORDER, &format!("//! Head.\n\n{text}\n"), 3, says);
        expect_no_finding(
            ORDER,
            &format!("#[cfg(test)]\nmod tests {{\n    {text}\n}}\n"),
        );
        expect_no_finding("tests/e2e/src/lib.rs", text);
    }
    expect_no_finding(
        "protocol/process/src/clock.rs",
        "fn f() { std::time::SystemTime::now(); }",
    );
    expect_no_finding(
        "protocol/process/src/tasks.rs",
        "fn f() { tokio::spawn(async {}); }",
    );
    expect_finding(
        ORDER,
        "mod tests;\nfn f() { tokio::spawn(async {}); }",
        2,
        "process::tasks",
    );
}
