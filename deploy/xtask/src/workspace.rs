//! Builds programs of the workspace, always with the features of the whole and in one profile, so
//! no command triggers a rebuild for another.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::{Result, linting_compiler, shell};

/// The workspace from `cargo metadata`.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    /// All kinds: normal, dev, build and those for one platform only.
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// The manifest's name for it, if different.
    pub rename: Option<String>,
    kind: Option<String>,
    /// Its location in this repository.
    pub path: Option<PathBuf>,
}

impl Dependency {
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("normal")
    }
}

pub fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..")
        .canonicalize()
        .map_err(|e| format!("could not find the repository: {e}"))
}

/// Cargo at the root, without the variables of the cargo that started us.
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

/// Where the alias `cargo xtask` builds this program, in the target folder.
const OWN_PROGRAM: &str = "xtask/debug/xtask";

/// The same, for builds that also check clippy's lints: so a test run compiles everything once, not
/// once to check it and once more to run it.
pub fn linting_cargo() -> Result<Command> {
    let mut command = cargo()?;
    // A build of this tool's tests replaces the file that runs now, so its path is not asked for.
    linting_compiler::set_for(&mut command, &target()?.join(OWN_PROGRAM));
    Ok(command)
}

/// The programs of a platform, and the one that starts and stops it.
pub const PLATFORM: [&str; 4] = [
    "holdfast-cloud",
    "holdfast-edge",
    "holdfast",
    "holdfast-stack",
];

pub fn build(programs: &[&str]) -> Result<()> {
    build_by(cargo()?, programs)
}

fn build_by(mut cargo: Command, programs: &[&str]) -> Result<()> {
    cargo.args(["build", "--workspace", "--locked"]);
    for program in programs {
        cargo.args(["--bin", program]);
    }
    shell::run(&mut cargo)
}

pub fn target() -> Result<PathBuf> {
    Ok(metadata(&root()?)?.target_directory)
}

pub fn metadata(root: &Path) -> Result<Metadata> {
    let mut cargo = cargo()?;
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
    ]);
    let text = shell::output(cargo.current_dir(root))?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

const SIMULATOR: &str = "holdfast-sim";
const MONEY_SIMULATOR: &str = "holdfast-money-sim";

/// The simulator of the sync protocol.
pub fn simulator() -> Result<PathBuf> {
    simulator_of(SIMULATOR)
}

/// The simulator of custody.
pub fn money_simulator() -> Result<PathBuf> {
    simulator_of(MONEY_SIMULATOR)
}

/// Like a build of all tests, which optimises the simulators and can plant bugs.
fn simulator_of(program: &str) -> Result<PathBuf> {
    build_by(linting_cargo()?, &[program])?;
    self::program(program)
}

/// Both simulators, from a build of everything. Cargo would compile most of them a second time for
/// themselves alone, because build scripts are compiled differently then.
pub fn built_simulators() -> Result<[PathBuf; 2]> {
    Ok([program(SIMULATOR)?, program(MONEY_SIMULATOR)?])
}

/// Builds the benchmarked programs as they are shipped, except for cross-crate optimisation, and
/// the benchmark.
pub fn bench() -> Result<PathBuf> {
    const PROFILE: &str = "bench-platform";
    let mut cargo = cargo()?;
    cargo.args(["build", "--locked", "--profile", PROFILE]);
    for package in ["holdfast-cloud", "holdfast-edge", "stack", "bench"] {
        cargo.args(["--package", package]);
    }
    cargo.args(["--features", "holdfast-cloud/jemalloc"]);
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
