//! Finds the programs of a platform. The error for a missing one explains how to get it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, bail};

/// Debian's folders for programs that are not on every PATH.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/lib/rabbitmq/bin"];
/// The mongod of the pinned Python wheel, relative to pip's target folder.
const MONGOD_IN_WHEEL: &str = "fiftyone/db/bin/mongod";

/// One of the product's programs: from the folder in `HOLDFAST_BIN_DIR`, or built next to the
/// running program.
pub fn own(name: &str) -> Result<PathBuf> {
    match std::env::var_os("HOLDFAST_BIN_DIR") {
        Some(folder) => built(&PathBuf::from(folder).join(name)),
        None => built(&folder()?.join(name)),
    }
}

/// Our supervisor, always from this build: its protocol is private to us.
pub fn supervisor() -> Result<PathBuf> {
    built(&folder()?.join("holdfast-stack"))
}

fn built(program: &Path) -> Result<PathBuf> {
    if program.is_file() {
        return Ok(program.to_owned());
    }
    bail!(
        "{} is missing: run `cargo build --workspace`",
        program.display()
    )
}

pub fn debian(program: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| missing(program, package))
}

/// The script on PATH is a wrapper that changes the user and uses the system's state folder.
pub fn rabbitmq() -> Result<PathBuf> {
    let script = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    if script.is_file() {
        return Ok(script.to_owned());
    }
    Err(missing(&script.display().to_string(), "rabbitmq-server"))
}

fn missing(program: &str, package: &str) -> Error {
    anyhow!(
        "`{program}` is missing: install Debian's package `{package}` (apt-get install {package})"
    )
}

/// The mongod of `HOLDFAST_MONGOD`, of the pinned wheel, or on PATH, in that order.
pub fn mongod() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HOLDFAST_MONGOD") {
        return Ok(named.into());
    }
    let target = folder()?.parent().map(Path::to_owned).unwrap_or_default();
    let from_wheel = target.join("mongod").join(MONGOD_IN_WHEEL);
    if from_wheel.is_file() {
        return Ok(from_wheel);
    }
    debian("mongod", "-").map_err(|_| {
        anyhow!(
            "`mongod` is missing: install the wheel pinned in deploy/mongod-requirements.txt with \
             `python3 -m pip install --no-deps --require-hashes --only-binary :all: --target {} \
             -r deploy/mongod-requirements.txt`, or name a mongod in HOLDFAST_MONGOD",
            target.join("mongod").display()
        )
    })
}

/// The folder of the libraries that emulate S3.
pub fn moto() -> Result<PathBuf> {
    let target = folder()?.parent().map(Path::to_owned).unwrap_or_default();
    let library = target.join("moto");
    if library.join("moto/server.py").is_file() {
        return Ok(library);
    }
    bail!(
        "`moto` is missing: install the wheels pinned in deploy/moto-requirements.txt with `cargo xtask install`"
    )
}

/// The folder of the running program; a test runs one level further down, in `deps`.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("could not find the path of this program")?;
    let folder = program
        .parent()
        .context("this program has no parent folder")?;
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    Ok(folder.to_owned())
}
