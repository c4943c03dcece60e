//! Runs the programs printed in `docs/tablet.md` unchanged.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::Region;
use crate::world::until;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tablet.md");
/// A fake paho that never connects, so every command goes over HTTP.
const NO_MQTT: &str = "
class CallbackAPIVersion:
    VERSION2 = 2

MQTTv5 = 5

class Client:
    def __init__(self, *_, **__): pass
    def is_connected(self): return False
    def __getattr__(self, _): return lambda *_, **__: None
";

/// The block of the page that follows these texts.
pub(super) fn block(before: &str, start: &str) -> String {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, after) = page.split_once(before).unwrap();
    let (_, after) = after.split_once(start).unwrap();
    after.split_once("\n```\n").unwrap().0.to_owned()
}

/// The complete tablet, with its file in a separate folder.
fn complete_tablet(folder: &Path, region: &Region) -> Command {
    let paho = folder.join("paho/mqtt");
    std::fs::create_dir_all(&paho).unwrap();
    std::fs::write(paho.join("client.py"), NO_MQTT).unwrap();
    std::fs::write(
        folder.join("tablet.py"),
        block("## A complete tablet", "```python\n"),
    )
    .unwrap();
    let mut command = Command::new("python3");
    let edge = format!("http://{}", region.edge.http);
    command
        .current_dir(folder)
        .args(["-u", "tablet.py", &edge, "20", "right"]);
    command
}

/// Kills it once its command is stored.
fn run_until_stored(mut tablet: Command) {
    let mut running = tablet.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let stored = lines
        .map_while(Result::ok)
        .find(|line| line.starts_with("stored provisional"));
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(stored.is_some(), "the command is stored");
}

/// Runs it until its stored command is decided.
fn run_until_decided(mut tablet: Command) {
    let output = tablet.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("decided provisional applied"), "{said}");
}

async fn until_decided(region: &Region, count: usize) {
    until("the decision", || async {
        let known = region.cloud.last_ack()?.outcome_cursor;
        (region.cloud.commands().len() == count && known == region.cloud.outcome_count())
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_complete_tablet_starts_and_works_while_its_edge_is_cut_off() {
    let region = Region::open().await;
    let folder = tempfile::tempdir().unwrap();
    let tablet = || complete_tablet(folder.path(), &region);
    run_until_stored(tablet());
    until_decided(&region, 1).await;
    run_until_decided(tablet());
    let file = std::fs::read(folder.path().join("tablet.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let sign_ins = region.cloud.sign_ins();
    assert_eq!(sign_ins.len(), 1, "it keeps its sign-in");
    assert_eq!(
        sign_ins[0]["tablet"], file["device"],
        "it signs in under its own name"
    );

    region.cut_off().await;
    run_until_stored(tablet());
    region.cloud.heal();
    until_decided(&region, 2).await;
    run_until_decided(tablet());
    assert_eq!(
        (region.cloud.sign_ins().len(), region.cloud.commands().len()),
        (1, 2)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_example_of_mqtt_3_1_1_gets_its_reply() {
    let region = Region::open().await;
    let http = region.edge.http;
    let mqtt = region.edge.mqtt.unwrap();
    let output = Command::new("bash")
        .args([
            "-euo",
            "pipefail",
            "-c",
            &block("<!-- mqtt-3.1.1 -->", "```bash\n"),
        ])
        .env("EDGE", format!("http://{http}"))
        .env("HOST", mqtt.ip().to_string())
        .env("PORT", mqtt.port().to_string())
        .envs([("NAME", "20"), ("PASSWORD", "right")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.starts_with("stored provisional: Stored at the regional node"),
        "{said}"
    );
}
