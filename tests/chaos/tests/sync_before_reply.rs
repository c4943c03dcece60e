//! An acknowledged command is on disk: the traced system calls of a running edge show the log
//! synced before the reply, for each of a hundred commands.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use stack::{Layout, Part, Stack, Stores, Wishes, binaries};
use support::{Api, Mqtt, Place, Tablet, eventually};
use wire::{CommandId, EdgeId, Region, Role, Verdict};

const COMMANDS: usize = 100;
const REGION: Region = Region::West;
const SOON: Duration = Duration::from_secs(60);
/// More than the broker writes at once: a write may carry several packets.
const TRACED_BYTES: &str = "131072";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_synced_before_each_reply_is_written() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let stack = Stack::start(layout, &Wishes::of_few_people())
        .await
        .unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let customer = api.at_edges(&customer, REGION).await.unwrap();
    let edge = stack.layout().edge(REGION);
    let place = Place {
        region: REGION,
        edge: EdgeId::new(&edge.edge).unwrap(),
        host: "127.0.0.1".into(),
        port: edge.mqtt,
    };
    let tablet = Tablet::new(place, "kiosk-strace", &customer, Mqtt::V311);
    // The first command gets the connection and the token's own op out of the way.
    tablet.tap(chaos::order(REGION, 0), SOON).await.unwrap();

    let calls = stack.layout().folder.join("calls");
    let mut strace = attach(
        stack.child(Part::Edge(REGION)).unwrap().pid().unwrap(),
        &calls,
    )
    .await;
    let mut commands = Vec::new();
    for n in 1..=COMMANDS {
        let command = tablet.prepare(chaos::order(REGION, n));
        let reply = tablet.until_stored(command, SOON).await.unwrap();
        assert_eq!(reply.verdict, Verdict::Provisional);
        commands.push(command);
    }
    detach(&mut strace);

    let calls = fs::read_to_string(calls).unwrap();
    // Commands run one at a time, so each one's calls follow the previous reply.
    let mut lines = calls.lines();
    for command in commands {
        synced_before_replied(&mut lines, command);
    }
    tablet.stop().await;
    stack.stop().await.unwrap();
}

/// The command is written to the log's file, the file is synced, and only then the reply with the
/// receipt is sent.
fn synced_before_replied<'a>(lines: &mut impl Iterator<Item = &'a str>, command: CommandId) {
    let id = Traced::of(command);
    let mut log = Log::default();
    for line in lines {
        log.hear(line, &id);
        if is_sent(line) && line.contains(&id.as_text) && line.contains(&id.receipt) {
            assert!(log.synced, "{command} was answered before it was synced");
            return;
        }
    }
    panic!("{command} was never answered");
}

/// The patterns in the traced bytes: the command id raw in the log's file, and as text with the
/// receipt in a reply.
struct Traced {
    raw: String,
    as_text: String,
    receipt: String,
    log: String,
}

impl Traced {
    fn of(command: CommandId) -> Self {
        Self {
            raw: hex(command.as_bytes()),
            as_text: hex(command.to_string().as_bytes()),
            receipt: hex(b"receipt"),
            log: hex(b"edge.db-wal"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn is_sent(line: &str) -> bool {
    ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .any(|call| line.contains(call))
}

/// One command's path into the log's file. A sync that began before the write does not count. A
/// sync interrupted by another thread in the trace ends with its own thread's resumed line.
#[derive(Default)]
struct Log<'a> {
    written: bool,
    syncing: Vec<&'a str>,
    synced: bool,
}

impl<'a> Log<'a> {
    fn hear(&mut self, line: &'a str, id: &Traced) {
        let thread = line.split_whitespace().next().unwrap_or_default();
        let of_log = line.contains(&id.log);
        if of_log && line.contains("pwrite64(") && line.contains(&id.raw) {
            self.written = true;
        } else if of_log && self.written && line.contains("sync(") {
            if line.contains("unfinished") {
                self.syncing.push(thread);
            } else {
                self.synced |= line.ends_with("= 0");
            }
        } else if line.contains("sync resumed>") && self.syncing.contains(&thread) {
            self.syncing.retain(|other| *other != thread);
            self.synced |= line.ends_with("= 0");
        }
    }
}

async fn attach(pid: u32, output: &Path) -> Child {
    let said = output.with_extension("said");
    let strace = Command::new(binaries::debian("strace", "strace").unwrap())
        .args(["-f", "-y", "-xx", "-s", TRACED_BYTES, "-o"])
        .arg(output)
        .args([
            "-e",
            "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg",
        ])
        .args(["-p", &pid.to_string()])
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    eventually("strace is attached", SOON, async || {
        fs::read_to_string(&said)
            .is_ok_and(|text| text.contains("attached"))
            .then_some(())
    })
    .await;
    strace
}

fn detach(strace: &mut Child) {
    let pid = strace.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    strace.wait().unwrap();
}
