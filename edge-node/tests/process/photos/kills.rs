//! A tablet that uploads the photos of two jobs at once dies at any byte of them: its connections
//! break, or its process is killed. Its edge dies, too, fills up, and is restored from a backup.
//! Each photo ends at its own job.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    pin::pin,
};

use holdfast_edge::start;
use process::{clock::Clock, tokens::Signer};
use support::{Draws, Proxy, Wire, is_deep_run};
use tempfile::TempDir;
use wire::{CommandId, PhotoAnswer};

use super::{
    job::{Job, PhotoKey, UploadEnd},
    tablet_process::TabletFolder,
    *,
};
use crate::world::{cloud::photos::ScriptedAnswer, config, get};

const PROVIDER: u128 = 20;
const OTHER_PROVIDER: u128 = 21;
const SEED: u64 = 200;
const SEVEN_DAYS_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// The last upload of a deep run takes about 10 s at a person's pace.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(90);
const FULL_DISK: &str = "edge.disk_floor_mib=4294967295";

fn kills() -> u64 {
    if is_deep_run() { 200 } else { 20 }
}

fn picture_bytes() -> usize {
    if is_deep_run() { 1_000_000 } else { 250_000 }
}

/// An upload of both jobs.
struct Upload {
    /// The bytes of each photo that the edge confirmed.
    confirmed: BTreeMap<PhotoKey, usize>,
    result: Result<(), UploadEnd>,
}

struct Scene {
    cloud: Cloud,
    /// Of the cloud.
    clock: Clock,
    gateway: SocketAddr,
    place: TempDir,
    data: PathBuf,
    edge: Edge,
    http: SocketAddr,
    /// Between the tablet and the edge.
    wire: Proxy,
    jobs: [Job; 2],
    /// The disk of the tablet while it is a separate process.
    tablet: TabletFolder,
    tablets_killed: u64,
    draws: Draws,
    /// What the edge has confirmed since its last restore.
    confirmed: BTreeMap<PhotoKey, usize>,
}

impl Scene {
    /// Cut off from the cloud. The backup has the first job's start, but not the second's.
    async fn set_up() -> Self {
        let clock = Clock::fixed_at(Clock::system().now());
        let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
        cloud.seal_with(Some(
            &Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap(),
        ));
        cloud.take_photos();
        (1..=3).for_each(|n| cloud.put(order(n, 1)));
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let http = free();
        let edge = start_edge(&data, gateway, http).await;
        until("the feed", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 3)
        })
        .await;
        cloud.cut();
        // Both jobs name the same picture.
        let [own, others, shared] = [1, 2, 3].map(picture);
        let jobs = [
            Job::new(1, vec![own, shared.clone()]),
            Job::new(2, vec![shared, others]),
        ];
        let wire = Proxy::to(http.to_string()).await.unwrap();
        let token = cloud.people().token(Role::Provider, PROVIDER);
        let folder = place.path().join("tablet");
        let scene = Self {
            tablet: TabletFolder::create(&folder, wire.address(), &token, &jobs),
            tablets_killed: 0,
            wire,
            cloud,
            clock,
            gateway,
            place,
            data,
            edge,
            http,
            jobs,
            draws: Draws::of(SEED),
            confirmed: BTreeMap::new(),
        };
        let [first, second] = &scene.jobs;
        for (command, body) in [(101, accept(1)), (102, accept(2))] {
            scene.send_command(command, &body).await;
        }
        scene
            .send_command(first.command, &first.start_order())
            .await;
        scene.run_edge(&scene.data, "backup");
        scene
            .send_command(second.command, &second.start_order())
            .await;
        scene
    }

    fn token_of(&self, provider: u128) -> String {
        self.cloud.people().token(Role::Provider, provider)
    }

    fn run_edge(&self, data: &Path, verb: &str) {
        let copy = self.place.path().join("copy").display().to_string();
        let output = command(data, &[], &[verb, &copy])
            .current_dir("/")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    async fn send_command(&self, command: u128, body: &CommandBody) {
        let tablet = PhotoTablet::new(self.http, &self.token_of(PROVIDER), Vec::new());
        let reply = tablet.send_command(command, body).await.unwrap();
        assert_eq!(reply["verdict"], "provisional", "{reply}");
    }

    /// The tablet uploads both jobs at once, over one connection for each. If `cut_after` is set,
    /// the first connection that carries so many bytes breaks, and the tablet gives up.
    async fn upload_until_cut(&mut self, cut_after: Option<usize>) -> Result<(), UploadEnd> {
        let upload = self.upload_both_jobs(cut_after).await;
        self.confirm_upload(upload)
    }

    async fn upload_both_jobs(&self, cut_after: Option<usize>) -> Upload {
        self.wire.set(Wire::Passes);
        let token = self.token_of(PROVIDER);
        let of_job = |job: &Job| job.tablets(self.wire.address(), &token);
        let tablets = self.jobs.each_ref().map(of_job);
        // The connections must stand before the wire tears them. An edge that dies answers nothing.
        for of_job in &tablets {
            let _ = of_job[0].find_standing().await;
        }
        if let Some(bytes) = cut_after {
            self.wire.set(Wire::TearsAfter(bytes));
        }
        let [first, second] = &self.jobs;
        let mut confirmed = [BTreeMap::new(), BTreeMap::new()];
        let [of_first, of_second] = &mut confirmed;
        let uploading = async {
            tokio::try_join!(
                first.upload_all(&tablets[0], |photo, have| {
                    of_first.insert(photo, have);
                }),
                second.upload_all(&tablets[1], |photo, have| {
                    of_second.insert(photo, have);
                }),
            )
        };
        let uploaded = timeout(UPLOAD_TIMEOUT, uploading).await;
        Upload {
            result: uploaded
                .expect("the upload neither ends nor fails")
                .map(drop),
            confirmed: confirmed.into_iter().flatten().collect(),
        }
    }

    /// The edge may have more than it confirmed before, but never less.
    fn confirm_upload(&mut self, upload: Upload) -> Result<(), UploadEnd> {
        for (photo, have) in upload.confirmed {
            let confirmed = self.confirmed.entry(photo).or_default();
            assert!(
                have >= *confirmed,
                "{confirmed} bytes were confirmed, {have} are left"
            );
            *confirmed = have;
        }
        upload.result
    }

    async fn restart_edge(&mut self, set: Option<&str>) {
        self.edge.signal("-KILL");
        self.edge.child.wait().unwrap();
        self.start_edge(set).await;
    }

    async fn start_edge(&mut self, set: Option<&str>) {
        self.edge = start_edge_with(&self.data, self.gateway, self.http, set).await;
        let tablet = PhotoTablet::new(self.http, &self.token_of(PROVIDER), Vec::new());
        let _ = until("the edge answers", || tablet.find_standing()).await;
    }

    /// Kills the edge once the wire has carried some bytes of an upload, fewer than `bytes_max`. A
    /// kill that comes late finds the wire cut.
    async fn upload_until_edge_dies(&mut self, bytes_max: u64) -> Result<(), UploadEnd> {
        let bytes = usize::try_from(self.draws.number_below(bytes_max)).unwrap();
        let due = self.wire.carried() + bytes;
        let cut_after = usize::try_from(bytes_max).unwrap();
        let upload = {
            let mut uploading = pin!(self.upload_both_jobs(Some(cut_after)));
            tokio::select! {
                upload = &mut uploading => upload,
                () = self.wait_until_carried(due) => {
                    self.edge.signal("-KILL");
                    uploading.await
                }
            }
        };
        let ended = self.confirm_upload(upload);
        self.restart_edge(None).await;
        ended
    }

    /// The tablet is a separate process. It is killed twice, each time at a drawn byte of its
    /// upload, and in between starts again from its disk.
    async fn upload_until_tablet_dies(&mut self, bytes_max: u64) -> Result<(), UploadEnd> {
        let mut ended = Ok(());
        for _ in 0..2 {
            let bytes = usize::try_from(1 + self.draws.number_below(bytes_max / 2)).unwrap();
            let due = self.wire.carried() + bytes;
            self.wire.set(Wire::StallsAt(due));
            let killing = self.wait_until_carried(due);
            let is_killed = self.tablet.upload_until(UPLOAD_TIMEOUT, killing).await;
            for (photo, have) in self.tablet.read_confirmed() {
                let confirmed = self.confirmed.entry(photo).or_default();
                *confirmed = have.max(*confirmed);
            }
            if is_killed {
                self.tablets_killed += 1;
                ended = Err(UploadEnd::Disconnected);
            }
        }
        ended
    }

    /// The caller bounds it by the end of the upload.
    async fn wait_until_carried(&self, bytes: usize) {
        while self.wire.carried() < bytes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its photos are lost with its disk: a backup has none.
    async fn restore_edge(&mut self, round: u64) {
        self.edge.signal("-KILL");
        self.edge.child.wait().unwrap();
        let restored = self.place.path().join(format!("restored-{round}"));
        self.run_edge(&restored, "restore");
        self.data = restored;
        self.confirmed.clear();
        self.tablet.forget_confirmed();
        self.start_edge(None).await;
    }

    /// On a full disk a person learns it before they take a photo, and for each part that waits.
    async fn try_full_disk(&mut self) {
        self.restart_edge(Some(FULL_DISK)).await;
        let tablet = PhotoTablet::new(self.http, &self.token_of(PROVIDER), Vec::new());
        let standing = tablet
            .call(http::Method::GET, "/standing", Vec::new())
            .await;
        assert_eq!(standing.unwrap().unwrap()["photos"]["room_bytes"], 0);
        let reply = tablet.send_command(103, &accept(3)).await.unwrap();
        assert_eq!(
            (&reply["verdict"], &reply["code"]),
            (&"not_taken".into(), &"storage_full".into()),
            "{reply}"
        );
        let before = self.ask_all().await;
        let refused = self.upload_until_cut(None).await;
        assert_eq!(refused, Err(UploadEnd::Refused(Code::StorageFull)));
        assert_eq!(self.ask_all().await, before, "a full disk takes nothing");
        self.restart_edge(None).await;
    }

    /// How much of each picture the edge has; nothing of those whose command it does not know.
    async fn ask_all(&self) -> BTreeMap<PhotoKey, usize> {
        let token = self.token_of(PROVIDER);
        let mut have = BTreeMap::new();
        for job in &self.jobs {
            for tablet in job.tablets(self.http, &token) {
                let standing = tablet.find_standing().await.unwrap();
                let bytes = standing.as_ref().map_or(0, have_of);
                have.insert(job.name(&tablet.picture), bytes);
            }
        }
        have
    }

    /// The edge refuses a picture for a command that does not name it, or for another person's
    /// command.
    async fn try_foreign_commands(&self) {
        let [first, second] = &self.jobs;
        let own = &first.pictures[0];
        for (command, provider) in [(second.command, PROVIDER), (first.command, OTHER_PROVIDER)] {
            let token = self.token_of(provider);
            let tablet = PhotoTablet::of_command(command, self.http, &token, own.clone());
            let refused = tablet.send_next_part(0).await;
            assert_eq!(refused, Some(Err(Code::PhotoNotNamed)));
        }
    }

    /// The files of the edge's disk have the names of their jobs and the bytes of their pictures.
    fn check_disk(&self) {
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for job in &self.jobs {
            for picture in &job.pictures {
                let (command, hash) = job.name(picture);
                let order = OrderId(id(job.order));
                let name = format!("{command}.{hash}.{order}.{}.photo", picture.len());
                expected.insert(name, picture.clone());
            }
        }
        let files = std::fs::read_dir(self.data.join("photos")).unwrap();
        let found = files.map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, std::fs::read(file.path()).unwrap())
        });
        let found: BTreeMap<_, _> = found.collect();
        assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
        assert!(found == expected, "other bytes");
    }

    /// After seven days without the cloud the edge brings it each picture, for its own job. The
    /// cloud refuses one; its person reads why.
    async fn bring_to_cloud(mut self) {
        self.edge.signal("-TERM");
        self.edge.child.wait().unwrap();
        self.clock.advance(SEVEN_DAYS_MS);
        let code = Code::PhotoNotNamed;
        self.cloud
            .script_photo_answers([ScriptedAnswer::Say(PhotoAnswer::Refused { code })]);
        self.cloud.heal();
        let config = config(&self.data, &format!("http://{}", self.gateway));
        let edge = start(config, self.clock.clone()).await.unwrap();
        until("no photo waits", || async {
            let standing = get(&edge, "/standing", None).await.unwrap();
            (standing["photos"]["waiting"] == 0).then_some(())
        })
        .await;
        let refused = self.check_answers(edge.http).await;
        assert_eq!(refused, [code]);
        for sent in self.cloud.photo_chunks() {
            let is_of = |job: &&Job| CommandId(id(job.command)) == sent.chunk.command_id;
            let job = self.jobs.iter().find(is_of).unwrap();
            assert_eq!(OrderId(id(job.order)), sent.chunk.order_id);
        }
        edge.stop().await;
        self.wire.stop().await;
    }

    /// Each picture is in the cloud at its own job, or its tablet gets the code of its refusal. The
    /// cloud has no other. Returns the codes.
    async fn check_answers(&self, http: SocketAddr) -> Vec<Code> {
        let seconds = SEVEN_DAYS_MS / 1_000 + 3_600;
        let token = self.cloud.people();
        let token = token.token_until(Role::Provider, PROVIDER, seconds);
        let mut sent = BTreeMap::new();
        let mut refused = Vec::new();
        for job in &self.jobs {
            for tablet in job.tablets(http, &token) {
                let standing = tablet.find_standing().await.unwrap().unwrap();
                if standing["state"] == "sent" {
                    sent.insert(job.name(&tablet.picture), tablet.picture);
                } else {
                    assert_eq!(standing["state"], "refused", "{standing}");
                    refused.push(serde_json::from_value(standing["code"].clone()).unwrap());
                }
            }
        }
        assert!(self.cloud.staged_photos() == sent);
        refused
    }
}

fn picture(seed: u64) -> Vec<u8> {
    let mut draws = Draws::of(seed);
    (0..picture_bytes())
        .map(|_| u8::try_from(draws.number_below(256)).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_photo_of_two_jobs_ends_at_its_own_job_however_often_its_tablet_dies() {
    let mut scene = Scene::set_up().await;
    let pictures: usize = scene.jobs.iter().map(|job| job.pictures.len()).sum();
    let whole = (pictures * picture_bytes()) as u64;
    // So each half of the uploads sends about half of it, and each upload finds something left.
    let bytes_max = whole / kills();
    let mut disconnected = 0;
    for round in 0..kills() {
        if round == kills() / 2 {
            scene.restore_edge(round).await;
        }
        if round % 8 == 3 {
            scene.try_full_disk().await;
        }
        let ended = match round % 5 {
            2 => scene.upload_until_edge_dies(bytes_max).await,
            4 => scene.upload_until_tablet_dies(bytes_max).await,
            _ => {
                let bytes = usize::try_from(1 + scene.draws.number_below(bytes_max)).unwrap();
                scene.upload_until_cut(Some(bytes)).await
            }
        };
        disconnected += u64::from(ended == Err(UploadEnd::Disconnected));
        scene.try_foreign_commands().await;
    }
    assert!(
        disconnected >= kills() * 3 / 4,
        "{disconnected} uploads ended in the middle"
    );
    let killed = scene.tablets_killed;
    assert!(killed >= kills() / 5, "{killed} processes were killed");
    assert_eq!(scene.upload_until_cut(None).await, Ok(()));
    scene.check_disk();
    scene.bring_to_cloud().await;
}
