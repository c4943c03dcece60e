//! Builds programs of the workspace, always with the features of the whole and in one profile: no
//! command rebuilds for another.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::{Result, shell};

/// A workspace as `cargo metadata` tells of it.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    /// Of every kind: normal, dev, build and those of one platform only.
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// What the manifest calls it, where that is something else.
    pub rename: Option<String>,
    kind: Option<String>,
    /// Where it stands in this repository.
    pub path: Option<PathBuf>,
}

impl Dependency {
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("normal")
    }
}

pub fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().map_err(|e| format!("could not find the repository: {e}"))
}

/// Cargo, at the root. It is not told that it was started by another cargo.
pub fn cargo() -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()?);
    for (name, _) in std::env::vars_os() {
        let is_of_our_build = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_our_build {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// The programs that a platform consists of, and the one that starts and stops it.
pub const PLATFORM: [&str; 4] = ["holdfast-cloud", "holdfast-edge", "holdfast", "holdfast-stack"];

pub fn build(programs: &[&str]) -> Result<()> {
    let mut cargo = cargo()?;
    cargo.args(["build", "--workspace", "--locked"]);
    for program in programs {
        cargo.args(["--bin", program]);
    }
    shell::run(&mut cargo)
}

/// The folder that everything is built into.
pub fn target() -> Result<PathBuf> {
    Ok(metadata(&root()?)?.target_directory)
}

pub fn metadata(root: &Path) -> Result<Metadata> {
    let mut cargo = cargo()?;
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let text = shell::output(cargo.current_dir(root))?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// The simulator of the sync protocol.
pub fn simulator() -> Result<PathBuf> {
    simulator_of("sim", "holdfast-sim")
}

/// The simulator of custody.
pub fn money_simulator() -> Result<PathBuf> {
    simulator_of("money-sim", "holdfast-money-sim")
}

/// Built for release: how much it shows is a question of how many seeds it runs.
fn simulator_of(package: &str, program: &str) -> Result<PathBuf> {
    shell::run(cargo()?.args(["build", "--package", package, "--locked", "--release"]))?;
    built("release", program)
}

/// What is measured, built as it is shipped but for the optimisation across crates, and what
/// measures.
pub fn bench() -> Result<PathBuf> {
    const PROFILE: &str = "bench-platform";
    let mut cargo = cargo()?;
    cargo.args(["build", "--locked", "--profile", PROFILE]);
    for package in ["holdfast-cloud", "holdfast-edge", "stack", "bench"] {
        cargo.args(["--package", package]);
    }
    shell::run(&mut cargo)?;
    built(PROFILE, "holdfast-bench")
}

pub fn program(name: &str) -> Result<PathBuf> {
    built("debug", name)
}

fn built(profile: &str, name: &str) -> Result<PathBuf> {
    let program = target()?.join(profile).join(name);
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("nothing builds {}", program.display()))
    }
}
