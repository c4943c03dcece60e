//! Checks every command's `--json` output against its published schema.

use serde_json::Value;
use support::form;

use crate::stage::*;

/// Command line and schema of its answer.
const ANSWERS: [(&str, &str); 37] = [
    ("status", "status"),
    ("edges", "edges"),
    (
        "edges disable north-1 --since 2h --why Stolen",
        "edges-disable",
    ),
    ("edges retire north-1 --why Closed", "edges-disable"),
    ("edges rekey north-1", "edges-key"),
    ("edges rotate north-1", "edges-key"),
    ("edges record north-1", "edges-record"),
    ("edges ca", "edges-ca"),
    ("queue", "queue"),
    ("queue retry north-1 5 --epoch 1", "queue-retry"),
    (
        "queue retry 0192f5d4-0000-7000-8000-000000000007",
        "queue-retry-ask",
    ),
    ("conflicts", "conflicts"),
    ("promises", "promises"),
    (
        "explain 0192f5d4-0000-7000-8000-000000000009",
        "explain-order",
    ),
    ("explain north-1/1/17", "explain-op"),
    ("explain north-1/1/5", "explain-op"),
    ("explain 0192f5d4-0000-7000-8000-000000000007", "explain-op"),
    ("explain lost-12", "explain-op"),
    ("explain case-7", "explain-op"),
    ("trace 0192f5d4-0000-7000-8000-000000000009", "trace"),
    ("enrol SOUTH south-2", "enrol"),
    ("enrol withdraw south-2", "enrol-withdraw"),
    ("token --region NORTH", "token"),
    ("logout", "logout"),
    ("wait --for drained", "wait"),
    ("link cut NORTH", "link"),
    ("readmit north-1", "readmit"),
    (
        "withdraw 0192f5d4-0000-7000-8000-000000000020 --why Fraud",
        "withdraw",
    ),
    ("lease show NORTH", "lease"),
    ("keys", "keys"),
    ("keys rotate --why Planned", "keys"),
    ("keys kill key-2 --why Stolen", "keys"),
    ("dlq list", "dlq"),
    ("dlq show hub_feed", "dlq-show"),
    ("dlq redrive hub_feed --all", "dlq-settled"),
    (
        "dlq drop hub_feed 0192f5d4-0000-7000-8000-000000000071",
        "dlq-settled",
    ),
    ("dlq replay hub_feed --since 3d", "dlq-replay"),
];

#[track_caller]
fn check(name: &str, answer: &str, line: &str) {
    let value: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(form::differs(name, &value), None, "{line}");
}

#[test]
fn every_answer_is_of_its_published_form() {
    let platform = Platform::start(report("up", "match"));
    for (line, name) in ANSWERS {
        let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let ran = platform.holdfast(&args);
        assert_eq!(code(&ran), 0, "{line}: {}", said(&ran));
        check(name, &out(&ran), line);
        let value = serde_json::from_str(&out(&ran)).unwrap();
        assert_eq!(
            form::of(line, &value),
            name,
            "whoever checks a real answer finds its form"
        );
    }
    let signed_in = crate::login::login(&platform, PASSWORD, &["--json"]);
    check("login", &out(&signed_in), "login");
    let degraded = Platform::start(report("down", "unknown"));
    let ran = degraded.holdfast(&["status", "--json"]);
    check("status", &out(&ran), "status");
    let ran = degraded.holdfast(&["wait", "--for", "links-up", "--timeout", "1", "--json"]);
    check("error", &said(&ran), "wait");
}

#[test]
fn every_published_form_belongs_to_a_command() {
    let folder = format!("{}/schema", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let used = |known: &str| name == format!("{known}.json");
        let is_checked_apart = used("error") || used("login");
        assert!(
            is_checked_apart || ANSWERS.iter().any(|(_, known)| used(known)),
            "{name}"
        );
    }
}
