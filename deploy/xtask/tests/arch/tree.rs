//! A small valid workspace that the tests break in one place at a time.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// A workspace with a crate of each kind, in a folder that is removed on drop.
pub struct Tree(PathBuf);

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

pub const CLIPPY: &str = "disallowed-methods = [\n    { path = \"std::time::Instant::now\" },\n]\n";

impl Tree {
    pub fn new() -> Self {
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

    pub fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn manifest(&self, name: &str, uses: &[&str], section: &str) -> String {
        let mut text = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[{section}]\n");
        for used in uses {
            text.push_str(&format!("{used} = {{ path = {:?} }}\n", self.path_of(used)));
        }
        text
    }

    pub fn path_of(&self, name: &str) -> PathBuf {
        let (_, at, _) = CRATES.iter().find(|(known, _, _)| *known == name).unwrap();
        self.0.join(at)
    }

    pub fn findings(&self) -> Vec<String> {
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
pub fn expect_finding(file: &str, text: &str, line: usize, says: &str) {
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

pub fn expect_no_finding(file: &str, text: &str) {
    let tree = Tree::new();
    tree.write(file, text);
    assert_eq!(tree.findings(), Vec::<String>::new(), "for {text:?}");
}

pub fn expect_dependency_finding(from: &str, to: &str, section: &str, says: &str) {
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

pub const ORDER: &str = "cloud/order/src/lib.rs";

/// Of a crate without a table of layers.
pub const JOURNAL: &str = "sync/journal/src/lib.rs";

pub const ENGINE: &str = "sync/engine/src/lib.rs";
pub const RULES: &str = "cloud/order/rules/src/lib.rs";
