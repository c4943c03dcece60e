//! The dependencies of crates, in their manifests and in their code.

use crate::tree::{
    ENGINE, ORDER, Tree, expect_dependency_finding, expect_finding, expect_no_finding,
};

#[test]
fn a_dependency_of_any_kind_on_a_forbidden_crate_is_found() {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        expect_dependency_finding("order", "auth", section, "`order` may not depend on `auth`");
    }
    let one_platform = "target.'cfg(unix)'.dependencies";
    expect_dependency_finding(
        "order",
        "auth",
        one_platform,
        "`order` may not depend on `auth`",
    );
    expect_dependency_finding(
        "holdfast-edge",
        "platform",
        "dependencies",
        "`holdfast-edge` may not",
    );
    expect_dependency_finding(
        "engine",
        "rules",
        "dev-dependencies",
        "`engine` may not depend on `rules`",
    );
    expect_dependency_finding(
        "engine",
        "process",
        "dependencies",
        "`engine` may not depend on `process`",
    );
    expect_dependency_finding(
        "journal",
        "wire",
        "dependencies",
        "`journal` may not depend on `wire`",
    );
    expect_dependency_finding(
        "wire",
        "process",
        "dependencies",
        "`wire` may not depend on `process`",
    );
}

#[test]
fn support_is_for_the_tests_of_all_but_pure_crates() {
    expect_dependency_finding(
        "order",
        "support",
        "dependencies",
        "`order` may not depend on `support`",
    );
    expect_dependency_finding(
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
    expect_finding(
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
        expect_dependency_finding(
            "order",
            "texts-build",
            section,
            "`order` may not depend on `texts-build`",
        );
    }
    expect_finding(
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
    expect_finding(
        file,
        &manifest("dependencies"),
        6,
        "pure and may not depend on `tokio`",
    );
    expect_finding(
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
    expect_finding(
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
        expect_finding(ORDER, &format!("//! Head.\n\n{text}\n"), 3, says);
    }
    expect_finding(ORDER, "use ::{auth as friend};", 1, says);
    expect_finding(
        ORDER,
        "#[cfg(test)]\nmod tests {\n    use auth::Session;\n}\n",
        3,
        says,
    );
    expect_finding("cloud/order/tests/orders.rs", "use auth::Session;", 1, says);
    expect_finding(
        "edge-node/src/lib.rs",
        "use platform::sql;",
        1,
        "`holdfast-edge` may not use `platform`",
    );
    expect_finding(
        ENGINE,
        "use rules::decide;",
        1,
        "`engine` may not use `rules`",
    );
}

#[test]
fn a_module_named_like_a_crate_is_not_that_crate() {
    expect_no_finding(
        ORDER,
        "mod auth { pub struct Header; }\nuse auth::Header;\n",
    );
    expect_no_finding(
        ORDER,
        "fn f() { info!(auth.id = 1); }\nstruct A { auth: u8 }\n",
    );
    expect_finding(
        ORDER,
        "mod auth {}\nuse ::auth::Header;\n",
        2,
        "may not use `auth`",
    );
}

#[test]
fn nothing_is_compiled_into_a_crate_from_outside_of_it() {
    let says = "compiled in from outside the crate";
    expect_finding(
        ORDER,
        "#[path = \"../../auth/src/lib.rs\"]\nmod friend;\n",
        1,
        says,
    );
    expect_finding(
        ORDER,
        "mod m {\n    include!(\"../../auth/src/lib.rs\");\n}\n",
        2,
        says,
    );
}
