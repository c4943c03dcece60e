//! Golden screens: every command at 60, 80 and 120 columns, in both languages. People review the
//! files in `golden`.
//!
//! `HOLDFAST_GOLDEN=write` (`cargo xtask golden`) rewrites them.

#![allow(clippy::unwrap_used, dead_code)]

#[path = "holdfast/stage/mod.rs"]
mod stage;

use std::{
    fs,
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use stage::{PASSWORD, Platform, code, out, report, said};
use unicode_width::UnicodeWidthStr;

const WIDTHS: [usize; 3] = [60, 80, 120];
const LANGUAGES: [&str; 2] = ["en", "zh-CN"];
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// For the healthy platform; `TROUBLED` has every problem.
const WELL: [&str; 30] = [
    "status",
    "edges",
    "wait --for links-up --for synced",
    "lease show NORTH",
    "link cut NORTH",
    "link heal NORTH",
    "lease take-back SOUTH --why Flooded",
    "readmit north-1",
    "readmit north-3",
    "enrol SOUTH south-2",
    "enrol NORTH north-5",
    "enrol withdraw south-2",
    "withdraw 0192f5d4-0000-7000-8000-000000000020 --why Fraud",
    "edges disable north-1 --since 2025-11-24T14:00Z --why Stolen",
    "edges retire north-1 --why Closed",
    "edges rekey north-1",
    "edges rotate north-1",
    "edges rotate north-4",
    "edges record north-1",
    "edges ca",
    "keys",
    "keys rotate --why Planned",
    "keys kill key-2 --why Stolen",
    "dlq list",
    "dlq show hub_feed",
    "dlq show order_events",
    "dlq redrive hub_feed --all",
    "dlq drop hub_feed 0192f5d4-0000-7000-8000-000000000071",
    "dlq drop order_queue --all",
    "dlq replay hub_feed --since 2025-11-24T14:00Z",
];
const TROUBLED: [&str; 18] = [
    "status",
    "edges",
    "queue",
    "queue --limit 2",
    "queue retry north-1 5 --epoch 1",
    "queue retry 0192f5d4-0000-7000-8000-000000000007",
    "conflicts",
    "promises --limit 2",
    "promises --since 1m",
    "explain 0192f5d4-0000-7000-8000-000000000009",
    "explain north-1/1/17",
    "explain north-1/1/5",
    "explain 0192f5d4-0000-7000-8000-000000000007",
    "explain lost-12",
    "explain case-7",
    "trace 0192f5d4-0000-7000-8000-000000000009",
    "wait --for links-up --for drained --timeout 1",
    "lease take-back MID --why flooded",
];
const REFUSED: [&str; 16] = [
    "--url 127.0.0.1:1 status",
    "--url http://gateway.invalid status",
    "explain nonsense",
    "explain N-000000",
    "explain S-000000",
    "explain north-1/1/99",
    "explain lost-11",
    "readmit north-9",
    "enrol NORTH north-1",
    "lease set NORTH --policy exclusive --holder north-9",
    "lease set NORTH --policy exclusive --holder north-4",
    "queue retry north-1",
    "link cut WEST",
    "wait --for up",
    "keys kill key-9 --why Stolen",
    "withdraw nobody --why Fraud",
];
const HELP: [&str; 32] = [
    "--help",
    "help queue",
    "status --help",
    "edges --help",
    "edges disable --help",
    "edges rekey --help",
    "edges rotate --help",
    "edges retire --help",
    "edges record --help",
    "edges ca --help",
    "queue --help",
    "queue retry --help",
    "conflicts --help",
    "promises --help",
    "explain --help",
    "trace --help",
    "enrol --help",
    "enrol withdraw --help",
    "wait --help",
    "link --help",
    "readmit --help",
    "withdraw --help",
    "lease --help",
    "lease show --help",
    "lease set --help",
    "lease take-back --help",
    "keys --help",
    "keys rotate --help",
    "keys kill --help",
    "login --help",
    "logout --help",
    "token --help",
];

#[test]
fn every_command_is_as_it_was_looked_at() {
    let stages = (
        Platform::start(report("up", "match")),
        Platform::start(troubled()),
    );
    let mut different = Vec::new();
    for language in LANGUAGES {
        for width in WIDTHS {
            let shown = all(&stages, language, width);
            check_width(&shown, width);
            let path = format!("{FOLDER}/{language}-{width}.txt");
            if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
                fs::write(&path, &shown).unwrap();
            }
            if fs::read_to_string(&path).unwrap_or_default() != shown {
                different.push(path);
            }
        }
    }
    let advice = "look at the change, then write them anew: cargo xtask golden";
    assert!(
        different.is_empty(),
        "{different:?} are different: {advice}"
    );
}

fn all((well, troubled): &(Platform, Platform), language: &str, width: usize) -> String {
    let mut text = String::new();
    let lines = WELL.map(|line| (well, line)).into_iter();
    let lines = lines.chain(TROUBLED.map(|line| (troubled, line)));
    let lines = lines.chain(REFUSED.map(|line| (well, line)));
    for (platform, line) in lines.chain(HELP.map(|line| (well, line))) {
        let ran = command(platform, line, language, width).output().unwrap();
        text += &shown(platform, line, &ran);
    }
    for line in [
        "login admin --password-stdin",
        "token --region NORTH",
        "logout",
    ] {
        let mut command = command(well, line, language, width);
        let url = well.url();
        command
            .env_remove("HOLDFAST_TOKEN")
            .env("HOLDFAST_URL", url);
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = piped.spawn().unwrap();
        writeln!(running.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        text += &shown(well, line, &running.wait_with_output().unwrap());
    }
    text
}

fn command(platform: &Platform, line: &str, language: &str, width: usize) -> Command {
    let mut command = platform.command(&line.split(' ').collect::<Vec<_>>());
    command.args(["--lang", language, "--width", &width.to_string()]);
    command
}

/// Shows command line, output and exit code; masks ports, folders and times.
fn shown(platform: &Platform, line: &str, ran: &Output) -> String {
    let folder = platform.contexts().display().to_string();
    let text = out(ran) + &said(ran);
    let port = platform.url().rsplit_once(':').unwrap().1.to_owned();
    let text = text
        .replace(&port, &"0".repeat(port.len()))
        .replace(&folder, "/contexts");
    format!(
        "$ holdfast {line}\n{}[{}]\n\n",
        without_seconds(&text),
        code(ran)
    )
}

/// Masks the elapsed time of `wait`.
fn without_seconds(text: &str) -> String {
    let told = ["synced after ", "synced："]
        .into_iter()
        .find_map(|before| {
            let (start, rest) = text.split_once(before)?;
            let (_, end) = rest.split_once(' ')?;
            Some(format!("{start}{before}0.0 {end}"))
        });
    told.unwrap_or_else(|| text.to_owned())
}

/// Only an unbreakable id, address or command may exceed the width.
fn check_width(shown: &str, width: usize) {
    let is_output = |line: &&str| !line.starts_with("$ holdfast");
    for line in shown
        .lines()
        .filter(is_output)
        .filter(|line| line.width() > width)
    {
        let is_command = line.ends_with('\\');
        let mut words = 0;
        let mut in_command = false;
        for word in line.split_whitespace() {
            words += usize::from(!in_command);
            in_command ^= word.matches('`').count() % 2 == 1;
        }
        assert!(is_command || words == 1, "{width} columns: {line}");
    }
}

/// A platform with every kind of problem.
fn troubled() -> Value {
    let mut report = report("down", "unknown");
    let now = "2025-11-24T16:03:12Z";
    let north = &mut report["regions"][0];
    north["policy"] = json!("exclusive");
    north["asks_stopped"] = json!(2);
    north["asks_waiting"] = json!(3);
    north["repairs"] = json!({
        "compared_at": now, "repaired": 2, "repaired_at": now, "contradictions": 1,
        "contradicted_at": now,
    });
    let mut down = north["edges"][0].clone();
    let trouble = json!({
        "epoch": 4, "pending": 4, "oldest_pending_at": "2025-11-24T16:01:00Z", "lag_up_ops": 4,
        "lag_down_changes": 2, "lag_down_outcomes": 1, "lag_down_since": "2025-11-24T16:02:00Z",
        "disk_free_bytes": 0, "clock_error_ms": -125_000, "needs_operator_at": now,
        "quarantine": {"at": now, "why": "edge_restored"}, "twin_seen_at": now,
        "left_behind": [{"epoch": 3, "commands": 7}], "lost": 2, "lost_at": now,
        "newcomers_waiting": 3, "takes_any_hub": true, "plain_line": true, "plain_listeners": true,
        "cloud_tokens_since": now, "certificate_ends_at": "2025-12-01T00:00:00Z",
    });
    merge(&mut down, &trouble);
    let mut up = stage::edge("north-2", "up", "settling");
    let trouble = json!({
        "unsettled_since": now, "lag_down_changes": 7, "disk_free_bytes": 700 << 20, "unproven": 4,
        "repairs": 1, "repaired_at": now,
    });
    merge(&mut up, &trouble);
    let mut held = stage::edge("north-3", "up", "match");
    held["held"] = json!(2);
    north["edges"] = json!([down, up, held]);
    let west = json!({
        "region": "WEST", "gate": "closed", "policy": "optimistic", "holder": null, "feed_seq": 0,
        "orders": 0, "edges": [],
    });
    report["regions"].as_array_mut().unwrap().push(west);
    report["parts"] = json!([
        {"part": "order", "dead_letters": 0},
        {"part": "payment", "dead_letters": 2, "away_since": now},
    ]);
    report
}

fn merge(into: &mut Value, more: &Value) {
    let more = more.as_object().unwrap().clone();
    into.as_object_mut().unwrap().extend(more);
}
