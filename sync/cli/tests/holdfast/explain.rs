//! `holdfast explain` for an op, a command and a conflict.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn an_op_tells_every_hop_who_won_and_what_comes_next() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["explain", "north-1/1/17"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let hops = [
        "north-1/1/17  accept_order",
        "+ decided",
        "2025-11-24 16:00:10.000Z  tapped on tablet-7, by the device's own clock",
        "2025-11-24 16:00:11.000Z  stored at north-1, answered `provisional`: the cloud decides",
        "2025-11-24 16:02:12.000Z  received by the hub",
        "2025-11-24 16:03:00.000Z  decided by the cloud: rejected",
        "2025-11-24 16:03:01.000Z  ready for its edge, which has it",
        "Answer: Order has been accepted by another provider (order_already_accepted)",
        "Next: nothing to do",
        "Who won: provider A (through the cloud).",
        "Why provider B lost (through the edge north-1): Another provider has the order: that acceptance",
    ];
    let text = out(&ran);
    let mut from = 0;
    for hop in hops {
        let at = text[from..].find(hop);
        from += at.unwrap_or_else(|| panic!("`{hop}` is missing, or out of place, in\n{text}"));
    }
}

#[test]
fn a_command_is_found_by_its_id_and_a_conflict_by_its_name() {
    let platform = Platform::start(report("up", "match"));
    for asked in [COMMAND, "lost-12", "lost-9", "case-7"] {
        let ran = platform.holdfast(&["explain", asked]);
        assert_eq!(code(&ran), 0, "{asked}: {}", said(&ran));
        assert!(
            out(&ran).contains("north-1/1/17  accept_order"),
            "{}",
            out(&ran)
        );
    }
    let ran = platform.holdfast(&["explain", "case-7", "--lang", "zh-CN"]);
    assert!(
        out(&ran).starts_with("case-7  节点已当场承诺，但其派单权随后终止"),
        "{}",
        out(&ran)
    );
    let ran = platform.holdfast(&["explain", "lost-12", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["conflict"]["conflict"], "lost-12");
    assert_eq!(value["ops"][0]["outcome"]["told"], true);
}

#[test]
fn an_op_that_waits_says_for_what() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["explain", "north-1/1/5"]);
    let text = out(&ran);
    assert!(
        text.contains("! needs an operator") && text.contains("not decided"),
        "{text}"
    );
    assert!(
        text.contains("Next: the order service failed on it alone 3 times"),
        "{text}"
    );
}

#[test]
fn what_nobody_knows_is_not_found() {
    let platform = Platform::start(report("up", "match"));
    let stranger = "0192f5d4-0000-7000-8000-00000000ffff";
    for asked in ["north-1/1/99", "lost-11", "case-8", stranger] {
        let ran = platform.holdfast(&["explain", asked]);
        assert_eq!((code(&ran), out(&ran).as_str()), (5, ""), "{asked}");
        assert!(said(&ran).contains("Next: "), "{asked}: {}", said(&ran));
    }
}

#[test]
fn a_hub_that_does_not_answer_makes_no_zero() {
    let platform = Platform::start(json!({"busy_for_s": 1, "code": "unavailable"}));
    let ran = platform.holdfast(&["explain", ORDER, "--json"]);
    let story: Value =
        serde_json::from_str(&out(&ran)).unwrap_or_else(|_| panic!("{}", said(&ran)));
    assert_eq!(story["pending_at_edges"], Value::Null);
    let told = out(&platform.holdfast(&["explain", ORDER]));
    assert!(
        told.contains("! The hub does not answer: it is not known"),
        "{told}"
    );
}
