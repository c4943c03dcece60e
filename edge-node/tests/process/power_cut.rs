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
    Edge, command, free, settings,
    world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until},
};
use disk::{Disk, Fate, Syncs};
use recording::{Event, read_recording};

const COMMANDS: u128 = 120;

fn cuts() -> usize {
    if is_deep_run() { 1_000 } else { 150 }
}

/// Starts an edge in `data` whose system calls go to `calls`.
async fn start_recorded(data: &Path, gateway: SocketAddr, calls: &Path) -> Edge {
    let mqtt = free();
    let edge = command(data, &settings(gateway, mqtt, free()), &[]);
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
    let mut edge = start_recorded(data, gateway, &calls).await;
    until("the feed", || async {
        let wanted = u64::try_from(COMMANDS).unwrap();
        cloud.last_ack().filter(|ack| ack.feed_cursor == wanted)
    })
    .await;
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let mut tablet = Tablet::of(edge.mqtt, "t-1", &token, 20).await;
    for n in 1..=COMMANDS {
        tablet.send(frame(1_000 + n, &token, &accept(n))).await;
        assert_eq!(tablet.reply().await.verdict, Verdict::Provisional);
    }
    kill_recorded(&mut edge.child);
    let commands: Vec<_> = (1..=COMMANDS).map(|n| CommandId(id(1_000 + n))).collect();
    read_recording(&calls, data, &commands)
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
}

const UNHARMED: AfterCut = AfterCut {
    check: FileCheck::Sound,
    alarm: None,
    lost: Vec::new(),
};

async fn cut_power(disk: &Disk, fate: Fate, seed: u64) -> AfterCut {
    let data = tempfile::tempdir_in(fast_folder()).unwrap();
    disk.write_to(data.path(), fate, seed);
    let path = path_in(data.path());
    let check = check_file(&path, || false);
    let identity = EdgeIdentity {
        edge_id: EdgeId::new("north-1").unwrap(),
        region: Region::North,
    };
    let opened = Store::open(data.path(), identity, BootNonce([9; 16]), UnixMillis(1)).await;
    let (_store, alarm) = opened.unwrap();
    let report = read_report(&path).unwrap();
    let is_stored = |id: CommandId| report.items.iter().any(|item| item.command_id == id);
    let acknowledged = disk.acknowledged().iter().copied();
    AfterCut {
        check,
        alarm,
        lost: acknowledged.filter(|id| !is_stored(*id)).collect(),
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_command_is_lost_at_any_cut_of_power() {
    let data = tempfile::tempdir().unwrap();
    let events = record_work(data.path()).await;
    let mut disk = Disk::new(data.path(), Syncs::Kept);
    for (n, event) in events.iter().enumerate() {
        disk.apply(event);
        let is_reply = matches!(event, Event::Acknowledged(_));
        let is_chosen = n * cuts() / events.len() != (n + 1) * cuts() / events.len();
        if is_reply || is_chosen {
            let fate = Fate::ALL[n % Fate::ALL.len()];
            let found = cut_power(&disk, fate, n as u64).await;
            assert_eq!(found, UNHARMED, "after call {n}, {fate:?}: {event:?}");
        }
    }
    let acknowledged = disk.acknowledged().len();
    assert_eq!(acknowledged as u128, COMMANDS, "every reply was recorded");
}

/// The test above can fail: an edge that does not sync its commits loses commands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_syncs_of_its_log_an_edge_loses_commands() {
    let data = tempfile::tempdir().unwrap();
    let events = record_work(data.path()).await;
    let mut disk = Disk::new(data.path(), Syncs::OfLogIgnored);
    events.iter().for_each(|event| disk.apply(event));
    let found = cut_power(&disk, Fate::Discarded, 0).await;
    assert!(!found.lost.is_empty(), "{found:?}");
}
