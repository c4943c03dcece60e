//! `holdfast wait`: ends once every condition is met, and names the unmet ones on timeout.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn what_is_so_already_is_not_waited_for() {
    let platform = Platform::start(report("up", "match"));
    let order = format!("order={ORDER}:accepted");
    for condition in [
        "links-up",
        "synced",
        "synced=NORTH",
        "drained",
        order.as_str(),
    ] {
        let ran = platform.holdfast(&["wait", "--for", condition]);
        assert_eq!(code(&ran), 0, "{condition}: {}", said(&ran));
        assert!(
            out(&ran).starts_with(&format!("+ {condition} after ")),
            "{}",
            out(&ran)
        );
    }
    let ran = platform.holdfast(&["wait", "--for", "links-up", "--for", "drained", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["conditions"], json!(["links-up", "drained"]));
}

#[test]
fn time_that_is_up_exits_8_and_tells_what_was_missing() {
    let mut report = report("down", "unknown");
    report["regions"][0]["edges"][0]["pending"] = 3.into();
    let platform = Platform::start(report);
    let order = format!("order={ORDER}:completed");
    let args = ["wait", "--timeout", "2", "--for", "synced", "--for", &order];
    let ran = platform.holdfast(&args);
    assert_eq!((code(&ran), out(&ran).as_str()), (8, ""));
    assert!(said(&ran).starts_with("holdfast: timed out after 2 s; still missing:\n"));
    for missing in [
        "! north-1 of NORTH: the link has been down for 3m 12s",
        "! north-1: 3 operations are not decided",
        &format!("! order {} is accepted, not completed", order_code()),
    ] {
        assert!(
            said(&ran).contains(missing),
            "`{missing}` is missing in {}",
            said(&ran)
        );
    }
    let ran = platform.holdfast(&[&args[..], &["--json"]].concat());
    let value: Value = serde_json::from_str(&said(&ran)).unwrap();
    assert_eq!(value["error"]["exit"], 8);
    assert_eq!(value["error"]["missing"].as_array().unwrap().len(), 3);
}

#[test]
fn a_region_without_an_edge_is_never_in_sync() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["wait", "--timeout", "2", "--for", "synced=SOUTH"]);
    assert_eq!(code(&ran), 8, "{}", said(&ran));
    assert!(
        said(&ran).contains("! no edge is enrolled"),
        "{}",
        said(&ran)
    );
}

#[test]
fn the_portals_accepts_are_waited_for_until_nothing_is_left_to_decide() {
    let mut report = report("up", "match");
    report["regions"][0]["asks_waiting"] = 2.into();
    let platform = Platform::start(report);
    let ran = platform.holdfast(&["wait", "--timeout", "2", "--for", "drained"]);
    assert_eq!(code(&ran), 8, "{}", said(&ran));
    let missing = "! NORTH: 2 acceptances made at the portal are not decided";
    assert!(said(&ran).contains(missing), "{}", said(&ran));
    assert_eq!(
        code(&platform.holdfast(&["wait", "--for", "synced"])),
        0,
        "no edge lacks anything"
    );
}

#[test]
fn it_ends_as_soon_as_it_is_so() {
    let shown = Arc::new(Mutex::new(report("down", "unknown")));
    let platform = Platform::start_changing(Arc::clone(&shown));
    let mut waiting = platform.command(&["wait", "--for", "links-up", "--timeout", "60"]);
    let waiting = waiting
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first poll must see the link down.
    platform.wait_for_status_request();
    *shown.lock().unwrap() = report("up", "match");
    let ran = waiting.wait_with_output().unwrap();
    assert_eq!(code(&ran), 0, "{}", said(&ran));
}

#[test]
fn a_gateway_that_is_asked_too_often_is_left_alone_for_as_long_as_it_says() {
    let shown = Arc::new(Mutex::new(json!({"busy_for_s": 2, "code": "rate_limited"})));
    let platform = Platform::start_changing(Arc::clone(&shown));
    let mut waiting = platform.command(&["wait", "--for", "links-up", "--json"]);
    let waiting = waiting
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    platform.wait_for_status_request();
    *shown.lock().unwrap() = report("up", "match");
    let ran = waiting.wait_with_output().unwrap();
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert!(
        value["waited_ms"].as_u64().unwrap() >= 2_000,
        "it came back too soon: {value}"
    );

    // If retry-after exceeds the time left, `wait` stops polling and reports the refusal, from the
    // gateway or a service behind it.
    for busy in [wire::Code::RateLimited, wire::Code::TooManyRequests] {
        let platform = Platform::start(json!({"busy_for_s": 60, "code": busy}));
        let ran = platform.holdfast(&["wait", "--for", "links-up", "--timeout", "1", "--json"]);
        assert_eq!(code(&ran), 8, "{}", said(&ran));
        let value: Value = serde_json::from_str(&said(&ran)).unwrap();
        let missing = value["error"]["missing"][0].as_str().unwrap();
        assert_eq!(missing, busy.sentence_in(wire::Language::English));
        platform.wait_for_status_request();
        assert!(!platform.has_status_request(), "it asked once");
        let ran = platform.holdfast(&["status", "--json"]);
        let value: Value = serde_json::from_str(&said(&ran)).unwrap();
        assert_eq!((code(&ran), &value["error"]["code"]), (1, &json!(busy)));
        assert_eq!(value["error"]["next_step"], "try again in 60 s");
    }
}

#[test]
fn a_condition_that_is_none_is_a_mistake() {
    let platform = Platform::start(report("up", "match"));
    for condition in ["up", "synced=NOWHERE", "order=x", "order=nonsense:accepted"] {
        let ran = platform.holdfast(&["wait", "--for", condition]);
        assert_eq!(code(&ran), 2, "{condition}: {}", said(&ran));
        let ran = platform.holdfast(&["wait", "--lang", "zh", "--for", condition]);
        assert_eq!(code(&ran), 2, "{condition}: {}", said(&ran));
        let english = ["error", "expected"]
            .iter()
            .any(|word| said(&ran).contains(word));
        assert!(
            said(&ran).starts_with("holdfast：") && !english,
            "{}",
            said(&ran)
        );
    }
    assert_eq!(code(&platform.holdfast(&["wait"])), 2);
}
