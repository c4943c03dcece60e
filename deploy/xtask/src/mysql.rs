//! Runs the tests of SQL stores on a real MySQL. Every other run uses MariaDB: no registry has a
//! MySQL for Debian stable, and the packages of Debian unstable change too often for a test run to
//! depend on them.
//!
//! Invariant: nothing is installed. The packages are unpacked in the target folder with their
//! libraries.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    Result, depth::Depth, install, shell, suites::Suites, test_servers::TestServers, workspace,
};

const PACKAGES: [&str; 2] = ["mysql-server-core", "mysql-client-core"];
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Crates, and modules of `contract`, with tests on a SQL store.
const CRATES: [&str; 5] = ["platform", "auth", "order", "payment", "hub"];
const CONTRACTS: [&str; 8] = [
    "sql::", "inbox::", "outbox::", "jobs::", "ground::", "sealed::", "money::", "traces::",
];
/// The test programs that contain them.
const TESTS: [&str; 4] = [
    "--lib",
    "--test=service",
    "--test=payment",
    "--test=contract",
];
/// They read MariaDB's report of the rows that a query read, so MySQL cannot run them.
const MARIADB_ALONE: [&str; 2] = [
    "a_long_feed_is_read_by_its_index_even_where_statistics_are_old",
    "ended_alarms_cost_a_look_nothing_and_a_trend_only_its_days",
];

pub fn run() -> Result<()> {
    install::everything()?;
    let suites = Suites::build_tests_with_program(&TESTS, "holdfast-stack")?;
    let server = MySql::start()?;
    let servers = TestServers::start()?;
    let mut environment = servers.environment_with("mysql", &server.address())?;
    environment.push(Depth::Deep.environment());
    let crates = suites.filter(|suite| CRATES.contains(&suite.package.as_str()));
    let contracts = suites.filter(|suite| suite.package == "contract");
    let skipped = MARIADB_ALONE.map(|name| ["--skip", name]).concat();
    let mut count = crates.run_with(&environment, &skipped)?;
    count += contracts.run_with(&environment, &[&CONTRACTS[..], &skipped[..]].concat())?;
    println!("\n{}: {} tests passed", server.version()?, count.passed);
    Ok(())
}

struct MySql {
    process: Child,
    folder: PathBuf,
    data: PathBuf,
    port: u16,
}

impl MySql {
    fn start() -> Result<Self> {
        let folder = unpacked()?;
        let data = workspace::target()?.join("mysql/data");
        let _none_left = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).map_err(|e| format!("{}: {e}", data.display()))?;
        shell::run_quietly(server(&folder, &data).arg("--initialize-insecure"))?;
        let port = free_port()?;
        let process = server(&folder, &data)
            .args([
                "--secure-file-priv=",
                "--mysqlx=OFF",
                "--bind-address=127.0.0.1",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", data.join("socket").display()))
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("could not start MySQL: {e}"))?;
        let mut started = Self {
            process,
            folder,
            data,
            port,
        };
        started.wait_until_ready()?;
        Ok(started)
    }

    fn address(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    fn version(&self) -> Result<String> {
        Ok(
            shell::output(server(&self.folder, &self.data).arg("--version"))?
                .trim()
                .to_owned(),
        )
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let looks = STARTS_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..looks {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("MySQL did not start: {status}"));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Err(format!("MySQL was not ready after {STARTS_WITHIN:?}"))
    }
}

impl Drop for MySql {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
        let _thrown_away = fs::remove_dir_all(&self.data);
    }
}

/// Fetches the packages and all their dependencies once.
fn unpacked() -> Result<PathBuf> {
    let folder = workspace::target()?.join("mysql");
    let root = folder.join("root");
    if root.join("usr/sbin/mysqld").is_file() {
        return Ok(root);
    }
    let write = |path: PathBuf, text: &str| {
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    for name in ["lists/partial", "cache/archives/partial", "root"] {
        let made = folder.join(name);
        fs::create_dir_all(&made).map_err(|e| format!("{}: {e}", made.display()))?;
    }
    write(folder.join("sources.list"), &suite()?)?;
    // Nothing counts as installed there, so apt fetches every library.
    write(folder.join("status"), "")?;
    shell::run_quietly(apt(&folder).arg("update"))?;
    shell::run_quietly(
        apt(&folder)
            .args(["install", "--yes", "--download-only"])
            .args(PACKAGES),
    )?;
    let archives = folder.join("cache/archives");
    let listed = fs::read_dir(&archives).map_err(|e| format!("{}: {e}", archives.display()))?;
    let packages = listed.filter_map(|entry| Some(entry.ok()?.path()));
    for package in packages.filter(|path| path.extension().is_some_and(|end| end == "deb")) {
        shell::run_quietly(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    }
    Ok(root)
}

/// Debian's unstable suite, from the archive this system uses.
fn suite() -> Result<String> {
    let mut apt = Command::new("apt-get");
    let sites = shell::output(apt.args(["indextargets", "--format", "$(SITE)"]))?;
    let site = sites.lines().find(|site| site.ends_with("/debian"));
    let site = site.ok_or("apt has no Debian archive configured")?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    Ok(format!("deb [signed-by={keys}] {site} sid main\n"))
}

fn apt(folder: &Path) -> Command {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut apt = Command::new("apt-get");
    for option in [
        format!("Dir::Etc::sourcelist={}", at("sources.list")),
        "Dir::Etc::sourceparts=-".to_owned(),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::Cache={}", at("cache")),
        format!("Dir::State::status={}", at("status")),
        "APT::Sandbox::User=root".to_owned(),
        "APT::Install-Recommends=false".to_owned(),
    ] {
        apt.args(["-o", &option]);
    }
    apt
}

/// Runs under the loader from its packages: its libraries are newer than this system's.
fn server(root: &Path, data: &Path) -> Command {
    let libraries = root.join(LIBRARIES);
    let share = root.join("usr/share/mysql");
    let mut server = Command::new(libraries.join("ld-linux-x86-64.so.2"));
    server
        .arg("--library-path")
        .arg(format!("{0}:{0}/private", libraries.display()))
        .arg(root.join("usr/sbin/mysqld"))
        .args(["--no-defaults", "--user=root", "--performance-schema=OFF"])
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--lc-messages-dir={}", share.display()))
        .arg(format!(
            "--character-sets-dir={}",
            share.join("charsets").display()
        ))
        .arg(format!(
            "--plugin-dir={}",
            root.join("usr/lib/mysql/plugin").display()
        ));
    server
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = listener
        .and_then(|listener| listener.local_addr())
        .map(|at| at.port());
    port.map_err(|e| format!("could not find a free port: {e}"))
}
