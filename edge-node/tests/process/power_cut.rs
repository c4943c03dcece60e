//! The power fails at any moment: the system calls of a real edge are recorded, and its disk is
//! rebuilt as it may look after a cut in between. What was not synced is discarded, torn or kept.
//! The cuts fall into a first start, commands, a photo, the cloud's decisions, checkpoints of the
//! database, and the rebuilding of the cached orders from a snapshot.

#[path = "power_cut/disk.rs"]
mod disk;
#[path = "power_cut/recording.rs"]
mod recording;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use holdfast_edge::{
    FileCheck, check_file, path_in, read_report,
    store::{Alarm, CommandLogResult, EdgeIdentity, Store},
};
use support::is_deep_run;
use wire::{
    BootNonce, CommandBody, CommandId, EdgeId, Hop, Region, Role, UnixMillis, UserId, Verdict,
};

use crate::{
    Edge, command, free,
    photos::PhotoTablet,
    settings,
    world::{accept, cloud::Cloud, frame, id, order, tablet::Tablet, until},
};
use disk::{Disk, Fate};
use recording::{Event, read_recording};

const COMMANDS: u128 = 80;
/// The orders of the cloud's snapshot: some leave, most have a newer version, and some are new.
const SNAPSHOT: RangeInclusive<u128> = 21..=300;
const PICTURE_BYTES: usize = 60_000;
/// The power is cut after each of these.
const FIRST_START_CALLS: usize = 100;

fn cuts() -> usize {
    if is_deep_run() { 1_000 } else { 150 }
}

/// Further cuts into each phase that takes few of the calls.
fn late_cuts() -> usize {
    if is_deep_run() { 60 } else { 12 }
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

/// What an edge did, and the feed number of the snapshot that it took.
struct RecordedWork {
    events: Vec<Event>,
    snapshot_seq: u64,
}

/// Works cut off from the cloud, then receives its decisions and takes a snapshot.
async fn record_work(data: &Path) -> RecordedWork {
    let (cloud, gateway) = Cloud::start().await;
    (1..=COMMANDS).for_each(|n| cloud.put(order(n, 1)));
    let calls = tempfile::tempdir().unwrap();
    let calls = calls.path().join("calls");
    let http = free();
    let mut edge = start_recorded(data, gateway, http, &calls).await;
    until_feed_applied(&cloud, u64::try_from(COMMANDS).unwrap()).await;
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

    cloud.heal();
    for _ in 1..=COMMANDS + 1 {
        assert_eq!(tablet.reply().await.hop, Hop::Decided);
    }
    let snapshot = SNAPSHOT.map(|n| order(n, 9)).collect();
    let snapshot_seq = cloud.send_snapshot(snapshot);
    until_feed_applied(&cloud, snapshot_seq).await;
    kill_recorded(&mut edge.child);
    let commands: Vec<_> = list_commands().into_keys().collect();
    RecordedWork {
        events: read_recording(&calls, data, &commands),
        snapshot_seq,
    }
}

async fn until_feed_applied(cloud: &Cloud, seq: u64) {
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == seq)
    })
    .await;
}

/// The commands of the tablet.
fn list_commands() -> BTreeMap<CommandId, CommandBody> {
    let accepts = (1..=COMMANDS).map(|n| (1_000 + n, accept(n)));
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let start = PhotoTablet::new(anywhere, "", picture()).start_order();
    let all = accepts.chain([start]);
    all.map(|(command, body)| (CommandId(id(command)), body))
        .collect()
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
    /// The acknowledged commands that neither wait nor are decided.
    lost: Vec<CommandId>,
    /// The commands whose decision a tablet has received and the disk lacks.
    undecided: Vec<CommandId>,
    /// The cached orders are those of the snapshot, and the feed cursor is not, or vice versa.
    is_view_torn: bool,
    /// The confirmed bytes of the photo that are gone.
    lost_bytes: usize,
}

const UNHARMED: AfterCut = AfterCut {
    check: FileCheck::Sound,
    alarm: None,
    lost: Vec::new(),
    undecided: Vec::new(),
    is_view_torn: false,
    lost_bytes: 0,
};

async fn cut_power(disk: &Disk, fate: Fate, seed: u64, work: &CheckedWork) -> AfterCut {
    let data = tempfile::tempdir_in(fast_folder()).unwrap();
    disk.write_to(data.path(), fate, seed);
    let path = path_in(data.path());
    let found = check_file(&path, || false);
    let opened = Store::open(data.path(), north_1(), BootNonce([9; 16]), UnixMillis(1)).await;
    let (store, alarm) = opened.unwrap();
    // A check changes nothing, so it cannot undo a very first start that was cut; opening does.
    let check = match found {
        FileCheck::Unfinished => check_file(&path, || false),
        finished => finished,
    };
    let report = read_report(&path).unwrap();
    let waiting: BTreeSet<_> = report.items.iter().map(|item| item.command_id).collect();
    let mut lost = Vec::new();
    for command in disk.acknowledged() {
        if !waiting.contains(command) && !is_decided(&store, work, *command).await {
            lost.push(*command);
        }
    }
    let mut undecided = Vec::new();
    for command in disk.decided() {
        if !is_decided(&store, work, *command).await {
            undecided.push(*command);
        }
    }
    let is_after_snapshot = report.feed_cursor == work.snapshot_seq;
    AfterCut {
        check,
        alarm,
        lost,
        undecided,
        is_view_torn: is_after_snapshot != (report.orders == SNAPSHOT.count() as u64),
        lost_bytes: disk
            .confirmed_bytes()
            .saturating_sub(count_kept_bytes(data.path())),
    }
}

fn north_1() -> EdgeIdentity {
    EdgeIdentity {
        edge_id: EdgeId::new("north-1").unwrap(),
        region: Region::North,
    }
}

/// True if the store has the cloud's decision on the command.
async fn is_decided(store: &Store, work: &CheckedWork, command: CommandId) -> bool {
    let provider = UserId(id(20));
    let hash = work.commands[&command].hash();
    let edge = north_1();
    let found = store.find_answer(&edge, command, hash, provider).await;
    match found.unwrap() {
        Some(CommandLogResult::Stored { stored, .. }) => stored.outcome.is_some(),
        _ => false,
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

/// What the edge was doing when its power was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    FirstStart,
    Commands,
    /// Until a tablet has received the last decision.
    Decisions,
    Snapshot,
    /// Pages go from the write-ahead log to the database itself, whatever else the edge does.
    Checkpoint,
}

/// The work that the disks after the cuts are compared with.
struct CheckedWork {
    commands: BTreeMap<CommandId, CommandBody>,
    snapshot_seq: u64,
    /// Of each recorded call.
    phases: Vec<Phase>,
}

impl CheckedWork {
    fn new(work: &RecordedWork, database: &Path) -> Self {
        let last = |is_it: fn(&Event) -> bool| work.events.iter().rposition(is_it).unwrap();
        let last_receipt = last(|event| matches!(event, Event::Acknowledged(_)));
        let last_decision = last(|event| matches!(event, Event::Decided(_)));
        let phases = work.events.iter().enumerate().map(|(call, event)| {
            if call < FIRST_START_CALLS {
                Phase::FirstStart
            } else if matches!(event, Event::Written { file, .. } if file == database) {
                Phase::Checkpoint
            } else if call <= last_receipt {
                Phase::Commands
            } else if call <= last_decision {
                Phase::Decisions
            } else {
                Phase::Snapshot
            }
        });
        Self {
            commands: list_commands(),
            snapshot_seq: work.snapshot_seq,
            phases: phases.collect(),
        }
    }

    /// Some of the calls from each late phase.
    fn choose_late_calls(&self) -> BTreeSet<usize> {
        let mut chosen = BTreeSet::new();
        for late in [Phase::Decisions, Phase::Snapshot, Phase::Checkpoint] {
            let calls = self.phases.iter().enumerate();
            let calls = calls.filter(|(_, phase)| **phase == late);
            let calls: Vec<usize> = calls.map(|(call, _)| call).collect();
            let cuts = late_cuts().min(calls.len());
            chosen.extend((0..cuts).map(|n| calls[n * calls.len() / cuts]));
        }
        chosen
    }
}

/// Different calls after which the power was cut.
#[derive(Debug, Default)]
struct PointCounts {
    all: usize,
    spread_evenly: usize,
    by_phase: BTreeMap<Phase, usize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_at_any_cut_of_power() {
    let data = tempfile::tempdir().unwrap();
    let work = record_work(data.path()).await;
    let checked = CheckedWork::new(&work, &path_in(data.path()));
    let late_calls = checked.choose_late_calls();
    let events = work.events;
    let mut disk = Disk::new(data.path());
    let mut points = PointCounts::default();
    let mut disks = 0;
    for (n, event) in events.iter().enumerate() {
        disk.apply(event);
        let is_reply = matches!(event, Event::Acknowledged(_) | Event::PhotoConfirmed(_));
        let is_chosen = n * cuts() / events.len() != (n + 1) * cuts() / events.len();
        if n < FIRST_START_CALLS || is_reply || is_chosen || late_calls.contains(&n) {
            for fate in fates_after(n) {
                let found = cut_power(&disk, *fate, n as u64, &checked).await;
                assert_eq!(found, UNHARMED, "after call {n}, {fate:?}: {event:?}");
                disks += 1;
            }
            points.all += 1;
            points.spread_evenly += usize::from(is_chosen);
            *points.by_phase.entry(checked.phases[n]).or_default() += 1;
        }
    }
    let recorded = events.len();
    println!("{recorded} recorded calls, {points:?}");
    assert_eq!(points.by_phase[&Phase::FirstStart], FIRST_START_CALLS);
    assert_eq!(points.spread_evenly, cuts(), "{recorded} recorded calls");
    assert_eq!(disks, points.all * fates_after(0).len());
    for late in [Phase::Decisions, Phase::Snapshot, Phase::Checkpoint] {
        let cuts = points.by_phase.get(&late);
        assert!(cuts.is_some_and(|cuts| *cuts >= late_cuts()), "{points:?}");
    }
    let all = checked.commands.len();
    assert_eq!(disk.acknowledged().len(), all, "every reply was recorded");
    assert_eq!(disk.decided().len(), all, "every decision was recorded");
    assert_eq!(disk.confirmed_bytes(), PICTURE_BYTES, "every confirmation");
}
