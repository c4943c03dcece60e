//! cargo-deny's check of the dependencies: bans, licences and sources.
//!
//! Building cargo-deny takes a minute of each landing, so a landing checks only dependencies that
//! have not passed before. The digest of those that passed last is committed.

use std::{
    fs,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, apps, install, shell, workspace};

const CARGO_DENY: &str = "0.20.2";
const PASSED: &str = "deploy/dependencies.passed";

/// Checks all dependencies.
pub fn check() -> Result<()> {
    let arguments = [
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ];
    let mut cargo_deny = Command::new(install::cargo_tool("cargo-deny", CARGO_DENY)?);
    shell::run(cargo_deny.current_dir(workspace::root()?).args(arguments))
}

/// Checks all dependencies, and records that they have passed.
pub fn check_and_record() -> Result<()> {
    let root = workspace::root()?;
    let checked = digest(&list_checked_files(&root)?)?;
    check()?;
    fs::write(root.join(PASSED), format!("{checked}\n"))
        .map_err(|error| format!("could not write {PASSED}: {error}"))
}

/// Checks the dependencies unless they are those that have passed.
pub fn check_unless_passed() -> Result<()> {
    let root = workspace::root()?;
    let checked = digest(&list_checked_files(&root)?)?;
    if has_passed(&root.join(PASSED), &checked) {
        return Ok(());
    }
    check()
}

fn has_passed(passed: &Path, digest: &str) -> bool {
    fs::read_to_string(passed).is_ok_and(|passed| passed.trim() == digest)
}

/// Everything that the check depends on: the rules, the lockfile, and the manifests, which have
/// licences and version requirements too.
fn list_checked_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut manifests: Vec<PathBuf> = workspace::metadata(root)?
        .packages
        .into_iter()
        .map(|package| package.manifest_path)
        .collect();
    manifests.sort();
    let own = ["deny.toml", "Cargo.lock", "Cargo.toml"].map(|file| root.join(file));
    Ok(own.into_iter().chain(manifests).collect())
}

fn digest(files: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(CARGO_DENY.as_bytes());
    for file in files {
        apps::hash(file, &mut hasher)
            .map_err(|error| format!("could not read {}: {error}", file.display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_have_passed_until_one_of_the_checked_files_changes() {
        let folder = std::env::temp_dir().join(format!("xtask-passed-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = ["Cargo.lock", "Cargo.toml"].map(|file| folder.join(file));
        for file in &files {
            fs::write(file, "one").unwrap();
        }
        let passed = folder.join("passed");
        let is_known = || has_passed(&passed, &digest(&files).unwrap());
        assert!(!is_known());
        fs::write(&passed, digest(&files).unwrap()).unwrap();
        assert!(is_known());
        for file in &files {
            fs::write(file, "two").unwrap();
            assert!(!is_known(), "{}", file.display());
            fs::write(file, "one").unwrap();
        }
        assert!(is_known());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_manifest_is_checked() {
        let root = workspace::root().unwrap();
        let files = list_checked_files(&root).unwrap();
        assert!(files.contains(&root.join("edge-node/Cargo.toml")));
    }
}
