//! A small file system for one edge, which a test fills.

use std::{
    fs::File,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::{
    fs::{FallocateFlags, StatVfs, fallocate, statvfs},
    io::Errno,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Edge, command, free, settings,
    world::{PATIENCE, until},
};

/// A disk that vanishes with the process: it holds the given data, and has no free space if `full`.
/// Under `forever` the process is started again whenever it ends.
const ON_SMALL_DISK: &str = r#"
    mount -t tmpfs -o size=$1 tmpfs "$2" && cp -a "$3/." "$2/" || exit 99
    [ "$4" = full ] && cat /dev/zero > "$2/rest" 2>/dev/null
    runs="$5"
    shift 5
    [ "$runs" = once ] && exec "$@"
    while :; do setpriv --pdeathsig KILL "$@"; done
"#;

pub(crate) struct SmallDisk<'a> {
    at: &'a Path,
    /// Its first content.
    from: &'a Path,
    is_full: bool,
    restarts: bool,
}

impl<'a> SmallDisk<'a> {
    pub(crate) fn new(at: &'a Path, from: &'a Path) -> Self {
        Self {
            at,
            from,
            is_full: false,
            restarts: false,
        }
    }

    /// Starts the edge again whenever it ends.
    fn restarting(at: &'a Path, from: &'a Path) -> Self {
        Self {
            restarts: true,
            ..Self::new(at, from)
        }
    }

    pub(crate) fn full(at: &'a Path, from: &'a Path) -> Self {
        Self {
            is_full: true,
            ..Self::new(at, from)
        }
    }

    /// An edge on this disk.
    pub(crate) fn command(&self, sets: &[String]) -> Command {
        let sets = [&["edge.disk_floor_mib=1".to_owned()], sets].concat();
        let edge = command(self.at, &sets, &[]);
        let mut within = Command::new("unshare");
        within
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| name == "PATH"));
        if !rustix::process::geteuid().is_root() {
            within.arg("--map-root-user");
        }
        within.args(["--mount", "sh", "-c", ON_SMALL_DISK, "sh", "32m"]);
        within
            .args([self.at, self.from])
            .arg(if self.is_full { "full" } else { "free" })
            .arg(if self.restarts { "forever" } else { "once" })
            .arg(edge.get_program())
            .args(edge.get_args());
        within
    }
}

/// An edge on a small disk. Its parent, a shell, starts it again whenever it ends.
pub(crate) struct EdgeOnDisk {
    edge: Edge,
    folder: TempDir,
    logs: TempDir,
    pub mqtt: SocketAddr,
    pub http: SocketAddr,
}

const LOG: &str = "log";

impl EdgeOnDisk {
    pub(crate) async fn start(gateway: SocketAddr, from: &Path) -> Self {
        Self::start_with(gateway, from, &[]).await
    }

    /// Starts it with more settings.
    pub(crate) async fn start_with(gateway: SocketAddr, from: &Path, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = tempfile::tempdir().unwrap();
        let mqtt = free();
        let http = free();
        let mut sets = settings(gateway, mqtt, free());
        sets.push(format!("edge.http_bind={http}"));
        sets.extend(more.iter().map(|set| (*set).to_owned()));
        let disk = SmallDisk::restarting(folder.path(), from);
        let edge = Edge::run(disk.command(&sets), &logs.path().join(LOG), mqtt).await;
        Self {
            edge,
            folder,
            logs,
            mqtt,
            http,
        }
    }

    async fn level(&self) -> Option<String> {
        let url = format!("http://{}/standing", self.http);
        let client = process::client::Client::new();
        let answer: Result<Value, _> = client
            .send_json(http::Method::GET, &url, None, None::<&()>, PATIENCE)
            .await;
        Some(answer.ok()?["disk"]["level"].as_str()?.to_owned())
    }

    pub(crate) async fn until_level(&self, level: &str) {
        until(level, || async {
            (self.level().await.as_deref() == Some(level)).then_some(())
        })
        .await;
    }

    pub(crate) async fn until_logged(&self, words: &str) {
        self.until_logged_times(1, words).await;
    }

    pub(crate) async fn until_logged_times(&self, times: usize, words: &str) {
        until(words, || async {
            (self.log_text().matches(words).count() >= times).then_some(())
        })
        .await;
    }

    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.logs.path().join(LOG)).unwrap()
    }

    /// The data folder as seen from outside the edge's mounts.
    fn data(&self) -> PathBuf {
        let shell = self.edge.child.id();
        format!("/proc/{shell}/root{}", self.folder.path().display()).into()
    }

    fn volume(&self) -> StatVfs {
        statvfs(self.data()).unwrap()
    }

    /// The file that fills the disk.
    fn rest(&self) -> File {
        let path = self.data().join("rest");
        File::options()
            .append(true)
            .create(true)
            .open(path)
            .unwrap()
    }

    /// Fills the disk up to this share.
    pub(crate) fn fill(&self, percent: u64) {
        let mut rest = self.rest();
        let is_short =
            |volume: StatVfs| (volume.f_blocks - volume.f_bavail) * 100 < volume.f_blocks * percent;
        while is_short(self.volume()) {
            rest.write_all(&[0; 4096]).unwrap();
        }
    }

    /// Fills the disk except for this many blocks, in one call.
    pub(crate) fn fill_but(&self, blocks: u64) {
        let rest = self.rest();
        loop {
            let volume = self.volume();
            let length = rest.metadata().unwrap().len();
            let taken = volume.f_bavail.saturating_sub(blocks) * volume.f_frsize;
            if taken == 0 {
                return;
            }
            match fallocate(&rest, FallocateFlags::empty(), length, taken) {
                Ok(()) => return,
                // The edge has taken some of them meanwhile.
                Err(Errno::NOSPC | Errno::INTR) => {}
                Err(error) => panic!("could not fill the disk: {error}"),
            }
        }
    }

    /// Empties the file that fills the disk.
    pub(crate) fn empty(&self) {
        self.rest().set_len(0).unwrap();
    }

    /// The report of the edge's file, from within its mounts.
    pub(crate) fn report(&self) -> Value {
        let sets = ["edge.disk_floor_mib=1".to_owned()];
        let report = command(self.folder.path(), &sets, &["report", "--json"]);
        let mut within = Command::new("nsenter");
        within.args(["--mount", "--target", &self.edge.child.id().to_string()]);
        if !rustix::process::geteuid().is_root() {
            within.args(["--user", "--preserve-credentials"]);
        }
        within.arg(report.get_program()).args(report.get_args());
        let output = within.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Ends the edge by this signal, and returns once the shell has started it again.
    pub(crate) async fn end_process(&self, signal: &str) {
        const STARTED: &str = "is running";
        let runs = self.log_text().matches(STARTED).count();
        let shell = self.edge.child.id();
        let children = format!("/proc/{shell}/task/{shell}/children");
        let edge = std::fs::read_to_string(children).unwrap();
        let status = Command::new("kill").args([signal, edge.trim()]).status();
        assert!(status.unwrap().success());
        self.until_logged_times(runs + 1, STARTED).await;
    }
}
