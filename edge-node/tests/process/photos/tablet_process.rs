//! A tablet that is a separate process: this test program, started again with the tablet's folder.
//! The folder has its jobs with their pictures, and what the edge has confirmed of them.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
    time::Duration,
};

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::job::{Job, PhotoKey};

/// Names the tablet's folder to its process.
const FOLDER: &str = "HOLDFAST_TEST_TABLET";
const PROGRAM: &str = "photos::tablet_process::a_tablet_without_jobs_ends_at_once";
const SIGKILL: i32 = 9;
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// The tablet's disk.
pub(super) struct TabletFolder(PathBuf);

#[derive(Serialize, Deserialize)]
struct StoredTablet {
    http: SocketAddr,
    token: String,
    jobs: Vec<StoredJob>,
}

#[derive(Serialize, Deserialize)]
struct StoredJob {
    order: u64,
    command: u64,
    /// The names of their files.
    pictures: Vec<String>,
}

impl TabletFolder {
    pub(super) fn create(folder: &Path, http: SocketAddr, token: &str, jobs: &[Job]) -> Self {
        fs::create_dir(folder).unwrap();
        let store_job = |job: &Job| {
            let pictures = job.pictures.iter().enumerate();
            let pictures = pictures.map(|(number, picture)| {
                let name = format!("{}-{number}.photo", job.order);
                fs::write(folder.join(&name), picture).unwrap();
                name
            });
            StoredJob {
                order: u64::try_from(job.order).unwrap(),
                command: u64::try_from(job.command).unwrap(),
                pictures: pictures.collect(),
            }
        };
        let stored = StoredTablet {
            http,
            token: token.to_owned(),
            jobs: jobs.iter().map(store_job).collect(),
        };
        let stored = serde_json::to_vec(&stored).unwrap();
        fs::write(folder.join("tablet.json"), stored).unwrap();
        Self(folder.to_owned())
    }

    fn read_tablet(&self) -> StoredTablet {
        serde_json::from_slice(&fs::read(self.0.join("tablet.json")).unwrap()).unwrap()
    }

    fn read_job(&self, stored: &StoredJob) -> Job {
        let files = stored.pictures.iter();
        let pictures = files.map(|name| fs::read(self.0.join(name)).unwrap());
        Job {
            order: stored.order.into(),
            command: stored.command.into(),
            pictures: pictures.collect(),
        }
    }

    /// The bytes of each photo that the edge has confirmed to this tablet.
    pub(super) fn read_confirmed(&self) -> BTreeMap<PhotoKey, usize> {
        let Ok(stored) = fs::read(self.0.join("confirmed.json")) else {
            return BTreeMap::new();
        };
        let stored: Vec<(PhotoKey, usize)> = serde_json::from_slice(&stored).unwrap();
        stored.into_iter().collect()
    }

    fn store_confirmed(&self, confirmed: &BTreeMap<PhotoKey, usize>) {
        let stored: Vec<_> = confirmed.iter().collect();
        let new = self.0.join("confirmed.new");
        fs::write(&new, serde_json::to_vec(&stored).unwrap()).unwrap();
        fs::rename(new, self.0.join("confirmed.json")).unwrap();
    }

    /// For an edge that was restored from a backup.
    pub(super) fn forget_confirmed(&self) {
        self.store_confirmed(&BTreeMap::new());
    }

    /// Starts the tablet, and kills it once `killing` has ended. False if its upload ended before.
    pub(super) async fn upload_until(
        &self,
        limit: Duration,
        killing: impl Future<Output = ()>,
    ) -> bool {
        let mut tablet = self.start();
        let ended = tokio::select! {
            () = killing => Ok(()),
            ended = timeout(limit, wait_for_success(&mut tablet)) => ended,
        };
        // By SIGKILL, which no process can catch. It may have ended.
        let _ended_already = tablet.start_kill();
        let status = tablet.wait().await.unwrap();
        ended.expect("the upload neither ends nor fails");
        let is_killed = status.signal() == Some(SIGKILL);
        assert!(is_killed || status.success(), "the tablet: {status}");
        is_killed
    }

    fn start(&self) -> Child {
        let program = std::env::current_exe().unwrap();
        let mut tablet = Command::new(program);
        tablet
            .args(["--exact", PROGRAM, "--nocapture"])
            .env(FOLDER, &self.0)
            .stdout(Stdio::null())
            .kill_on_drop(true);
        tablet.spawn().unwrap()
    }

    /// The tablet's own work. The edge must have at least what it confirmed before.
    async fn upload(&self) {
        let StoredTablet { http, token, jobs } = self.read_tablet();
        let confirmed = Mutex::new(self.read_confirmed());
        let keep = |photo: PhotoKey, have: usize| {
            let mut confirmed = confirmed.lock().unwrap();
            let before = confirmed.insert(photo, have).unwrap_or_default();
            assert!(have >= before, "{before} bytes were confirmed, {have} left");
            self.store_confirmed(&confirmed);
        };
        let jobs: Vec<Job> = jobs.iter().map(|job| self.read_job(job)).collect();
        let uploads = jobs.iter().map(|job| async {
            let tablets = job.tablets(http, &token);
            job.upload_all(&tablets, keep).await
        });
        try_join_all(uploads).await.unwrap();
    }
}

async fn wait_for_success(tablet: &mut Child) {
    let status = tablet.wait().await.unwrap();
    assert!(status.success(), "the tablet's process: {status}");
}

/// Also the program of every such tablet.
#[tokio::test]
async fn a_tablet_without_jobs_ends_at_once() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        TabletFolder(folder.into()).upload().await;
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let folder = place.path().join("tablet");
    let tablet = TabletFolder::create(&folder, nowhere, "", &[]);
    let ended = timeout(ENDS_WITHIN, wait_for_success(&mut tablet.start())).await;
    ended.expect("a tablet without jobs ends");
    assert_eq!(tablet.read_confirmed(), BTreeMap::new());
}
