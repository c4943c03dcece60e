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
const ARM64: &str = "aarch64-unknown-linux-gnu";
const ARM64_LINKER: (&str, &str) = (
    "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
    "aarch64-linux-gnu-gcc",
);

/// Builds the package for this machine's processor, or for arm64, and prints its path.
pub fn build(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let package = match arguments[..] {
        [] => build_package()?,
        ["arm64"] => build_arm64_package()?,
        _ => return Err("`deb` builds for this machine, `deb arm64` for that processor".into()),
    };
    println!("{}", package.display());
    Ok(())
}

/// Installs, upgrades, restores, moves, replaces and removes the package in bare Debian roots with
/// their own systemd, runs its edge from the container image, and that of the arm64 package in an
/// emulator.
pub fn drill() -> Result<()> {
    install::packages(&[
        "debootstrap",
        "systemd-container",
        "qemu-user-static",
        "curl",
        "jq",
        "sqlite3",
        "podman",
        "runc",
    ])?;
    let compose = install::podman_compose()?;
    let package = build_package()?;
    let newer = pack(&["--deb-version", NEWER])?;
    let arm64 = build_arm64_package()?;
    let root = workspace::target()?.join("debian/root");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    }
    let mut bootstrap = Command::new("debootstrap");
    bootstrap.args(["--variant=minbase", "--include=systemd-sysv,dbus"]);
    bootstrap.arg(RELEASE).arg(&root);
    shell::run_quietly(&mut bootstrap)?;
    let stack = workspace::program("holdfast-stack")?;
    let mut drill = Command::new("bash");
    drill.arg(workspace::root()?.join("deploy/debian/drill.sh"));
    drill.arg(&root).args([&package, &newer, &arm64]);
    drill.env("PYTHONPATH", compose);
    shell::run(drill.arg(stack.parent().unwrap_or(Path::new("."))))
}

fn build_package() -> Result<PathBuf> {
    apps::build()?;
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", PACKAGE]);
    shell::run(&mut cargo)?;
    pack(&[])
}

fn build_arm64_package() -> Result<PathBuf> {
    install::packages(&["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"])?;
    install::rust_target(ARM64)?;
    apps::build()?;
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", PACKAGE]);
    cargo.args(["--target", ARM64]);
    shell::run(cargo.env(ARM64_LINKER.0, ARM64_LINKER.1))?;
    pack(&["--target", ARM64])
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
