//! A MariaDB with the platform's databases. Its root has no password and its folder is private.

use std::{path::Path, time::Duration};

use anyhow::Result;

use super::{Ground, ServerCertificate, ServerData, runs_as_root, write};
use crate::{Child, Ports, Spec, Supervisor, binaries, layout::make_inside, probe};

const PACKAGE: &str = "mariadb-server";
/// The variable for the folder of temporary tables.
const TEMPORARY: &str = "TMPDIR";
/// The server runs it before it accepts connections.
const DATABASES: &str = include_str!("databases.sql");

/// A MariaDB and a replica, for tests of readers of the replica. The replica may be stopped and
/// lost.
pub struct FollowedMariaDb {
    pub address: String,
    pub copy_address: String,
    pub copy: Child,
}

impl FollowedMariaDb {
    pub async fn start(supervisor: &Supervisor, folder: &Path, ports: &mut Ports) -> Result<Self> {
        let logs = &folder.join("logs");
        let ground = Ground::open_to_all(supervisor, folder, logs, ServerData::OfTestRun);
        make_inside(folder)?;
        make_inside(logs)?;
        let port = ports.free()?;
        let copy_port = ports.free()?;
        let followed = [LOGGED, "--server-id=1"];
        let server = start_as("mariadb", &ground, port, DATABASES, &followed).await?;
        ready(&server, port).await?;
        let follow = format!(
            "CHANGE MASTER TO master_host = '127.0.0.1', master_port = {port}, master_user = 'root', \
                master_use_gtid = slave_pos, master_connect_retry = 1;\nSTART SLAVE;\n"
        );
        let copy = start_as("copy", &ground, copy_port, &follow, &["--server-id=2"]).await?;
        ready(&copy, copy_port).await?;
        let address = |port: u16| format!("mysql://root@127.0.0.1:{port}");
        Ok(Self {
            address: address(port),
            copy_address: address(copy_port),
            copy,
        })
    }
}

/// A MariaDB set up as a member of a Galera cluster, for the test that parts refuse it.
pub struct ClusteredMariaDb {
    pub address: String,
    /// Keeps the server running.
    pub server: Child,
}

impl ClusteredMariaDb {
    pub async fn start(supervisor: &Supervisor, folder: &Path, ports: &mut Ports) -> Result<Self> {
        let logs = &folder.join("logs");
        let ground = Ground::open_to_all(supervisor, folder, logs, ServerData::OfTestRun);
        make_inside(folder)?;
        make_inside(logs)?;
        let port = ports.free()?;
        let clustered = ["--wsrep-on=ON", "--binlog-format=ROW"];
        let server = start_as("clustered", &ground, port, "", &clustered).await?;
        ready(&server, port).await?;
        Ok(Self {
            address: format!("mysql://root@127.0.0.1:{port}"),
            server,
        })
    }
}

/// The log that a replica follows.
const LOGGED: &str = "--log-bin=changes";
const UNLOGGED: &str = "--skip-log-bin";

pub(super) async fn start(ground: &Ground<'_>, port: u16) -> Result<Child> {
    start_as("mariadb", ground, port, DATABASES, &[UNLOGGED]).await
}

/// A server of this name that runs the statements at its start.
async fn start_as(
    name: &str,
    ground: &Ground<'_>,
    port: u16,
    statements: &str,
    more: &[&str],
) -> Result<Child> {
    let server = binaries::debian("mariadbd", PACKAGE)?;
    let folder = ground.folder_of(name)?;
    let data = folder.join("data");
    // At its start a server deletes what looks like its leftovers there, so two servers with a
    // shared folder would drop each other's temporary tables.
    let own = ground.folder_of(&format!("{name}-tmp"))?;
    if !data.join("mysql").is_dir() {
        install(ground, &data, &own).await?;
    }
    // Flush the log with each commit, or once a second in a test run.
    let flush = u8::from(ground.data != ServerData::OfTestRun);
    let first = folder.join("first.sql");
    write(&first, statements)?;
    let spec = ground
        .spec(name, server, 8_000)
        .args([
            "--no-defaults".to_owned(),
            format!("--datadir={}", data.display()),
        ])
        .args(runs_as_root().then_some("--user=root"))
        // Relative to the data folder: a socket's path must be short.
        .args([
            "--bind-address=127.0.0.1",
            "--socket=m.sock",
            "--pid-file=m.pid",
        ])
        .args([
            format!("--port={port}"),
            format!("--init-file={}", first.display()),
        ])
        .args([
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
        ])
        .args(["--innodb-buffer-pool-size=64M".to_owned()])
        .args([format!("--innodb-flush-log-at-trx-commit={flush}")])
        .args(["--max-connections=500"])
        .args(more.iter().copied())
        .args(ground.tls.iter().flat_map(|tls| {
            let ServerCertificate { chain, key } = &tls.certificate;
            [
                format!("--ssl-cert={}", chain.display()),
                format!("--ssl-key={}", key.display()),
            ]
        }))
        .env(TEMPORARY, own.display().to_string());
    ground.supervisor.spawn(spec).await
}

pub(super) async fn ready(child: &Child, port: u16) -> Result<()> {
    probe::until(child, Duration::from_secs(30), || async move {
        // A ready server greets first: a packet's header and protocol version 10.
        probe::first_words(port, b"")
            .await
            .is_some_and(|said| said.get(4) == Some(&10))
    })
    .await
}

async fn install(ground: &Ground<'_>, data: &Path, own: &Path) -> Result<()> {
    let installer = binaries::debian("mariadb-install-db", PACKAGE)?;
    let spec = Spec::new("mariadb-install-db", installer, ground.log_of("mariadb"))
        .args([
            "--no-defaults".to_owned(),
            format!("--datadir={}", data.display()),
        ])
        .args(runs_as_root().then_some("--user=root"))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
        .env(TEMPORARY, own.display().to_string());
    ground.supervisor.run(spec, Duration::from_secs(60)).await
}
