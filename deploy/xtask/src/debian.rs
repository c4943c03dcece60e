//! The Debian package of an edge: how it is built, and its life on a bare machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Result, apps, install, shell, workspace};

const PACKAGE: &str = "holdfast-edge";
const CARGO_DEB: &str = "3.8.0";
/// The oldest Debian on which the package works.
const RELEASE: &str = "bookworm";
/// Newer than any version of the product.
const NEWER: &str = "9999-1";

/// Builds the package and prints its path.
pub fn build() -> Result<()> {
    println!("{}", build_package()?.display());
    Ok(())
}

/// Installs, upgrades, restores and removes the package in a bare Debian root.
pub fn drill() -> Result<()> {
    install::packages(&["debootstrap", "curl", "jq"])?;
    let package = build_package()?;
    let newer = pack(&["--deb-version", NEWER])?;
    let root = workspace::target()?.join("debian/root");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    }
    let mut bootstrap = Command::new("debootstrap");
    bootstrap.args(["--variant=minbase", RELEASE]).arg(&root);
    shell::run_quietly(&mut bootstrap)?;
    let stack = workspace::program("holdfast-stack")?;
    let mut drill = Command::new("bash");
    drill.arg(workspace::root()?.join("deploy/debian/drill.sh"));
    drill.arg(&root).args([&package, &newer]);
    shell::run(drill.arg(stack.parent().unwrap_or(Path::new("."))))
}

fn build_package() -> Result<PathBuf> {
    apps::build()?;
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", PACKAGE]);
    shell::run(&mut cargo)?;
    pack(&[])
}

/// Returns the package of the built program.
fn pack(more: &[&str]) -> Result<PathBuf> {
    let folder = workspace::target()?.join("debian");
    let output = folder.join(more.last().unwrap_or(&"package"));
    let mut command = Command::new(install::cargo_tool("cargo-deb", CARGO_DEB)?);
    command.current_dir(workspace::root()?);
    command.args(["--package", PACKAGE, "--no-build"]);
    command.arg("--output").arg(&output).args(more);
    let made = shell::output(command.stdin(Stdio::null()))?;
    let path = Path::new(made.lines().last().unwrap_or_default());
    match path.is_file() {
        true => Ok(path.to_owned()),
        false => Err(format!("cargo-deb made no package: {made}")),
    }
}
