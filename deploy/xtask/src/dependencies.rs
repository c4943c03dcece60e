//! cargo-deny's check of the dependencies: bans, licences and sources.
//!
//! Building cargo-deny takes a minute of each landing, so a landing checks only dependencies that
//! have not passed before. The digest of those that have passed is committed beside their rules.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::Command,
};

use crate::{Result, install, shell, workspace};

const CARGO_DENY: &str = "0.20.2";
/// Everything that the check depends on.
const CHECKED: [&str; 2] = ["Cargo.lock", "deny.toml"];
const PASSED: &str = "deploy/dependencies.passed";

/// Checks all dependencies, and records that they have passed.
pub fn check() -> Result<()> {
    let root = workspace::root()?;
    let arguments = [
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ];
    let mut cargo_deny = Command::new(install::cargo_tool("cargo-deny", CARGO_DENY)?);
    shell::run(cargo_deny.current_dir(&root).args(arguments))?;
    if has_passed(&root)? {
        return Ok(());
    }
    let passed = root.join(PASSED);
    fs::write(&passed, format!("{}\n", digest(&root)?))
        .map_err(|error| format!("could not write {}: {error}", passed.display()))
}

/// Checks dependencies that have not passed before.
pub fn check_changed() -> Result<()> {
    if has_passed(&workspace::root()?)? {
        return Ok(());
    }
    check()
}

fn has_passed(root: &Path) -> Result<bool> {
    let digest = digest(root)?;
    Ok(fs::read_to_string(root.join(PASSED)).is_ok_and(|passed| passed.trim() == digest))
}

fn digest(root: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    CARGO_DENY.hash(&mut hasher);
    for file in CHECKED {
        fs::read(root.join(file))
            .map_err(|error| format!("could not read {file}: {error}"))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_have_passed_until_the_lockfile_or_a_rule_changes() {
        let root = std::env::temp_dir().join(format!("xtask-passed-{}", std::process::id()));
        fs::create_dir_all(root.join("deploy")).unwrap();
        for file in CHECKED {
            fs::write(root.join(file), "one").unwrap();
        }
        assert_eq!(has_passed(&root), Ok(false));
        fs::write(root.join(PASSED), digest(&root).unwrap()).unwrap();
        assert_eq!(has_passed(&root), Ok(true));
        for file in CHECKED {
            fs::write(root.join(file), "two").unwrap();
            assert_eq!(has_passed(&root), Ok(false), "{file}");
            fs::write(root.join(file), "one").unwrap();
        }
        assert_eq!(has_passed(&root), Ok(true));
        fs::remove_dir_all(&root).unwrap();
    }
}
