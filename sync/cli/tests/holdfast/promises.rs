//! `holdfast promises`: the firm answers of edges, by region, edge and time, page by page.

use serde_json::Value;

use crate::stage::*;

/// The places in the logs that the command lists, and its cursor.
fn list(platform: &Platform, args: &str) -> (Vec<String>, Option<String>) {
    let line = format!("promises --json {args}");
    let args: Vec<&str> = line.split_whitespace().collect();
    let ran = platform.holdfast(&args);
    assert_eq!(code(&ran), 0, "{line}: {}", said(&ran));
    let page: Value = serde_json::from_str(&out(&ran)).unwrap();
    let items = page["items"].as_array().unwrap().iter();
    let places = items.map(|item| format!("{}/{}", item["edge"].as_str().unwrap(), item["seq"]));
    (places.collect(), page["next"].as_str().map(str::to_owned))
}

#[test]
fn each_promise_stands_with_what_became_of_it() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["promises"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let text = out(&ran);
    let lines: Vec<&str> = text.lines().collect();
    let order = order_code();
    let closed = [
        "2025-11-24 16:03:12.000Z",
        order.as_str(),
        "SOUTH",
        "south-1/1/12",
        "accept",
        PERSON,
        "2025-11-24 15:00:10.000Z",
        "cancelled",
        "The order was cancelled before this arrived. Listed as case-7.",
    ];
    assert_eq!(lines[1], closed.join("\t"));
    let kept = "\tnorth-1/1/9\tapprove\t";
    assert!(lines[2].contains(kept), "{}", lines[2]);
    assert!(
        lines[2].ends_with("The cloud decided as promised."),
        "{}",
        lines[2]
    );
    let ran = platform.holdfast(&["promises", "--lang", "zh-CN"]);
    assert!(out(&ran).contains("云端按承诺作出决定"), "{}", out(&ran));
}

#[test]
fn promises_are_listed_by_region_edge_and_time_and_page_by_page() {
    let platform = Platform::start(report("up", "match"));
    for (args, places) in [
        ("", &["south-1/12", "north-1/9"][..]),
        ("--region NORTH", &["north-1/9"]),
        ("--edge south-1", &["south-1/12"]),
        ("--since 2025-11-24T16:03:10Z", &["south-1/12"]),
        ("--since 1m", &[]),
    ] {
        assert_eq!(list(&platform, args), (to_texts(places), None), "{args}");
    }
    let (first, next) = list(&platform, "--limit 1");
    assert_eq!(
        (first, next.as_deref()),
        (to_texts(&["south-1/12"]), Some("12"))
    );
    let (second, next) = list(&platform, "--limit 1 --cursor 12");
    assert_eq!(
        (second, next.as_deref()),
        (to_texts(&["north-1/9"]), Some("9"))
    );
    assert_eq!(list(&platform, "--limit 1 --cursor 9"), (Vec::new(), None));
}

fn to_texts(places: &[&str]) -> Vec<String> {
    places.iter().map(ToString::to_string).collect()
}
