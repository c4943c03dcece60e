//! This version reads a newer peer's data: every place of every golden vector that may gain a field
//! gets one, and every kind that may be added appears.

#![allow(clippy::unwrap_used)]

mod cbor;

use std::collections::BTreeMap;

use cbor::Node;
use wire::{
    ApprovalRule, AssignmentEvent, Code, CommandBody, FeedChange, FenceEnding, Frame, Lost,
    OfflineRules, Op, Outcome, RevokedLeases, SnapshotPart,
};

const FILE: &str = include_str!("../golden/v1.json");
/// Far beyond the field and kind numbers of this version.
const LATER: u64 = 900;
/// The name prefixes of golden vectors that are frames.
const FRAMES: [&str; 12] = [
    "frame",
    "hello",
    "welcome",
    "up",
    "ack",
    "credit",
    "outcomes",
    "held",
    "quarantine",
    "change",
    "certificate",
    "photo",
];

fn golden() -> BTreeMap<String, String> {
    serde_json::from_str(FILE).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn vector(name: &str) -> Vec<u8> {
    bytes(&golden()[name])
}

/// Adds a field to `whole` at each place that may get one, and expects the same value as without
/// it.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(name: &str, whole: &[u8], read: impl Fn(&[u8]) -> T) {
    let expected = read(whole);
    let tree = Node::read(whole);
    assert_eq!(tree.bytes(), whole, "{name} is written as it was read");
    let places = tree.places();
    assert!(!places.is_empty(), "{name} has no place for a field");
    for place in places {
        let grown = tree.grown(&place, LATER);
        assert_eq!(
            read(&grown),
            expected,
            "{name} with a field more at {place:?}"
        );
    }
}

#[test]
fn a_field_that_a_newer_peer_adds_anywhere_in_a_frame_is_read_past() {
    let mut kinds = 0;
    for (name, hex) in golden() {
        let kind = name.split('/').next().unwrap();
        // One change is in its frame; the others are bare.
        let is_bare = kind == "change" && !name.starts_with("change/assignment");
        if FRAMES.contains(&kind) && !is_bare {
            check(&name, &bytes(&hex), |bytes| {
                Frame::from_bytes(bytes).unwrap()
            });
            kinds += usize::from(kind == "frame");
        }
    }
    assert_eq!(kinds, 22);
    let part = |bytes: &[u8]| SnapshotPart::from_bytes(bytes).unwrap();
    check("snapshot/part", &vector("snapshot/part"), part);
    let lost = |bytes: &[u8]| minicbor::decode::<Lost>(bytes).unwrap();
    check("lost/taken_back", &vector("lost/taken_back"), lost);
}

#[test]
fn a_field_that_a_newer_peer_adds_anywhere_in_an_op_or_a_command_is_read_past() {
    let mut ops = 0;
    let mut commands = 0;
    for (name, text) in golden() {
        if name.starts_with("op/") {
            check(&name, &bytes(&text), |bytes| Op::from_bytes(bytes).unwrap());
            ops += 1;
        }
        if name.starts_with("command_json/") {
            let body: CommandBody = serde_json::from_str(&text).unwrap();
            let read = |bytes: &[u8]| minicbor::decode::<CommandBody>(bytes).unwrap();
            check(&name, &minicbor::to_vec(&body).unwrap(), read);
            // The hash covers only the fields of this version, so the command stays the same.
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            json["from_the_future"] = true.into();
            let again: CommandBody = serde_json::from_value(json).unwrap();
            assert_eq!(again.hash(), body.hash(), "{name}");
            commands += 1;
        }
    }
    assert_eq!((ops, commands), (7, 21));
}

#[test]
fn a_kind_of_frame_that_is_not_known_is_told_as_such() {
    let tree = Node::Array(vec![Node::Unsigned(LATER), Node::Map(Vec::new())]);
    assert_eq!(
        Frame::from_bytes(&tree.bytes()).unwrap(),
        Frame::Unknown(900)
    );
}

/// If an edge ended the session for such a change, the hub would resend it forever.
#[test]
fn a_kind_of_change_that_is_not_known_leaves_those_around_it() {
    let Frame::Down(before) = Frame::from_bytes(&vector("frame/Down")).unwrap() else {
        panic!("a Down frame")
    };
    for at in 0..=before.changes.len() {
        let mut tree = Node::read(&vector("frame/Down"));
        let text = Node::Text("from the future".into());
        let later = Node::Array(vec![Node::Unsigned(LATER), Node::Array(vec![text])]);
        tree.list_mut(&before.changes.len()).insert(at, later);
        let Frame::Down(read) = Frame::from_bytes(&tree.bytes()).unwrap() else {
            panic!("a Down frame")
        };
        let mut expected = before.changes.clone();
        expected.insert(at, FeedChange::Unknown);
        assert_eq!(
            (read.from, read.to, read.changes),
            (before.from, before.to, expected)
        );
    }
}

/// The hub retries, as it does for an edge without room.
#[test]
fn an_ask_for_a_command_that_is_not_known_is_passed_over() {
    let mut tree = Node::read(&vector("frame/Ask"));
    *tree.command_kind_mut() = Node::Unsigned(LATER);
    assert_eq!(Frame::from_bytes(&tree.bytes()).unwrap(), Frame::Unknown(8));
}

#[test]
fn a_kind_of_op_or_command_that_is_not_known_is_no_op_and_can_be_answered() {
    let op = Node::Array(vec![Node::Unsigned(LATER), Node::Array(Vec::new())]);
    assert!(Op::from_bytes(&op.bytes()).is_err());
    let mut tree = Node::read(&vector("op/command"));
    *tree.command_kind_mut() = Node::Unsigned(LATER);
    assert!(Op::from_bytes(&tree.bytes()).is_err());
    // Frames carry ops as opaque bytes.
    let Frame::Up(mut up) = Frame::from_bytes(&vector("frame/Up")).unwrap() else {
        panic!("an Up frame")
    };
    up.ops.push(op.bytes().into());
    assert_eq!(
        Frame::from_bytes(&Frame::Up(up.clone()).to_bytes()).unwrap(),
        Frame::Up(up)
    );
}

/// A hub retries a take-back until it can read the answer, and resends an outcome until the edge
/// can read it.
#[test]
fn a_right_that_ended_in_a_way_that_is_not_known_has_ended_all_the_same() {
    let record = serde_json::json!({
        "region": "NORTH",
        "fence": 4,
        "holder": "north-1",
        "epoch": 1,
        "granted_at": "2025-11-24T16:00:00Z",
        "granted_by": "0192f5d4-0000-7000-8000-000000000001",
        "end": {"at": "2025-11-24T17:00:00Z", "how": "from_the_future"},
    });
    let told = serde_json::json!({"fences": [record]});
    let told: RevokedLeases = serde_json::from_value(told).unwrap();
    let end = told.fences[0].end.clone().unwrap();
    assert!(end.how == FenceEnding::Unrecognised && end.how.is_take_back());

    // The same as a number without a meaning here.
    let Frame::Outcomes(mut frame) = Frame::from_bytes(&vector("frame/Outcomes")).unwrap() else {
        panic!("an Outcomes frame")
    };
    frame.outcomes[0].outcome.lost.as_mut().unwrap().taken_back = Some(end);
    let bytes = Frame::Outcomes(frame.clone()).to_bytes();
    assert_eq!(Frame::from_bytes(&bytes).unwrap(), Frame::Outcomes(frame));
}

#[test]
fn an_outcomes_code_that_is_not_known_is_an_outcome_all_the_same() {
    let Frame::Outcomes(mut frame) = Frame::from_bytes(&vector("frame/Outcomes")).unwrap() else {
        panic!("an Outcomes frame")
    };
    let known = frame.outcomes[0].outcome.code.unwrap().as_str();
    let mut tree = Node::read(&vector("frame/Outcomes"));
    assert!(tree.replace_text(known, "from_the_future") > 0);
    for numbered in &mut frame.outcomes {
        let Outcome { code, first, .. } = &mut numbered.outcome;
        let codes = code
            .iter_mut()
            .chain(first.iter_mut().filter_map(|first| first.code.as_mut()));
        for code in codes.filter(|code| code.as_str() == known) {
            *code = Code::Unrecognised;
        }
    }
    assert_eq!(
        Frame::from_bytes(&tree.bytes()).unwrap(),
        Frame::Outcomes(frame)
    );
}

/// An assignment also arrives as an event, and the order service's database stores its rules as
/// text.
#[test]
fn a_rule_that_is_not_known_is_read_past() {
    for name in [
        "event/region_assigned",
        "event/region_assigned in good standing",
        "event/region_assigned paid afterwards",
    ] {
        let json: serde_json::Value = serde_json::from_str(&golden()[name]).unwrap();
        let expected: AssignmentEvent = serde_json::from_value(json.clone()).unwrap();
        let rules = "/assignment/rules";
        for place in [rules.to_owned(), format!("{rules}/approval")] {
            let mut later = json.clone();
            later.pointer_mut(&place).unwrap()["from_the_future"] = true.into();
            let read: AssignmentEvent = serde_json::from_value(later).unwrap();
            assert_eq!(read, expected, "{name} with a field more at {place}");
        }
    }
}

/// The rules as the previous version defined them.
#[derive(minicbor::Decode, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
struct RulesBefore {
    #[n(0)]
    unpaid_start: bool,
    #[n(1)]
    approval: Option<ApprovalRule>,
}

/// An edge of that version allows less than its peer. A hub or an order service of that version
/// cannot read a region with the rule, but reads all others.
#[test]
fn an_older_reader_of_rules_never_allows_more() {
    let event = |name: &str| -> OfflineRules {
        let event: AssignmentEvent = serde_json::from_str(&golden()[name]).unwrap();
        event.assignment.rules
    };
    let plain = event("event/region_assigned");
    let wider = event("event/region_assigned in good standing");
    assert_eq!(
        wider.list_approval_rules(false).collect::<Vec<_>>(),
        plain.list_approval_rules(true).collect::<Vec<_>>()
    );
    assert_eq!(wider.list_approval_rules(true).count(), 2);
    let afterwards = event("event/region_assigned paid afterwards");
    assert!(afterwards.unpaid_start_max.is_some() && !afterwards.paid_afterwards.is_empty());
    assert!(
        !afterwards.unpaid_start,
        "a cap is no cap to who reads past it"
    );
    for rules in [&plain, &wider, &afterwards] {
        let before: RulesBefore = minicbor::decode(&minicbor::to_vec(rules).unwrap()).unwrap();
        assert_eq!(
            (before.unpaid_start, &before.approval),
            (rules.unpaid_start, &plain.approval)
        );
    }
    let reads = |rules: &OfflineRules| {
        serde_json::from_value::<RulesBefore>(serde_json::to_value(rules).unwrap())
    };
    assert!(reads(&plain).is_ok() && reads(&wider).is_err());
}
