//! `holdfast queue`: waiting ops, ops left behind, and retries of failed ops.

use serde_json::Value;

use crate::stage::*;

fn platform() -> Platform {
    let mut report = report("up", "match");
    report["regions"][0]["holder"] = "north-9".into();
    report["regions"][0]["edges"][0]["epoch"] = 2.into();
    Platform::start(report)
}

#[test]
fn what_waits_is_shown_with_its_next_step_and_what_needs_a_person_first() {
    let ran = platform().holdfast(&["queue"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let text = out(&ran);
    let (ops, rest) = text
        .split_once("\nAcceptances made at the portal that wait for a decision")
        .expect(&text);
    let (asks, left) = rest
        .split_once("Left undecided by an epoch that has ended")
        .unwrap();
    assert_waiting_ops_shown(ops);
    assert_waiting_acceptances_shown(asks);
    assert_left_behind_shown(left);
}

fn assert_waiting_ops_shown(text: &str) {
    let code = order_code();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "OP\tWHAT\tORDER\tSTATE\tAGE\tFAILED\tNEXT STEP");
    for (line, seq, rest) in [
        (
            1,
            5,
            "! needs an operator\t1m 0s\t3\tthe order service failed on it alone 3 times: \
                see its log for north-1/1/5, then `holdfast queue retry north-1 5`",
        ),
        (
            2,
            7,
            "~ waits for the holder\t1m 0s\t0\treconnect north-9, which holds NORTH; or \
                `holdfast lease take-back NORTH --why TEXT`",
        ),
        (
            3,
            8,
            "~ received\t1m 0s\t0\tnothing to do: its turn comes by itself",
        ),
        (
            4,
            9,
            "~ received\t1m 0s\t0\tnothing to do: its turn comes by itself",
        ),
    ] {
        assert_eq!(
            lines[line],
            format!("north-1/1/{seq}\taccept_order\t{code}\t{rest}")
        );
    }
}

/// `text` begins with the rest of the list's title.
fn assert_waiting_acceptances_shown(text: &str) {
    let code = order_code();
    let lines: Vec<&str> = text.lines().skip(1).take(4).collect();
    assert_eq!(
        lines[0],
        "COMMAND\tORDER\tREGION\tSTATE\tAGE\tFAILED\tPROVIDER\tNEXT STEP"
    );
    let stopped = format!("NORTH\t! needs an operator\t12s\t3\t{COMMAND}");
    for (line, start, rest) in [
        (
            1,
            format!("{STOPPED}\t{code}\t{stopped}"),
            format!(
                "the order service failed on it alone 3 times: see its log for {STOPPED}, then \
                 `holdfast queue retry {STOPPED}`"
            ),
        ),
        (
            2,
            format!("{UNREAD}\t-\t{stopped}"),
            format!(
                "the hub cannot read it: run the version of the hub that took it, then \
                 `holdfast queue retry {UNREAD}`"
            ),
        ),
        (
            3,
            format!("{ORDER}\t{code}\tNORTH\t~ waits for the holder\t12s\t0\t{COMMAND}"),
            "reconnect north-9, which holds NORTH; or `holdfast lease take-back NORTH --why TEXT`"
                .to_owned(),
        ),
    ] {
        assert_eq!(lines[line], format!("{start}\t{rest}"));
    }
}

fn assert_left_behind_shown(left: &str) {
    assert!(
        left.contains("north-1/1/3") && left.contains("is now op north-1/2/4"),
        "{left}"
    );
    assert!(
        left.contains("north-1/1/4") && left.contains("or its tablet sends it again"),
        "{left}"
    );
    assert!(!left.contains("boot"), "{left}");
}

#[test]
fn a_long_queue_is_cut_and_says_so() {
    let platform = platform();
    let ran = platform.holdfast(&["queue", "--limit", "2"]);
    assert!(
        out(&ran).contains("more wait; `--limit` shows more"),
        "{}",
        out(&ran)
    );
    assert!(!out(&ran).contains("north-1/1/8"), "{}", out(&ran));
    let ran = platform.holdfast(&["queue", "--limit", "2", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(
        (
            value["more"].as_bool(),
            value["waiting"].as_array().unwrap().len()
        ),
        (Some(true), 2)
    );
}

#[test]
fn the_queue_of_one_edge_is_asked_for_by_name() {
    let platform = platform();
    let ran = platform.holdfast(&["queue", "north-1", "--lang", "zh-CN"]);
    assert!(out(&ran).contains("需要人工处理"), "{}", out(&ran));
    assert!(
        !out(&ran).contains("正在询问持有节点的接单"),
        "those are no edge's: {}",
        out(&ran)
    );
    let ran = platform.holdfast(&["queue", "north-8"]);
    assert_eq!(code(&ran), 5, "{}", said(&ran));
}

#[test]
fn what_needs_an_operator_is_handed_in_again_by_its_place() {
    let platform = platform();
    let ran = platform.holdfast(&["queue", "retry", "north-1", "5", "--epoch", "1"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).contains("op 5 of north-1 is handed in again"),
        "{}",
        out(&ran)
    );
    // The default is the current epoch, in which no such op waits.
    let ran = platform.holdfast(&["queue", "retry", "north-1", "5"]);
    assert_eq!(code(&ran), 5, "{}", said(&ran));
}

#[test]
fn an_accept_of_the_portal_is_handed_in_again_by_its_commands_id() {
    let platform = platform();
    let ran = platform.holdfast(&["queue", "retry", STOPPED]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).contains(&format!("acceptance {STOPPED} is handed in again")),
        "{}",
        out(&ran)
    );
    let ran = platform.holdfast(&["queue", "retry", STOPPED, "--lang", "zh-CN"]);
    assert!(out(&ran).contains("已重新提交"), "{}", out(&ran));
    // An acceptance that waits for the lease holder, an unknown id, and an edge without a number.
    for (what, exit, words) in [
        (ORDER, 6, "does not wait for an operator"),
        (COMMAND, 5, ""),
        ("north-1", 2, "give an op, for example north-1 17"),
    ] {
        let ran = platform.holdfast(&["queue", "retry", what]);
        assert_eq!(code(&ran), exit, "{what}: {}", said(&ran));
        assert!(said(&ran).contains(words), "{what}: {}", said(&ran));
    }
    let shown = platform.holdfast(&["queue", "--json", "--lang", "zh-CN"]);
    let value: Value = serde_json::from_str(&out(&shown)).unwrap();
    assert_eq!(value["asks"][0]["state"], "needs_operator");
    let step = value["asks"][0]["next_step"].as_str().unwrap();
    assert!(
        step.contains(&format!("然后运行 `holdfast queue retry {STOPPED}`")),
        "{step}"
    );
    let told = platform.holdfast(&["explain", STOPPED]);
    assert!(
        out(&told).contains(&format!("`holdfast queue retry {STOPPED}`")),
        "{}",
        out(&told)
    );
}
