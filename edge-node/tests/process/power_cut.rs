//! The power fails at any moment: the system calls of a real edge are recorded, and its disk is
//! rebuilt as it may look after a cut in between. What was not synced is discarded, torn or kept.

#[path = "power_cut/disk.rs"]
mod disk;
#[path = "power_cut/recording.rs"]
mod recording;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use holdfast_edge::{
    FileCheck, check_file, path_in, read_report,
    store::{Alarm, EdgeIdentity, Store},
};
use support::is_deep_run;
use wire::{BootNonce, CommandId, EdgeId, Region, Role, UnixMillis, Verdict};

use crate::{
    Edge, command, free,
    photos::PhotoTablet,
    settings,
    world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until},
};
use disk::{Disk, Fate};
use recording::{Event, read_recording};

const COMMANDS: u128 = 120;
const PICTURE_BYTES: usize = 60_000;
/// The power is cut after each of these.
const FIRST_START_CALLS: usize = 100;

fn cuts() -> usize {
    if is_deep_run() { 1_000 } else { 150 }
}

fn fates_after(call: usize) -> &'static [Fate] {
    if is_deep_run() {
        return &Fate::ALL;
    }
    let fate = call % Fate::ALL.len();
    &Fate::ALL[fate..=fate]
}

fn picture() -> Vec<u8> {
    (0..=250).cycle().take(PICTURE_BYTES).collect()
}

/// Starts an edge in `data` whose system calls go to `calls`.
async fn start_recorded(data: &Path, gateway: SocketAddr, http: SocketAddr, calls: &Path) -> Edge {
    let mqtt = free();
    let mut sets = settings(gateway, mqtt, free());
    sets.push(format!("edge.http_bind={http}"));
    let edge = command(data, &sets, &[]);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-xx", "-s", "2097152", "-e"])
        .arg(format!("trace={}", recording::CALLS.join(",")))
        .arg("-o")
        .arg(calls)
        .arg(edge.get_program())
        .args(edge.get_args())
        .current_dir(data)
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| name == "PATH"))
        .envs(
            edge.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    // The log must not lie in the recorded folder.
    Edge::run(strace, &calls.with_extension("log"), mqtt).await
}

/// Works cut off from the cloud, and returns the recorded calls.
async fn record_work(data: &Path) -> Vec<Event> {
    let (cloud, gateway) = Cloud::start().await;
    (1..=COMMANDS).for_each(|n| cloud.put(order(n, 1)));
    let calls = tempfile::tempdir().unwrap();
    let calls = calls.path().join("calls");
    let http = free();
    let mut edge = start_recorded(data, gateway, http, &calls).await;
    until("the feed", || async {
        let wanted = u64::try_from(COMMANDS).unwrap();
        cloud.last_ack().filter(|ack| ack.feed_cursor == wanted)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    let photos = PhotoTablet::new(http, &token, picture());
    let accepts = (1..=COMMANDS).map(|n| (1_000 + n, accept(n)));
    let mut frames = accepts.map(|(command, body)| frame(command, &token, &body));
    for _ in 1..=COMMANDS / 2 {
        send_accepted(&mut tablet, frames.next().unwrap()).await;
    }
    let (start, body) = photos.start_order();
    send_accepted(&mut tablet, frame(start, &token, &body)).await;
    let accepting = async {
        for frame in frames {
            send_accepted(&mut tablet, frame).await;
        }
    };
    let (uploaded, ()) = tokio::join!(photos.upload_while_it_lives(0), accepting);
    assert_eq!(uploaded, PICTURE_BYTES);
    kill_recorded(&mut edge.child);
    let accepts = (1..=COMMANDS).map(|n| 1_000 + n);
    let commands: Vec<_> = accepts.chain([start]).map(|n| CommandId(id(n))).collect();
    read_recording(&calls, data, &commands)
}

async fn send_accepted(tablet: &mut Tablet, frame: Vec<u8>) {
    tablet.send(frame).await;
    assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
}

/// Kills the edge, and awaits the end of the recording.
fn kill_recorded(strace: &mut Child) {
    let pid = strace.id();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let edge = children.trim();
    let killed = Command::new("kill").args(["-KILL", edge]).status();
    assert!(killed.unwrap().success());
    strace.wait().unwrap();
}

/// What a start finds on the disk after a cut.
#[derive(Debug, PartialEq)]
struct AfterCut {
    check: FileCheck,
    alarm: Option<Alarm>,
    /// The acknowledged commands that are gone.
    lost: Vec<CommandId>,
    /// The confirmed bytes of the photo that are gone.
    lost_bytes: usize,
}

const UNHARMED: AfterCut = AfterCut {
    check: FileCheck::Sound,
    alarm: None,
    lost: Vec::new(),
    lost_bytes: 0,
};

async fn cut_power(disk: &Disk, fate: Fate, seed: u64) -> AfterCut {
    let data = tempfile::tempdir_in(fast_folder()).unwrap();
    disk.write_to(data.path(), fate, seed);
    let path = path_in(data.path());
    let found = check_file(&path, || false);
    let identity = EdgeIdentity {
        edge_id: EdgeId::new("north-1").unwrap(),
        region: Region::North,
    };
    let opened = Store::open(data.path(), identity, BootNonce([9; 16]), UnixMillis(1)).await;
    let (_store, alarm) = opened.unwrap();
    // A check changes nothing, so it cannot undo a very first start that was cut; opening does.
    let check = match found {
        FileCheck::Unfinished => check_file(&path, || false),
        finished => finished,
    };
    let report = read_report(&path).unwrap();
    let is_stored = |id: CommandId| report.items.iter().any(|item| item.command_id == id);
    let acknowledged = disk.acknowledged().iter().copied();
    AfterCut {
        check,
        alarm,
        lost: acknowledged.filter(|id| !is_stored(*id)).collect(),
        lost_bytes: disk
            .confirmed_bytes()
            .saturating_sub(count_kept_bytes(data.path())),
    }
}

/// How much of the photo, from its start, is on this disk.
fn count_kept_bytes(data: &Path) -> usize {
    let Ok(files) = std::fs::read_dir(data.join("photos")) else {
        return 0;
    };
    let picture = picture();
    let kept = files.map(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let pairs = bytes.iter().zip(&picture);
        pairs.take_while(|(found, sent)| found == sent).count()
    });
    kept.max().unwrap_or(0)
}

/// In memory if possible: a thousand databases are opened.
fn fast_folder() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        shared.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// Different calls after which the power was cut.
#[derive(Default)]
struct PointCounts {
    all: usize,
    in_first_start: usize,
    spread_evenly: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_at_any_cut_of_power() {
    let data = tempfile::tempdir().unwrap();
    let events = record_work(data.path()).await;
    let mut disk = Disk::new(data.path());
    let mut points = PointCounts::default();
    let mut disks = 0;
    for (n, event) in events.iter().enumerate() {
        disk.apply(event);
        let is_reply = matches!(event, Event::Acknowledged(_) | Event::PhotoConfirmed(_));
        let is_chosen = n * cuts() / events.len() != (n + 1) * cuts() / events.len();
        if n < FIRST_START_CALLS || is_reply || is_chosen {
            for fate in fates_after(n) {
                let found = cut_power(&disk, *fate, n as u64).await;
                assert_eq!(found, UNHARMED, "after call {n}, {fate:?}: {event:?}");
                disks += 1;
            }
            points.all += 1;
            points.in_first_start += usize::from(n < FIRST_START_CALLS);
            points.spread_evenly += usize::from(is_chosen);
        }
    }
    let recorded = events.len();
    assert_eq!(points.in_first_start, FIRST_START_CALLS);
    assert_eq!(points.spread_evenly, cuts(), "{recorded} recorded calls");
    assert_eq!(disks, points.all * fates_after(0).len());
    let acknowledged = disk.acknowledged().len();
    assert_eq!(
        acknowledged as u128,
        COMMANDS + 1,
        "every reply was recorded"
    );
    assert_eq!(disk.confirmed_bytes(), PICTURE_BYTES, "every confirmation");
}
