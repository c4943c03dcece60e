//! `holdfast conflicts`: both lists merged, newest first, page by page.

use serde_json::Value;

use crate::stage::*;

const FIRST_IN_CLOUD: &str = "Another provider has the order: that acceptance was the first to reach the \
    cloud. The time of the tap does not decide.";

#[test]
fn lost_acceptances_and_cases_stand_in_one_list_newest_first() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["conflicts"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let text = out(&ran);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("CONFLICT\tDECIDED\tORDER\tREGION\tPROVIDER\t"),
        "{text}"
    );
    let names: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(names, ["lost-12", "case-7", "lost-9"]);
    let order = order_code();
    let lost = [
        "lost-12",
        "2025-11-24 16:03:12.000Z",
        order.as_str(),
        "NORTH",
        COMMAND,
        "north-1",
        "2025-11-24 16:00:10.000Z",
        ORDER,
        "2025-11-24 16:02:00.000Z",
        FIRST_IN_CLOUD,
    ];
    assert_eq!(lines[1], lost.join("\t"));
    assert!(lines[2].contains("tell the provider why"), "{}", lines[2]);
    let ran = platform.holdfast(&["conflicts", "--lang", "zh-CN"]);
    assert!(out(&ran).contains("其接单最先到达云端"), "{}", out(&ran));
}

#[test]
fn pages_of_any_size_hold_every_conflict_once() {
    let platform = Platform::start(report("up", "match"));
    for size in ["1", "2", "3"] {
        let mut names = Vec::new();
        let mut cursor = None::<String>;
        for _ in 0..6 {
            let mut args = vec!["conflicts", "--json", "--limit", size];
            args.extend(
                cursor
                    .iter()
                    .flat_map(|cursor| ["--cursor", cursor.as_str()]),
            );
            let ran = platform.holdfast(&args);
            let page: Value = serde_json::from_str(&out(&ran)).unwrap();
            let items = page["items"].as_array().unwrap();
            names.extend(
                items
                    .iter()
                    .map(|item| item["conflict"].as_str().unwrap().to_owned()),
            );
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(cursor, None, "there is an end");
        assert_eq!(names, ["lost-12", "case-7", "lost-9"], "by {size}");
    }
}
